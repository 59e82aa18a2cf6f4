"""The parts of a reconciliation, each by small stories."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from adapters.ingest import ingest
from adapters.port import Control
from adapters.reconcile import Cause, Pass, Verdict
from adapters.reconcile.kinds import Kind
from ledger.domain.events import (
    CashDeposited,
    DividendPaid,
    FeeCharged,
    FillBusted,
    OrderAccepted,
    OrderPlaced,
    OrdType,
    Side,
    make_fact,
)
from ledger.domain.gates import changed
from ledger.domain.order_status import OrdStatus
from tests.reconcile.parts import (
    ACCOUNT,
    DAY,
    VENUE,
    at,
    booked,
    fee,
    fill,
    kinds,
    opened,
    order,
    report,
    told,
)


@pytest.fixture
def side(tmp_path):
    with opened(tmp_path) as (book, reports):
        yield book, reports


def test_both_sides_the_same_are_clean(side):
    book, reports = side
    facts = [(fill("1"), at(1)), (fill("2", side=Side.SELL), at(2))]
    booked(book, *facts)
    outcome = told(book, reports, report(*facts, positions={}, lists_positions=True))
    assert (outcome.verdict, outcome.matched) == (Verdict.CLEAN, {Pass.KEY: 2})


def test_an_empty_answer_is_not_a_flat_account(side):
    book, reports = side
    booked(book, (fill("1"), at(1)))
    outcome = told(book, reports, report(sections=()))
    assert (outcome.verdict, outcome.breaks) == (Verdict.INCOMPLETE, ())


def test_an_empty_section_says_there_was_nothing(side):
    book, reports = side
    booked(book, (fill("1"), at(1)))
    # A report that covers the day and has its section of fills empty: ours is missing there. One
    # whose parser knows of no fill at all says nothing of trades.
    outcome = told(book, reports, report())
    assert kinds(outcome) == ["trade.missing_at_broker"]


@pytest.mark.parametrize(
    ("covers", "words"),
    [
        ({"missing": ("page 2",)}, "page 2"),
        ({"covers_to": DAY}, "an earlier one"),
    ],
)
def test_a_report_that_is_not_whole_breaks_nothing(side, covers, words):
    book, reports = side
    booked(book, (fill("1"), at(1)))
    outcome = told(book, reports, report((fill("2"), at(2)), **covers), as_of=at(20))
    assert outcome.verdict is Verdict.INCOMPLETE
    assert (outcome.breaks, outcome.matched) == ((), {})
    assert words in outcome.incomplete[0]


def test_a_thousand_pairs_of_identical_fills_stay_two_thousand(side):
    book, reports = side
    pairs = [
        (fill(f"{half}{nth:04}", order_id="o"), at(1) + timedelta(seconds=nth))
        for nth in range(1_000)
        for half in "ab"
    ]
    book.record_all([make_fact(ACCOUNT, event, when) for event, when in pairs])
    outcome = told(book, reports, report(*pairs))
    assert (outcome.verdict, outcome.matched) == (Verdict.CLEAN, {Pass.KEY: 2_000})
    assert book.position(ACCOUNT, "V:X").net_qty == 20_000


def test_identical_fills_with_ids_of_their_own_all_stay(side):
    book, reports = side
    facts = [(fill(f"{nth:04}"), at(1)) for nth in range(200)]
    booked(book, *facts)
    assert told(book, reports, report(*facts)).matched == {Pass.KEY: 200}
    # Renumbered, they pair one to one, and not more.
    others = [(fill(f"n{nth:04}"), at(1)) for nth in range(199)]
    outcome = told(book, reports, report(*others))
    assert outcome.matched == {Pass.ECONOMIC: 199}
    assert kinds(outcome).count("trade.missing_at_broker") == 1
    assert kinds(outcome).count("trade.renumbered") == 199


def test_one_row_for_several_fills_of_an_order(side):
    book, reports = side
    parts = [
        (fill("1", "3", "50", order_id="o"), at(1)),
        (fill("2", "7", "51", order_id="o"), at(2)),
    ]
    booked(book, *parts)
    whole = fill("w", "10", "50.7", order_id="o")
    outcome = told(book, reports, report((whole, at(2))))
    assert (kinds(outcome), outcome.matched) == (["trade.aggregated"], {Pass.SUMS: 1})


def test_what_a_feed_of_another_name_booked_is_looked_for_in_the_report(side):
    """The broker's statement has to have what its drop copy told; no name says which is which."""
    book, reports = side
    feed = [changed(fill(one), venue="FEED") for one in ("1", "2")]
    booked(book, (feed[0], at(1)), (changed(feed[1], last_qty=Decimal(7)), at(2)))
    outcome = told(book, reports, report((fill("w"), at(1))))
    assert sorted(kinds(outcome)) == ["trade.missing_at_broker", "trade.renumbered"]


