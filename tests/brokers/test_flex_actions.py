"""Corporate actions: the rows of one action together, units and money once, no cost invented."""

from __future__ import annotations

from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ledger
from adapters.ingest import ingest
from ledger.domain.events import (
    FillBooked,
    Leg,
    PositionTransferred,
    SpinOffReceived,
    SplitApplied,
    SymbolChanged,
    UnitsDelivered,
    UnitsReceived,
)
from tests.brokers.flex import NOW, element, file, read, trade

OLD = {"conid": "900001", "symbol": "ACME", "isin": "US0000009001"}
NEW = {"conid": "900002", "symbol": "GLX", "isin": "US0000009002"}
TENDERED = "ACME(US0000009001) TENDERED TO US0000009002 1 FOR 1 (ACME, ACME CORP, US0000009001)"
MERGED = "ACME(US0000009001) MERGED(Acquisition) WITH US0000009002 1 FOR 2 (GLX, GLOBEX, X)"
MERGE = {"type": "TC", "description": MERGED}
SPLIT = "ACME(US0000009001) SPLIT 1 FOR 25 (ACME, ACME CORP, US0000009001)"


def action(**values: str) -> str:
    row = {"currency": "USD", "assetCategory": "STK", "dateTime": "2026-03-04;20:25:00",
           "reportDate": "2026-03-05", "actionID": "7", "quantity": "-100", "proceeds": "0",
           "value": "0", "type": "TC", "description": MERGED, **OLD}  # fmt: skip
    return element("CorporateAction", {**row, **values})


def batch(*rows: str, held: str = "100") -> Any:
    bought = [trade(transactionID="1", ibExecID="a.01", quantity=held)] if held != "0" else []
    return read(file({"Trades": bought, "CorporateActions": rows}))


def books(*rows: str, held: str = "100", undone: bool = False) -> dict[str, Any]:
    """What is held afterwards by symbol, with the money in USD, after telling it twice."""
    told = batch(*rows, held=held)
    assert not told.quarantine
    with ledger.open("memory://", clock=lambda: NOW) as book:
        ingest(book, told)
        assert ingest(book, told).added == 0
        views = {v.instrument.symbol: v for v in book.positions("U1") if v.instrument}
        found: dict[str, Any] = {name: v.net_qty for name, v in views.items() if v.net_qty}
        assert not any(v.suspense_qty for v in views.values())
        assert all(v.unknown_basis for v in views.values() if v.instrument_id == "IBKR:900002")
        assert undone or not views["ACME"].unknown_basis
        found["realized"] = sum((v.realized_pnl for v in views.values()), Decimal(0))
        found["USD"] = sum((v.total for v in book.balances("U1")), Decimal(0))
        return found


def refused(*rows: str) -> str:
    """The one reason for which all the rows are set aside."""
    told = read(file({"CorporateActions": rows}))
    assert not told.records
    assert len(told.quarantine) == len(rows)
    (rule,) = {row.rule for row in told.quarantine}
    assert "by hand" in rule
    return rule


PAID = -1606  # 100 bought at 16, and 6 of commission


def test_a_merger_for_cash_is_a_sale_for_the_brokers_money() -> None:
    assert books(action(proceeds="3060.5")) == {"realized": Decimal("1460.5"), "USD": PAID + 3060.5}


def test_a_merger_for_stock_moves_units_and_no_money() -> None:
    legs = action(), action(**NEW, quantity="50")
    assert books(*legs) == {"GLX": 50, "realized": 0, "USD": PAID}


def test_a_merger_for_stock_and_cash_is_a_sale_for_both_and_a_purchase() -> None:
    legs = action(proceeds="500"), action(**NEW, quantity="50", value="1500")
    told = batch(*legs)
    sold, bought = [r.event for r in told.records if isinstance(r.event, FillBooked)][1:]
    assert (sold.gross_trade_amt, bought.gross_trade_amt) == (2000, 1500)
    with ledger.open("memory://", clock=lambda: NOW) as book:
        ingest(book, told)
        (cash,) = book.balances("U1")
        assert cash.total == PAID + 500
        assert book.position("U1", "IBKR:900002").cost_basis == 1500


