"""Facts: their keys, what makes two the same, and what cannot be one."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import attrs
import pytest

from ledger.domain.events import (
    FACTS,
    TOPICS,
    Booking,
    BookingMethodChanged,
    FeeCharged,
    FillBooked,
    FillBusted,
    FillCorrected,
    Identity,
    Leg,
    OrderAccepted,
    PositionTransferred,
    differences,
    make_fact,
)
from ledger.domain.gates import changed
from ledger.errors import BadNumberError, BadTextError, NaiveTimeError
from tests.unit.booking import BUY, SELL, START, fill
from tests.unit.facts_by_type import full


def key(event: Any, **how: Any) -> str:
    return make_fact("A", event, START, **how).key


def test_every_topic_is_its_own() -> None:
    assert len(TOPICS) == len(FACTS)


@pytest.mark.parametrize("cls", FACTS, ids=lambda cls: cls.__name__)
def test_no_fact_can_be_changed(cls: Any) -> None:
    name = attrs.fields(cls)[0].name
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        setattr(full(cls), name, None)


@pytest.mark.parametrize("cls", FACTS, ids=lambda cls: cls.__name__)
def test_a_fact_made_again_is_the_same_fact(cls: Any) -> None:
    assert key(full(cls)) == key(full(cls))
    assert differences(full(cls), full(cls)) == ()


def test_a_fill_and_a_bust_under_one_id_are_two_facts() -> None:
    assert key(fill("e1", BUY, "1", "1")) != key(FillBusted(exec_id="e1", exec_ref_id="e1"))


def test_a_correction_takes_a_place_among_the_fills() -> None:
    corrected = FillCorrected(exec_id="e1", exec_ref_id="e0", last_qty=Decimal(1))
    assert corrected.identity() == fill("e1", BUY, "1", "1").identity()


@pytest.mark.parametrize("part", ["venue", "scope", "revision"])
def test_each_part_of_an_identity_tells_apart(part: str) -> None:
    assert key(fill("e1", BUY, "1", "1", **{part: "other"})) != key(fill("e1", BUY, "1", "1"))


def test_a_slash_in_an_id_does_not_make_two_ids_one() -> None:
    assert Identity("a/b", "", "fill", "c").key("A") != Identity("a", "b", "fill", "c").key("A")


def test_the_legs_of_a_transfer_are_two_facts() -> None:
    out, back = (
        PositionTransferred(id="t", leg=leg, instrument_id="X", qty=Decimal(1), counterparty="B")
        for leg in Leg
    )
    assert key(out) != key(back)


def test_a_fact_without_an_id_is_told_apart_by_its_time() -> None:
    accepted = OrderAccepted(cl_ord_id="c1")
    later = make_fact("A", accepted, START + timedelta(seconds=1)).key
    assert key(accepted) != later


def test_one_instant_is_one_key_in_any_zone() -> None:
    change = BookingMethodChanged(booking=Booking.FIFO)
    elsewhere = START.astimezone(timezone(timedelta(hours=-5)))
    assert make_fact("A", change, elsewhere).key == key(change)


def test_a_given_key_stands_for_the_fact() -> None:
    assert key(OrderAccepted(cl_ord_id="c1"), key="mine").endswith("/command/mine/")


@pytest.mark.parametrize(
    "seen", [fill("e1", BUY, "2", "1"), fill("e1", SELL, "1", "1"), fill("e1", BUY, "1", "2")]
)
def test_another_quantity_side_or_price_is_another_content(seen: FillBooked) -> None:
    assert len(differences(fill("e1", BUY, "1", "1"), seen)) == 1


def test_what_is_absent_is_unknown_and_not_different() -> None:
    bare = changed(fill("e1", BUY, "1", "1"), last_px=None)
    assert differences(bare, fill("e1", BUY, "1.0", "1", "0.5", order_id="o1")) == ()


def test_another_kind_of_fact_differs_in_its_topic() -> None:
    (found,) = differences(
        fill("e1", BUY, "1", "1"), FillCorrected(exec_id="e1", exec_ref_id="e", last_qty=Decimal(1))
    )
    assert found == ("topic", "fill-booked/1", "fill-corrected/1")


def test_an_id_is_not_empty() -> None:
    with pytest.raises(BadTextError, match="exec_id"):
        fill("", BUY, "1", "1")


@pytest.mark.parametrize("text", ["a\x00b", "a\nb", "a\u202eb", "e\u0301", "x" * 2001])
def test_texts_that_hide_something_are_refused(text: str) -> None:
    with pytest.raises(BadTextError):
        FeeCharged(id=text, amount=Decimal(1), currency="USD")


@pytest.mark.parametrize("cls", FACTS, ids=lambda cls: cls.__name__)
def test_what_a_fact_always_has_is_never_none(cls: Any) -> None:
    """It could be written, and never be read again."""
    kinds = ("str", "Decimal", "Positive", "Unsigned")
    for field in attrs.fields(cls):
        if field.type in kinds:
            with pytest.raises((BadTextError, BadNumberError), match=field.name):
                changed(full(cls), **{field.name: None})


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(NaiveTimeError):
        full(FACTS[0]).__class__(**naive(full(FACTS[0])))


def naive(event: Any) -> dict[str, Any]:
    given = attrs.asdict(event, recurse=False)
    return given | {"expire_time": datetime(2026, 1, 1)}  # noqa: DTZ001 - that is the point
