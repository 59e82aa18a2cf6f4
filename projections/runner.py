"""The runner: brings the read models up to the log, batch by batch.

Rows and the number reached are written in one transaction, so a projection that was killed, or
that failed, stands where its last batch ended and goes on from there. Projections that stand at
the same number are fed from one fold of the log.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from sqlalchemy import Engine, Table

from ledger.collector import full_collections_held_off
from ledger.domain.events import Recorded
from ledger.errors import LedgerError
from ledger.store.port import EventStore
from projections.errors import ForeignTablesError, UnknownProjectionError
from projections.following import Follower
from projections.progress import KINDS, Progress, Standing, beside, tables_of

BATCH: Final = 1_000
"""So many events are written in one transaction."""

Tell = Callable[[int, int], None]
"""Hears of progress: the number reached, and the one to be reached."""


def say_nothing(number: int, upto: int) -> None:
    """Nobody wants to hear."""


class Runner:
    """The projections of one store in one database. Used by one thread at a time."""

    def __init__(self, store: EventStore, engine: Engine, *, batch: int = BATCH) -> None:
        self.engine = engine
        self._store = store
        self._writing = engine.execution_options(writes=True)
        self._batch = batch
        self._progress = Progress()
        self._standing: dict[str, Standing] = {}
        self._follower: Follower | None = None
        self._is_checked = False

    # -- questions ----------------------------------------------------------------------

    def numbers(self) -> dict[str, int]:
        """The log number that each projection has reached; 0 for one that was never begun, or is of
        another version. Only reads; ``ForeignTablesError`` if the tables are of another log."""
        found = self._look()
        return {name: found[name].number if name in found else 0 for name in KINDS}

    def lag(self) -> dict[str, int]:
        """How many events each projection is behind the log."""
        head = self._store.head()
        return {name: max(head - number, 0) for name, number in self.numbers().items()}

    def tables(self) -> dict[str, Table]:
        """The tables in use, by their names without the generation."""
        return tables_of(self._look())

    def _look(self) -> dict[str, Standing]:
        """Where the projections stand, if others have moved them, too."""
        found = self._progress.read(self.engine)
        if not self._is_checked:
            for standing in found.values():
                self._require_same_log(standing)
            self._is_checked = True
        return found

    def _require_same_log(self, standing: Standing) -> None:
        """Raises unless the log has the very event that the tables have come to."""
        if not standing.number:
            return
        last = self._store.read_all(after=standing.number - 1, upto=standing.number)
        if [recorded.hash for recorded in last] != [standing.hash]:
            raise ForeignTablesError(
                f"projection {standing.row} was made of another log: its event {standing.number} "
                "is not the one of this log; drop these tables, or name those of this log"
            )

    # -- going on -----------------------------------------------------------------------

    def catch_up(self, upto: int | None = None, tell: Tell = say_nothing) -> int:
        """Bring every projection up to a number, the log's last one if none is given; returns it.
        One of another version is built anew first.

        An event that cannot be read or folded raises; everything before it is in the tables, and
        the next call begins there. ``OvertakenError`` if another runner wrote to these tables.
        """
        goal = self._store.head() if upto is None else upto
        self._open(tell)
        while behind := [one for one in self._standing.values() if one.number < goal]:
            begin = min(one.number for one in behind)
            group = [one for one in behind if one.number == begin]
            ahead = [one.number for one in behind if one.number > begin]
            self._run(group, min([goal, *ahead]), tell)
        return goal

    def rebuild(self, name: str, tell: Tell = say_nothing) -> None:
        """Build a projection anew beside the tables in use, and change over at once. Who was
        interrupted goes on where he stopped."""
        if name not in KINDS:
            raise UnknownProjectionError(f"no projection {name}; there are {', '.join(KINDS)}")
        self._open(tell)
        self._build_beside(name, tell)

    def _open(self, tell: Tell) -> None:
        """Begin what was never begun, and build anew what is of another version."""
        found = self._look()
        if KINDS.keys() <= found.keys():
            self._keep(found)
            return
        with self._writing.begin() as connection:
            self._progress.create(connection)
            known = self._progress.known(connection)
            for name in KINDS.keys() - known:
                self._progress.begin(connection, name)
            self._progress.make_views(connection)
        for name in sorted(known - self._look().keys()):
            self._build_beside(name, tell)
        self._keep(self._look())

    def _keep(self, found: dict[str, Standing]) -> None:
        """Take over where others have moved a projection; what is as it was keeps its memory."""
        for name in KINDS:
            mine = self._standing.get(name)
            if mine is None or not mine.is_at(found[name]):
                self._standing[name] = found[name]

    def _build_beside(self, name: str, tell: Tell) -> None:
        fresh = self._progress.read(self.engine).get(beside(name))
        if fresh is None:
            with self._writing.begin() as connection:
                fresh = self._progress.begin(connection, beside(name))
        while fresh.number < self._store.head():
            self._run([fresh], self._store.head(), tell)
        with self._writing.begin() as connection:
            self._progress.change_over(connection, fresh)
        self._standing.pop(name, None)
        self._follower = None
        self._keep(self._look())

    def _run(self, group: Sequence[Standing], upto: int, tell: Tell) -> None:
        """Feed projections that stand at the same number."""
        begin = group[0].number
        if self._follower is None or self._follower.number != begin:
            self._follower = Follower(self._store, begin)
        with full_collections_held_off():
            for facts in _batches(self._store.read_all(after=begin, upto=upto), self._batch):
                self._write(group, facts, self._follower)
                tell(facts[-1].number, upto)

    def _write(
        self, group: Sequence[Standing], facts: Sequence[Recorded], follower: Follower
    ) -> None:
        """A batch in one transaction; whatever ends it early, nothing of it stays."""
        last, is_written = facts[-1], False
        try:
            with self._writing.begin() as connection:
                for standing in group:
                    self._progress.advance(connection, standing, last.number, last.hash)
                takers = [standing.projection.take for standing in group]
                for change in follower.follow(facts):
                    for take in takers:
                        take(connection, change)
                for standing in group:
                    for versions in standing.projection.versions:
                        versions.flush(connection)
            is_written = True
        finally:
            if not is_written:
                self._standing, self._follower = {}, None
        for standing in group:
            standing.number, standing.hash = last.number, last.hash
            for versions in standing.projection.versions:
                versions.trim()


def _batches(facts: Iterator[Recorded], size: int) -> Iterator[list[Recorded]]:
    """Facts in batches; those before one that cannot be read are given before that raises."""
    batch: list[Recorded] = []
    try:
        for recorded in facts:
            batch.append(recorded)
            if len(batch) == size:
                yield batch
                batch = []
    except LedgerError:
        if batch:
            yield batch
        raise
    if batch:
        yield batch
