"""Files that a command writes."""

from __future__ import annotations

from pathlib import Path

import click


def write_new(path: Path, content: bytes) -> None:
    """Write a file that must not be there yet; nothing is ever overwritten."""
    try:
        with path.open("xb") as file:
            file.write(content)
    except FileExistsError:
        raise click.UsageError(f"{path} exists and is not overwritten; name a new file") from None
