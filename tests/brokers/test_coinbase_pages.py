"""Coinbase's pages as a whole: what they state, whose they are, what is missing; real ones."""

from __future__ import annotations

import contextlib
import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.brokers.coinbase import parse
from adapters.port import AccountConfig, RawPage
from ledger.domain.events import FeeCharged, FillBooked
from ledger.domain.order_status import OrdStatus
from ledger.errors import BadFileError
from tests.brokers.venues.coinbase import FIRST, SAMPLE, SECOND, account, fill, held, order, page

D = Decimal


def read(*pages: RawPage, **config: Any) -> Any:
    return parse(pages, AccountConfig(**{"account": "A", **config}))


def raw(value: Any) -> RawPage:
    return RawPage(name="page.json", content=json.dumps(value).encode())


# ------------------------------------------------------------------------------ what is stated


@pytest.mark.parametrize(
    ("values", "status"),
    [
        ({}, OrdStatus.NEW),
        ({"filled_size": "0.1"}, OrdStatus.PARTIALLY_FILLED),
        ({"pending_cancel": True}, OrdStatus.PENDING_CANCEL),
        ({"status": "FAILED", "filled_size": "0.1"}, OrdStatus.REJECTED),
        ({"status": "CANCEL_QUEUED"}, OrdStatus.PENDING_CANCEL),
    ],
)
def test_the_state_of_an_order(values, status):
    (stated,) = read(page("orders", order(1, **values))).orders
    assert (stated.status, stated.qty, stated.limit_px) == (status, D("0.5"), 50000)


def test_an_order_of_quote_money_has_a_quantity_once_it_is_filled():
    asked = {"order_configuration": {"market_market_ioc": {"quote_size": "100"}}}
    (stated,) = read(page("orders", order(1, status="FILLED", filled_size="0.2", **asked))).orders
    assert (stated.qty, stated.cum_qty) == (D("0.2"), D("0.2"))
    (aside,) = read(page("orders", order(1, **asked))).quarantine
    assert aside.rule.startswith("an order for an amount of quote money")


def test_an_order_told_twice_is_stated_as_far_as_it_got():
    done = order(1, status="FILLED", filled_size="0.5")
    for rows in ([order(1), done], [done, order(1)]):
        (stated,) = read(page("orders", *rows)).orders
        assert stated.status is OrdStatus.FILLED


def test_what_is_held_is_part_of_a_balance_and_accounts_of_a_currency_are_one():
    vault = account("BTC", "1", uuid="vault")
    batch = read(page("accounts", account("BTC", "1.25", "0.5"), vault, account("USD", "10")))
    stated = {balance.currency: balance.ending for balance in batch.balances}
    assert stated == {"BTC": D("2.75"), "USD": 10}
    assert batch.coverage.lists_balances


def test_the_same_account_on_two_pages_counts_once():
    one = page("accounts", account("USD", "10"))
    assert [balance.ending for balance in read(one, one).balances] == [10]


def test_balances_are_all_there_are_only_when_every_page_is_read():
    first, last = (page("accounts", account(c, "1"), has_next=c == "BTC") for c in ("BTC", "USD"))
    assert read(first, last).coverage.lists_balances
    assert not read(first).coverage.lists_balances
    assert not read(page("accounts", account("USD", "x"))).coverage.lists_balances
    assert not read(raw({"account": account("USD", "1")})).coverage.lists_balances
    assert not read(page("fills", fill(1))).coverage.lists_balances


def money(amount: str) -> dict[str, str]:
    return {"value": amount, "currency": "USD"}


SUMMARY = {"balance_summary": {"total_usd_balance": money("100"), "cbi_usd_balance": money("20"),
                               "cfm_usd_balance": money("80")}}  # fmt: skip


def test_the_cash_of_futures_is_added_to_the_wallets():
    assert [balance.ending for balance in read(raw(SUMMARY)).balances] == [100]
    both = read(raw(SUMMARY), page("accounts", account("USD", "21")))
    assert [balance.ending for balance in both.balances] == [101]
    (control,) = both.coverage.controls
    assert control.agrees


def test_a_summary_whose_parts_do_not_make_the_whole_is_told():
    wrong = {**SUMMARY["balance_summary"], "cfm_usd_balance": money("81")}
    (control,) = read(raw({"balance_summary": wrong})).coverage.controls
    assert (control.agrees, control.rows) == (False, 101)


def test_a_position_in_futures_is_signed_and_has_what_it_opened_at():
    for side, sign in (("LONG", 1), ("SHORT", -1)):
        (stated,) = read(page("positions", held(side=side))).positions
        assert (stated.qty, stated.cost_basis) == (2 * sign, 980 * sign)
    batch = read(page("positions", held(side="UNKNOWN")))
    assert (batch.positions, batch.quarantine[0].field) == ((), "side")
    assert not batch.coverage.lists_positions


@pytest.mark.parametrize(("written", "basis"), [("49000.00", 980), ("", None), (None, None)])
def test_a_position_whose_price_is_text_or_not_told_is_stated(written, basis):
    (stated,) = read(page("positions", held(avg_entry_price=written))).positions
    assert (stated.qty, stated.cost_basis) == (2, basis)


def test_an_empty_answer_says_none():
    batch = read(*[page(name) for name in ("fills", "orders", "positions")])
    assert batch.coverage.sections == ("fills", "orders", "positions")
    assert not batch.quarantine


# ------------------------------------------------------------------------------ whole pages


def test_a_cursor_without_its_page_is_missing():
    first, last = SAMPLE.pages
    assert read(first).coverage.missing == ("the page of fills that the last one announces",)
    assert not read(first, last).coverage.missing
    assert read(page("orders", has_next=True)).coverage.missing