TENDER = {"type": "TO", "description": TENDERED}
CANCELED = {"reportDate": "2026-03-09", "code": "Ca"}


def test_a_tender_is_an_exchange() -> None:
    there = action(**TENDER), action(**NEW, **TENDER, quantity="100")
    assert books(*there) == {"GLX": 100, "realized": 0, "USD": PAID}


@pytest.mark.parametrize(("sign", "old"), [("", 100), ("-", -100)], ids=["long", "short"])
def test_what_is_cancelled_goes_back_and_what_replaces_it_stands(sign: str, old: int) -> None:
    other = "" if sign else "-"
    rows = [
        action(**MERGE, quantity=f"{other}100"),
        action(**NEW, **MERGE, quantity=f"{sign}50"),
        action(**MERGE, **CANCELED, quantity=f"{sign}100"),
        action(**NEW, **MERGE, **CANCELED, quantity=f"{other}50"),
    ]
    assert books(*rows, held=str(old), undone=True)["ACME"] == old
    again = (
        action(**MERGE, quantity=f"{other}100", reportDate="2026-03-09"),
        action(**NEW, **MERGE, quantity=f"{sign}56", reportDate="2026-03-09"),
    )
    assert books(*rows, *again, held=str(old), undone=True)["GLX"] == Decimal(f"{sign}56")


def test_a_cancelled_split_is_turned_round() -> None:
    split = {"type": "FS", "description": "ACME(US0000009001) SPLIT 3 FOR 1 (ACME, A, X)"}
    rows = action(**split, quantity="200"), action(**split, **CANCELED, quantity="-200")
    assert books(*rows)["ACME"] == 100


def test_a_cancelled_loss_brings_the_units_back_at_an_unknown_cost() -> None:
    lost = {"type": "DW", "description": "ACME(US0000009001) DELISTED (ACME, A, X)"}
    rows = action(**lost), action(**lost, **CANCELED, quantity="100")
    assert books(*rows, undone=True)["ACME"] == 100


def test_without_a_type_the_words_say_what_it_is() -> None:
    legs = [action(type="", actionID="", description=text, **leg, quantity=qty)
            for leg, qty, text in ((OLD, "-100", TENDERED), (NEW, "100", TENDERED))]  # fmt: skip
    assert books(*legs) == {"GLX": 100, "realized": 0, "USD": PAID}


def test_a_new_contract_for_the_same_units_keeps_them_at_an_unknown_cost() -> None:
    words = "ACME(US0000009001) CUSIP/ISIN Change to (US0000009002) (GLX, GLOBEX, US0000009002)"
    changed = {"type": "IC", "description": words}
    legs = action(**changed), action(**NEW, **changed, quantity="100")
    out, into = [r.event for r in batch(*legs).records[1:]]
    assert isinstance(out, PositionTransferred)
    assert (out.leg, into.leg, into.unknown_basis) == (Leg.OUT, Leg.IN, True)
    assert (out.counterparty, into.counterparty) == ("IBKR:900002", "IBKR:900001")


def test_the_same_contract_under_another_symbol_is_a_rename() -> None:
    words = "ACME(US0000009001) CUSIP/ISIN CHANGE TO (US0000009001) (ACM, ACME CORP, US0000009001)"
    changed = {"type": "IC", "description": words}
    told = batch(action(**changed), action(**changed, quantity="100", **{"symbol": "ACM"}))
    (renamed,) = [r.event for r in told.records[1:]]
    assert renamed == SymbolChanged(id="IBKR:900001 ACM", instrument_id="IBKR:900001", symbol="ACM")


