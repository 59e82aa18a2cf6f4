"""Schwab by the map that ships: every kind of row."""

from __future__ import annotations

from decimal import Decimal

import pytest

from ledger.domain.events import (
    CashDeposited,
    CashWithdrawn,
    DividendPaid,
    FeeCharged,
    InterestPaid,
    Side,
    UnitsReason,
    UnitsReceived,
)
from ledger.errors import BadFileError
from tests.brokers.sampling import empty_books, told
from tests.brokers.shipped import (
    bought,
    events,
    read,
    schwab,
    sold,
    table_schwab,
)


def test_schwab_books_the_amount_and_its_charge():
    fill, other = events("schwab", table_schwab(sold(), bought()))
    assert (fill.side, fill.last_qty, fill.last_px, fill.gross_trade_amt) == (
        Side.BUY, 100, 16, None,
    )  # fmt: skip
    assert (fill.fees[0].amount, other.side) == (Decimal("6.50"), Side.SELL)


def test_schwab_rounds_prices_and_the_amount_stands():
    row = bought(qty="300", amount="-$40503.61", Price="$135.0075", **{"Fees & Comm": "$1.34"})
    batch = read("schwab", table_schwab(row))
    assert batch.records[0].event.gross_trade_amt == Decimal("40502.27")
    assert not batch.findings
    wrong = read("schwab", table_schwab(bought(amount="-$1,706.50")))
    assert "make 1600: the former is booked" in wrong.findings[0].what


@pytest.mark.parametrize("row", [bought(amount="$1,606.50"), sold(Amount="-$693.50")])
def test_schwab_signs_its_money(row):
    assert [one.field for one in read("schwab", table_schwab(row)).quarantine] == ["amount"]


@pytest.mark.parametrize(
    ("action", "amount", "fact", "value"),
    [
        ("Qualified Dividend", "$5", DividendPaid, 5),
        ("Credit Interest", "$5", InterestPaid, 5),
        ("Margin Interest", "-$5", InterestPaid, -5),
        ("NRA Tax Adj", "$-0.88", FeeCharged, Decimal("0.88")),
        ("NRA Tax Adj", "$0.88", FeeCharged, Decimal("-0.88")),
        ("ADR Mgmt Fee", "-$5", FeeCharged, 5),
        ("NRA Withhold", "-$0.88", FeeCharged, Decimal("0.88")),
        ("Pr Yr NRA Tax", "-$0.88", FeeCharged, Decimal("0.88")),
        ("Div Adjustment", "-$5", DividendPaid, -5),
        ("Pr Yr Non Qual Div", "$5", DividendPaid, 5),
        ("Interest Adj", "-$5", InterestPaid, -5),
        ("Tax Reversal", "$0.88", FeeCharged, Decimal("-0.88")),
        ("Foreign Tax Reclaim", "$0.88", FeeCharged, Decimal("-0.88")),
        ("Advisor Fee", "-$5", FeeCharged, 5),
        ("Qual Div Reinvest Adj", "-$5", DividendPaid, -5),
        ("Promotional Award", "$5", CashDeposited, 5),
        ("Adjustment", "-$5", CashWithdrawn, 5),
        ("MoneyLink Transfer", "$1,000.00", CashDeposited, 1000),
        ("MoneyLink Transfer", "-$10", CashWithdrawn, 10),
    ],
)
def test_schwab_cash(action, amount, fact, value):
    (event,) = events("schwab", table_schwab(schwab("03/02/2026", action, amount, Symbol="ACME")))
    assert (type(event), event.amount) == (fact, value)


def test_schwab_entries_hold_since_the_day_they_name():
    award = schwab("03/09/2026 as of 03/05/2026", "Stock Plan Activity", Symbol="ACME",
                   Quantity="20")  # fmt: skip
    late = bought("03/09/2026 as of 03/03/2026")
    batch = read("schwab", table_schwab(late, award, sold("03/06/2026"), bought("03/02/2026")))
    days = [record.occurred_at.isoformat()[:10] for record in batch.records]
    assert days == ["2026-03-02", "2026-03-06", "2026-03-05", "2026-03-03"]
    units = batch.records[2].event
    assert isinstance(units, UnitsReceived)
    assert (units.reason, units.basis) == (UnitsReason.INCOME, None)


