"""The read models: how fast they catch up, how soon a fill is there, how quickly a page is told."""

from __future__ import annotations

import gc
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from statistics import median
from typing import Any, Final, NamedTuple

from sqlalchemy import Engine, select

import ledger
from ledger.domain.events import FillBooked, Side
from ledger.domain.numbers import ZERO, total
from ledger.store.port import EventStore
from projections.bulk import insert_rows
from projections.database import connect
from projections.reports import Reports
from projections.runner import Runner
from projections.types import encoder
from tests import postgres as servers
from tests.benchmarks.cold import LIMIT, ROOT
from tests.benchmarks.figures import Figure, percentile, progress, spent, thousands
from tests.benchmarks.mix import VENUE
from tests.benchmarks.scale import Scale, removed
from tests.benchmarks.store_csv import GENERATOR
from tests.benchmarks.store_live import milliseconds
from tests.benchmarks.store_rebuild import ACCOUNT
from tests.projections.generated import booked

BATCH: Final = 1_000
INSTRUMENTS: Final = 50
SQLITE, POSTGRES = "sqlite", "postgres"


class Caught(NamedTuple):
    """Seconds of catching up, and of writing the same rows past everything else."""

    ours: float
    raw: float


@contextmanager
def databases(scale: Scale) -> Iterator[dict[str, str]]:
    """Where tables can be made, on either database."""
    with ExitStack() as stack:
        place = stack.enter_context(servers.place())
        yield {
            SQLITE: f"sqlite:///{scale.place('reports.db')}",
            POSTGRES: place.url(place.new(), servers.OWNER),
        }


def again(url: str, scale: Scale) -> str:
    """Another empty place like that."""
    if url.startswith("sqlite"):
        return f"sqlite:///{scale.place('reports.db')}"
    return f"{url}_{next(scale.names)}"


def caught_up(store: EventStore, url: str, scale: Scale) -> Caught:
    """Project a log into new tables; then write the same rows into tables made alike."""
    ours, raw = connect(again(url, scale)), connect(again(url, scale))
    runner = Runner(store, ours)
    runner.catch_up(0)  # makes the tables
    mine = spent(runner.catch_up).wall
    other = Runner(store, raw)
    other.catch_up(0)
    plain = written(runner, ours, other, raw)
    ours.dispose()
    raw.dispose()
    return Caught(mine, plain)


def written(runner: Runner, source: Engine, other: Runner, target: Engine) -> float:
    """Seconds of writing all rows, batch by batch of the log."""
    rows = {}
    with source.connect() as connection:
        for name, table in runner.tables().items():
            found = connection.execute(select(table).order_by(table.c.number, table.c.line)).all()
            rows[name] = list(map(encoder(table), found))
    tables, seconds = other.tables(), 0.0
    gc.collect()
    head = max(runner.numbers().values())
    begin = dict.fromkeys(rows, 0)
    for end in range(BATCH, head + BATCH, BATCH):
        parts: dict[str, list[Any]] = {}
        for name, all_rows in rows.items():
            stop = begin[name]
            while stop < len(all_rows) and all_rows[stop][1] <= end:
                stop += 1
            parts[name], begin[name] = all_rows[begin[name] : stop], stop
        seconds += spent(lambda: put(target, tables, parts)).wall  # noqa: B023
    return seconds


def put(target: Engine, tables: dict[str, Any], parts: dict[str, list[Any]]) -> None:
    """One batch in one transaction."""
    with target.execution_options(writes=True).begin() as connection:
        for name, rows in parts.items():
            if rows:
                insert_rows(connection, tables[name], rows)


def catching_up(scale: Scale) -> Iterator[Figure]:
    """Line 3: catching up against writing the same rows."""
    events = scale.sample // 2
    path = scale.account(events)
    with databases(scale) as urls, ledger.open_store(f"sqlite:///{path}") as store:  # type: ignore[attr-defined]
        for name, url in urls.items():
            progress(f"proj.3: catching up on {name}")
            runs = [caught_up(store, url, scale) for _ in range(scale.runs)]
            ours, raw = median(one.ours for one in runs), median(one.raw for one in runs)
            yield Figure(
                id=f"proj.3.{name}",
                what=f"{events:,} events into all tables over the same rows written in "
                f"bulk: {thousands(events, ours)} over {thousands(events, raw)}",
                figure=median(one.raw / one.ours for one in runs),
                unit="ratio",
                goal=">= 0.35",
                comparator="executemany on SQLite, COPY on PostgreSQL, into the same tables",
            )


def generated(scale: Scale) -> Iterator[Figure]:
    """Line 2: what generated fills come to, from the tables alone."""
    folder = scale.place("generated")
    progress(f"proj.2: {scale.fills:,} fills")
    command = [sys.executable, str(GENERATOR), "--fills", str(scale.fills), "--out", str(folder)]
    subprocess.run(command, check=True, capture_output=True, cwd=ROOT)
    expected = json.loads((folder / "expected.json").read_text("utf-8"))
    with booked(folder, f"sqlite:///{folder}/books.db") as book:
        reports = Reports(book, connect(f"sqlite:///{folder}/books.reports.db"))
        exact = exact_instruments(reports, book.store.streams()[0], expected)
    yield Figure(
        id="proj.2.exact",
        what=f"instruments whose quantity, cost, realized result and lots' cash are exact in the "
        f"tables, {scale.fills:,} fills",
        figure=exact,
        unit=f"of {INSTRUMENTS}",
        goal=f">= {INSTRUMENTS}",
        comparator="expected.json of gen_journal",
    )


