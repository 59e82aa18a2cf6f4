"""A real statement of 671 trades: all in, once, in any order; and a second opinion on it."""

from __future__ import annotations

import random
from collections import Counter
from decimal import Decimal

import attrs
import pytest

from adapters.ingest import ingest
from ledger.domain.events import FillBooked
from tests.brokers.flex import REAL, FakeBook, read, real


def keys(book):
    return {recorded.key for recorded in book.store.read_all()}


def test_every_trade_is_in_and_nothing_is_set_aside(shared):
    batch = real(shared)
    fills = [r.event for r in batch.records if isinstance(r.event, FillBooked)]
    assert len({fill.exec_id for fill in fills}) == 671
    assert not batch.quarantine


def test_no_cash_row_is_read_twice(shared):
    batch = real(shared)
    assert len(batch.records) - 671 == 60
    controls = {(c.name, c.currency): c for c in batch.coverage.controls}
    for name in ("dividends", "paymentInLieu", "withholdingTax", "depositWithdrawals"):
        assert controls[name, "USD"].agrees


def test_again_adds_nothing(shared):
    book = FakeBook()
    assert ingest(book, real(shared)).added == len(keys(book)) > 731
    again = ingest(book, real(shared))
    assert (again.added, again.counts["same"]) == (0, len(keys(book)))


@pytest.mark.parametrize("seed", range(3))
def test_shuffled_in_seven_parts_it_is_the_same_events(shared, seed):
    whole, apart, batch = FakeBook(), FakeBook(), real(shared)
    ingest(whole, batch)
    records = list(batch.records)
    random.Random(seed).shuffle(records)
    for part in range(7):
        ingest(apart, attrs.evolve(batch, records=tuple(records[part::7])))
    assert keys(apart) == keys(whole)


def test_a_dry_run_says_what_it_would_do_and_does_nothing(shared):
    book = FakeBook()
    report = ingest(book, real(shared), dry_run=True)
    assert (report.added > 731, book.store.head()) == (True, 0)


def test_the_other_parser_reads_the_same_numbers(shared):
    ibflex = pytest.importorskip("ibflex")
    path = shared.joinpath("fixtures", *REAL)
    theirs = ibflex.parser.parse(str(path)).FlexStatements[0].Trades
    ours = [r.event for r in read(path.read_bytes()).records if isinstance(r.event, FillBooked)]
    apart = Counter(map(_theirs, theirs)) - Counter(map(_ours, ours))
    # What was taken in dollars is printed in francs: see tests/brokers/test_flex_forex.py.
    in_dollars = [fill.exec_id for fill in ours if _is_translated(fill)]
    assert sorted(exec_id for exec_id, *_ in apart) == sorted(in_dollars)
    assert (len(ours), len(in_dollars)) == (671, 9)


def _is_translated(fill):
    is_pair = fill.instrument_id in {"IBKR:12087820", "IBKR:12087802"}
    return is_pair and any(fee.currency == "USD" for fee in fill.fees)


def _theirs(trade):
    fee = -trade.ibCommission
    return trade.ibExecID or trade.transactionID, trade.quantity, trade.tradePrice, fee


def _ours(fill):
    fees = sum((fee.amount for fee in fill.fees), Decimal(0))
    return fill.exec_id, fill.signed_qty, fill.last_px, fees


def test_the_statement_that_says_two_and_holds_three_is_refused(shared):
    folder = shared / "fixtures" / "interactive_brokers" / "portfolio_performance"
    with pytest.raises(ValueError, match="declares 2 as its count of statements and holds 3"):
        read((folder / "testIBFlexStatementFile29.xml").read_bytes())


def test_a_file_without_any_id_is_idempotent(shared):
    folder = shared / "fixtures" / "interactive_brokers" / "opensteuerauszug"
    content, book = (folder / "options_future_2025.xml").read_bytes(), FakeBook()
    first, again = (ingest(book, read(content)) for _ in range(2))
    assert first.weak == 91
    assert (again.added, again.weak) == (0, 91)


def test_the_time_zone_is_the_configured_one(shared):
    content = shared.joinpath("fixtures", *REAL).read_bytes()
    batch = read(content, time_zone="America/New_York")
    first = next(r for r in batch.records if isinstance(r.event, FillBooked))
    assert first.occurred_at.isoformat() == "2025-10-17T18:23:46+00:00"


def test_a_zone_nobody_knows_is_refused(shared):
    with pytest.raises(ValueError, match="no such time zone"):
        read(shared.joinpath("fixtures", *REAL).read_bytes(), time_zone="Mars/Olympus")
