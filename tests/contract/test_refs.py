"""What every kind of fact is about."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from ledger.domain.events import FACTS, FillConflict, FillCorrected, FillSighted, TradeSettled
from ledger.store.refs import KINDS, references
from tests.contract.helpers import fill
from tests.unit.facts_by_type import full


@pytest.mark.parametrize("cls", FACTS)
def test_every_order_and_instrument_a_fact_names_is_a_reference(cls) -> None:
    event = full(cls)
    found = references(event, "U1")
    for name in ("cl_ord_id", "orig_cl_ord_id"):
        if hasattr(event, name):
            assert ("order", getattr(event, name)) in found
    for name in ("instrument_id", "parent_id"):
        if hasattr(event, name):
            assert ("instrument", getattr(event, name)) in found
    assert {kind for kind, _ in found} <= set(KINDS)


@pytest.mark.parametrize("cls", FACTS)
def test_a_fact_that_refers_to_a_fill_is_found_under_its_key(cls) -> None:
    event = full(cls)
    if hasattr(event, "refers_to"):
        assert ("exec", event.refers_to().key("U1")) in references(event, "U1")


def test_a_fill_is_found_under_its_own_key() -> None:
    fact = fill(1)
    assert ("exec", fact.key) in references(fact.event, "U1")


def test_what_was_heard_of_a_fill_is_found_under_the_fill_s_key() -> None:
    fact = fill("e1")
    others = [
        FillSighted(exec_id="0000e1", channel="statement", venue="IBKR"),
        FillConflict(exec_id="0000e1", digest="d", venue="IBKR"),
        FillCorrected(exec_id="e2", exec_ref_id="0000e1", last_qty=Decimal(1), venue="IBKR"),
        TradeSettled(id="s", exec_id="0000e1", venue="IBKR", settl_date=date(2026, 3, 4)),
    ]
    for event in others:
        assert ("exec", fact.key) in references(event, "U1")
