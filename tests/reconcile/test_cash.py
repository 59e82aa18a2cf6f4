"""Cash by currency: what it began with, what moved, the end, and what of it has settled."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import attrs
import pytest

from adapters.ingest import ingest
from adapters.port import Batch
from adapters.reconcile import Cause, Outcome
from adapters.reconcile.kinds import Kind, Severity
from ledger.domain.events import CashDeposited, StatedBalance
from ledger.domain.gates import changed
from tests.reconcile.nights import Nights, day
from tests.reconcile.nights import fill as ten_units
from tests.reconcile.parts import VENUE, at, booked, fill, opened, report, told

SETTLES = date(2026, 3, 4)
"""Two days after the day of the reports."""


@pytest.fixture
def side(tmp_path):
    with opened(tmp_path) as (book, reports):
        yield book, reports


def stated(ending: str, opening: str | None = None, settled: str | None = None,
           **covers: Any) -> Batch:  # fmt: skip
    """A report of the dollars in an account."""
    return attrs.evolve(report(**covers), balances=(balance(ending, opening, settled),))


def balance(ending: str, opening: str | None = None, settled: str | None = None) -> StatedBalance:
    opened_with, changed_hands = (
        None if told is None else Decimal(told) for told in (opening, settled)
    )
    return StatedBalance(
        currency="USD", ending=Decimal(ending), opening=opened_with, settled=changed_hands
    )


def run(side: Any, batch: Batch, **how: Any) -> Outcome:
    book, reports = side
    return told(book, reports, batch, **how)


def figures(outcome: Outcome) -> dict[str, tuple[str, str | None]]:
    """Both sides by what they are of, in the order they are told."""
    return {
        one.what: (str(one.ledger), None if one.broker is None else str(one.broker))
        for one in outcome.balances
    }


def deposit(name: str, amount: int) -> CashDeposited:
    return CashDeposited(id=name, venue=VENUE, amount=Decimal(amount), currency="USD")


# ------------------------------------------------------------------------------------ path


def test_the_path_from_the_opening_to_the_end(side):
    booked(side[0], (deposit("d2", 7), at(2)))
    outcome = run(side, stated("100007", "100000", "100007"))
    assert outcome.breaks == ()
    assert list(figures(outcome).items()) == [
        ("opening", ("100000", "100000")),
        ("movements", ("7", "7")),
        ("total", ("100007", "100007")),
        ("settled", ("100007", "100007")),
    ]


@pytest.mark.parametrize(
    ("ending", "opening", "apart"),
    [("100012", "100005", {"opening"}), ("100012", "100000", {"movements"})],
)
def test_it_shows_where_the_money_parted(side, ending, opening, apart):
    booked(side[0], (deposit("d2", 7), at(2)))
    outcome = run(side, stated(ending, opening))
    assert {one.what for one in outcome.balances if not one.agrees} == {"total", *apart}
    assert len(outcome.breaks) == 1


def test_what_the_report_does_not_state_is_ours_alone(side):
    assert list(figures(run(side, stated("100000")))) == ["total"]
    assert figures(run(side, stated("100001")))["opening"] == ("100000", None)
    no_begin = stated("100001", "100000", covers_from=None)
    assert list(figures(run(side, no_begin))) == ["total"]


def test_money_that_agreed_at_an_earlier_statement_did_not_begin_apart(side):
    """A report since the beginning of the books has nothing before it, night after night."""
    since = at(0, -25)
    (before,) = run(side, stated("100001", since=since, days=26)).breaks
    assert (before.kind, before.cause) == (Kind.CASH_OPENING, Cause.OPENING_UNKNOWN)
    ingest(side[0], attrs.evolve(stated("100000", since=since, days=25), statement_id="one"))
    (found,) = run(side, stated("100001", since=since, days=26)).breaks
    assert (found.kind, found.cause) == (Kind.CASH_BALANCE, Cause.UNKNOWN)
    assert found.parted_after is not None


# -------------------------------------------------------------------------------- rounding


def rounded(batch: Batch, rounding: str) -> Batch:
    """The report of a venue that loses so much in print."""
    lost = Decimal(rounding)
    return attrs.evolve(
        batch, balances=tuple(changed(one, rounding=lost) for one in batch.balances)
    )


@pytest.mark.parametrize(("rounding", "agrees"), [("0.002", True), ("0.001", False), ("0", False)])
def test_what_a_venue_loses_in_print_is_no_break(side, rounding, agrees):
    batch = rounded(stated("100000.002", "99999.998", "99999.998"), rounding)
    outcome = run(side, batch)
    assert (outcome.breaks == ()) is agrees
    of_balance = {one.what: one.agrees for one in outcome.balances if one.what != "movements"}
    assert of_balance == dict.fromkeys(("opening", "total", "settled"), agrees)


def test_what_a_venue_loses_in_print_is_not_what_it_says():
    batch = stated("100")
    kept = [one.statement() for one in (batch, rounded(batch, "0.1"))]
    assert len({one.digest for one in kept if one is not None}) == 1


# --------------------------------------------------------------------------------- settled


def bought(side: Any) -> None:
    """Units for 500, the day before the reports, that settle two days after it."""
    booked(side[0], (fill("1", settl_date=SETTLES), at(1, -1)))


def test_settled_money_agrees_until_other_money_is_to_settle(side):
    bought(side)
    assert run(side, stated("99500", settled="100000")).breaks == ()
    (found,) = run(side, stated("99500", settled="99500")).breaks
    assert (found.kind, found.severity, found.cause) == (
        Kind.CASH_SETTLED, Severity.LOW, Cause.UNKNOWN)  # fmt: skip
    assert (found.difference, found.unit) == (Decimal(-500), "USD")
    assert found.note == "still to settle: -500 here, 0 there"


def test_it_is_as_of_the_reports_last_day(side):
    bought(side)
    for days, settled in ((2, "100000"), (3, "99500")):
        assert run(side, stated("99500", settled=settled, days=days)).breaks == ()


def test_a_total_that_is_off_by_as_much_tells_it_alone_and_what_agrees_is_no_break(side):
    bought(side)
    both = [Kind.CASH_BALANCE, Kind.CASH_SETTLED]
    for settled, kinds in (("100001", both[:1]), ("100000", both[:1]), ("100002", both)):
        found = run(side, stated("99501", settled=settled)).breaks
        assert [one.kind for one in found] == kinds


def test_another_settlement_date_is_the_cause(side):
    bought(side)
    earlier = fill("1", settl_date=SETTLES - timedelta(days=2))
    batch = report((earlier, at(1, -1)), since=at(0, -1), days=2)
    batch = attrs.evolve(batch, balances=(balance("99500", settled="99500"),))
    found = {one.kind: one.cause for one in run(side, batch).breaks}
    assert found[Kind.CASH_SETTLED] is Cause.OTHER_BREAKS


def test_it_is_gone_when_it_agrees_or_the_balance_tells_it(tmp_path):
    for again, how in (
        (("99950", "100000"), "the report states it, and the books agree"),
        (("99951", "100001"), "it differs by as much as the balance, whose break tells it"),
    ):
        nights = Nights.begin()
        nights.booked(deposit("d", 100_000), day(-3))
        nights.booked(ten_units("x", settl_date=date(2026, 3, 20)), day(-2))
        nights.run(nights.batch(0, balances=(balance("99950", settled="99950"),)))
        assert nights.status() == {"cash.settled": "open"}
        life = nights.run(nights.batch(1, balances=(balance(again[0], settled=again[1]),)))
        assert [one.how for one in life.resolved] == [how]
