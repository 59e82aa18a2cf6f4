"""Ingest: new, same, more, changed, reversed, unlinked; all or nothing, and never an overwrite."""

from __future__ import annotations

from decimal import Decimal

import attrs
import pytest

from adapters.ingest import Verdict, ingest
from ledger.domain.events import (
    Fee,
    FeeCharged,
    FillBooked,
    FillBusted,
    FillConflict,
    FillSighted,
    Source,
    SymbolChanged,
    make_fact,
)
from ledger.domain.gates import changed
from ledger.domain.sighting import separate_fee_id
from ledger.errors import BadFileError
from tests.brokers.flex import FakeBook, cash, cash_rows, file, read, trade, trades

FULL = trade(transactionID="1", tradeID="9", ibExecID="aa.01", ibOrderID="7")
CANCEL = trade(
    transactionType="TradeCancel",
    transactionID="2",
    quantity="-100",
    buySell="BUY (Ca.)",
    ibCommission="0",
    origTransactionID="1",
)


def events(book, kind=object):
    return [r.event for r in book.store.read_all() if isinstance(r.event, kind)]


def live(book, **values):
    """The fill as a live feed gave it: no fees, no order."""
    (record,) = trades(FULL).records
    bare = {"fees": (), "order_id": None, "trade_id": None, "settl_date": None, **values}
    event = changed(record.event, **bare)
    book.record_all([make_fact("U1", event, record.occurred_at)])


def test_a_statement_adds_to_a_live_fill():
    book = FakeBook()
    live(book)
    report = ingest(book, trades(FULL))
    assert report.records[1].verdict is Verdict.SAME
    assert [type(event) for event in events(book)[2:]] == [FillSighted, FeeCharged]
    assert report.added == 3


def test_what_it_adds_is_tied_to_the_fill():
    book = FakeBook()
    live(book)
    ingest(book, trades(FULL))
    (fee,) = events(book, FeeCharged)
    (fill,) = events(book, FillBooked)
    assert fee.refers_to() == fill.identity()
    assert (fee.id, fee.amount) == (separate_fee_id("aa.01", 0), 6)


def test_adding_again_adds_nothing():
    book = FakeBook()
    live(book)
    ingest(book, trades(FULL))
    assert ingest(book, trades(FULL)).added == 0


def test_other_content_is_a_conflict_beside_the_booked_fill():
    book = FakeBook()
    live(book, last_px=Decimal(17))
    report = ingest(book, trades(FULL, trade(transactionID="5")))
    assert report.counts["changed"] == 1
    assert report.records[1].differing[0].field == "last_px"
    (conflict,) = events(book, FillConflict)
    assert conflict.differing[0].booked == "17"
    assert [fill.last_px for fill in events(book, FillBooked)] == [17, 16]


def test_the_same_conflict_is_recorded_once():
    book = FakeBook()
    live(book, last_px=Decimal(17))
    ingest(book, trades(FULL))
    assert ingest(book, trades(FULL)).added == 0


def test_two_contents_under_one_id_in_one_file_are_a_conflict():
    book = FakeBook()
    ingest(book, trades(FULL, FULL.replace('"16"', '"18"')))
    assert (len(events(book, FillBooked)), len(events(book, FillConflict))) == (1, 1)


def test_other_fees_are_never_silent():
    book = FakeBook()
    ingest(book, trades(FULL))
    report = ingest(book, trades(FULL.replace('"-6"', '"-7"')))
    assert report.records[1].differing[0] == ("fees", "6 USD", "7 USD")
    assert (report.counts["changed"], report.added) == (1, 0)


def test_other_fees_than_were_charged_apart_are_never_silent():
    book = FakeBook()
    live(book)
    ingest(book, trades(FULL))
    report = ingest(book, trades(FULL.replace('"-6"', '"-7"')))
    assert report.records[1].differing[0] == ("fees", "6 USD", "7 USD")
    assert (report.counts["changed"], report.added) == (1, 0)


def fees(*amounts):
    """A telling of the fill with several charges."""
    batch = trades(FULL)
    charged = tuple(Fee(amount=Decimal(one), currency="USD") for one in amounts)
    told = attrs.evolve(batch.records[0], event=changed(batch.records[0].event, fees=charged))
    return attrs.evolve(batch, records=(told,), digest="other")


@pytest.mark.parametrize("amounts", [("5", "1"), ("5", "2")])
def test_a_charge_that_is_told_in_other_parts_is_charged_once(amounts):
    book = FakeBook()
    live(book)
    ingest(book, trades(FULL))
    report = ingest(book, fees(*amounts))
    assert [fee.amount for fee in events(book, FeeCharged)] == [6]
    assert report.counts["changed"] == (amounts == ("5", "2"))


def test_a_charge_that_is_told_in_other_parts_by_one_batch_is_charged_once():
    book = FakeBook()
    live(book)
    both = attrs.evolve(fees("6"), records=(*fees("6").records, *fees("5", "1").records))
    assert ingest(book, both).counts["changed"] == 0
    assert [fee.amount for fee in events(book, FeeCharged)] == [6]


