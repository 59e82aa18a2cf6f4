"""The running balance of the statement of funds, and whether what it says is what rows say."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Final

from adapters.brokers.ibkr_flex.row import Row
from adapters.port import Finding
from adapters.text import UNREADABLE
from ledger.domain.numbers import ZERO, add, multiply, subtract, text
from ledger.errors import BadRowError

BASE_LEVEL: Final = "BaseCurrency"
TRADED: Final = frozenset({"ASSIGN", "BUY", "EXE", "EXP", "FOREX", "SELL"})
"""The activity codes of what ``Trades`` tells."""
MICRO: Final = Decimal(1_000_000)

Key = tuple[str, str]
Place = tuple[str, str, str]
"""Level of detail, currency, and segment of the account, which has a balance of its own."""


def is_base(row: Row) -> bool:
    """Whether the line is converted into the base currency."""
    return row.values.get("levelOfDetail") == BASE_LEVEL


def amount_of(row: Row) -> Decimal:
    """The line's money, signed: ``amount``, which must be its debit or credit, where those are."""
    stated = [row.decimal_or_none(name) for name in ("debit", "credit")]
    parts = [part for part in stated if part]
    if not row.text("amount") and len(parts) == 1:
        return parts[0]
    amount = row.decimal("amount")
    if parts and parts != [amount]:
        raise BadRowError("amount", text(amount), "neither the debit nor the credit of its line")
    return amount


class Chain:
    """The lines of one level and currency: whatever their order, what was there before one is
    what another left."""

    def __init__(self, lines: Iterable[tuple[Row, Decimal, Decimal]]) -> None:
        self.loose: list[tuple[Row, Decimal]] = []
        held = list(lines)
        reached: dict[int, list[Decimal]] = defaultdict(list)
        for _, _, after in held:
            reached[_micros(after)].append(after)
        for row, before, _ in held:
            near = range(_micros(before) - 1, _micros(before) + 2)
            place = next((one for one in near if reached.get(one)), None)
            if place is None:
                self.loose.append((row, before))
            else:
                reached[place].pop()
        self.ends = [after for left in reached.values() for after in left]


Chains = dict[Place, Chain]


def chains(rows: Iterable[Row]) -> Chains:
    """The chains by their place; lines that move nothing are no part of them."""
    found: dict[Place, list[tuple[Row, Decimal, Decimal]]] = defaultdict(list)
    for row in rows:
        try:
            amount, after = amount_of(row), row.decimal("balance")
            if amount:
                level, currency = row.text("levelOfDetail"), row.required("currency")
                place = (level, currency, row.segment)
                found[place].append((row, subtract(after, amount), after))
        except UNREADABLE:
            continue
    return {place: Chain(lines) for place, lines in found.items()}


def breaks(found: Iterable[Chain], file: str) -> Iterator[Finding]:
    """A finding for each line that no other leads to, the first of its chain apart."""
    for chain in found:
        for row, before in chain.loose[1:]:
            what = f"the balance before this line, {text(before)}, is not one that a line leads to"
            yield Finding(file=file, row=row.where, what=what)


def _micros(amount: Decimal) -> int:
    """IB rounds what it prints to some nine digits: balances are the same up to a millionth."""
    return int(multiply(amount, MICRO))


def disagreements(rows: Iterable[Row], cash: Iterable[Row], file: str) -> Iterator[Finding]:
    """A finding for each cash transaction of which the lines of its posting say otherwise; the line
    of a trade says nothing of the accrued interest, which has the trade's posting."""
    told: dict[Key, Decimal] = {}
    for row in rows:
        try:
            is_of_cash = not is_base(row) and row.values.get("activityCode") not in TRADED
            if is_of_cash and row.id("transactionID"):
                place = (row.id("transactionID"), row.required("currency"))
                told[place] = add(told.get(place, ZERO), amount_of(row))
        except UNREADABLE:
            continue
    for row in cash:
        place = (row.values.get("transactionID", ""), row.values.get("currency", ""))
        amount = row.values.get("amount", "")
        if place in told and amount != text(told[place]):
            yield from _apart(row, told[place], file)


def _apart(row: Row, told: Decimal, file: str) -> Iterator[Finding]:
    try:
        booked = row.decimal("amount")
    except UNREADABLE:
        return
    if booked != told:
        what = f"the statement of funds says {text(told)} of it, not {text(booked)}"
        yield Finding(file=file, row=row.where, what=what)