def test_a_rename_that_a_later_definition_shows_too_is_one() -> None:
    words = "ACME(US0000009001) CUSIP/ISIN CHANGE TO (US0000009001) (ACM, ACME CORP, US0000009001)"
    changed = {"type": "IC", "description": words}
    told = batch(action(**changed), action(**changed, quantity="100", **{"symbol": "ACM"}))
    with ledger.open("memory://", clock=lambda: NOW) as book:
        ingest(book, told)
        later = read(file({"Trades": [trade(transactionID="9", ibExecID="z.01", symbol="ACM")]}))
        ingest(book, later)
        names = [r for r in book.log("U1") if isinstance(r.event, SymbolChanged)]
        assert len(names) == 1


def test_a_reverse_split_of_the_same_contract_sells_the_fraction_that_was_paid_for() -> None:
    # 110 become 4.4: 4 are left and 0.4 was paid for.
    row = action(type="RS", description=SPLIT, quantity="-106", proceeds="164.5")
    assert books(row, held="110") == {"ACME": 4, "realized": Decimal("4.5"), "USD": -1766 + 164.5}


def test_a_reverse_split_into_another_contract_sells_the_fraction_too() -> None:
    split = {"type": "RS", "description": SPLIT}
    legs = action(**split, quantity="-110"), action(**NEW, **split, quantity="4", proceeds="164.5")
    found = books(*legs, held="110")
    assert (found["GLX"], found["USD"]) == (4, -1766 + Decimal("164.5"))


@pytest.mark.parametrize("change", ["-106.5", "106", "-0.4"])
def test_a_fraction_that_the_row_does_not_tell_is_not_guessed(change: str) -> None:
    row = action(type="RS", description=SPLIT, quantity=change, proceeds="164.5")
    assert "does not tell" in refused(row)


CALL = {"assetCategory": "OPT", "symbol": "ACME  260619C00050000", "conid": "900009", "isin": "",
        "multiplier": "100", "underlyingConid": "900001"}  # fmt: skip
CALLS = "ACME(US0000009001) SPLIT {} (ACME  260619C00050000, ACME 19JUN26 50 C, )"


@pytest.mark.parametrize("ids", [{"transactionID": "8"}, {}], ids=["by posting", "by action"])
@pytest.mark.parametrize(("calls", "after"), [("-1", -2), ("3", 6)], ids=["short", "long"])
def test_a_split_multiplies_units_and_options_each_for_itself(
    calls: str, after: int, ids: dict[str, str]
) -> None:
    words = "ACME(US0000009001) SPLIT 2 FOR 1 (ACME, ACME CORP, US0000009001)"
    held = [trade(transactionID="1", ibExecID="a.01", quantity="100"),
            trade(**CALL, transactionID="2", ibExecID="b.01", quantity=calls)]  # fmt: skip
    rows = [action(type="FS", description=words, quantity="100"),
            action(**CALL, **ids, type="FS", description=CALLS.format("2 FOR 1"),
                   quantity=calls)]  # fmt: skip
    told = read(file({"Trades": held, "CorporateActions": rows}))
    assert not told.quarantine
    with ledger.open("memory://", clock=lambda: NOW) as book:
        ingest(book, told)
        assert ingest(book, told).added == 0
        units, options = (book.position("U1", f"IBKR:{conid}") for conid in (900001, 900009))
        assert (units.net_qty, units.cost_basis) == (200, 1600)
        assert (options.net_qty, options.cost_basis) == (after, Decimal(calls) * 1600)


@pytest.mark.parametrize(
    ("words", "quantity"),
    [("3 FOR 2", "1"), ("1 FOR 10", "-9"), ("3 FOR 1", "1"), ("2 FOR 1", "0.5"), ("2 FOR 0", "1")],
)
def test_what_a_split_made_of_options_is_not_guessed_and_the_units_are_booked(
    words: str, quantity: str
) -> None:
    row = action(**CALL, type="FS", description=CALLS.format(words), quantity=quantity)
    refused(row)
    split = "ACME(US0000009001) SPLIT 1 FOR 10 (ACME, ACME CORP, US0000009001)"
    told = batch(action(type="RS", description=split, quantity="-90"), row)
    assert isinstance(told.records[1].event, SplitApplied)
    assert len(told.quarantine) == 1


