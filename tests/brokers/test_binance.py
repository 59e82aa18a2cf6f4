"""Binance: each kind of row and event, its traps, recorded answers, and hostile values."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.brokers.binance import parse
from adapters.ingest import Verdict
from adapters.port import AccountConfig, RawPage
from ledger.domain.events import (
    CashDeposited,
    CashWithdrawn,
    FeeCharged,
    FeeKind,
    FillBooked,
    FundingPaid,
    Liquidity,
    Side,
)
from ledger.domain.instruments import InstrumentKind
from ledger.domain.order_status import OrdStatus
from ledger.errors import BadFileError
from tests.brokers.binance import (
    COIN,
    INCOME,
    ORDER,
    REPORT,
    SPOT,
    USER,
    income,
    only,
    page,
    read,
    spot,
    update,
    user,
)
from tests.brokers.sampling import empty_books, told
from tests.brokers.venues.binance import SAMPLE

# ---------------------------------------------------------------------------------- trades


def test_a_spot_trade_is_a_fill_of_its_symbol():
    fill = only(spot({}))
    assert fill.identity()[:4] == ("BINANCE", "spot:ETHUSDT", "fill", "501")
    assert (fill.side, fill.last_qty, fill.last_px) == (Side.BUY, 2, Decimal("2000.5"))
    assert (fill.seq, fill.liquidity, fill.order_id) == (501, Liquidity.TAKER, "71")


def test_one_trade_id_in_three_markets_and_two_symbols_is_four_fills():
    batch = read([SPOT, {**SPOT, "symbol": "BNBUSDT"}, USER, COIN])
    assert len({r.event.identity() for r in batch.records}) == 4


@pytest.mark.parametrize("asset", ["ETH", "USDT", "BNB"])
def test_a_commission_is_in_its_own_asset(asset):
    (fee,) = only(spot({"commissionAsset": asset})).fees
    assert (fee.amount, fee.currency) == (Decimal("0.002"), asset)


@pytest.mark.parametrize("written", ["0.8", "-0.05"])
def test_a_trades_commission_is_positive_when_charged_and_a_rebate_negative(written):
    (fee,) = only(user({"commission": written})).fees
    assert fee.amount == Decimal(written)


def test_a_rebate_for_a_taker_is_booked_and_found():
    batch = user({"commission": "-0.05", "maker": False})
    assert only(batch).fees[0].amount == Decimal("-0.05")
    assert "taker" in batch.findings[0].what
    assert not user({"commission": "-0.05", "maker": True}).findings


def test_money_that_price_and_quantity_do_not_make_is_kept():
    assert only(spot({"quoteQty": "4001.01"})).gross_trade_amt == Decimal("4001.01")
    assert only(spot({})).gross_trade_amt is None


@pytest.mark.parametrize(("side", "book"), [("BOTH", "net"), ("LONG", "LONG"), ("SHORT", "SHORT")])
def test_a_hedged_account_has_a_book_a_side(side, book):
    assert only(user({"positionSide": side})).position_id == book


@pytest.mark.parametrize(
    ("symbol", "market", "kind", "currency", "multiplier"),
    [
        ("BTCUSDT", "um", InstrumentKind.LINEAR, "USDT", 1),
        ("ETHBTC", "um", InstrumentKind.LINEAR, "BTC", 1),
        ("BTCUSDT_260327", "um", InstrumentKind.LINEAR, "USDT", 1),
        ("BTCUSD_PERP", "cm", InstrumentKind.INVERSE, "BTC", 100),
        ("ETHUSD_260327", "cm", InstrumentKind.INVERSE, "ETH", 10),
    ],
)
def test_what_a_futures_symbol_is(symbol, market, kind, currency, multiplier):
    batch = user({"symbol": symbol, "marginAsset": currency})
    (defined,) = batch.instruments
    assert defined.instrument.instrument_id == f"BINANCE:{market}:{symbol}"
    assert (defined.instrument.kind, defined.instrument.currency) == (kind, currency)
    assert defined.instrument.multiplier == multiplier


def test_a_dated_contract_names_its_end():
    (defined,) = user({"symbol": "BTCUSDT_260327"}).instruments
    assert defined.instrument.expiry == "2026-03-27"


def test_contracts_that_do_not_make_the_base_quantity_are_set_aside():
    (aside,) = user({**COIN, "baseQty": "0.001"}).quarantine
    assert aside.field == "baseQty"
    info = {"serverTime": 1, "symbols": [
        {"symbol": "BTCUSD_PERP", "baseAsset": "BTC", "quoteAsset": "USD", "marginAsset": "BTC",
         "contractSize": 10},
    ]}  # fmt: skip
    (defined,) = read([{**COIN, "baseQty": "0.001"}], info).instruments
    assert defined.instrument.multiplier == 10


def test_a_coins_contract_at_no_price_is_set_aside():
    assert read([{**COIN, "price": "0"}]).quarantine[0].field == "price"


def test_another_margin_asset_is_not_taken_for_the_quote():
    assert user({"marginAsset": "BNFCR"}).quarantine[0].field == "marginAsset"
    assert user({"marginAsset": "", "commissionAsset": "BNFCR"}).quarantine[0].value == "BNFCR"
    (aside,) = read(update(N="BNFCR")).quarantine
    assert (aside.field, aside.value) == ("N", "BNFCR")
    assert user({"commissionAsset": "BNB"}).records


def test_a_pair_of_unknown_assets_is_set_aside_until_an_answer_tells_them():
    rows = [{**SPOT, "symbol": "AAABBB"}]
    assert read(rows).quarantine[0].field == "symbol"
    info = {"serverTime": 1, "symbols": [
        {"symbol": "AAABBB", "baseAsset": "AAA", "quoteAsset": "BBB"},
    ]}  # fmt: skip
    (defined,) = read(rows, info).instruments
    assert (defined.instrument.base_currency, defined.instrument.currency) == ("AAA", "BBB")


@pytest.mark.parametrize(("symbol", "base", "quote"), [
    ("ADAEUR", "ADA", "EUR"), ("THETAEUR", "THETA", "EUR"), ("BTCAEUR", "BTC", "AEUR"),
    ("EURAEUR", "EUR", "AEUR"), ("AEURUSDT", "AEUR", "USDT"), ("BNBIDR", "BNB", "IDR"),
    ("BNBBIDR", "BNB", "BIDR"), ("BTCUSDT", "BTC", "USDT"),
])  # fmt: skip
def test_an_asset_whose_name_and_quote_make_another_quote_is_not_cut(symbol, base, quote):
    (defined,) = read([{**SPOT, "symbol": symbol}]).instruments
    assert (defined.instrument.base_currency, defined.instrument.currency) == (base, quote)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("qty", "0"), ("qty", "-1"), ("price", "0"), ("price", "NaN"), ("commission", "1E+999999"),
        ("commissionAsset", ""), ("id", None), ("id", -1), ("time", "now"), ("isBuyer", None),
        ("isBuyer", "maybe"), ("symbol", "ETH\u202e"), ("price", {"a": "1"}),
    ],
)  # fmt: skip
def test_a_row_that_cannot_be_read_costs_only_itself(field, value):
    batch = spot({field: value}, {"id": 502})
    assert [r.event.exec_id for r in batch.records] == ["502"]
    assert batch.quarantine[0].field in {field, "last_qty"}


def test_a_row_of_another_shape_costs_only_itself():
    batch = read([SPOT, {"surprise": 1}])
    assert (len(batch.records), len(batch.quarantine)) == (1, 1)


# ---------------------------------------------------------------------- one trade, two tellings


@pytest.mark.parametrize(
    ("one", "other"), [([SPOT], REPORT), ([USER], update())], ids=["spot", "futures"]
)
def test_a_report_and_the_history_are_one_fill(one, other):
    assert len(read(one, other).records) == len(read(other, one).records) == 1
    for batches in ([read(one), read(other)], [read(other), read(one)]):
        with empty_books() as book:
            _, second = told(book, *batches)
            assert second.counts[Verdict.CHANGED.value] == 0
            (held,) = book.positions("A")
            assert len(held.fees) == 1
            assert held.net_qty in {Decimal("1.998"), Decimal("0.05")}


def test_a_fee_told_otherwise_is_seen():
    with empty_books() as book:
        *_, last = told(book, user({}), read(update(n="0.9")))
        assert last.counts[Verdict.CHANGED.value] == 1


def test_the_answer_to_a_new_order_holds_its_fills():
    fill = {"price": "2000.5", "qty": "2", "commission": "0.002", "commissionAsset": "ETH",
            "tradeId": 501}  # fmt: skip
    order = {**ORDER, "executedQty": "2", "status": "FILLED", "transactTime": 1767261600000,
             "fills": [fill]}  # fmt: skip
    batch = read(order, [SPOT])
    assert (len(batch.records), batch.orders[0].status) == (1, OrdStatus.FILLED)
    assert only(batch).cl_ord_id == "mine-7"


def test_a_trade_is_of_our_order_where_one_of_the_answers_names_it():
    assert only(spot({})).cl_ord_id == "BINANCE:spot:ETHUSDT:71"
    assert only(read([SPOT], [ORDER])).cl_ord_id == "mine-7"


def test_a_light_trade_alone_is_set_aside_and_beside_the_whole_one_passed_over():
    lite = {"e": "TRADE_LITE", "s": "BTCUSDT", "t": 501, "S": "BUY", "l": "0.05", "L": "40000"}
    assert read(lite).quarantine[0].value == "TRADE_LITE"
    batch = read(lite, [USER])
    assert (len(batch.records), batch.quarantine) == (1, ())


@pytest.mark.parametrize("status", ["NEW_ADL", "NEW_INSURANCE", "FILLED"])
def test_a_liquidation_is_a_fill(status):
    batch = read(update(x="CALCULATED", X=status, c="autoclose-1"))
    assert only(batch).last_qty == Decimal("0.05")
    assert batch.orders[0].status is OrdStatus.FILLED


def test_a_liquidation_that_is_not_executed_yet_is_an_order_alone():
    batch = read(update(x="CALCULATED", X="NEW", l="0", z="0", t=0))
    assert (batch.records, batch.orders[0].status) == ((), OrdStatus.NEW)


def test_a_trade_is_booked_though_its_orders_state_is_unknown():
    batch = read(update(X="MOON"))
    assert (len(batch.records), batch.quarantine[0].field) == (1, "X")


@pytest.mark.parametrize("event", [{"e": "MOON"}, {**REPORT, "x": "MOON"}, update(x="MOON")])
def test_an_unknown_event_is_set_aside(event):
    batch = read(event)
    assert (batch.records, len(batch.quarantine)) == ((), 1)


# ------------------------------------------------------------------------------------ income


@pytest.mark.parametrize(
    ("kind", "written", "fact", "amount"),
    [
        ("TRANSFER", "5", CashDeposited, "5"),
        ("TRANSFER", "-5", CashWithdrawn, "5"),
        ("WELCOME_BONUS", "5", CashDeposited, "5"),
        ("FUNDING_FEE", "-5", FundingPaid, "-5"),
        ("FUNDING_FEE", "5", FundingPaid, "5"),
        ("SPECIAL_FUNDING_FEE", "-5", FundingPaid, "-5"),
        ("COMMISSION_REBATE", "5", FeeCharged, "-5"),
        ("INSURANCE_CLEAR", "-5", FeeCharged, "5"),
    ],
)
def test_money_without_a_trade(kind, written, fact, amount):
    event = only(income({"incomeType": kind, "income": written}))
    assert type(event) is fact
    assert event.amount == Decimal(amount)


def test_a_liquidations_clearance_is_no_commission():
    assert only(income({"incomeType": "INSURANCE_CLEAR"})).kind is FeeKind.OTHER


@pytest.mark.parametrize(
    "kinds", [("TRANSFER", "WELCOME_BONUS"), ("INSURANCE_CLEAR", "API_REBATE")]
)
def test_one_transaction_id_in_two_types_is_two(kinds):
    batch = income(*[{"incomeType": kind} for kind in kinds])
    assert len({r.event.identity() for r in batch.records}) == 2


@pytest.mark.parametrize("kind", ["COMMISSION", "REALIZED_PNL", "DELIVERED_SETTELMENT"])
def test_what_restates_a_trade_is_not_booked(kind):
    batch = income({"incomeType": kind})
    assert (batch.records, batch.quarantine) == ((), ())


@pytest.mark.parametrize("kind", ["COIN_SWAP_DEPOSIT", "AUTO_EXCHANGE", "MOON", ""])
def test_what_is_not_booked_says_why(kind):
    batch = income({"incomeType": kind}, {"incomeType": "TRANSFER"})
    assert (len(batch.records), batch.quarantine[0].field) == (1, "incomeType")


def test_the_income_history_agrees_with_the_trades():
    controls = SAMPLE.batch().coverage.controls
    found = {(c.name, c.currency): (c.stated, c.agrees) for c in controls}
    assert found["commission", "USDT"] == (Decimal("1.22"), True)
    assert found["realized result", "USDT"] == (-10, True)
    assert ("commission", "BTC") not in found
    assert not SAMPLE.batch().findings


@pytest.mark.parametrize("row", [{"income": "-0.9"}, {"asset": "BNB"}])
def test_a_commission_told_otherwise_than_in_the_trade_is_found(row):
    batch = read([USER], [{**INCOME, **row}])
    assert len(batch.records) == 1
    assert "the commission of BTCUSDT trade 501" in batch.findings[0].what


def test_a_commission_without_its_trade_is_in_the_totals():
    batch = read([USER], [INCOME, {**INCOME, "tradeId": "502", "tranId": 9002}])
    (control,) = batch.coverage.controls
    assert (control.stated, control.rows, control.agrees) == (
        Decimal("1.6"), Decimal("0.8"), False,
    )  # fmt: skip


def test_income_of_trades_that_are_elsewhere_is_compared_with_nothing():
    batch = income({})
    assert (batch.coverage.controls, batch.findings) == ((), ())


# ------------------------------------------------------------------------- what is there


def test_a_cancel_names_the_order_by_its_own_id():
    row = {**ORDER, "status": "CANCELED", "origClientOrderId": "mine-7", "clientOrderId": "c-1"}
    (order,) = read([row]).orders
    assert (order.cl_ord_id, order.cum_qty, order.leaves_qty) == ("mine-7", Decimal("0.5"), 0)


def test_of_two_tellings_of_an_order_the_later_stands():
    later = {**REPORT, "x": "CANCELED", "X": "CANCELED", "l": "0", "T": 1767261600005}
    for contents in ([ORDER], later), (later, [ORDER]):
        (order,) = read(*contents).orders
        assert order.status is OrdStatus.CANCELED


def test_a_conditional_order_has_ids_of_its_own():
    inner = {"caid": "mine", "aid": 81, "s": "BTCUSDT", "S": "SELL", "q": "1", "X": "FINISHED",
             "aq": "1", "tp": "750", "p": "0"}  # fmt: skip
    (order,) = read({"e": "ALGO_UPDATE", "T": 1767261600000, "o": inner}).orders
    assert (order.order_id, order.status, order.stop_px) == ("algo:81", OrdStatus.FILLED, 750)


def test_positions_are_signed_by_the_venue_a_book_each():
    rows = [
        {"symbol": "BTCUSDT", "positionAmt": qty, "positionSide": side}
        for side, qty in (("LONG", "2"), ("SHORT", "-3"))
    ]
    batch = read(rows)
    assert [held.qty for held in batch.positions] == [2, -3]
    assert not batch.coverage.lists_positions


def account(*positions: dict[str, object], assets: list[dict[str, object]] | None = None) -> object:
    held = [{"asset": "USDT", "walletBalance": "7"}] if assets is None else assets
    return {"assets": held, "positions": list(positions)}


def test_an_account_lists_all_there_is_when_every_row_is_read():
    whole = read(account()).coverage
    assert (whole.lists_positions, whole.lists_balances) == (True, True)
    cut = read(account({"symbol": "?", "positionAmt": "1"}, assets=[{"asset": "USDT"}])).coverage
    assert (cut.lists_positions, cut.lists_balances) == (False, False)


def test_a_spot_balance_is_what_is_free_and_what_is_locked():
    coins = [{"asset": "ETH", "free": "1.5", "locked": "0.5"}]
    batch = read({"accountType": "SPOT", "balances": coins})
    assert (batch.balances[0].ending, batch.coverage.lists_balances) == (2, True)


def test_an_asset_in_two_wallets_is_one_balance():
    coins = [{"asset": "USDT", "free": "3", "locked": "0"}]
    (held,) = read({"accountType": "SPOT", "balances": coins}, account()).balances
    assert held.ending == 10


def test_what_events_state_is_as_of_their_time():
    event = {"e": "outboundAccountPosition", "u": 1767261600000,
             "B": [{"a": "ETH", "f": "1", "l": "0"}]}  # fmt: skip
    assert read(event).coverage.covers_to.year == 2026
    assert read(event, account()).coverage.covers_to is None


@pytest.mark.parametrize(("delta", "fact"), [("0.5", CashDeposited), ("-0.5", CashWithdrawn)])
def test_a_balance_update_is_money_that_moved(delta, fact):
    event = {"e": "balanceUpdate", "a": "BTC", "d": delta, "T": 1767261600000}
    (record,) = read({"subscriptionId": 0, "event": event}).records
    assert (type(record.event), record.event.amount) == (fact, Decimal("0.5"))
    assert record.is_weak
    assert len({r.event.id for r in read([event, event]).records}) == 2


# ---------------------------------------------------------------------------------- pages


def test_a_full_answer_has_a_next_one(monkeypatch):
    monkeypatch.setattr("adapters.brokers.binance.pages.MAX_ROWS", 2)
    full = [SPOT, {**SPOT, "id": 502}]
    assert "spot trades ETHUSDT" in read(full).coverage.missing[0]
    assert not read(full, [{**SPOT, "id": 503}]).coverage.missing
    assert not read(full, []).coverage.missing
    assert read(full, [{**SPOT, "symbol": "BNBUSDT"}]).coverage.missing


def test_an_answer_without_rows_is_read():
    assert read([]).coverage.sections == ("an answer without rows",)


@pytest.mark.parametrize(
    "around",
    [
        lambda rows: {"id": "1", "status": 200, "result": rows},
        lambda rows: {"stream": "x", "data": rows},
    ],
)
def test_envelopes_are_taken_off(around):
    assert len(read(around([SPOT])).records) == 1


@pytest.mark.parametrize(
    "content",
    [
        {"code": -1121, "msg": "Invalid symbol."},
        {"id": "1", "status": 400, "error": {"code": -2010, "msg": "no"}},
        {"error": ["no"], "result": []},
    ],
)
def test_an_error_is_told_and_is_no_empty_answer(content):
    with pytest.raises(BadFileError, match="tells an error"):
        read(content)


@pytest.mark.parametrize(
    "content",
    [
        {"a": 1},
        [{"a": 1}],
        ["a"],
        "text",
        {"code": 1, "msg": "\u202e"},
    ],
)
def test_what_is_no_whole_answer_is_refused(content):
    with pytest.raises(BadFileError):
        read(content)


def test_no_page_is_no_report():
    with pytest.raises(BadFileError):
        read()


# ------------------------------------------------------------------------ recorded answers

# Records, positions, balances, orders, rows set aside.
RECORDED = {
    "account_info_v2.json": (0, 1, 1, 0, 0),
    "account_update.json": (0, 3, 1, 0, 0),
    "account_update_bnfcr.json": (0, 0, 1, 0, 0),
    "algo_update_canceled.json": (0, 0, 0, 1, 0),
    "algo_update_new.json": (0, 0, 0, 1, 0),
    "balance.json": (0, 0, 1, 0, 0),
    "order_response.json": (0, 0, 0, 1, 0),
    "order_update_adl.json": (1, 0, 0, 1, 0),
    "order_update_calculated.json": (1, 0, 0, 1, 0),
    "order_update_calculated_pending.json": (0, 0, 0, 1, 0),
    "order_update_delivery.json": (1, 0, 0, 1, 0),
    "order_update_insurance.json": (1, 0, 0, 1, 0),
    "order_update_new.json": (0, 0, 0, 1, 0),
    "order_update_settlement.json": (1, 0, 0, 1, 0),
    "order_update_trade.json": (1, 0, 0, 1, 0),
    "order_update_trade_partial.json": (1, 0, 0, 1, 0),
    "position_risk.json": (0, 1, 0, 0, 0),
    "trade_lite.json": (0, 0, 0, 0, 1),
    "account_position.json": (0, 0, 2, 0, 0),
    "account_position_wrapped.json": (0, 0, 1, 0, 0),
    "account_response.json": (0, 0, 2, 0, 0),
    "account_trades_response.json": (1, 0, 0, 0, 0),
    "all_orders_response.json": (0, 0, 0, 1, 0),
    "balance_update.json": (1, 0, 0, 0, 0),
    "balance_update_wrapped.json": (1, 0, 0, 0, 0),
    "cancel_order_response.json": (0, 0, 0, 1, 0),
    "execution_report_canceled.json": (0, 0, 0, 1, 0),
    "execution_report_expired.json": (0, 0, 0, 1, 0),
    "execution_report_new.json": (0, 0, 0, 1, 0),
    "execution_report_stop_loss.json": (0, 0, 0, 1, 0),
    "execution_report_trade.json": (1, 0, 0, 1, 0),
    "execution_report_wrapped.json": (0, 0, 0, 1, 0),
    "list_status_wrapped.json": (0, 0, 0, 0, 0),
    "new_order_full_response.json": (5, 0, 0, 1, 0),
}


def recorded(shared: Path) -> list[RawPage]:
    files = sorted((shared / "fixtures" / "binance").glob("*/*.json"))
    return [RawPage(name=path.name, content=path.read_bytes()) for path in files]


def test_recorded_answers_are_read_whole(shared: Path):
    found = {}
    for one in recorded(shared):
        batch = parse([one], AccountConfig(account="A"))
        lists = (batch.records, batch.positions, batch.balances, batch.orders, batch.quarantine)
        found[one.name] = tuple(map(len, lists))
        assert {row.value for row in batch.quarantine} <= {"TRADE_LITE"}
    assert found == RECORDED


def test_together_they_tell_one_trade_once(shared: Path):
    batch = parse(recorded(shared), AccountConfig(account="A"))
    fills = [r.event for r in batch.records if isinstance(r.event, FillBooked)]
    # Seven updates of futures, of which two and the light event are of trade 12345678.
    assert len(fills) == len({fill.identity() for fill in fills}) == 7 - 1 + 1 + 1 + 5
    assert not batch.quarantine


# ------------------------------------------------------------------------------- hostility

VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.text(max_size=12), st.just([]), st.just({}),
    st.sampled_from(["-1", "0", "1e99", "SELL", "TRANSFER", "BTCUSD_PERP", "LONG", "9" * 50]),
)  # fmt: skip


@given(st.data())
def test_no_value_makes_a_fee_or_funding_of_another_sign(data):
    number = data.draw(st.integers(0, len(SAMPLE.pages) - 1))
    content = json.loads(SAMPLE.pages[number].content)
    rows = content if isinstance(content, list) else [content["o"]]
    row = rows[data.draw(st.integers(0, len(rows) - 1))]
    row[data.draw(st.sampled_from(sorted(row)))] = data.draw(VALUES)
    try:
        batch = SAMPLE.batch([page(content)])
    except BadFileError:
        return
    fees = {_number(r.get("commission", r.get("n"))) for r in rows}
    came_in = {_number(r.get("income")) for r in rows}
    for record in batch.records:
        match record.event:
            case FillBooked() as fill:
                assert {fee.amount for fee in fill.fees} <= fees
            case FundingPaid() as paid:
                assert paid.amount in came_in
            case FeeCharged() as fee:
                assert -fee.amount in came_in


def _number(written: object) -> Decimal:
    try:
        return Decimal(str(written))
    except ArithmeticError:
        return Decimal(0)
