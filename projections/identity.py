"""The identity that every report of results is checked by:

    equity change = realized + unrealized change - fees + funding + income + external flows

Equity is cash and marks; realized, fees, funding and income are the totals that positions keep.
They meet only here. Both are as of the moments themselves: a fee that was charged later for an
earlier fill counts from when it was charged, while a day's results have it with its fill.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import TypeVar

import attrs

from ledger.domain.accounts import Account
from ledger.domain.holding import Holding
from ledger.domain.instruments import Instrument
from ledger.domain.numbers import ZERO, add, quantize, subtract, total
from ledger.domain.positions import PositionKey
from ledger.domain.postings import delivers
from projections.pnl import PnlLine
from projections.valuation import EquityLine, ValuedPosition

K = TypeVar("K")


@attrs.frozen(kw_only=True)
class EquityCheck:
    """How equity in one currency came from one moment to another. ``external`` is what came from
    outside or went there: deposits, transfers, units in kind, and in a spot pair what was
    exchanged for the units. ``difference`` is what none of it explains: zero, or a fault;
    None where a mark is missing at either end."""

    account: str
    currency: str
    equity_before: Decimal
    realized_pnl: Decimal
    unrealized_change: Decimal
    fees: Decimal
    funding: Decimal
    income: Decimal
    external: Decimal
    equity_after: Decimal
    is_priced: bool

    @property
    def difference(self) -> Decimal | None:
        """Equity that is there less what is explained."""
        if not self.is_priced:
            return None
        parts = (
            self.realized_pnl,
            self.unrealized_change,
            self.funding,
            self.income,
            self.external,
        )
        explained = add(subtract(self.equity_before, self.fees), total(parts))
        return subtract(self.equity_after, explained)


@attrs.frozen
class Side:
    """An account at one of the two moments."""

    state: Account
    positions: Sequence[ValuedPosition]
    lines: Sequence[EquityLine]


def checked(
    before: Side, after: Side, own_before: Iterable[PnlLine], own_after: Iterable[PnlLine]
) -> list[EquityCheck]:
    """The check of each currency; with what the account itself had earned and paid by either
    moment."""
    own = _change(_own(own_before), _own(own_after))
    results = _change(_results(before), _results(after))
    first, last = ({line.currency: line for line in side.lines} for side in (before, after))
    paid = _change(_external(before), _external(after))
    marked = _change(_unrealized(before), _unrealized(after))
    found = []
    for currency in sorted({*first, *last}):
        fees, income = (own.get((currency, kind), ZERO) for kind in ("fees", "income"))
        old, new = first.get(currency), last.get(currency)
        found.append(
            EquityCheck(
                account=after.state.name,
                currency=currency,
                equity_before=old.equity if old else ZERO,
                realized_pnl=results.get((currency, "realized"), ZERO),
                unrealized_change=marked.get(currency, ZERO),
                fees=add(results.get((currency, "fees"), ZERO), fees),
                funding=results.get((currency, "funding"), ZERO),
                income=add(results.get((currency, "income"), ZERO), income),
                external=subtract(paid.get(currency, ZERO), subtract(income, fees)),
                equity_after=new.equity if new else ZERO,
                is_priced=not any(line and line.unpriced for line in (old, new)),
            )
        )
    return found


def _change(before: Mapping[K, Decimal], after: Mapping[K, Decimal]) -> dict[K, Decimal]:
    return {
        place: subtract(after.get(place, ZERO), before.get(place, ZERO))
        for place in {*before, *after}
    }


def _own(days: Iterable[PnlLine]) -> dict[tuple[str, str], Decimal]:
    """What the account itself earned and paid, by currency and kind: part of its cash, and no flow
    from outside."""
    sums: dict[tuple[str, str], Decimal] = {}
    for day in days:
        for kind, amount in (("fees", day.fees), ("income", day.income)):
            place = (day.currency, kind)
            sums[place] = add(sums.get(place, ZERO), amount)
    return sums


def _results(side: Side) -> dict[tuple[str, str], Decimal]:
    """What the positions realized, paid and earned, by currency and kind."""
    sums: dict[tuple[str, str], Decimal] = {}
    for key, position in side.state.positions.items():
        instrument, holding = side.state.instrument(key.instrument_id), position.holding
        parts = [
            ("fees", holding.fees), ("funding", holding.funding), ("income", holding.income),
        ]  # fmt: skip
        if instrument is not None:
            parts.append(("realized", {instrument.currency: holding.realized}))
            parts.append(("fees", {instrument.currency: holding.base_fee_cost}))
        for kind, by_currency in parts:
            for currency, amount in by_currency.items():
                place = (currency, kind)
                sums[place] = add(sums.get(place, ZERO), amount)
    return {place: quantize(amount) for place, amount in sums.items()}


def _external(side: Side) -> dict[str, Decimal]:
    """Cash past all positions, units in kind and without a counterpart, and spot units."""
    sums = dict(side.state.cash)
    for key, position in side.state.positions.items():
        instrument = side.state.instrument(key.instrument_id)
        if instrument is not None:
            _add_kind(sums, position.holding, instrument)
    return {currency: quantize(amount) for currency, amount in sums.items()}


def _add_kind(sums: dict[str, Decimal], holding: Holding, instrument: Instrument) -> None:
    if not instrument.settles_in_full:
        return
    flow = subtract(holding.suspense_flow, holding.in_kind)
    base = delivers(instrument)
    if base is not None:
        flow = subtract(flow, holding.basis)
        units = add(add(holding.qty, holding.suspense_qty), holding.fees.get(base, ZERO))
        sums[base] = add(sums.get(base, ZERO), units)
    sums[instrument.currency] = add(sums.get(instrument.currency, ZERO), flow)


def _unrealized(side: Side) -> dict[str, Decimal]:
    """Value at the marks less basis without charges, of what is no balance itself."""
    sums: dict[str, Decimal] = {}
    for one in side.positions:
        if one.unrealized_pnl is not None and one.currency is not None and not one.is_balance:
            key = PositionKey(one.instrument_id, one.position_id)
            whole = add(one.unrealized_pnl, side.state.positions[key].holding.charges)
            sums[one.currency] = add(sums.get(one.currency, ZERO), whole)
    return {currency: quantize(amount) for currency, amount in sums.items()}
