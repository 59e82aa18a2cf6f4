"""What became of each fill: busts, corrections and later fees, in whatever order they came.

A correction may be corrected in turn, so a fill and its amendments form a chain (F corrects D,
H corrects F). A bust, correction or fee that arrives before what it names waits for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import chain

from ledger.domain.canonical import EVER, Entry, amended, identifier, natural
from ledger.domain.events import FeeCharged, FillBooked, FillBusted, FillCorrected, Recorded


class Amendments:
    """Fills by key, and the facts that name them. ``is_quiet`` while nothing ever named a fill;
    until then nobody has to keep them by key."""

    __slots__ = ("by_ref", "fees", "fills", "is_quiet", "loose", "origin")

    def __init__(self) -> None:
        self.fills: dict[str, Entry] = {}
        self.by_ref: dict[str, list[Recorded]] = {}
        self.origin: dict[str, str] = {}
        self.fees: dict[str, list[Recorded]] = {}
        self.loose: dict[str, list[Entry]] = {}
        self.is_quiet = True

    def wake(self, entries: Iterable[Entry]) -> None:
        """Know these fills by key from now on."""
        self.is_quiet = False
        for entry in entries:
            if isinstance(entry.booked, FillBooked):
                self.fills[entry.key] = entry

    def fill(self, recorded: Recorded) -> Entry:
        """A fill arrived; what waited for it takes effect."""
        entry = Entry(recorded)
        key = recorded.key
        self.fills[key] = entry
        if key in self.by_ref or key in self.fees:
            self._refresh(entry)
        return entry

    def amend(self, recorded: Recorded) -> Entry | None:
        """A bust or correction arrived: the fill it changes, or None while that is not here."""
        event = recorded.event
        if not isinstance(event, FillBusted | FillCorrected):
            raise TypeError(f"{event.TOPIC} is not an amendment of a fill")
        ref = event.refers_to().key(recorded.stream)
        self.by_ref.setdefault(ref, []).append(recorded)
        if isinstance(event, FillCorrected):
            self.origin[recorded.key] = ref
        entry = self.root(ref)
        if entry is not None:
            self._refresh(entry)
        return entry

    def charge(self, ref: str, recorded: Recorded) -> Entry | None:
        """A fee for a fill arrived: the fill that now carries it, or None while it is not here."""
        self.fees.setdefault(ref, []).append(recorded)
        entry = self.root(ref)
        if entry is not None:
            entry.fees = (*entry.fees, *_fees([recorded]))
        return entry

    def wait(self, ref: str, entry: Entry) -> None:
        """A fee whose fill is not here stands alone until it comes."""
        self.loose.setdefault(ref, []).append(entry)

    def naming(self, key: str) -> list[Recorded]:
        """The busts and corrections of a fill that are known, those of its corrections too."""
        return [one for link in self.links(key) for one in self.by_ref.get(link, ())]

    def claim(self, entry: Entry) -> list[Entry]:
        """The lone fees that a fill, now here, carries itself."""
        if not self.loose:
            return []
        return [fee for key in self.links(entry.key) for fee in self.loose.pop(key, ())]

    def numbers(self, *, fills: bool) -> set[int]:
        """The facts that are kept; without the ``fills``, those that wait for one."""
        found: set[int] = set()
        for ref, facts in chain(self.by_ref.items(), self.fees.items()):
            if fills or (ref not in self.fills and self.root(ref) is None):
                found.update(fact.number for fact in facts)
        if fills:
            found.update(entry.recorded.number for entry in self.fills.values())
        return found

    def forget(self, entries: Iterable[Entry]) -> None:
        """Drop what is known of fills that leave memory."""
        if not (self.fills or self.by_ref or self.fees):
            return
        amended = bool(self.by_ref or self.fees)
        for entry in entries:
            key = entry.recorded.key
            if amended and key in self.fills:
                self._forget_chain(key)
            self.fills.pop(key, None)

    def drop(self, ref: str) -> None:
        """Drop amendments and fees that name a fill which never came."""
        self._forget_chain(ref)

    def _forget_chain(self, key: str) -> None:
        """Drop the amendments and fees of one fill."""
        for link in list(self.links(key)):
            self.by_ref.pop(link, None)
            self.origin.pop(link, None)
            self.fees.pop(link, None)

    def root(self, key: str) -> Entry | None:
        """The fill at the start of the chain that a key belongs to."""
        seen: set[str] = set()
        while key not in self.fills and key in self.origin and key not in seen:
            seen.add(key)
            key = self.origin[key]
        return self.fills.get(key)

    def links(self, key: str) -> Iterator[str]:
        """The fill's key, and those of its corrections, the later after the earlier."""
        queue, seen = [key], {key}
        while queue:
            current = queue.pop(0)
            yield current
            for recorded in self.by_ref.get(current, ()):
                if recorded.key not in seen:
                    seen.add(recorded.key)
                    queue.append(recorded.key)

    def _refresh(self, entry: Entry) -> None:
        """Work out what is in effect: the last correction of the chain, or nothing if busted."""
        fill = entry.booked
        entry.fees = _fees(fee for key in self.links(entry.key) for fee in self.fees.get(key, ()))
        for recorded in self._in_order(entry.key):
            if isinstance(recorded.event, FillBusted):
                entry.event = None
                return
            if isinstance(recorded.event, FillCorrected) and isinstance(fill, FillBooked):
                fill = amended(fill, recorded.event)
        entry.event = fill

    def _in_order(self, key: str) -> list[Recorded]:
        """All amendments of a fill by time, whichever of its corrections they name; what amends a
        correction never comes before it, whatever the clocks say."""
        places: dict[str, tuple[datetime, int, str, str]] = {}
        known: dict[str, Recorded] = {}
        for link in self.links(key):
            since, depth = places[link][:2] if link in places else (EVER, 0)
            for recorded in self.by_ref.get(link, ()):
                if recorded.key not in known:
                    name = natural(identifier(recorded.event))
                    at = max(recorded.occurred_at, since)
                    places[recorded.key] = (at, depth + 1, name, recorded.key)
                    known[recorded.key] = recorded
        return [known[place[-1]] for place in sorted(places.values())]


def _fees(facts: Iterable[Recorded]) -> tuple[FeeCharged, ...]:
    """The fees that facts charge."""
    return tuple(fact.event for fact in facts if isinstance(fact.event, FeeCharged))
