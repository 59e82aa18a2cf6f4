"""A progress bar for long work, on a terminal only."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from adapters.ingest import Progress


@contextmanager
def progress_bar(total: int, what: str = "reading", then: str = "") -> Iterator[Progress | None]:
    """Something to report progress to, drawn on standard error; None where nobody looks. ``then``
    names what is done behind the last step, of which nobody knows how long it takes."""
    if not sys.stderr.isatty() or total < 1:
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress as Bar

    with Bar(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=total)

        def advance(done: int, of: int) -> None:
            bar.update(task, completed=done, total=of)
            if then and done == of:
                bar.update(task, visible=False)
                bar.add_task(then, total=None)

        yield advance
