"""Exports: an account's books as a journal that beancount, hledger and ledger-cli read.

Balances come out equal to ours at the 18 decimals that are reported: each posting is the rounded
balance after it less the one before, and what rounding leaves over is an equity account's. For
beancount the units of a position are held in lots at their cost, named by the fill that opened
them, where the cost can be told by the unit without rounding; hledger and ledger-cli have units
and cost side by side.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from decimal import Context, Decimal, DivisionByZero, Inexact, InvalidOperation
from typing import Final, NamedTuple

from ledger.domain.events import NET
from ledger.domain.lots import Lot
from ledger.domain.numbers import ZERO, add, negate, quantize, subtract, text
from ledger.domain.positions import PositionKey
from ledger.history import KnownAt
from ledger.reading import Reader
from projections.chronicle import Told, chronicle

_ACCOUNTS: Final = {
    "cash": "Assets:Cash",
    "position": "Assets:Positions",
    "contract": "Equity:Contracts",
    "realized": "Income:Realized",
    "fees": "Expenses:Fees",
    "base_fees": "Expenses:FeesInUnits",
    "funding": "Income:Funding",
    "income": "Income:Earned",
    "suspense": "Equity:Suspense",
    "in_kind": "Equity:InKind",
    "external": "Equity:External",
    "market": "Equity:Market",
}
_ROUNDING: Final = "Equity:Rounding"
_UNIT_COST: Final = Context(prec=24, traps=[Inexact, DivisionByZero, InvalidOperation])
_UNITS: Final = " units"


_PLAIN: Final = re.compile(r"[^\w./:@+-]+")
_NOT_IN_A_PART: Final = re.compile(r"[^A-Za-z0-9-]")
_NOT_IN_A_NAME: Final = re.compile(r"[^A-Z0-9._-]")


class Leg(NamedTuple):
    """One line of an entry: an amount, or units of a lot, whose basis is in ``money``."""

    account: str
    amount: Decimal
    commodity: str
    lot: Lot | None = None
    money: str = ""


def beancount(book: Reader, account: str, *, known_at: KnownAt = None) -> Iterator[str]:
    """The journal as beancount reads it, line by line."""
    found = list(chronicle(book, account, known_at=known_at))
    legs, name, opened = _Legs(_in_lots(found)), _Names(), set[str]()
    for told in found:
        lines = list(legs.of(told))
        for one in sorted({name.account(leg) for leg in lines} - opened):
            yield f"1970-01-01 open {one}"
            opened.add(one)
        yield f"{told.at.date()} * {json.dumps(told.what)}"
        for leg in lines:
            yield f"  {name.account(leg)}  {text(leg.amount)} {name.of(leg.commodity)}{_cost(leg)}"
        yield ""


def _cost(leg: Leg) -> str:
    """How beancount is told which lot a line is of."""
    if leg.lot is None:
        return ""
    label = json.dumps(f"{leg.lot.exec_id} {leg.lot.label or ''}".strip())
    unit = text(_UNIT_COST.divide(leg.lot.basis, leg.lot.qty))
    return f" {{{unit} {leg.money}, {leg.lot.opened_at.date()}, {label}}}"


def hledger(book: Reader, account: str, *, known_at: KnownAt = None) -> Iterator[str]:
    """The journal as hledger and ledger-cli read it, line by line."""
    legs = _Legs(frozenset())
    for told in chronicle(book, account, known_at=known_at):
        yield f"{told.at.date()} * {_PLAIN.sub(' ', told.what)}"
        for leg in legs.of(told):
            yield f'    {leg.account}  {text(leg.amount)} "{_PLAIN.sub(" ", leg.commodity)}"'
        yield ""


def _in_lots(found: Iterable[Told]) -> frozenset[PositionKey]:
    """The positions all of whose lots have a cost by the unit that can be told exactly."""
    can, cannot = set[PositionKey](), set[PositionKey]()
    for told in found:
        if told.key is not None:
            units = any(posting.commodity.endswith(_UNITS) for posting in told.postings)
            is_exact = all(map(_is_exact, told.lots)) and (units or not told.lots)
            (can if is_exact else cannot).add(told.key)
    return frozenset(can - cannot)


def _is_exact(lot: Lot) -> bool:
    try:
        return _UNIT_COST.divide(lot.basis, lot.qty) >= ZERO
    except Inexact:
        return False


class _Legs:
    """Turns entries into lines, whose sums are the rounded balances."""

    def __init__(self, in_lots: frozenset[PositionKey]) -> None:
        self._in_lots = in_lots
        self._balances: dict[tuple[str, str], Decimal] = {}

    def of(self, told: Told) -> Iterator[Leg]:
        """The lines of one entry."""
        over: dict[str, Decimal] = {}
        for leg in (*self._of_lots(told), *self._of_postings(told)):
            commodity, amount = leg.commodity, leg.amount
            if leg.lot is not None:
                commodity, amount = leg.money, leg.lot.basis
            over[commodity] = add(over.get(commodity, ZERO), amount)
            yield leg
        for commodity, amount in over.items():
            if amount:
                yield Leg(_ROUNDING, negate(amount), commodity)

    def _of_lots(self, told: Told) -> Iterator[Leg]:
        if told.key is None or told.key not in self._in_lots:
            return
        units = told.key.instrument_id
        for lot in told.lots:
            book = "" if told.key.position_id == NET else f":Book-{_plain(told.key.position_id)}"
            yield Leg(f"Assets:Positions{book}", lot.qty, units, lot, told.money or "")

    def _of_postings(self, told: Told) -> Iterator[Leg]:
        has_lots = told.key in self._in_lots
        for posting in told.postings:
            if has_lots and posting.account in {"position", "market"}:
                continue
            commodity = posting.commodity.removesuffix(_UNITS)
            amount = self._rounded(posting.account, commodity, posting.amount)
            if amount:
                yield Leg(_ACCOUNTS[posting.account], amount, commodity)

    def _rounded(self, account: str, commodity: str, amount: Decimal) -> Decimal:
        """What a posting adds to the rounded balance of its account."""
        before = self._balances.get((account, commodity), ZERO)
        after = self._balances[account, commodity] = add(before, amount)
        return subtract(quantize(after), quantize(before))


def _plain(name: str) -> str:
    """A part of an account's name."""
    return _NOT_IN_A_PART.sub("-", name)


class _Names:
    """Names that beancount takes: capitals, digits and a few signs, no two the same."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}

    def of(self, commodity: str) -> str:
        """The name of a currency or an instrument."""
        known = self._names.get(commodity)
        if known is None:
            plain = _NOT_IN_A_NAME.sub("-", commodity.upper()).strip("-._")[:18] or "X"
            if not plain[0].isalpha() or len(plain) < 2:
                plain = f"X-{plain}"
            taken, known, nth = set(self._names.values()), plain, 1
            while known in taken:
                nth += 1
                known = f"{plain}-{nth}"
            self._names[commodity] = known
        return known

    def account(self, leg: Leg) -> str:
        """The account of a line: of a lot one for each instrument."""
        if leg.lot is None:
            return leg.account
        return f"{leg.account}:{_plain(self.of(leg.commodity))}"
