"""Alpaca: answers of the Trading and Broker APIs as JSON: ``parse(pages, config) -> Batch``.

Account activities are the book of record: fills, fees, dividends, interest, money and units moved.
The events of trades and of activities tell the same under the same ids, and busts and corrections
besides. Orders, open positions and the account's cash are observations. Each answer is known by
its shape, so that any mixture of pages can be read together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

from adapters.brokers.alpaca import pages as kinds
from adapters.brokers.alpaca.cash import MAKERS, cash
from adapters.brokers.alpaca.instruments import USD, VENUE
from adapters.brokers.alpaca.pages import Held, held, missing
from adapters.brokers.alpaca.stated import balance, order, position, with_legs
from adapters.brokers.alpaca.told import TRADES, begins, require_no_swap, told
from adapters.brokers.alpaca.trades import AMENDED, FILLS, Trades
from adapters.brokers.alpaca.units import OPTIONS, SPINS, SPLITS, TRANSFERS, move_units, split_legs
from adapters.brokers.alpaca.whose import Whose, text_of
from adapters.gathering import Gathering
from adapters.port import AccountConfig, Batch, RawPage, StatedOrder
from adapters.rows import Row
from adapters.sharing import taken
from adapters.text import UNREADABLE
from ledger.errors import BadRowError

__all__ = ["NAME", "VENUE", "VERSION", "parse"]

NAME = "alpaca"
VERSION = "1"

UNITS: Final = frozenset({*OPTIONS, *SPINS, *SPLITS, *TRANSFERS, "NC"})
BOOKED: Final = frozenset({"executed", "correct", "canceled"})
"""``correct`` was put right by hand before it was booked, and is as good as ``executed``."""

# What becomes of an order, which the order beside it states.
ORDER_EVENTS: Final = frozenset(
    {
        "accepted", "pending_new", "new", "canceled", "expired", "done_for_day", "replaced",
        "rejected", "held", "stopped", "pending_cancel", "pending_replace", "calculated",
        "suspended", "order_replace_rejected", "order_cancel_rejected", "restated",
    }
)  # fmt: skip
PASSED: Final = (kinds.JOURNALS, kinds.ANNOUNCED, kinds.OTHER)
"""Rows that repeat activities, or say nothing of the account's money and units."""

_MOVES: Final = (kinds.ACTIVITIES, kinds.ENTRIES, kinds.ACTIVITY_EVENTS)


def parse(pages: Sequence[RawPage], config: AccountConfig) -> Batch:
    """Read answers about one account; ``BadFileError`` refuses a page as a whole."""
    read = [held(page) for page in pages]
    gathering, whose = Gathering(pages, config), Whose(read, config)
    reader = _Reader(gathering, whose, read)
    gathering.missing += missing(read)
    for one in read:
        gathering.file = one.page.name
        reader.read(one)
    return gathering.batch(
        venue=VENUE, account=gathering.account(*whose.names), parser=NAME, version=VERSION
    )


