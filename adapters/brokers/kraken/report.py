"""The answers of one account being read: pairs and ledger first, since trades are read by them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import cached_property
from typing import Final, TypeVar

from adapters.brokers.kraken import futures, stated
from adapters.brokers.kraken.assets import Pairs
from adapters.brokers.kraken.entries import Entry, chains, entry, happened
from adapters.brokers.kraken.fills import (
    EXCHANGES,
    first_of,
    is_on_margin,
    legs_of,
    margin_difference,
    of_legs,
    of_trade,
    with_ledger,
)
from adapters.brokers.kraken.money import carried, movements
from adapters.brokers.kraken.pages import EMPTY, Answer
from adapters.gathering import Gathering
from adapters.port import StatedOrder
from adapters.rows import Row
from adapters.sharing import taken
from adapters.text import UNREADABLE
from ledger.domain.events import CashEvent, FillBooked
from ledger.errors import BadFileError, BadRowError

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MARGIN: Final = frozenset({"margin", "margin trade"})
SPOT_POSITIONS: Final = "OpenPositions"
FUTURES_POSITIONS: Final = "futures openPositions"

T = TypeVar("T")


class Report:
    """Gathers what the answers say; ``close`` books what only the whole tells."""

    def __init__(self, gathered: Gathering) -> None:
        self._gathered = gathered
        gathered.cost = stated.COST
        self._pairs = Pairs()
        self._entries: dict[str, Entry] = {}
        self._pending: list[Entry] = []
        self._traded: set[str] = set()
        self._on_margin: set[str] = set()
        self._orders: dict[str, StatedOrder] = {}
        self._seen: dict[str, set[str]] = defaultdict(set)
        self._told: dict[str, int] = {}
        self._whole: dict[str, bool] = {}
        self._positions: dict[str, list[stated.Held]] = {}
        self._readers: dict[str, Callable[[Answer], None]] = {
            "AssetPairs": self._read_pairs,
            "Ledgers": self._read_ledger,
            "QueryLedgers": self._read_ledger,
            "ledgers.csv": self._read_ledger,
            "TradesHistory": self._read_trades,
            "QueryTrades": self._read_trades,
            "trades.csv": self._read_trades,
            "Balance": self._read_balances,
            "BalanceEx": self._read_balances,
            SPOT_POSITIONS: self._read_margin,
            "OpenOrders": self._read_orders,
            "ClosedOrders": self._read_orders,
            "QueryOrders": self._read_orders,
            "futures fills": self._read_fills,
            FUTURES_POSITIONS: self._read_positions,
            "futures orderEvents": self._read_events,
            EMPTY: self._read_nothing,
        }

    def order(self, kind: str) -> int:
        """The place of a kind of answer among the others."""
        return list(self._readers).index(kind)

    def read(self, one: Answer) -> None:
        """Read one answer; the ledger's rows wait for the trades."""
        self._gathered.file = one.file
        if one.announced is not None:
            self._told[one.kind] = max(one.announced, self._told.get(one.kind, 0))
            self._seen[one.kind] |= {str(row.values["txid"]) for row in one.rows}
        self._readers[one.kind](one)
        if one.is_open_ended:
            self._gathered.missing.append(f"{one.file} does not end with a line end: it may be cut")

    def close(self) -> None:
        """Book the ledger rows that are no trade's, and say what is not here."""
        for group in self._exchanges():
            self._exchange(group)
        for one in self._entries.values():
            if one.kind not in EXCHANGES and not (
                one.kind in MARGIN and one.refid in self._on_margin
            ):
                self._booked(one, movements)
        for one in self._pending:
            self._announced(one)
        self._check_chains()
        gathered = self._gathered
        gathered.orders += self._orders.values()
        for kind, held in self._positions.items():
            gathered.positions += _sums(kind, stated.summed(held))
        self._say_what_is_whole()

    # ------------------------------------------------------------------------ ledger and trades

    def _read_pairs(self, one: Answer) -> None:
        self._gathered.section(one.kind, one.rows, self._pairs.learn)

    def _read_ledger(self, one: Answer) -> None:
        rows = taken(one.rows)
        for found in self._gathered.section(one.kind, rows, lambda row: entry(row, one.file)):
            if found.is_pending:
                self._pending.append(found)
            elif not self._entries.setdefault(found.txid, found).tells_the_same(found):
                what = f"ledger row {found.txid} is here twice with other content; the first stands"
                self._gathered.find(found.row, what)

    def _read_trades(self, one: Answer) -> None:
        self._gathered.section(one.kind, taken(one.rows), self._trade)

    def _trade(self, row: Row) -> None:
        pair, is_margin = self._pairs.of(row), is_on_margin(row)
        defined, fill = of_trade(row, pair, is_margin)
        at, rows = happened(row), self._by_refid.get(fill.exec_id, [])
        exchanged = [one for one in rows if one.kind in EXCHANGES]
        if is_margin:
            self._compare_margin(row, fill, rows)
        elif exchanged:
            fill = self._with_ledger(row, fill, with_ledger(fill, pair, legs_of(exchanged)))
        self._gathered.define(defined)
        self._gathered.record(row, fill, at)
        self._traded.add(fill.exec_id)

    def _with_ledger(self, row: Row, fill: FillBooked, made: FillBooked | str) -> FillBooked:
        """The fill that the ledger made of it, or the trade's own where that contradicts it."""
        if isinstance(made, str):
            self._gathered.find(row, made)
            return fill
        return made

    def _compare_margin(self, row: Row, fill: FillBooked, rows: list[Entry]) -> None:
        """The result and the fee of a margin trade stand in the ledger again."""
        self._on_margin.add(fill.exec_id)
        if any(one.kind in EXCHANGES for one in rows):
            self._gathered.find(row, "booked as a trade on margin, its ledger rows exchange coins")
        what = margin_difference(fill, [one for one in rows if one.kind in MARGIN])
        if what:
            self._gathered.find(row, what)

    @cached_property
    def _by_refid(self) -> dict[str, list[Entry]]:
        """The ledger's rows by what they refer to, once all of them are read."""
        found: dict[str, list[Entry]] = defaultdict(list)
        for one in self._entries.values():
            found[one.refid].append(one)
        return found

    def _exchanges(self) -> Iterator[list[Entry]]:
        """The rows of each exchange that no trade here tells of."""
        groups: dict[str, list[Entry]] = defaultdict(list)
        for one in self._entries.values():
            if one.kind in EXCHANGES and one.refid not in self._traded:
                groups[one.refid or one.txid].append(one)
        yield from groups.values()

    def _exchange(self, group: list[Entry]) -> None:
        """A fill, or, where every coin only went to another wallet, what each row moved."""
        legs, first = legs_of(group), first_of(group)
        if not legs.coins:
            for one in group:
                self._booked(one, carried)
            return
        try:
            defined, fill = of_legs(first.refid, legs)
        except UNREADABLE as error:
            for one in group:
                self._gathered.file = one.file
                self._gathered.set_aside(one.row, error)
            return
        self._gathered.define(defined)
        self._gathered.record(first.row, fill, first.at)

    def _booked(self, one: Entry, told: Callable[[Entry], Iterator[CashEvent]]) -> None:
        self._gathered.file = one.file
        for events in self._gathered.guarded(one.row, lambda _: list(told(one))):
            for event in events:
                self._gathered.record(one.row, event, one.at)

    def _announced(self, one: Entry) -> None:
        """A pending row: passed over when the complete one is here, else set aside."""
        complete = self._by_refid.get(one.refid, []) if one.refid else []
        if any((e.coin, e.amount) == (one.coin, one.amount) for e in complete):
            return
        rule = "pending: it is complete, and booked, when it comes with an id and a balance"
        self._gathered.file = one.file
        self._gathered.set_aside(one.row, BadRowError("txid", "", rule))

    def _check_chains(self) -> None:
        for chain in chains(self._entries.values()):
            self._gathered.controls.append(chain.control())
            for one, what in chain.breaks():
                self._gathered.file = one.file
                self._gathered.find(one.row, what)

    # ------------------------------------------------------------------------------ what is there

    def _read_balances(self, one: Answer) -> None:
        """The answer that is handed over last stands."""
        rows = [Row({"asset": r.values.get("txid"), **r.values}, r.where) for r in one.rows]
        found = self._gathered.section(one.kind, rows, stated.held)
        self._gathered.balances = _sums(one.kind, stated.balances(found))
        self._gathered.lists_balances = len(found) == len(rows)

    def _read_margin(self, one: Answer) -> None:
        self._hold(one, lambda row: stated.open_position(row, self._pairs))

    def _read_positions(self, one: Answer) -> None:
        self._hold(one, futures.position)

    def _hold(self, one: Answer, read: Callable[[Row], stated.Held]) -> None:
        """The answer of a kind that is handed over last stands."""
        found = self._gathered.section(one.kind, one.rows, read)
        self._positions[one.kind] = found
        self._whole[one.kind] = len(found) == len(one.rows)
        for defined, _ in found:
            self._gathered.define(defined)

    def _read_orders(self, one: Answer) -> None:
        found = self._gathered.section(one.kind, one.rows, lambda r: stated.order(r, self._pairs))
        if one.kind == "OpenOrders":
            self._gathered.lists_orders = len(found) == len(one.rows)
        self._latest(found)

    def _read_fills(self, one: Answer) -> None:
        self._gathered.section(one.kind, taken(one.rows), self._fill)

    def _fill(self, row: Row) -> None:
        defined, fill = futures.fill(row)
        at = row.millis("time") if row.has("time") else happened(row, "fillTime")
        self._gathered.define(defined)
        self._gathered.record(row, fill, at)

    def _read_events(self, one: Answer) -> None:
        self._latest(self._gathered.section(one.kind, one.rows, futures.order))

    def _latest(self, found: list[StatedOrder]) -> None:
        """Of an order that is told twice, the later state; a closed one is never open again."""
        for one in found:
            known = self._orders.get(one.order_id)
            if known is None or _rank(known) <= _rank(one):
                self._orders[one.order_id] = one

    def _read_nothing(self, one: Answer) -> None:
        """An empty result: of which call is not told, so that it says nothing of any."""
        self._gathered.section(one.kind, [], self._fill)

    def _say_what_is_whole(self) -> None:
        """Spot and futures are wallets apart: a list is whole when each wallet here has its own."""
        gathered = self._gathered
        is_futures = any(name.startswith("futures") for name in gathered.sections)
        is_spot = any(not name.startswith("futures") for name in gathered.sections)
        lists = self._whole
        gathered.lists_positions = (
            bool(lists)
            and (not is_spot or lists.get(SPOT_POSITIONS, False))
            and (not is_futures or lists.get(FUTURES_POSITIONS, False))
        )
        gathered.lists_balances = gathered.lists_balances and not is_futures
        gathered.lists_orders = gathered.lists_orders and not is_futures
        for kind, count in sorted(self._told.items()):
            here = len(self._seen[kind])
            if here < count:
                gathered.missing.append(f"{kind}: {here} of {count} rows are here; fetch the rest")


def _sums(kind: str, sums: Iterator[T]) -> list[T]:
    """The sums of rows, each of which passed the gate; ``BadFileError`` for one that does not."""
    try:
        return list(sums)
    except UNREADABLE as error:
        raise BadFileError(f"the rows of {kind} do not add up: {error}; fetch it again") from None


def _rank(one: StatedOrder) -> tuple[bool, datetime]:
    return not one.is_open, one.updated_at or EPOCH
