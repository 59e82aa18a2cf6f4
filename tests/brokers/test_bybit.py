"""Bybit: each kind of row, its traps, recorded answers, and what hostile values can do."""

from __future__ import annotations

import json
import random
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.brokers.bybit import parse
from adapters.ingest import Verdict
from adapters.port import AccountConfig, RawPage
from ledger.domain.events import (
    CashDeposited,
    CashWithdrawn,
    FeeCharged,
    FeeKind,
    FillBooked,
    FundingPaid,
    InterestPaid,
    Liquidity,
    Side,
)
from ledger.domain.instruments import InstrumentKind
from ledger.domain.order_status import OrdStatus
from ledger.errors import BadFileError
from tests.brokers.bybit import (
    EXECUTION,
    LOG,
    ORDER,
    answer,
    bought,
    executions,
    log_rows,
    page,
    read,
    spot_legs,
)
from tests.brokers.sampling import empty_books, told
from tests.brokers.venues.bybit import MONEY, SAMPLE

# ---------------------------------------------------------------------------- executions


def test_a_trade_is_a_fill_of_its_category():
    fill = bought(executions({}))
    assert fill.identity()[:4] == ("BYBIT", "linear", "fill", "e-1")
    assert (fill.instrument_id, fill.side, fill.last_qty) == (
        "BYBIT:linear:BTCUSDT", Side.BUY, Decimal("0.05"),
    )  # fmt: skip
    assert (fill.seq, fill.cl_ord_id, fill.liquidity) == (9001, "mine-1", Liquidity.TAKER)


def test_the_same_symbol_and_id_in_two_categories_are_two():
    batch = read(answer(EXECUTION, category="linear"), answer(EXECUTION, category="spot"))
    assert [r.event.instrument_id for r in batch.records] == [
        "BYBIT:linear:BTCUSDT", "BYBIT:spot:BTCUSDT",
    ]  # fmt: skip
    assert len({r.event.identity() for r in batch.records}) == 2


@pytest.mark.parametrize(("written", "amount"), [("1.1", "1.1"), ("-0.2", "-0.2")])
def test_a_charge_is_positive_and_a_rebate_negative(written, amount):
    (fee,) = bought(executions({"execFee": written})).fees
    assert (fee.amount, fee.currency) == (Decimal(amount), "USDT")


@pytest.mark.parametrize("name", ["feeCurrency", "feeCoin"])
def test_a_fee_is_in_the_currency_that_the_row_tells(name):
    (fee,) = bought(executions({name: "MNT"}, category="spot")).fees
    assert fee.currency == "MNT"


@pytest.mark.parametrize(
    ("side", "fee", "coin"),
    [("Buy", "1", "BTC"), ("Sell", "1", "USDT"), ("Buy", "-1", "USDT"), ("Sell", "-1", "BTC")],
)
def test_untold_a_spot_fee_is_in_what_came_and_a_rebate_in_what_went(side, fee, coin):
    (charged,) = bought(executions({"side": side, "execFee": fee}, category="spot")).fees
    assert charged.currency == coin


@pytest.mark.parametrize(("written", "amount"), [("0.36", "-0.36"), ("-0.2", "0.2")])
def test_funding_is_no_fee_and_its_sign_is_turned(written, amount):
    paid = bought(executions({"execType": "Funding", "execFee": written}))
    assert isinstance(paid, FundingPaid)
    assert (paid.amount, paid.currency) == (Decimal(amount), "USDT")


@pytest.mark.parametrize("kind", ["AdlTrade", "BustTrade", "BlockTrade", "MovePosition"])
def test_other_trades_are_fills_a_liquidation_too(kind):
    assert isinstance(bought(executions({"execType": kind})), FillBooked)


@pytest.mark.parametrize("kind", ["Delivery", "Settle"])
def test_a_delivery_is_a_fill_when_it_closes(kind):
    closing = {"execType": kind, "side": "Sell", "closedSize": "0.05"}
    assert bought(executions(closing)).side is Side.SELL
    (aside,) = executions({"execType": kind}).quarantine
    assert aside.field == "closedSize"


