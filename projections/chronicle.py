"""The chronicle: everything that moved in an account, in the order in which it happened.

As far as was known at a number: a late fill stands where it belongs, a busted one not at all.
Each fact is one entry of balanced postings (:mod:`ledger.domain.postings`), and says which lots
came and went. It is what journals for other programs are written from.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from heapq import merge
from typing import Final, NamedTuple

from ledger.domain.accounts import Account
from ledger.domain.canonical import Entry, SortKey
from ledger.domain.holding import Holding
from ledger.domain.lots import Lot
from ledger.domain.numbers import ZERO, add, multiply, negate, subtract
from ledger.domain.positions import PositionKey
from ledger.domain.postings import (
    NOTHING,
    Posting,
    Valued,
    cash_postings,
    position_postings,
    totals_of,
)
from ledger.domain.watching import Record
from ledger.history import KnownAt, account_at, resolve
from ledger.reading import Reader
from ledger.rebuilding import rebuild_position


class Told(NamedTuple):
    """One entry of a journal: when, in what place, what it is, and its postings; of a position's
    entry the lots that came (or went, with negative units), each with its basis."""

    at: datetime
    place: tuple[str, ...]
    what: str
    postings: Sequence[Posting]
    key: PositionKey | None = None
    money: str | None = None
    lots: Sequence[Lot] = ()


LotName = tuple[datetime, str, str]
Lots = dict[LotName, tuple[Decimal, Decimal]]
_NONE: Final = (ZERO, ZERO)


def _sums(lots: Iterable[Lot]) -> Lots:
    """Units and basis by when, by what and under what label they were opened."""
    sums: Lots = {}
    for lot in lots:
        name = (lot.opened_at, lot.exec_id, lot.label or "")
        qty, basis = sums.get(name, _NONE)
        sums[name] = add(qty, lot.qty), add(basis, lot.basis)
    return sums


class _Teller(Record):
    """Hears of a position's steps, and tells what each moved."""

    def __init__(self, key: PositionKey, account: Account) -> None:
        super().__init__()
        self._key, self._account = key, account
        self._before: Valued = (NOTHING, None)
        self._lots: Lots = {}
        self.told: list[Told] = []

    def rewound(self, holding: Holding, since: SortKey) -> None:
        """All of it is told from the beginning."""
        self._before, self._lots, self.told = (NOTHING, None), {}, []

    def step(self, entry: Entry, holding: Holding) -> None:
        """One fact was folded: the postings are new less old."""
        instrument = self._account.policy.instrument(self._key.instrument_id)
        after = (totals_of(holding), instrument)
        postings = position_postings(self._before, after, self._key.instrument_id)
        self._before = after
        if postings:
            what = f"{entry.booked.TOPIC.partition('/')[0]} {entry.key}"
            lots = self._changed(holding)
            money = instrument.currency if instrument else None
            place = entry.sort_key[1:]
            self.told.append(Told(entry.at, place, what, postings, self._key, money, lots))

    def _changed(self, holding: Holding) -> list[Lot]:
        """How much more, or less, there is of each lot than before: what goes stands before what
        comes, since nobody can be long and short at once."""
        before, now = self._lots, _sums(holding.lot_list())
        self._lots = now
        gone, come = [], []
        for name in sorted({*before, *now}):
            (had, cost), (has, costs) = before.get(name, _NONE), now.get(name, _NONE)
            if multiply(had, costs) != multiply(has, cost):  # not at the same cost a unit
                gone += [Lot(negate(had), negate(cost), ZERO, *name)] if had else []
                come += [Lot(has, costs, ZERO, *name)] if has else []
            elif had != has:
                part = Lot(subtract(has, had), subtract(costs, cost), ZERO, *name)
                (come if not had or (part.qty > 0) is (had > 0) else gone).append(part)
        return [*gone, *come]


def chronicle(book: Reader, account: str, *, known_at: KnownAt = None) -> Iterator[Told]:
    """Everything that moved, in the order in which it happened."""
    number = resolve(book.store, known_at)
    state = account_at(book.store, account, known_at=number)
    parts = [_of_position(book, state, key) for key in sorted(state.positions)]
    yield from merge(_of_account(book, state), *parts, key=lambda told: (told.at, told.place))


def _of_position(book: Reader, state: Account, key: PositionKey) -> list[Told]:
    teller = _Teller(key, state)
    rebuild_position(book.store, state, key, state.number, teller)
    return teller.told


def _of_account(book: Reader, state: Account) -> Iterator[Told]:
    """What moved cash past all positions. Those facts are not folded again by later ones, but
    for a fee whose fill came after it, which takes the fee back here."""
    alone, found = Account(state.name), []
    for recorded in book.store.read(state.name, upto=state.number):
        before = dict(alone.cash)
        alone.evolve(recorded)
        changes = (
            (currency, subtract(amount, before.get(currency, ZERO)))
            for currency, amount in alone.cash.items()
        )
        postings = [
            posting
            for currency, change in changes
            if change
            for posting in cash_postings("external", currency, change)
        ]
        if postings:
            what = f"{recorded.event.TOPIC.partition('/')[0]} {recorded.key}"
            found.append(Told(recorded.occurred_at, ("", recorded.key), what, postings))
    yield from sorted(found, key=lambda told: (told.at, told.place))