def test_options_that_change_with_a_merger_are_set_aside_and_the_units_are_booked() -> None:
    options = [action(**CALL, quantity="1"), action(**{**CALL, "conid": "900010"}, quantity="-1")]
    told = batch(action(), action(**NEW, quantity="50"), *options)
    assert (len(told.records), len(told.quarantine)) == (3, 2)
    assert "of options" in told.quarantine[0].rule


def test_two_contracts_of_which_the_ratio_does_not_make_the_one_are_no_split_into_another() -> None:
    words = "ACME(US0000009001) SPLIT 2 FOR 1 (ACME, ACME CORP, US0000009001)"
    warrant = {"assetCategory": "WAR", "conid": "900007", "symbol": "ACME WS", "isin": ""}
    rows = [action(type="FS", description=words, quantity="100"),
            action(**warrant, type="FS", description=words, quantity="-7")]  # fmt: skip
    assert "do not make" in refused(*rows)


def test_a_cfd_splits_beside_its_underlying() -> None:
    words = "ACME(US0000009001) SPLIT 3 FOR 1 (ACME, ACME CORP, US0000009001)"
    cfd = {"assetCategory": "CFD", "conid": "900008", "symbol": "ACMEn", "isin": ""}
    rows = (action(type="FS", description=words, quantity="200"),
            action(**cfd, type="FS", description=words, quantity="-2"))  # fmt: skip
    splits = [record.event for record in batch(*rows).records[1:]]
    assert [split.instrument_id for split in splits] == ["IBKR:900001", "IBKR:900008"]


OLD_CUSIP = "US06742E7114", "06742E711"


@pytest.mark.parametrize("sign", ["", "-"], ids=["long", "short"])
@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("told_by", ["words", "cusip", "symbol"])
def test_without_an_isin_the_old_contract_is_told_by_its_code_not_by_the_symbol_taken_over(
    sign: str, order: int, told_by: str
) -> None:
    isin, cusip = OLD_CUSIP
    words = f"ACME({isin}) SPLIT 1 FOR 4 ({{}}, ACME CORP, {{}})"
    old = {**OLD, "symbol": "ACME.OLD", "isin": "",
           "description": words.format("ACME.OLD", cusip if told_by == "words" else ""),
           "cusip": cusip if told_by == "cusip" else ""}  # fmt: skip
    new = {**NEW, "symbol": "ACME", "isin": "", "description": words.format("ACME", "")}
    other = "-" if not sign else ""
    legs = [action(**old, type="RS", quantity=f"{other}100"),
            action(**new, type="RS", quantity=f"{sign}25")]  # fmt: skip
    told = batch(*legs[::order], held=f"{sign}100")
    with ledger.open("memory://", clock=lambda: NOW) as book:
        ingest(book, told)
        views = {view.instrument_id: view for view in book.positions("U1")}
        assert not any(view.suspense_qty or view.realized_pnl for view in views.values())
        assert views["IBKR:900001"].net_qty == 0
        assert views["IBKR:900002"].net_qty == Decimal(f"{sign}25")


def test_a_parent_whose_symbol_has_two_words_is_named_too() -> None:
    words = "ACME B(US0000009001) SPINOFF  1 FOR 2 (GLX, GLOBEX, US0000009002)"
    spun = batch(action(**NEW, type="SO", description=words, quantity="50")).records[1].event
    assert spun.parent_id == "IBKR:US0000009001"


def test_a_split_of_huge_terms_is_refused_at_once() -> None:
    words = "ACME(US1) SPLIT 999999998 FOR 999999999 (ACME, ACME, US1)"
    refused(action(type="RS", description=words, quantity="-1", proceeds="1"))


