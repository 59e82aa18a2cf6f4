"""The read models depend on the log and on nothing else, and say what the books say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import groupby, pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ledger
from ledger.domain.events import Fact, FeeCharged, FillBusted, FillCorrected
from ledger.domain.numbers import ZERO, quantize
from ledger.domain.positions import PositionKey
from tests.projections.tables import LESS, TOLD, dump, held_at, in_memory, named, projected
from tests.property.arrivals import Arrival, arrivals, told
from tests.property.worlds import ACCOUNT
from tests.unit.booking import BUY, SELL, fill, opened
from tests.unit.booking import told as told_events

FEES = (("USD", "2"), ("BNB", "3"), ("EUR", "4"))
SMALL = {"POINT_EVERY": 4, "FLAT_EVERY": 2, "KEEP": 6, "PENDING": 3}


def positions_of(book: ledger.Book, **when: Any) -> list[PositionKey]:
    found = book.positions(ACCOUNT, **when)
    return [PositionKey(one.instrument_id, one.position_id) for one in found]


@LESS
@given(arrivals(**TOLD), st.integers(1, 9))
def test_built_anew_is_as_it_was_built_live(arrival: Arrival, batch: int) -> None:
    engine, book = in_memory(), ledger.open("memory://")
    for facts in arrival.batches:
        book.record_all(facts)
        live = projected(book, engine, batch=batch)
    assert dump(live) == dump(projected(book))


@LESS
@given(arrivals(**TOLD, max_moves=40, how_many=1), st.integers(1, 9))
def test_so_it_is_when_facts_leave_memory(arrival: Arrival, batch: int) -> None:
    whole = dump(projected(arrival.book()))
    with pytest.MonkeyPatch.context() as patch:
        for name, size in SMALL.items():
            patch.setattr(f"ledger.domain.positions.{name}", size)
        assert dump(projected(arrival.book(), batch=batch)) == whole


@LESS
@given(arrivals(**TOLD))
def test_the_balance_chain_closes(arrival: Arrival) -> None:
    book = arrival.book()
    rows = named(projected(book), "balance_ledger")
    rows.sort(key=lambda row: row.currency)
    balances = {one.currency: one.total for one in book.balances(ACCOUNT)}
    for currency, lines in groupby(rows, key=lambda row: row.currency):
        chain = list(lines)
        assert chain[0].balance_before == ZERO
        assert all(one.balance_after == two.balance_before for one, two in pairwise(chain))
        assert all(one.balance_before + one.amount == one.balance_after for one in chain)
        assert chain[-1].balance_after == balances.pop(currency, ZERO)
    assert not any(balances.values())


@LESS
@given(arrivals(**TOLD))
def test_the_last_line_of_a_position_is_the_position(arrival: Arrival) -> None:
    book = arrival.book()
    rows = [row for row in named(projected(book), "position_ledger") if row.until is None]
    assert {(row.instrument_id, row.position_id) for row in rows} <= set(positions_of(book))
    for row in rows:
        view = book.position(ACCOUNT, row.instrument_id, row.position_id)
        assert (row.net_qty, row.cost_basis) == (view.net_qty, view.cost_basis)
        assert (row.realized_pnl, row.avg_cost) == (view.realized_pnl, view.avg_cost)
        assert (row.net_realized_pnl, row.cycle) == (view.net_realized_pnl, view.cycle.number)


@LESS
@given(arrivals(**TOLD))
def test_the_lines_of_a_position_add_up(arrival: Arrival) -> None:
    rows = named(projected(arrival.book()), "position_ledger")
    rows.sort(key=lambda row: (row.instrument_id, row.position_id))
    for _, lines in groupby(rows, key=lambda row: (row.instrument_id, row.position_id)):
        qty = basis = realized = ZERO
        for row in lines:
            qty, basis = qty + row.quantity_change, basis + row.basis_change
            realized += row.realized_change
            assert (qty, basis, realized) == (row.net_qty, row.cost_basis, row.realized_pnl)


@LESS
@given(arrivals(**TOLD), st.data())
def test_the_steps_known_at_a_number_are_those_that_explain_the_position(
    arrival: Arrival, data: st.DataObject
) -> None:
    book = told([fact] for fact in arrival.facts)
    number = data.draw(st.integers(1, book.store.head()))
    rows = held_at(named(projected(book), "position_steps"), number)
    for key in positions_of(book, known_at=number):
        of_position = [row for row in rows if (row.instrument_id, row.position_id) == key]
        of_position.sort(key=lambda row: (row.at, row.place))
        assert [
            (row.fact, row.quantity_change, row.basis_change, row.realized_change, row.net_qty)
            for row in of_position
        ] == [
            (step.number, quantize(step.qty_change), step.basis_change, step.realized_change,
             quantize(step.net_qty))
            for step in book.explain(ACCOUNT, *key, known_at=number)
        ]  # fmt: skip


@LESS
@given(arrivals(**TOLD))
def test_steps_have_all_fees_funding_and_income(arrival: Arrival) -> None:
    book = arrival.book()
    rows = [row for row in named(projected(book), "position_steps") if row.until is None]
    for key in positions_of(book):
        view = book.position(ACCOUNT, *key)
        mine = [row for row in rows if (row.instrument_id, row.position_id) == key]
        for name in ("fees", "funding", "income"):
            settled = sum((getattr(row, f"{name}_change") for row in mine), ZERO)
            assert settled == getattr(view, name).get(view.currency, ZERO)


@LESS
@given(arrivals(**TOLD), st.data())
def test_orders_known_at_a_number_are_those_of_the_book(
    arrival: Arrival, data: st.DataObject
) -> None:
    book = told([fact] for fact in arrival.facts)
    number = data.draw(st.integers(1, book.store.head()))
    for row in held_at(named(projected(book), "order_changes"), number):
        view = book.order(ACCOUNT, row.cl_ord_id, known_at=number)
        assert (row.cl_ord_id, row.current_id) == (view.cl_ord_ids[0], view.cl_ord_id)
        assert (row.status, row.is_open) == (view.status.fix_name, view.is_open)
        assert (row.order_qty, row.cum_qty) == (view.order_qty, view.cum_qty)
        assert (row.leaves_qty, row.avg_px) == (view.leaves_qty, view.avg_px)
        assert (row.limit_px, row.stop_px) == (view.limit_px, view.stop_px)


@pytest.mark.parametrize("sizes", [{}, SMALL], ids=["kept", "not kept"])
def test_a_bust_that_waits_for_its_fill_is_no_row_of_a_position(sizes: dict[str, int]) -> None:
    book = opened()
    told_in_turns = [fill(f"f{nth}", BUY if nth % 2 else SELL, "1", "10") for nth in range(12)]
    told_events(book, *told_in_turns, FillBusted(exec_id="b", exec_ref_id="f", instrument_id="X"))
    before = book.store.head()
    told_events(book, fill("f", BUY, "1", "10", "2"))
    with pytest.MonkeyPatch.context() as patch:
        for name, size in sizes.items():
            patch.setattr(f"ledger.domain.positions.{name}", size)
        rows = named(projected(book, batch=1), "position_ledger")
    assert [(row.number, row.event) for row in rows][-2:] == [
        (before - 1, "fill-booked"),
        (before + 1, "fill-booked"),
    ]


def test_money_of_one_fact_is_told_by_the_names_of_currencies() -> None:
    fees = tuple(ledger.Fee(amount=Decimal(amount), currency=name) for name, amount in FEES)
    book = told_events(opened(), fill("f", BUY, "1", "10", fees=fees))
    less = tuple(ledger.Fee(amount=Decimal(1), currency=fee.currency) for fee in fees)
    correction = FillCorrected(exec_id="c", exec_ref_id="f", last_qty=Decimal(1), fees=less)
    told_events(book, correction)
    rows = named(projected(book), "balance_ledger")
    assert [row.currency for row in rows if row.event == "fill-corrected"] == ["BNB", "EUR", "USD"]


@pytest.mark.parametrize("hours", [(5, 12), (12, 5)])
def test_fees_that_waited_for_a_fill_change_its_step_once(hours: tuple[int, int]) -> None:
    engine, book = in_memory(), opened()
    begin = datetime(2026, 1, 5, tzinfo=UTC)
    waiting: list[Fact] = [
        ledger.make_fact(
            ACCOUNT,
            FeeCharged(id=f"fee{hour}", amount=Decimal(hour), currency="BNB", exec_id="e"),
            begin + timedelta(hours=hour),
        )
        for hour in hours
    ]
    book.record_all([ledger.make_fact(ACCOUNT, fill("a", BUY, "1", "10"), begin), *waiting])
    projected(book, engine, batch=1)
    late = ledger.make_fact(ACCOUNT, fill("e", BUY, "2", "10"), begin + timedelta(hours=13))
    book.record_all([late])
    live = projected(book, engine, batch=1)
    steps = [row for row in named(live, "position_steps") if row.exec_id == "e"]
    assert [(row.until, row.elsewhere) for row in steps if row.until is None] == [
        (None, '{"fees":{"BNB":"17"}}')
    ]
    assert len(steps) <= 2
    assert dump(live) == dump(projected(book))
