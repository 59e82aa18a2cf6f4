"""Costs of positions: those that the venue states in a sense of which ours can be told.

Only what agrees in units is compared, and only where the venue's parser says what its cost means.
Whether charges are in it is the venue's rule and not the account's: where both differ, the
position is folded once more by the venue's. Another way of choosing lots is not compared at all.
"""

from __future__ import annotations

import copy
from collections.abc import Container, Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import Final

import attrs

from adapters.port import Batch
from adapters.reconcile.breaks import Break
from adapters.reconcile.kinds import Cause, Kind
from adapters.reconcile.outcome import Figure
from adapters.stated_cost import CostMeaning
from adapters.statement import Comparison, Line
from adapters.statement import Kind as LineKind
from ledger.domain.events import FeeRule, PositionEvent, PositionOpenedMidLife, Recorded
from ledger.domain.instruments import Instrument, InstrumentKind
from ledger.domain.numbers import ZERO, add, quantize, subtract, text, total
from ledger.domain.positions import Position, PositionKey
from ledger.rebuilding import position_facts
from ledger.store.port import EventStore

REFERENCE: Final = "cost"
_LOTS: Final = 5
_OTHERWISE: Final = (
    "a loss that was disallowed, the premium of an option that delivered, or other lots closed"
)


@attrs.frozen(kw_only=True)
class Cost:
    """What one position costs on both sides, signed as its units; ``booked`` by the venue's rule
    about charges."""

    line: Line
    instrument: Instrument
    keys: tuple[PositionKey, ...]
    booked: Decimal
    stated: Decimal
    rounding: Decimal

    @property
    def figure(self) -> Figure:
        """Both sides as a figure."""
        return Figure(
            name=self.line.name,
            subject=self.line.subject,
            what="cost",
            ledger=self.booked,
            broker=self.stated,
            rounding=self.rounding,
        )


