"""Explaining: every fact that made a position's numbers, with the arithmetic."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import attrs

from ledger.domain.accounts import Account
from ledger.domain.canonical import Entry, identifier
from ledger.domain.events import Event
from ledger.domain.holding import Holding
from ledger.domain.lots import Lot
from ledger.domain.numbers import ZERO, add, quantize, subtract, text
from ledger.domain.positions import PositionKey
from ledger.domain.watching import Record
from ledger.rebuilding import rebuild_position
from ledger.store.port import EventStore


@attrs.frozen(kw_only=True)
class Step:
    """One fact on the way to a number: what it changed, and where things stood after it.

    ``unknown_basis``: some of the cost up to here is unknown, and counted as nothing.
    """

    number: int
    version: int
    key: str
    at: datetime
    what: str
    qty_change: Decimal
    basis_change: Decimal
    realized_change: Decimal
    net_qty: Decimal
    cost_basis: Decimal
    realized_pnl: Decimal
    arithmetic: str
    unknown_basis: bool = False


class _Tracer(Record):
    """Turns the fold of a position into steps."""

    def __init__(self) -> None:
        super().__init__()
        self.steps: list[Step] = []
        self.before = (ZERO, ZERO, ZERO)
        self._unknown: set[str] = set()

    def step(self, entry: Entry, holding: Holding) -> None:
        """One entry was folded."""
        cost = add(holding.basis, holding.charges)
        after = (holding.qty, quantize(cost), quantize(holding.realized))
        changes = [subtract(new, old) for new, old in zip(after, self.before, strict=True)]
        self.steps.append(
            Step(
                number=entry.recorded.number,
                version=entry.recorded.version,
                key=entry.key,
                at=entry.at,
                what=_told(entry),
                qty_change=changes[0],
                basis_change=changes[1],
                realized_change=changes[2],
                net_qty=after[0],
                cost_basis=after[1],
                realized_pnl=after[2],
                arithmetic=self._arithmetic(entry, changes),
                unknown_basis=holding.unknown_basis,
            )
        )
        self.before = after
        self.disposals.clear()

    def _arithmetic(self, entry: Entry, changes: list[Decimal]) -> str:
        """How the change came about, in figures."""
        if entry.event is None:
            return "busted: no effect"
        if _is_costless(entry.event):
            self._unknown.add(identifier(entry.event))
            return f"basis unknown, counted as 0, for {text(changes[0])}"
        if self.disposals:
            sale = self.disposals[-1]
            parts = " + ".join(map(self._part, sale.slices))
            gain, proceeds = text(quantize(sale.gain)), text(quantize(sale.proceeds))
            return f"realized {gain} = {proceeds} - ({parts})"
        if changes[1]:
            return f"basis {text(changes[1])} for {text(changes[0])}"
        return ""

    def _part(self, lot: Lot) -> str:
        """What one lot carried; an unknown basis is counted as 0, or as its share of a pool."""
        of = f"({text(lot.qty)} of {lot.exec_id})"
        basis = text(quantize(lot.basis))
        if lot.exec_id in self._unknown:
            return f"unknown, counted as {basis} {of}"
        return f"{basis} {of}"


def _is_costless(event: Event) -> bool:
    """Whether a fact brings units at a cost that nobody stated."""
    if getattr(event, "unknown_basis", False):
        return True
    named = ("cost_basis", "basis")
    return any(hasattr(event, name) and getattr(event, name) is None for name in named)


def _told(entry: Entry) -> str:
    """An entry in a few words: its kind and, for a fill, side, quantity and price."""
    event = entry.event if entry.event is not None else entry.booked
    kind = event.TOPIC.partition("/")[0]
    qty, px = getattr(event, "last_qty", None), getattr(event, "last_px", None)
    if qty is None:
        amount = getattr(event, "amount", None)
        return kind if amount is None else f"{kind} {text(amount)}"
    side = getattr(event, "side", None)
    priced = f" @ {text(px)}" if px is not None else ""
    changed = "" if event is entry.booked else ", corrected"
    busted = ", busted" if entry.event is None else changed
    return f"{side.value if side else kind} {text(qty)}{priced}{busted}"


def explain_position(store: EventStore, account: Account, key: PositionKey) -> list[Step]:
    """Every fact that made a position's numbers, in canonical order, with the arithmetic."""
    tracer = _Tracer()
    rebuild_position(store, account, key, account.number, tracer)
    return tracer.steps
