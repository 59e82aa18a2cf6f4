"""The same work with ``eventsourcing`` as its documentation has it: aggregates are got from an
application's repository, do their commands, and are saved. Once with all settings as they come,
once with the fastest that were found, once with all aggregates in memory for ever."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from itertools import islice
from pathlib import Path
from typing import ClassVar, Final, NamedTuple
from uuid import UUID

from eventsourcing.application import AggregateNotFoundError, Application, Repository
from eventsourcing.domain import Aggregate

from ledger.domain.events import (
    Fact,
    FeeCharged,
    FillBooked,
    FillBusted,
    FillCorrected,
    OrderAccepted,
    OrderCancelled,
    OrderPlaced,
    StopMoved,
)
from tests.benchmarks.figures import Spent, settled
from tests.benchmarks.stock_aggregates import ZERO, Order, Position

WHAT: Final = (
    "eventsourcing 9.5, settings as they come: repository.get of Order and Position, commands, "
    "Application.save"
)


class Stock:
    """A program in the pattern of the documentation. In one call each aggregate is got from the
    repository once, or made; all are saved together. A second program may write the same ones.

    What a bust or a correction says of a fill is looked up in memory, ``fills``, which grows with
    history: it saves this program a table of its own, or a larger aggregate. ``made`` are the ids
    that ``rebuild`` goes through.
    """

    settings: ClassVar[dict[str, str]] = {}

    def __init__(self, env: dict[str, str]) -> None:
        self.app: Application[UUID] = Application({**self.settings, **env})
        self.orders: dict[str, Order] = {}
        self.positions: dict[tuple[str, str], Position] = {}
        self.fills: dict[str, FillBooked] = {}
        self.made: list[UUID] = []
        self.facts = 0

    def record(self, facts: Iterable[Fact]) -> None:
        """Do what the facts say, and save all of it in one transaction."""
        changed: dict[UUID, Aggregate] = {}
        try:
            for fact in facts:
                self.facts += 1
                for one in self._apply(fact):
                    changed[one.id] = one
            self.app.save(*changed.values())
        except Exception:
            self._evict()
            raise
        finally:
            self._forget()

    def know(self, facts: Iterable[Fact]) -> None:
        """Facts that are in the store: amendments may name their fills; their positions are got
        once, so that the cache has them."""
        for fact in facts:
            if isinstance(fact.event, FillBooked):
                self.fills[fact.stream + fact.event.exec_id] = fact.event
                self._position(fact.stream, fact.event.instrument_id)
        self._forget()

    def rebuild(self) -> int:
        """Get every aggregate back from its events; how many facts they stand for."""
        get = Repository(self.app.events).get
        for one in self.made:
            get(one)
        return self.facts

    def _forget(self) -> None:
        """The next call gets its aggregates from the repository again."""
        self.orders.clear()
        self.positions.clear()

    def _evict(self) -> None:
        """Nothing was saved, so what was got is ahead of what is stored."""
        cache = self.app.repository.cache
        for one in (*self.orders.values(), *self.positions.values()):
            if cache is not None:
                with suppress(KeyError):
                    cache.get(one.id, evict=True)

    def _order(self, account: str, cl_ord_id: str) -> Order:
        found = self.orders.get(account + cl_ord_id)
        if found is None:
            found = self.app.repository.get(Order.create_id(account, cl_ord_id))
            self.orders[account + cl_ord_id] = found
        return found

    def _position(self, account: str, instrument_id: str) -> Position:
        key = (account, instrument_id)
        found = self.positions.get(key)
        if found is None:
            try:
                found = self.app.repository.get(Position.create_id(account, instrument_id))
            except AggregateNotFoundError:
                found = Position(account=account, instrument_id=instrument_id)
                self.made.append(found.id)
            self.positions[key] = found
        return found

    def _apply(self, fact: Fact) -> list[Aggregate]:
        account = fact.stream
        match fact.event:
            case OrderPlaced() as placed:
                return [self._place(account, placed)]
            case OrderAccepted() as accepted:
                order = self._order(account, accepted.cl_ord_id)
                order.accept(accepted.order_id)
                return [order]
            case StopMoved() as moved:
                order = self._order(account, moved.cl_ord_id)
                order.move_stop(moved.stop_px, moved.reason.value)
                return [order]
            case OrderCancelled() as cancelled:
                order = self._order(account, cancelled.cl_ord_id)
                order.cancel()
                return [order]
            case FillBooked() as fill:
                return self._fill(account, fill)
            case FeeCharged() as fee:
                position = self._position(account, fee.instrument_id or "")
                position.charge(fee.id, fee.exec_id or "", fee.amount, fee.currency)
                return [position]
            case FillBusted() | FillCorrected() as amendment:
                return self._amend(account, amendment)
        return []

    def _place(self, account: str, placed: OrderPlaced) -> Order:
        order = self.orders[account + placed.cl_ord_id] = Order(
            account=account,
            cl_ord_id=placed.cl_ord_id,
            instrument_id=placed.instrument_id,
            side=placed.side.value,
            qty=placed.order_qty,
            limit_px=placed.limit_px,
            stop_px=placed.stop_px,
        )
        self.made.append(order.id)
        return order

    def _fill(self, account: str, fill: FillBooked) -> list[Aggregate]:
        self.fills[account + fill.exec_id] = fill
        position = self._position(account, fill.instrument_id)
        position.fill(fill.exec_id, fill.signed_qty, fill.last_px or ZERO)
        if fill.cl_ord_id is None:
            return [position]
        order = self._order(account, fill.cl_ord_id)
        order.fill(fill.exec_id, fill.last_qty, fill.last_px or ZERO)
        return [order, position]

    def _amend(self, account: str, said: FillBusted | FillCorrected) -> list[Aggregate]:
        """A bust takes a fill back; a correction is another price for it."""
        fill = self.fills.get(account + said.exec_ref_id)
        if fill is None:
            return []
        is_bust = isinstance(said, FillBusted)
        px = ZERO if isinstance(said, FillBusted) else said.last_px or ZERO
        old_px = fill.last_px or ZERO
        position = self._position(account, fill.instrument_id)
        position.amend(said.exec_id, said.exec_ref_id, fill.signed_qty, px, old_px)
        if fill.cl_ord_id is None:
            return [position]
        order = self._order(account, fill.cl_ord_id)
        order.amend(said.exec_id, said.exec_ref_id, -fill.last_qty if is_bust else ZERO)
        return [order, position]


class Cached(Stock):
    """The same with a cache. Without copies a command changes what the cache holds, so after a
    failure that is evicted.

    The settings are the fastest of those tried that see what another process wrote before they
    decide and whose memory is bounded. Milliseconds of 1,000 facts in one save on SQLite, of one
    fact in one (of processor time), and of 1,000 on PostgreSQL; positions of 20 to 50 events:

    ===================================================  ======  ======  ======
    no cache (``Stock``)                                    607    1.49     426
    no cache, a snapshot of a position every 100 events     621    1.57     502
    LRU cache of 5,000, fast-forward, copies                270    1.25     331
    the same with snapshots                                 262    1.29     352
    LRU cache of 5,000, fast-forward, no copies (this)      182    1.04     253
    the same with snapshots                                 176    1.10     262
    the same of 1,000 instead of 5,000                      164    1.03     239
    the same, what is new put into it by hand               178    1.02     245
    LRU cache, no fast-forward: stale, a conflict tells     135    0.86     160
    ``Kept``: stale, and grows                              119    0.84     137
    ===================================================  ======  ======  ======

    The same setting twice in one run differs by up to 2 % on SQLite and 6 % on PostgreSQL, from
    run to run by a fifth. In a second run 1,000 and 5,000 were equal; what is put in by hand came
    to 2 % less on SQLite and up to 7 % on PostgreSQL, but is no setting: the library stopped
    doing so in 9.2.4, so that what was saved by two at once cannot spoil the cache.
    """

    settings: ClassVar[dict[str, str]] = {
        "AGGREGATE_CACHE_MAXSIZE": "5000",
        "DEEPCOPY_FROM_AGGREGATE_CACHE": "n",
    }


class Kept(Stock):
    """A program that keeps every aggregate it ever had, and only saves. Its memory grows with
    history, and what another process writes makes its aggregates stale for good."""

    def _forget(self) -> None:
        """It does not."""


class Programs(NamedTuple):
    """Three programs that do the same, each in a store of its own."""

    stock: Stock
    cached: Cached
    kept: Kept
    facts: Iterator[Fact]

    @property
    def all(self) -> tuple[Stock, ...]:
        """The programs."""
        return self.stock, self.cached, self.kept

    def turn(self, size: int, do: Callable[[Stock, Sequence[Fact]], None]) -> Iterator[Spent]:
        """What so many more facts take each of them."""
        batch = list(islice(self.facts, size))
        return (settled(partial(do, program, batch)) for program in self.all)

    def close(self) -> None:
        """Close their connections."""
        for program in self.all:
            program.app.close()


def on_sqlite(path: Path) -> dict[str, str]:
    """All settings as they come, but for ``Stock.settings``."""
    return {"PERSISTENCE_MODULE": "eventsourcing.sqlite", "SQLITE_DBNAME": str(path)}


def in_file(path: Path) -> Stock:
    """The program on SQLite."""
    return Stock(on_sqlite(path))