class Costs:
    """The costs that a report states, beside the books as of its end."""

    def __init__(
        self,
        compared: Comparison,
        batch: Batch,
        lines: Sequence[Line],
        store: EventStore,
        end: datetime,
    ) -> None:
        self._account, self._batch, self._end = compared.account, batch, end
        self._lines, self._store = lines, store

    @cached_property
    def found(self) -> tuple[Cost, ...]:
        """What can be compared, in the order of the lines."""
        meaning = self._batch.coverage.cost
        return () if meaning is None else tuple(self._compared(meaning))

    def _compared(self, meaning: CostMeaning) -> Iterator[Cost]:
        stated = self._stated()
        for line in self._lines:
            said = stated.get(line.subject)
            if line.kind is LineKind.POSITION and line.agrees and line.stated and said is not None:
                instrument, keys = self._account.instrument(line.subject), self._keys(line.subject)
                if instrument is not None and self._is_alike(instrument, keys, meaning):
                    booked = total(self._booked(key, with_fees=meaning.with_fees) for key in keys)
                    yield Cost(line=line, instrument=instrument, keys=keys, stated=said,
                               booked=booked, rounding=meaning.rounding)  # fmt: skip

    def _stated(self) -> dict[str, Decimal | None]:
        """The stated cost by instrument; None where a line of it has none."""
        found: dict[str, Decimal | None] = {}
        for one in self._batch.positions:
            before = found.get(one.instrument_id, ZERO)
            is_told = before is not None and one.cost_basis is not None
            whole = add(before or ZERO, one.cost_basis or ZERO) if is_told else None
            found[one.instrument_id] = whole
        return found

    def _keys(self, instrument_id: str) -> tuple[PositionKey, ...]:
        """The instrument's books that hold anything."""
        held = (
            key
            for key, position in self._account.positions.items()
            if key.instrument_id == instrument_id and position.holding.last_at is not None
        )
        return tuple(sorted(held))

    def _is_alike(
        self, instrument: Instrument, keys: Iterable[PositionKey], meaning: CostMeaning
    ) -> bool:
        """Whether our cost is one of the same definition: of units that all have a lot, chosen as
        the venue does, with charges that are money of the instrument."""
        if instrument.kind is InstrumentKind.INVERSE:
            return False  # its cost has the sign of what is owed for it
        for key in keys:
            view, booking = self._account.view(key), self._account.positions[key].holding.booking
            if view.suspense_qty or (meaning.methods and booking not in meaning.methods):
                return False
            others = {name for name, fee in view.fees.items() if fee} - {instrument.currency}
            if meaning.with_fees and others:
                return False
        return True

    def _booked(self, key: PositionKey, *, with_fees: bool) -> Decimal:
        """Our cost of one book, with charges or without, whatever the account's fee rule."""
        view, policy = self._account.view(key), self._account.policy
        holding = self._account.positions[key].holding
        if not with_fees:
            return quantize(holding.basis)
        if policy.fee_rule is FeeRule.IN_COST or not any(view.fees.values()):
            return view.cost_basis
        as_if = copy.copy(policy)
        as_if.fee_rule = FeeRule.IN_COST
        facts = position_facts(self._store, self._account, key)
        twin = Position.rebuild(key, as_if, facts).holding
        return quantize(add(twin.basis, twin.charges))

    # -- breaks -------------------------------------------------------------------------

    def breaks(self, found: Sequence[Break]) -> Iterator[Break]:
        """Those of costs; ``found`` are the other breaks of the run."""
        apart = (one for one in found if one.kind.family == "trade" and one.difference)
        of_trades = {one.subject for one in apart}
        for one in self.found:
            if not one.figure.agrees:
                yield self._break(one, self._why(one, of_trades))

    def _why(self, one: Cost, of_trades: Container[str]) -> Cause:
        """What it is likely to come from: the nearest thing that is on record first."""
        if one.line.subject in of_trades:
            return Cause.OTHER_BREAKS
        if self._is_by_charges(one):
            return Cause.FEES_IN_COST
        events = [fact.event for key in one.keys for fact in self._others(key)]
        is_unknown = any(self._account.view(key).unknown_basis for key in one.keys)
        if is_unknown or any(isinstance(event, PositionOpenedMidLife) for event in events):
            return Cause.OPENING_UNKNOWN
        if events:
            return Cause.CORPORATE_ACTION
        return Cause.SET_ASIDE if self._batch.quarantine else Cause.UNKNOWN

    def _is_by_charges(self, one: Cost) -> bool:
        """Whether both would agree if charges were counted the other way."""
        meaning = self._batch.coverage.cost
        with_fees = meaning is not None and not meaning.with_fees
        other = total(self._booked(key, with_fees=with_fees) for key in one.keys)
        return attrs.evolve(one, booked=other).figure.agrees

    def _others(self, key: PositionKey) -> Iterator[Recorded]:
        """What moved the units or their cost and is no trade; splits concern every book."""
        facts = position_facts(self._store, self._account, key)
        of_all = self._account.policy.changes_for(key.instrument_id)
        yield from (one for one in (*facts, *of_all) if isinstance(one.event, PositionEvent))

    def _break(self, one: Cost, cause: Cause) -> Break:
        currency = one.instrument.currency
        lots = [lot.exec_id for key in one.keys for lot in self._account.view(key).lots]
        more = f" and {len(lots) - _LOTS} more" if len(lots) > _LOTS else ""
        return Break(
            account=self._batch.account,
            kind=Kind.POSITION_COST,
            subject=one.line.subject,
            reference=REFERENCE,
            ledger_value=text(one.booked),
            broker_value=text(one.stated),
            business_date=self._end.date(),
            instrument_id=one.line.subject,
            currency=currency,
            difference=subtract(one.stated, one.booked),
            unit=currency,
            cause=cause,
            note=_OTHERWISE if cause is Cause.UNKNOWN else "",
            evidence=(
                f"ledger: open lots of {', '.join(lots[:_LOTS])}{more}",
                f"broker: stated cost of {one.line.name}",
            ),
        )
