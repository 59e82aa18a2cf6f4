"""Coinbase's fills: what is undone, what stands instead, sizes in money, fees, order, futures."""

from __future__ import annotations

from decimal import Decimal
from itertools import permutations
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.brokers.coinbase import parse
from adapters.port import AccountConfig
from ledger.domain.events import FillBooked, FillBusted, Liquidity, Side
from ledger.domain.instruments import InstrumentKind
from tests.brokers.sampling import empty_books, told
from tests.brokers.venues.coinbase import fill, held, order, page

D = Decimal


def read(*rows: Any, more: Any = (), **config: Any) -> Any:
    """A batch of a page of fills; Any, since a test knows which fact each record holds."""
    pages = [page("fills", *rows, cursor=""), *more]
    return parse(pages, AccountConfig(**{"account": "A", **config}))


def only(*rows: Any, **config: Any) -> Any:
    batch = read(*rows, **config)
    assert not batch.quarantine, batch.quarantine
    (record,) = batch.records
    return record.event


def reason(row: Any, *others: Any) -> str:
    """Why the last of these rows is set aside, alone of all."""
    batch = read(*others, row)
    (aside,) = batch.quarantine
    return f"{aside.field}: {aside.rule}"


def test_the_entry_is_the_key_and_the_trade_is_not():
    booked = only(fill(1))
    assert booked.identity().key("A") == "A/COINBASE//fill/entry-1/"
    assert (booked.trade_id, booked.order_id) == ("trade-1", "order-1")
    assert (booked.side, booked.last_qty, booked.last_px) == (Side.BUY, D("0.5"), 50000)
    assert booked.liquidity is Liquidity.TAKER


def test_the_clients_id_is_found_in_the_orders():
    booked = only(fill(1), more=[page("orders", order(1), has_next=False)])
    assert booked.cl_ord_id == "mine-1"
    assert only(fill(1)).cl_ord_id == "COINBASE:order-1"


@pytest.mark.parametrize(
    ("product", "commission", "fees"),
    [
        ("BTC-USD", "12.50", [(D("12.50"), "USD")]),
        ("ETH-BTC", "0.00025", [(D("0.00025"), "BTC")]),
        ("BTC-USDC", "-0.25", [(D("-0.25"), "USDC")]),
        ("BTC-USD", "0", []),
        ("BTC-USD", None, []),
    ],
)
def test_a_commission_is_of_the_quote_currency_and_positive_when_charged(product, commission, fees):
    booked = only(fill(1, product_id=product, commission=commission))
    assert [(fee.amount, fee.currency) for fee in booked.fees] == fees


def test_a_size_in_quote_money_is_the_units_that_it_bought():
    booked = only(fill(1, size="100.5", price="50250", size_in_quote=True))
    assert booked.last_qty == D("0.002")
    assert booked.gross_trade_amt is None
    assert reason(fill(1, price="0", size_in_quote=True)).startswith("size: quote money")
    assert reason(fill(1, size="0", size_in_quote=True)).startswith("size: quote money")


@pytest.mark.parametrize(
    ("size", "px", "units"),
    [
        ("4.9603174603174603", "8.596", "0.5770494951509377"),
        ("1.488833746898263", "102795.9", "0.0000144833961948"),
        ("23.46613545816733", "23616.87", "0.0009936175055444"),
    ],
)
def test_its_units_are_those_of_the_order_and_its_money_what_was_paid(size, px, units):
    """An order for an amount of money states both: these are its filled value and size."""
    booked = only(fill(1, size=size, price=px, size_in_quote=True))
    assert (booked.last_qty, booked.gross_trade_amt) == (D(units), D(size))


@given(st.integers(1, 10**15), st.integers(1, 10**9))
def test_money_in_the_quote_is_kept_to_the_digit(ticks, cents):
    size, px = D(ticks).scaleb(-8), D(cents).scaleb(-2)
    batch = read(fill(1, size=str(size), price=str(px), size_in_quote=True))
    for record in batch.records:
        booked = record.event
        paid = booked.gross_trade_amt or booked.last_qty * px
        assert (paid, abs(booked.last_qty * px - size) <= px * D("5E-17")) == (size, True)


