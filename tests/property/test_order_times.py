"""Orders whose facts happened, and were told, in any order: what is resident is what the store
says, also after everything was read again."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

import ledger
from ledger import rebuilding
from ledger.domain.events import (
    Event,
    Fact,
    FillBooked,
    FillBusted,
    FillCorrected,
    OrderAccepted,
    OrderCancelled,
    OrderExpired,
    OrderPlaced,
    OrderReplaced,
    ReplaceRequested,
    Side,
    make_fact,
)
from tests.property.state import book_of
from tests.property.worlds import ACCOUNT, START

IDS = ("o1", "o2")
D = Decimal


def order_events(order: str) -> st.SearchStrategy[Event]:
    """What may be told of an order, under its first id or that of its one replacement."""
    id, other = st.sampled_from([order, f"{order}r"]), f"{order}r"
    fill: dict[str, Any] = {"instrument_id": "X", "side": Side.BUY, "last_px": D(5)}
    placed = OrderPlaced(cl_ord_id=order, instrument_id="X", side=Side.BUY, order_qty=D(10))
    ref = st.sampled_from([f"{order}{n}" for n in range(3)])
    known = ref | ref.map("c".__add__)
    qty = st.sampled_from([D(1), D(4), D(10)])
    return st.one_of(
        st.just(placed),
        st.builds(OrderAccepted, cl_ord_id=id),
        st.builds(ReplaceRequested, cl_ord_id=st.just(other), orig_cl_ord_id=st.just(order),
                  order_qty=qty),
        st.builds(OrderReplaced, cl_ord_id=st.just(other), orig_cl_ord_id=st.just(order),
                  order_qty=qty),
        st.builds(OrderCancelled, cl_ord_id=id),
        st.builds(OrderExpired, cl_ord_id=id),
        st.builds(FillBooked, exec_id=ref, cl_ord_id=id, last_qty=qty,
                  **{name: st.just(value) for name, value in fill.items()}),
        st.builds(FillBusted, exec_id=ref, exec_ref_id=known, cl_ord_id=st.none() | id),
        st.builds(FillCorrected, exec_id=ref.map("c".__add__), exec_ref_id=known, last_qty=qty),
    )  # fmt: skip


moments = st.integers(0, 9).map(lambda second: START + timedelta(seconds=second))
facts = st.lists(
    st.builds(
        lambda event, at: make_fact(ACCOUNT, event, at),
        st.one_of([order_events(order) for order in IDS]),
        moments,
    ),
    max_size=12,
    unique_by=lambda fact: fact.key,
)


def views(book: ledger.Book) -> dict[str, Any]:
    """Each order as the resident account has it, which is also what its own facts say."""
    state, found = book.account(ACCOUNT), {}
    for id in IDS:
        rebuilt = rebuilding.rebuild_order(book.store, state, id)
        resident = state.orders.find(id)
        if resident is not None:
            assert resident.view() == rebuilt.view()
        else:
            assert not rebuilt.is_open
        found[id] = rebuilt.view() if rebuilt.cl_ord_ids else None
    return found


@given(facts)
def test_one_by_one_at_once_and_after_a_restart_they_are_the_same(told: list[Fact]) -> None:
    one_by_one = book_of([])
    for fact in told:
        one_by_one.record_all([fact])
        views(one_by_one)
    restarted = ledger.Book(one_by_one.store, lambda: START)
    assert views(book_of(told)) == views(one_by_one) == views(restarted)
