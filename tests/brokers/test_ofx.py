"""OFX rows: what each kind becomes, and what is set aside instead of being guessed."""

from __future__ import annotations

from decimal import Decimal

import pytest

from ledger.domain.events import (
    CashDeposited,
    CashWithdrawn,
    DividendPaid,
    FeeCharged,
    FeeKind,
    FillBooked,
    FillBusted,
    InterestPaid,
    Leg,
    OptionExercised,
    OptionExpired,
    PositionTransferred,
    Side,
    SplitApplied,
)
from ledger.domain.instruments import InstrumentKind
from tests.brokers.ofx import (
    BOND,
    FUND,
    OPTION,
    aside,
    bank,
    bank_tran,
    events,
    file,
    income,
    leaves,
    moved,
    read,
    rows,
    statement,
    trade,
    tran,
)
from tests.brokers.sampling import empty_books, state, told

CAD = "<CURRENCY><CURRATE>0.7<CURSYM>CAD</CURRENCY>"
FROM_CAD = "<ORIGCURRENCY><CURRATE>0.7<CURSYM>CAD</ORIGCURRENCY>"
SPLIT = leaves(OLDUNITS="5", NEWUNITS="7", NUMERATOR="3", DENOMINATOR="2")


def other(kind: str, *inside: str, **told: str) -> str:
    return f"<{kind}>{tran(**told)}{''.join(inside)}</{kind}>"


def only(*told: str):
    (event,) = events(*told)
    return event


# ------------------------------------------------------------------------------- executions


def test_a_purchase_is_what_it_says():
    fill = only(trade(DTSETTLE="20260304000000[-5:EST]", SRVRTID="s"))
    assert (fill.side, fill.last_qty, fill.last_px, fill.currency) == (Side.BUY, 100, 16, "USD")
    assert (fill.scope, fill.exec_id, fill.trade_id) == ("example.org/U1", "1", "s")
    assert (fill.settl_date.isoformat(), fill.gross_trade_amt) == ("2026-03-04", None)
    assert [(fee.amount, fee.kind) for fee in fill.fees] == [(Decimal("7.95"), FeeKind.COMMISSION)]


@pytest.mark.parametrize("units", ["-40", "40"])
def test_a_sale_is_one_by_its_name_and_its_money(units):
    fill = only(trade("SELLSTOCK", units, "17.5", "692.05"))
    assert (fill.side, fill.last_qty, fill.gross_trade_amt) == (Side.SELL, 40, None)


def test_every_charge_has_its_kind():
    inner = leaves(TAXES="1", FEES="2", LOAD="3", WITHHOLDING="4", STATEWITHHOLDING="5")
    fill = only(trade("SELLMF", "-100", "16", "1577.05", inner=inner))
    assert sum(fee.amount for fee in fill.fees) == Decimal("22.95")
    assert {fee.kind for fee in fill.fees} == {
        FeeKind.COMMISSION, FeeKind.OTHER, FeeKind.TAX, FeeKind.WITHHOLDING_TAX,
    }  # fmt: skip


def test_a_rounded_total_is_the_money():
    batch = rows(trade("BUYMF", "14.61137", "46.06", "-673", commission="0"))
    assert batch.records[0].event.gross_trade_amt == 673
    assert not batch.findings


def test_a_total_that_nothing_explains_is_booked_and_said():
    batch = rows(trade(total="-1707.95"))
    assert batch.records[0].event.gross_trade_amt == 1700
    assert "make 1600" in batch.findings[0].what


def test_a_short_sale_is_one():
    fill = only(trade("SELLSTOCK", "-40", "17.5", "692.05", outer="<SELLTYPE>SELLSHORT"))
    assert fill.side is Side.SELL_SHORT


@pytest.mark.parametrize(
    ("row", "field"),
    [
        (trade(units="-100"), "UNITS"),
        (trade(units="0"), "UNITS"),
        (trade(total="1607.95"), "TOTAL"),
        (trade(total="-1"), "TOTAL"),
        (trade("SELLSTOCK", "-40", "17.5", "-692.05"), "TOTAL"),
        (trade(commission="-7.95"), "TOTAL"),
        (trade(outer="<BUYTYPE>BUYTOWN"), "BUYTYPE"),
        (trade("SELLSTOCK", outer="<SELLTYPE>GIVE"), "SELLTYPE"),
        (trade(px="16,000"), "UNITPRICE"),
        (trade(px=""), "UNITPRICE"),
        (trade(at="20260231"), "DTTRADE"),
        (trade(at="2026-03-02"), "DTTRADE"),
        (trade(at="20260302120000[+14.20:XX]"), "DTTRADE"),
        (trade(currency=f"{CAD}{CAD.replace('CAD', 'CHF')}"), "CURRENCY.CURSYM"),
    ],
)
def test_what_contradicts_itself_is_set_aside(row, field):
    assert aside(row) == [field]


