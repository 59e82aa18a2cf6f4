"""Kraken's spot account: trades and ledger are one, every ledger row is counted once."""

from __future__ import annotations

from decimal import Decimal
from itertools import permutations

import pytest

from adapters.brokers.kraken.assets import coin, oriented, pair_of
from adapters.ingest import Verdict
from adapters.port import RawPage
from ledger.domain.events import (
    BalanceAdjusted,
    CashDeposited,
    CashTransferred,
    CashWithdrawn,
    FeeCharged,
    FeeKind,
    InterestPaid,
    Liquidity,
    Side,
)
from ledger.domain.instruments import InstrumentKind
from ledger.errors import BadFileError
from tests.brokers.kraken import BOUGHT, LEDGERS, TRADES, export, ledger, read, result, trades
from tests.brokers.sampling import empty_books, state, told

AT = "2023-07-05 19:37:20"


def events(batch):
    return [record.event for record in batch.records]


def fees(fill):
    return [(fee.amount, fee.currency) for fee in fill.fees]


def entry(kind, subtype="", asset="XXBT", amount="1", fee="0", balance="9"):
    line = f"L1,R1,{AT},{kind},{subtype},currency,{asset},{amount},{fee},{balance}"
    return read(export(LEDGERS, line))


# ---------------------------------------------------------------------------- names


@pytest.mark.parametrize(("asset", "name"), [
    ("XXBT", "BTC"), ("XBT", "BTC"), ("XBT.M", "BTC"), ("ZEUR", "EUR"), ("EUR.HOLD", "EUR"),
    ("DOT28.S", "DOT"), ("DOT.S", "DOT"), ("USDT.F", "USDT"), ("ETH2.S", "ETH2"), ("XTZ", "XTZ"),
    ("XXDG", "DOGE"), ("KFEE", "KFEE"), ("AAPLx", "AAPLx"), ("ZPLN", "PLN"), ("ZMXN", "MXN"),
    ("AAPLx.T", "AAPLx"), ("BRK.Bx.T", "BRK.Bx"), ("BRK.Bx", "BRK.Bx"),
])  # fmt: skip
def test_a_coin_is_one_wherever_it_lies(asset, name):
    assert coin(asset) == name


@pytest.mark.parametrize(("written", "name"), [
    ("XXBTZUSD", "BTC/USD"), ("XETHXXBT", "ETH/BTC"), ("XBTUSDT", "BTC/USDT"),
    ("XTZUSD", "XTZ/USD"), ("XTZXBT", "XTZ/BTC"), ("USDTZUSD", "USDT/USD"), ("DOTEUR", "DOT/EUR"),
    ("XBT/EUR", "BTC/EUR"), ("SOL/CAD", "SOL/CAD"), ("XDGUSD", "DOGE/USD"), ("EURGBP", "EUR/GBP"),
    ("PYUSDUSD", "PYUSD/USD"), ("XBTPYUSD", "BTC/PYUSD"), ("ETHPYUSD", "ETH/PYUSD"),
    ("XRPRLUSD", "XRP/RLUSD"), ("RLUSDUSD", "RLUSD/USD"), ("XBTAUSD", "BTC/AUSD"),
    ("MONAUSD", "MON/AUSD"), ("ADAUSD", "ADA/USD"), ("TUSD", "T/USD"), ("ETHWETH", "ETHW/ETH"),
    ("XBTBRL", "BTC/BRL"), ("USDBRL", "USD/BRL"), ("XBT/PLN", "BTC/PLN"),
])  # fmt: skip
def test_pairs_of_every_spelling(written, name):
    assert pair_of(written).name == name
    assert oriented(pair_of(written)).name == name


def test_a_coin_bought_for_zloty_in_the_app_is_priced_in_them():
    paid = {"asset": "ZPLN", "type": "spend", "amount": "-2000", "fee": "5.2", "balance": "3000"}
    batch = read(ledger(L1=paid, L2={**BOUGHT, "type": "receive"}))
    (fill,) = events(batch)
    assert (fill.instrument_id, fill.side) == ("KRAKEN:BTC/PLN", Side.BUY)
    assert (fill.gross_trade_amt, fill.fees[0].currency) == (Decimal(2000), "PLN")


