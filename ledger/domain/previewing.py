"""Previewing: what a fact would leave without a lot if it were recorded; nothing is changed."""

from __future__ import annotations

from collections.abc import Iterable

from ledger.domain.actions import apply
from ledger.domain.canonical import Entry, sort_key
from ledger.domain.positions import Point, Position
from ledger.domain.watching import Issue, Record, added


def is_within_reach(position: Position, entry: Entry) -> bool:
    """Whether an entry's place lies in the history that is resident."""
    return not position.needs_history and position.points[0].after < entry.sort_key


def preview(position: Position, entry: Entry) -> list[Issue]:
    """The parts, of it or of what comes later, that would find no lot because of an entry
    which is within reach; the position stays as it is."""
    if position.dirty is None and position.is_next(entry):
        heard = Record()
        apply(position.holding.copy(), entry, position.rules_at(entry.at), heard)
        return heard.issues
    key = entry.sort_key
    start = next(point for point in reversed(position.points) if point.after < key)
    resident = sorted((*position.tail, *position.pending), key=sort_key)
    later = [one for one in resident if start.after < one.sort_key]
    replayed = sorted((*later, entry), key=sort_key)
    return added(_replay(position, start, later), _replay(position, start, replayed))


def _replay(position: Position, start: Point, entries: Iterable[Entry]) -> list[Issue]:
    """Fold entries on from a restart point, on a copy; what found no lot."""
    holding, heard = start.holding.copy(), Record()
    for entry in entries:
        apply(holding, entry, position.rules_at(entry.at), heard)
    return heard.issues