def test_a_charge_besides_those_that_are_known_is_charged():
    book = FakeBook()
    live(book)
    ingest(book, fees("6"))
    assert ingest(book, fees("6", "1")).counts["changed"] == 0
    assert [fee.amount for fee in events(book, FeeCharged)] == [6, 1]


def test_a_cancel_of_an_earlier_file_finds_its_fill():
    book = FakeBook()
    ingest(book, trades(FULL))
    report = ingest(book, trades(CANCEL))
    (bust,) = events(book, FillBusted)
    assert report.records[1].verdict is Verdict.REVERSES
    assert bust.exec_ref_id == "aa.01"


def test_a_commission_kept_by_a_later_cancel_stays_charged():
    book = FakeBook()
    ingest(book, trades(FULL))
    ingest(book, trades(CANCEL))
    assert [fee.amount for fee in events(book, FeeCharged)] == [6]


def test_a_cancel_finds_a_fill_that_came_live():
    book = FakeBook()
    live(book)
    ingest(book, trades(FULL))
    ingest(book, trades(CANCEL))
    (bust,) = events(book, FillBusted)
    assert bust.exec_ref_id == "aa.01"
    assert len(events(book, FeeCharged)) == 2


def test_a_cancel_before_its_fill_is_linked_when_it_comes_again():
    book = FakeBook()
    assert ingest(book, trades(CANCEL)).records[1].verdict is Verdict.UNLINKED
    ingest(book, trades(FULL, CANCEL))
    assert [bust.exec_ref_id for bust in events(book, FillBusted)] == ["1", "aa.01"]
    assert ingest(book, trades(FULL, CANCEL)).added == 0


def test_a_linked_cancel_is_the_same_again_by_itself():
    book = FakeBook()
    ingest(book, trades(FULL, CANCEL))
    assert ingest(book, trades(CANCEL)).added == 0


def test_a_new_symbol_is_a_rename_of_the_instrument():
    book = FakeBook()
    ingest(book, trades(FULL))
    ingest(book, trades(FULL.replace("ACME", "NEWCO")))
    (renamed,) = events(book, SymbolChanged)
    assert (renamed.instrument_id, renamed.symbol) == ("IBKR:900001", "NEWCO")


def test_a_definition_that_only_says_more_is_the_same():
    book = FakeBook()
    ingest(book, trades(FULL))
    report = ingest(book, trades(FULL.replace("/>", ' isin="US0000009001"/>')))
    assert (report.counts["same"], report.added) == (2, 0)


def test_a_definition_that_contradicts_is_reported():
    book = FakeBook()
    ingest(book, trades(FULL))
    report = ingest(book, trades(FULL.replace('multiplier="1"', 'multiplier="10"')))
    assert report.records[0].differing == (("multiplier", "1", "10"),)


def test_cash_under_a_known_id_with_another_amount_is_reported():
    book = FakeBook()
    ingest(book, cash_rows(cash(transactionID="1")))
    report = ingest(book, cash_rows(cash(transactionID="1", amount="51")))
    assert report.records[0].differing[0] == ("amount", "50", "51")


def test_a_dry_run_gives_the_same_answers_and_writes_nothing():
    book = FakeBook()
    live(book)
    dry = ingest(book, trades(FULL, CANCEL), dry_run=True)
    head = book.store.head()
    wet = ingest(book, trades(FULL, CANCEL))
    assert head == 1
    assert attrs.evolve(dry, dry_run=False) == wet


def test_a_refused_file_records_nothing():
    book = FakeBook()
    with pytest.raises(BadFileError):
        ingest(book, read(file({"Trades": [FULL]})[:-5]))
    assert book.store.head() == 0


def test_where_a_fact_was_read_is_kept():
    book, batch = FakeBook(), trades(FULL)
    ingest(book, batch)
    (meta,) = [r.meta for r in book.store.read_all() if isinstance(r.event, FillBooked)]
    assert meta.source == Source(
        adapter="ibkr_flex/1", digest=batch.digest, row="Trade[1] transactionID 1"
    )


def test_progress_ends_at_the_whole():
    seen = []
    ingest(FakeBook(), trades(FULL), progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (2, 2)


def test_cancels_of_one_instrument_read_its_history_once(monkeypatch):
    book = FakeBook()
    ingest(book, trades(*(trade(transactionID=str(n), ibExecID=f"a{n}.01") for n in (1, 2, 3))))
    asked = []
    refs = book.store.refs

    def told_of(*of):
        asked.append(of)
        return refs(*of)

    monkeypatch.setattr(book.store, "refs", told_of)
    told = CANCEL.replace('"2"', '"{}"').replace('origTransactionID="1"', 'origTransactionID="{}"')
    report = ingest(book, trades(*(told.format(10 + n, n) for n in (1, 2, 3))))
    assert report.counts["reverses"] == 3
    assert [event.exec_ref_id for event in events(book, FillBusted)] == ["a1.01", "a2.01", "a3.01"]
    assert len(asked) == 1