def test_a_pair_that_cannot_be_split_is_set_aside_unless_the_venue_tells():
    traded = trades(T1={"pair": "ABCDEF"})
    (aside,) = read(traded).quarantine
    assert (aside.field, aside.value) == ("pair", "ABCDEF")
    told_of = {"ABCDEF": {"altname": "ABCDEF", "base": "ABC", "quote": "DEF", "lot": "unit"}}
    (fill,) = events(read(traded, result(told_of)))
    assert fill.instrument_id == "KRAKEN:ABC/DEF"


# --------------------------------------------------------------------------- trades


def test_a_trade_is_a_fill_with_its_fee_in_the_quote():
    batch = read(trades(T1={}))
    (fill,) = events(batch)
    assert (fill.exec_id, fill.side, fill.last_qty) == ("T1", Side.BUY, Decimal("0.5"))
    assert (fill.order_id, fill.cl_ord_id, fill.seq) == ("O1", "KRAKEN:O1", 1001)
    assert (fees(fill), fill.liquidity) == ([(Decimal("23.60"), "USD")], Liquidity.MAKER)
    assert fill.gross_trade_amt is None
    defined = batch.instruments[0].instrument
    assert (defined.kind, defined.base_currency, defined.currency) == (
        InstrumentKind.SPOT, "BTC", "USD",
    )  # fmt: skip


def test_money_that_price_and_volume_do_not_make_is_kept_as_stated():
    (fill,) = events(read(trades(T1={"cost": "14750.26"})))
    assert fill.gross_trade_amt == Decimal("14750.26")


@pytest.mark.parametrize("changes", [
    {"type": "swap"}, {"vol": "0"}, {"vol": "-1"}, {"price": "x"}, {"time": "soon"}, {"cost": None},
    {"maker": "perhaps"}, {"ordertype": "settle-position"}, {"fee": "1e-30"}, {"cost": "-1"},
])  # fmt: skip
def test_a_trade_that_is_not_understood_is_set_aside_and_the_others_go_on(changes):
    batch = read(trades(T1={}, T2=changes))
    assert [fill.exec_id for fill in events(batch)] == ["T1"]
    assert len(batch.quarantine) == 1


@pytest.mark.parametrize("changes", [
    {"margin": "10.5"}, {"misc": "closing"}, {"posstatus": "open"}, {"leverage": "3"},
])  # fmt: skip
def test_a_trade_on_margin_delivers_nothing(changes):
    batch = read(trades(T1=changes))
    defined = batch.instruments[0].instrument
    assert (defined.instrument_id, defined.kind) == (
        "KRAKEN:margin:BTC/USD", InstrumentKind.LINEAR,
    )  # fmt: skip


def test_the_exports_trade_is_the_answers_trade():
    line = "T1,O1,XXBTZUSD,2023-07-05 19:37:20.8921,buy,limit,29500.5,14750.25,23.6,0.5,0.0,,L1"
    csv = export(TRADES, line, name="trades.csv")
    with empty_books() as book:
        first, second = told(book, read(trades(T1={})), read(csv))
        assert first.counts[Verdict.NEW.value] == 2
        assert (second.added, second.counts[Verdict.SAME.value]) == (0, 2)


def test_a_count_that_is_not_reached_is_said_to_be_missing():
    assert read(trades(51, T1={})).coverage.missing == (
        "TradesHistory: 1 of 51 rows are here; fetch the rest",
    )
    assert read(ledger(3, L1={}), ledger(3, L1={}, L2=BOUGHT)).coverage.missing == (
        "Ledgers: 2 of 3 rows are here; fetch the rest",
    )
    assert not read(trades(2, T1={}), trades(2, T2={})).coverage.missing


# ---------------------------------------------------------------- trades and their ledger rows


