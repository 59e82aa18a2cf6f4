"""ProjectX gateway (TopstepX and other firms): ``parse(pages, config) -> Batch``.

Reads the gateway's JSON answers, each known by the list it holds: ``trades``
(``/api/Trade/search``), ``orders``, ``positions`` (``/api/Position/searchOpen``), ``accounts`` and
``contracts`` (or ``contract``, by id). The gateway has no journal of cash: what is not a trade
shows only in an account's balance. All money is in US dollars, the currency of its accounts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

from adapters.brokers.projectx.contracts import VENUE, Contracts
from adapters.brokers.projectx.stated import balance, order, position
from adapters.brokers.projectx.trades import Trades
from adapters.gathering import Gathering
from adapters.json_page import Json, read_json
from adapters.port import AccountConfig, Batch, RawPage, StatedOrder
from adapters.rows import Row, rows_of
from ledger.errors import BadFileError, BadRowError

__all__ = ["NAME", "VENUE", "VERSION", "parse"]

NAME = "projectx"
VERSION = "1"

KINDS: Final = ("contracts", "trades", "orders", "positions", "accounts")
OWNED: Final = ("trades", "orders", "positions")

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

Answer = tuple[str, str, list[Row]]
"""A page's name, its kind and its rows."""


def parse(pages: Sequence[RawPage], config: AccountConfig) -> Batch:
    """Read answers of one account; ``BadFileError`` refuses them as a whole."""
    answers = [answer for page in pages for answer in _answers(page)]
    gathered, own = Gathering(pages, config), _account(answers, config)
    account, report = gathered.account(own), _Report(gathered, own)
    for kind in KINDS:
        for name, _, rows in (answer for answer in answers if answer[1] == kind):
            gathered.file = name
            report.readers[kind](rows)
    report.close()
    return gathered.batch(venue=VENUE, account=account, parser=NAME, version=VERSION)


def _answers(page: RawPage) -> Iterator[Answer]:
    """The lists of one page; ``BadFileError`` for an error's answer and for another document."""
    value = read_json(page)
    if not isinstance(value, dict):
        raise BadFileError(f"{page.name} is no answer of the gateway: it is not an object")
    if value.get("success") is not True or value.get("errorCode") not in (None, "0"):
        raise BadFileError(
            f"{page.name} is not the answer of a request that succeeded (errorCode "
            f"{value.get('errorCode')!r}, {str(value.get('errorMessage'))[:200]!r}); ask again"
        )
    held = {kind: value[kind] for kind in KINDS if kind in value}
    if "contract" in value:
        held["contracts"] = [value["contract"]]
    if not held:
        raise BadFileError(f"{page.name} holds none of {', '.join(KINDS)}; it is not used here")
    yield from ((page.name, kind, _rows(page.name, kind, rows)) for kind, rows in held.items())


def _rows(name: str, kind: str, values: Json) -> list[Row]:
    try:
        return rows_of(values, kind)
    except BadRowError as error:
        raise BadFileError(f"{name} cannot be read: {error}; fetch the page again") from None


def _account(answers: list[Answer], config: AccountConfig) -> str:
    """The account that is asked for, or the only one there is; "" when no row tells any."""
    owners = {_told(row, "accountId") for _, kind, rows in answers if kind in OWNED for row in rows}
    listed = {_told(row, "id") for _, kind, rows in answers if kind == "accounts" for row in rows}
    held = sorted((owners - {""}) or (listed - {""}))
    if config.venue_account is None and len(held) > 1:
        raise BadFileError(
            f"the answers are of {', '.join(held)}, which one is not said; "
            "name one of them as the venue's account"
        )
    return config.venue_account or "".join(held)


def _told(row: Row, name: str) -> str:
    value = row.values.get(name)
    return value if isinstance(value, str) else ""


class _Report:
    """The answers being read, for one account."""

    def __init__(self, gathered: Gathering, account: str) -> None:
        self._gathered = gathered
        self._account = account
        self._contracts = Contracts()
        self._trades = Trades(gathered, self._contracts)
        self._orders: dict[str, StatedOrder] = {}
        self.readers = {
            "contracts": self._read_contracts,
            "trades": self._read_trades,
            "orders": self._read_orders,
            "positions": self._read_positions,
            "accounts": self._read_accounts,
        }

    def close(self) -> None:
        """What only the whole tells: each order's latest state, the trades' own results."""
        self._gathered.orders += self._orders.values()
        self._gathered.controls += self._trades.controls()

    def _own(self, rows: list[Row]) -> list[Row]:
        """The rows of the account, and those that do not say whose they are."""
        return [row for row in rows if _told(row, "accountId") in {self._account, ""}]

    def _read_contracts(self, rows: list[Row]) -> None:
        self._gathered.section("contracts", rows, self._contracts.learn)

    def _read_trades(self, rows: list[Row]) -> None:
        self._gathered.section("trades", self._own(rows), self._trades.read)

    def _read_orders(self, rows: list[Row]) -> None:
        zone = self._gathered.config.zone
        own = self._own(rows)
        for one in self._gathered.section("orders", own, lambda r: order(r, self._contracts, zone)):
            known = self._orders.get(one.order_id)
            if known is None or _updated(known) <= _updated(one):
                self._orders[one.order_id] = one

    def _read_positions(self, rows: list[Row]) -> None:
        """Open positions; the last answer that is handed over stands."""
        gathered, own = self._gathered, self._own(rows)
        stated = gathered.section("positions", own, lambda r: position(r, self._contracts))
        gathered.positions = [one for _, one in stated]
        gathered.lists_positions = len(stated) == len(own)
        for defined, _ in stated:
            gathered.define(defined)

    def _read_accounts(self, rows: list[Row]) -> None:
        own = [row for row in rows if _told(row, "id") == self._account]
        gathered = self._gathered
        gathered.balances = gathered.section("accounts", own, balance)
        gathered.lists_balances = bool(own) and len(gathered.balances) == len(own)


def _updated(one: StatedOrder) -> datetime:
    return one.updated_at or EPOCH