class _Reader:
    """Reads the rows of one account, each by what it is."""

    def __init__(self, gathering: Gathering, whose: Whose, read: Sequence[Held]) -> None:
        self._gathering = gathering
        self._whose = whose
        orders = [row for one in read for row in one.of(kinds.ORDERS)]
        self._trades = Trades(
            gathering, {text_of(row, "id"): text_of(row, "client_order_id") for row in orders}
        )
        moves = [row for one in read for row in one.of(*_MOVES) if whose.owns(row)]
        self._legs = split_legs(_activities(moves))
        self._places: dict[str, int] = {}
        self._readers: Mapping[str, Callable[[Row], None]] = {
            **dict.fromkeys(_MOVES, self._move),
            kinds.TRADE_EVENTS: self._trade_event,
            kinds.ORDERS: self._order,
            kinds.POSITIONS: self._position,
            kinds.ACCOUNT: self._balance,
            kinds.COMMANDS: self._command,
            **dict.fromkeys(PASSED, _pass),
            kinds.UNKNOWN: _refuse,
        }

    def read(self, one: Held) -> None:
        """Read a page's rows, which it gives up; what could not be read is in the quarantine."""
        count, rows = len(one.rows), one.taken()
        for kind, read in self._readers.items():
            if kind in rows:
                own = (row for row in taken(rows[kind]) if self._is_own(kind, row))
                done = self._gathering.section(kind or "unknown", own, read)
                if kind == kinds.POSITIONS and one.is_list and len(done) == count:
                    self._gathering.lists_positions = True

    def _is_own(self, kind: str, row: Row) -> bool:
        return self._whose.states(row) if kind == kinds.ACCOUNT else self._whose.owns(row)

    def _move(self, row: Row) -> None:
        activity = told(row)
        kind, status = activity.required("activity_type"), activity.text("status")
        if status and status not in BOOKED:
            raise BadRowError("status", status, "not executed: it comes again when it is")
        if kind in TRADES:
            self._trade(row, activity)
            return
        if activity.text("previous_id"):
            rule = "it corrects or cancels an earlier activity: see what became of that by hand"
            raise BadRowError("previous_id", activity.text("previous_id"), rule)
        require_no_swap(activity)
        if kind in UNITS:
            move_units(self._gathering, row, activity, self._legs)
            return
        if kind not in MAKERS:
            raise BadRowError("activity_type", kind, "not booked by this adapter: enter it by hand")
        at = begins(activity)
        for event in cash(self._gathering, activity):
            self._gathering.record(row, event, at)

    def _trade(self, row: Row, trade: Row) -> None:
        if trade.text("status") == "canceled":
            rule = "a cancelled execution that no bust names: if it was booked, undo it by hand"
            raise BadRowError("status", "canceled", rule)
        self._trades.read(row, trade)

    def _trade_event(self, row: Row) -> None:
        event, stated = row.required("event"), row.inner("order")
        if event in FILLS | AMENDED:
            self._trades.read(row, told(row), again=True)
        elif event not in ORDER_EVENTS:
            raise BadRowError("event", event, "unknown: not booked until it is known")
        if stated.has("qty"):
            self._order(stated)

    def _order(self, row: Row) -> None:
        """State an order and its legs; one that cannot be read is set aside by itself."""
        for one in list(with_legs(row)):
            self._gathering.guarded(one, self._state)

    def _state(self, row: Row) -> None:
        defined, stated = order(row)
        self._gathering.define(defined)
        orders = self._gathering.orders
        place = self._places.setdefault(stated.order_id, len(orders))
        if place == len(orders):
            orders.append(stated)
        elif _updated(stated) > _updated(orders[place]):
            orders[place] = stated

    def _position(self, row: Row) -> None:
        defined, stated = position(row)
        self._gathering.define(defined)
        if stated not in self._gathering.positions:
            self._gathering.positions.append(stated)

    def _balance(self, row: Row) -> None:
        stated = balance(row)
        if stated.currency != USD:
            self._gathering.find(row, "the account is not in USD, in which activities are booked")
        if stated not in self._gathering.balances:
            self._gathering.balances.append(stated)

    def _command(self, row: Row) -> None:
        """What one order of many came to: the order, or why it was refused."""
        status = row.required("status")
        if not status.startswith("2"):
            body = row.values.get("body")
            why = body.get("message") if isinstance(body, dict) else ""
            raise BadRowError("status", status, f"the request was refused: {why!s:.200}")
        if row.values.get("body"):
            self._order(row.inner("body"))


def _activities(rows: Iterable[Row]) -> Iterator[Row]:
    """The rows as activities; one that cannot be told so is set aside when it is read."""
    for row in rows:
        try:
            yield told(row)
        except UNREADABLE:
            continue


def _updated(stated: StatedOrder) -> tuple[bool, datetime | None]:
    """To tell the later of two states of an order; one without a time is the earlier."""
    return stated.updated_at is not None, stated.updated_at


def _pass(_: Row) -> None:
    """The row repeats an activity, or moves nothing."""


def _refuse(row: Row) -> None:
    raise BadRowError("row", row.raw[:200], "its shape is none of Alpaca's that is known")