@pytest.mark.parametrize("kind", ["", "UNKNOWN", "ReverseSplitSettle", "Dividend"])
def test_an_unknown_kind_costs_only_its_row(kind):
    batch = executions({"execType": kind}, {"execId": "e-2"})
    assert (len(batch.records), batch.quarantine[0].field) == (1, "execType")


def test_a_fast_frame_has_no_fee_and_the_list_adds_it():
    fast = {k: v for k, v in EXECUTION.items() if k not in {"execType", "execFee", "execValue"}}
    frame = {"topic": "execution.fast", "data": [{**fast, "category": "linear"}]}
    with empty_books() as book:
        (quick, full) = told(book, read(frame), executions({}))
        assert quick.counts["new"] == 2
        assert full.counts[Verdict.CHANGED.value] == 0
        assert [fee.total for fee in book.balances("A")] == [Decimal("-1.1")]


@pytest.mark.parametrize(
    ("category", "symbol", "kind", "currency"),
    [
        ("spot", "SOLUSDC", InstrumentKind.SPOT, "USDC"),
        ("linear", "BTCUSDT-27DEC24", InstrumentKind.LINEAR, "USDT"),
        ("linear", "ETHPERP", InstrumentKind.LINEAR, "USDC"),
        ("linear", "BTC-27DEC24", InstrumentKind.LINEAR, "USDC"),
        ("inverse", "BTCUSD", InstrumentKind.INVERSE, "BTC"),
        ("inverse", "ETHUSDH25", InstrumentKind.INVERSE, "ETH"),
        ("option", "BTC-7JAN26-80000-C", InstrumentKind.OPTION, "USDC"),
        ("option", "BTC-27MAR26-70000-P-USDT", InstrumentKind.OPTION, "USDT"),
    ],
)
def test_what_a_symbol_is(category, symbol, kind, currency):
    (defined,) = executions({"symbol": symbol}, category=category).instruments
    assert (defined.instrument.kind, defined.instrument.currency) == (kind, currency)
    assert defined.instrument.multiplier == 1


def test_an_option_names_its_end_and_strike():
    (defined,) = executions({"symbol": "BTC-7JAN26-80000-C"}, category="option").instruments
    option = defined.instrument
    assert (option.expiry, option.strike_px, option.put_call) == ("2026-01-07", 80000, "C")


def test_a_symbol_of_unknown_coins_is_set_aside_until_an_answer_tells_them():
    rows = answer({**EXECUTION, "symbol": "AAABBB"}, category="spot")
    assert read(rows).quarantine[0].field == "symbol"
    coins = {"symbol": "AAABBB", "baseCoin": "AAA", "quoteCoin": "BBB"}
    (defined,) = read(rows, answer(coins, category="spot")).instruments
    assert (defined.instrument.base_currency, defined.instrument.currency) == ("AAA", "BBB")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("execQty", "0"), ("execQty", "-1"), ("execQty", "1E+999999"), ("execPrice", "NaN"),
        ("execPrice", "0"),
        ("execFee", "1_0"), ("side", "None"), ("execTime", "never"), ("execId", ""),
        ("symbol", "BTC\u202e"), ("isMaker", "perhaps"), ("extraFees", "1"),
        ("extraFees", {"fee": "1"}), ("extraFees", [["fee"]]),
        ("execPrice", ["1"]),
    ],
)  # fmt: skip
def test_a_row_that_cannot_be_read_costs_only_itself(field, value):
    batch = executions({field: value}, {"execId": "e-2"})
    assert [r.event.exec_id for r in batch.records] == ["e-2"]
    assert batch.quarantine[0].field in {field, "last_qty"}


def test_rows_without_a_category_are_set_aside_since_a_symbol_is_several_things():
    (aside,) = executions({}, category="").quarantine
    assert aside.field == "category"


# ------------------------------------------------------------------- the transaction log


