"""Bybit v5: answers and websocket frames in JSON: ``parse(pages, config) -> Batch``.

Read are ``/v5/execution/list``, ``/v5/account/transaction-log``, ``/v5/order/realtime`` and
``history``, ``/v5/position/list``, ``/v5/account/wallet-balance``,
``/v5/market/instruments-info``, and the topics execution, order, position and wallet; in any
mixture, told apart by their shape. An execution and the log's row of it are one fill, whichever
comes first; funding likewise.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Final, TypeVar

from adapters.brokers.bybit import chain, log, pages, stated
from adapters.brokers.bybit.executions import execution
from adapters.brokers.bybit.instruments import VENUE, Told, category_of, told_coins
from adapters.brokers.bybit.pages import Answer
from adapters.gathering import Gathering
from adapters.port import AccountConfig, Batch, RawPage, StatedOrder
from adapters.rows import Row
from adapters.text import UNREADABLE, unix_instant
from ledger.domain.events import (
    Event,
    FundingPaid,
    Identity,
    StatedBalance,
    StatedPosition,
)
from ledger.domain.instruments import Instrument
from ledger.errors import BadFileError, BadRowError

__all__ = ["NAME", "VENUE", "VERSION", "parse"]

NAME: Final = "bybit"
VERSION: Final = "1"

T = TypeVar("T")
V = TypeVar("V")


def parse(pages: Sequence[RawPage], config: AccountConfig) -> Batch:
    """Read any of the venue's answers of one account; ``BadFileError`` refuses one as a whole."""
    report = _Report(Gathering(pages, config))
    report.read()
    gathered = report.gathered
    account = gathered.account()
    if gathered.covers_to:
        # The same wallet is one observation, whichever pages it came with.
        gathered.statement_id = f"{account}:{gathered.covers_to.isoformat()}"
    return gathered.batch(venue=VENUE, account=account, parser=NAME, version=VERSION)