def test_fills_of_one_time_are_in_the_order_in_which_they_were_posted():
    rows = [fill(n, sequence_timestamp=f"2026-03-02T15:15:00.{tail}Z")
            for n, tail in ((1, "5"), (2, "25"), (3, "250000001"))]  # fmt: skip
    batch = read(*rows)
    in_order = sorted(batch.records, key=lambda record: record.event.seq)
    assert [record.event.exec_id for record in in_order] == ["entry-2", "entry-3", "entry-1"]


# ------------------------------------------------------------------------------ adjustments


def reversal(number: int, trade: str, **values: Any) -> Any:
    return fill(number, trade_type="REVERSAL", trade_id=trade, **values)


def correction(number: int, trade: str, **values: Any) -> Any:
    return fill(number, trade_type="CORRECTION", trade_id=trade, **values)


def held_in(book):
    return [(view.net_qty, view.cost_basis) for view in book.positions("A")]


def test_a_reversal_undoes_the_entry_of_its_trade():
    batch = read(reversal(2, "trade-1"), fill(1))
    busted = next(r.event for r in batch.records if isinstance(r.event, FillBusted))
    assert (busted.exec_id, busted.exec_ref_id) == ("entry-2", "entry-1")
    with empty_books() as book:
        told(book, batch)
        assert not [view for view in book.balances("A") if view.total]


def test_what_a_reversal_does_not_give_back_of_the_commission_is_kept():
    with empty_books() as book:
        told(book, read(fill(1), reversal(2, "trade-1", commission="-10")))
        assert {b.currency: b.total for b in book.balances("A") if b.total} == {"USD": D("-2.5")}


def test_a_correction_stands_instead_of_what_was_reversed():
    one, other = {"price": "49000"}, {"price": "48000"}
    rows = [fill(1), reversal(2, "trade-1"), correction(3, "trade-1", **one),
            reversal(4, "trade-1", **one), correction(5, "trade-1", **other)]  # fmt: skip
    for seen in (rows, rows[::-1], [*rows, *rows]):
        batch = read(*seen)
        assert not batch.quarantine
        undone = {r.event.exec_ref_id for r in batch.records if isinstance(r.event, FillBusted)}
        assert undone == {"entry-1", "entry-3"}
        with empty_books() as book:
            told(book, batch)
            assert held_in(book) == [(D("0.5"), 24000)]


def test_the_time_of_posting_says_which_entry_was_reversed_and_not_the_id():
    one, other = {"price": "49000"}, {"price": "48000"}
    rows = [fill(1), reversal(2, "trade-1", entry_id="z"),
            correction(3, "trade-1", entry_id="y", **one),
            reversal(4, "trade-1", entry_id="b", **one),
            correction(5, "trade-1", entry_id="a", **other)]  # fmt: skip
    batch = read(*rows)
    busts = [r.event for r in batch.records if isinstance(r.event, FillBusted)]
    named = {bust.exec_id: bust.exec_ref_id for bust in busts}
    assert named == {"z": "entry-1", "b": "y"}
    for order_of_arrival in permutations(batch.records):
        with empty_books() as book:
            told(book, *[attrs.evolve(batch, records=(one,)) for one in order_of_arrival])
            assert held_in(book) == [(D("0.5"), 24000)]


def test_a_reversal_finds_its_fill_in_the_books():
    with empty_books() as book:
        first, then = told(book, read(fill(1)), read(reversal(2, "trade-1")))
        assert then.counts["reverses"] == 1
        assert first.counts["unlinked"] == then.counts["unlinked"] == 0
        assert not [view for view in book.balances("A") if view.total]


