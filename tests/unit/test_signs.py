"""A number whose direction something else says is without a sign, in every fact that has one."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import attrs
import pytest

import ledger
from ledger.domain.events import FACTS, FillBooked, FillCorrected, LotSelector, PositionTransferred
from ledger.domain.gates import Positive, Unsigned, changed, gated
from ledger.domain.instruments import Instrument
from ledger.errors import BadNumberError, CorruptEventError
from ledger.store.codec import CODEC
from tests.unit.facts_by_type import full

CHECKED = (*FACTS, Instrument, LotSelector)


def fields(kind: str) -> list[Any]:
    """Every field of this kind, of every fact."""
    return [
        pytest.param(cls, field.name, id=f"{cls.__name__}.{field.name}")
        for cls in CHECKED
        for field in attrs.fields(cls)
        if str(field.type).startswith(kind)
    ]


def with_number(cls: type[Any], name: str, number: str) -> Any:
    return changed(full(cls), **{name: Decimal(number)})


@pytest.mark.parametrize(("cls", "name"), fields("Positive") + fields("Unsigned"))
def test_a_sign_is_refused(cls: type[Any], name: str) -> None:
    with pytest.raises(BadNumberError, match=f"{name}: '-1' is not .*without a sign"):
        with_number(cls, name, "-1")


@pytest.mark.parametrize(("cls", "name"), fields("Positive"))
def test_nothing_is_refused_where_there_must_be_something(cls: type[Any], name: str) -> None:
    with pytest.raises(BadNumberError, match="not above zero"):
        with_number(cls, name, "0")


@pytest.mark.parametrize(("cls", "name"), fields("Unsigned"))
def test_nothing_is_let_through_where_it_has_a_meaning(cls: type[Any], name: str) -> None:
    assert getattr(with_number(cls, name, "0"), name) == 0


def test_the_quantities_that_have_a_direction_are_all_here() -> None:
    found = {param.values for param in fields("Positive") + fields("Unsigned")}
    wanted = {(FillBooked, "last_qty"), (FillCorrected, "last_qty"), (PositionTransferred, "qty")}
    assert wanted < found
    assert len(found) > 20


def test_a_class_without_the_annotation_lets_a_sign_through() -> None:
    @gated
    class Plain:
        qty: Decimal

    @gated
    class Signless:
        qty: Positive
        amount: Unsigned | None = None

    assert Plain(qty=Decimal(-1)).qty == -1
    with pytest.raises(BadNumberError):
        Signless(qty=Decimal(-1))


def test_a_stored_fill_with_a_sign_is_damage() -> None:
    topic, state = CODEC.encode(full(FillBooked))
    assert b'"last_qty":"12.50"' in state
    with pytest.raises(CorruptEventError, match="last_qty"):
        CODEC.decode(topic, state.replace(b'"last_qty":"', b'"last_qty":"-'))


def test_a_transfer_of_less_than_nothing_moves_nothing() -> None:
    book = ledger.open("memory://")
    for name in ("A", "B"):
        book.open_account(name, base_currency="USD")
    with pytest.raises(BadNumberError):
        book.transfer("A", "B", id="t", instrument_id="X", qty=Decimal(-1))
    assert (book.store.version("A"), book.store.version("B")) == (1, 1)