@pytest.mark.parametrize("is_one_here", [True, False])
@pytest.mark.parametrize(
    ("amounts", "kind", "apart"),
    [
        (("1", "2", "3"), None, None),
        (("1", "2", "5"), "trade.fee", 2),
        (("0", "0", "5"), "trade.fee", 5),
        (("1", "1", "1"), "trade.fee", -1),
    ],
)
def test_charges_of_one_row_are_those_of_its_parts(side, amounts, kind, apart, is_one_here):
    """What is charged otherwise has to be told, whichever side has the one row."""
    book, reports = side
    first, second, whole = ((fee(one),) if one != "0" else () for one in amounts)
    parts = [
        (fill("1", "3", "50", order_id="o", fees=first), at(1)),
        (fill("2", "7", "50", order_id="o", fees=second), at(2)),
    ]
    row = (fill("w", "10", "50", order_id="o", fees=whole), at(2))
    booked(book, *([row] if is_one_here else parts))
    outcome = told(book, reports, report(*(parts if is_one_here else [row])))
    found = {one.kind.value: one for one in outcome.breaks}
    if is_one_here and amounts[0] == "0":  # a report without charges says nothing of them
        kind = None
    assert sorted(found) == sorted(filter(None, ["trade.aggregated", kind]))
    if kind:
        assert found[kind].difference == (-apart if is_one_here else apart)


def test_a_sum_that_does_not_make_the_price_is_none(side):
    book, reports = side
    parts = [
        (fill("1", "3", "50", order_id="o"), at(1)),
        (fill("2", "7", "51", order_id="o"), at(2)),
    ]
    booked(book, *parts)
    outcome = told(book, reports, report((fill("w", "10", "50.6", order_id="o"), at(2))))
    assert Pass.SUMS not in outcome.matched


def test_a_report_without_fees_says_nothing_about_them(side):
    book, reports = side
    booked(book, (fill("1", fees=(fee("1"),)), at(1)), (fill("2", fees=(fee("1"),)), at(2)))
    assert not told(book, reports, report((fill("1"), at(1)), (fill("2"), at(2)))).breaks
    outcome = told(book, reports, report((fill("1"), at(1)), (fill("2", fees=(fee("2"),)), at(2))))
    assert kinds(outcome) == ["trade.fee", "trade.fee"]


def test_a_fee_that_is_charged_apart_is_part_of_its_fill(side):
    book, reports = side
    booked(book, (fill("1", fees=(fee("1.5"),)), at(1)))
    apart = FeeCharged(id="f", venue=VENUE, amount=Decimal("1.5"), currency="USD", exec_id="1")
    outcome = told(book, reports, report((fill("1"), at(1)), (apart, at(3)), (apart, at(3))))
    assert outcome.verdict is Verdict.CLEAN


def test_a_bust_that_both_have_is_no_break(side):
    book, reports = side
    bust = FillBusted(exec_id="b", exec_ref_id="1", venue=VENUE, instrument_id="V:X")
    facts = [(fill("1"), at(1)), (bust, at(2))]
    booked(book, *facts)
    outcome = told(book, reports, report(*facts))
    assert (outcome.verdict, outcome.matched) == (Verdict.CLEAN, {Pass.REVERSAL: 1})


def test_clocks_may_be_a_minute_apart_around_midnight(side):
    book, reports = side
    booked(
        book, (fill("1"), at(0) - timedelta(seconds=20)), (fill("2"), at(0) - timedelta(hours=2))
    )
    outcome = told(book, reports, report((fill("1"), at(0)), (fill("2"), at(1))))
    assert kinds(outcome) == ["trade.date"]


