"""Which lines of the position ledger are late: those for which earlier facts count otherwise."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

import ledger
from ledger.domain.events import Event, FeeCharged, FillBooked, FillBusted, FillCorrected, Side
from projections.reports import Reports
from tests.projections.tables import in_memory

START = datetime(2026, 1, 5, 9, tzinfo=UTC)


def fill(name: str, qty: int = 10) -> FillBooked:
    return FillBooked(
        exec_id=name,
        instrument_id="X",
        side=Side.BUY,
        last_qty=Decimal(qty),
        last_px=Decimal(100),
        currency="USD",
    )


def fee(exec_id: str | None) -> FeeCharged:
    return FeeCharged(id="f", amount=Decimal(1), currency="USD", instrument_id="X", exec_id=exec_id)


def late(*told: tuple[int, Event]) -> list[bool]:
    """Of each line, in the order of telling."""
    book = ledger.open("memory://")
    book.open_account("A", base_currency="USD", occurred_at=START)
    for seconds, event in told:
        book.record_all([ledger.make_fact("A", event, START + timedelta(seconds=seconds))])
    return [line.is_late for line in Reports(book, in_memory()).position_ledger("A")]


@pytest.mark.parametrize(
    ("event", "is_late"),
    [
        pytest.param((3, fill("c")), False, id="a fill after all others"),
        pytest.param((1, fill("c")), True, id="a fill before another"),
        pytest.param((3, fee("a")), True, id="a fee for a fill"),
        pytest.param((3, fee("b")), True, id="a fee for the last fill"),
        pytest.param((3, fee(None)), False, id="a fee of the position"),
        pytest.param((1, fee(None)), True, id="a fee of the position, before a fill"),
        pytest.param((3, FillBusted(exec_id="x", exec_ref_id="a")), True, id="a bust"),
        pytest.param((3, FillBusted(exec_id="x", exec_ref_id="b")), True, id="a bust of the last"),
        pytest.param(
            (3, FillCorrected(exec_id="x", exec_ref_id="b", last_qty=Decimal(9))),
            True,
            id="a correction",
        ),
    ],
)
def test_a_line_is_late_when_earlier_facts_count_otherwise(
    event: tuple[int, Event], is_late: bool
) -> None:
    assert late((0, fill("a")), (2, fill("b")), event) == [False, False, is_late]