@pytest.mark.parametrize("with_correction", [False, True])
def test_a_reversal_of_an_earlier_nights_correction_finds_it_in_the_books(with_correction: bool):
    one, other = ({"order_id": "order-1", "price": px} for px in ("49000", "48000"))
    nights = [[fill(1)], [reversal(2, "trade-1"), correction(3, "trade-1", **one)]]
    last = [reversal(4, "trade-1", **one)]
    if with_correction:
        last.append(correction(5, "trade-1", **other))
    with empty_books() as book:
        *_, third, again = told(book, *[read(*night) for night in (*nights, last, last)])
        assert (third.counts["unlinked"], third.counts["reverses"], again.added) == (0, 1, 0)
        assert held_in(book) == ([(D("0.5"), 24000)] if with_correction else [(0, 0)])


def test_a_reversal_of_what_no_correction_was_is_unlinked():
    with empty_books() as book:
        rows = [reversal(2, "trade-1"), correction(3, "trade-1", price="49000")]
        *_, third = told(book, read(fill(1)), read(*rows), read(reversal(4, "trade-1")))
        assert third.counts["unlinked"] == 1


def test_a_reversal_whose_fill_nobody_told_never_undoes_the_correction():
    apart = [reversal(2, "trade-1"), correction(3, "trade-1", price="49000")]
    with empty_books() as book:
        reports = told(book, read(*apart), read(*apart))
        assert reports[0].counts["unlinked"] == 1
        assert held_in(book) == [(D("0.5"), 24500)]
        told(book, read(fill(1), *apart))
        assert held_in(book) == [(D("0.5"), 24500)]


def test_a_correction_alone_is_not_booked_on_top():
    assert "without the reversal" in reason(correction(2, "trade-1"), fill(1))
    lone = [fill(1), reversal(2, "trade-1"), correction(3, "trade-1")]
    assert "without the reversal" in reason(correction(4, "trade-1"), *lone)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (reversal(2, "trade-1", size="0.4"), "size: not the size and price"),
        (reversal(2, ""), "trade_id: missing"),
        (fill(2, trade_type="SYNTHETIC"), "trade_type: an adjustment of which it is not told"),
        (fill(2, trade_type="MELTED"), "trade_type: an adjustment of which it is not told"),
        (fill(2, side="UNKNOWN_ORDER_SIDE"), "side: unknown"),
        (fill(2, liquidity_indicator="BOTH"), "liquidity_indicator: unknown"),
        (fill(2, size="-1"), "last_qty: it is not above zero"),
        (fill(2, entry_id=""), "entry_id: missing"),
        (fill(2, size_in_quote="perhaps"), "size_in_quote: neither true nor false"),
        (fill(2, product_id="ACME"), "product_id: neither a pair"),
        (fill(2, trade_time="yesterday"), "trade_time: not an ISO 8601 time"),
    ],
)
def test_an_entry_in_doubt_is_set_aside(row, said):
    assert reason(row, fill(1)).startswith(said)


def test_two_fills_under_one_trade_leave_a_reversal_in_doubt():
    said = reason(reversal(3, "trade-1"), fill(1), fill(2, trade_id="trade-1"))
    assert said.startswith("trade_id: two fills under one trade")


# ------------------------------------------------------------------------------ futures

FUTURE = {"product_id": "BIP-20DEC30-CDE", "size": "3", "price": "50000"}


def test_the_size_of_a_contract_is_told_by_positions_or_products():
    product = {**FUTURE, "product_type": "FUTURE",
               "future_product_details": {"contract_size": "0.01"}}  # fmt: skip
    for more in (page("positions", held()), page("products", product)):
        batch = read(fill(1, **FUTURE), more=[more])
        defined = batch.instruments[0].instrument
        assert (defined.kind, defined.multiplier) == (InstrumentKind.LINEAR, D("0.01"))
        assert (defined.currency, defined.expiry) == ("USD", "2030-12-20")
        assert isinstance(batch.records[0].event, FillBooked)


def test_the_size_of_a_contract_is_not_guessed():
    assert reason(fill(1, **FUTURE)).startswith("product_id: its contract size is not told")