# ------------------------------------------------------------------------------ orders


def test_orders_on_either_side(side):
    book, reports = side
    for name in ("o1", "o2", "o3"):
        placed = OrderPlaced(
            cl_ord_id=name, instrument_id="V:X", side=Side.BUY, order_qty=Decimal(10),
            ord_type=OrdType.LIMIT, limit_px=Decimal(40),
        )  # fmt: skip
        booked(book, (placed, at(1)), (OrderAccepted(cl_ord_id=name, order_id=f"v{name}"), at(2)))
    booked(book, (fill("1", "4", cl_ord_id="o2"), at(3)))
    stated = (
        order("vo2", cl_ord_id="o2", cum_qty=Decimal(5), status=OrdStatus.PARTIALLY_FILLED),
        order("vo3", OrdStatus.CANCELED),
        order("other"),
    )
    batch = report((fill("1", "4", cl_ord_id="o2"), at(3)), orders=stated, lists_orders=True)
    assert kinds(told(book, reports, batch)) == [
        "order.cum_qty",
        "order.open_here_closed_there",
        "order.open_here_closed_there",
        "order.open_there_unknown_here",
    ]


def test_an_order_that_is_known_by_its_fills_alone_is_one_that_nobody_placed(side):
    """Its break is the same before and after a part of it is filled, and not that it is done."""
    book, reports = side
    part = (fill("1", "4", cl_ord_id="o1", order_id="vo1"), at(3))
    unfilled = order("vo1", cl_ord_id="o1")
    partly = order("vo1", OrdStatus.PARTIALLY_FILLED, cl_ord_id="o1", cum_qty=Decimal(4))
    (before,) = told(book, reports, report(orders=(unfilled,))).breaks
    booked(book, part)
    (after,) = told(book, reports, report(part, orders=(partly,))).breaks
    assert after.kind is Kind.ORDER_UNKNOWN_HERE
    assert after.break_id == before.break_id


# ------------------------------------------------------------------------------ money


def test_movements_pair_by_key_then_by_amount_and_day(side):
    book, reports = side
    dividend = DividendPaid(id="v1", venue=VENUE, amount=Decimal(5), currency="USD",
                            instrument_id="V:X")  # fmt: skip
    booked(book, (dividend, at(1)), (deposit("d2", 7), at(2)), (deposit("d3", 9), at(3)))
    batch = report((dividend, at(1)), (deposit("other", 7), at(4)), (deposit("d5", 8), at(5)))
    outcome = told(book, reports, batch)
    assert kinds(outcome) == [
        "cash.movement_missing_at_broker",
        "cash.movement_missing_in_ledger",
    ]
    assert [one.difference for one in outcome.breaks] == [Decimal(-9), Decimal(8)]


def test_a_movement_told_otherwise(side):
    book, reports = side
    booked(book, (deposit("d2", 7), at(2)))
    (found,) = told(book, reports, report((deposit("d2", 8), at(2)))).breaks
    assert (found.kind, found.difference) == (Kind.CASH_MOVEMENT, Decimal(1))


def test_a_declared_tolerance_is_told_with_what_it_absorbed(side):
    book, reports = side
    booked(book, (deposit("d2", 7), at(2)))
    batch = report((deposit("d2", 8), at(2)))
    outcome = told(book, reports, batch, tolerances={"USD": Decimal(1)})
    assert outcome.verdict is Verdict.CLEAN
    assert [(one.subject, one.difference) for one in outcome.absorbed] == [("USD", Decimal(1))]


def test_no_tolerance_lets_a_trade_pass(side):
    book, reports = side
    booked(book, (fill("1", fees=(fee("1"),)), at(1)))
    batch = report((fill("1", px="50.01", fees=(fee("1.01"),)), at(1)))
    outcome = told(book, reports, batch, tolerances={"USD": Decimal(9), "units": Decimal(9)})
    assert kinds(outcome) == ["trade.fee", "trade.price"]
    assert [one.difference for one in outcome.breaks] == [Decimal("0.01"), Decimal("0.1")]


def test_totals_that_rows_do_not_make(side):
    book, reports = side
    control = Control(name="fees", currency="USD", stated=Decimal(2), rows=Decimal(1))
    (found,) = told(book, reports, report(controls=(control,))).breaks
    assert (found.kind, found.difference) == (Kind.CONTROL_TOTAL, Decimal(1))