def test_a_reversal_undoes_the_fill_it_names():
    with empty_books() as book:
        told(book, rows(trade(), account="A"))
        busted = rows(trade(units="-100", total="1607.95", fitid="2", REVERSALFITID="1"),
                      account="A")  # fmt: skip
        (report,) = told(book, busted)
        assert isinstance(busted.records[0].event, FillBusted)
        assert report.counts["reverses"] == 1
        assert not any(view.total for view in book.balances("A"))


@pytest.mark.parametrize("kind", ["SPLIT", "TRANSFER", "CLOSUREOPT"])
def test_a_reversal_of_what_no_fact_undoes_is_set_aside(kind):
    assert aside(other(kind, FUND, SPLIT, REVERSALFITID="1")) == ["REVERSALFITID"]


def test_reinvested_income_leaves_no_money():
    body = leaves(INCOMETYPE="DIV", TOTAL="-14.47", UNITS="4.909", UNITPRICE="2.9474")
    fill, paid = events(other("REINVEST", FUND, body))
    assert (fill.gross_trade_amt, paid.amount) == (Decimal("14.47"), Decimal("14.47"))
    assert isinstance(paid, DividendPaid)


def test_reinvested_income_that_is_undone_is_taken_back():
    body = leaves(INCOMETYPE="INTEREST", TOTAL="14.47", UNITS="-4.909", UNITPRICE="2.9474")
    busted, paid = events(other("REINVEST", FUND, body, fitid="2", REVERSALFITID="1"))
    assert (busted.exec_ref_id, paid.amount) == ("1", Decimal("-14.47"))
    assert isinstance(paid, InterestPaid)


# ------------------------------------------------------------------------------ instruments


def test_a_bond_is_priced_in_percent_and_its_interest_is_apart():
    batch = rows(trade("BUYDEBT", "5000", "98.5", "-4925", security=BOND, commission="0",
                       outer="<ACCRDINT>12.50"))  # fmt: skip
    fill, interest = (record.event for record in batch.records)
    assert batch.instruments[0].instrument.kind is InstrumentKind.BOND
    assert (fill.gross_trade_amt, interest.amount) == (None, Decimal("-12.50"))


def test_an_option_is_of_the_shares_of_its_contract():
    batch = rows(trade("BUYOPT", "2", "1.5", "-307.95", security=OPTION, outer="<SHPERCTRCT>100"))
    option = batch.instruments[0].instrument
    assert (option.multiplier, option.strike_px, option.put_call) == (100, 100, "CALL")
    assert (option.expiry, option.underlying_id) == ("2026-06-19", "OFX:CUSIP:000000001")
    assert option.instrument_id == "OFX:example.org:OTHER:ACME260619C00100"


def test_an_option_of_an_unknown_contract_is_set_aside():
    row = trade("BUYOPT", "2", "1.5", "-307.95", security=OPTION)
    batch = read(file(statement(row), securities=""))
    assert [one.field for one in batch.quarantine] == ["SHPERCTRCT"]


@pytest.mark.parametrize(
    ("action", "kind", "is_assigned"),
    [
        ("EXPIRE", OptionExpired, None),
        ("EXERCISE", OptionExercised, False),
        ("ASSIGN", OptionExercised, True),
    ],
)
def test_options_end(action, kind, is_assigned):
    ended = only(other("CLOSUREOPT", OPTION, leaves(OPTACTION=action, UNITS="-2")))
    assert (type(ended), ended.qty) == (kind, 2)
    assert getattr(ended, "assigned", None) is is_assigned


def test_what_an_option_delivers_is_no_end_of_an_option():
    delivered = leaves(OPTACTION="ASSIGN", UNITS="-100", SHPERCTRCT="100")
    assert aside(other("CLOSUREOPT", FUND, delivered)) == ["SECID.UNIQUEID"]


def test_the_row_says_its_currency_and_what_was_converted_is_not_it():
    assert only(trade(currency=CAD)).currency == "CAD"
    assert only(trade(currency=FROM_CAD)).currency == "USD"


