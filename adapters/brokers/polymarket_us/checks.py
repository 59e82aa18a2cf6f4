"""What the ledgers say of executions, beside what the executions make."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal

from adapters.brokers.polymarket_us import cash
from adapters.brokers.polymarket_us.executions import CURRENCY, instrument_id
from adapters.brokers.polymarket_us.scales import Scale
from adapters.port import Control
from adapters.rows import Row
from ledger.domain.events import Event, FillBooked, FillBusted, OptionExpired
from ledger.domain.numbers import ZERO, add, multiply, negate, subtract

Sums = dict[str, Decimal]


def effective(events: Iterable[Event]) -> list[FillBooked]:
    """The fills that stand, each once though several answers tell it."""
    listed = [*events]
    busted = {one.refers_to() for one in listed if isinstance(one, FillBusted)}
    fills = {one.identity(): one for one in listed if isinstance(one, FillBooked)}
    return [one for identity, one in fills.items() if identity not in busted]


def execution_cash(events: Iterable[Event], entries: Iterable[Row]) -> list[Control]:
    """By symbol: what these entries of the balance ledger say of executions, and what the fills
    cost with their fees. Both must be asked for the same times."""
    said: Sums = defaultdict(lambda: ZERO)
    made: Sums = defaultdict(lambda: ZERO)
    for row in _each_once(entries):
        about = instrument_id(row.text("symbol"))
        said[about] = add(said[about], cash.delta(row))
    for fill in effective(events):
        if fill.scope != cash.RESOLVED:
            about = fill.instrument_id
            made[about] = add(made[about], _paid(fill))
    return [_control(f"cash of executions of {name}", CURRENCY, said[name], made[name])
            for name in sorted({*said, *made})]  # fmt: skip


def position_units(
    events: Iterable[Event], entries: Iterable[Row], scales: dict[str, Scale]
) -> list[Control]:
    """By symbol: what the position ledger's changes sum up to, and what the facts make."""
    listed = [*events]
    said: Sums = defaultdict(lambda: ZERO)
    made: Sums = defaultdict(lambda: ZERO)
    for row in _each_once(entries):
        symbol = row.text("symbol")
        if symbol in scales:
            about = instrument_id(symbol)
            said[about] = add(said[about], scales[symbol].units(row, "quantityChange"))
    for fill in effective(listed):
        made[fill.instrument_id] = add(made[fill.instrument_id], fill.signed_qty)
    for gone in {one.id: one for one in listed if isinstance(one, OptionExpired)}.values():
        held = said[gone.instrument_id]
        made[gone.instrument_id] = _closed(made[gone.instrument_id], gone.qty, held)
    return [_control(f"units of {name}", name, said[name], made[name]) for name in sorted(said)]


def _closed(made: Decimal, qty: Decimal, held: Decimal) -> Decimal:
    """After an expiry, which has no sign: it closes what there is."""
    return subtract(made, qty) if made > held else add(made, qty)


def _paid(fill: FillBooked) -> Decimal:
    """The cash of a fill with its fees: negative was paid."""
    cost = multiply(fill.signed_qty, fill.last_px or ZERO)
    for fee in fill.fees:
        cost = add(cost, fee.amount)
    return negate(cost)


def _control(name: str, currency: str, said: Decimal, made: Decimal) -> Control:
    return Control(name=name, currency=currency, stated=said, rows=made)


def _each_once(entries: Iterable[Row]) -> Iterable[Row]:
    return {row.text("id"): row for row in entries}.values()
