"""Events to bytes and back: exact, deterministic, readable, and closed to what is not listed."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any, ClassVar

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.domain.events import (
    FACTS,
    NO_META,
    TOPICS,
    BreakOpened,
    Event,
    Fee,
    FillBooked,
    FillCorrected,
    InstrumentDefined,
    LimitsSet,
    Meta,
    OrderPlaced,
    OrdersLinked,
    Side,
    Source,
    StopMoved,
)
from ledger.domain.events.orders import Contingency
from ledger.domain.gates import gated
from ledger.domain.instruments import Instrument, InstrumentKind
from ledger.errors import BadTextError, CorruptEventError, UnknownTopicError
from ledger.store.codec import CODEC, Codec, Upcaster, decode_meta, encode_meta
from tests.unit.facts_by_type import any_of, full

EVENTS = st.sampled_from(FACTS).flatmap(any_of)


def fill(**given: Any) -> FillBooked:
    fields: dict[str, Any] = {"exec_id": "e1", "instrument_id": "ESZ6", "side": Side.BUY}
    return FillBooked(**fields | {"last_qty": Decimal(2)} | given)


def state(event: Event) -> str:
    return CODEC.encode(event)[1].decode()


# --------------------------------------------------------------------------------------- laws


@given(EVENTS)
def test_what_is_decoded_is_what_was_encoded(event: Event) -> None:
    assert CODEC.decode(*CODEC.encode(event)) == event


@given(EVENTS)
def test_bytes_survive_a_round_trip(event: Event) -> None:
    topic, encoded = CODEC.encode(event)
    assert CODEC.encode(CODEC.decode(topic, encoded)) == (topic, encoded)


@given(EVENTS)
def test_a_state_is_json_with_its_keys_in_field_order(event: Event) -> None:
    keys = list(json.loads(state(event)))
    order = [field.name for field in attrs.fields(type(event))]  # type: ignore[arg-type]
    assert keys == sorted(keys, key=order.index)


@given(EVENTS)
def test_no_number_with_a_point_is_ever_bare(event: Event) -> None:
    json.loads(state(event), parse_float=lambda text: pytest.fail(f"{text} is a bare float"))


@pytest.mark.parametrize("cls", FACTS)
def test_every_class_can_be_written_whole(cls) -> None:
    event = full(cls)
    assert CODEC.decode(*CODEC.encode(event)) == event
    assert list(json.loads(state(event))) == [field.name for field in attrs.fields(cls)]


# ---------------------------------------------------------------------------------- the bytes


def test_defaults_are_left_out() -> None:
    assert state(fill()) == ('{"exec_id":"e1","instrument_id":"ESZ6","side":"buy","last_qty":"2"}')


def test_a_default_made_elsewhere_is_left_out_too() -> None:
    computed = "".join(["n", "e", "t"])
    assert state(fill(position_id=computed, fees=(), scope="")) == state(fill())


def test_nested_defaults_are_left_out() -> None:
    fees = (Fee(amount=Decimal("4.20"), currency="USD"),)
    assert state(fill(fees=fees)).endswith('"fees":[{"amount":"4.20","currency":"USD"}]}')


def test_an_empty_tuple_that_is_not_the_default_is_kept() -> None:
    event = FillCorrected(exec_id="e2", exec_ref_id="e1", last_qty=Decimal(1), fees=())
    decoded = CODEC.decode(*CODEC.encode(event))
    assert decoded == event
    assert decoded.fees == ()


def test_digits_are_kept_as_they_were_given() -> None:
    assert '"last_px":"5000.250"' in state(fill(last_px=Decimal("5000.250")))


def test_times_are_written_in_utc() -> None:
    there = datetime(2026, 3, 2, 9, 30, tzinfo=timezone(timedelta(hours=-5)))
    here = there.astimezone(UTC)
    orders = [
        OrderPlaced(
            cl_ord_id="c", instrument_id="i", side=Side.BUY, order_qty=Decimal(1), expire_time=time
        )
        for time in (there, here)
    ]
    assert state(orders[0]) == state(orders[1])
    assert '"expire_time":"2026-03-02T14:30:00Z"' in state(orders[0])


def test_text_beyond_ascii_is_readable() -> None:
    assert '"label":"Größe"' in state(fill(label="Größe"))


# ---------------------------------------------------- what could not be read is not written

STRANGE: list[Callable[[], Event]] = [
    lambda: fill(seq="3"),
    lambda: fill(seq=True),
    lambda: fill(seq=Decimal(3)),
    lambda: fill(side="buy"),
    lambda: fill(settl_date="2026-01-01"),
    lambda: fill(settl_date=datetime(2026, 1, 1, tzinfo=UTC)),
    lambda: fill(by_hand=1),
    lambda: fill(fees=[Fee(amount=Decimal(1), currency="USD")]),
    lambda: fill(fees=("fee",)),
    lambda: fill(fees=({"amount": "1", "currency": "USD"},)),
    lambda: fill(lots=None),
    lambda: LimitsSet(max_open_orders="5"),  # type: ignore[arg-type]
    lambda: OrdersLinked(link_id="l", contingency=Contingency.OCO, cl_ord_ids=("a", 2)),  # type: ignore[arg-type]
    lambda: OrdersLinked(link_id="l", contingency=Contingency.OCO, cl_ord_ids=("a", "\ud800")),
    lambda: BreakOpened(break_id="b", kind="k", severity="s", evidence=("a\x00",)),
    lambda: StopMoved(cl_ord_id="c", stop_px=Decimal(1), inputs=(("atr",),)),  # type: ignore[arg-type]
    lambda: StopMoved(cl_ord_id="c", stop_px=Decimal(1), inputs=(("atr", 3),)),  # type: ignore[arg-type]
    lambda: InstrumentDefined(instrument="ES"),  # type: ignore[arg-type]
    lambda: InstrumentDefined(
        instrument=Instrument(
            instrument_id="\x00", symbol="ES", kind=InstrumentKind.LINEAR, currency="USD"
        )
    ),
]


@pytest.mark.parametrize("make", STRANGE, ids=range(len(STRANGE)))
def test_a_value_of_another_type_is_not_written(make: Callable[[], Event]) -> None:
    with pytest.raises(BadTextError):
        CODEC.encode(make())


# ------------------------------------------------------------------ what is stored is checked

BROKEN = [
    b"",
    b"null",
    b"[]",
    b'"text"',
    b"{}",
    b'{"exec_id":"e1"}',
    b'{"exec_id":"e1","instrument_id":"E","side":"BUY","last_qty":"2"}',
    b'{"exec_id":"e1","instrument_id":"E","side":"buy","last_qty":"NaN"}',
    b'{"exec_id":"e1","instrument_id":"E","side":"buy","last_qty":"Infinity"}',
    b'{"exec_id":"e1","instrument_id":"E","side":"buy","last_qty":"1E+999999"}',
    b'{"exec_id":"e1","instrument_id":"E","side":"buy","last_qty":"two"}',
    b'{"exec_id":"e1","instrument_id":"E","side":"buy","last_qty":null}',
    b'{"exec_id":"","instrument_id":"E","side":"buy","last_qty":"2"}',
    b'{"exec_id":"e\\u0000","instrument_id":"E","side":"buy","last_qty":"2"}',
    b'{"exec_id":"e1","instrument_id":"E","side":"buy","last_qty":"2","seq":1.5}',
    b'{"exec_id":"e1","instrument_id":"E","side":"buy","last_qty":"2","fees":[{}]}',
    b'{"exec_id":"e1","instrument_id":"E","side":"buy","last_qty":"2"',
    b"\xff" * 8,
    b"[" * 100_000,
]


@pytest.mark.parametrize("body", BROKEN, ids=range(len(BROKEN)))
def test_a_malformed_body_stops_loudly(body: bytes) -> None:
    with pytest.raises(CorruptEventError, match="run verify"):
        CODEC.decode("fill-booked/1", body)


def test_a_number_that_does_not_pass_the_gate_stops_inside_an_instrument_too() -> None:
    body = json.dumps(
        {
            "instrument": {
                "instrument_id": "E", "symbol": "E", "kind": "linear", "currency": "USD",
                "multiplier": "NaN",
            }
        }
    )  # fmt: skip
    with pytest.raises(CorruptEventError):
        CODEC.decode("instrument-defined/1", body.encode())


@pytest.mark.parametrize("topic", ["", "fill-booked/2", "this:s", "os:system", "FillBooked"])
def test_a_topic_that_is_not_listed_is_not_looked_for(topic: str) -> None:
    with pytest.raises(UnknownTopicError, match="unknown here"):
        CODEC.decode(topic, b"{}")


def test_a_class_that_is_not_listed_is_not_written() -> None:
    with pytest.raises(UnknownTopicError, match="StopMoved"):
        Codec({"fill-booked/1": FillBooked}).encode(full(StopMoved))


# ------------------------------------------------------------------------------- upcasters


@gated
class TeaPoured(Event):
    """An invented fact in its third shape: first a price, then an amount, then a currency."""

    TOPIC: ClassVar[str] = "tea-poured/3"

    cup: str
    amount: Decimal
    currency: str


LATER = Codec(
    TOPICS | {"tea-poured/3": TeaPoured},
    {
        "tea-poured/1": Upcaster(
            "tea-poured/2", lambda old: {"cup": old["cup"], "amount": old["price"]}
        ),
        "tea-poured/2": Upcaster("tea-poured/3", lambda old: old | {"currency": "GBP"}),
    },
)


@pytest.mark.parametrize(
    ("topic", "body"),
    [
        ("tea-poured/1", b'{"cup":"blue","price":"1.250"}'),
        ("tea-poured/2", b'{"cup":"blue","amount":"1.250"}'),
        ("tea-poured/3", b'{"cup":"blue","amount":"1.250","currency":"GBP"}'),
    ],
)
def test_an_old_shape_becomes_the_new_one(topic: str, body: bytes) -> None:
    poured = TeaPoured(cup="blue", amount=Decimal("1.250"), currency="GBP")
    assert LATER.decode(topic, body) == poured
    assert str(LATER.decode(topic, body).amount) == "1.250"  # type: ignore[attr-defined]


@pytest.mark.parametrize("body", [b"", b"[]", b'{"cup":"blue"}', b'{"cup":"b","price":"NaN"}'])
def test_an_old_shape_that_is_broken_stops_too(body: bytes) -> None:
    with pytest.raises(CorruptEventError):
        LATER.decode("tea-poured/1", body)


# -------------------------------------------------------------------------------- metadata


@given(any_of(Meta))
def test_metadata_comes_back(meta: Meta) -> None:
    assert decode_meta(encode_meta(meta)) == meta


def test_no_metadata_is_no_text() -> None:
    assert encode_meta(NO_META) == encode_meta(Meta()) == ""
    assert decode_meta("") is NO_META


def test_metadata_leaves_out_what_is_empty() -> None:
    meta = Meta(actor="ops", source=Source(adapter="ibkr", row="3"))
    assert encode_meta(meta) == '{"actor":"ops","source":{"adapter":"ibkr","row":"3"}}'


@pytest.mark.parametrize("text", ["{", "[]", '{"actor":3}', '{"source":{}}'])
def test_broken_metadata_stops_loudly(text: str) -> None:
    with pytest.raises(CorruptEventError):
        decode_meta(text)
