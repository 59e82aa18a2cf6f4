"""Trade rows: ids, sides, money, cancels and corrections, and what is set aside."""

from __future__ import annotations

from decimal import Decimal

import pytest

from adapters.brokers.ibkr_flex import parse
from adapters.ingest import ingest
from adapters.port import AccountConfig, RawPage
from ledger.domain.events import FeeCharged, FillBooked, FillBusted, FillCorrected, Side
from ledger.domain.instruments import InstrumentKind
from tests.brokers.flex import FakeBook, file, trade, trades

ORIGINAL = trade(transactionID="1", tradeID="9", ibExecID="aa.01.01")
CANCEL = {
    "transactionType": "TradeCancel",
    "transactionID": "2",
    "quantity": "-100",
    "buySell": "BUY (Ca.)",
}
REBOOKED = trade(transactionID="3", tradeID="9", ibExecID="aa.01.02", ibCommission="0")


def only(*rows):
    (record,) = trades(*rows).records
    return record.event


def test_the_execution_id_is_the_key_before_the_posting():
    assert only(ORIGINAL).exec_id == "aa.01.01"


def test_the_posting_is_the_key_without_an_execution_id():
    assert only(trade(transactionID="1", ibExecID="")).exec_id == "1"


def test_no_value_is_no_id():
    (record,) = trades(trade(transactionID="N/A", ibExecID="N/A")).records
    assert record.is_weak


def test_equal_trades_without_ids_stay_two_and_are_the_same_again():
    batch = trades(trade(), trade())
    ids = [record.event.exec_id for record in batch.records]
    assert ids[0] != ids[1]
    assert [record.event.exec_id for record in trades(trade(), trade()).records] == ids


def test_a_charge_is_positive_in_its_own_currency():
    (fee,) = only(trade(ibCommission="-1.25", ibCommissionCurrency="CHF")).fees
    assert (fee.amount, fee.currency) == (Decimal("1.25"), "CHF")


def test_the_side_is_the_signs():
    sold = only(trade(quantity="-100", buySell="SELL"))
    assert (sold.side, sold.last_qty) == (Side.SELL, Decimal(100))


def test_proceeds_that_price_and_quantity_do_not_make_are_kept():
    assert only(trade(proceeds="-1600.01")).gross_trade_amt == Decimal("1600.01")


def test_proceeds_that_they_make_are_not():
    assert only(trade(proceeds="-1600")).gross_trade_amt is None


@pytest.mark.parametrize(
    ("category", "kind"),
    [
        ("STK", InstrumentKind.EQUITY),
        ("WAR", InstrumentKind.EQUITY),
        ("FUND", InstrumentKind.EQUITY),
        ("OPT", InstrumentKind.OPTION),
        ("FOP", InstrumentKind.OPTION),
        ("FUT", InstrumentKind.LINEAR),
        ("CFD", InstrumentKind.LINEAR),
        ("FXCFD", InstrumentKind.LINEAR),
        ("CMDTY", InstrumentKind.EQUITY),
        ("BOND", InstrumentKind.BOND),
        ("BILL", InstrumentKind.BOND),
    ],
)
def test_asset_categories(category, kind):
    (defined,) = trades(trade(assetCategory=category)).instruments
    assert defined.instrument.kind is kind


@pytest.mark.parametrize("category", ["OPT", "FOP", "FUT"])
def test_a_multiplier_that_the_query_lacks_is_what_the_money_says_and_never_one(category):
    row = {"assetCategory": category, "multiplier": "", "quantity": "2", "tradePrice": "3"}
    (defined,) = trades(trade(**row, proceeds="-600")).instruments
    assert defined.instrument.multiplier == 100
    for money in ({}, {"proceeds": "-599.99"}):
        batch = trades(trade(**row, **money))
        assert not batch.records
        assert [(aside.field, aside.rule) for aside in batch.quarantine] == [
            ("multiplier", "missing: add it to the Flex query")
        ]