def test_a_spin_off_comes_without_a_cost_and_names_its_parent() -> None:
    words = "ACME(US0000009001) SPINOFF  1 FOR 2 (GLX, GLOBEX, US0000009002)"
    told = batch(action(**NEW, type="SO", description=words, quantity="50"))
    spun = told.records[1].event
    assert isinstance(spun, SpinOffReceived)
    assert (spun.parent_id, spun.qty, spun.basis) == ("IBKR:US0000009001", 50, 0)
    known = read(file({"Trades": [trade(transactionID="1", isin="US0000009001")],
                       "CorporateActions": [action(**NEW, type="SO", description=words,
                                                   quantity="50")]}))  # fmt: skip
    assert known.records[1].event.parent_id == "IBKR:900001"


def test_a_stock_dividend_leaves_the_total_cost() -> None:
    words = "ACME(US0000009001) STOCK DIVIDEND US0000009001 1 FOR 10 (ACME, ACME, US0000009001)"
    told = batch(action(type="SD", description=words, quantity="10"))
    assert isinstance(told.records[1].event, UnitsReceived)
    with ledger.open("memory://", clock=lambda: NOW) as book:
        ingest(book, told)
        view = book.position("U1", "IBKR:900001")
        assert (view.net_qty, view.cost_basis, view.unit_income) == (110, 1600, 0)


@pytest.mark.parametrize("cash", ["", "CASH DIVIDEND USD 0.10, "])
def test_a_dividend_of_choice_that_was_chosen_in_units_is_one_in_units(cash: str) -> None:
    words = f"ACME (US0000009001) {cash}STOCK DIVIDEND US0000009001 4166 FOR 100000 (ACME)"
    row = action(type="HI", description=words, quantity="3", value="14.19")
    assert books(row) == {"ACME": 103, "realized": 0, "USD": PAID}


def test_a_dividend_of_choice_of_which_no_word_says_what_it_gave_is_set_aside() -> None:
    refused(action(type="HI", description="ACME(US0000009001) CHOICE (ACME)", quantity="3"))


def test_a_delisting_without_value_loses_what_it_cost() -> None:
    words = "ACME(US0000009001) DELISTED (ACME, ACME CORP, US0000009001)"
    row = action(type="DW", description=words)
    assert isinstance(batch(row).records[1].event, UnitsDelivered)
    assert books(row) == {"realized": -1600, "USD": PAID}


@pytest.mark.parametrize(
    ("row", "left"),
    [
        (action(type="DW", description="ACME(US1) DELISTED (ACME, A, US1)", quantity="100"), 0),
        (action(quantity="100", proceeds="-2000"), 0),
        (action(type="SD", description="ACME(US0000009001) STOCK DIVIDEND X (A)", quantity="-10"),
         -110),
    ],
    ids=["worthless", "bought back", "owed"],
)  # fmt: skip
def test_a_short_has_the_signs_turned(row: str, left: int) -> None:
    assert books(row, held="-100").get("ACME", 0) == left


def test_a_short_that_becomes_another_is_a_short() -> None:
    legs = action(quantity="100"), action(**NEW, quantity="-50")
    assert books(*legs, held="-100")["GLX"] == -50


@pytest.mark.parametrize(("category", "type_"), [("BOND", "BM"), ("BILL", "TM")])
def test_a_bond_that_matures_is_paid_at_par(category: str, type_: str) -> None:
    bond = {"assetCategory": category, "conid": "5", "symbol": "B 1 26", "isin": "US0000009005"}
    words = "(US0000009005) BOND MATURITY FOR USD 1.00 PER BOND (B 1 26, B 1 26, US0000009005)"
    row = action(**bond, type=type_, description=words, quantity="-25000", proceeds="25000")
    (record,) = read(file({"CorporateActions": [row]})).records
    assert (record.event.last_qty, record.event.gross_trade_amt) == (25000, 25000)


