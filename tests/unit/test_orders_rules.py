"""What may be asked of an order, and what is refused."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from ledger.domain.events import (
    CancelRequested,
    Contingency,
    OrderCancelled,
    OrderPlaced,
    OrderRejected,
    OrdersLinked,
    OrdType,
    ReplaceRequested,
    Side,
    StopMoved,
    StopReason,
    TargetMoved,
    TimeInForce,
)
from ledger.domain.instruments import Instrument, InstrumentKind
from ledger.domain.order_commands import (
    CancelOrder,
    CancelReason,
    LinkOrders,
    MoveStop,
    MoveTarget,
    OrderCommand,
    PlaceOrder,
    ReplaceOrder,
)
from ledger.domain.order_rules import decide
from ledger.domain.orders import Order
from ledger.errors import (
    BadTextError,
    InvalidOrderError,
    MisalignedPriceError,
    OrderClosedError,
    RefusedError,
    UnknownInstrumentError,
    UnknownOrderError,
)
from tests.unit.orders_making import START, accepted, fill, order_of, placed

D = Decimal
ES = Instrument(
    instrument_id="ES",
    symbol="ESZ6",
    kind=InstrumentKind.LINEAR,
    currency="USD",
    tick_size=D("0.25"),
)
LATER = START + timedelta(days=9)
CANCEL = CancelOrder(cl_ord_id="Y", orig_cl_ord_id="X")
GONE = OrderCancelled(cl_ord_id="X")


def place(**fields: Any) -> OrderPlaced:
    named: dict[str, Any] = {
        "cl_ord_id": "X", "instrument_id": "ES", "side": Side.BUY, "order_qty": D(2),
    }  # fmt: skip
    event = decide(None, PlaceOrder(**named | fields), ES)[0]
    assert isinstance(event, OrderPlaced)
    return event


def replace(**fields: Any) -> ReplaceOrder:
    return ReplaceOrder(cl_ord_id="Y", orig_cl_ord_id="X", **fields)


GOOD: list[dict[str, Any]] = [
    {},
    {"ord_type": OrdType.LIMIT, "limit_px": D("5000.25"), "post_only": True},
    {"ord_type": OrdType.LIMIT, "limit_px": D("-37.50")},
    {"ord_type": OrdType.STOP, "stop_px": D(4990)},
    {"ord_type": OrdType.STOP_LIMIT, "stop_px": D(4990), "limit_px": D(4989)},
    {"ord_type": OrdType.TRAILING_STOP, "trail_offset": D(5)},
    {"ord_type": OrdType.TRAILING_STOP, "trail_percent": D("0.5"), "stop_px": D(4990)},
    {"ord_type": OrdType.MARKET_IF_TOUCHED, "stop_px": D(4990)},
    {"ord_type": OrdType.LIMIT_IF_TOUCHED, "stop_px": D(4990), "limit_px": D(4991)},
    {"ord_type": OrdType.JOIN_BID},
    {"ord_type": OrdType.JOIN_ASK, "post_only": True},
    {"tif": TimeInForce.GTD, "expire_time": LATER},
    {"hold": D(100), "hold_currency": "USD"},
]
BAD: list[dict[str, Any]] = [
    {"order_qty": D(0)},
    {"order_qty": D(-1)},
    {"ord_type": OrdType.LIMIT},
    {"limit_px": D(5000)},
    {"ord_type": OrdType.STOP, "limit_px": D(5000), "stop_px": D(4990)},
    {"ord_type": OrdType.STOP_LIMIT, "stop_px": D(4990)},
    {"ord_type": OrdType.TRAILING_STOP},
    {"ord_type": OrdType.TRAILING_STOP, "trail_offset": D(5), "trail_percent": D(1)},
    {"ord_type": OrdType.TRAILING_STOP, "trail_offset": D(0)},
    {"ord_type": OrdType.MARKET_IF_TOUCHED},
    {"ord_type": OrdType.JOIN_BID, "limit_px": D(5000)},
    {"post_only": True},
    {"tif": TimeInForce.GTD},
    {"tif": TimeInForce.DAY, "expire_time": LATER},
    {"hold": D(100)},
    {"hold": D(-1), "hold_currency": "USD"},
]


@pytest.mark.parametrize("fields", GOOD)
def test_an_order_that_its_type_allows_is_placed_as_it_was_asked(fields):
    event = place(**fields)
    assert all(getattr(event, name) == value for name, value in fields.items())


@pytest.mark.parametrize("fields", BAD)
def test_an_order_that_its_type_does_not_allow_is_refused(fields):
    with pytest.raises(InvalidOrderError, match="order X"):
        place(**fields)


@pytest.mark.parametrize("field", ["limit_px", "stop_px"])
def test_a_price_off_the_tick_is_refused(field):
    prices = {"limit_px": D(5000), "stop_px": D(5000)} | {field: D("5000.10")}
    with pytest.raises(MisalignedPriceError, match=r"5000\.10"):
        place(ord_type=OrdType.STOP_LIMIT, **prices)


def test_an_order_for_an_undefined_instrument_is_refused():
    command = PlaceOrder(cl_ord_id="X", instrument_id="NQ", side=Side.BUY, order_qty=D(1))
    with pytest.raises(UnknownInstrumentError, match="NQ"):
        decide(None, command, None)


def limit_order() -> Order:
    return order_of(placed(ord_type=OrdType.LIMIT, limit_px=D(5000)), accepted())


def test_a_replacement_asks_and_no_more():
    event = decide(limit_order(), replace(order_qty=D(12), limit_px=D(5001)), ES)[0]
    assert event == ReplaceRequested(
        cl_ord_id="Y", orig_cl_ord_id="X", order_qty=D(12), limit_px=D(5001)
    )


def test_a_replacement_below_what_was_executed_is_for_the_venue_to_decide():
    assert decide(order_of(placed(), fill("1", 8)), replace(order_qty=D(7)), ES)


def test_a_filled_order_may_only_be_increased():
    filled = order_of(placed(), fill("1", 10))
    assert decide(filled, replace(order_qty=D(11)), ES)
    with pytest.raises(OrderClosedError, match="filled"):
        decide(filled, replace(order_qty=D(10)), ES)


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({}, InvalidOrderError),
        ({"order_qty": D(0)}, InvalidOrderError),
        ({"stop_px": D(4990)}, InvalidOrderError),
        ({"limit_px": D("5000.10")}, MisalignedPriceError),
    ],
)
def test_a_replacement_that_makes_no_order_is_refused(fields, error):
    with pytest.raises(error):
        decide(limit_order(), replace(**fields), ES)


def test_a_cancel_says_why():
    command = CancelOrder(cl_ord_id="Y", orig_cl_ord_id="X", reason=CancelReason.RISK)
    assert decide(limit_order(), command, ES) == (
        CancelRequested(cl_ord_id="Y", orig_cl_ord_id="X", reason="risk"),
    )


COMMANDS: list[OrderCommand] = [
    CANCEL,
    replace(order_qty=D(12)),
    MoveStop(cl_ord_id="X", stop_px=D(4995)),
    MoveTarget(cl_ord_id="X", target_px=D(5020)),
]


@pytest.mark.parametrize("command", COMMANDS)
def test_an_unknown_order_cannot_be_changed(command):
    with pytest.raises(UnknownOrderError, match="X"):
        decide(None, command, ES)


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("end", [GONE, OrderRejected(cl_ord_id="X")])
def test_a_dead_order_cannot_be_changed(command, end):
    stop = placed(ord_type=OrdType.STOP, stop_px=D(4990))
    with pytest.raises(OrderClosedError, match="order X"):
        decide(order_of(stop, accepted(), end), command, ES)


def test_nothing_is_left_to_cancel_of_a_filled_order():
    with pytest.raises(OrderClosedError, match="filled"):
        decide(order_of(placed(), fill("1", 10)), CANCEL, ES)


def test_a_stop_is_moved_with_its_reason_and_figures():
    stop = order_of(placed(ord_type=OrdType.STOP, stop_px=D(4990)), accepted())
    figures = (("atr", "12.5"),)
    command = MoveStop(cl_ord_id="X", stop_px=D(4995), reason=StopReason.TRAILING, inputs=figures)
    event = decide(stop, command, ES)[0]
    assert isinstance(event, StopMoved)
    assert (event.stop_px, event.inputs, event.instrument_id) == (D(4995), figures, "ES")


def test_only_an_order_with_a_stop_has_one_to_move():
    with pytest.raises(InvalidOrderError, match="no stop"):
        decide(limit_order(), MoveStop(cl_ord_id="X", stop_px=D(4995)), ES)


def test_a_trailing_stop_may_be_moved_before_its_level_is_known():
    trailing = order_of(placed(ord_type=OrdType.TRAILING_STOP, trail_offset=D(5)))
    assert decide(trailing, MoveStop(cl_ord_id="X", stop_px=D(4995)), ES)


def test_a_trailing_stop_moved_the_wrong_way_is_not_refused():
    stop = order_of(placed(side=Side.SELL, ord_type=OrdType.STOP, stop_px=D(4990)))
    command = MoveStop(cl_ord_id="X", stop_px=D(4980), reason=StopReason.TRAILING)
    assert decide(stop, command, ES)


def test_a_target_is_set():
    event = decide(limit_order(), MoveTarget(cl_ord_id="X", target_px=D(5020)), ES)[0]
    assert isinstance(event, TargetMoved)
    assert event.target_px == D(5020)


def test_orders_are_linked():
    command = LinkOrders(link_id="L", contingency=Contingency.OCO, cl_ord_ids=("X", "W"))
    assert decide(None, command, None) == (
        OrdersLinked(link_id="L", contingency=Contingency.OCO, cl_ord_ids=("X", "W")),
    )


@pytest.mark.parametrize(
    ("contingency", "ids"),
    [
        (Contingency.OCO, ("X",)),
        (Contingency.OTO, ("X", "X")),
        (Contingency.BRACKET, ("X", "W")),
    ],
)
def test_a_link_of_too_few_orders_is_refused(contingency, ids):
    command = LinkOrders(link_id="L", contingency=contingency, cl_ord_ids=ids)
    with pytest.raises(RefusedError, match="link L"):
        decide(None, command, None)


def test_a_word_in_place_of_a_type_is_told() -> None:
    with pytest.raises(BadTextError, match="of type OrdType; give OrdType"):
        place(ord_type="limit", limit_px=D(5000))


def test_a_word_in_place_of_a_reason_is_told() -> None:
    reason: Any = "user"
    command = CancelOrder(cl_ord_id="Y", orig_cl_ord_id="X", reason=reason)
    with pytest.raises(BadTextError, match="of type CancelReason; give CancelReason"):
        decide(order_of(placed(), accepted()), command, ES)