def test_the_log_tells_the_same_fill_and_fee_once():
    both = (answer(EXECUTION, category="linear"), answer(LOG))
    assert len(read(*both).records) == len(read(*reversed(both)).records) == 1
    with empty_books() as book:
        told(book, log_rows({}), executions({}))
        assert [(v.currency, v.total) for v in book.balances("A")] == [("USDT", Decimal("-1.1"))]
        (held,) = book.positions("A")
        assert held.net_qty == Decimal("0.05")


@pytest.mark.parametrize("first", ["log", "executions"])
def test_a_fee_that_the_log_tells_otherwise_is_seen(first):
    other = log_rows({"fee": "1.2", "change": "-1.2"})
    batches = [other, executions({})]
    with empty_books() as book:
        *_, last = told(book, *(batches if first == "log" else reversed(batches)))
        assert last.counts[Verdict.CHANGED.value] == 1
    together = read(answer(EXECUTION, category="linear"), answer({**LOG, "fee": "1.2"}))
    assert len(together.records) == 2


def test_the_two_rows_of_a_spot_trade_are_one_fill():
    fill = bought(log_rows(*spot_legs()))
    assert (fill.instrument_id, fill.last_qty, fill.scope) == (
        "BYBIT:spot:BTCUSDT", Decimal("0.05"), "spot",
    )  # fmt: skip
    assert [(fee.amount, fee.currency) for fee in fill.fees] == [(Decimal("0.00005"), "BTC")]


def test_they_are_the_execution_of_their_id():
    row = {**EXECUTION, "execId": "s-1", "execFee": "0.00005", "feeCurrency": "BTC"}
    batch = read(answer(*spot_legs()), answer(row, category="spot"))
    assert len(batch.records) == 1
    assert not batch.quarantine


def test_half_of_a_spot_trade_is_set_aside_unless_its_execution_is_here():
    half = spot_legs()[0]
    assert log_rows(half).quarantine[0].field == "currency"
    row = {**EXECUTION, "execId": "s-1", "execFee": "0.00005", "feeCurrency": "BTC"}
    assert not read(answer(half), answer(row, category="spot")).quarantine


def test_funding_is_booked_once():
    funding = {**EXECUTION, "execType": "Funding", "execFee": "0.36", "execId": "f-1"}
    row = {**LOG, "type": "SETTLEMENT", "tradeId": "f-1", "funding": "-0.36", "fee": "0",
           "change": "-0.36"}  # fmt: skip
    paid = bought(read(answer(row), answer(funding, category="linear")))
    assert (paid.amount, paid.identity().kind) == (Decimal("-0.36"), "funding-paid")
    with empty_books() as book:
        told(book, log_rows(row), executions(funding))
        assert [v.total for v in book.balances("A")] == [Decimal("-0.36")]


GST = [{"feeCoin": "USDT", "feeType": "GST", "subFeeType": "IND_GST", "feeRate": "0.000099",
        "fee": "0.198"}]  # fmt: skip


@pytest.mark.parametrize("written", [GST, json.dumps(GST)])
def test_a_tax_beside_the_fee_is_charged_on_top(written):
    event = bought(executions({"extraFees": written}))
    assert [(fee.amount, fee.currency, fee.kind) for fee in event.fees] == [
        (Decimal("1.1"), "USDT", FeeKind.COMMISSION), (Decimal("0.198"), "USDT", FeeKind.TAX)
    ]  # fmt: skip
    logged = {"extraFees": written, "change": "-1.298", "cashBalance": "998.702"}
    batch = log_rows(logged)
    assert (bought(batch).fees, batch.findings) == (event.fees, ())


@pytest.mark.parametrize("none", [None, "", "[]", []])
def test_no_tax_is_no_fee(none):
    assert len(bought(executions({"extraFees": none})).fees) == 1
    assert len(bought(log_rows({"extraFees": none})).fees) == 1


@pytest.mark.parametrize("told", [{"extraFees": GST}, {"extraFees": "GST", "change": "-1.1"}])
def test_a_tax_that_the_logs_change_does_not_hold_is_set_aside(told):
    assert log_rows(told).quarantine[0].field == "extraFees"


