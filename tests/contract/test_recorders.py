"""The recorders pass the tests that ``eventsourcing`` ships for persistence modules, unmodified."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from eventsourcing.tests.persistence import (
    AggregateRecorderTestCase,
    ApplicationRecorderTestCase,
    NonInterleavingNotificationIDsBaseCase,
    ProcessRecorderTestCase,
    RecorderTestCase,
    TrackingRecorderTestCase,
)

from ledger.store.log import Log
from ledger.store.memory import MemoryLog
from ledger.store.postgres import PostgresLog
from ledger.store.postgres_connection import target_of
from ledger.store.recorders import (
    ChainedAggregateRecorder,
    ChainedApplicationRecorder,
    ChainedProcessRecorder,
    ChainedTrackingRecorder,
)
from ledger.store.sqlite import SQLiteLog
from tests.postgres import Place

# The base classes are taken out again at the end, so that pytest does not collect them bare.


class InMemory:
    """Recorders over rows in memory."""

    def log(self) -> Log:
        return MemoryLog()


class InSQLite:
    """Recorders over a SQLite file of their own."""

    def log(self) -> Log:
        folder = TemporaryDirectory()
        log = SQLiteLog(Path(folder.name) / "log.db")
        self.addCleanup(folder.cleanup)  # type: ignore[attr-defined]
        self.addCleanup(log.close)  # type: ignore[attr-defined]
        return log


class InPostgres:
    """Recorders over a PostgreSQL schema of their own, as the role that may only append."""

    place: Place

    @pytest.fixture(autouse=True)
    def _at(self, place: Place) -> None:
        self.place = place

    def log(self) -> Log:
        url = self.place.prepared()
        log = PostgresLog(target_of(url))
        self.addCleanup(self.place.drop, url)  # type: ignore[attr-defined]
        self.addCleanup(log.close)  # type: ignore[attr-defined]
        return log


class AggregateCases(AggregateRecorderTestCase):
    def create_recorder(self) -> ChainedAggregateRecorder:
        return ChainedAggregateRecorder(self.log())  # type: ignore[attr-defined]


class ApplicationCases(ApplicationRecorderTestCase[ChainedApplicationRecorder]):
    def create_recorder(self) -> ChainedApplicationRecorder:
        return ChainedApplicationRecorder(self.log())  # type: ignore[attr-defined]

    def test_insert_subscribe(self) -> None:
        self.optional_test_insert_subscribe()


class TrackingCases(TrackingRecorderTestCase):
    def create_recorder(self) -> ChainedTrackingRecorder:
        return ChainedTrackingRecorder(self.log())  # type: ignore[attr-defined]


class ProcessCases(ProcessRecorderTestCase):
    def create_recorder(self) -> ChainedProcessRecorder:
        return ChainedProcessRecorder(self.log())  # type: ignore[attr-defined]


class NonInterleavingCases(NonInterleavingNotificationIDsBaseCase):
    def create_recorder(self) -> ChainedApplicationRecorder:
        return ChainedApplicationRecorder(self.log())  # type: ignore[attr-defined]


class TestMemoryAggregate(InMemory, AggregateCases): ...


class TestMemoryApplication(InMemory, ApplicationCases): ...


class TestMemoryTracking(InMemory, TrackingCases): ...


class TestMemoryProcess(InMemory, ProcessCases): ...


class TestMemoryNonInterleaving(InMemory, NonInterleavingCases): ...


class TestSQLiteAggregate(InSQLite, AggregateCases): ...


class TestSQLiteApplication(InSQLite, ApplicationCases): ...


class TestSQLiteTracking(InSQLite, TrackingCases): ...


class TestSQLiteProcess(InSQLite, ProcessCases): ...


class TestSQLiteNonInterleaving(InSQLite, NonInterleavingCases): ...


class TestPostgresAggregate(InPostgres, AggregateCases): ...


class TestPostgresApplication(InPostgres, ApplicationCases): ...


class TestPostgresTracking(InPostgres, TrackingCases): ...


class TestPostgresProcess(InPostgres, ProcessCases): ...


class TestPostgresNonInterleaving(InPostgres, NonInterleavingCases): ...


del AggregateCases, ApplicationCases, TrackingCases, ProcessCases, NonInterleavingCases
del AggregateRecorderTestCase, ApplicationRecorderTestCase, TrackingRecorderTestCase
del ProcessRecorderTestCase, NonInterleavingNotificationIDsBaseCase, RecorderTestCase
