"""Snapshots come out again as they were taken, whatever is recorded later."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from sqlalchemy import Engine

import ledger
from projections.errors import NoSuchSnapshotError
from projections.reports import Reports
from tests.projections.test_worth import START, fill, marked, traded

DAY = date(2026, 1, 5)
Tables = Callable[[], Engine]


def test_a_snapshot_comes_out_again_after_whatever_came_later(tables: Tables) -> None:
    book = traded()
    marked(book, "S", 110)
    snapshots = Reports(book, tables()).snapshots
    first = snapshots.take("A", DAY)
    assert first.told["positions"][1]["unrealized_pnl"] == "100"
    assert first.told["balances"][1]["total"] == "4000"
    late(book)
    assert snapshots.check("A", DAY)
    second = snapshots.take("A", DAY)
    assert second.told != first.told
    again = Reports(book, tables()).snapshots
    assert again.of("A") == [first, second]
    assert again.check("A", DAY)


def late(book: ledger.Book) -> None:
    """A late fill and another mark of that day."""
    marked(book, "S", 120, START + timedelta(hours=1))
    book.record_all([ledger.make_fact("A", fill("9", "S", 1, 100), START + timedelta(minutes=2))])


def test_one_that_was_changed_is_found(tables: Tables) -> None:
    """The control."""
    book = traded()
    engine = tables()
    snapshots = Reports(book, engine).snapshots
    snapshots.take("A", DAY)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE snapshots SET told = replace(told, '4000', '4001')")
    assert not snapshots.check("A", DAY)


def test_a_day_without_a_snapshot_is_named(tables: Tables) -> None:
    with pytest.raises(NoSuchSnapshotError, match="2026-01-06"):
        Reports(traded(), tables()).snapshots.check("A", date(2026, 1, 6))