def test_schwab_a_day_in_and_out_is_in_the_file_s_order():
    with empty_books() as book:
        told(book, read("schwab", table_schwab(sold(), bought())))
        assert book.position("A", "SCHWAB:ACME").realized_pnl == 60
    days = [bought("03/02/2026"), bought("03/02/2026", "5", "-$86.50"), sold("03/03/2026")]
    states = []
    for order in (days, days[::-1]):
        batch = read("schwab", table_schwab(*order))
        states.append([record.event.last_qty for record in batch.records][-1])
    assert states == [40, 40]


def test_schwab_an_entry_of_before_does_not_turn_the_file_round():
    late = bought("03/09/2026 as of 03/03/2026", "5", "-$86.50")
    batch = read("schwab", table_schwab(late, bought("03/05/2026")))
    assert [record.event.last_qty for record in batch.records] == [100, 5]


def test_schwab_dates_that_run_both_ways_refuse_the_file():
    with pytest.raises(BadFileError, match="contradict order"):
        read(
            "schwab", table_schwab(bought("03/02/2026"), bought("03/04/2026"), bought("03/03/2026"))
        )


def test_schwab_lines_around_the_table_are_told_apart():
    body = table_schwab(sold(), bought()).decode()
    old = f'"Transactions for account XXXX-1 as of 03/09/2026"\n{body}'
    stated = f'{old}Transactions Total,,,,,,,"-$913.00"\n'
    batch = read("schwab", stated.encode())
    (control,) = batch.coverage.controls
    assert (len(batch.records), control.agrees, control.currency) == (2, True, "USD")
    (cut,) = read("schwab", stated.replace("-$913.00", "-$900.00").encode()).coverage.controls
    assert not cut.agrees
    unread = read("schwab", stated.replace("-$913.00", "n/a").encode())
    assert [row.row for row in unread.quarantine] == ["line 5"]
    with pytest.raises(BadFileError, match="no header that begins with 'Date'"):
        read("schwab", b"Positions\n" * 30)


def test_schwab_a_comma_at_the_end_of_lines_says_nothing():
    lines = table_schwab(sold(), bought()).decode().splitlines()
    total = "Transactions Total,,,,,,,-$913.00"
    plain, whole = [*lines, total], [f"{line}," for line in [*lines, total]]
    ends = [plain, whole, [*lines, f"{total},"], [*whole[:-1], total]]
    read_all = [read("schwab", "".join(f"{line}\n" for line in end).encode()) for end in ends]
    assert len({batch.records for batch in read_all}) == 1
    assert all(batch.coverage.controls[0].agrees for batch in read_all)


@pytest.mark.parametrize(
    "action", ["Stock Split", "Cash Merger", "Buy to Open", "Cancel Buy", "Teleport"]
)
def test_schwab_what_cannot_be_booked_says_why(action):
    (aside,) = read("schwab", table_schwab(schwab("03/02/2026", action, "$1"))).quarantine
    assert ("by hand" in aside.rule) is (action != "Teleport")
    assert ("not declared" in aside.rule) is (action == "Teleport")


def test_schwab_fills_up_its_columns_with_spaces():
    padded = bought(Action="Buy                 ", Symbol=" ACME ")
    assert events("schwab", table_schwab(padded)) == events("schwab", table_schwab(bought()))


def test_schwab_shares_that_are_journaled_as_money_are_set_aside():
    row = schwab("07/06/2026", "Journal", "$0.00", Symbol="ACME", Quantity="100")
    batch = read("schwab", table_schwab(row))
    assert (batch.records, [one.field for one in batch.quarantine]) == ((), ["qty"])
    (moved,) = events("schwab", table_schwab(schwab("07/06/2026", "Journal", "$0.00")))
    assert not moved.amount