def test_the_ledgers_fee_goes_before_the_trades_estimate():
    in_coin = {**BOUGHT, "fee": "0.0008", "balance": "0.4992"}
    both = read(ledger(L1={"fee": "0", "balance": "85249.75"}, L2=in_coin), trades(T1={}))
    (fill,) = events(both)
    assert fees(fill) == [(Decimal("0.0008"), "BTC")]
    assert not both.findings


def test_the_ledgers_money_goes_before_the_trades():
    both = read(ledger(L1={"amount": "-14750.26"}, L2=BOUGHT), trades(T1={}))
    assert events(both)[0].gross_trade_amt == Decimal("14750.26")


@pytest.mark.parametrize("legs", [
    {"L1": {}}, {"L2": BOUGHT}, {"L1": {}, "L2": {**BOUGHT, "amount": "0.6"}},
    {"L1": {"amount": "14750.25"}, "L2": BOUGHT}, {"L1": {"asset": "ZEUR"}, "L2": BOUGHT},
])  # fmt: skip
def test_a_ledger_that_contradicts_its_trade_is_told_and_the_trade_stands(legs):
    both = read(ledger(**legs), trades(T1={}))
    (fill,) = events(both)
    assert fees(fill) == [(Decimal("23.60"), "USD")]
    assert any("booked as the trade says" in finding.what for finding in both.findings)


@pytest.mark.parametrize("ledger_first", [True, False])
def test_told_apart_they_are_one_fill_and_one_fee(ledger_first):
    rows, traded = ledger(L1={}, L2=BOUGHT), trades(T1={})
    with empty_books() as book:
        told(book, read(rows, traded))
        whole = state(book)
    with empty_books() as book:
        told(book, *map(read, [rows, traded] if ledger_first else [traded, rows]))
        assert state(book) == whole
        assert whole[-2:] == [("BTC", Decimal("0.5")), ("USD", Decimal("-14773.85"))]


def test_told_later_another_fee_is_a_difference_and_no_second_charge():
    rows = ledger(L1={"fee": "23.5"}, L2=BOUGHT)
    with empty_books() as book:
        told(book, read(trades(T1={})))
        before = state(book)
        (report,) = told(book, read(rows))
        assert report.counts[Verdict.CHANGED.value] == 1
        assert state(book) == before


def test_legs_alone_are_a_fill_whose_money_is_stated():
    (fill,) = events(read(ledger(L1={}, L2=BOUGHT)))
    assert (fill.exec_id, fill.instrument_id, fill.side) == ("T1", "KRAKEN:BTC/USD", Side.BUY)
    assert (fill.last_qty, fill.last_px) == (Decimal("0.5"), None)
    assert fill.gross_trade_amt == Decimal("14750.25")


def test_a_purchase_in_the_app_is_a_fill_too():
    spent, got = {"type": "spend", "amount": "-100"}, {**BOUGHT, "type": "receive"}
    (fill,) = events(read(ledger(L1=spent, L2=got)))
    assert (fill.side, fees(fill)) == (Side.BUY, [(Decimal("23.6"), "USD")])


def test_a_conversion_is_a_fill_and_half_of_one_is_set_aside():
    gone, come = {"type": "conversion", "amount": "-100"}, {**BOUGHT, "type": "conversion"}
    (fill,) = events(read(ledger(L1=gone, L2=come)))
    assert (fill.side, fill.last_qty, fill.gross_trade_amt) == (Side.BUY, Decimal("0.5"), 100)
    assert len(read(ledger(L1=gone)).quarantine) == 1


def test_a_fee_in_a_third_coin_is_charged_in_it():
    credit = {"asset": "KFEE", "amount": "0", "fee": "12.5"}
    (fill,) = events(read(ledger(L1={"fee": "0"}, L2=BOUGHT, L3=credit), trades(T1={})))
    assert fees(fill) == [(Decimal("12.5"), "KFEE")]