def test_one_instrument_has_one_currency():
    batch = rows(trade(fitid="1"), trade(fitid="2", currency=CAD))
    assert [row.field for row in batch.quarantine] == ["CURRENCY"]


# ------------------------------------------------------------------------ income and charges


@pytest.mark.parametrize("kind", ["DIV", "CGLONG", "CGSHORT", "MISC"])
def test_distributions_are_of_the_security(kind):
    paid = only(income("50", kind, MEMO="for March"))
    assert (type(paid), paid.amount, paid.description) == (DividendPaid, 50, f"{kind} for March")


def test_income_can_be_interest_and_can_be_taken_back():
    assert isinstance(only(income("50", "INTEREST")), InterestPaid)
    assert only(income("-50", fitid="2", REVERSALFITID="1")).amount == -50
    assert aside(income("50", fitid="2", REVERSALFITID="1")) == ["TOTAL"]
    assert aside(income("50", "LUCK")) == ["INCOMETYPE"]


def test_withheld_tax_beside_a_total_is_not_guessed():
    assert aside(income(inner="<WITHHOLDING>7.5")) == ["WITHHOLDING"]
    assert not aside(income(inner="<WITHHOLDING>0.00"))


@pytest.mark.parametrize(("total", "charged", "said"), [("-4", 4, 0), ("4", -4, 1)])
def test_an_expense_is_charged_by_its_sign(total, charged, said):
    batch = rows(other("INVEXPENSE", FUND, leaves(TOTAL=total)))
    fee = batch.records[0].event
    assert isinstance(fee, FeeCharged)
    assert (fee.amount, len(batch.findings)) == (charged, said)


def test_interest_on_a_loan_is_paid():
    assert only(other("MARGININTEREST", leaves(TOTAL="-9.5"))).amount == Decimal("-9.5")


def test_a_journal_inside_the_account_moves_nothing():
    inside = leaves(SUBACCTFROM="CASH", SUBACCTTO="MARGIN", TOTAL="100")
    batch = rows(other("JRNLFUND", inside), other("JRNLSEC", FUND, inside))
    assert (batch.records, batch.quarantine) == ((), ())
    assert dict(batch.coverage.rows)["INVTRANLIST"] == 2
    assert aside(other("JRNLFUND", leaves(TOTAL="100"))) == ["SUBACCTFROM"]


def test_a_return_of_capital_and_an_unknown_row_are_set_aside():
    assert aside(other("RETOFCAP", FUND, leaves(TOTAL="5"))) == ["RETOFCAP"]
    assert aside(other("BUYMOON", FUND), income()) == ["kind"]


# ------------------------------------------------------------------------------------ units


def test_units_that_come_have_an_unknown_cost():
    here = only(other("TRANSFER", FUND, leaves(UNITS="6.8", TFERACTION="IN", POSTYPE="LONG")))
    assert isinstance(here, PositionTransferred)
    assert (here.leg, here.qty, here.unknown_basis) == (Leg.IN, Decimal("6.8"), True)


@pytest.mark.parametrize("units", ["9", "-9"])
def test_units_that_go_may_be_written_either_way(units):
    gone = only(other("TRANSFER", FUND, leaves(UNITS=units, TFERACTION="OUT")))
    assert (gone.leg, gone.qty) == (Leg.OUT, 9)


@pytest.mark.parametrize(
    ("told", "field"),
    [
        (leaves(UNITS="0", TFERACTION="IN"), "UNITS"),
        (leaves(UNITS="-1", TFERACTION="IN"), "UNITS"),
        (leaves(UNITS="1", TFERACTION="SIDEWAYS"), "TFERACTION"),
        (leaves(UNITS="1", TFERACTION="IN", POSTYPE="SHORT"), "POSTYPE"),
    ],
)
def test_a_transfer_that_makes_no_sense_is_set_aside(told, field):
    assert aside(other("TRANSFER", FUND, told)) == [field]


@pytest.mark.parametrize("memo", ["ACME(US0000000001) SPLIT 20 FOR 1 (ACME)", "Split 1 for 10"])
def test_a_split_that_is_told_as_units_that_come_is_set_aside(memo):
    moves = leaves(UNITS="1007", TFERACTION="IN", POSTYPE="LONG")
    assert aside(other("TRANSFER", FUND, moves, MEMO=memo)) == ["MEMO"]


