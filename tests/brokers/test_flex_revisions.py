"""An execution id with a later revision is the same execution corrected, not a second one."""

from __future__ import annotations

import random
from itertools import permutations
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ledger
from adapters.brokers.ibkr_flex.revisions import earlier
from adapters.ingest import ingest
from ledger.domain.events import FillBusted, FillCorrected
from tests.brokers.flex import NOW, trade, trades

FIRST = trade(transactionID="1", ibExecID="0000d5db.69.01.01", quantity="100")
SECOND = trade(transactionID="3", ibExecID="0000d5db.69.01.02", quantity="101")
THIRD = trade(transactionID="5", ibExecID="0000d5db.69.01.03", quantity="102")
CANCEL = trade(transactionID="2", transactionType="TradeCancel", quantity="-100",
               buySell="BUY (Ca.)", origTransactionID="1", ibCommission="6")  # fmt: skip


def held(*batches: Any) -> tuple[Any, Any]:
    """Units and money, after each batch was told twice."""
    with ledger.open("memory://", clock=lambda: NOW) as book:
        for batch in batches:
            ingest(book, batch)
            assert ingest(book, batch).added == 0
        (money,) = book.balances("U1")
        return book.position("U1", "IBKR:900001").net_qty, money.total


@pytest.mark.parametrize(
    ("rows", "qty"),
    [((FIRST, SECOND), 101), ((FIRST, SECOND, THIRD), 102), ((FIRST, THIRD), 102)],
)
def test_in_one_file_or_in_several_of_any_order_the_last_stands(
    rows: tuple[str, ...], qty: int
) -> None:
    expected = (qty, -16 * qty - 6)
    assert held(trades(*rows)) == expected
    for order in permutations(rows):
        assert held(*[trades(row) for row in order]) == expected


def test_a_cancel_in_the_file_undoes_it_alone() -> None:
    batch = trades(FIRST, CANCEL, SECOND)
    busts = [r.event for r in batch.records if isinstance(r.event, FillBusted)]
    assert [bust.exec_id for bust in busts] == ["2"]
    assert held(batch)[0] == 101


def test_a_cancel_of_an_earlier_files_fill_undoes_it_alone() -> None:
    batch = trades(CANCEL, SECOND)
    assert sum(isinstance(r.event, FillBusted) for r in batch.records) == 1
    assert held(trades(FIRST), batch)[0] == 101


def test_a_correction_that_names_nothing_corrects_the_revision_before() -> None:
    corrected = trade(transactionType="TradeCorrect", transactionID="3", origTransactionID="0",
                      ibExecID="0000d5db.69.01.02", quantity="101")  # fmt: skip
    batch = trades(FIRST, corrected)
    (event,) = [r.event for r in batch.records if isinstance(r.event, FillCorrected)]
    assert event.exec_ref_id == "0000d5db.69.01.01"
    assert held(batch)[0] == 101


@pytest.mark.parametrize("exec_id", ["a.1", "a", "", "a.01", "x.b", "0001.ab.2"])
def test_other_ids_have_no_revision_before(exec_id: str) -> None:
    assert earlier(exec_id) == []


@given(st.permutations(range(5)), st.randoms(use_true_random=False))
def test_however_it_comes_one_execution_is_held_once(order: list[int], dice: random.Random) -> None:
    batch = trades(FIRST, CANCEL, SECOND, trade(transactionID="9", ibExecID="z.02.01"), THIRD)
    records = [batch.records[place] for place in order if place < len(batch.records)]
    rest = [record for record in batch.records if record not in records]
    parts = [*records, *rest]
    cut = dice.randrange(len(parts))
    found = held(*[attrs.evolve(batch, records=tuple(part)) for part in (parts[:cut], parts[cut:])
                   if part])  # fmt: skip
    assert found[0] == 202