def test_summaries_of_details_are_left_out_and_summaries_alone_are_booked() -> None:
    detail = action(proceeds="10", levelOfDetail="DETAIL", transactionID="5")
    summary = action(proceeds="10", levelOfDetail="SUMMARY", accountId="-")
    assert len(batch(detail, summary).records) == 2
    assert len(batch(summary).records) == 2


@pytest.mark.parametrize("ids", [{"actionID": ""}, {}], ids=["by its words", "by its id"])
def test_a_summary_that_has_only_the_day_is_of_the_action_whose_details_have_the_time(
    ids: dict[str, str],
) -> None:
    days = [{"levelOfDetail": "SUMMARY", "dateTime": "2026-03-04", "accountId": "-"},
            {"levelOfDetail": "DETAIL", "dateTime": "2026-03-04;20:25:00"}]  # fmt: skip
    legs = [({}, "-100"), (NEW, "50")]
    rows = [action(**leg, **ids, **day, quantity=qty) for day in days for leg, qty in legs]
    assert books(*rows) == {"GLX": 50, "realized": 0, "USD": PAID}


REFUSED = {
    "money of the sign of the units": [action(proceeds="-5")],
    "the other leg is missing": [action()],
    "two that go": [action(), action(**NEW)],
    "of units and money without values": [action(proceeds="5"), action(**NEW, quantity="5")],
    "an unknown type": [action(type="XX")],
    "a type that the words contradict": [action(type="SO", description=SPLIT)],
    "an own cancellation": [action(), action(quantity="100")],
    "a dividend in units, with money": [
        action(type="SD", description="ACME(US1) STOCK DIVIDEND X (A)", proceeds="5")
    ],
    "a contract of no known kind": [action(assetCategory="PERP"), action(**NEW, quantity="50")],
    "a split into none": [action(type="FS", description="ACME(US1) SPLIT 1 FOR 0 (A)")],
    "a split of none into another, with money": [
        action(type="RS", description="ACME(US1) SPLIT 1 FOR 0 (A)"),
        action(
            **NEW, type="RS", description="ACME(US1) SPLIT 1 FOR 0 (A)", quantity="4", proceeds="5"
        ),
    ],
    "a split without ratio": [action(type="FS", description="ACME(US1) SPLIT (A)")],
    "a leg of nothing": [action(quantity="0", proceeds="5")],
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_the_rows_do_not_make_is_set_aside_whole(name: str) -> None:
    refused(*REFUSED[name])


def test_an_unreadable_leg_sets_the_whole_action_aside() -> None:
    told = read(file({"CorporateActions": [action(), action(**NEW, quantity="many")]}))
    assert (len(told.records), len(told.quarantine)) == (0, 2)


def test_the_order_of_rows_changes_nothing() -> None:
    rows = [action(proceeds="0", transactionID="11"), action(**NEW, quantity="50"),
            action(**{**NEW, "conid": "3"}, actionID="8", proceeds="7")]  # fmt: skip
    found = {
        frozenset((r.event, r.occurred_at) for r in batch(*order).records)
        for order in permutations(rows)
    }
    assert len(found) == 1


@given(
    held=st.integers(min_value=1, max_value=10**6),
    new=st.integers(min_value=1, max_value=9),
    times=st.integers(min_value=2, max_value=50),
)
def test_a_fraction_is_found_or_refused_and_never_another(held: int, new: int, times: int) -> None:
    old = new * times + 1
    left, rest = divmod(held * new, old)
    words = f"ACME(US0000009001) SPLIT {new} FOR {old} (ACME, ACME CORP, US0000009001)"
    row = action(type="RS", description=words, quantity=str(left - held), proceeds="1.5")
    told = read(file({"CorporateActions": [row]}))
    if told.records and rest:
        split, sale = (record.event for record in told.records)
        assert isinstance(split, SplitApplied)
        assert abs(sale.last_qty * old - rest) < Decimal("1e-12")
