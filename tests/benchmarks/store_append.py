"""Appending in batches of 1,000 to a file in which there is much: against the raw driver, against
stock ``eventsourcing``, and in bytes written to disk."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from functools import partial
from itertools import islice
from pathlib import Path
from random import Random
from typing import Final

from ledger.clock import system_clock
from ledger.domain.events import Fact
from ledger.store.sqlite import SQLiteStore
from tests.benchmarks import raw, stock, stock_file
from tests.benchmarks.figures import Figure, progress, settled
from tests.benchmarks.mix import Mix
from tests.benchmarks.scale import ACCOUNTS, BATCH, Mixes, Scale, copied, removed
from tests.benchmarks.turns import Sides, Turns, for_information

MEANWHILE: Final = Path("/proc/self/io")


class RandomIds(Mix):
    """The same history with ids of executions, and of their fees, that follow no order."""

    def __init__(self, account: str, seed: int) -> None:
        super().__init__(account, seed)
        self.random_ids = Random(f"{account} {seed}")

    def name(self, letter: str) -> str:
        """64 bits at random, but for an order's."""
        if letter == "o":
            return super().name(letter)
        return f"{letter}{self.random_ids.getrandbits(64):016x}"


def appended(scale: Scale) -> Turns:
    """Batches in turns: ours, the same rows raw into a copy of the file, and with stock aggregates
    the same history, from an earlier moment, in a file with as many rows."""
    path, facts = scale.accounts()
    twin = copied(path, scale.place("raw.db"))
    with (
        SQLiteStore(path, system_clock) as store,
        closing(raw.opened(twin)) as connection,
        stock_file.opened(scale) as programs,
    ):

        def turn() -> Sides:
            end, batch = store.head(), list(islice(facts, BATCH))
            ours = settled(partial(store.append, batch))
            rows = list(store.rows(after=end))
            theirs = settled(partial(raw.insert_many, connection, rows))
            return Sides(ours, theirs, *programs.turn(BATCH, stock.Stock.record))

        turns = Turns(scale.runs, scale.batches, BATCH, turn)
    removed(path, twin)
    return turns


def against(scale: Scale) -> Iterator[Figure]:
    """Our rate over that of the raw driver, and over that of stock aggregates."""
    progress("store.1: batches of 1,000 on SQLite")
    turns = appended(scale)
    yield Figure(
        id="store.1.raw",
        what=f"batches of 1,000 over raw, {scale.events:,} rows present, {ACCOUNTS} accounts: "
        f"{turns.rate('ours')} over {turns.rate('raw')} on the wall, "
        f"{turns.ratio('raw', 'ours', 'cpu'):.2f} by processor time",
        figure=turns.ratio("raw", "ours"),
        unit="ratio",
        goal=">= 0.6",
        comparator="executemany of the same rows, schema, triggers and settings, in turns",
    )
    yield Figure(
        id="store.1.stock",
        what=f"batches of 1,000 over stock aggregates, {scale.events:,} rows present in both: "
        f"{turns.rate('ours')} over {turns.rate('stock')} facts on the wall; raw itself comes to "
        f"{turns.ratio('stock', 'raw'):.1f}",
        figure=turns.ratio("stock", "ours"),
        unit="ratio",
        goal=">= 5",
        comparator=f"{stock.WHAT}, in turns",
    )
    yield from for_information("store.1", turns)


def written() -> int:
    """Bytes this process has had written to disk, as the kernel counts them."""
    lines = MEANWHILE.read_text("ascii").splitlines()
    return int(next(one for one in lines if one.startswith("write_bytes")).split()[1])


def bytes_each(scale: Scale, facts: Iterator[Fact], path: Path) -> float:
    """Bytes for an event of what all batches of a run write, log and tables."""
    begin, count = written(), 0
    with SQLiteStore(path, system_clock) as store:
        for _ in range(scale.batches * 2):
            count += len(store.append(list(islice(facts, BATCH))))
    with closing(raw.opened(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return (written() - begin) / count


def bytes_written(scale: Scale) -> Iterator[Figure]:
    """Counted, and so the same in every run."""
    kinds: list[tuple[str, Mixes, str, str]] = [
        ("ascending", Mix, "accounts", "<= 3000"),
        ("random", RandomIds, "accounts-random", "<= 10000"),
    ]
    for kind, mixes, name, goal in kinds:
        progress(f"store.1: bytes written, {kind} execution ids")
        path, facts = scale.accounts(mixes, name)
        each = bytes_each(scale, facts, path)
        removed(path)
        yield Figure(
            id=f"store.1.bytes.{kind}",
            what=f"bytes written to disk an event, batches of 1,000, {scale.events:,} rows "
            f"present, execution ids {kind}",
            figure=each,
            unit="bytes",
            goal=goal,
            comparator="a count: write_bytes of /proc/self/io, checkpoints included",
        )


def measured(scale: Scale) -> Iterator[Figure]:
    """Line 1."""
    yield from against(scale)
    yield from bytes_written(scale)