def exact_instruments(reports: Reports, account: str, expected: dict[str, Any]) -> int:
    """So many are exact; none, if the cash or the fees of the account are not."""
    lines = reports.position_ledger(account, limit=None)
    last = {line.instrument_id: line for line in lines}
    days = reports.pnl(account)
    cash = list(reports.balance_ledger(account, limit=None))[-1].balance_after
    fees = total(line.fees for line in days)
    if cash != Decimal(expected["cash_change"]) or fees != Decimal(expected["fees_total"]):
        return 0
    realized = dict.fromkeys(last, ZERO)
    for day in days:
        realized[day.instrument_id] += day.realized_pnl
    return sum(
        (last[name].net_qty, last[name].cost_basis, realized[name])
        == (Decimal(one["qty"]), Decimal(one["cost"]), Decimal(one["realized_gross"]))
        for name, one in expected["per_symbol"].items()
    )


def asking(scale: Scale) -> Iterator[Figure]:
    """Lines 3 and 4 on a long history: one fill more, pages, and moments."""
    path = scale.account(scale.events)
    url = f"sqlite:///{scale.place('reports.db')}"
    with ledger.open(f"sqlite:///{path}") as book:
        reports = Reports(book, connect(url))
        progress(f"proj.4: projecting {scale.events:,} events")
        yield grown(f"sqlite:///{path}", url, scale)
        yield from paged(reports, scale)
        yield moments(reports, book, scale)
        yield one_more(reports, book, scale)
    removed(Path(url.removeprefix("sqlite:///")))


def resident_mib() -> float:
    """Memory of this process as it is."""
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * 4096 / 2**20


def grown(store_url: str, tables_url: str, scale: Scale) -> Figure:
    """How much more memory the runner has at the end than after a tenth, in a process of its own:
    in this one there is memory left from what was measured before."""
    command = [sys.executable, "-m", "tests.benchmarks.projected", store_url, tables_url]
    done = subprocess.run(
        [*command, str(scale.events)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=LIMIT,
        check=True,
    )
    return Figure(
        id="proj.3.memory",
        what=f"growth of the runner's memory from a tenth of {scale.events:,} events to all",
        figure=json.loads(done.stdout),
        unit="MiB",
        goal="<= 30",
        comparator="a limit",
    )


def main(arguments: Sequence[str]) -> None:
    """Catch up, and print by how many MiB the process grew after a tenth."""
    store_url, tables_url, events = arguments
    with ledger.open_store(store_url) as store:  # type: ignore[attr-defined]
        runner = Runner(store, connect(tables_url))
        runner.catch_up(int(events) // 10)
        before = resident_mib()
        runner.catch_up()
        print(json.dumps(resident_mib() - before))


def paged(reports: Reports, scale: Scale) -> Iterator[Figure]:
    """A page of either ledger, somewhere in it."""
    draw, head = Random(4), reports.book.store.head()
    for name in ("position_ledger", "balance_ledger"):
        ask = getattr(reports, name)
        ask(ACCOUNT)
        cursors = [f"{draw.randrange(head)}:0" for _ in range(scale.questions)]
        ms = [milliseconds(lambda: ask(ACCOUNT, after=cursor)) for cursor in cursors]  # noqa: B023
        yield Figure(
            id=f"proj.4.{name}",
            what=f"any page of 100 rows, {scale.events:,} events, p99 of {len(ms)}; "
            f"p50 {percentile(ms, 0.5):.1f} ms",
            figure=percentile(ms, 0.99),
            unit="ms",
            goal="<= 20",
            comparator="a limit",
        )


def moments(reports: Reports, book: ledger.Book, scale: Scale) -> Figure:
    """All positions of the account at random past moments."""
    first, last = next(book.log(ACCOUNT)), book.account(ACCOUNT).last_at
    span = (last - first.occurred_at) if last else timedelta(0)
    draw = Random(9)
    times = [first.occurred_at + span * draw.random() for _ in range(scale.questions)]
    ms = [milliseconds(lambda: reports.positions(ACCOUNT, as_of=at)) for at in times]  # noqa: B023
    return Figure(
        id="proj.4.positions",
        what=f"all positions as_of a random time, {scale.events:,} events, p50 of {len(ms)}",
        figure=percentile(ms, 0.5),
        unit="ms",
        goal="<= 50",
        comparator="a limit",
    )


def one_more(reports: Reports, book: ledger.Book, scale: Scale) -> Figure:
    """From recording a fill to its being in every table."""
    begin = book.account(ACCOUNT).last_at or datetime(2026, 1, 1, tzinfo=UTC)
    ms = []
    for nth in range(scale.questions):
        fill = FillBooked(
            exec_id=f"more{nth}", venue=VENUE, instrument_id="I00", side=Side.BUY,
            last_qty=Decimal(1), last_px=Decimal(50),
        )  # fmt: skip
        fact = ledger.make_fact(ACCOUNT, fill, begin + timedelta(seconds=nth + 1))
        book.record_all([fact])
        ms.append(milliseconds(reports.asking.runner.catch_up))
    return Figure(
        id="proj.3.one",
        what=f"one fill more into every table, {scale.events:,} events, p99 of {len(ms)}; "
        f"p50 {percentile(ms, 0.5):.1f} ms",
        figure=percentile(ms, 0.99),
        unit="ms",
        goal="<= 20",
        comparator="a limit",
    )


def measured(scale: Scale) -> Iterator[Figure]:
    """All figures of the read models."""
    yield from generated(scale)
    yield from catching_up(scale)
    yield from asking(scale)


if __name__ == "__main__":
    main(sys.argv[1:])