@pytest.mark.parametrize("funding", ["0.36", "-0.36", "0"])
@pytest.mark.parametrize("fee", ["0", "0.01"])
@pytest.mark.parametrize("flow", ["0", "7"])
def test_funding_is_what_the_rows_own_sum_says_in_either_log(funding, fee, flow):
    """A unified account writes what was received positive, a classic one what was paid."""
    rest = Decimal(flow) - Decimal(fee)
    for written, sign in (("unified", 1), ("classic", -1)):
        change = rest + sign * Decimal(funding)
        row = {"type": "SETTLEMENT", "tradeId": written, "funding": funding, "fee": fee,
               "cashFlow": flow, "change": str(change)}  # fmt: skip
        batch = log_rows(row)
        assert bought(batch).amount == change - rest
        assert not [one for one in batch.findings if "makes" in one.what]


def test_funding_of_one_time_under_another_id_is_not_booked_again():
    funding = {**EXECUTION, "execType": "Funding", "execFee": "0.36", "execId": "f-1"}
    row = {**LOG, "type": "SETTLEMENT", "tradeId": "f-2", "funding": "-0.36", "fee": "0",
           "change": "-0.36"}  # fmt: skip
    batch = read(answer(row), answer(funding, category="linear"))
    assert (len(batch.records), batch.quarantine[0].value) == (1, "f-2")


def test_a_session_result_beside_the_funding_is_found():
    row = {"type": "SETTLEMENT", "symbol": "BTCPERP", "currency": "USDC", "funding": "-1",
           "fee": "0", "cashFlow": "7", "change": "6"}  # fmt: skip
    batch = log_rows(row)
    assert bought(batch).amount == -1
    assert "7 USDC" in batch.findings[0].what


@pytest.mark.parametrize(
    ("kind", "change", "fact", "amount"),
    [
        ("TRANSFER_IN", "5", CashDeposited, "5"),
        ("TRANSFER_OUT", "-5", CashWithdrawn, "5"),
        ("BONUS", "5", CashDeposited, "5"),
        ("INTEREST", "-5", InterestPaid, "-5"),
        ("FEE_REFUND", "5", FeeCharged, "-5"),
        ("CUSTODY_NETWORK_FEE", "-5", FeeCharged, "5"),
        ("INTEREST_REPAYMENT_INS_LOAN", "-5", InterestPaid, "-5"),
        ("FLEXIBLE_STAKING_SUBSCRIPTION", "-5", CashWithdrawn, "5"),
        ("FLEXIBLE_STAKING_REDEMPTION", "5", CashDeposited, "5"),
        ("ONCHAINEARN_REFUND", "5", CashDeposited, "5"),
    ],
)
def test_money_without_a_trade(kind, change, fact, amount):
    event = bought(log_rows({**MONEY, "type": kind, "cashFlow": change, "change": change}))
    assert type(event) is fact
    assert event.amount == Decimal(amount)


def test_the_logs_id_is_of_several_rows_and_each_is_kept():
    rows = [
        {**MONEY, "type": kind, "cashFlow": "5", "change": "5", "id": "1"}
        for kind in ("TRANSFER_IN", "BONUS")
    ]
    assert len({r.event.identity() for r in log_rows(*rows).records}) == 2


def test_a_logged_trade_at_no_price_is_set_aside():
    assert log_rows({"tradePrice": "0"}).quarantine[0].field == "tradePrice"


@pytest.mark.parametrize(
    "kind", ["CURRENCY_BUY", "IDN_CONVERT_OUT", "BORROWED_AMOUNT_INS_LOAN", "BORROW", ""]
)
def test_what_is_not_booked_says_why(kind):
    batch = log_rows({"type": kind}, {})
    assert (len(batch.records), batch.quarantine[0].field) == (1, "type")


def test_a_row_that_does_not_close_is_found_and_booked():
    batch = log_rows({"change": "-1.2"})
    assert len(batch.records) == 1
    assert "-1.1" in batch.findings[0].what


JOURNEY = [
    {"tradeId": f"e-{n}", "transactionTime": at, "cashBalance": after}
    for n, (at, after) in enumerate(
        [("1000", "98.9"), ("2000", "97.8"), ("2000", "96.7"), ("3000", "95.6")]
    )
]