def test_a_split_takes_effect_when_it_is_executed():
    batch = rows(other("SPLIT", FUND, leaves(NUMERATOR="2", DENOMINATOR="1"), DTSETTLE="20260305"))
    assert isinstance(batch.records[0].event, SplitApplied)
    assert batch.records[0].occurred_at.isoformat() == "2026-03-05T00:00:00+00:00"


def test_the_fraction_that_a_split_pays_out_is_sold():
    with empty_books() as book:
        bought = trade(units="5", total="-87.95", at="20260301")
        split = other("SPLIT", FUND, SPLIT, "<FRACCASH>6", fitid="2")
        told(book, rows(bought, split, account="A"))
        assert book.position("A", "OFX:CUSIP:000000001").net_qty == 7
        assert book.balances("A")[0].total == Decimal("-81.95")


def test_a_split_that_contradicts_its_units_is_said_or_set_aside():
    assert "makes 7.5 units" in rows(other("SPLIT", FUND, SPLIT)).findings[0].what
    turned = leaves(OLDUNITS="5", NEWUNITS="10", NUMERATOR="1", DENOMINATOR="2")
    assert aside(other("SPLIT", FUND, turned)) == ["NUMERATOR"]
    whole = SPLIT.replace(">7<", ">8<")
    assert aside(other("SPLIT", FUND, whole, "<FRACCASH>6")) == ["FRACCASH"]


# ------------------------------------------------------------------------------------- cash


@pytest.mark.parametrize(
    ("kind", "amount", "fact", "told"),
    [
        ("CREDIT", "5", CashDeposited, 5),
        ("Credit", "+005.00", CashDeposited, 5),
        ("CHECK", "-5", CashWithdrawn, 5),
        ("OTHER", "-5,5", CashWithdrawn, Decimal("5.5")),
        ("INT", "5", InterestPaid, 5),
        ("DIV", "5", InterestPaid, 5),
        ("SRVCHG", "-5", FeeCharged, 5),
        ("FEE", "5", FeeCharged, -5),
    ],
)
def test_money_that_moved(kind, amount, fact, told):
    for batch in (rows(bank_tran(amount, kind)), read(bank(moved(amount, kind)))):
        event = batch.records[0].event
        assert (type(event), event.amount) == (fact, told)


@pytest.mark.parametrize(
    ("row", "field"),
    [
        (moved("5", "HOLD"), "TRNTYPE"),
        (moved("5", CORRECTFITID="m0", CORRECTACTION="DELETE"), "CORRECTFITID"),
        (moved("5 USD"), "TRNAMT"),
    ],
)
def test_money_that_is_not_there_yet_or_amends_is_set_aside(row, field):
    assert [one.field for one in read(bank(row)).quarantine] == [field]


def test_without_any_currency_nothing_is_booked():
    assert [one.field for one in read(bank(moved("5"), currency="")).quarantine] == ["CURDEF"]


# -------------------------------------------------------------------------------------- ids


def test_the_same_id_of_two_accounts_is_two_trades():
    both = file(statement(trade()), statement(trade(), account="U2"))
    with empty_books() as book:
        for account in ("U1", "example.org/U2"):
            told(book, read(both, account="A", venue_account=account))
        assert book.position("A", "OFX:CUSIP:000000001").net_qty == 200


def test_an_id_that_says_two_things_books_neither():
    batch = rows(trade(), trade(units="50", total="-807.95"), trade(fitid="2"), income())
    assert [row.row for row in batch.quarantine] == ["BUYSTOCK[1]", "BUYSTOCK[2]"]
    assert [type(record.event) for record in batch.records] == [FillBooked, DividendPaid]


def test_overlapping_statements_are_booked_once():
    with empty_books() as book:
        (report,) = told(book, read(file(statement(trade())), file(statement(trade(), income())),
                                    account="A"))  # fmt: skip
        assert (report.counts["same"], report.counts["changed"]) == (1, 0)
        assert book.position("A", "OFX:CUSIP:000000001").net_qty == 100


def test_rows_without_an_id_are_told_apart_by_what_they_say():
    same = bank_tran("5", fitid="")
    first, again = rows(same, same, account="A"), rows(same, same, account="A")
    written = rows(*[same.replace(">5<", ">+05.00<")] * 2, account="A")
    with empty_books() as book:
        reports = told(book, first, again, written)
        assert [report.added for report in reports][1:] == [0, 0]
        assert book.balances("A")[0].total == 10
        assert all(record.is_weak for record in first.records)


def test_a_row_without_an_id_that_two_files_hold_counts_once():
    page = file(statement(bank_tran("5", fitid="")))
    with empty_books() as book:
        told(book, read(page, page, account="A"))
        assert book.balances("A")[0].total == 5