class _Report:
    """The answers being read: those that define first, then what happened, then what is there."""

    def __init__(self, gathered: Gathering) -> None:
        self.gathered = gathered
        self._answers = [one for page in gathered.pages for one in pages.answers(page)]
        self._told: Told = {}
        self._funding: dict[tuple[str, datetime, str], str] = {}
        self._links: list[chain.Link] = []
        self._legs: dict[str, list[tuple[str, Row]]] = defaultdict(list)
        self._orders: dict[tuple[str, str], tuple[str, StatedOrder]] = {}
        self._positions: dict[tuple[str, str], tuple[str, StatedPosition]] = {}
        self._balances: dict[str, tuple[str, StatedBalance]] = {}

    def read(self) -> None:
        """Read every answer, each kind whatever the order of the pages."""
        if not self._answers:
            raise BadFileError("there is no answer to read: give at least one page")
        self.gathered.missing += pages.missing(self._answers)
        readers = {
            pages.EMPTY: self._nothing,
            pages.INSTRUMENTS: self._instruments,
            pages.EXECUTIONS: self._executions,
            pages.LOG: self._log,
            pages.ORDERS: self._stated_orders,
            pages.POSITIONS: self._stated_positions,
            pages.WALLET: self._wallet,
        }
        for kind, reader in readers.items():
            pages.of_kind(self._answers, kind, reader)
        self._pairs()
        self._chain()
        self._state()

    def _nothing(self, answer: Answer) -> None:
        self.gathered.sections.add(pages.EMPTY)

    def _instruments(self, answer: Answer) -> None:
        self.gathered.file = answer.file
        coins = self.gathered.section(
            answer.kind, answer.rows, lambda row: told_coins(row, answer.category)
        )
        self._told.update(coins)

    def _executions(self, answer: Answer) -> None:
        def read(row: Row) -> None:
            category = category_of(row, answer.category)
            defined, event = execution(row, category, self._told)
            self._book(row, defined, event, row.millis("execTime"))

        self.gathered.file = answer.file
        self.gathered.section(answer.kind, answer.rows, read)

    def _log(self, answer: Answer) -> None:
        def read(row: Row) -> None:
            at = row.millis("transactionTime")
            self._links.append(chain.link(row, answer.file))
            for said in filter(None, (log.check_row(row), log.session_result(row))):
                self.gathered.find(row, said)
            if log.is_pair(row):
                self._legs[row.required("tradeId")].append((answer.file, row))
                return
            defined, event = log.entry(row, self._told, self.gathered.ids)
            self._book(row, defined, event, at)

        self.gathered.file = answer.file
        self.gathered.section(answer.kind, self._unseen(answer.rows), read)

    def _unseen(self, rows: Sequence[Row]) -> list[Row]:
        """The log's rows but those that another page had, to the letter."""
        seen = {link.row.digest for link in self._links}
        return [row for row in rows if row.digest not in seen]

    def _pairs(self) -> None:
        """The log's spot trades: both rows together, unless the execution itself is here."""
        for trade_id, legs in self._legs.items():
            known = self.gathered.knows(Identity(VENUE, "spot", "fill", trade_id))
            rows = [row for _, row in legs]
            self.gathered.file, first = legs[0]
            try:
                defined, fill = log.spot_trade(rows, self._told)
                self._book(first, defined, fill, first.millis("transactionTime"))
            except UNREADABLE as error:
                if not known:
                    self.gathered.set_aside(first, error)

    def _book(self, row: Row, defined: Instrument | None, event: Event, at: datetime) -> None:
        """Record a fact, unless the same one is here already; another telling of a known one is
        left to ingest, which keeps the first and says what differs."""
        if isinstance(event, FundingPaid):
            self._refuse_other_id(row, event, at)
        if defined is not None:
            self.gathered.define(defined)
        self.gathered.record_once(row, event, at)

    def _refuse_other_id(self, row: Row, paid: FundingPaid, at: datetime) -> None:
        """Funding of one side, told at one time by two channels under two ids, counts once."""
        place = (paid.instrument_id, at, row.text("side"))
        known = self._funding.setdefault(place, paid.id)
        if known != paid.id:
            rule = f"the funding of that time is told already, as {known}"
            raise BadRowError("tradeId", paid.id, rule)

    def _stated_orders(self, answer: Answer) -> None:
        def read(row: Row) -> None:
            category = category_of(row, answer.category)
            defined, order = stated.order(row, category, self._told)
            self.gathered.define(defined)
            _keep(self._orders, (defined.instrument_id, order.order_id), _time(answer, row), order)

        self.gathered.file = answer.file
        self.gathered.section(answer.kind, answer.rows, read)

    def _stated_positions(self, answer: Answer) -> None:
        def read(row: Row) -> None:
            category = category_of(row, answer.category)
            defined, held = stated.position(row, category, self._told)
            self.gathered.define(defined)
            leg = (defined.instrument_id, row.text("positionIdx"))
            _keep(self._positions, leg, _time(answer, row), held)

        self._as_of(answer)
        self.gathered.section(answer.kind, answer.rows, read)

    def _wallet(self, answer: Answer) -> None:
        def read(row: Row) -> None:
            held = stated.balance(row)
            _keep(self._balances, held.currency, _time(answer, row), held)

        self._as_of(answer)
        self.gathered.sections.add(answer.kind)
        for account in answer.rows:
            for coins in self.gathered.guarded(account, lambda row: list(row.rows("coin"))):
                self.gathered.section(answer.kind, coins, read)

    def _as_of(self, answer: Answer) -> None:
        """What is stated is as of the answer's own time, of several the latest."""
        self.gathered.file = answer.file
        try:
            at = unix_instant("time", answer.told_at, per_second=1000)
        except UNREADABLE as error:
            raise BadFileError(f"{answer.file} does not say when it was told: {error}") from None
        before = self.gathered.covers_to
        self.gathered.covers_to = at if before is None else max(before, at)

    def _chain(self) -> None:
        controls, breaks = chain.walk(self._links)
        self.gathered.controls += controls
        for found in breaks:
            self.gathered.file = found.link.file
            self.gathered.find(found.link.row, found.what)

    def _state(self) -> None:
        self.gathered.orders += [order for _, order in self._orders.values()]
        self.gathered.positions += [held for _, held in self._positions.values()]
        self.gathered.balances += [held for _, held in self._balances.values()]


def _time(answer: Answer, row: Row) -> str:
    """When this was so, as text that sorts: the row's own time, else the answer's."""
    return (row.text("updatedTime") or answer.told_at).zfill(20)


def _keep(held: dict[T, tuple[str, V]], key: T, at: str, value: V) -> None:
    """Keep the latest of what is stated of one thing, of equal times the one told last."""
    if key not in held or held[key][0] <= at:
        held[key] = (at, value)
