"""One fact more on an account with much history: new fills, late ones, and a closed order."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from statistics import median
from typing import Any, Final

import ledger
from ledger.book import Book
from ledger.domain.events import (
    Event,
    FillBooked,
    OrderAccepted,
    OrderPlaced,
    Side,
    StopMoved,
    StopReason,
    make_fact,
)
from ledger.domain.order_status import OrdStatus
from tests.benchmarks.figures import Figure, percentile, progress, settle
from tests.benchmarks.scale import Scale, copied, removed
from tests.benchmarks.store_rebuild import ACCOUNT

BEHIND: Final = 100
ORDERS: Final = 50
MOVES: Final = 6
TURN: Final = 20
SECOND: Final = timedelta(seconds=1)
INSTRUMENT: Final = "I00"


class Live:
    """A book that has its account loaded, and is told one thing after the other."""

    def __init__(self, scale: Scale, events: int) -> None:
        self.path: Path = copied(scale.account(events), scale.place("live.db"))
        self.events = events
        self.book: Book = ledger.open(f"sqlite:///{self.path}")
        progress(f"store.6: loading {events:,} events")
        last_at = self.book.account(ACCOUNT).last_at
        if last_at is None:
            raise LookupError(f"{self.path} has no history")
        self.at: datetime = last_at
        self.count = 0
        self.draw = Random(7)

    def close(self) -> None:
        """Close the book and remove its file."""
        self.book.close()
        removed(self.path)

    def fill(self) -> float:
        """Milliseconds of a fill a second later."""
        self.at += SECOND
        return self._filled(self.at)

    def late(self) -> float:
        """Milliseconds of a fill that belongs up to a hundred fills before the last one."""
        behind = self.draw.randint(1, BEHIND)
        return self._filled(self.at - behind * SECOND + timedelta(milliseconds=self.count % 999))

    def _filled(self, at: datetime) -> float:
        self.count += 1
        fields: dict[str, Any] = {
            "exec_id": f"x{self.count:08}", "instrument_id": INSTRUMENT, "venue": "XSIM",
            "side": Side.BUY if self.count % 2 else Side.SELL,
            "last_qty": Decimal(1), "last_px": Decimal("75.25"),
        }  # fmt: skip
        return milliseconds(lambda: self.book.fill(ACCOUNT, occurred_at=at, **fields))

    def order(self, nth: int) -> float:
        """Milliseconds to tell what became of an order that was closed."""
        found: list[OrdStatus] = []
        took = milliseconds(lambda: found.append(self.book.order(ACCOUNT, f"live{nth}").status))
        if found != [OrdStatus.FILLED]:
            raise ArithmeticError(f"order live{nth} is {found}, not filled")
        return took

    def trade(self, nth: int) -> None:
        """An order with ten facts, closed."""
        id = f"live{nth}"
        two = Decimal(2)
        placed = OrderPlaced(
            cl_ord_id=id, instrument_id=INSTRUMENT, side=Side.BUY, order_qty=two,
            ord_type=ledger.OrdType.STOP, stop_px=Decimal(70),
        )  # fmt: skip
        events: list[Event] = [placed, OrderAccepted(cl_ord_id=id, order_id=f"v{id}")]
        events += [
            StopMoved(cl_ord_id=id, stop_px=Decimal(70) + n, reason=StopReason.TRAILING)
            for n in range(MOVES)
        ]
        events += [
            FillBooked(
                exec_id=f"{id}-{n}", instrument_id=INSTRUMENT, side=Side.BUY, cl_ord_id=id,
                last_qty=Decimal(1), last_px=Decimal(76), venue="XSIM",
            )
            for n in range(2)
        ]  # fmt: skip
        facts = [make_fact(ACCOUNT, one, self._next()) for one in events]
        self.book.record_all(facts)

    def _next(self) -> datetime:
        self.at += SECOND
        return self.at


def milliseconds(work: Callable[[], object]) -> float:
    """Milliseconds on the wall of one call."""
    begin = time.perf_counter()
    work()
    return (time.perf_counter() - begin) * 1000


def in_turns(large: Live, small: Live, count: int) -> tuple[list[float], list[float]]:
    """Fills into both books, a few at a time."""
    many: list[float] = []
    few: list[float] = []
    for _ in range(count // TURN):
        many += [large.fill() for _ in range(TURN)]
        few += [small.fill() for _ in range(TURN)]
    return many, few


def fills(scale: Scale, large: Live, small: Live) -> Iterator[Figure]:
    """New fills: how long, and whether history makes it longer."""
    progress("store.6: fills")
    in_turns(large, small, BEHIND)
    runs = [in_turns(large, small, scale.commits) for _ in range(scale.runs)]
    size, what = f"{scale.events:,}", "Book.fill on an account with"
    p50 = [percentile(many, 0.5) for many, _ in runs]
    for name, share, goal in (("p50", 0.5, "<= 1"), ("p99", 0.99, "<= 5")):
        yield Figure(
            id=f"store.6.{name}",
            what=f"{what} {size} events, {name} of {scale.commits} fills, SQLite FULL",
            figure=median(percentile(many, share) for many, _ in runs),
            unit="ms",
            goal=goal,
            comparator="a limit",
        )
    few = [percentile(few, 0.5) for _, few in runs]
    yield Figure(
        id="store.6.growth",
        what=f"{what} {size} events over the same with {small.events:,}, p50: "
        f"{median(p50):.3f} to {median(few):.3f} ms",
        figure=median(one / other for one, other in zip(p50, few, strict=True)),
        unit="ratio",
        goal="<= 1.2",
        comparator="a short account, in turns",
    )


def late(scale: Scale, live: Live) -> Iterator[Figure]:
    """Fills that belong up to a hundred fills before the last one of their position."""
    progress("store.6: late fills")
    took = []
    for _ in range(scale.commits // 2):
        took.append(live.late())
        live.fill()
    yield Figure(
        id="store.6.late",
        what=f"a fill up to {BEHIND} late, {scale.events:,} events: p99 of {len(took)}; p50 "
        f"{percentile(took, 0.5):.2f} ms",
        figure=percentile(took, 0.99),
        unit="ms",
        goal="<= 30",
        comparator="a limit",
    )


def orders(scale: Scale, live: Live) -> Iterator[Figure]:
    """Orders that left memory when they were filled, told from their own facts."""
    progress("store.6: closed orders")
    for nth in range(ORDERS):
        live.trade(nth)
    live.order(0)
    took = [live.order(nth) for nth in range(ORDERS)]
    yield Figure(
        id="store.6.order",
        what=f"Book.order of a closed order of {MOVES + 4} events, {scale.events:,} in the "
        f"account: p50 of {len(took)}, after a first one",
        figure=percentile(took, 0.5),
        unit="ms",
        goal="<= 5",
        comparator="a limit",
    )


def measured(scale: Scale) -> Iterator[Figure]:
    """Line 6. What was made for other lines is out of the collector's way; the books are not."""
    settle()
    large, small = Live(scale, scale.events), Live(scale, scale.small)
    yield from fills(scale, large, small)
    yield from late(scale, large)
    yield from orders(scale, large)
    large.close()
    small.close()