@pytest.mark.parametrize("order", [1, -1])
def test_an_expiry_needs_no_multiplier_and_makes_none(order):
    option = {"assetCategory": "OPT", "multiplier": "", "ibCommission": "0"}
    rows = [trade(**option, transactionID="1", quantity="2", tradePrice="3", proceeds="-600"),
            trade(**option, transactionID="2", quantity="-2", tradePrice="0",
                  transactionType="BookTrade", dateTime="2026-03-06;16:20:00")]  # fmt: skip
    batch = trades(*rows[::order])
    assert batch.instruments[0].instrument.multiplier == 100
    assert sorted(r.event.gross_trade_amt or 0 for r in batch.records) == [0, 600]


def test_of_several_statements_the_one_that_tells_the_multiplier_is_believed():
    option = {"assetCategory": "OPT", "multiplier": "", "ibCommission": "0"}
    expired = trade(**option, transactionID="1", tradePrice="0", transactionType="BookTrade")
    traded = trade(**option, transactionID="2", tradePrice="3", proceeds="-30000")
    pages = [RawPage(name=name, content=file({"Trades": [row]}))
             for name, row in (("1.xml", expired), ("2.xml", traded))]  # fmt: skip
    (defined,) = parse(pages, AccountConfig(time_zone="UTC")).instruments
    assert defined.instrument.multiplier == 100


def test_a_pair_delivers_its_first_currency():
    row = trade(assetCategory="CASH", symbol="EUR.USD", tradePrice="1.1")
    (defined,) = trades(row).instruments
    assert (defined.instrument.base_currency, defined.instrument.currency) == ("EUR", "USD")


@pytest.mark.parametrize("category", ["BOND", "BILL"])
def test_a_bond_is_priced_in_percent_of_par(category):
    row = trade(assetCategory=category, quantity="10000", tradePrice="99.5", proceeds="-9950")
    batch = trades(row)
    assert batch.instruments[0].instrument.multiplier == Decimal("0.01")
    assert batch.records[0].event.gross_trade_amt is None


def test_a_cancel_names_the_fill_by_its_key():
    cancel = trade(**CANCEL, ibCommission="6", origTransactionID="1")
    events = [record.event for record in trades(ORIGINAL, cancel).records]
    assert isinstance(events[1], FillBusted)
    assert events[1].refers_to() == events[0].identity()


def test_a_cancel_before_its_fill_in_the_file_is_linked_too():
    cancel = trade(**CANCEL, ibCommission="6", origTransactionID="1")
    assert trades(cancel, ORIGINAL).records[0].event.exec_ref_id == "aa.01.01"


def test_a_cancel_without_posting_is_linked_by_its_trade():
    cancel = trade(**CANCEL, ibCommission="6", origTransactionID="0", origTradeID="9")
    assert trades(ORIGINAL, cancel, REBOOKED).records[1].event.exec_ref_id == "aa.01.01"


def test_a_second_cancel_of_the_trade_means_the_rebooked_fill():
    first = trade(**CANCEL, ibCommission="6", origTransactionID="1")
    second = trade(**{**CANCEL, "transactionID": "4"}, ibCommission="0", origTradeID="9")
    busts = [r.event for r in trades(ORIGINAL, first, REBOOKED, second).records]
    assert [b.exec_ref_id for b in busts if isinstance(b, FillBusted)] == ["aa.01.01", "aa.01.02"]


def test_a_rebooked_trade_is_a_fill_of_its_own():
    cancel = trade(**CANCEL, ibCommission="6", origTransactionID="1")
    events = [record.event for record in trades(ORIGINAL, cancel, REBOOKED).records]
    assert [type(event) for event in events] == [FillBooked, FillBusted, FillBooked]


def test_a_commission_kept_on_the_dead_row_stays_charged():
    cancel = trade(**CANCEL, ibCommission="0", origTransactionID="1")
    kept = trades(ORIGINAL, cancel, REBOOKED).records[2].event
    assert isinstance(kept, FeeCharged)
    assert (kept.amount, kept.currency, kept.exec_id) == (Decimal(6), "USD", None)


