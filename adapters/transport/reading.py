"""What a fetch left in its folder, read back: the time asked for, the pages, what is missing.

It needs nothing of the extra ``fetch``: who asks a venue and who reads may be two machines.
"""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

import attrs

from adapters.port import RawPage
from adapters.transport.errors import FetchError, TryLaterError
from adapters.transport.folder import FORMAT, LOGS, MANIFEST

_AGAIN: Final = "fetch into the folder again, which reads that list anew"


class Kept(NamedTuple):
    """A page as the manifest has it: its SHA-256, hexadecimal, and how many bytes it has."""

    name: str
    sha256: str
    bytes: int


@attrs.frozen(kw_only=True)
class Fetched:
    """A fetch as its manifest tells it.

    ``account`` is the ledger's name for the account; ``start`` and ``end`` are the half-open time
    that was asked for; ``unfinished`` names the lists that did not come to their end.
    """

    folder: Path
    venue: str
    account: str
    start: datetime
    end: datetime
    is_complete: bool
    unfinished: tuple[str, ...]
    kept: tuple[Kept, ...]

    def missing(self) -> tuple[str, ...]:
        """What the fetch lacks, in words; nothing if it is complete."""
        if self.is_complete:
            return ()
        lists = [f"the list {name} was not fetched to its end" for name in self.unfinished]
        return tuple(lists) or ("the fetch was cut before it was done",)

    def pages(self) -> list[RawPage]:
        """The pages in the order of the lists; ``FetchError`` for one that is not there, or is not
        what was fetched."""
        return [_page(self.folder / one.name, one) for one in self.kept]


def fetched_in(path: Path) -> Fetched:
    """What the manifest in a folder tells, or at its own path; no page is read. ``FetchError`` when
    there is none that can be read."""
    folder = path.parent if path.name == MANIFEST else path
    try:
        return _told(folder, json.loads((folder / MANIFEST).read_bytes()))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise FetchError(f"{folder} has no readable {MANIFEST}; {_advice(folder)}") from None


def _advice(folder: Path) -> str:
    """What to do about a folder that is no fetch's: it may be that of a listener."""
    if any(folder.glob(LOGS)):
        return f"it has logs of a listener: name them, {folder / LOGS}"
    return "fetch into it first"


def pages_of(path: Path) -> list[RawPage]:
    """The pages of a complete fetch, in order; ``TryLaterError`` when it is not complete,
    ``FetchError`` when a page is not what was fetched."""
    found = fetched_in(path)
    require_complete(found)
    return found.pages()


def require_complete(found: Fetched) -> None:
    """``TryLaterError``, with what is missing, for a fetch that did not come to its end."""
    missing = found.missing()
    if missing:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise TryLaterError(
            f"{found.folder} holds a fetch that is not complete: {missing[0]}{more}; fetch again"
        )


def _told(folder: Path, told: dict[str, Any]) -> Fetched:
    """A manifest's values; ``ValueError`` and kin for one of another shape."""
    if told["format"] != FORMAT:
        raise ValueError(told["format"])
    start, end = (datetime.fromisoformat(told["window"][name]) for name in ("from", "to"))
    if start.tzinfo is None or end.tzinfo is None:
        raise ValueError(told["window"])
    return Fetched(
        folder=folder,
        venue=str(told["venue"]),
        account=str(told["account"]),
        start=start,
        end=end,
        is_complete=told["complete"] is True and not told["missing"],
        unfinished=tuple(map(str, told["missing"])),
        kept=tuple(map(_kept, told["pages"])),
    )


def _kept(told: dict[str, Any]) -> Kept:
    """A page of the manifest, which lies in the folder itself."""
    name = str(told["name"])
    if not name.startswith("page-") or Path(name).name != name:
        raise ValueError(name)
    return Kept(name, str(told["sha256"]), int(told["bytes"]))


def _page(path: Path, kept: Kept) -> RawPage:
    try:
        size = path.stat().st_size
        page = RawPage(name=kept.name, content=path.read_bytes() if size == kept.bytes else b"")
    except FileNotFoundError:
        raise FetchError(f"{path} is not there any more; {_AGAIN}") from None
    if size != kept.bytes:
        why = f"it has {size} bytes, not {kept.bytes}"
        raise FetchError(f"{path} is not what was fetched: {why}; {_AGAIN}")
    if page.digest != kept.sha256:
        why = f"its SHA-256 is {page.digest[:12]}, not {kept.sha256[:12]}"
        raise FetchError(f"{path} is not what was fetched: {why}; {_AGAIN}")
    return page