def test_trades_of_one_instant_without_ids_are_said():
    batch = rows(trade(fitid=""), trade("SELLSTOCK", "-40", "17.5", "692.05", fitid="2"))
    assert "which came first is not known" in batch.findings[0].what
    assert not rows(trade(fitid="")).findings


def test_ids_order_the_trades_of_a_day_whatever_the_file_does():
    buy, sell = trade(fitid="9"), trade("SELLSTOCK", "-100", "17.5", "1742.05", fitid="10")
    states = []
    for told_rows in ([buy, sell], [sell, buy]):
        with empty_books() as book:
            told(book, rows(*told_rows, account="A"))
            states.append(state(book))
    assert states[0] == states[1]


# ------------------------------------------------------------------------------ what is there

LINE = f"{FUND}<HELDINACCT>CASH<POSTYPE>LONG<UNITS>7<UNITPRICE>1<MKTVAL>7<DTPRICEASOF>20260331"


def there(*positions: str, cash: str = "") -> str:
    lines = "".join(f"<POSSTOCK><INVPOS>{line}</INVPOS></POSSTOCK>" for line in positions)
    return f"<INVPOSLIST>{lines}</INVPOSLIST>{cash}"


def test_positions_are_signed_and_all_there_are():
    short = LINE.replace("LONG", "SHORT")
    batch = read(file(statement(there=there(LINE, short))))
    assert [position.qty for position in batch.positions] == [7, -7]
    assert batch.coverage.lists_positions
    assert not read(file(statement())).coverage.lists_positions


def test_positions_with_a_line_unread_are_not_all():
    batch = read(file(statement(there=there(LINE, LINE.replace(">7<", ">-7<")))))
    assert (len(batch.positions), batch.coverage.lists_positions) == (1, False)


@pytest.mark.parametrize(
    ("told", "ending"),
    [
        (leaves(AVAILCASH="5.5", MARGINBALANCE="0"), "5.5"),
        (leaves(AVAILCASH="5.5", MARGINBALANCE="-3"), None),
        (f"{leaves(AVAILCASH='5.5')}<BALLIST><BAL>{leaves(NAME='ENDING CASH', VALUE='7')}</BAL>"
         "</BALLIST>", "7"),
    ],
)  # fmt: skip
def test_cash_is_stated_where_it_is_clear(told, ending):
    batch = read(file(statement(there=f"<INVBAL>{told}</INVBAL>")))
    assert [str(balance.ending) for balance in batch.balances] == ([ending] if ending else [])
    assert [row.field for row in batch.quarantine] == ([] if ending else ["MARGINBALANCE"])


def test_a_bank_states_its_balance():
    batch = read(bank(there="<LEDGERBAL><BALAMT>-3.5<DTASOF>20260331</LEDGERBAL>"))
    assert (batch.balances[0].ending, batch.coverage.lists_balances) == (Decimal("-3.5"), True)


def test_the_last_statement_states_whatever_the_order_of_files():
    old = file(statement(there=there(LINE)).replace("20260331", "20260310"))
    new = file(statement(there=there(LINE.replace(">7<", ">8<"))))
    for contents in ([old, new], [new, old]):
        assert [one.qty for one in read(*contents).positions] == [8]


# ------------------------------------------------------------------------------------ times


@pytest.mark.parametrize(
    ("at", "utc"),
    [
        ("20260302", "2026-03-02T05:00:00"),
        ("20260302120000", "2026-03-02T17:00:00"),
        ("202603021200", "2026-03-02T17:00:00"),
        ("20260302120000.5[0:GMT]", "2026-03-02T12:00:00.500000"),
        ("20260302000000.000[+9:JST]", "2026-03-01T15:00:00"),
        ("20260302120000[-3.5:NST]", "2026-03-02T15:30:00"),
        ("20260302120000[+5.50]", "2026-03-02T06:30:00"),
    ],
)
def test_times_are_of_their_own_zone_else_of_the_account(at, utc):
    batch = rows(trade(at=at, DTSETTLE=at), time_zone="America/New_York")
    assert batch.records[0].occurred_at.isoformat() == f"{utc}+00:00"
    assert batch.records[0].event.settl_date.isoformat() == "2026-03-02"


def test_a_day_that_ends_a_statement_is_covered():
    assert rows().coverage.covers_to.isoformat() == "2026-04-01T00:00:00+00:00"
