"""One report of Binance's being read, answer by answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from adapters.brokers.binance import events, fills, income, pages, stated
from adapters.brokers.binance.instruments import SPOT, VENUE, Told, market_of, told_terms
from adapters.brokers.binance.pages import Answer
from adapters.brokers.binance.standing import Standing
from adapters.gathering import Gathering
from adapters.rows import Row
from ledger.domain.events import Event, FillBooked, Identity
from ledger.domain.gates import changed
from ledger.domain.instruments import Instrument
from ledger.errors import BadFileError, BadRowError

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Reading:
    """The answers being read: those that define first, then orders, what happened, what is."""

    def __init__(self, gathered: Gathering) -> None:
        self._gathered = gathered
        self._answers = [one for page in gathered.pages for one in pages.answers(page)]
        self._told: Told = {}
        self._comparison = income.Comparison()
        self._clients: dict[tuple[str, str], str] = {}
        self._standing = Standing()
        self._lite: list[tuple[str, Row]] = []

    def read(self) -> None:
        """Read every answer, each kind whatever the order of the pages."""
        if not self._answers:
            raise BadFileError("there is no answer to read: give at least one page")
        self._gathered.missing += pages.missing(self._answers)
        readers: dict[str, Callable[[Answer], None]] = {
            pages.EMPTY: lambda answer: self._gathered.sections.add(answer.kind),
            pages.UNKNOWN: self._unknown,
            pages.INSTRUMENTS: self._instruments,
            pages.SPOT_ORDERS: lambda answer: self._orders(answer, is_spot=True),
            pages.ORDERS: lambda answer: self._orders(answer, is_spot=False),
            pages.EVENT: self._events,
            pages.SPOT_TRADES: self._spot_trades,
            pages.USER_TRADES: self._user_trades,
            pages.INCOME: self._income,
            pages.POSITIONS: self._risk,
            pages.BALANCES: self._balances,
            pages.SPOT_ACCOUNT: self._spot_account,
            pages.ACCOUNT: self._account,
        }
        for kind, reader in readers.items():
            for answer in self._answers:
                if answer.kind == kind:
                    self._gathered.file = answer.file
                    reader(answer)
        self._finish()

    def _finish(self) -> None:
        for file, row in self._lite:
            self._gathered.file = file
            scope = f"{market_of(row.text('s'))}:{row.text('s')}"
            if not self._gathered.knows(Identity(VENUE, scope, "fill", row.text("t"))):
                self._gathered.guarded(row, events.refuse_lite)
        self._gathered.controls += self._comparison.controls()
        for key, what in self._comparison.differing():
            self._gathered.file, row = self._comparison.rows[key]
            self._gathered.find(row, what)
        self._standing.tell(self._gathered)

    def _unknown(self, answer: Answer) -> None:
        def refuse(row: Row) -> None:
            raise BadRowError(row.where, ", ".join(row.values)[:200], "a row of no known kind")

        self._gathered.section(answer.kind, answer.rows, refuse)

    def _instruments(self, answer: Answer) -> None:
        for whole in answer.rows:
            for rows in self._gathered.guarded(whole, lambda row: list(row.rows("symbols"))):
                self._told.update(self._gathered.section(answer.kind, rows, told_terms))

    # ------------------------------------------------------------------------ what happened

    def _book(self, row: Row, defined: Instrument | None, event: Event, at: datetime) -> None:
        """Record a fact, unless the same one is here already; another telling of a known one is
        left to ingest, which keeps the first and says what differs."""
        if defined is not None:
            self._gathered.define(defined)
        if isinstance(event, FillBooked):
            client = self._clients.get((event.scope, event.order_id or ""))
            event = changed(event, cl_ord_id=client) if client else event
        self._gathered.record_once(row, event, at)

    def _spot_trades(self, answer: Answer) -> None:
        def read(row: Row) -> None:
            self._book(row, *fills.spot_trade(row, self._told), row.millis("time"))

        self._gathered.section(answer.kind, answer.rows, read)

    def _user_trades(self, answer: Answer) -> None:
        def read(row: Row) -> None:
            defined, fill = fills.user_trade(row, self._told)
            self._book(row, defined, fill, row.millis("time"))
            self._compare(defined, fill, row.decimal("realizedPnl"))
            if fills.is_odd_rebate(fill):
                self._gathered.find(row, "a rebate for a taker: see that it is none charged")

        self._gathered.section(answer.kind, answer.rows, read)

    def _compare(self, defined: Instrument, fill: FillBooked, result: Decimal) -> None:
        about = (defined.symbol, fill.exec_id)
        charged = [(fee.currency, fee.amount) for fee in fill.fees]
        self._comparison.trade(income.COMMISSION, *about, charged)
        self._comparison.trade(income.RESULT, *about, [(defined.currency, result)])

    def _income(self, answer: Answer) -> None:
        def read(row: Row) -> None:
            said = income.restated(row)
            if said is not None:
                self._comparison.income(said, answer.file, row)
                return
            defined, event = income.income(row, self._told, self._gathered.ids)
            self._book(row, defined, event, row.millis("time"))

        self._gathered.section(answer.kind, answer.rows, read)

    def _events(self, answer: Answer) -> None:
        readers: dict[str, Callable[[Row], None]] = {
            events.REPORT: lambda row: self._report(row, is_spot=True),
            events.UPDATE: lambda row: self._report(row.inner("o"), is_spot=False),
            events.ALGO: self._algo,
            events.LITE: self._trade_lite,
            events.ACCOUNT: self._account_update,
            events.WALLET: self._wallet,
            events.MOVED: self._moved,
        }

        def read(row: Row) -> None:
            kind = row.required("e")
            if kind not in events.KNOWN:
                raise BadRowError("e", kind, "unknown: not read until it is known")
            if kind in readers:
                readers[kind](row)

        for row in answer.rows:
            self._gathered.section(f"{answer.kind} {row.values['e']}"[:80], [row], read)

    def _report(self, row: Row, *, is_spot: bool) -> None:
        """An execution, if there is one, and the order's state after it."""
        if events.is_trade(row, is_spot=is_spot):
            defined, fill = fills.report(row, self._told, is_spot=is_spot)
            self._book(row, defined, fill, row.millis("T"))
            if not is_spot:
                self._compare(defined, fill, row.decimal("rp"))
        self._order(row, stated.REPORT if is_spot else stated.UPDATE, is_spot=is_spot)

    def _trade_lite(self, row: Row) -> None:
        for name in ("s", "t"):
            row.required(name)
        self._lite.append((self._gathered.file, row))

    def _moved(self, row: Row) -> None:
        self._book(row, None, events.moved(row, self._gathered.ids), row.millis("T"))

    # -------------------------------------------------------------------------- what is there

    def _orders(self, answer: Answer, *, is_spot: bool) -> None:
        def read(row: Row) -> None:
            self._order(row, stated.ORDER, is_spot=is_spot)

        self._gathered.section(answer.kind, answer.rows, read)
        for order in answer.rows:
            for held in self._gathered.guarded(order, lambda row: list(row.rows("fills"))):
                if held:
                    self._gathered.section(f"{answer.kind} fills", held, self._fill_of(order))

    def _fill_of(self, order: Row) -> Callable[[Row], None]:
        def read(row: Row) -> None:
            made = fills.order_fill(row, order, self._told)
            self._book(row, *made, order.millis("transactTime"))

        return read

    def _order(self, row: Row, names: stated.Names, *, is_spot: bool) -> None:
        defined, order = stated.order(row, names, self._told, is_spot=is_spot)
        self._gathered.define(defined)
        if order.cl_ord_id:
            market = market_of(defined.symbol, is_spot=is_spot)
            self._clients[f"{market}:{defined.symbol}", order.order_id] = order.cl_ord_id
        self._standing.order(order)

    def _algo(self, row: Row) -> None:
        at, inner = row.millis("T"), row.inner("o")
        names = stated.ALGO_ORDER
        defined, order = stated.order(inner, names, self._told, is_spot=False, algo=True)
        self._gathered.define(defined)
        self._standing.order(order, at)

    def _account_update(self, row: Row) -> None:
        at, inner = row.millis("T"), row.inner("a")
        for held in inner.rows("B"):
            self._standing.balance("futures", stated.futures_balance(held, "a", "wb"), at)
        for held in inner.rows("P"):
            self._position(held, ("s", "pa", "ps"), at)
        self._standing.told_at(at)

    def _wallet(self, row: Row) -> None:
        at = row.millis("u")
        for held in row.rows("B"):
            self._standing.balance(SPOT, stated.spot_balance(held, "a", "f", "l"), at)
        self._standing.told_at(at)

    def _risk(self, answer: Answer) -> None:
        self._positions(answer.kind, answer.rows)

    def _positions(self, kind: str, rows: Sequence[Row]) -> int:
        """How many of the rows were read."""
        names = ("symbol", "positionAmt", "positionSide")
        self._standing.untimed()
        return len(
            self._gathered.section(
                kind, rows, lambda row: self._position(row, names, _updated(row))
            )
        )

    def _position(self, row: Row, names: tuple[str, str, str], at: datetime) -> None:
        defined, held, book = stated.position(row, self._told, *names)
        self._gathered.define(defined)
        self._standing.position(book, held, at)

    def _balances(self, answer: Answer) -> None:
        def read(row: Row) -> None:
            held = stated.futures_balance(row, "asset", "balance")
            self._standing.balance("futures", held, _updated(row))

        self._standing.untimed()
        self._gathered.section(answer.kind, answer.rows, read)

    def _spot_account(self, answer: Answer) -> None:
        """The spot wallet, every asset of it."""

        def read(row: Row) -> None:
            held = stated.spot_balance(row, "asset", "free", "locked")
            self._standing.balance(SPOT, held, _EPOCH)

        self._standing.untimed()
        for whole in answer.rows:
            for rows in self._gathered.guarded(whole, lambda row: list(row.rows("balances"))):
                is_whole = len(self._gathered.section(answer.kind, rows, read)) == len(rows)
                self._gathered.lists_balances = is_whole

    def _account(self, answer: Answer) -> None:
        """A futures wallet: every asset and every position of it."""

        def read(row: Row) -> None:
            held = stated.futures_balance(row, "asset", "walletBalance")
            self._standing.balance("futures", held, _updated(row))

        self._standing.untimed()
        for whole in answer.rows:
            for assets in self._gathered.guarded(whole, lambda row: list(row.rows("assets"))):
                is_whole = len(self._gathered.section(answer.kind, assets, read)) == len(assets)
                self._gathered.lists_balances = is_whole
            for held in self._gathered.guarded(whole, lambda row: list(row.rows("positions"))):
                is_whole = self._positions(f"{answer.kind} positions", held) == len(held)
                self._gathered.lists_positions = is_whole


def _updated(row: Row) -> datetime:
    return row.millis("updateTime") if row.has("updateTime") else _EPOCH
