"""Loading an account from all of its events: a fresh process each time, nothing kept before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import islice
from math import log
from pathlib import Path
from statistics import linear_regression, median
from typing import Final

from ledger.store.sqlite_module import sqlite3
from tests.benchmarks import stock
from tests.benchmarks.cold import Cold
from tests.benchmarks.cold import measured as cold
from tests.benchmarks.figures import Figure, progress, spent, thousands
from tests.benchmarks.mix import history
from tests.benchmarks.scale import BATCH, Scale, removed

ACCOUNT: Final = "A"
MIX: Final = "orders, positions, lots, P&L, cash"


def forget_checkpoints(path: Path) -> None:
    """Take away the saved states, so that every event has to be folded."""
    with closing(sqlite3.connect(str(path), isolation_level=None)) as connection:
        query = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'checkpoints'"
        if connection.execute(query).fetchone() == (1,):
            connection.execute("DELETE FROM checkpoints")


def rebuilt(way: str, path: Path) -> Cold:
    """A cold load by one of the ways."""
    forget_checkpoints(path)
    return cold(way, path, ACCOUNT)


def in_turns(scale: Scale, path: Path) -> list[tuple[Cold, Cold, Cold]]:
    """Ours, the bare loop and the one without gates; all must come to the same."""
    turns = []
    for nth in range(scale.runs):
        progress(f"store.4: rebuild {nth + 1} of {scale.runs}")
        turn = rebuilt("ours", path), rebuilt("bare", path), rebuilt("ungated", path)
        if not turn[0].result == turn[1].result == turn[2].result:
            raise ArithmeticError("the ledger and the bare loop disagree; the ratio means nothing")
        turns.append(turn)
    return turns


def against_bare(scale: Scale, turns: Sequence[tuple[Cold, Cold, Cold]]) -> Iterator[Figure]:
    """Our rate over those of the two loops."""
    events = scale.events
    ours, bare, ungated = (
        thousands(events, median(one[nth].cpu for one in turns)) for nth in range(3)
    )
    wall = median(one[1].wall / one[0].wall for one in turns)
    yield Figure(
        id="store.4.bare",
        what=f"{events:,} events cold ({MIX}) over a bare loop: {ours} over {bare} by processor "
        f"time, {wall:.2f} on the wall",
        figure=median(one[1].cpu / one[0].cpu for one in turns),
        unit="ratio",
        goal=">= 0.6",
        comparator="select, msgspec through the same gates, dicts and Decimal; equal results",
    )
    yield Figure(
        id="store.4.bare.ungated",
        what=f"the same over a loop that does not check what it decodes: {ours} over {ungated}",
        figure=median(one[2].cpu / one[0].cpu for one in turns),
        unit="ratio",
        goal="",
        comparator="for information",
    )


def absolute(scale: Scale, turns: Sequence[tuple[Cold, Cold, Cold]]) -> Iterator[Figure]:
    """The rate and the memory of a cold load."""
    yield Figure(
        id="store.4.rate",
        what=f"events a second of a cold rebuild, {scale.events:,} events: by processor time; "
        f"on the wall {thousands(scale.events, median(one[0].wall for one in turns))}",
        figure=median(scale.events / one[0].cpu for one in turns),
        unit="events/s",
        goal=">= 100000",
        comparator="an expectation, of this machine",
    )
    yield Figure(
        id="store.4.memory",
        what=f"most memory of a fresh process that rebuilds {scale.events:,} events",
        figure=max(one[0].peak_mib for one in turns),
        unit="MiB",
        goal="<= 200",
        comparator="VmHWM of /proc/self/status, Python and all modules included",
    )


def against_stock(scale: Scale, turns: Sequence[tuple[Cold, Cold, Cold]]) -> Iterator[Figure]:
    """Our rate over that of getting every aggregate back from its repository."""
    progress(f"store.4: stock aggregates of {scale.sample:,} facts")
    path = scale.place("stock.db")
    program, facts = stock.in_file(path), history(scale.sample)
    while batch := list(islice(facts, BATCH)):
        program.record(batch)
    each = [spent(program.rebuild).cpu / scale.sample for _ in turns]
    program.app.close()
    removed(path)
    ours = [one[0].cpu / scale.events for one in turns]
    yield Figure(
        id="store.4.stock",
        what=f"cold rebuild over stock aggregates: {thousands(1, median(ours))} over "
        f"{thousands(1, median(each))} by processor time; stock measured on a history of "
        f"{scale.sample:,}, ours on {scale.events:,}",
        figure=median(theirs / mine for theirs, mine in zip(each, ours, strict=True)),
        unit="ratio",
        goal=">= 6",
        comparator="eventsourcing 9.5: repository.get of every Order and Position on SQLite",
    )


def growth(scale: Scale, turns: Sequence[tuple[Cold, Cold, Cold]]) -> Iterator[Figure]:
    """The exponent of time over size, fitted to sizes a factor of ten apart."""
    progress("store.4: how the time grows")
    seconds: dict[int, float] = {}
    size = scale.small
    while size <= max(scale.events, 10 * scale.small):
        path = scale.account(size)
        known = [one[0].cpu for one in turns] if size == scale.events else None
        seconds[size] = median(known or [rebuilt("ours", path).cpu for _ in turns])
        size *= 10
    points = sorted((log(size), log(took)) for size, took in seconds.items())
    exponent = linear_regression(*zip(*points, strict=True)).slope
    each = ", ".join(f"{took:.2f} s for {size:,}" for size, took in sorted(seconds.items()))
    yield Figure(
        id="store.4.exponent",
        what=f"exponent of a cold rebuild's time: {each}",
        figure=exponent,
        unit="power",
        goal="0.95 .. 1.05",
        comparator="a straight line",
    )


def reopened(scale: Scale, path: Path) -> Iterator[Figure]:
    """How long a fresh process takes to have the account, once somebody has had it."""
    progress("store.4: reopening")
    first = cold("ours", path, ACCOUNT)
    again = [cold("ours", path, ACCOUNT) for _ in range(scale.runs)]
    if any(one.result != first.result for one in again):
        raise ArithmeticError("an account that is reopened is another one than before")
    yield Figure(
        id="store.4.reopen",
        what=f"open a ledger with {scale.events:,} events of one account, until its positions, "
        "balances and open orders are told; a fresh process with its modules loaded",
        figure=median(one.wall * 1000 for one in again),
        unit="ms",
        goal="<= 100",
        comparator="a limit",
    )


def measured(scale: Scale) -> Iterator[Figure]:
    """Line 4."""
    path = scale.account(scale.events)
    turns = in_turns(scale, path)
    yield from against_bare(scale, turns)
    yield from absolute(scale, turns)
    yield from against_stock(scale, turns)
    yield from growth(scale, turns)
    yield from reopened(scale, path)
