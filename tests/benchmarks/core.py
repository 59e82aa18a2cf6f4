"""The fold of one position: it does not slow down with history, and stays near a bare loop."""

from __future__ import annotations

import gc
import random
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial

import ledger
from ledger.domain.events import (
    AccountOpened,
    Booking,
    Fact,
    Fee,
    FillBooked,
    InstrumentDefined,
    Recorded,
    Side,
    make_fact,
)
from ledger.domain.policy import Policy
from ledger.domain.positions import Position, PositionKey
from tests.benchmarks import bare
from tests.benchmarks.figures import Figure, cpu_seconds, median_of

START = datetime(2026, 1, 2, tzinfo=UTC)
KEY = PositionKey("X", "net")
X = ledger.Instrument(
    instrument_id="X", symbol="X", kind=ledger.InstrumentKind.EQUITY, currency="USD"
)
FEE = Decimal("0.35")
LATE = 100


def fills(count: int) -> list[Fact]:
    """A seeded long-only run of fills, one a second, around 500 units held."""
    draw, held, made = random.Random(7), 0, []
    for nth in range(count):
        buys = held == 0 or draw.random() < (0.75 if held < 500 else 0.25)
        qty = draw.randint(1, 100) if buys else draw.randint(1, min(100, held))
        held += qty if buys else -qty
        fill = FillBooked(
            exec_id=f"e{nth}",
            instrument_id="X",
            side=Side.BUY if buys else Side.SELL,
            last_qty=Decimal(qty),
            last_px=Decimal(draw.randint(5000, 10000)).scaleb(-2),
            fees=(Fee(amount=FEE, currency="USD"),),
        )
        made.append(make_fact("A", fill, START + timedelta(seconds=nth)))
    return made


def recorded(facts: Sequence[Fact]) -> list[Recorded]:
    """The facts as a store would hand them out."""
    return [
        Recorded(nth, "A", nth, fact.key, fact.occurred_at, fact.occurred_at, fact.event)
        for nth, fact in enumerate(facts, 1)
    ]


def policy(booking: Booking) -> Policy:
    """A margin account that has defined the instrument."""
    rules = Policy()
    rules.open(AccountOpened(base_currency="USD", booking=booking))
    rules.define(InstrumentDefined(instrument=X))
    return rules


def folded(history: Sequence[Recorded], booking: Booking) -> Position:
    """A position that took the facts one by one."""
    position = Position(KEY, policy(booking))
    for one in history:
        position.evolve(one)
    return position


def steadiness(history: Sequence[Recorded], booking: Booking) -> float:
    """Cost of the last 1,000 fills over that of the first 1,000."""
    position = Position(KEY, policy(booking))
    spans = [history[:1000], history[1000:-1000], history[-1000:]]
    first, _, last = [cpu_seconds(partial(_evolve, position, span)) for span in spans]
    return last / first


def _evolve(position: Position, span: Sequence[Recorded]) -> None:
    for one in span:
        position.evolve(one)


def against_bare(history: Sequence[Recorded], booking: Booking) -> float:
    """Our rate over that of the bare loop; both must come to the same money."""
    loop = bare.average if booking is Booking.AVERAGE else bare.fifo
    rows = [(one.event.signed_qty, one.event.last_px, FEE) for one in history]  # type: ignore[attr-defined]
    theirs = cpu_seconds(lambda: loop(rows))
    ours = cpu_seconds(lambda: folded(history, booking))
    holding = folded(history[:2000], booking).holding
    same = (holding.qty, holding.basis, holding.realized, holding.fees["USD"])
    if same != loop(rows[:2000]):
        raise ArithmeticError("the fold and the bare loop disagree; the ratio means nothing")
    return theirs / ours


def reversal(facts: Sequence[Fact]) -> float:
    """Cost of a batch that comes newest first over the same batch in order."""
    return cpu_seconds(lambda: _booked(facts[::-1])) / cpu_seconds(lambda: _booked(facts))


def rebuilt_reversal(history: Sequence[Recorded]) -> float:
    """Cost of a rebuild from history that comes newest first over one that comes in order."""
    rules = policy(Booking.FIFO)
    backwards, in_order = (
        cpu_seconds(partial(Position.rebuild, KEY, rules, told))
        for told in (history[::-1], history)
    )
    return backwards / in_order


def _booked(facts: Sequence[Fact]) -> None:
    book = ledger.open("memory://", clock=lambda: START)
    book.open_account("A", base_currency="USD")
    book.define("A", X)
    book.account("A")
    book.record_all(facts)
    book.position("A", "X")


def refolded(history: Sequence[Recorded]) -> int:
    """How many facts are folded again for one that is late by 100."""
    late = history[-LATE - 1]
    position = folded([one for one in history if one is not late], Booking.FIFO)
    before = position.refolded
    position.evolve(late)
    if not position.settle():
        raise ArithmeticError("a fill late by 100 asked for the history")
    return position.refolded - before


def measured(runs: int, count: int) -> Iterator[Figure]:
    """All figures of the fold; ``count`` facts in the position."""
    facts = fills(count)
    history = recorded(facts)
    gc.collect()
    gc.freeze()  # the prepared facts are not the fold's: the collector need not walk them
    goals = {Booking.AVERAGE: ">= 0.3", Booking.FIFO: ">= 0.2"}
    for booking, goal in goals.items():
        yield Figure(
            id=f"core.5a.{booking.value}",
            what=f"last 1,000 of {count:,} fills over the first 1,000, {booking.value}",
            figure=median_of(runs, partial(steadiness, history, booking)),
            unit="ratio",
            goal="<= 1.3",
            comparator="the first 1,000 fills of the same position",
        )
        yield Figure(
            id=f"core.5b.{booking.value}",
            what=f"rate over a bare loop, {booking.value}",
            figure=median_of(runs, partial(against_bare, history, booking)),
            unit="ratio",
            goal=goal,
            comparator="the same Decimal operations on tuples",
        )
    batch = facts[: min(count, 100_000)]
    yield Figure(
        id="core.5c",
        what=f"{len(batch):,} fills newest first over the same in order, one batch",
        figure=median_of(runs, lambda: reversal(batch)),
        unit="ratio",
        goal="<= 2",
        comparator="the same fills sorted",
    )
    yield Figure(
        id="core.5c.rebuild",
        what=f"{len(batch):,} fills newest first over the same in order, one rebuild",
        figure=median_of(runs, lambda: rebuilt_reversal(history[: len(batch)])),
        unit="ratio",
        goal="<= 2",
        comparator="the same fills sorted",
    )
    yield Figure(
        id="core.5d",
        what="facts folded again for a fill late by 100",
        figure=refolded(history[: min(count, 50_000)]),
        unit="facts",
        goal="<= 1100",
        comparator="a count",
    )
