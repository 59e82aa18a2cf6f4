"""What was executed of an order: the sums of its effective fills, whatever came in which order.

Busts drop a fill, corrections replace it (:mod:`ledger.domain.amendments`). A restatement that
re-expresses what was filled before (a split) rescales the fills up to its time, so that a
later bust or correction of one of them still moves the right amount.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from ledger.domain.amendments import Amendments
from ledger.domain.canonical import Entry
from ledger.domain.events import FillBooked, FillBusted, FillCorrected, OrderRestated, Recorded
from ledger.domain.numbers import ONE, ZERO, add, multiply, quantize, ratio


class OrderFills:
    """The executions of one order. ``cum_qty`` is unsigned; ``value`` sums quantity times price."""

    __slots__ = ("_facts", "_last", "_restated", "_unpriced", "_unseen", "cum_qty", "value")

    def __init__(self) -> None:
        self._facts = Amendments()
        self._restated: dict[str, Recorded] = {}
        self._reset()

    def _reset(self) -> None:
        self.cum_qty = ZERO
        self.value = ZERO
        self._unpriced = 0
        self._unseen = False
        self._last: Entry | None = None

    def add(self, recorded: Recorded) -> None:
        """A fill arrived; the same one again changes nothing."""
        if recorded.key in self._facts.fills:
            return
        entry = self._facts.fill(recorded)
        self._count(entry)
        if self._restated:
            self._refold()

    def amend(self, recorded: Recorded) -> None:
        """A bust or a correction arrived; it waits when its fill has not."""
        event = recorded.event
        if not isinstance(event, FillBusted | FillCorrected):
            raise TypeError(f"{event.TOPIC} is not an amendment of a fill")
        ref = event.refers_to().key(recorded.stream)
        if any(known.key == recorded.key for known in self._facts.by_ref.get(ref, ())):
            return
        # A correction may be the missing link between a fill and amendments already here.
        self._facts.amend(recorded)
        self._refold()

    def restate(self, recorded: Recorded) -> None:
        """The venue said anew what was filled up to then."""
        if recorded.key not in self._restated:
            self._restated[recorded.key] = recorded
            self._refold()

    @property
    def last(self) -> FillBooked | None:
        """The latest effective execution in canonical order."""
        return _fill(self._last) if self._last is not None else None

    @property
    def last_at(self) -> datetime | None:
        """When the latest effective execution happened."""
        return self._last.at if self._last is not None else None

    @property
    def first(self) -> FillBooked | None:
        """The earliest execution as booked, busted or not: what an external order is made from."""
        entries = self._facts.fills.values()
        booked = min(entries, key=lambda entry: entry.sort_key).booked if entries else None
        return booked if isinstance(booked, FillBooked) else None

    @property
    def avg_px(self) -> Decimal | None:
        """``value / cum_qty``, 18 decimals; None without fills or with a price unknown."""
        if not self.cum_qty or self._unpriced or self._unseen:
            return None
        return quantize(ratio(ONE, self.value, self.cum_qty))

    def effective(self) -> tuple[FillBooked, ...]:
        """The fills as they stand, in canonical order."""
        entries = sorted(self._facts.fills.values(), key=lambda entry: entry.sort_key)
        return tuple(fill for fill in map(_fill, entries) if fill is not None)

    def cum_at(self, at: datetime) -> Decimal:
        """What had been executed by then, in units of today."""
        scales, unseen = self._scales()
        past = (entry for entry in self._facts.fills.values() if entry.at <= at)
        return _decimal(unseen + sum(scales.get(e.key, 1) * _qty(e) for e in past))

    def _count(self, entry: Entry) -> None:
        fill = _fill(entry)
        if fill is None:
            return
        self.cum_qty = add(self.cum_qty, fill.last_qty)
        if fill.last_px is None:
            self._unpriced += 1
        else:
            self.value = add(self.value, multiply(fill.last_qty, fill.last_px))
        if self._last is None or entry.follows(self._last):
            self._last = entry

    def _refold(self) -> None:
        self._reset()
        for entry in self._facts.fills.values():
            self._count(entry)
        if self._restated:
            scales, unseen = self._scales()
            now = sum(scales.get(key, 1) * _qty(e) for key, e in self._facts.fills.items())
            self.cum_qty, self._unseen = _decimal(unseen + now), bool(unseen)

    def _scales(self) -> tuple[dict[str, Fraction], Fraction]:
        """What one unit of each restated fill counts today, and what was filled without us
        having seen its fills."""
        scales: dict[str, Fraction] = {}
        unseen = Fraction(0)
        for recorded, stated in self._restatements():
            past = list(self._known_by(recorded))
            before = unseen + sum(scales.get(entry.key, 1) * _qty(entry) for entry in past)
            if not before:
                unseen = stated
                continue
            unseen *= stated / before
            for entry in past:
                scales[entry.key] = scales.get(entry.key, Fraction(1)) * stated / before
        return scales, unseen

    def _restatements(self) -> Iterator[tuple[Recorded, Fraction]]:
        facts = sorted(self._restated.values(), key=lambda fact: (fact.occurred_at, fact.key))
        for recorded in facts:
            event = recorded.event
            if isinstance(event, OrderRestated) and event.cum_qty is not None:
                yield recorded, Fraction(event.cum_qty)

    def _known_by(self, restated: Recorded) -> Iterator[Entry]:
        """The fills up to a restatement, as amended by then: what its figure was measured on."""
        then = Amendments()
        for entry in self._facts.fills.values():
            if entry.at <= restated.occurred_at:
                yield then.fill(_as_recorded(entry, restated.stream))
        for facts in self._facts.by_ref.values():
            for recorded in facts:
                if recorded.occurred_at <= restated.occurred_at:
                    then.amend(recorded)


def _fill(entry: Entry | None) -> FillBooked | None:
    event = entry.event if entry is not None else None
    return event if isinstance(event, FillBooked) else None


def _qty(entry: Entry) -> Fraction:
    fill = _fill(entry)
    return Fraction(fill.last_qty) if fill is not None else Fraction(0)


def _as_recorded(entry: Entry, stream: str) -> Recorded:
    return Recorded(0, stream, entry.version, entry.key, entry.at, entry.at, entry.booked)


def _decimal(value: Fraction) -> Decimal:
    return ratio(ONE, Decimal(value.numerator), Decimal(value.denominator))
