"""One run at a time: a lock on a file, which the system takes back however a process ends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from adapters.cli.exits import AtWorkError


@contextmanager
def locked(path: Path, what: str) -> Iterator[None]:
    """Hold the lock of a file, which is made and stays; ``AtWorkError`` while another process
    has it."""
    try:
        import fcntl
    except ImportError:
        raise click.UsageError("this system has no locks on files (flock)") from None
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AtWorkError(f"{what}: another run is at work; try again later") from None
        yield
