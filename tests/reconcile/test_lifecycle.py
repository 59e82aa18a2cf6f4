"""The life of a break, night by night."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from adapters.cli.commands.reconcile import told
from adapters.port import StatedOrder
from adapters.reconcile.kinds import Severity
from adapters.reconcile.lifecycle import look, record
from adapters.reconcile.writing import Report
from ledger.domain.events import (
    BreakEvent,
    BreakExplained,
    BreakReopened,
    BreakWaived,
    CashDeposited,
    FeeCharged,
    FillBusted,
    FillCorrected,
    OrderAccepted,
    OrderCancelled,
    OrderPlaced,
    OrdType,
    Side,
    StatedBalance,
    StatedPosition,
    TimeInForce,
)
from ledger.domain.order_status import OrdStatus
from tests.reconcile.nights import ACCOUNT, NOW, Nights, day, fee, fill

HOUR = timedelta(hours=1)
QUIET = fill("quiet", instrument_id="V:Y")


@pytest.fixture
def nights() -> Nights:
    return Nights.begin()


def missing(nights: Nights) -> str:
    """A fill that is reported on Monday and not booked."""
    (found,) = nights.run(nights.batch(0, [(fill("x"), day(0) + HOUR)])).states
    return found


def quiet(nights: Nights, nth: int, **other: Any) -> Any:
    """What a report says that knows nothing of Monday: one fill that is booked."""
    one = fill(f"quiet{nth}", instrument_id="V:Y")
    nights.booked(one, day(nth) + HOUR)
    return nights.run(nights.batch(nth, [(one, day(nth) + HOUR)], **other))


# ------------------------------------------------------------------------- tomorrow's run


def test_a_new_break_is_open_and_new(nights: Nights) -> None:
    (state,) = nights.run(nights.batch(0, [(fill("x"), day(0) + HOUR)])).states.values()
    assert (state.status, state.age, state.is_new) == ("open", 0, True)
    assert state.opened_on == date(2026, 3, 2)


def test_tomorrow_it_is_the_same_break_and_older(nights: Nights) -> None:
    found = missing(nights)
    for nth, old in ((1, 1), (4, 4), (6, 4), (7, 5)):
        (state,) = nights.run(
            nights.batch(nth, [(fill("x"), day(0) + HOUR)], days=nth + 1)
        ).states.values()
        assert (state.break_id, state.age, state.is_new) == (found, old, False)
    assert nights.topics().count("break-opened") == 1
    assert nights.topics().count("break-seen-again") == 4


def test_the_same_run_again_records_nothing(nights: Nights) -> None:
    batch = nights.batch(0, [(fill("x"), day(0) + HOUR)])
    first, head = nights.run(batch), nights.head()
    assert nights.run(batch) == first
    assert nights.head() == head


def test_other_figures_on_the_same_day_are_kept(nights: Nights) -> None:
    for qty in (3, 4, 4):
        nights.run(nights.batch(0, positions=positions("V:X", qty)))
    assert [one.broker_value for one in nights.known()] == ["4"]
    assert nights.topics().count("break-seen-again") == 1


def test_two_runs_at_once_record_each_step_once(nights: Nights) -> None:
    for nth in (0, 1):
        batch = nights.batch(nth, [(fill("x"), day(0) + HOUR)], days=nth + 1)
        both = [nights.outcome(batch), nights.outcome(batch)]
        lives = [record(nights.book, nights.reports, one, now=NOW) for one in both]
        assert lives[0] == lives[1]
    assert nights.topics()[-2:] == ["break-opened", "break-seen-again"]


def test_a_step_by_hand_in_between_stands(nights: Nights) -> None:
    found = missing(nights)
    late = nights.outcome(nights.batch(1, [(fill("x"), day(0) + HOUR)], days=2))
    nights.run(nights.batch(1, [(fill("x"), day(0) + HOUR)], days=2))
    by_hand(nights, BreakWaived(break_id=found, who="me", reason="known"))
    head = nights.head()
    record(nights.book, nights.reports, late, now=NOW)
    assert nights.head() == head


def by_hand(nights: Nights, event: BreakEvent) -> None:
    nights.book.record(ACCOUNT, event, occurred_at=NOW)


def test_what_somebody_said_stays_while_it_grows_older(nights: Nights) -> None:
    by_hand(nights, BreakExplained(break_id=missing(nights), note="asked the desk", who="me"))
    batch = nights.batch(1, [(fill("x"), day(0) + HOUR)], days=2)
    (state,) = nights.run(batch).states.values()
    assert (state.status, state.who, state.note) == ("explained", "me", "asked the desk")
    assert nights.topics()[-1] == "break-seen-again"


# ------------------------------------------------------------------------------- waivers


def test_a_waived_break_stays_so_until_its_day(nights: Nights) -> None:
    until = date(2026, 3, 4)
    event = BreakWaived(break_id=missing(nights), who="me", reason="known", until=until)
    by_hand(nights, event)
    head = nights.head()
    for nth in (1, 2):
        batch = nights.batch(nth, [(fill("x"), day(0) + HOUR)], days=nth + 1)
        (state,) = nights.run(batch).states.values()
        assert (state.status, state.waived_until) == ("waived", until)
    assert nights.head() == head


def test_a_waived_break_returns_after_its_day(nights: Nights) -> None:
    event = BreakWaived(break_id=missing(nights), who="me", reason="known", until=date(2026, 3, 4))
    by_hand(nights, event)
    batch = nights.batch(3, [(fill("x"), day(0) + HOUR)], days=4)
    (state,) = nights.run(batch).states.values()
    assert (state.status, state.note, state.age) == ("open", "the waiver ran out", 3)
    assert nights.topics()[-2:] == ["break-reopened", "break-seen-again"]
    head = nights.head()
    nights.run(batch)
    assert nights.head() == head


def test_a_resolved_break_returns_and_is_an_open_issue_again(nights: Nights) -> None:
    from adapters.issues import IssueKind, open_issues

    found = missing(nights)
    nights.booked(fill("x"), day(0) + HOUR)
    quiet(nights, 1)
    bust = FillBusted(exec_id="b", exec_ref_id="x", venue="V", instrument_id="V:X")
    nights.booked(bust, day(1) + HOUR)
    breaks = [one for one in open_issues(nights.book, ACCOUNT) if one.kind is IssueKind.BREAK]
    assert not breaks
    by_hand(nights, BreakReopened(break_id=found, reason="busted by mistake", who="me"))
    assert nights.status() == {"trade.missing_in_ledger": "open"}
    (issue,) = [one for one in open_issues(nights.book, ACCOUNT) if one.kind is IssueKind.BREAK]
    assert (issue.subject, issue.what) == (found, "open again: busted by mistake")


# ------------------------------------------------------------ resolved, when one can tell

SOLD = {"side": Side.SELL}
FIELDS: dict[str, Any] = {
    "trade.quantity": {"last_qty": Decimal(9)},
    "trade.price": {"last_px": Decimal(6)},
    "trade.side": SOLD,
    "trade.instrument": {"instrument_id": "V:Y"},
    "trade.fee": {"fees": fee("2")},
}


@pytest.mark.parametrize("kind", FIELDS)
def test_a_field_is_settled_by_a_report_that_tells_the_fill_again(
    nights: Nights, kind: str
) -> None:
    nights.booked(fill("x", fees=fee("1")), day(0) + HOUR)
    other = fill("x", **{"fees": fee("1")} | FIELDS[kind])
    nights.run(nights.batch(0, [(other, day(0) + HOUR)]))
    assert nights.status()[kind] == "open"
    assert not quiet(nights, 1).resolved
    # A report that tells no fee at all says nothing about fees.
    plain = fill("x") if kind == "trade.fee" else other
    nights.run(nights.batch(2, [(plain, day(0) + HOUR)]))
    assert nights.status()[kind] == "open"
    life = nights.run(nights.batch(3, [(fill("x", fees=fee("1")), day(0) + HOUR)]))
    assert [one.how for one in life.resolved] == ["the report tells it, and it no longer differs"]


def test_a_report_of_an_earlier_day_settles_nothing(nights: Nights) -> None:
    nights.booked(fill("x"), day(0) + HOUR)
    told = fill("x", last_px=Decimal(6))
    nights.run(nights.batch(2, [(told, day(0) + HOUR)]))
    nights.run(nights.batch(0, [(fill("x"), day(0) + HOUR)]))
    assert nights.status() == {"trade.price": "open"}


def test_a_field_that_the_broker_has_corrected_is_not_settled(nights: Nights) -> None:
    nights.booked(fill("x"), day(0) + HOUR)
    told = (fill("x", last_px=Decimal(6)), day(0) + HOUR)
    nights.run(nights.batch(0, [told]))
    correction = FillCorrected(exec_id="c", exec_ref_id="x", venue="V", instrument_id="V:X",
                               last_qty=Decimal(9), last_px=Decimal(5))  # fmt: skip
    nights.run(nights.batch(1, [told, (correction, day(1) + HOUR)], days=2))
    assert nights.status() == {"trade.price": "open", "trade.correction_not_booked": "open"}


def test_a_correction_that_is_booked_settles_it(nights: Nights) -> None:
    nights.booked(fill("x"), day(0) + HOUR)
    nights.run(nights.batch(0, [(fill("x", last_px=Decimal(6)), day(0) + HOUR)]))
    correction = FillCorrected(exec_id="c", exec_ref_id="x", venue="V", instrument_id="V:X",
                               last_qty=Decimal(10), last_px=Decimal(6))  # fmt: skip
    nights.booked(correction, day(1))
    (one,) = quiet(nights, 1).resolved
    assert (one.kind, one.how) == ("trade.price", "the books now say what was reported")


def test_a_fill_that_is_booked_anew_under_the_brokers_id_settles_it(nights: Nights) -> None:
    nights.booked(fill("ours"), day(0) + HOUR)
    told = fill("theirs", last_px=Decimal(6))
    nights.run(nights.batch(0, [(told, day(0) + HOUR)]))
    assert nights.status() == {"trade.price": "open"}
    bust = FillBusted(exec_id="b", exec_ref_id="ours", venue="V", instrument_id="V:X")
    nights.booked(bust, day(1))
    assert not quiet(nights, 1).resolved
    nights.booked(told, day(0) + HOUR)
    assert [one.how for one in quiet(nights, 2).resolved] == ["the books now say what was reported"]


def test_a_fee_that_comes_a_day_later_settles_itself(nights: Nights) -> None:
    nights.booked(fill("x"), day(0) + HOUR)
    nights.run(nights.batch(0, [(fill("x", fees=fee("1.50")), day(0) + HOUR)]))
    assert nights.status() == {"trade.fee": "open"}
    nights.booked(late_fee(), day(1))
    (one,) = quiet(nights, 1).resolved
    assert (one.kind, one.how) == ("trade.fee", "the books now say what was reported")
    assert nights.facts()[-1].event.how == one.how  # type: ignore[attr-defined]


def late_fee() -> FeeCharged:
    return FeeCharged(id="f1", amount=Decimal("1.50"), currency="USD", venue="V", exec_id="x")


def test_a_fee_that_the_broker_tells_a_day_later_settles_itself(nights: Nights) -> None:
    nights.booked(fill("x", fees=fee("1.50")), day(0) + HOUR)
    nights.booked(fill("y", fees=fee("1")), day(0) + HOUR)
    told = [(fill("x"), day(0) + HOUR), (fill("y", fees=fee("1")), day(0) + HOUR)]
    nights.run(nights.batch(0, told))
    assert nights.status() == {"trade.fee": "open"}
    life = nights.run(nights.batch(1, [(late_fee(), day(1) + HOUR)]))
    assert [one.how for one in life.resolved] == ["the rest of the fee is reported now"]


def test_a_missing_fill_is_settled_when_it_is_booked(nights: Nights) -> None:
    missing(nights)
    assert not quiet(nights, 1).resolved
    nights.booked(fill("x"), day(0) + HOUR)
    assert [one.how for one in quiet(nights, 2).resolved] == ["it is booked now"]


def test_a_fill_only_here_is_settled_when_it_is_told_or_busted(nights: Nights) -> None:
    for name in ("told", "busted", "left"):
        nights.booked(fill(name), day(0) + HOUR)
    nights.run(nights.batch(0))
    assert len(nights.known()) == 3
    bust = FillBusted(exec_id="b", exec_ref_id="busted", venue="V", instrument_id="V:X")
    nights.booked(bust, day(1))
    life = nights.run(nights.batch(1, [(fill("told"), day(0) + HOUR)]))
    assert {one.how for one in life.resolved} == {
        "the report tells it, and it no longer differs",
        "it no longer stands in the books",
    }
    (left,) = [one for one in nights.known() if not one.is_resolved]
    assert left.reference == "A/V//fill/left/"


def test_a_bust_that_is_booked_settles_it(nights: Nights) -> None:
    nights.booked(fill("x"), day(0) + HOUR)
    bust = FillBusted(exec_id="b", exec_ref_id="x", venue="V", instrument_id="V:X")
    nights.run(nights.batch(1, [(bust, day(1) + HOUR)]))
    assert nights.status() == {"trade.busted_not_reversed": "open"}
    nights.booked(bust, day(1) + HOUR)
    assert [one.how for one in quiet(nights, 2).resolved] == ["it no longer stands in the books"]


def positions(name: str, qty: int) -> tuple[StatedPosition, ...]:
    return (StatedPosition(instrument_id=name, qty=Decimal(qty)),)


def test_a_position_is_settled_by_a_report_that_states_it_and_agrees(nights: Nights) -> None:
    nights.booked(fill("old", last_qty=Decimal(5)), day(-3))
    nights.booked(fill("x", last_qty=Decimal(5)), day(0) + HOUR)
    told = [(fill("x", last_qty=Decimal(5)), day(0) + HOUR)]
    nights.run(nights.batch(0, told, positions=positions("V:X", 12)))
    assert nights.status() == {"position.quantity": "open"}
    assert not quiet(nights, 1).resolved
    assert not quiet(nights, 2, positions=positions("V:Y", 20)).resolved
    assert not quiet(nights, 3, positions=positions("V:X", 13)).resolved
    life = quiet(nights, 4, positions=positions("V:X", 10))
    assert [one.how for one in life.resolved] == ["the report states it, and the books agree"]
    early = nights.batch(0, told, positions=positions("V:X", 12))
    assert next(iter(nights.run(early).states.values())).status == "resolved"


def test_a_position_that_differs_otherwise_is_not_settled(nights: Nights) -> None:
    nights.booked(fill("old", instrument_id="V:X"), day(-3))
    nights.run(nights.batch(0, positions=positions("V:X", 12)))
    assert not quiet(nights, 1, positions=positions("V:X", -2)).resolved
    assert nights.status() == {"position.quantity": "open", "position.sign": "open"}
    assert len(quiet(nights, 2, positions=positions("V:X", 10)).resolved) == 2


def test_a_break_can_come_and_go_twice_on_one_day(nights: Nights) -> None:
    nights.booked(fill("old", instrument_id="V:X"), day(-3))
    for qty, status in ((12, "open"), (10, "resolved"), (12, "open"), (10, "resolved")):
        nights.run(nights.batch(0, positions=positions("V:X", qty)))
        assert nights.status() == {"position.quantity": status}
    steps = [topic for topic in nights.topics() if topic.startswith("break-")]
    assert steps == ["break-opened", "break-resolved", "break-reopened", "break-resolved"]


def test_what_a_later_report_has_settled_is_told_so_and_is_not_new(nights: Nights) -> None:
    nights.booked(fill("old", instrument_id="V:X"), day(-3))
    first = nights.batch(0, positions=positions("V:X", 12))
    nights.run(first)
    quiet(nights, 1, positions=positions("V:X", 10))
    outcome = nights.outcome(first)
    report = Report(outcome=outcome, life=look(nights.reports, outcome))
    assert told(report) == "A: 1 break, 0 new, 1 settled by a later report, 0 matches"
    assert not report.is_failing(Severity.LOW)


def test_a_balance_likewise(nights: Nights) -> None:
    deposit = CashDeposited(id="d", amount=Decimal(100), currency="USD", venue="V")
    nights.booked(deposit, day(-3))
    for nth, (ending, kind) in enumerate((("101", "open"), ("101", "open"), ("100", "resolved"))):
        stated = (StatedBalance(currency="USD", ending=Decimal(ending)),)
        nights.run(nights.batch(nth, balances=stated))
        assert list(nights.status().values()) == [kind]


def test_a_movement_is_settled_when_it_is_booked(nights: Nights) -> None:
    deposit = CashDeposited(id="d", amount=Decimal(100), currency="USD", venue="V")
    nights.run(nights.batch(0, [(deposit, day(0) + HOUR)]))
    assert nights.status() == {"cash.movement_missing_in_ledger": "open"}
    assert not quiet(nights, 1).resolved
    nights.booked(deposit, day(0) + HOUR)
    assert [one.how for one in quiet(nights, 2).resolved] == ["it is booked now"]


def test_an_order_is_settled_when_it_is_closed_or_stated_alike(nights: Nights) -> None:
    for name in ("o1", "o2"):
        placed = OrderPlaced(cl_ord_id=name, instrument_id="V:X", side=Side.BUY,
                             ord_type=OrdType.LIMIT, order_qty=Decimal(1), limit_px=Decimal(1),
                             tif=TimeInForce.GTC)  # fmt: skip
        nights.booked(placed, day(0))
        nights.booked(OrderAccepted(cl_ord_id=name, order_id=f"V-{name}"), day(0) + HOUR)
    nights.run(nights.batch(0, coverage={"lists_orders": True}))
    assert [one.status for one in nights.known()] == ["open", "open"]
    assert not quiet(nights, 1).resolved
    nights.booked(OrderCancelled(cl_ord_id="o1"), day(1) + HOUR)
    stated = StatedOrder(order_id="V-o2", instrument_id="V:X", side=Side.BUY, qty=Decimal(1),
                         cum_qty=Decimal(0), status=OrdStatus.NEW)  # fmt: skip
    life = nights.run(nights.batch(2, orders=(stated,)))
    assert sorted(one.how for one in life.resolved) == [
        "the order is closed here now",
        "the report states it, and the books agree",
    ]


# ---------------------------------------------------------------------- what is not touched


def test_a_report_of_another_venue_settles_nothing(nights: Nights) -> None:
    missing(nights)
    nights.booked(fill("x"), day(0) + HOUR)
    nights.run(nights.batch(1, [(fill("z", venue="W"), day(1) + HOUR)], venue="W"))
    assert [one.status for one in nights.known()] == ["open", "open"]


def test_an_incomplete_report_touches_nothing(nights: Nights) -> None:
    missing(nights)
    nights.booked(fill("x"), day(0) + HOUR)
    head = nights.head()
    life = nights.run(nights.batch(1, coverage={"missing": ("page 2 of 3",)}))
    assert (dict(life.states), life.resolved, nights.head()) == ({}, (), head)


def test_a_run_made_again_says_what_it_resolved(nights: Nights) -> None:
    missing(nights)
    nights.booked(fill("x"), day(0) + HOUR)
    batch = nights.batch(1, [(fill("x"), day(0) + HOUR)])
    assert nights.run(batch).resolved == nights.run(batch).resolved != ()


def test_what_cannot_be_kept_as_it_is_is_escaped(nights: Nights) -> None:
    from adapters.quarantine import Quarantined

    row = Quarantined(
        file="a\tb", row="r 1", field="qty", value="\x00" * 3000, rule="r", digest="d"
    )
    nights.run(nights.batch(0, quarantine=(row,)))
    (one,) = nights.known()
    assert (one.kind_name, one.broker_value[:8]) == ("input.row_quarantined", "\\x00\\x00")
    assert not quiet(nights, 1).resolved
    life = nights.run(nights.batch(2, days=3))
    assert [one.how for one in life.resolved] == ["a report of the same time no longer shows it"]
