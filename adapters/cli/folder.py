"""A folder of files that is replaced as a whole, once all of it is written."""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

import click


@contextmanager
def replaced(place: Path, names: Collection[str]) -> Iterator[Path]:
    """A new folder to write into; it takes the place's place when the block ends well.

    Whoever is killed meanwhile leaves the old folder whole: at its place, or, in the instant
    between two renamings, beside it, where the next run finds it and puts it back. A folder that
    holds anything but ``names`` is refused, for it would be lost. Two runs at once are kept apart
    by a lock, not here.
    """
    new, old = _beside(place, "new"), _beside(place, "old")
    _put_back(place, old)
    _require_ours(place, names)
    _remove(new)
    new.mkdir(parents=True)
    try:
        yield new
        _swap(new, place, old)
    finally:
        _remove(new)


def _beside(place: Path, what: str) -> Path:
    return place.with_name(f".{place.name}.{what}")


def _put_back(place: Path, old: Path) -> None:
    """Undo, or end, what a run that was killed between two renamings began."""
    if old.is_dir() and not place.exists():
        old.rename(place)
    _remove(old)


def _require_ours(place: Path, names: Collection[str]) -> None:
    if not place.exists():
        return
    if not place.is_dir() or place.is_symlink():
        raise click.UsageError(f"--out {place}: it is not a folder; name another place")
    others = sorted(one.name for one in place.iterdir() if one.name not in names)
    if others:
        rule = "the folder is replaced as a whole, and holds what no report wrote"
        raise click.UsageError(f"--out {place}: {rule}: {others[0]}; name a folder of its own")


def _swap(new: Path, place: Path, old: Path) -> None:
    for file in sorted(new.iterdir()):
        _sync(file)
    _sync(new)
    if place.exists():
        place.rename(old)
    new.rename(place)
    _sync(place.parent)
    _remove(old)


def _remove(folder: Path) -> None:
    if folder.is_dir():
        shutil.rmtree(folder)


def _sync(path: Path) -> None:
    """Have the disk keep a file, or the names in a folder."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
