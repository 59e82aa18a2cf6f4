"""Trades of one second: which came first decides which lots they close, and so each result.

IB states the result of each closing trade (``fifoPnlRealized``, commissions included). A real
statement has 429 of its 671 trades in a second with another of their symbol, 281 of them options.
Its options were opened and closed within the statement, so their results tell IB's order.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs
import pytest
from defusedxml.ElementTree import fromstring

import ledger
from adapters.ingest import ingest
from adapters.port import FIRST_PLACE, Batch
from ledger.domain.events import FillBooked
from ledger.domain.gates import changed
from ledger.domain.instruments import InstrumentKind
from tests.brokers.flex import NOW, REAL, real, trade, trades

NEAR = Decimal("0.000001")
TIED = {"dateTime": "2026-03-02;10:15:00"}


def stated(shared: Path) -> dict[str, Decimal]:
    """IB's result of each trade of an option that closed something, by the fill's id."""
    rows = fromstring(shared.joinpath("fixtures", *REAL).read_bytes()).iter("Trade")
    return {
        row.get("ibExecID") or row.get("transactionID"): Decimal(row.get("fifoPnlRealized"))
        for row in rows
        if row.get("assetCategory") == "OPT" and row.get("openCloseIndicator") == "C"
    }


def booked(batch: Batch) -> dict[str, Decimal]:
    """Our result of each reduction of an option, by IB's rules: FIFO, commissions in the cost."""
    found: dict[str, Decimal] = {}
    with ledger.open("memory://", clock=lambda: NOW) as book:
        book.open_account(batch.account, base_currency="CHF", fee_rule=ledger.FeeRule.IN_COST)
        ingest(book, batch)
        for view in book.positions(batch.account):
            if view.instrument and view.instrument.kind is InstrumentKind.OPTION:
                results = book.results(batch.account, view.instrument_id)
                found |= {one.exec_id: one.net_gain for one in results.disposals}
    return found


def agreeing(shared: Path, batch: Batch) -> tuple[int, int]:
    """How many of IB's results are ours, of how many."""
    theirs, ours = stated(shared), booked(batch)
    near = [(ours.get(e, Decimal(0)) - result).copy_abs() < NEAR for e, result in theirs.items()]
    return sum(near), len(near)


def reordered(batch: Batch, seq: Callable[[FillBooked], int | None]) -> Batch:
    """The batch with other places inside each second."""
    records = [
        attrs.evolve(record, event=changed(record.event, seq=seq(record.event)))
        if isinstance(record.event, FillBooked)
        else record
        for record in batch.records
    ]
    return attrs.evolve(batch, records=tuple(records))


def test_the_results_are_the_brokers_own(shared: Path) -> None:
    # IB took back a cent of one's commission later; one was assigned, its premium is the stock's.
    assert agreeing(shared, real(shared)) == (161, 163)


@pytest.mark.parametrize(
    ("seq", "worse"),
    [(lambda fill: None, 102), (lambda fill: 10**12 - fill.seq, 113)],
    ids=["by execution id", "backwards"],
)
def test_in_another_order_they_are_not(
    shared: Path, seq: Callable[[FillBooked], int | None], worse: int
) -> None:
    assert agreeing(shared, reordered(real(shared), seq))[0] == worse


def seqs(*rows: str) -> list[int | None]:
    return [record.event.seq for record in trades(*rows).records]


def test_the_posting_is_the_place() -> None:
    assert seqs(trade(ibExecID="b", transactionID="35"), trade(ibExecID="a")) == [35, None]


@pytest.mark.parametrize("posting", ["N/A", "--", "", "0", "12a", "٣", "9" * 19])
def test_what_is_no_number_is_no_place(posting: str) -> None:
    assert seqs(trade(ibExecID="a", transactionID=posting)) == [None]


def test_without_any_id_the_place_among_the_rows_of_its_time_is_all_there_is() -> None:
    other = trade(symbol="B", conid="2")
    assert seqs(other, trade(), trade()) == [FIRST_PLACE, FIRST_PLACE, FIRST_PLACE + 1]


def first_out(*rows: str) -> Any:
    """Which of two purchases of one second a sale closes first."""
    with ledger.open("memory://", clock=lambda: NOW) as book:
        ingest(book, trades(*rows))
        return book.results("U1", "IBKR:900001").disposals[0].slices[0].exec_id


def test_the_order_of_rows_and_of_ids_is_not_the_order_of_trades() -> None:
    late = trade(ibExecID="a.1", transactionID="101", **TIED)
    early = trade(ibExecID="b.1", transactionID="100", **TIED)
    sale = trade(
        ibExecID="c.1", transactionID="102", quantity="-50", dateTime="2026-03-03;10:00:00"
    )
    assert first_out(late, early, sale) == first_out(sale, early, late) == "b.1"
