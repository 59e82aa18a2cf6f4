"""Everything that was planted is found, as what it is, and nothing else."""

from __future__ import annotations

from contextlib import contextmanager

import pytest

import ledger
from adapters.reconcile.books import BookedExecutions
from adapters.reconcile.told import Telling
from adapters.reconcile.trades import Span, compare_trades
from projections.database import connect
from projections.reports import Reports
from tests.brokers.sampling import NOW
from tests.reconcile.planted import ACCOUNT, PLANTERS, Planted, plant, seen


@contextmanager
def closing_engine(engine):
    yield
    engine.dispose()


def compared(planted: Planted, folder, tables=""):
    batch = planted.batch()
    engine = connect(tables or f"sqlite:///{folder}/r.db")
    with closing_engine(engine), ledger.open(f"sqlite:///{folder}/l.db", clock=lambda: NOW) as book:
        book.record_all(planted.facts)
        reports = Reports(book, engine)
        span = Span(since=batch.coverage.covers_from, until=batch.coverage.covers_to)
        books = BookedExecutions(reports, ACCOUNT)
        return compare_trades(books, Telling(batch, book.store).told(), span, book.store)


@pytest.mark.parametrize("seed", range(3))
def test_all_is_found_and_nothing_invented(tmp_path, seed):
    planted = plant(seed, 2_000, 5 * len(PLANTERS))
    trades = compared(planted, tmp_path)
    assert len(trades.breaks) == len(planted.expected) == 100
    assert seen(trades) == planted.expected


def test_tables_on_either_database_say_the_same(tmp_path, reports):
    planted = plant(7, 700, 3 * len(PLANTERS))
    assert seen(compared(planted, tmp_path, reports)) == planted.expected
