"""Canonical order: the place of a fact in its position's history, whatever the order of arrival.

Facts are ordered by when they happened; inside one instant by the venue's sequence if it gave
one, else by the natural order of their ids; then by their key. In a real statement 429 of 671
trades share a second with another of their symbol, so without the id in the order the books
would depend on which row came first.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from ledger.domain.events import Event, Fee, FeeCharged, FillBooked, FillCorrected, Recorded
from ledger.domain.gates import changed

_DIGITS = re.compile(r"\d+")

_SEQ_DIGITS = 30
_SEQ_OFFSET = 10 ** (_SEQ_DIGITS - 1)

SortKey = tuple[datetime, str, str]

EVER = datetime(1970, 1, 1, tzinfo=UTC)
"""The earliest time that passes the gate."""


def natural(text: str) -> str:
    """An id with its runs of digits padded, so that plain text order is the natural one.

    >>> natural("e-9") < natural("e-10")
    True
    """
    return _DIGITS.sub(lambda run: run.group().zfill(20), text)


class Entry:
    """One fact in a position's history. ``event`` is what is in effect: a corrected fill
    stands there with the corrected values, a busted one not at all (``None``). ``is_folded``:
    a holding has taken it in."""

    __slots__ = ("_sort_key", "at", "event", "fees", "is_folded", "recorded")

    def __init__(self, recorded: Recorded) -> None:
        self.recorded = recorded
        self.at = recorded.occurred_at
        self.event: Event | None = recorded.event
        self.fees: tuple[FeeCharged, ...] = ()
        self.is_folded = False
        self._sort_key: SortKey | None = None

    @property
    def booked(self) -> Event:
        """The fact as it was recorded."""
        return self.recorded.event

    @property
    def key(self) -> str:
        """The fact's key."""
        return self.recorded.key

    @property
    def version(self) -> int:
        """The fact's place in its stream."""
        return self.recorded.version

    @property
    def sort_key(self) -> SortKey:
        """What canonical order compares; made only when two facts share an instant."""
        if self._sort_key is None:
            seq = getattr(self.booked, "seq", None)
            place = _place(seq) if seq is not None else "1" + natural(identifier(self.booked))
            self._sort_key = (self.at, place, self.key)
        return self._sort_key

    def follows(self, other: Entry) -> bool:
        """Whether this fact comes after the other one in canonical order."""
        return self.at > other.at or (self.at == other.at and self.sort_key > other.sort_key)

    def __repr__(self) -> str:
        return f"Entry({self.key} at {self.at.isoformat()})"


def in_order(entries: list[Entry]) -> list[Entry]:
    """Entries in canonical order; nearly always they are already."""
    if all(first.at < second.at for first, second in pairwise(entries)):
        return entries
    return sorted(entries, key=sort_key)


def sort_key(entry: Entry) -> SortKey:
    """The place of an entry, to sort by."""
    return entry.sort_key


def _place(seq: int) -> str:
    """A sequence number as text that sorts like it, below zero too."""
    return f"0{seq + _SEQ_OFFSET:0{_SEQ_DIGITS}d}"


def identifier(event: Event) -> str:
    """The venue's id of a fact: the execution's, or the row's."""
    return getattr(event, "exec_id", None) or getattr(event, "id", "") or ""


def amended(fill: FillBooked, correction: FillCorrected) -> FillBooked:
    """The fill as it stands after a correction: absolute values; what it does not tell stays. Money
    that was stated for another quantity or price goes with them."""
    changes: dict[str, Any] = {"last_qty": correction.last_qty}
    if correction.last_px is not None:
        changes["last_px"] = correction.last_px
    same = correction.last_qty == fill.last_qty and correction.last_px in {None, fill.last_px}
    if correction.gross_trade_amt is not None or not same:
        changes["gross_trade_amt"] = correction.gross_trade_amt
    if correction.side is not None:
        changes["side"] = correction.side
    if correction.fees is not None:
        changes["fees"] = correction.fees
    return changed(fill, **changes)


def fees_of(entry: Entry) -> tuple[Fee | FeeCharged, ...]:
    """All fees of a fill: those it came with and those charged for it later."""
    inline = entry.event.fees if isinstance(entry.event, FillBooked) else ()
    return (*inline, *entry.fees)
