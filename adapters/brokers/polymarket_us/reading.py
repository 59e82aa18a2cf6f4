"""The answers of one account being read, kind by kind."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal

from adapters.brokers.polymarket_us import answers as told
from adapters.brokers.polymarket_us import cash, executions, retail, stated
from adapters.brokers.polymarket_us.chains import in_order, jumps
from adapters.brokers.polymarket_us.checks import execution_cash, position_units
from adapters.brokers.polymarket_us.executions import VENUE, contract, facts, fill, happened
from adapters.brokers.polymarket_us.scales import Scale, divided, power, scale_of
from adapters.gathering import Gathering
from adapters.port import AccountConfig, Batch, RawPage, StatedOrder
from adapters.rows import Row
from ledger.domain.events import FillBusted, StatedBalance
from ledger.domain.numbers import ONE, text
from ledger.errors import BadFileError, BadRowError

Read = Callable[[Row], None]
Stamp = tuple[datetime, Decimal]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Reading:
    """Every answer of one account; what it says is gathered."""

    def __init__(self, pages: Sequence[RawPage], config: AccountConfig) -> None:
        self._g = Gathering(pages, config)
        self._answers = told.answers(pages)
        self.account = self._whose()
        self._scales: dict[str, Scale] = {}
        self._settled: dict[str, tuple[datetime, Decimal]] = {}
        self._orders: dict[str, tuple[Stamp, StatedOrder]] = {}
        self._whole: Counter[str] = Counter()
        self._cash: list[Row] = []
        self._repeats: list[Row] = []
        self._units: list[Row] = []
        self._balances: list[StatedBalance] = []
        self._snapshots: dict[str, StatedBalance] = {}
        self._positions = stated.Newest()
        self._times: list[datetime] = []

    def read(self) -> None:
        """Definitions first, since ledgers and positions are in their scales."""
        readers: dict[str, Read] = {
            told.INSTRUMENTS: self._instrument, told.SETTLEMENT: self._settlement,
            told.EXECUTIONS: self._execution, told.TRADES: self._trade,
            told.ORDERS: self._order, told.OPEN_ORDERS: self._order,
            told.POSITION_LEDGER: self._position_entry, told.BALANCE_LEDGER: self._balance_entry,
            told.POSITIONS: self._position, told.POSITION_CHANGES: self._position_change,
            told.BALANCES: self._balance, told.BALANCE: stated.nameless,
            told.RETAIL: self._frame, told.LEDGER: self._nothing,
        }  # fmt: skip
        for kind, read in readers.items():
            for answer in self._answers:
                if answer.kind == kind:
                    self._g.file = answer.page
                    done = self._g.section(kind, answer.rows, self._of_ours(read))
                    self._whole[kind] += len(done) - len(answer.rows)
        self._conclude()

    def batch(self, *, parser: str, version: str) -> Batch:
        """Everything read. What is stated is a statement of its newest time, so that the same
        one in other pages is the same."""
        account, as_of = self._g.account(self.account), max(self._times, default=None)
        if as_of is not None:
            self._g.statement_id = f"{self.account}:{as_of.isoformat()}"
        return self._g.batch(venue=VENUE, account=account, parser=parser, version=version)

    # ------------------------------------------------------------------------- whose

    def _whose(self) -> str:
        """The account meant: the one configured, else the only one that rows name."""
        asked = self._g.config.venue_account
        named = told.accounts_in(self._rows()) or told.accounts_in(self._sides())
        if (asked is None and len(named) > 1) or (asked and named and asked not in named):
            held = ", ".join(named)
            raise BadFileError(f"answers of {held}; name one of them as the venue's account")
        return asked or (named[0] if named else "")

    def _rows(self) -> Iterator[Row]:
        """Rows that are ours to see; a trade names its other side too."""
        yield from (row for one in self._answers if one.kind != told.TRADES for row in one.rows)

    def _sides(self) -> Iterator[Row]:
        """The executions inside trades, of both sides as far as they are shown."""
        for one in self._answers:
            for row in one.rows if one.kind == told.TRADES else ():
                yield from executions.shown(row).values()

    def _of_ours(self, read: Read) -> Read:
        """Pass over what names another account."""

        def ours(row: Row) -> None:
            if told.account_of(row) in {"", self.account}:
                read(row)

        return ours

    # ------------------------------------------------------------------------- definitions

    def _instrument(self, row: Row) -> None:
        symbol = row.required("symbol")
        self._scales[symbol] = scale_of(row, "fractionalQtyScale")
        multiplier = row.decimal_or_none("multiplier")
        currency = row.text("settlementCurrency") or row.text("baseCurrency")
        known = contract(symbol, multiplier or ONE, currency or executions.CURRENCY)
        self._g.instruments[known.instrument_id] = known

    def _settlement(self, row: Row) -> None:
        """The newest record of a symbol stands. Zero is a price; without stats it is not final."""
        if not row.has("stats"):
            return
        stats, symbol = row.inner("stats"), row.required("symbol")
        if stats.flag("settlementPreliminary"):
            raise BadRowError("settlementPreliminary", "true", "not final")
        stats.required("settlementPx")
        px = divided(stats, "settlementPx", power(row, "priceScale"))
        at = stats.instant("settlementSetTime", UTC) if stats.has("settlementSetTime") else EPOCH
        last, known = self._settled.get(symbol, (at, px))
        if last == at and known != px:
            rule = "two prices of which none is the newer one"
            raise BadRowError("settlementPx", stats.text("settlementPx"), rule)
        self._settled[symbol] = max((last, known), (at, px))

    def _settled_at(self, symbol: str) -> Decimal | None:
        return self._settled[symbol][1] if symbol in self._settled else None

    # ------------------------------------------------------------------------- executions

    def _execution(self, row: Row) -> None:
        if executions.is_fill(row):
            booked = fill(row)
            self._known(row.inner("order"))
            self._g.record(row, booked, happened(row))
        if row.has("order"):
            self._order(row.inner("order"), happened(row))

    def _trade(self, row: Row) -> None:
        """Those of its two executions that are ours."""
        shown = [*executions.sides(row)]
        if not any(map(told.account_of, shown)):
            raise BadRowError("account", "", "neither side says whose it is")
        ours = [one for one in shown if told.account_of(one) == self.account]
        found = [(fact, happened(one)) for one in ours for fact in facts(row, one)]
        for one in ours:
            self._known(one.inner("order"))
        for fact, at in found:
            self._g.record(row, fact, at)

    def _known(self, order: Row) -> None:
        """The instrument of an order, and its scales."""
        symbol = order.required("symbol")
        self._g.define(contract(symbol))
        self._scales.setdefault(symbol, scale_of(order))

    def _order(self, row: Row, at: datetime | None = None) -> None:
        """The order as it was told last; in one instant, as it had filled most."""
        found = executions.order(row)
        if found is None:
            return
        self._known(row)
        stamp = (at or found.updated_at or EPOCH, found.cum_qty)
        if found.order_id not in self._orders or stamp >= self._orders[found.order_id][0]:
            self._orders[found.order_id] = (stamp, found)

    # ------------------------------------------------------------------------- ledgers

    def _balance_entry(self, row: Row) -> None:
        cash.step(row)
        self._cash.append(row)
        kind = cash.kind_of(row)
        if kind in cash.REPEATS or (kind == cash.CORRECTION and self._is_busted(row)):
            self._repeats.append(row)
        elif kind == cash.RESOLUTION:
            paid = cash.payout(row, self._settled_at(row.required("symbol")))
            if paid is not None:
                self._g.define(contract(row.required("symbol")))
                self._g.record(row, paid, row.instant("updateTime", UTC))
        elif kind == cash.CORRECTION and row.has("symbol"):
            rule = (
                "a correction of an instrument: it may repeat a bust, and is not booked by itself"
            )
            raise BadRowError("entryType", kind, rule)
        elif (moved := cash.movement(row, kind)) is not None:
            self._g.record(row, moved, row.instant("updateTime", UTC))

    def _is_busted(self, row: Row) -> bool:
        """Whether an execution of the entry's instrument is busted in these answers."""
        about = executions.instrument_id(row.text("symbol"))
        told_of = (one.event for one in self._g.records)
        return any(isinstance(e, FillBusted) and e.instrument_id == about for e in told_of)

    def _position_entry(self, row: Row) -> None:
        symbol = row.required("symbol")
        stated.step(row)
        self._units.append(row)
        if stated.is_worthless(row):
            is_zero = self._settled_at(symbol) == 0
            gone = stated.expiry(row, self._scales, is_zero)
            self._g.define(contract(symbol))
            self._g.record(row, gone, row.instant("updateTime", UTC))

    # ------------------------------------------------------------------------- stated

    def _position(self, row: Row) -> None:
        found = stated.position(row, self._scales)
        self._g.define(contract(row.required("symbol")))
        self._positions.note(found, self._stamp(row))

    def _stamp(self, row: Row) -> datetime | None:
        """When a row was so, if it says; the newest of them is the statement's time."""
        if not row.has("updateTime"):
            return None
        self._times.append(row.instant("updateTime", UTC))
        return self._times[-1]

    def _position_change(self, row: Row) -> None:
        self._of_ours(self._position)(row.inner("position"))

    def _balance(self, row: Row) -> None:
        held = stated.balance(row)
        self._stamp(row)
        self._balances.append(held)

    def _nothing(self, row: Row) -> None:
        """An empty ledger does not say which of the two it is."""

    def _frame(self, row: Row) -> None:
        """A stream tells its balances when it begins, and then each change of one."""
        name, inner = retail.payload(row)
        if name == "positionSubscription":
            found = retail.position(inner)
            self._g.define(contract(retail.slug(inner)))
            self._positions.note(found, self._stamp(inner))
        elif name == "accountBalancesUpdate":
            change = retail.entry(inner.inner("balanceChange"))
            self._snapshots.pop(change.text("currency"), None)
            self._balance_entry(change)
        else:
            for held in retail.held(inner):
                balance = stated.balance(held)
                self._stamp(held)
                self._snapshots[balance.currency] = balance

    # ------------------------------------------------------------------------- the end

    def _conclude(self) -> None:
        g = self._g
        g.missing += told.missing(self._answers)
        listed = {one.currency for one in self._balances}
        self._balances += [one for one in self._snapshots.values() if one.currency not in listed]
        self._chain_cash()
        self._chain_units()
        g.positions += self._positions.held()
        g.balances += self._balances
        g.orders += [order for _, (_, order) in sorted(self._orders.items())]
        g.lists_positions = self._lists(told.POSITIONS)
        g.lists_balances = self._lists(told.BALANCES)
        g.lists_orders = self._lists(told.OPEN_ORDERS)
        if g.sections & {told.EXECUTIONS, told.TRADES}:
            fills = [record.event for record in g.records]
            g.controls += execution_cash(fills, self._repeats) if self._cash else []
            g.controls += position_units(fills, self._units, self._scales)

    def _lists(self, kind: str) -> bool:
        """Whether an answer that lists all is here, whole and read."""
        is_here = kind in self._g.sections and f"the next page of {kind}" not in self._g.missing
        return is_here and not self._whole[kind]

    def _chain_cash(self) -> None:
        """Each currency's entries, one beginning where the other ended; the ends are stated."""
        rows = {row.text("id"): row for row in self._cash}
        for currency, held in _by(self._cash, "currency"):
            chain = in_order(map(cash.step, held))
            for step, (jump,) in jumps(chain):
                what = f"{text(jump)} {currency} moved before this entry, and no entry tells it"
                self._g.find(rows[step.id], what)
            self._times.append(chain[-1].at)
            if currency not in {one.currency for one in self._balances}:
                self._balances.append(stated.ends(currency, chain))

    def _chain_units(self) -> None:
        """Each symbol's entries; the last one states the position when no list does."""
        rows = {row.text("id"): row for row in self._units}
        for symbol, held in _by(self._units, "symbol"):
            chain = in_order(map(stated.step, held))
            for step, _ in jumps(chain):
                what = f"{symbol}: the entry does not begin where the one before ended"
                self._g.find(rows[step.id], what)
            self._times.append(chain[-1].at)
            if executions.instrument_id(symbol) not in self._positions:
                self._g.guarded(rows[chain[-1].id], self._position)


def _by(rows: Iterable[Row], name: str) -> list[tuple[str, list[Row]]]:
    """The rows by what they name there, in the order of the names."""
    found: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        found[row.text(name)].append(row)
    return sorted(found.items())