@pytest.mark.parametrize("rows", [
    {"L1": {}}, {"L1": {"refid": ""}, "L2": {**BOUGHT, "refid": ""}},
    {"L1": {"amount": "1"}, "L2": BOUGHT}, {"L1": {"asset": "AAA"}, "L2": {**BOUGHT, "asset": "B"}},
    {"L1": {}, "L2": BOUGHT, "L3": {"asset": "DOT", "amount": "1"}},
])  # fmt: skip
def test_rows_that_make_no_exchange_are_set_aside(rows):
    batch = read(ledger(**rows))
    assert (len(batch.records), len(batch.quarantine)) == (0, len(rows))


def test_a_trade_row_between_wallets_moves_nothing_in_all():
    there = {"asset": "USDT", "amount": "-5", "fee": "0", "balance": "0"}
    here = {**there, "asset": "USDT.F", "amount": "5", "balance": "5"}
    assert [(e.amount, e.currency) for e in events(read(ledger(L1=there, L2=here)))] == [
        (-5, "USDT"), (5, "USDT"),
    ]  # fmt: skip


# --------------------------------------------------------------------- other ledger rows


@pytest.mark.parametrize(("row", "expected"), [
    (("deposit", "", "ZEUR", "100", "0.5"), [(CashDeposited, "100"), (FeeCharged, "0.5")]),
    (("withdrawal", "", "XXBT", "-2", "0.001"), [(CashWithdrawn, "2"), (FeeCharged, "0.001")]),
    (("withdrawal", "", "XXBT", "2", "-0.001"), [(CashDeposited, "2"), (FeeCharged, "-0.001")]),
    (("transfer", "spottofutures", "XXBT", "-2"), [(CashTransferred, "-2")]),
    (("transfer", "", "XXLM", "2"), [(CashTransferred, "2")]),
    (("earn", "autoallocation", "DOT", "-2"), [(CashTransferred, "-2")]),
    (("earn", "reward", "DOT.B", "0.2", "0.05"), [(InterestPaid, "0.2"), (FeeCharged, "0.05")]),
    (("staking", "", "ETH2.S", "0.2"), [(InterestPaid, "0.2")]),
    (("dividend", "", "USD", "0.2"), [(InterestPaid, "0.2")]),
    (("adjustment", "", "XICN", "-2"), [(BalanceAdjusted, "-2")]),
    (("transfer", "delistingconversion", "NANO", "-30"), [(BalanceAdjusted, "-30")]),
    (("earn", "delistingconversion", "XXBT", "0.0004"), [(BalanceAdjusted, "0.0004")]),
    (("transfer", "airdrop", "SGB", "40"), [(InterestPaid, "40")]),
    (("earn", "airdrop", "SGB", "12"), [(InterestPaid, "12")]),
    (("hybridearnwithdrawal", "", "USDC", "-500"), [(CashTransferred, "-500")]),
    (("hybridearndeposit", "", "USDC", "500"), [(CashTransferred, "500")]),
    (("rollover", "", "ZUSD", "0", "0.13"), [(FeeCharged, "0.13")]),
    (("rollover", "", "ZUSD", "-0.12", "0.13"), [(FeeCharged, "0.25")]),
])  # fmt: skip
def test_rows_that_are_money_by_themselves(row, expected):
    batch = entry(*row)
    assert [(type(e), e.amount) for e in events(batch)] == [(c, Decimal(a)) for c, a in expected]
    assert len({e.identity() for e in events(batch)}) == len(expected)


def test_what_borrowing_cost_is_its_own_kind_of_fee():
    (event,) = events(entry("rollover", amount="0", fee="0.13"))
    assert event.kind is FeeKind.BORROW


@pytest.mark.parametrize(("kind", "subtype", "field"), [
    ("custody", "", "type"), ("earn", "gift", "subtype"), ("transfer", "tomars", "subtype"),
    ("settled", "", "type"), ("margin", "", "type"), ("margin trade", "", "type"),
    ("credit", "", "type"), ("", "", "type"),
])  # fmt: skip
def test_a_kind_that_is_not_known_is_set_aside(kind, subtype, field):
    batch = entry(kind, subtype)
    assert not batch.records
    assert [aside.field for aside in batch.quarantine] == [field]