def test_a_commission_given_back_is_not_charged_again():
    cancel = trade(**CANCEL, ibCommission="6", origTransactionID="1")
    assert not any(isinstance(r.event, FeeCharged) for r in trades(ORIGINAL, cancel).records)


def test_a_correction_carries_the_new_values():
    row = trade(
        transactionType="TradeCorrect",
        transactionID="2",
        origTransactionID="1",
        tradePrice="15.99",
    )
    corrected = trades(ORIGINAL, row).records[1].event
    assert isinstance(corrected, FillCorrected)
    assert (corrected.exec_ref_id, corrected.last_px) == ("aa.01.01", Decimal("15.99"))


@pytest.mark.parametrize("order", [(0, 1, 2), (0, 2, 1), (2, 1, 0)])
def test_a_correction_of_what_was_cancelled_is_the_trade_anew(order):
    cancel = trade(**CANCEL, ibCommission="6", origTransactionID="1")
    row = trade(transactionType="TradeCorrect", transactionID="3", origTransactionID="1",
                ibExecID="aa.01.02", tradePrice="15.99")  # fmt: skip
    rows = (ORIGINAL, cancel, row)
    events = [record.event for record in trades(*(rows[place] for place in order)).records]
    (bust,) = [event for event in events if isinstance(event, FillBusted)]
    (anew,) = [e for e in events if isinstance(e, FillBooked) and e.exec_id != bust.exec_ref_id]
    assert (anew.exec_id, anew.last_px) == ("aa.01.02", Decimal("15.99"))
    assert not [event for event in events if isinstance(event, FillCorrected)]


UNREAD = {
    "assetCategory": "PERP",
    "transactionType": "TradeMoon",
    "buySell": "HOLD",
    "quantity": "1E+999999",
    "tradePrice": "１６",
    "ibCommission": "1_0",
    "proceeds": "NaN",
    "taxes": "9" * 5000,
    "dateTime": "03/02/2026",
    "symbol": "AC\u202eME",
    "currency": "",
    "strike": "1,5",
}


@pytest.mark.parametrize("field", UNREAD)
def test_a_row_that_cannot_be_read_costs_only_itself(field):
    batch = trades(trade(transactionID="1", **{field: UNREAD[field]}), trade(transactionID="2"))
    assert len(batch.records) == 1
    assert batch.quarantine[0].field == field
    assert batch.quarantine[0].row == "Trade[1] transactionID 1"


@pytest.mark.parametrize("field", ["notes", "orderType", "exchange"])
def test_an_unknown_code_that_nothing_depends_on_costs_nothing(field):
    assert len(trades(trade(transactionID="1", **{field: "NEVER SEEN"})).records) == 1


def test_a_currency_nobody_listed_is_kept():
    assert only(trade(currency="USDC")).currency == "USDC"


@pytest.mark.parametrize("level", ["ORDER", "CLOSED_LOT", "SYMBOL_SUMMARY", "ASSET_SUMMARY"])
def test_only_executions_are_fills(level):
    assert not trades(trade(levelOfDetail=level)).records


def test_an_offset_in_the_time_is_kept():
    (record,) = trades(trade(dateTime="2026-03-02;10:15:00 -0400")).records
    assert record.occurred_at.isoformat() == "2026-03-02T14:15:00+00:00"


def test_a_cancel_of_an_unknown_fill_is_unlinked():
    cancel = trade(**CANCEL, ibCommission="0", origTransactionID="77")
    report = ingest(FakeBook(), trades(cancel))
    assert report.counts["unlinked"] == 1


def test_a_cancel_that_names_nothing_is_set_aside():
    (row,) = trades(trade(**CANCEL, origTransactionID="0")).quarantine
    assert "names no original" in row.rule