@pytest.mark.parametrize("seed", range(5))
def test_a_whole_chain_closes_in_whatever_order(seed):
    rows = list(JOURNEY)
    random.Random(seed).shuffle(rows)
    batch = log_rows(*rows)
    assert not batch.findings
    (control,) = batch.coverage.controls
    assert (control.agrees, control.stated) == (True, Decimal("95.6"))


@pytest.mark.parametrize("gone", [1, 2])
def test_a_row_that_is_left_out_is_found(gone):
    batch = log_rows(*JOURNEY[:gone], *JOURNEY[gone + 1 :])
    assert "is not explained" in batch.findings[0].what
    assert not batch.coverage.controls[0].agrees


# --------------------------------------------------- orders, positions, wallet, and pages


@pytest.mark.parametrize(
    ("written", "status"),
    [
        ("Untriggered", OrdStatus.NEW), ("PartiallyFilledCanceled", OrdStatus.CANCELED),
        ("Rejected", OrdStatus.REJECTED), ("Filled", OrdStatus.FILLED),
    ],
)  # fmt: skip
def test_an_order_keeps_its_fills_whatever_became_of_it(written, status):
    row = {**ORDER, "orderStatus": written, "cumExecQty": "0.04"}
    (order,) = read(answer(row, category="linear")).orders
    assert (order.status, order.cum_qty) == (status, Decimal("0.04"))
    assert order.leaves_qty == (Decimal("0.1") if order.is_open else 0)


def test_of_two_tellings_of_an_order_the_later_stands():
    later = {**ORDER, "orderStatus": "Filled", "updatedTime": "1767261600001"}
    pages = answer(later, category="linear"), answer(ORDER, category="linear")
    (order,) = read(*pages).orders
    assert order.status is OrdStatus.FILLED


@pytest.mark.parametrize(("side", "unit"), [
    ("Buy", ""), ("Buy", "quoteCoin"), ("Sell", "quoteCoin"),
])  # fmt: skip
def test_a_market_order_in_money_is_not_taken_for_units(side, unit):
    row = {**ORDER, "orderType": "Market", "side": side, "marketUnit": unit}
    batch = read(answer(row, category="spot"))
    assert (batch.orders, batch.quarantine[0].field) == ((), "marketUnit")


@pytest.mark.parametrize(("side", "unit"), [
    ("Buy", "baseCoin"), ("Sell", "baseCoin"), ("Sell", ""),
])  # fmt: skip
def test_a_market_order_in_units_is_stated(side, unit):
    row = {**ORDER, "orderType": "Market", "side": side, "marketUnit": unit}
    (order,) = read(answer(row, category="spot")).orders
    assert order.qty == Decimal("0.1")


def test_a_short_position_is_negative_and_both_legs_of_a_hedge_stay():
    legs = [
        {"symbol": "BTCUSDT", "side": side, "size": "2", "positionIdx": idx}
        for idx, side in ((1, "Buy"), (2, "Sell"))
    ]
    batch = read(answer(*legs, category="linear"))
    assert sorted(held.qty for held in batch.positions) == [-2, 2]


def test_what_is_borrowed_is_owed():
    coin = {"coin": "ETH", "walletBalance": "0", "spotBorrow": "0.06"}
    batch = read(answer({"totalEquity": "1", "coin": [coin]}))
    assert batch.balances[0].ending == Decimal("-0.06")
    assert batch.coverage.covers_to.year == 2026


def test_an_announced_page_that_is_not_here_is_missing():
    first = answer(EXECUTION, category="linear", cursor="next")
    last = answer({**EXECUTION, "execId": "e-2"}, category="linear")
    assert "the page after 1.json" in read(first).coverage.missing[0]
    assert not read(first, last).coverage.missing
    assert not read(first, answer(category="linear")).coverage.missing
    assert read(first, answer(LOG)).coverage.missing


def test_an_answer_without_rows_is_read():
    assert read(answer(category="linear")).coverage.sections == ("an answer without rows",)