def deposit(name: str, amount: int) -> CashDeposited:
    return CashDeposited(id=name, venue=VENUE, amount=Decimal(amount), currency="USD")


# ------------------------------------------------------------------------------ positions


def test_a_position_parts_after_the_last_fill_both_have(side):
    book, reports = side
    fills = [(fill(str(nth)), at(nth)) for nth in range(1, 9)]
    booked(book, *fills[:5], *fills[6:])
    outcome = told(book, reports, report(*fills, positions={"V:X": "80"}))
    assert kinds(outcome) == ["position.quantity", "trade.missing_in_ledger"]
    position = outcome.breaks[0]
    assert (position.difference, position.cause) == (Decimal(10), Cause.OTHER_BREAKS)
    last = next(f for f in book.log(ACCOUNT) if getattr(f.event, "exec_id", "") == "5")
    assert position.parted_after == last.number


def test_a_trade_in_another_instrument_explains_the_positions_of_both(side):
    book, reports = side
    booked(book, (fill("1"), at(1)), (fill("2"), at(2)))
    there = (fill("1", instrument_id="V:Y"), at(1))
    positions = {"V:X": "10", "V:Y": "10"}
    outcome = told(book, reports, report(there, (fill("2"), at(2)), positions=positions))
    assert kinds(outcome) == ["position.quantity", "position.quantity", "trade.instrument"]
    assert [one.cause for one in outcome.breaks[:2]] == [Cause.OTHER_BREAKS] * 2


def test_a_fill_that_is_here_alone_is_no_unknown_opening(side):
    """The report begins flat, and the books do as well: they part at their first fill."""
    book, reports = side
    booked(book, (fill("1"), at(1)), (fill("2"), at(3)))
    for there in ((), ((fill("2"), at(3)),)):
        held = {"V:X": str(10 * len(there))}
        position, *rest = told(book, reports, report(*there, positions=held)).breaks
        assert (position.kind, position.cause) == (Kind.POSITION_QUANTITY, Cause.OTHER_BREAKS)
        assert position.parted_after is None
        assert {one.kind for one in rest} == {Kind.MISSING_AT_BROKER}


def test_where_the_report_begins_apart_earlier_statements_tell(side):
    book, reports = side
    booked(book, (fill("1"), at(1)))
    ingest(book, report(positions={"V:X": "10"}, statement_id="one"))
    booked(book, (fill("2"), at(1, 1)), (fill("3"), at(2, 2)))
    batch = report((fill("3"), at(2, 2)), since=DAY + timedelta(days=2), positions={"V:X": "25"})
    (found,) = told(book, reports, batch).breaks
    first = next(f for f in book.log(ACCOUNT) if getattr(f.event, "exec_id", "") == "1")
    assert (found.kind, found.parted_after) == (Kind.POSITION_QUANTITY, first.number)


@pytest.mark.parametrize(
    ("positions", "kind", "cause"),
    [
        ({"V:X": "-10"}, Kind.POSITION_SIGN, Cause.MISSING_FEED),
        ({"V:X": "20"}, Kind.POSITION_QUANTITY, Cause.CORPORATE_ACTION),
        ({"V:X": "0", "V:Y": "10"}, Kind.POSITION_QUANTITY, Cause.RENAMED),
        ({"V:X": "13"}, Kind.POSITION_QUANTITY, Cause.MISSING_FEED),
    ],
)
def test_what_a_position_is_likely_to_differ_by(side, positions, kind, cause):
    book, reports = side
    booked(book, (fill("1"), at(1, -3)), (fill("2", side=Side.SELL), at(2, -3)),
           (fill("3"), at(3, -3)))  # fmt: skip
    outcome = told(book, reports, report(positions=positions))
    assert outcome.breaks[0].kind is kind
    assert outcome.breaks[0].cause is cause


def test_the_key_of_a_break_has_no_figure_in_it(side):
    book, reports = side
    booked(book, (fill("1"), at(1, -3)))
    one, other = (
        told(book, reports, report(positions={"V:X": qty})).breaks[0] for qty in ("11", "12")
    )
    assert one.break_id == other.break_id
    assert one != other
