"""FILES that are the folder of a fetch: its pages, the time it covers, and whose it is."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

import attrs
import click

from adapters.cli.moments import rfc3339
from adapters.port import Batch, RawPage
from adapters.transport.folder import MANIFEST
from adapters.transport.reading import Fetched, fetched_in, require_complete

Covers = tuple[datetime | None, datetime | None]
"""The half-open time that was asked for; None where it is not known."""


def fetch_of(venue: str, files: Sequence[Path]) -> Fetched | None:
    """The fetch that FILES name by its folder or its manifest; None for plain files.

    ``click.UsageError`` when something stands beside it, or when it is of another venue;
    ``FetchError`` when the folder holds no fetch.
    """
    folders = [path for path in files if path.is_dir() or path.name == MANIFEST]
    if not folders:
        return None
    if len(files) > 1:
        raise click.UsageError(
            f"{folders[0]} is the folder of a fetch, and so a whole report: name it alone, or "
            "name the files one by one"
        )
    found = fetched_in(folders[0])
    if found.venue != venue:
        raise click.UsageError(
            f"{found.folder} was fetched from {found.venue}, and is no report of {venue}; "
            f"write {found.venue}"
        )
    return found


def whole_fetch_of(venue: str, files: Sequence[Path]) -> Fetched | None:
    """The same; ``TryLaterError`` when it did not come to its end: half of it may contradict
    itself."""
    found = fetch_of(venue, files)
    if found is not None:
        require_complete(found)
    return found


def account_of(found: Fetched | None, named: str | None) -> str | None:
    """The account that is named, else the fetch's; ``click.UsageError`` when they are two."""
    if found is None or named == found.account:
        return named
    if named is not None:
        raise click.UsageError(
            f"--account {named}: {found.folder} was fetched for account {found.account}; name that "
            f"one, or fetch for {named} into another folder"
        )
    return found.account


def covers_of(found: Fetched | None, given: Covers = (None, None)) -> Covers:
    """The time that was asked for: each end as it was given, else the fetch's."""
    if found is None:
        return given
    return given[0] or found.start, given[1] or found.end


def pages_in(found: Fetched | None, files: Sequence[Path]) -> list[RawPage]:
    """The pages of the fetch, or the files as pages; ``FetchError`` for a page that is not what
    was fetched."""
    if found is not None:
        return found.pages()
    return [RawPage(name=name, content=path.read_bytes()) for name, path in named(files)]


def named(files: Sequence[Path]) -> Iterator[tuple[str, Path]]:
    """The files, each once, by its name; as it was written where two share one, since pages are
    told apart by their names."""
    once: dict[str, Path] = {}
    for path in files:
        once.setdefault(os.path.abspath(path), path)
    names = Counter(path.name for path in once.values())
    for path in once.values():
        yield (path.name if names[path.name] == 1 else path.as_posix()), path


def lacking(batch: Batch, found: Fetched | None) -> Batch:
    """The batch, with what its fetch lacks among what is missing."""
    missing = found.missing() if found else ()
    both = (*missing, *batch.coverage.missing)
    return attrs.evolve(batch, coverage=attrs.evolve(batch.coverage, missing=both))


def window_in_id(batch: Batch, found: Fetched | None) -> Batch:
    """The batch, its statement named by the times that the fetch alone knows.

    What is the same on two days is told twice: without them, a quiet night's statement would be
    that of the night before with another end, which is a contradiction.
    """
    covers = batch.coverage
    window = covers_of(found)
    both = zip((covers.covers_from, covers.covers_to), window, strict=True)
    asked = [rfc3339(at) for at, wanted in both if at is not None and at == wanted]
    if not asked:
        return batch
    named = batch.statement_id or f"{batch.parser}:{batch.digest[:32]}"
    return attrs.evolve(batch, statement_id=" ".join([named, *asked]))
