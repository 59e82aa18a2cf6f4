"""Buying power adds up, term by term, and is not told where a term is not known."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ledger
from ledger.domain.events import (
    AccountKind,
    AccountOpened,
    CashDeposited,
    FillBooked,
    InstrumentDefined,
    OrderCancelled,
    Side,
)
from ledger.domain.instruments import Instrument, InstrumentKind
from ledger.domain.numbers import ZERO
from ledger.domain.prices import Rate
from ledger.errors import BadNumberError
from projections.buying_power import BuyingPower, BuyingPowerRule, PowerTerm, power_sum
from projections.reports import Reports
from tests.projections.tables import LESS, TOLD, in_memory
from tests.projections.test_worth import MARKS, START, marked, record, traded
from tests.property.arrivals import Arrival, arrivals
from tests.property.worlds import ACCOUNT
from tests.property.worlds import START as BEGIN

NOTHING = BuyingPowerRule(initial_margin=ZERO)
HALF = BuyingPowerRule(initial_margin=Decimal("0.5"))


def terms(
    book: ledger.Book, rule: BuyingPowerRule = HALF, account: str = "A", **when: Any
) -> list[PowerTerm]:
    return list(Reports(book, in_memory()).worth.buying_power(account, rule, **when))


def power(book: ledger.Book, rule: BuyingPowerRule = HALF, **when: Any) -> BuyingPower:
    return power_sum(terms(book, rule, **when), "A", book.store.head())


def only(found: list[PowerTerm], what: str) -> PowerTerm:
    (one,) = (term for term in found if term.what == what)
    return one


# ------------------------------------------------------------------------------------- laws


@LESS
@given(arrivals(**TOLD), MARKS)
def test_without_margin_it_is_equity_less_what_orders_take(
    arrival: Arrival, marks: list[int]
) -> None:
    book = arrival.book()
    record(book, BEGIN - timedelta(days=1), marks)
    found, worth = terms(book, NOTHING, ACCOUNT), Reports(book, in_memory()).worth
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for term in found:
        if term.what in {"cash", "collateral", "margin"}:
            sums[term.currency] += term.amount or ZERO
    has_collateral = any(term.what == "collateral" for term in found)
    for line in worth.equity(ACCOUNT):
        assert not has_collateral or sums[line.currency] == line.equity
    assert all(term.amount is None or term.amount <= ZERO for term in found
               if term.what in {"unsettled", "order", "margin"})  # fmt: skip


@LESS
@given(arrivals(**TOLD), MARKS)
def test_the_terms_add_up_and_margin_grows_with_the_share(
    arrival: Arrival, marks: list[int]
) -> None:
    book = arrival.book()
    record(book, BEGIN - timedelta(days=1), marks)
    one, two = (terms(book, BuyingPowerRule(initial_margin=Decimal(share)), ACCOUNT)
                for share in ("0.25", "0.5"))  # fmt: skip
    whole = power_sum(one, ACCOUNT, book.store.head())
    assert whole.known == sum(term.in_base for term in one if term.in_base is not None)
    assert len(whole.missing) == len([term for term in one if term.in_base is None])
    assert (whole.buying_power is None) == bool(whole.missing)
    assert all(bool(term.why) == (term.in_base is None) for term in one)
    for less, more in zip(one, two, strict=True):
        is_margin = less.what == "margin" and less.amount is not None
        if less.what == "order":
            continue
        if is_margin and less.amount and more.amount is not None:
            assert abs(more.amount - less.amount * 2) <= Decimal("1e-18")  # each is rounded
        else:
            assert more.amount == less.amount


# --------------------------------------------------------------------------- a cash account


def cash_account() -> ledger.Book:
    """A thousand dollars; a share that costs dollars, and a coin in dollars."""
    book = ledger.open("memory://")
    share = Instrument(instrument_id="S", symbol="S", kind=InstrumentKind.EQUITY, currency="USD")
    coin = Instrument(instrument_id="C", symbol="C/USD", kind=InstrumentKind.SPOT, currency="USD",
                      base_currency="C")  # fmt: skip
    told(book, AccountOpened(base_currency="USD", kind=AccountKind.CASH),
         InstrumentDefined(instrument=share), InstrumentDefined(instrument=coin),
         CashDeposited(id="1", amount=Decimal(1000), currency="USD"))  # fmt: skip
    return book


def told(book: ledger.Book, *events: Any) -> None:
    for event in events:
        at = START + timedelta(seconds=book.store.head())
        book.record_all([ledger.make_fact("A", event, at)])


def placed(book: ledger.Book, name: str, side: Side, qty: int, what: str = "S", **how: Any) -> None:
    how.setdefault("ord_type", ledger.OrdType.LIMIT if "limit_px" in how else ledger.OrdType.MARKET)
    book.place("A", cl_ord_id=name, instrument_id=what, side=side, order_qty=Decimal(qty), **how)


@LESS
@given(st.integers(1, 50), st.integers(1, 900), st.integers(0, 50))
def test_an_order_takes_its_price_and_fees_until_it_is_cancelled(
    qty: int, px: int, fees: int
) -> None:
    book, rule = cash_account(), BuyingPowerRule(fee_rate=Decimal(fees) / 10_000)
    placed(book, "1", Side.BUY, qty, limit_px=Decimal(px))
    assert power(book, rule).buying_power == 1000 - qty * px * (1 + rule.fee_rate)
    told(book, OrderCancelled(cl_ord_id="1"))
    assert power(book, rule).buying_power == 1000


def test_what_was_executed_is_taken_once() -> None:
    book = cash_account()
    placed(book, "1", Side.BUY, 5, limit_px=Decimal(100))
    filled = FillBooked(exec_id="e", cl_ord_id="1", instrument_id="S", side=Side.BUY,
                        last_qty=Decimal(2), last_px=Decimal(90))  # fmt: skip
    told(book, filled)
    found = terms(book)
    assert (only(found, "cash").amount, only(found, "order").amount) == (820, -300)
    assert only(found, "order").source == "3 S at its limit 100"
    assert power(book).buying_power == 520


def test_a_hold_goes_before_what_we_would_compute() -> None:
    book = cash_account()
    placed(book, "1", Side.BUY, 5, hold=Decimal(600), hold_currency="USD")
    assert power(book).buying_power == 400
    assert power(book).buying_power == book.balances("A")[0].free


def test_a_market_order_without_a_hold_is_not_guessed() -> None:
    book = cash_account()
    marked(book, "S", 10)
    placed(book, "1", Side.BUY, 5)
    whole = power(book)
    assert (whole.buying_power, whole.known, whole.missing) == (None, 1000, ("order 1",))
    assert "place it with a hold" in only(terms(book), "order").why
    assert whole.opens(Decimal(1)) is None


def test_a_sale_takes_no_money_but_the_coins_that_it_sells() -> None:
    book = cash_account()
    bought = FillBooked(exec_id="e", instrument_id="C", side=Side.BUY, last_qty=Decimal(4),
                        last_px=Decimal(100))  # fmt: skip
    told(book, bought, bought_shares())
    placed(book, "1", Side.SELL, 3, what="C", limit_px=Decimal(120))
    placed(book, "2", Side.SELL, 1, limit_px=Decimal(120))
    amounts = {(one.what, one.currency): one.amount for one in terms(book)}
    assert amounts == {("cash", "C"): 4, ("cash", "USD"): 500, ("order", "C"): -3}


def bought_shares(settl_date: date | None = None) -> FillBooked:
    return FillBooked(exec_id="b", instrument_id="S", side=Side.BUY, last_qty=Decimal(1),
                      last_px=Decimal(100), settl_date=settl_date)  # fmt: skip


def test_a_sale_counts_once_it_has_settled_and_a_purchase_at_once() -> None:
    book, friday = cash_account(), date(2026, 1, 9)
    told(book, bought_shares(), FillBooked(
        exec_id="s", instrument_id="S", side=Side.SELL, last_qty=Decimal(1), last_px=Decimal(150),
        settl_date=friday,
    ), FillBooked(
        exec_id="n", instrument_id="S", side=Side.BUY, last_qty=Decimal(1), last_px=Decimal(70),
        settl_date=friday,
    ))  # fmt: skip
    assert power(book).buying_power == 1000 - 100 - 70
    assert power(book, BuyingPowerRule(counts_unsettled=True)).buying_power == 980
    assert only(terms(book), "unsettled").amount == -150
    assert power(book, as_of=START + timedelta(days=4)).buying_power == 980


# ------------------------------------------------------------------------- a margin account


def margin_account() -> ledger.Book:
    """Ten shares for 100 in dollars at 110, two contracts of ten at 50, 4,000 dollars."""
    book = traded()
    marked(book, "S", 110)
    marked(book, "F", 50)
    book.record_prices([Rate(base="EUR", quote="USD", px=Decimal("1.1"), at=START, source="ECB")])
    return book


def test_money_and_collateral_less_margin() -> None:
    book = margin_account()
    found = terms(book)
    told = [(one.what, one.name, one.amount, one.in_base) for one in found]
    assert told == [
        ("cash", "EUR", 0, 0), ("cash", "USD", 4000, 4000),
        ("collateral", "F", 0, 0), ("collateral", "S", 1100, 1100),
        ("margin", "F", -500, -550), ("margin", "S", -550, -550),
    ]  # fmt: skip
    assert power(book).buying_power == 4000
    assert power(book).opens(Decimal("0.25")) == 16000
    one = BuyingPowerRule(initial_margin=Decimal("0.5"), by_instrument={"S": Decimal(1)})
    assert power(book, one).buying_power == 3450


@pytest.mark.parametrize(
    ("side", "qty", "how", "takes"),
    [
        (Side.BUY, 4, {"limit_px": Decimal(100)}, 200),
        (Side.BUY, 4, {}, 220),  # at the mark
        (Side.SELL, 10, {"limit_px": Decimal(100)}, 0),  # closes
        (Side.SELL, 14, {"limit_px": Decimal(100)}, 200),  # goes through zero
        (Side.BUY, 4, {"hold": Decimal(70), "hold_currency": "USD"}, 70),
    ],
)
def test_an_order_takes_the_margin_of_what_it_opens(
    side: Side, qty: int, how: dict[str, Any], takes: int
) -> None:
    book = margin_account()
    placed(book, "1", side, qty, **how)
    assert power(book).buying_power == 4000 - takes


def test_an_order_that_may_only_reduce_takes_nothing() -> None:
    book = margin_account()
    placed(book, "1", Side.SELL, 10, limit_px=Decimal(100), reduce_only=True)
    sold = FillBooked(exec_id="s", instrument_id="S", side=Side.SELL, last_qty=Decimal(6),
                      last_px=Decimal(110))  # fmt: skip
    told(book, sold)
    assert only(terms(book), "order").amount == 0
    placed(book, "2", Side.SELL, 10, limit_px=Decimal(100))
    assert [one.amount for one in terms(book) if one.what == "order"] == [0, -500]


def test_of_several_orders_the_first_ones_close() -> None:
    book = margin_account()
    for name in ("1", "2", "3"):
        placed(book, name, Side.SELL, 4, limit_px=Decimal(100))
    found = [one.amount for one in terms(book) if one.what == "order"]
    assert found == [0, 0, -100]


def test_what_is_not_known_is_named() -> None:
    book = traded()
    marked(book, "F", 50)
    found = {(one.what, one.name): one.why for one in terms(book, BuyingPowerRule()) if one.why}
    assert found == {
        ("collateral", "S"): "no mark is recorded",
        ("margin", "S"): "no mark is recorded",
        ("margin", "F"): "no initial margin is declared for F",
    }
    only_rate = [one.why for one in terms(book) if one.what == "margin" and one.name == "F"]
    assert only_rate == ["no rate of EUR to USD is recorded"]
    assert power(book).buying_power is None


def test_an_answer_comes_out_again_whatever_comes_later() -> None:
    book = margin_account()
    worth = Reports(book, in_memory()).worth
    first = worth.buying_power("A", HALF)
    marked(book, "S", 120, START + timedelta(seconds=30))
    placed(book, "1", Side.BUY, 4, limit_px=Decimal(100))
    assert worth.buying_power("A", HALF, known_at=first.known_at) == first
    assert worth.buying_power("A", HALF).lines != first.lines


@pytest.mark.parametrize(
    "how",
    [{"initial_margin": Decimal(-1)}, {"fee_rate": Decimal("NaN")},
     {"by_instrument": {"S": Decimal("-0.1")}}],
)  # fmt: skip
def test_a_share_that_is_none_is_refused(how: dict[str, Any]) -> None:
    with pytest.raises(BadNumberError):
        BuyingPowerRule(**how)


def test_without_margin_there_is_no_limit_to_tell() -> None:
    with pytest.raises(BadNumberError, match="no limit"):
        power(margin_account()).opens(ZERO)