@pytest.mark.parametrize("code", [10002, "10006", None])
def test_an_error_is_told_and_is_no_empty_answer(code):
    with pytest.raises(BadFileError, match="tells an error"):
        read({**answer(category="linear"), "retCode": code})


@pytest.mark.parametrize(
    "content",
    [
        {"retMsg": "OK", "result": {"list": []}},
        {"retCode": 0, "result": {}},
        {"retCode": 0, "result": {"list": [], "nextPageCursor": "\u202e"}},
        {"retCode": 0, "result": {"list": [{"a": 1}]}},
        {"retCode": 0, "result": {"list": ["a"]}},
        {"topic": "orderbook.1.BTCUSDT", "data": []},
        {"topic": "execution", "data": {}},
        [1],
        "text",
        [],
    ],
)
def test_what_is_no_whole_answer_is_refused(content):
    with pytest.raises(BadFileError):
        read(content)


# ------------------------------------------------------------------------ recorded answers

RECORDED = {
    "http_get_executions.json": (2, 0, 0, 0, 0),
    "http_get_orders_history.json": (0, 0, 0, 0, 1),
    "http_get_orders_history_with_duplicate.json": (0, 0, 0, 0, 2),
    "http_get_orders_realtime.json": (0, 0, 0, 0, 2),
    "http_get_positions.json": (0, 3, 0, 0, 0),
    "http_get_wallet_balance.json": (0, 0, 3, 0, 0),
    "http_get_wallet_balance_spot_short.json": (0, 0, 2, 0, 0),
    "http_get_wallet_balance_with_spot_borrow.json": (0, 0, 1, 0, 0),
    "ws_account_execution.json": (1, 0, 0, 0, 0),
    "ws_account_order.json": (0, 0, 0, 1, 0),
    "ws_account_order_filled.json": (0, 0, 0, 1, 0),
    "ws_account_order_partially_filled_rejected.json": (0, 0, 0, 1, 0),
    "ws_account_position.json": (0, 1, 0, 0, 0),
    "ws_account_position_short.json": (0, 1, 0, 0, 0),
    "ws_account_wallet.json": (0, 0, 2, 0, 0),
}


def test_recorded_answers_are_read_whole(shared: Path):
    found = {}
    for path in sorted((shared / "fixtures" / "bybit").glob("*.json")):
        recorded = RawPage(name=path.name, content=path.read_bytes())
        batch = parse([recorded], AccountConfig(account="A"))
        lists = (batch.records, batch.positions, batch.balances, batch.orders, batch.quarantine)
        found[path.name] = tuple(map(len, lists))
        assert {row.field for row in batch.quarantine} <= {"category"}
        assert bool(batch.coverage.missing) is (path.name == "http_get_executions.json")
    assert found == RECORDED


# ------------------------------------------------------------------------------- hostility

VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.text(max_size=12), st.just([]), st.just({}),
    st.sampled_from(["-1", "0", "1e99", "Sell", "Funding", "BTCUSD", "TRADE", "spot", "9" * 50]),
)  # fmt: skip


@given(st.data())
def test_no_value_makes_more_of_a_row_than_it_says(data):
    number = data.draw(st.integers(0, len(SAMPLE.pages) - 1))
    content = json.loads(SAMPLE.pages[number].content)
    rows = content["result"]["list"]
    row = rows[data.draw(st.integers(0, len(rows) - 1))]
    row[data.draw(st.sampled_from(sorted(row)))] = data.draw(VALUES)
    try:
        batch = SAMPLE.batch([page(content)])
    except BadFileError:
        return
    fees = {_number(r.get("execFee", r.get("fee"))) for r in rows}
    funding = {-fee for fee in fees} | {_number(r.get("funding")) for r in rows}
    for record in batch.records:
        if isinstance(record.event, FillBooked):
            assert {fee.amount for fee in record.event.fees} <= fees
        if isinstance(record.event, FundingPaid):
            assert record.event.amount in funding


def _number(written: object) -> Decimal:
    try:
        return Decimal(str(written))
    except ArithmeticError:
        return Decimal(0)
