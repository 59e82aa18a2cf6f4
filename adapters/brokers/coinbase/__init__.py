"""Coinbase Advanced: answers of ``/api/v3/brokerage`` as JSON: ``parse(pages, config) -> Batch``.

Fills are facts. Orders, accounts, futures positions and their cash are observations. Each answer is
known by the name of its list, so that any mixture of pages can be read together. Deposits and
withdrawals are in none of these answers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import partial

from adapters.brokers.coinbase import pages as kinds
from adapters.brokers.coinbase.fills import Fills
from adapters.brokers.coinbase.instruments import VENUE, contract_sizes
from adapters.brokers.coinbase.pages import Held, held, missing
from adapters.brokers.coinbase.stated import (
    Money,
    account,
    order,
    position,
    streamed_order,
    summary,
    sums,
)
from adapters.gathering import Gathering
from adapters.port import AccountConfig, Batch, Control, RawPage, StatedOrder
from adapters.rows import Row
from ledger.domain.events import StatedBalance
from ledger.domain.instruments import Instrument
from ledger.domain.numbers import add
from ledger.errors import BadFileError

__all__ = ["NAME", "VENUE", "VERSION", "parse"]

NAME = "coinbase"
VERSION = "1"


def parse(pages: Sequence[RawPage], config: AccountConfig) -> Batch:
    """Read answers about one portfolio; ``BadFileError`` refuses a page as a whole."""
    read = [held(page) for page in pages]
    gathering, portfolio = Gathering(pages, config), _portfolio(read, config)
    reader = _Reader(gathering, read, portfolio)
    for one in read:
        gathering.file = one.page.name
        reader.read(one)
    gathering.missing += missing(read)
    reader.state_balances()
    return gathering.batch(
        venue=VENUE, account=gathering.account(portfolio), parser=NAME, version=VERSION
    )


def _portfolio(read: Sequence[Held], config: AccountConfig) -> str:
    """The portfolio asked for, or the only one that is named."""
    named = {_text(row, "retail_portfolio_id") for one in read for row in one.rows} - {""}
    asked = config.venue_account
    if (asked is None and len(named) > 1) or (asked is not None and named and asked not in named):
        said = f"not of {asked}" if asked else "which one is not said"
        listed = ", ".join(sorted(named))[:400]
        raise BadFileError(
            f"the answers are of {listed}, {said}; name one of them as the venue's account"
        )
    return asked or next(iter(named), "")


def _text(row: Row, name: str) -> str:
    value = row.values.get(name)
    return value if isinstance(value, str) else ""


class _Reader:
    """Reads the pages of one portfolio, each by its kind."""

    def __init__(self, gathering: Gathering, read: Sequence[Held], portfolio: str) -> None:
        self._gathering = gathering
        self._portfolio = portfolio
        rows = {kind: [row for one in read if one.kind == kind for row in self._own(one)]
                for kind in {one.kind for one in read}}  # fmt: skip
        sized = [*rows.get(kinds.POSITIONS, ()), *rows.get(kinds.PRODUCTS, ())]
        self._sizes = contract_sizes(sized)
        orders = [*rows.get(kinds.ORDERS, ()), *rows.get(kinds.STREAMED, ())]
        clients = {_text(row, "order_id"): _text(row, "client_order_id") for row in orders}
        self._fills = Fills(gathering, rows.get(kinds.FILLS, ()), self._sizes, clients)
        self._places: dict[str, int] = {}
        self._accounts: dict[str, Money] = {}
        self._futures: list[tuple[Money, Money]] = []
        self._is_whole = any(one.kind == kinds.ACCOUNTS and one.is_list for one in read)
        self._readers: Mapping[str, Callable[[Row], None]] = {
            kinds.FILLS: self._fills.read,
            kinds.ORDERS: partial(self._order, order),
            kinds.STREAMED: partial(self._order, streamed_order),
            kinds.ACCOUNTS: self._account,
            kinds.POSITIONS: self._position,
            kinds.SUMMARY: self._summary,
            kinds.PRODUCTS: lambda row: None,
        }

    def read(self, one: Held) -> None:
        """Read a page's rows; what could not be read is in the quarantine."""
        rows = self._own(one)
        done = self._gathering.section(one.kind, rows, self._readers[one.kind])
        if one.kind == kinds.ACCOUNTS:
            self._is_whole &= len(done) == len(rows)

    def state_balances(self) -> None:
        """One balance a currency, once all pages are read. Cash with the futures broker is added
        to that of the wallet, which alone the accounts have."""
        amounts = list(self._accounts.values())
        for whole, futures in self._futures[-1:]:
            amounts.append(futures if amounts else whole)
        stated = [StatedBalance(currency=c, ending=a) for c, a in sorted(sums(amounts).items())]
        self._gathering.balances += stated
        self._gathering.lists_balances = self._is_whole and not self._gathering.missing

    def _own(self, one: Held) -> list[Row]:
        """The rows of this portfolio; one that names none is."""
        named = ((row, _text(row, "retail_portfolio_id")) for row in one.rows)
        return [row for row, name in named if name in {"", self._portfolio}]

    def _order(self, reader: Callable[..., tuple[Instrument, StatedOrder]], row: Row) -> None:
        """State an order; of several states of one the one that got furthest stands."""
        defined, stated = reader(row, self._sizes)
        self._gathering.define(defined)
        orders = self._gathering.orders
        place = self._places.setdefault(stated.order_id, len(orders))
        if place == len(orders):
            orders.append(stated)
        elif _further(stated) > _further(orders[place]):
            orders[place] = stated

    def _position(self, row: Row) -> None:
        defined, stated = position(row, self._sizes)
        self._gathering.define(defined)
        if stated not in self._gathering.positions:
            self._gathering.positions.append(stated)

    def _account(self, row: Row) -> None:
        self._accounts[row.required("uuid")] = account(row)

    def _summary(self, row: Row) -> None:
        """The cash of futures; the whole must be its two parts."""
        whole, spot, futures = summary(row)
        self._futures.append((whole, futures))
        self._gathering.controls.append(
            Control(
                name="total_usd_balance",
                currency=whole[0],
                stated=whole[1],
                rows=add(spot[1], futures[1]),
            )
        )


def _further(stated: StatedOrder) -> tuple[bool, Decimal]:
    """How far an order is: closed behind open, then by what was filled."""
    return not stated.is_open, stated.cum_qty
