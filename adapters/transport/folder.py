"""The folder that holds a fetch: a file for each page, how far it has come, and a manifest.

Every file is written beside its place and moved there when it is whole, so that a fetch which is
cut leaves no half file. ``state.json`` has the cursors, for going on; ``manifest.json`` says what
was asked, which pages answer it, and whether that is all. Pages that are read again are moved to
``superseded``, never removed.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import attrs

from adapters.transport.errors import FetchError, TryLaterError
from adapters.transport.request import Part, Request

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
LOGS: Final = "messages-*.log"
"""The files in which a listener keeps messages."""
STATE: Final = "state.json"
SUPERSEDED: Final = "superseded"
_HALF: Final = ".half"

Held = dict[str, Any]
"""A part as the state has it: ``cursor``, ``done``, ``end`` and ``pages``."""


@attrs.define
class Folder:
    """A fetch of one request. ``end`` is what is asked up to, never later than the beginning."""

    path: Path
    about: dict[str, Any]
    end: datetime
    asked_end: datetime
    complete: bool = False
    parts: dict[str, Held] = attrs.field(factory=dict)

    def plan(self, wanted: Sequence[Part], again_from: datetime | None) -> None:
        """Keep what earlier runs have of the parts: all that is whole, or can be gone on with.

        What ends after ``again_from``, is a state, or is asked up to another end, is read again.
        """
        names = [part.name for part in wanted]
        if len(set(names)) != len(names):
            raise FetchError("two symbols would be kept under one name; fetch them apart")
        for name in set(self.parts) - set(names):
            self.forget(name)
        for part in wanted:
            held = self.parts.get(part.name)
            if held and not self._is_kept(part, held, again_from):
                self.forget(part.name)
        for part in wanted:
            self.begin(part)
        self.parts = {name: self.parts[name] for name in names}
        self._clear()

    def begin(self, part: Part) -> str | None:
        """The cursor to go on from; None when the part is whole."""
        fresh: Held = {"cursor": "", "done": False, "end": _iso(part.end), "pages": []}
        held = self.parts.setdefault(part.name, fresh)
        return None if held["done"] else str(held["cursor"])

    def add(self, part: Part, content: bytes | None, following: str | None, at: datetime) -> None:
        """Keep a page, if there is one, then where to go on; the order makes a cut harmless."""
        held = self.parts[part.name]
        if content is not None:
            name = f"page-{part.name}-{len(held['pages']) + 1:04d}.{part.suffix}"
            write(self.path / name, content)
            held["pages"].append(
                {
                    "name": name,
                    "sha256": hashlib.sha256(content).hexdigest(),
                    "bytes": len(content),
                    "fetched_at": _iso(at),
                }
            )
        held["cursor"], held["done"] = following or "", following is None
        self.save()

    def forget(self, name: str) -> None:
        """Begin a part anew; its pages are moved aside."""
        held = self.parts.pop(name, {"pages": []})
        for page in held["pages"]:
            if (self.path / page["name"]).is_file():
                self._move_aside(self.path / page["name"])

    def save(self) -> None:
        """Write how far it has come."""
        told = {"complete": self.complete, **self._bounds(), "parts": self.parts}
        state = {"format": FORMAT, "of": self.about, **told}
        write(self.path / STATE, json.dumps(state, separators=(",", ":")).encode())

    def close(self, *, complete: bool) -> None:
        """Write the state, and the manifest that goes with it."""
        self.complete = complete
        self.save()
        self.tell()

    def tell(self) -> None:
        """Write the manifest."""
        pages = [
            {"part": name, **page} for name, held in self.parts.items() for page in held["pages"]
        ]
        whole = {
            "format": FORMAT,
            **self.about,
            "window": {"from": self.about["from"], "to": _iso(self.end)},
            "complete": self.complete,
            "missing": [name for name, held in self.parts.items() if not held["done"]],
            "pages": pages,
        }
        write(self.path / MANIFEST, json.dumps(whole, indent=1).encode() + b"\n")

    def _clear(self) -> None:
        """Move pages aside that no part has: a run was killed before it wrote that it had them."""
        held = {page["name"] for part in self.parts.values() for page in part["pages"]}
        for path in self.path.glob("page-*"):
            if path.name not in held:
                self._move_aside(path)

    def _move_aside(self, page: Path) -> None:
        aside = self.path / SUPERSEDED
        aside.mkdir(mode=0o700, exist_ok=True)
        page.replace(aside / f"{hashlib.sha256(page.read_bytes()).hexdigest()[:12]}-{page.name}")

    def _bounds(self) -> dict[str, str | None]:
        return {"asked_to": _iso(self.asked_end), "to": _iso(self.end)}

    def _is_kept(self, part: Part, held: Held, again_from: datetime | None) -> bool:
        if part.end is None or held["end"] != _iso(part.end):
            return False
        if again_from is not None and part.end > again_from:
            return False
        return all(_is_whole(self.path / page["name"], page) for page in held["pages"])


@contextmanager
def opened(
    path: Path, about: dict[str, Any], request: Request, now: datetime
) -> Iterator[tuple[Folder, Folder | None]]:
    """The folder, for one process at a time, and what it was before.

    ``FetchError`` when it holds another fetch, ``TryLaterError`` while another process fetches.
    """
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    with locked(path, f"another process fetches into {path}"):
        for half in path.glob(f".*{_HALF}"):
            half.unlink()
        before = _read(path, about)
        end = min(request.end, now)
        if before and not before.complete and before.asked_end == request.end:
            end = before.end
        held = before.parts if before else {}
        yield Folder(path, about, end, request.end, parts=dict(held)), before


def _is_whole(path: Path, told: dict[str, Any]) -> bool:
    return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == told["sha256"]


def _read(path: Path, about: dict[str, Any]) -> Folder | None:
    if not (path / STATE).is_file():
        return None
    try:
        told = json.loads((path / STATE).read_bytes())
        held = Folder(
            path,
            told["of"],
            datetime.fromisoformat(told["to"]),
            datetime.fromisoformat(told["asked_to"]),
            told["complete"],
            told["parts"],
        )
    except (ValueError, KeyError, TypeError):
        raise FetchError(f"{path / STATE} cannot be read; fetch into a new folder") from None
    if held.about != about:
        raise FetchError(
            f"{path} holds a fetch of another venue, account, beginning or symbols; name another "
            "folder by --out"
        )
    return held


@contextmanager
def locked(path: Path, held: str) -> Iterator[None]:
    """Hold the folder, where the system can; ``TryLaterError`` says that it is ``held``."""
    handle = os.open(path / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if sys.platform != "win32":
            import fcntl

            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise TryLaterError(f"{held}; wait for it") from None
        yield
    finally:
        os.close(handle)


def write(path: Path, content: bytes) -> None:
    """A file of its owner's alone, whole or not at all.

    After a loss of power a page may be gone, or not be what was fetched: its digest in the
    manifest tells, and it is asked for again.
    """
    half = path.with_name(f".{path.name}{_HALF}")
    handle = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    half.replace(path)


def again_from(before: Folder | None, overlap: timedelta) -> datetime | None:
    """From where a fetch that was complete is read again: rows come late, and are voided later."""
    return before.end - overlap if before and before.complete else None


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
