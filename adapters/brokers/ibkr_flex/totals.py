"""Orders and summaries in ``Trades``: totals of executions, not booked, that must be their sum.

A statement whose execution rows were cut, or that lost some on the way, still says in them what
was there. What was cancelled or corrected is left out: what a total then counts is not documented.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from decimal import Decimal

from adapters.brokers.ibkr_flex.row import Row
from adapters.brokers.ibkr_flex.trades import CANCEL_SIGN, CANCELS, CORRECTIONS, is_execution
from adapters.port import Finding
from adapters.text import UNREADABLE
from ledger.domain.numbers import ZERO, add, text
from ledger.errors import BadRowError

Key = tuple[str, str]
"""The order, or "" for all of a contract, and the contract."""


def refuse_total(row: Row, orders: Collection[str]) -> None:
    """Raise ``BadRowError`` for an order, lot or summary that does not repeat executions of this
    file, which are of these ``orders`` ("": one is of an order that its row does not name)."""
    order = _order(row)
    is_unknown = _is_order(row) and order and order not in orders and "" not in orders
    if not orders or is_unknown:
        rule = "a total of executions that are not in this file: set Trades to detail Execution"
        raise BadRowError("levelOfDetail", row.text("levelOfDetail") or row.element, rule)


def disagreements(rows: Iterable[Row], file: str) -> Iterator[Finding]:
    """A finding for each order and each contract of which a total says other units (signed, as in
    ``quantity``) than the execution rows make: rows of the statement are missing. An order that no
    execution names may be that of one that names none."""
    held = list(rows)
    try:
        made, undone, nameless = _made(filter(is_execution, held))
        stated = _stated(row for row in held if not is_execution(row))
    except UNREADABLE:
        return
    for key, (row, counted) in stated.items():
        units = made.get(key, ZERO)
        is_told = key in made or key[1] not in nameless
        if is_told and key[1] not in undone and counted != units:
            of = f"order {key[0]} in " if key[0] else ""
            name = f"{of}{row.text('symbol') or key[1]}"
            what = f"it counts {text(counted)} of {name}, the executions make {text(units)}"
            yield Finding(file=file, row=row.where, what=f"{what}: rows are missing")


def _made(executions: Iterable[Row]) -> tuple[dict[Key, Decimal], set[str], set[str]]:
    """The units of executions by order and by contract, the contracts with reversals, and those
    with executions that name no order."""
    made: dict[Key, Decimal] = defaultdict(lambda: ZERO)
    undone, nameless = set(), set()
    for row in executions:
        contract, units = row.id("conid"), row.decimal_or_zero("quantity")
        kind, side = row.text("transactionType"), row.text("buySell")
        if kind in CANCELS | CORRECTIONS or side.endswith(CANCEL_SIGN):
            undone.add(contract)
        if not row.id("ibOrderID"):
            nameless.add(contract)
        for order in {"", row.id("ibOrderID")}:
            made[order, contract] = add(made[order, contract], units)
    return made, undone, nameless


def _stated(totals: Iterable[Row]) -> dict[Key, tuple[Row, Decimal]]:
    """What totals count of an order and of a contract, with the last row that does."""
    found: dict[Key, tuple[Row, Decimal]] = {}
    for row in totals:
        key = (_order(row), row.id("conid"))
        is_whole = row.element == "SymbolSummary" or row.text("levelOfDetail") == "SYMBOL_SUMMARY"
        if key[1] and row.text("quantity") and (is_whole or (_is_order(row) and key[0])):
            key = ("", key[1]) if is_whole else key
            _, before = found.get(key, (row, ZERO))
            found[key] = (row, add(before, row.decimal("quantity")))
    return found


def _order(row: Row) -> str:
    return row.id("ibOrderID") or row.id("orderID")


def _is_order(row: Row) -> bool:
    return row.element == "Order" or row.text("levelOfDetail") == "ORDER"
