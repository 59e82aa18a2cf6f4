"""ProjectX: half turns, voided trades, contracts, orders, positions, accounts; and mutations."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.ingest import Verdict
from adapters.port import RawPage
from ledger.domain.events import FeeKind, FillBooked, FillBusted, Side
from ledger.domain.order_status import OrdStatus
from ledger.errors import BadFileError
from tests.brokers.projectx import MADE, TRADE, page, read
from tests.brokers.sampling import empty_books, told

KINDS = sorted(MADE)
ENVELOPE = '"success": true, "errorCode": 0, "errorMessage": null'


def fills(batch):
    return [r.event for r in batch.records if isinstance(r.event, FillBooked)]


def raw(text, name="x.json"):
    return RawPage(name=name, content=text.encode())


# ---------------------------------------------------------------------------------- trades


def test_a_half_turn_is_a_fill_with_its_fee_charged():
    (fill,) = fills(read(page("trades", {"commissions": "0.25", "side": 1})))
    assert (fill.exec_id, fill.side, fill.last_qty, fill.seq) == ("8603", Side.SELL, 1, 8603)
    assert fill.last_px == Decimal("6064.25")
    assert fill.instrument_id == "PROJECTX:CON.F.US.EP.H25"
    assert [(fee.amount, fee.currency, fee.kind) for fee in fill.fees] == [
        (Decimal("1.4"), "USD", FeeKind.EXCHANGE),
        (Decimal("0.25"), "USD", FeeKind.COMMISSION),
    ]
    assert (fill.order_id, fill.cl_ord_id) == ("14326", "PROJECTX:14326")


@pytest.mark.parametrize("changes", [
    {"side": 2}, {"side": None}, {"size": 0}, {"size": -1}, {"price": None}, {"voided": 3},
    {"id": None}, {"id": "a7"}, {"creationTimestamp": "21/01/2025"}, {"fees": "free"},
    {"profitAndLoss": "none"}, {"accountId": None}, {"contractId": "EPH25"},
    {"contractId": "CON.F.EU.EP.H25"}, {"contractId": "CON.O.US.EP.H25"},
    {"contractId": "CON.F.US.XYZ.H25"},
])  # fmt: skip
def test_a_row_that_says_something_unknown_is_set_aside_and_the_others_go_on(changes):
    batch = read(page("trades", {}, {"id": 8605, **changes}))
    assert [fill.exec_id for fill in fills(batch)] == ["8603"]
    (aside,) = batch.quarantine
    assert aside.field == next(iter(changes)) or aside.field == "last_qty"
    assert aside.row == "trades[2]"


def test_a_trade_seen_before_and_voided_now_is_busted():
    with empty_books() as book:
        first, voided, again = told(
            book, *(read(page("trades", {"voided": is_void}), account="A")
                    for is_void in (False, True, True))
        )  # fmt: skip
        assert first.counts[Verdict.NEW.value] == 2
        assert voided.counts[Verdict.REVERSES.value] == 1
        assert voided.counts[Verdict.CHANGED.value] == 0
        assert again.added == 0
        assert not book.position("A", "PROJECTX:CON.F.US.EP.H25").net_qty
        assert not any(view.total for view in book.balances("A"))


def test_a_trade_seen_only_voided_leaves_the_books_without_it():
    batch = read(page("trades", {"voided": True}), account="A")
    assert [type(r.event) for r in batch.records] == [FillBooked, FillBusted]
    with empty_books() as book:
        told(book, batch)
        assert not any(view.total for view in book.balances("A"))


def test_the_stated_result_is_compared_where_the_rows_begin_and_end_flat():
    closing = {"id": 8604, "side": 1, "price": 6065.25}
    (control,) = read(page("trades", {**closing, "profitAndLoss": 50}, {})).coverage.controls
    assert (control.stated, control.rows, control.agrees) == (50, 50, True)
    (control,) = read(page("trades", {**closing, "profitAndLoss": 49}, {})).coverage.controls
    assert not control.agrees


@pytest.mark.parametrize("rows", [
    [{}],
    [{"profitAndLoss": 12.5}],
    [{"side": 1, "profitAndLoss": 0.0}, {"id": 8604, "profitAndLoss": None}],
    [{}, {"id": 8604, "side": 1, "size": 2, "profitAndLoss": 50}],
])  # fmt: skip
def test_trades_that_began_before_or_are_open_have_no_control(rows):
    assert not read(page("trades", *rows)).coverage.controls


def test_a_closing_at_no_result_is_no_opening():
    closing = {"id": 8604, "side": 1, "profitAndLoss": 0.0}
    (control,) = read(page("trades", {}, closing)).coverage.controls
    assert control.agrees


# ------------------------------------------------------------------------------- contracts


def test_the_gateway_tells_the_multiplier():
    traded = page("trades", {"contractId": "CON.F.US.XYZ.H25"})
    for contracts in (
        page("contracts", {}),
        raw(f'{{"contract": {json.dumps(MADE["contracts"])}, {ENVELOPE}}}'),
    ):
        (defined,) = read(traded, contracts).instruments
        assert defined.instrument.multiplier == Decimal("2.5")
        assert defined.instrument.tick_size == Decimal("0.5")


def test_what_the_gateway_tells_goes_before_the_table():
    told_otherwise = page("contracts", {"id": "CON.F.US.EP.H25", "tickSize": 1, "tickValue": 3})
    (defined,) = read(page("trades", {}), told_otherwise).instruments
    assert defined.instrument.multiplier == 3


@pytest.mark.parametrize(("product", "multiplier"), [
    ("EP", "50"), ("MNQ", "2"), ("CLE", "1000"), ("JY6", "12500000"), ("M6B", "6250"),
    ("RBE", "42000"),
])  # fmt: skip
def test_the_table_of_products(product, multiplier):
    batch = read(page("trades", {"contractId": f"CON.F.US.{product}.Z25"}))
    assert batch.instruments[0].instrument.multiplier == Decimal(multiplier)


@pytest.mark.parametrize("tick", [{"tickSize": 0}, {"tickSize": -1}, {"tickSize": 3}])
def test_a_tick_that_makes_no_multiplier_books_nothing(tick):
    batch = read(
        page("contracts", {"tickValue": 1, **tick}),
        page("trades", {"contractId": "CON.F.US.XYZ.H25"}),
    )
    assert not batch.records
    assert batch.quarantine


# ------------------------------------------------------------------- orders, positions, money


@pytest.mark.parametrize(("changes", "status", "filled"), [
    ({"status": 1, "fillVolume": 0}, OrdStatus.NEW, 0),
    ({"status": 1, "size": 3}, OrdStatus.PARTIALLY_FILLED, 1),
    ({"status": 2, "fillVolume": None}, OrdStatus.FILLED, 1),
    ({"status": 3, "size": 3}, OrdStatus.CANCELED, 1),
    ({"status": 4, "fillVolume": 0}, OrdStatus.EXPIRED, 0),
    ({"status": 5, "fillVolume": 0}, OrdStatus.REJECTED, 0),
    ({"status": 6, "fillVolume": 0}, OrdStatus.PENDING_NEW, 0),
    ({"status": 7, "size": 3}, OrdStatus.PENDING_CANCEL, 1),
    ({"status": 8, "fillVolume": 0}, OrdStatus.SUSPENDED, 0),
])  # fmt: skip
def test_orders_by_status(changes, status, filled):
    (order,) = read(page("orders", changes)).orders
    assert (order.status, order.cum_qty, order.cl_ord_id) == (status, filled, "c7")
    assert order.leaves_qty == (order.qty - filled if order.is_open else 0)


@pytest.mark.parametrize("changes", [
    {"status": 0}, {"status": 9}, {"type": 0}, {"type": 8}, {"status": 3, "fillVolume": None},
    {"fillVolume": 2}, {"side": 7},
])  # fmt: skip
def test_an_order_that_is_not_understood_is_set_aside(changes):
    batch = read(page("orders", changes))
    assert (len(batch.orders), len(batch.quarantine)) == (0, 1)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_the_latest_state_of_an_order_stands(order):
    pages = (
        page("orders", {"status": 1, "fillVolume": 0, "updateTimestamp": None}),
        page("orders", {}),
    )
    (stated,) = read(*(pages[place] for place in order)).orders
    assert stated.status is OrdStatus.FILLED


def test_positions_are_signed_and_all_of_them():
    batch = read(page("positions", {}, {"contractId": "CON.F.US.CLE.J25", "type": 2}))
    assert [stated.qty for stated in batch.positions] == [2, -2]
    assert batch.coverage.lists_positions
    assert {one.instrument.instrument_id for one in batch.instruments} == {
        stated.instrument_id for stated in batch.positions
    }


@pytest.mark.parametrize("changes", [{"type": 0}, {"size": 0}, {"size": -2}])
def test_a_list_with_a_position_unread_does_not_say_flat(changes):
    batch = read(page("positions", {}, changes))
    assert (len(batch.positions), batch.coverage.lists_positions) == (1, False)


def test_an_empty_answer_says_none():
    batch = read(page("positions"), page("trades"), account="A")
    assert batch.coverage.lists_positions
    assert batch.coverage.sections == ("positions", "trades")
    assert not batch.records
    assert not read(page("trades"), account="A").coverage.lists_positions


def test_the_balance_is_of_the_account_alone():
    batch = read(page("accounts", {"id": 7, "balance": 1}, {}), page("trades", {}))
    assert [(b.currency, b.ending) for b in batch.balances] == [("USD", Decimal("50123.25"))]
    assert batch.coverage.lists_balances
    assert not read(page("accounts", {"id": 7}), page("trades", {})).coverage.lists_balances


def test_several_accounts_need_a_choice():
    pages = (page("trades", {}, {"id": 1, "accountId": 7}),)
    with pytest.raises(BadFileError, match="203, 7"):
        read(*pages)
    batch = read(*pages, venue_account="7")
    assert ([fill.exec_id for fill in fills(batch)], batch.account) == (["1"], "7")


# --------------------------------------------------------------------------- whole answers


@pytest.mark.parametrize("text", [
    '{"trades": [], "success": false, "errorCode": 0, "errorMessage": null}',
    '{"trades": [], "success": true, "errorCode": 1, "errorMessage": "no"}',
    '{"trades": [], "errorCode": 0}',
    '{"trades": null, "success": true, "errorCode": 0}',
    '{"trades": [1], "success": true, "errorCode": 0}',
    '{"bars": [], "success": true, "errorCode": 0}',
    "[]", "null", '"x"', "", '{"trades": [',
])  # fmt: skip
def test_an_answer_that_is_an_error_or_another_is_refused(text):
    with pytest.raises(BadFileError, match=r"x\.json"):
        read(raw(text), account="A")


def test_nobodys_account_is_refused():
    with pytest.raises(BadFileError, match="name the account"):
        read(page("trades"))


def test_the_gateways_own_sample(shared):
    path = shared / "fixtures" / "projectx" / "TRANSCRIBED_trade_search.json"
    batch = read(RawPage(name=path.name, content=path.read_bytes()))
    assert batch.account == "203"
    assert (len(batch.records), batch.quarantine) == (2, ())
    assert batch.coverage.rows == (("trades", 2),)
    (control,) = batch.coverage.controls
    assert (control.stated, control.rows, control.agrees) == (50, 50, True)
    with empty_books() as book:
        told(book, read(RawPage(name=path.name, content=path.read_bytes()), account="A"))
        (money,) = book.balances("A")
        assert money.total == Decimal("47.2")


# --------------------------------------------------------------------------------- mutations

ODD = st.one_of(
    st.none(), st.booleans(), st.integers(-9, 9), st.text(max_size=5), st.just([]), st.just({}),
    st.sampled_from(["1e-8", "1E+99", "NaN", "-0", "9" * 50, "CON.F.US.CLE.Z99", 1e30, -2.5]),
)  # fmt: skip


@given(kind=st.sampled_from(KINDS), data=st.data())
def test_any_value_in_any_place_gives_a_batch_or_refuses_the_file(kind, data):
    name, value = data.draw(st.sampled_from(sorted(MADE[kind]))), data.draw(ODD)
    try:
        batch = read(page(kind, {name: value}), account="A", venue_account="203")
    except BadFileError:
        return
    for fill in fills(batch):
        assert fill.last_qty > 0
        assert fill.side is (Side.SELL if name == "side" and str(value) == "1" else Side.BUY)
        charged = sum((fee.amount for fee in fill.fees), Decimal(0))
        assert charged == Decimal("1.4") or name == "fees"
        assert fill.last_px == Decimal(str(TRADE["price"])) or name == "price"


WHOLE = [page(kind, {}).content for kind in KINDS]


@given(content=st.sampled_from(WHOLE), place=st.integers(0, 400), put=st.binary(max_size=3))
def test_any_bytes_give_a_batch_or_are_refused(content, place, put):
    mutated = content[:place] + put + content[place + 1 :]
    try:
        batch = read(RawPage(name="m.json", content=mutated), account="A", venue_account="203")
    except BadFileError:
        return
    assert len(batch.records) + len(batch.quarantine) <= 2
