"""Alpaca's activities other than trades: signs of money, units that move, what is in doubt."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from ledger.domain.events import (
    BalanceAdjusted,
    CashDeposited,
    CashTransferred,
    CashWithdrawn,
    DividendPaid,
    FeeCharged,
    FeeKind,
    FillBooked,
    InterestPaid,
    Leg,
    OptionExercised,
    OptionExpired,
    PositionTransferred,
    Side,
    SpinOffReceived,
    SplitApplied,
)
from tests.brokers.alpaca import only, read, reason
from tests.brokers.sampling import empty_books, told
from tests.brokers.venues.alpaca import (
    SPLIT,
    entry,
    fill,
    uuid,
    v2,
)

D = Decimal


# ------------------------------------------------------------------------------ money


MONEY = {
    "CSD": ("100", CashDeposited, D(100)),
    "CSW": ("-100", CashWithdrawn, D(100)),
    "JNLC": ("-0.29", CashTransferred, D("-0.29")),
    "ACATC": ("5", CashTransferred, D(5)),
    "DIV": ("1.02", DividendPaid, D("1.02")),
    "DIVROC": ("-1.02", DividendPaid, D("-1.02")),
    "DIVNRA": ("-0.3", FeeCharged, D("0.3")),
    "INTNRA": ("0.3", FeeCharged, D("-0.3")),
    "INT": ("-54.14", InterestPaid, D("-54.14")),
    "FEE": ("-0.01", FeeCharged, D("0.01")),
    "PTR": ("0.05", FeeCharged, D("-0.05")),
    "CFEE": ("-2.21", FeeCharged, D("2.21")),
    "CORR": ("-7", BalanceAdjusted, D(-7)),
}


@pytest.mark.parametrize("kind", MONEY)
def test_the_sign_of_money_is_the_accounts(kind):
    amount, cls, booked = MONEY[kind]
    made = only(entry(kind, 1, net_amount=amount, symbol="ACME"))
    assert (type(made), made.amount, made.currency) == (cls, booked, "USD")


def test_a_deposit_that_is_returned_goes_out():
    assert isinstance(only(entry("CSD", 1, net_amount="-100")), CashWithdrawn)


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ({"activity_sub_type": "REG"}, FeeKind.REGULATORY),
        ({"description": "OCC Clearing Fee"}, FeeKind.CLEARING),
        ({"activity_sub_type": "NRV"}, FeeKind.EXCHANGE),
        ({"description": "something else"}, FeeKind.OTHER),
    ],
)
def test_a_fee_says_what_it_is_for(values, kind):
    assert only(entry("FEE", 1, net_amount="-1", **values)).kind is kind


def test_a_crypto_fee_is_paid_in_the_coins_that_were_bought():
    charged = only(entry("CFEE", 1, symbol="ETHUSD", qty="-0.000195", price="1884.5"))
    assert (charged.amount, charged.currency) == (D("0.000195"), "ETH")
    with empty_books() as book:
        bought = fill(2, symbol="ETH/USD", qty="0.5", cum_qty="0.5", price="2000")
        told(book, read(bought, entry("CFEE", 1, symbol="ETHUSD", qty="-0.000195")))
        (view,) = book.positions("A")
        assert view.net_qty == D("0.499805")


def test_a_cash_row_is_of_the_midnight_of_new_york():
    (record,) = read(entry("CSD", 1, net_amount="1", date="2026-07-01")).records
    assert record.occurred_at == datetime(2026, 7, 1, 4, tzinfo=UTC)


def test_the_same_entry_as_an_event_is_the_same_fact():
    as_event = {"entry_type": "FEE", "id": uuid(1), "net_amount": -0.01, "status": "executed",
                "settle_date": "2026-03-03", "system_date": "2026-03-02"}  # fmt: skip
    assert only(as_event) == only(entry("FEE", 1, net_amount="-0.01"))


@pytest.mark.parametrize("kind", MONEY)
def test_what_was_cancelled_is_gone_whether_or_not_it_was_read_before(kind):
    row = entry(kind, 1, net_amount=MONEY[kind][0], symbol="ACME")
    canceled = {**row, "status": "canceled"}
    for rows in ([canceled], [row, canceled], [canceled, row]):
        with empty_books() as book:
            told(book, *[read(one) for one in rows])
            assert not [view for view in book.balances("A") if view.total]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (entry("XYZ", 1, net_amount="1"), "activity_type: not booked"),
        (entry("MA", 1, net_amount="25.27", symbol="HIE"), "activity_type: not booked"),
        (entry("DIV", 1, symbol="ACME", qty="0.12"), "net_amount: no money"),
        (entry("DIV", 1, net_amount="1"), "symbol: missing"),
        (entry("JNLC", 1, net_amount="1", status="pending"), "status: not executed"),
        (entry("FEE", 1, net_amount="1e-30"), "net_amount: "),
        (entry("CORR", 1, net_amount="1", qty="2"), "qty: a correction of units"),
        (entry("CFEE", 1, net_amount="-1", qty="-1", symbol="ETHUSD"), "net_amount: a fee in"),
        (entry("FEE", 1, net_amount="-1", swap_rate="143.6"), "swap_rate: an account in a local"),
        (entry("CSD", 1, net_amount="1", date=""), "date: missing"),
        (entry("CSD", 1, net_amount="1", date="03/03/2026"), "date: not a date"),
    ],
)
def test_money_in_doubt_is_set_aside(row, said):
    assert reason(row).startswith(said)


# ------------------------------------------------------------------------------ units


def test_an_option_ends_behind_the_trades_of_its_day():
    option = "AAPL230721C00150000"
    bought = fill(1, symbol=option, qty="2", cum_qty="2", price="1.5",
                  transaction_time="2023-07-21T19:59:00Z")  # fmt: skip
    ended = entry("OPEXP", 2, date="2023-07-21", symbol=option, qty="-2")
    with empty_books() as book:
        told(book, read(ended), read(bought))
        (view,) = book.positions("A")
        assert (view.net_qty, view.realized_pnl) == (0, -300)


def test_an_exercise_and_an_assignment_are_told_apart():
    option = {"symbol": "AAPL230721C00150000"}
    exercised = only(entry("OPEXC", 1, qty="-2", **option))
    assigned = only(entry("OPASN", 1, qty="2", **option))
    assert (type(exercised), exercised.qty, exercised.assigned) == (OptionExercised, 2, False)
    assert (assigned.qty, assigned.assigned) == (2, True)
    assert isinstance(only(entry("OPEXP", 1, qty="1", **option)), OptionExpired)


def test_a_delivery_is_a_fill_at_the_money_that_was_paid():
    bought = only(entry("OPTRD", 1, symbol="AAPL", qty="200", net_amount="-30000", price="90"))
    assert (bought.side, bought.last_px, bought.gross_trade_amt) == (Side.BUY, None, 30000)
    sold = only(entry("OPTRD", 1, symbol="HOOD", qty="-300", net_amount="6450", price="21.5"))
    assert (sold.side, sold.last_px, sold.gross_trade_amt) == (Side.SELL, D("21.5"), None)
    assert isinstance(sold, FillBooked)
    assert "opposite ways" in reason(entry("OPTRD", 1, symbol="AAPL", qty="1", net_amount="5"))


def test_a_split_is_made_of_its_two_rows():
    rows = [entry("SPLIT", 1, symbol="ACME", qty="-60", description=f"REMOVE, {SPLIT}"),
            entry("SPLIT", 2, symbol="ACME", qty="120", description=f"ADD, {SPLIT}")]  # fmt: skip
    for both in (rows, rows[::-1], [*rows, *rows][:3]):
        batch = read(*both)
        splits = {r.event for r in batch.records}
        (split,) = splits
        assert isinstance(split, SplitApplied)
        assert (split.numerator, split.denominator) == (120, 60)
        assert not batch.quarantine
    assert "needs one row that adds" in reason(rows[1])


def test_a_spin_off_brings_its_basis_and_its_other_rows_nothing():
    told_of = "Target Symbol: CON, Initiating Symbol: SEM, 0.806971 CON for each 1 SEM"
    rows = [
        entry("SPIN", 1, symbol="CON", qty="2", price="12.5", description=told_of),
        entry("SPIN", 2, symbol="SEM", qty="3", price="10", description="ADD, Cost basis"),
        entry("SPIN", 3, symbol="SEM", qty="-3", price="18", description="REMOVE, Cost basis"),
    ]
    spun = only(*rows)
    assert isinstance(spun, SpinOffReceived)
    assert (spun.instrument_id, spun.parent_id) == ("ALPACA:CON", "ALPACA:SEM")
    assert (spun.qty, spun.basis) == (2, 25)


def test_a_transfer_of_units_has_no_known_basis():
    came = only(entry("ACATS", 1, symbol="NVDA", qty="6", price="135.34"))
    assert (type(came), came.leg, came.qty) == (PositionTransferred, Leg.IN, 6)
    assert came.unknown_basis
    went = only(entry("JNLS", 1, symbol="TSLA", qty="-0.008611"))
    assert (went.leg, went.qty) == (Leg.OUT, D("0.008611"))


def test_a_change_of_symbol_is_left_to_a_person_and_one_of_the_cusip_is_nothing():
    same = entry("NC", 1, symbol="RMSGW", qty="-150", description="Name Change from RMSGW to RMSGW")
    assert not read(same).records
    assert not read(same).quarantine
    other = entry("NC", 1, symbol="YTEN", qty="-1", description="Name Change from YTEN to YTENQ")
    assert "change of symbol" in reason(other)


def event(kind, number, qty, **details):
    """What moved units, as an activity event tells it: its numbers stand in ``details``."""
    return {**v2(number, qty=qty, price="12.5", net_amount="0"), "activity_type": kind,
            "details": details}  # fmt: skip


def test_a_split_told_by_activity_events_is_the_same_fact():
    sizes = {"symbol": "ACME", "old_qty": "60", "new_qty": "120", "old_rate": "1", "new_rate": "2"}
    removed, added = (event("SPLIT", n, qty, **sizes) for n, qty in ((1, "-60"), (2, "120")))
    rows = [entry("SPLIT", 1, symbol="ACME", qty="-60", description=f"REMOVE, {SPLIT}"),
            entry("SPLIT", 2, symbol="ACME", qty="120", description=f"ADD, {SPLIT}")]  # fmt: skip
    assert only(removed, added) == only(added, removed) == only(*rows)
    assert "needs one row that adds" in reason(added)
    short = only(event("SPLIT", 1, "60", **sizes), event("SPLIT", 2, "-120", **sizes))
    assert (short.id, short.numerator, short.denominator) == (uuid(2), 120, 60)


def test_a_spin_off_told_by_an_activity_event_names_both_symbols():
    names = {"new_symbol": "CON", "source_symbol": "SEM"}
    told_of = "Target Symbol: CON, Initiating Symbol: SEM, 0.8 CON for each 1 SEM"
    row = entry("SPIN", 1, symbol="CON", qty="2", price="12.5", description=told_of)
    assert only(event("SPIN", 1, "2", **names)) == only(row)
    assert "does not say of what" in reason(event("SPIN", 1, "2", new_symbol="CON"))
    assert "price: no price" in reason({**event("SPIN", 1, "2", **names), "price": "0"})


def test_a_change_of_the_cusip_told_by_activity_events_is_nothing():
    same = event("NC", 1, "-4", old_symbol="BRIF", new_symbol="BRIF")
    assert not read(same).records
    assert not read(same).quarantine
    other = event("NC", 1, "-4", old_symbol="RNA", new_symbol="RNAM")
    assert "change of symbol" in reason(other)


def test_a_day_that_is_written_as_its_midnight_is_that_day():
    paid = {"activity_type": "DIV", "net_amount": "-0.03", "details": {"symbol": "ACME"}}
    as_time, as_day = (v2(1, **{**paid, "settle_date": day}) for day in
                       ("2026-03-03T00:00:00Z", "2026-03-03"))  # fmt: skip
    assert read(as_time).records[0].occurred_at == read(as_day).records[0].occurred_at
    assert "date: not a date" in reason(v2(1, **{**paid, "settle_date": "2026-03-03T12:00:00Z"}))
