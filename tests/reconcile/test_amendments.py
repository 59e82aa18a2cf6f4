"""Busts and corrections of earlier fills: in order, once, and in reports that tell nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from adapters.ingest import ingest
from adapters.port import Batch
from adapters.reconcile import Verdict
from adapters.reconcile.outcome import Outcome
from ledger.book import Book
from ledger.domain.events import Event, FeeCharged, FillBusted, FillCorrected
from tests.reconcile.parts import (
    DAY,
    VENUE,
    at,
    booked,
    fee,
    fill,
    kinds,
    opened,
    report,
    told,
)

NO_SPAN: dict[str, Any] = {"covers_from": None, "covers_to": None}


def bust(exec_id: str, ref: str) -> FillBusted:
    return FillBusted(exec_id=exec_id, exec_ref_id=ref, venue=VENUE)


def correction(exec_id: str, ref: str, px: str) -> FillCorrected:
    return FillCorrected(
        exec_id=exec_id, exec_ref_id=ref, venue=VENUE, last_qty=Decimal(10), last_px=Decimal(px)
    )


@pytest.fixture
def side(tmp_path: Path) -> Iterator[Any]:
    with opened(tmp_path) as (book, reports):
        booked(book, (fill("1"), at(1)))
        yield book, reports


def run(side: Any, batch: Batch) -> Outcome:
    book, reports = side
    return told(book, reports, batch)


@pytest.mark.parametrize(
    ("undone", "kind"),
    [
        (bust("b", "1"), "trade.busted_not_reversed"),
        (correction("c", "1", "51"), "trade.correction_not_booked"),
        (bust("b", "9"), "trade.unlinked_reversal"),
    ],
)
def test_a_report_of_reversals_alone_that_names_no_span_is_compared(side, undone, kind):
    outcome = run(side, report((undone, at(2)), **NO_SPAN))
    assert kinds(outcome) == [kind]


def test_a_report_of_reversals_alone_says_nothing_of_other_fills(side):
    book, _ = side
    booked(book, (fill("2"), at(2)), (bust("b", "1"), at(2)))
    assert run(side, report((bust("b", "1"), at(2)), **NO_SPAN)).verdict is Verdict.CLEAN


@pytest.mark.parametrize("with_fill", [True, False])
@pytest.mark.parametrize("turned", [1, -1])
def test_of_several_corrections_the_last_in_time_stands_wherever_it_is_told(
    side, with_fill, turned
):
    book, _ = side
    facts = [(correction("c1", "1", "51"), at(2)), (correction("c2", "c1", "52"), at(3))]
    seen = [(fill("1"), at(1))] if with_fill else []
    other = run(side, report(*seen, *facts[::turned]))
    booked(book, *facts)
    assert kinds(other) == ["trade.correction_not_booked"]
    assert run(side, report(*seen, *facts[::turned])).verdict is Verdict.CLEAN


def test_a_correction_on_record_that_is_told_again_is_no_break(side):
    book, _ = side
    first = (correction("c1", "1", "51"), at(2))
    booked(book, first, (correction("c2", "1", "52"), at(3)))
    assert run(side, report(first)).verdict is Verdict.CLEAN


@pytest.mark.parametrize(
    "facts",
    [
        [correction("c1", "c1", "51")],
        [correction("c1", "c2", "51"), correction("c2", "c1", "52")],
    ],
)
def test_corrections_that_name_themselves_end_as_unlinked(side, facts):
    book, _ = side
    page = report(*((one, at(2)) for one in facts))
    assert set(kinds(run(side, page))) == {"trade.unlinked_reversal", "trade.missing_at_broker"}
    booked(book, *((one, at(2)) for one in facts))
    assert set(kinds(run(side, page))) == {"trade.unlinked_reversal", "trade.missing_at_broker"}


def fee_of(exec_id: str, amount: str) -> FeeCharged:
    return FeeCharged(id="f", amount=Decimal(amount), currency="USD", venue=VENUE, exec_id=exec_id)


def charged(book: Book) -> list[tuple[Event, datetime]]:
    """What the broker tells of a day on which one fill of two was charged."""
    booked(book, (fill("2", fees=(fee("1"),)), at(2)))
    return [(fill("1"), at(1)), (fill("2", fees=(fee("1"),)), at(2))]


AMENDED = {
    "bust": bust("b", "1"),
    "correction": correction("c", "1", "51"),
    "fee": fee_of("1", "0.50"),
}


@pytest.mark.parametrize("what", AMENDED)
def test_an_old_report_is_not_held_against_what_the_venue_amended_after_its_end(side, what):
    book, _ = side
    ingest(book, report((AMENDED[what], at(30)), since=DAY + timedelta(days=1)))
    assert run(side, report(*charged(book))).verdict is Verdict.CLEAN


@pytest.mark.parametrize("what", AMENDED)
def test_it_is_where_the_amendment_is_of_the_reports_own_time(side, what):
    book, _ = side
    ingest(book, report((AMENDED[what], at(3))))
    assert run(side, report(*charged(book))).verdict is Verdict.BREAKS


def test_what_somebody_undid_by_hand_is_held_against_an_old_report(side):
    book, _ = side
    booked(book, (bust("b", "1"), at(30)))
    assert kinds(run(side, report((fill("1"), at(1))))) == ["trade.reversed_only_here"]


def test_an_old_report_that_told_something_else_is_still_broken(side):
    book, _ = side
    ingest(book, report((correction("c", "1", "51"), at(30)), since=DAY + timedelta(days=1)))
    (found,) = run(side, report((fill("1", px="49"), at(1)))).breaks
    assert (found.kind.value, found.ledger_value, found.broker_value) == ("trade.price", "50", "49")


def test_an_old_report_that_is_told_anew_is_held_against_what_stands(side):
    book, _ = side
    ingest(book, report((correction("c", "1", "51"), at(30)), since=DAY + timedelta(days=1)))
    again = report((fill("1", px="51", fees=(fee("1"),)), at(1)))
    assert kinds(run(side, again)) == ["trade.fee"]