def test_the_result_of_a_margin_trade_that_is_paid_in_another_coin_is_told():
    rows = ledger(
        L1={"type": "margin", "amount": "-100", "balance": "0"},
        L2={"type": "margin", "asset": "XETH", "amount": "-2", "fee": "0", "balance": "1"},
    )
    batch = read(rows, trades(T1={"misc": "closing"}))
    assert len(events(batch)) == 1
    assert batch.findings[0].what.startswith("its ledger rows move -2 ETH, in which a part of")


def test_the_result_of_a_margin_trade_is_not_booked_beside_the_trade():
    opened = {"margin": "2950", "posstatus": "open"}
    restated = ledger(L1={"type": "margin", "amount": "0"})
    batch = read(restated, trades(T1=opened))
    assert (len(batch.records), batch.quarantine, batch.findings) == (1, (), ())
    other = read(ledger(L1={"type": "margin", "fee": "20"}), trades(T1=opened))
    assert "its ledger rows charge 20 USD" in other.findings[0].what


def test_a_pending_row_is_passed_over_when_the_complete_one_is_here():
    pending = f",FT1,{AT},deposit,,currency,ZUSD,100.0,0.0,"
    complete = f"L0,FT1,{AT},deposit,,currency,ZUSD,100.0,0.0,100.0"
    for lines in ((pending, complete), (complete, pending)):
        batch = read(export(LEDGERS, *lines))
        assert ([e.id for e in events(batch)], batch.quarantine) == (["L0"], ())
    (aside,) = read(export(LEDGERS, pending)).quarantine
    assert "pending" in aside.rule
    (aside,) = read(export(LEDGERS, pending.replace("100", "99"), complete)).quarantine
    assert "pending" in aside.rule


# ------------------------------------------------------------------------ headers and chains

GENERATIONS = {
    "first": (LEDGERS, "{txid},R1,{at},{kind},,currency,{asset},{amount},{fee},{balance}"),
    "quoted": (
        ",".join(f'"{name}"' for name in LEDGERS.split(",")),
        '"{txid}","R1","{at}","{kind}","","currency","{asset}",{amount},{fee},{balance}',
    ),
    "wallets": (
        "txid,refid,time,type,subtype,aclass,asset,wallet,amount,fee,balance",
        "{txid},R1,{at},{kind},,currency,{asset},spot / main,{amount},{fee},{balance}",
    ),
    "values": (
        "txid,refid,time,type,subtype,aclass,subclass,asset,wallet,amount,amountusd,fee,feeusd,"
        "feecurrency,balance,balanceusd",
        "{txid},R1,{at},{kind},,currency,fiat,{asset},spot / main,{amount},7,{fee},0,{asset},"
        "{balance},7",
    ),
}


@pytest.mark.parametrize("name", GENERATIONS)
def test_every_generation_of_headers_tells_the_same(name):
    header, shape = GENERATIONS[name]
    row = {"txid": "L1", "at": AT, "kind": "deposit", "asset": "ZUSD", "amount": "1000",
           "fee": "0.5", "balance": "999.5"}  # fmt: skip
    batch = read(export(header, shape.format(**row)))
    assert [(e.amount, e.currency) for e in events(batch)] == [
        (1000, "USD"),
        (Decimal("0.5"), "USD"),
    ]
    assert events(batch) == events(read(export(LEDGERS, GENERATIONS["first"][1].format(**row))))


def test_the_fee_is_on_top_of_the_amount():
    first = {"type": "deposit", "amount": "1000", "fee": "0", "balance": "1000", "time": 1}
    spent = {"type": "withdrawal", "amount": "-100", "fee": "0.18", "balance": "899.82", "time": 2}
    batch = read(ledger(L2=spent, L1=first))
    (control,) = batch.coverage.controls
    assert (control.name, control.currency, control.agrees) == ("Ledgers ZUSD", "USD", True)
    assert control.stated == Decimal("899.82")
    assert not batch.findings
    off = read(ledger(L1=first, L2={**spent, "balance": "900"}))
    assert "1000 before it and -100.18 do not make the 900 stated" in off.findings[0].what
    assert not off.coverage.controls[0].agrees


