"""Stop paths: where the stop and the target of each order stood, and who moved them.

Told by the facts of the order itself: its placing, what the venue accepted or restated, and the
moves of stop and target, in the order in which they happened. A request that nobody accepted moved
nothing. A move that was learned late stands where it belongs; ``recorded_at`` says when that was.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from typing import Any, Final

import attrs

from ledger.domain.events import (
    OrderPlaced,
    OrderRestated,
    Recorded,
    StopMoved,
    StopReason,
    TargetMoved,
)
from ledger.domain.instruments import Instrument
from ledger.domain.orders import Order

STOP: Final = "stop"
TARGET: Final = "target"


@attrs.frozen(kw_only=True)
class StopStep:
    """One step of an order's stop (or target, as ``what`` says): the level before and after it.

    ``before`` is None for the first. ``reason`` is a stop's reason (initial, break_even, trailing,
    manual, policy), or what was said of a target or a restatement; ``inputs`` are the figures the
    rule used. ``actor`` and ``source`` (the adapter) are who said so, as they were recorded.

    ``cycle`` is the position's trip that was open then; while flat, the next one in which this
    order, or one that is linked with it, was executed; None if there was none. ``avg_cost`` is what
    was held cost a unit then, None while flat.
    """

    account: str
    cl_ord_id: str
    instrument_id: str | None
    position_id: str | None
    cycle: int | None
    side: str | None
    intent: str | None
    what: str
    at: datetime
    recorded_at: datetime
    number: int
    event: str
    cause: str
    before: Decimal | None
    after: Decimal
    reason: str
    inputs: Mapping[str, str]
    actor: str
    source: str
    avg_cost: Decimal | None

    @property
    def is_break_even(self) -> bool:
        """Whether a stop was moved to break even: it says so, or it came to the average cost."""
        says_so = self.reason == StopReason.BREAK_EVEN.value
        return self._is_move() and (says_so or self.after == self.avg_cost)

    @property
    def is_trailing(self) -> bool:
        """Whether a stop was moved, and says that it trails."""
        return self._is_move() and self.reason == StopReason.TRAILING.value

    def _is_move(self) -> bool:
        return self.what == STOP and self.before is not None and self.after != self.before


class Trips:
    """Which trip of a position was open at a moment, and what it had cost."""

    def __init__(self, steps: Iterable[Any], instruments: Mapping[str, Instrument | None]) -> None:
        self._instruments = instruments
        self._steps: dict[tuple[str, str], list[Any]] = {}
        self._filled: dict[tuple[str, str, str], list[int]] = {}
        for place, of_position in groupby(steps, lambda row: (row.instrument_id, row.position_id)):
            rows = self._steps[place] = list(of_position)
            for nth, row in enumerate(rows):
                if row.cl_ord_id is not None and row.effect != "busted":
                    self._filled.setdefault((*place, row.cl_ord_id), []).append(nth)

    def at(
        self, place: tuple[str, str], at: datetime, ids: set[str]
    ) -> tuple[int | None, Decimal | None]:
        """The trip open at a moment and its average cost; while flat, the next one in which an
        order of these ids was executed."""
        rows = self._steps.get(place, [])
        nth = bisect_right(rows, at, key=lambda row: row.at)
        if not nth or not rows[nth - 1].net_qty:
            return self._next(place, nth, ids), None
        step, instrument = rows[nth - 1], self._instruments.get(place[0])
        cost = instrument.average(step.net_qty, step.carried_cost) if instrument else None
        return step.cycle, cost

    def _next(self, place: tuple[str, str], nth: int, ids: set[str]) -> int | None:
        """The trip of the next execution; one that crosses zero is of the trip that it ended."""
        filled = (self._filled.get((*place, name), []) for name in ids)
        later = [found[at] for found in filled if (at := bisect_left(found, nth)) < len(found)]
        if not later:
            return None
        rows, first = self._steps[place], min(later)
        before = rows[first - 1] if first else None
        of = before if before is not None and before.net_qty else rows[first]
        return of.cycle or None


def stop_path(account: str, facts: Sequence[Recorded], trips: Trips) -> Iterator[StopStep]:
    """The steps of one order's stop and target, by when they happened."""
    order = Order.fold(facts)
    terms, ids = order.facts.terms, {*order.cl_ord_ids}
    ids |= {one for link in order.facts.links.values() for one in link.cl_ord_ids}
    told = {
        "account": account,
        "cl_ord_id": (order.cl_ord_ids or (order.cl_ord_id,))[0],
        "side": order.side.value if order.side else None,
        "intent": order.intent.value if order.intent else None,
    }
    stop = target = None
    for fact in facts:
        if fact.event is terms.placed and terms.placed.stop_px is not None:
            stop = terms.placed.stop_px
            yield _step(fact, order, trips, ids, STOP, None, stop, told)
    for change, stop_px, target_px in terms.path():
        is_told = isinstance(change.event, StopMoved)
        if stop_px is not None and (is_told or stop_px != stop):
            yield _step(change, order, trips, ids, STOP, stop, stop_px, told)
        if target_px is not None and isinstance(change.event, TargetMoved):
            yield _step(change, order, trips, ids, TARGET, target, target_px, told)
        stop, target = stop_px, target_px


def _step(
    fact: Recorded,
    order: Order,
    trips: Trips,
    ids: set[str],
    what: str,
    before: Decimal | None,
    after: Decimal,
    told: Mapping[str, Any],
) -> StopStep:
    event, meta = fact.event, fact.meta
    instrument_id = order.instrument_id or getattr(event, "instrument_id", None)
    position_id = order.position_id or getattr(event, "position_id", None)
    cycle, cost = trips.at((instrument_id or "", position_id or ""), fact.occurred_at, ids)
    return StopStep(
        **told,
        instrument_id=instrument_id,
        position_id=position_id,
        cycle=cycle,
        what=what,
        at=fact.occurred_at,
        recorded_at=fact.recorded_at,
        number=fact.number,
        event=event.TOPIC.partition("/")[0],
        cause=fact.key,
        before=before,
        after=after,
        reason=_reason(fact),
        inputs=dict(getattr(event, "inputs", ())),
        actor=meta.actor,
        source=meta.source.adapter if meta.source else "",
        avg_cost=cost,
    )


def _reason(fact: Recorded) -> str:
    match fact.event:
        case OrderPlaced():
            return StopReason.INITIAL.value
        case StopMoved(reason=reason):
            return reason.value
        case TargetMoved(reason=told) | OrderRestated(reason=told):
            return told
    return ""
