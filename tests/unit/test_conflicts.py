"""What a conflict says: which field, what is booked, what came now; in words a person reads."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

import ledger
from ledger.conflicts import told_apart
from ledger.domain.events import FillBooked, InstrumentDefined, SplitApplied, make_fact
from ledger.errors import ConflictError, LimitExceededError
from tests.unit.booking import BUY, START, at, fill, opened, told

D = Decimal
SHARE: dict[str, Any] = {
    "instrument_id": "X", "symbol": "X", "kind": ledger.InstrumentKind.EQUITY, "currency": "USD",
}  # fmt: skip


def defined(**values: Any) -> InstrumentDefined:
    return InstrumentDefined(instrument=ledger.Instrument(**{**SHARE, **values}))


def test_an_instrument_differs_by_its_fields() -> None:
    other = defined(multiplier=D("1E+1"), kind=ledger.InstrumentKind.LINEAR)
    assert told_apart(defined(), other) == (
        ("kind", "equity", "linear"),
        ("multiplier", "1", "10"),
    )


def test_an_absent_field_is_not_different() -> None:
    assert told_apart(defined(), defined(security_id="US0000009001")) == ()


def test_only_content_differs() -> None:
    one, other = fill("e", BUY, "2", "10"), fill("e", BUY, "2.50", "10")
    assert told_apart(one, other) == (("last_qty", "2", "2.5"),)


def test_money_that_is_stated_otherwise_is_another_content() -> None:
    told_once, again = (
        fill("e", BUY, "2", "10", gross_trade_amt=D(money)) for money in ("20.01", "21")
    )
    assert told_apart(told_once, again) == (("gross_trade_amt", "20.01", "21"),)
    assert told_apart(told_once, fill("e", BUY, "2", "10")) == ()


def test_facts_of_two_kinds_differ_by_their_topic() -> None:
    (difference,) = told_apart(defined(), fill("e", BUY, "2", "10"))
    assert difference == ("topic", "instrument-defined/1", "fill-booked/1")


def test_the_message_of_a_conflict_has_no_class_in_it() -> None:
    with ledger.open("memory://", clock=lambda: START) as book:
        book.define("A", ledger.Instrument(**SHARE))
        with pytest.raises(ConflictError) as refused:
            book.define("A", ledger.Instrument(**{**SHARE, "multiplier": D(10)}))
    assert "(multiplier 1 booked, 10 now)" in str(refused.value)
    assert "Instrument(" not in str(refused.value)


def test_the_message_of_a_refusal_has_at_most_18_decimals() -> None:
    book = told(opened(), fill("e1", BUY, "3", "10"))
    split = SplitApplied(id="s", instrument_id="X", numerator=D(1), denominator=D(7))
    book.record("A", split, occurred_at=at(99))
    with pytest.raises(LimitExceededError) as refused:
        book.place("A", cl_ord_id="o", instrument_id="X", side=ledger.Side.BUY, order_qty=D(1),
                   reduce_only=True)  # fmt: skip
    number = next(word for word in str(refused.value).split() if word.startswith("0."))
    assert len(number.partition(".")[2]) <= 18


def test_the_fact_is_named_with_its_number() -> None:
    with ledger.open("memory://", clock=lambda: START) as book:
        event = FillBooked(exec_id="e", instrument_id="X", side=BUY, last_qty=D(1))
        book.record_all([make_fact("A", event, START)])
        with pytest.raises(ConflictError, match="A///fill/e/ is already recorded as number 1"):
            book.fill("A", exec_id="e", instrument_id="X", side=BUY, last_qty=D(2))