def test_rows_of_one_second_follow_by_their_balances():
    lines = [f"L{n},R{n},{AT},deposit,,currency,ZUSD,1,0,{n}" for n in (3, 1, 4, 2)]
    assert not read(export(LEDGERS, *lines)).findings
    assert read(export(LEDGERS, lines[0], lines[1], lines[2])).findings


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_rows_of_one_second_may_lead_back_to_where_they_began(order):
    for moves in (("1,0,1", "1,0,1", "-1,0,0", "-1,0,0"), ("5,0,5", "1,0,6", "-1,0,5", "-5,0,0"),
                  ("5,0,5", "1,0,6", "-1,0,5", "2,0,7")):  # fmt: skip
        lines = [f"L{n},R,{AT},transfer,,currency,DOT,{move}" for n, move in enumerate(moves)]
        held = Decimal(moves[-1].rpartition(",")[2])
        later = f"L9,R,{AT[:-1]}9,transfer,,currency,DOT,2,0,{held + 2}"
        batch = read(export(LEDGERS, *(lines[place] for place in order), later))
        assert not batch.findings
        assert batch.coverage.controls[0].agrees


def test_each_wallet_has_its_own_chain():
    header, shape = GENERATIONS["wallets"]
    row = {"at": AT, "kind": "deposit", "asset": "DOT", "amount": "5", "fee": "0", "balance": "5"}
    main, earn = (shape.format(txid=id_, **row) for id_ in ("L1", "L2"))
    batch = read(export(header, main, earn.replace("spot / main", "earn / flexible")))
    assert [control.name for control in batch.coverage.controls] == [
        "Ledgers DOT earn / flexible", "Ledgers DOT",
    ]  # fmt: skip
    assert not batch.findings


def test_a_ledger_row_told_twice_with_other_content_is_a_finding():
    assert not read(ledger(L1={}, L2=BOUGHT), ledger(L1={})).findings
    batch = read(ledger(L1={}, L2=BOUGHT), ledger(L1={"amount": "-2", "balance": "85226.15"}))
    assert "twice with other content" in batch.findings[0].what


# -------------------------------------------------------------------------- whole pages


@pytest.mark.parametrize("content", [
    '{"error": ["EAPI:Invalid key"]}', '{"error": ["EGeneral:x"], "result": {"trades": {}}}',
    '{"error": [], "result": {"x": {"y": 1}}}', '{"error": [], "result": []}', "[]", "{}",
    '{"error": [], "result": {"trades": {"T1": 5}}}', '{"error": [], "result": {"a": null}}',
    '{"error": [], "result": {"trades": {}, "count": -1}}', '{"result": "error", "error": "no"}',
    '{"result": "success"}', '{"feed": "heartbeat"}', "", "Date,Symbol\n1,2\n", "txid,txid\n",
    f"{LEDGERS}\nL1,R1\n", f'{LEDGERS}\n"L1', f"{LEDGERS},fee\n", '{"result": {"trades"',
    f"{LEDGERS}\nL1,\x00\n",
])  # fmt: skip
def test_what_is_no_answer_or_an_error_is_refused(content):
    with pytest.raises(BadFileError, match=r"k\.json"):
        read(RawPage(name="k.json", content=content.encode()))


def test_nobodys_account_is_refused():
    with pytest.raises(BadFileError, match="name the account"):
        read(trades(T1={}), account=None)


def test_a_table_that_ends_inside_a_line_is_not_complete():
    whole = export(LEDGERS, f"L1,R1,{AT},deposit,,currency,ZUSD,10,0,10")
    cut = RawPage(name="l.csv", content=whole.content[:-1])
    assert "may be cut" in read(cut).coverage.missing[0]


def test_empty_answers_say_none():
    batch = read(trades(), ledger())
    assert batch.coverage.sections == ("Ledgers", "TradesHistory")
    assert not batch.records
    assert read(result({})).coverage.sections == ("an empty result",)
