"""Alpaca's executions: one fill in three shapes, its order, its instrument, its amendments."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from adapters.brokers.alpaca import parse
from adapters.port import AccountConfig
from ledger.domain.events import (
    FillBusted,
    FillCorrected,
    Side,
)
from ledger.domain.instruments import InstrumentKind
from tests.brokers.alpaca import only, read, reason
from tests.brokers.sampling import empty_books, state, told
from tests.brokers.venues.alpaca import (
    event,
    fill,
    page,
    uuid,
    v2,
)

D = Decimal


# ------------------------------------------------------------------------------ executions


SHAPES = {"activity": fill(1), "trade event": event("fill", 1), "v2 event": v2(1)}


@pytest.mark.parametrize("shape", SHAPES)
def test_a_fill_is_the_same_in_every_shape(shape):
    booked = only(SHAPES[shape])
    assert booked.identity().key("A") == f"A/ALPACA//fill/{uuid(1)}/"
    assert (booked.side, booked.last_qty, booked.last_px) == (Side.BUY, 100, 16)
    assert (booked.order_id, booked.seq, booked.fees) == ("order-1", 100 * 10**9, ())


def test_told_in_three_shapes_it_is_booked_once():
    with empty_books() as book:
        told(book, *[read(row) for row in SHAPES.values()])
        ((_, qty, *_),) = state(book)[:1]
        assert qty == 100


def test_a_stream_time_is_rounded_as_the_activities_are():
    def at(timestamp):
        return read(event("fill", 1, timestamp=timestamp)).records[0].occurred_at

    assert at("2026-03-02T15:15:00.250000500Z").microsecond == 250001
    assert at("2026-03-02T15:15:00.250000499Z").microsecond == 250000
    assert at("2026-03-02T15:15:00.25Z") == at("2026-03-02T10:15:00.25-05:00")


def test_fills_of_an_instant_are_in_the_order_of_what_the_order_had_filled():
    rows = [fill(9, qty="30", cum_qty="1000"), fill(1, qty="100", cum_qty="869"),
            fill(5, qty="50", cum_qty="919"), fill(3, qty="51", cum_qty="970")]  # fmt: skip
    batch = read(*rows)
    in_order = sorted(batch.records, key=lambda record: record.event.seq)
    assert [record.event.last_qty for record in in_order] == [100, 50, 51, 30]


def test_the_clients_id_of_an_order_is_found_in_the_orders_answer():
    orders = page({"id": "order-1", "client_order_id": "mine", "symbol": "ACME", "qty": "100",
                   "side": "buy", "status": "filled"})  # fmt: skip
    batch: Any = parse([page(fill(1)), orders], AccountConfig(account="A"))
    assert batch.records[0].event.cl_ord_id == "mine"
    assert only(fill(1)).cl_ord_id == "ALPACA:order-1"


def test_a_bust_names_the_execution_it_undoes():
    busted = only(event("trade_bust", 2, qty="-100", previous_execution_id=uuid(1)))
    assert isinstance(busted, FillBusted)
    assert busted.refers_to() == only(fill(1)).identity()
    by_v2 = only(v2(2, previous_id=uuid(1), details={"execution_type": "trade_bust"}))
    assert by_v2.identity() == busted.identity()


def test_a_correction_is_absolute_and_to_nothing_it_is_a_bust():
    corrected = only(event("trade_correct", 2, qty="90", previous_execution_id=uuid(1)))
    assert isinstance(corrected, FillCorrected)
    assert (corrected.last_qty, corrected.exec_ref_id) == (90, uuid(1))
    nothing = only(event("trade_correct", 2, qty="0", previous_execution_id=uuid(1)))
    assert isinstance(nothing, FillBusted)


def test_what_an_amendment_amends_must_be_named():
    assert reason(event("trade_bust", 2)) == "previous_id: missing"


def test_a_commission_is_booked_where_the_money_has_it():
    charged = only(v2(1, net_amount="-1601.25", details={"commission": "1.25"}))
    assert [(fee.amount, fee.currency) for fee in charged.fees] == [(D("1.25"), "USD")]
    assert "whether it was charged is not told" in reason(v2(1, details={"commission": "1.25"}))


def test_a_net_amount_that_does_not_close_is_found():
    batch = read(v2(1, net_amount="-1599"))
    assert len(batch.records) == 1
    assert "not quantity times price" in batch.findings[0].what


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (fill(1, side="cross"), "side: unknown"),
        (fill(1, qty="-100"), "last_qty: it is not above zero"),
        (fill(1, type="bust"), "type: unknown"),
        (fill(1, swap_rate="143.6"), "swap_rate: an account in a local currency"),
        (fill(1, id=""), "id: missing"),
        (fill(1, cum_qty="-1"), "cum_qty: no quantity"),
        (event("fill", 1, execution_id=None), "id: missing"),
        (event("melted", 1), "event: unknown"),
        (v2(1, previous_id=uuid(2)), "previous_id: an execution that names an earlier one"),
        (v2(1, status="canceled"), "status: a cancelled execution"),
    ],
)
def test_an_execution_in_doubt_is_set_aside(row, said):
    assert reason(row).startswith(said)


# ------------------------------------------------------------------------------ instruments


@pytest.mark.parametrize(
    ("symbol", "instrument_id", "kind"),
    [
        ("ACME", "ALPACA:ACME", InstrumentKind.EQUITY),
        ("BRK.B", "ALPACA:BRK.B", InstrumentKind.EQUITY),
        ("ETH/BTC", "ALPACA:ETH/BTC", InstrumentKind.SPOT),
        ("ETHUSDT", "ALPACA:ETH/USDT", InstrumentKind.SPOT),
        ("USDTUSD", "ALPACA:USDT/USD", InstrumentKind.SPOT),
        ("F250228P00010000", "ALPACA:F250228P00010000", InstrumentKind.OPTION),
    ],
)
def test_a_symbol_tells_what_it_is(symbol, instrument_id, kind):
    batch = read(fill(1, symbol=symbol))
    (defined,) = batch.instruments
    assert (defined.instrument.instrument_id, defined.instrument.kind) == (instrument_id, kind)


def test_an_option_has_the_standard_multiplier_and_its_terms():
    (defined,) = read(fill(1, symbol="AAPL230721C00152500")).instruments
    option = defined.instrument
    assert (option.multiplier, option.strike_px, option.put_call) == (100, D("152.5"), "C")
    assert (option.expiry, option.underlying_id) == ("2023-07-21", "ALPACA:AAPL")


@pytest.mark.parametrize("symbol", ["CMPO1250417C00020000", "912797KT3"])
def test_a_multiplier_is_not_guessed(symbol):
    assert "not told" in reason(fill(1, symbol=symbol))


def test_a_class_that_is_not_the_symbols_is_refused():
    assert "not one of that class" in reason(event("fill", 1, order={"asset_class": "crypto"}))