@pytest.mark.parametrize(
    "error",
    [
        {"error": "unauthorized", "error_details": "", "message": "Unauthorized"},
        {"errors": [{"id": "not_found", "message": "Not found"}]},
        {"success": False, "fills": []},
        {"error": "INTERNAL", "fills": []},
    ],
)
def test_an_error_is_refused_and_is_no_empty_answer(error):
    with pytest.raises(BadFileError, match="an error of Coinbase's"):
        read(raw(error))


@pytest.mark.parametrize("value", [{}, [], "fills", None, {"data": []}, {"channel": "heartbeats"}])
def test_another_kind_of_document_is_refused(value):
    with pytest.raises(BadFileError, match="no answer of Coinbase"):
        read(raw(value))


def test_a_list_that_is_none_is_refused():
    with pytest.raises(BadFileError, match="a list of objects is expected"):
        read(raw({"fills": "none"}))


def test_portfolios_are_read_one_at_a_time():
    rows = [fill(1, retail_portfolio_id="one"), fill(2, retail_portfolio_id="two"), fill(3)]
    with pytest.raises(BadFileError, match="one, two, which one is not said"):
        read(page("fills", *rows))
    batch = read(page("fills", *rows), venue_account="two", account=None)
    assert [record.event.exec_id for record in batch.records] == ["entry-2", "entry-3"]
    assert batch.account == "two"
    with pytest.raises(BadFileError, match="not of three"):
        read(page("fills", *rows), venue_account="three")


def test_whose_fills_they_are_must_be_said():
    with pytest.raises(BadFileError, match="does not say whose account"):
        read(page("fills", fill(1)), account=None)


# ------------------------------------------------------------------------------ laws

WORDS = st.sampled_from(["", "0", "-1", "1e-9", "1e30", "NaN", "REVERSAL", "CORRECTION", "trade-3",
                         "entry-1", "BIP-20DEC30-CDE", "2026-02-30T00:00:00Z", "\x00"])  # fmt: skip
JUNK: st.SearchStrategy[Any] = (
    WORDS | st.none() | st.booleans() | st.just([]) | st.just({"value": "1"}) | st.integers(-9, 9)
)
LISTS = {
    "fills": [*FIRST, *SECOND],
    "orders": [order(1)],
    "accounts": [account("BTC", "1", "2")],
    "positions": [held()],
}


@st.composite
def changed_pages(draw):
    name = draw(st.sampled_from(sorted(LISTS)))
    rows = []
    for row in draw(st.lists(st.sampled_from(LISTS[name]), min_size=1, max_size=6)):
        names = draw(st.lists(st.sampled_from(sorted(row)), max_size=2))
        rows.append({**row, **{field: draw(JUNK) for field in names}})
    return name, rows


@given(changed_pages())
def test_no_value_breaks_the_parser_or_turns_a_fee(made):
    name, rows = made
    try:
        batch = read(page(name, *rows))
    except BadFileError:
        return
    for record in batch.records:
        row = rows[int(record.row.partition("[")[2].partition("]")[0]) - 1]
        if isinstance(record.event, FillBooked):
            charged = sum(fee.amount for fee in record.event.fees)
            assert charged == D(str(row["commission"] or 0))
            assert record.event.last_qty > 0
        if isinstance(record.event, FeeCharged):
            assert row["trade_type"] == "REVERSAL"


@given(st.data())
def test_bytes_that_were_changed_are_read_or_refused(data):
    content = bytearray(data.draw(st.sampled_from(SAMPLE.pages)).content)
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(BadFileError):
        read(RawPage(name="x.json", content=bytes(content)))


# ------------------------------------------------------------------------------ real answers

COUNTS = {
    "http_accounts": {"balances": 2},
    "http_cfm_balance_summary": {"balances": 1},
    "http_cfm_positions": {"positions": 1},
    "http_fills": {"records": 2},
    "http_order": {"orders": 1},
    "http_orders_list": {"orders": 2},
    "ws_user": {"orders": 1},
}


def real(shared, *names: str) -> Any:
    folder = shared / "fixtures" / "coinbase"
    return read(*[RawPage(name=n, content=(folder / f"{n}.json").read_bytes()) for n in names])


def test_every_real_answer_is_read_whole(shared):
    folder = shared / "fixtures" / "coinbase"
    assert sorted(path.stem for path in folder.glob("*.json")) == sorted(COUNTS)
    for name, counts in COUNTS.items():
        batch = real(shared, name)
        found = {part: len(getattr(batch, part)) for part in
                 ("records", "orders", "positions", "balances")}  # fmt: skip
        assert {part: count for part, count in found.items() if count} == counts
        assert not batch.quarantine
        assert not batch.coverage.missing


def test_all_real_answers_are_read_together(shared):
    batch = real(shared, *COUNTS)
    bought, sold = (record.event for record in batch.records)
    assert (bought.exec_id, bought.fees[0].amount) == ("22222-2222222-22222222", D("1.14"))
    assert (bought.cl_ord_id, sold.cl_ord_id) == ("11111-000000-000000", "11111-000000-000002")
    stated = {balance.currency: balance.ending for balance in batch.balances}
    assert stated == {"BTC": D("1.23956789"), "USD": D("18450.50")}
    (held_contracts,) = batch.positions
    assert (held_contracts.qty, held_contracts.cost_basis) == (2, 980)
    assert len(batch.orders) == 4
    assert [control.agrees for control in batch.coverage.controls] == [True]
