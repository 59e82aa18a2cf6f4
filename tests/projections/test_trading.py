"""Stop paths, excursions, lots, exits and fees in other currencies, worked out by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

import ledger
from ledger.domain.events import (
    AccountOpened,
    Contingency,
    Crossing,
    Event,
    Fee,
    FillBooked,
    FillBusted,
    FillCorrected,
    InstrumentDefined,
    Intent,
    Meta,
    OrderPlaced,
    OrderReplaced,
    OrdersLinked,
    OrdType,
    PositionOpenedMidLife,
    ReplaceRequested,
    Side,
    Source,
    SplitApplied,
    StopMoved,
    StopReason,
    TargetMoved,
    UnitsReason,
    UnitsReceived,
    make_fact,
)
from ledger.domain.instruments import Instrument, InstrumentKind
from ledger.domain.numbers import ZERO
from ledger.domain.prices import PriceKind, Rate
from ledger.errors import NaiveTimeError
from projections.errors import BadCursorError
from projections.reports import Reports
from tests.projections.tables import in_memory

START = datetime(2026, 1, 5, 9, tzinfo=UTC)
WHAT = Instrument(
    instrument_id="X",
    symbol="X",
    kind=InstrumentKind.LINEAR,
    currency="USD",
    multiplier=Decimal(10),
)
BUY, SELL = Side.BUY, Side.SELL


def minute(nth: int) -> datetime:
    return START + timedelta(minutes=nth)


def told(*facts: tuple[int, Event], **rules: Any) -> ledger.Book:
    """An account that trades X, a contract of ten dollars a point; facts by their minutes."""
    book = ledger.open("memory://", clock=lambda: START)
    begun = [
        (0, AccountOpened(base_currency="USD", **rules)),
        (0, InstrumentDefined(instrument=WHAT)),
    ]
    for at, event in (*begun, *facts):
        book.record_all([make_fact("A", event, minute(at))])
    return book


def fill(name: str, side: Side, qty: str, px: str, *fees: Fee, **more: Any) -> FillBooked:
    return FillBooked(
        exec_id=name, instrument_id="X", side=side, last_qty=Decimal(qty), last_px=Decimal(px),
        fees=fees, **more,
    )  # fmt: skip


def order(name: str, side: Side, ord_type: OrdType = OrdType.LIMIT, **more: Any) -> OrderPlaced:
    px = {"limit_px": Decimal(120)} if ord_type is OrdType.LIMIT else {}
    if ord_type is OrdType.STOP:
        px = {"stop_px": Decimal(95)}
    return OrderPlaced(
        cl_ord_id=name, instrument_id="X", side=side, order_qty=Decimal(4), ord_type=ord_type,
        **(px | more),
    )  # fmt: skip


def stop(px: str, reason: StopReason, **more: Any) -> StopMoved:
    return StopMoved(cl_ord_id="s", stop_px=Decimal(px), reason=reason, **more)


def reports(book: ledger.Book) -> Reports:
    return Reports(book, in_memory())


# ------------------------------------------------------------------------------------ stops

BRACKET = OrdersLinked(link_id="l", contingency=Contingency.BRACKET, cl_ord_ids=("e", "s", "t"))
MANAGED: tuple[tuple[int, Event], ...] = (
    (1, order("e", BUY, OrdType.MARKET, intent=Intent.ENTRY)),
    (1, order("s", SELL, OrdType.STOP, intent=Intent.PROTECT)),
    (1, order("t", SELL)),
    (1, BRACKET),
    (2, fill("1", BUY, "2", "100", cl_ord_id="e")),
    (4, stop("100", StopReason.MANUAL)),
    (6, stop("104", StopReason.TRAILING, inputs=(("atr", "2"),))),
    (7, ReplaceRequested(cl_ord_id="s2", orig_cl_ord_id="s", stop_px=Decimal(90))),
    (8, TargetMoved(cl_ord_id="s", target_px=Decimal(130), reason="news")),
)


def test_a_stop_path_says_from_where_to_where_and_why() -> None:
    path = reports(told(*MANAGED)).stops("A")
    assert [(one.what, one.before, one.after, one.reason) for one in path] == [
        ("stop", None, 95, "initial"),
        ("stop", 95, 100, "manual"),
        ("stop", 100, 104, "trailing"),
        ("target", None, 130, "news"),
    ]
    assert [one.cycle for one in path] == [1, 1, 1, 1]  # the first by its bracket
    assert [one.avg_cost for one in path] == [None, 100, 100, 100]
    assert [one.is_break_even for one in path] == [False, True, False, False]
    assert [one.is_trailing for one in path] == [False, False, True, False]
    assert path[2].inputs == {"atr": "2"}


def test_the_first_level_of_a_stop_is_no_move() -> None:
    book = told(
        (1, order("s", SELL, OrdType.MARKET)),
        (2, fill("1", BUY, "1", "100")),
        (3, stop("100", StopReason.TRAILING)),
        (4, stop("100", StopReason.TRAILING)),
    )
    path = reports(book).stops("A")
    assert [(one.before, one.after) for one in path] == [(None, 100), (100, 100)]
    assert not any(one.is_break_even or one.is_trailing for one in path)


def test_only_an_accepted_replacement_moves_a_stop() -> None:
    book = told(*MANAGED, (9, OrderReplaced(cl_ord_id="s2", orig_cl_ord_id="s")))
    last = reports(book).stops("A")[4]
    assert (last.event, last.before, last.after) == ("order-replaced", 104, 90)
    assert last.cl_ord_id == "s"


def test_a_move_that_is_learned_late_stands_where_it_belongs() -> None:
    book = told(*MANAGED)
    number = book.store.head()
    before = reports(book).stops("A", known_at=number)
    late = stop("98", StopReason.POLICY)
    meta = Meta(actor="ann", source=Source(adapter="desk"))
    book.record_all([make_fact("A", late, minute(3), meta=meta)])
    now = reports(book).stops("A")
    assert [one.after for one in now if one.what == "stop"] == [95, 98, 100, 104]
    assert (now[1].actor, now[1].source, now[1].number) == ("ann", "desk", number + 1)
    assert now[1].recorded_at > now[3].recorded_at
    assert now[2].before == 98
    assert reports(book).stops("A", known_at=number) == before
    assert [one.after for one in reports(book).stops("A", as_of=minute(4))] == [95, 98, 100]


def test_paths_of_one_instrument_or_order() -> None:
    found = reports(told(*MANAGED, (9, order("other", SELL, OrdType.STOP))))
    assert {one.cl_ord_id for one in found.stops("A", "X")} == {"s", "other"}
    assert {one.cl_ord_id for one in found.stops("A", cl_ord_id="other")} == {"other"}


def test_a_stop_that_was_there_first_is_of_the_trade_that_it_ended() -> None:
    book = told(
        (1, order("s", SELL, OrdType.STOP)),
        (1, order("idle", SELL, OrdType.STOP)),
        (2, fill("1", BUY, "2", "100")),
        (3, fill("2", SELL, "3", "95", cl_ord_id="s")),  # and begins the next
    )
    assert {one.cl_ord_id: one.cycle for one in reports(book).stops("A")} == {"s": 1, "idle": None}


# ------------------------------------------------------------------------------------ marks


def marked(book: ledger.Book, *marks: tuple[int, int], source: str = "feed") -> None:
    for at, px in marks:
        book.mark("X", Decimal(px), at=minute(at), source=source, kind=PriceKind.MID)


def test_excursions_in_money_in_points_and_in_r() -> None:
    book = told(
        (1, order("e", BUY, OrdType.LIMIT, stop_px=Decimal(95))),
        (2, fill("1", BUY, "2", "100", cl_ord_id="e")),
        (6, fill("2", SELL, "1", "104")),
        (9, fill("3", SELL, "1", "103")),
    )
    marked(book, (1, 50), (3, 97), (5, 106), (7, 102), (9, 500))
    (line,) = reports(book).worth.excursions("A")
    assert (line.marks, line.sources) == (3, ("feed",))  # neither before nor at its end
    assert (line.lowest_px, line.highest_px) == (97, 106)
    assert (line.mae, line.mae_at) == (-60, minute(3))
    assert (line.mfe, line.mfe_at) == (120, minute(5))
    assert (line.mae_per_unit, line.mfe_per_unit) == (-3, 6)
    assert (line.high_water, line.high_water_at) == (120, minute(5))
    assert line.initial_risk == 100
    assert (line.mae_r, line.mfe_r) == (Decimal("-0.6"), Decimal("1.2"))
    assert line.gross_pnl == 70


def test_a_short_is_ahead_when_the_mark_falls() -> None:
    book = told((2, fill("1", SELL, "1", "100")))
    marked(book, (3, 90), (4, 101))
    (line,) = reports(book).worth.excursions("A")
    assert (line.mfe, line.mae, line.mfe_per_unit, line.mae_per_unit) == (100, -10, 10, -1)


def test_no_mark_no_excursion() -> None:
    book = told((2, fill("1", BUY, "1", "100")))
    marked(book, (1, 90))
    (line,) = reports(book).worth.excursions("A")
    assert (line.marks, line.mae, line.mfe, line.high_water) == (0, None, None, None)
    assert line.why == "no mark is recorded of its life"


def test_marks_count_as_they_were_known() -> None:
    book = told((2, fill("1", BUY, "1", "100")))
    marked(book, (3, 90))
    worth = reports(book).worth
    first = worth.excursions("A")
    marked(book, (3, 80))  # restated
    assert worth.excursions("A")[0].mae == -200
    assert worth.excursions("A", known_at=first.known_at) == first
    assert worth.excursions("A", known_at=first.number)[0].marks == 0  # recorded after it
    assert worth.excursions("A", kind=PriceKind.LAST)[0].marks == 0


# ------------------------------------------------------------------------------------ lots


def test_each_piece_of_a_lot_has_its_fills_and_its_share_of_fees() -> None:
    usd = Fee(amount=Decimal(3), currency="USD")
    book = told(
        (1, fill("1", BUY, "1", "100")),
        (2, fill("2", BUY, "3", "110", usd)),
        (3, fill("3", SELL, "2", "120", Fee(amount=Decimal(1), currency="USD"))),
        (4, fill("4", SELL, "3", "100")),  # crosses zero
    )
    pieces = reports(book).lot_trades("A")
    assert [(one.entry_exec_id, one.exit_exec_id, one.qty) for one in pieces] == [
        ("1", "3", 1), ("2", "3", 1), ("2", "4", 2),
    ]  # fmt: skip
    assert [(one.entry_px, one.exit_px, one.gross_pnl) for one in pieces] == [
        (100, 120, 200), (110, 120, 100), (110, 100, -200),
    ]  # fmt: skip
    assert [one.fees for one in pieces] == [Decimal("0.5"), Decimal("1.5"), 2]
    assert [one.holding_time for one in pieces] == [timedelta(minutes=nth) for nth in (2, 1, 2)]
    assert [(one.opened_by, one.closed_by) for one in pieces] == [(3, 5), (4, 5), (4, 6)]


def test_pieces_are_of_what_is_in_effect() -> None:
    book = told(
        (1, fill("1", BUY, "1", "90")),
        (2, fill("2", BUY, "1", "110")),
        (3, fill("3", SELL, "1", "120")),
    )
    answer = reports(book).lot_trades("A")
    bust = FillBusted(exec_id="b", exec_ref_id="1", instrument_id="X")
    right = FillCorrected(
        exec_id="c", exec_ref_id="3", instrument_id="X", last_qty=Decimal(1), last_px=Decimal(115)
    )
    book.record_all([make_fact("A", one, minute(9)) for one in (bust, right)])
    (piece,) = reports(book).lot_trades("A")
    assert (piece.entry_exec_id, piece.entry_px, piece.exit_px) == ("2", 110, 115)
    assert reports(book).lot_trades("A", known_at=answer.number) == answer


def test_fees_that_cannot_be_told_are_none() -> None:
    began = PositionOpenedMidLife(
        id="m", instrument_id="X", qty=Decimal(1), cost_basis=Decimal(1000)
    )
    (piece,) = reports(told((1, began), (2, fill("1", SELL, "1", "120")))).lot_trades("A")
    assert (piece.gross_pnl, piece.fees, piece.net_pnl, piece.opened_by) == (200, None, None, None)
    assert piece.why == "the lot was not opened by one fill of this position"


def test_fees_of_a_fill_that_stands_in_suspense_in_part_are_none() -> None:
    usd = Fee(amount=Decimal(1), currency="USD")
    facts = ((2, fill("1", BUY, "1", "100")), (3, fill("2", SELL, "2", "120", usd)))
    (piece,) = reports(told(*facts, crossing=Crossing.SUSPENSE)).lot_trades("A")
    assert (piece.qty, piece.gross_pnl, piece.fees) == (1, 200, None)
    assert piece.why == "a part of a fill found nothing to close"


def test_fees_across_a_split_are_none() -> None:
    split = SplitApplied(id="s", instrument_id="X", numerator=Decimal(2), denominator=Decimal(1))
    book = told(
        (1, fill("1", BUY, "1", "100")), (2, split), (3, fill("2", SELL, "2", "60"))
    )  # fmt: skip
    (piece,) = reports(book).lot_trades("A")
    assert (piece.qty, piece.entry_px, piece.gross_pnl, piece.fees) == (2, 50, 200, None)
    assert piece.why == "units were split between the two fills"


# ------------------------------------------------------------------------------------ metrics

LIMIT, MARKET, STOP = OrdType.LIMIT, OrdType.MARKET, OrdType.STOP
OCO = OrdersLinked(link_id="l", contingency=Contingency.OCO, cl_ord_ids=("x", "y"))


@pytest.mark.parametrize(
    ("facts", "counted"),
    [
        ((order("x", SELL, LIMIT), OCO), "target_exits"),
        ((order("x", SELL, LIMIT, intent=Intent.EXIT),), "target_exits"),
        ((order("x", SELL, STOP),), "stop_exits"),
        ((order("x", SELL, MARKET, intent=Intent.PROTECT),), "stop_exits"),
        ((order("x", SELL, LIMIT),), "other_exits"),
        ((order("x", SELL, STOP, intent=Intent.ENTRY),), "other_exits"),
        ((order("x", SELL, MARKET, intent=Intent.EXIT),), "other_exits"),
        ((), "unknown_exits"),
    ],
)
def test_how_a_trade_ended_is_told_by_its_order(facts: tuple[Event, ...], counted: str) -> None:
    traded = (fill("1", BUY, "1", "100"), fill("2", SELL, "1", "110", cl_ord_id="x"))
    book = told(*enumerate((*facts, *traded), 1))
    (line,) = reports(book).trade_metrics("A")
    names = ("target_exits", "stop_exits", "other_exits", "unknown_exits")
    assert {name: getattr(line, name) for name in names} == {
        name: int(name == counted) for name in names
    }
    assert line.target_hit_rate == {"target_exits": 1, "unknown_exits": None}.get(counted, 0)


def test_moves_and_add_ons_are_those_of_closed_trades() -> None:
    book = told(
        *MANAGED,
        (9, fill("2", BUY, "1", "110", cl_ord_id="e")),
        (10, fill("3", SELL, "1", "112")),
        (11, fill("4", SELL, "2", "105", cl_ord_id="s")),
        (12, fill("5", BUY, "1", "100")),
        (13, fill("6", BUY, "1", "100")),
    )
    (line,) = reports(book).trade_metrics("A")
    assert (line.trades, line.add_ons, line.stop_exits) == (1, 1, 1)
    assert (line.break_even_moves, line.trailing_moves) == (1, 1)
    assert line.average_holding_time == timedelta(minutes=9)
    assert [one.add_ons for one in reports(book).trades("A")] == [1, 1]


def test_units_that_were_received_are_no_add_on() -> None:
    gift = UnitsReceived(
        id="g", instrument_id="X", qty=Decimal(2), reason=UnitsReason.GIFT, basis=Decimal(150)
    )
    (trade,) = reports(told((1, fill("1", BUY, "1", "100")), (2, gift))).trades("A")
    assert (trade.max_qty, trade.add_ons) == (3, 0)


def test_runs_and_extremes() -> None:
    results = ["3", "-1", "-2", "-4", "5", "1"]
    facts = []
    for nth, result in enumerate(results):
        facts.append((2 * nth + 1, fill(f"a{nth}", BUY, "1", "100")))
        facts.append((2 * nth + 2, fill(f"b{nth}", SELL, "1", str(100 + int(result)))))
    (line,) = reports(told(*facts)).trade_metrics("A")
    assert (line.longest_winning_run, line.longest_losing_run) == (2, 3)
    assert (line.largest_win, line.largest_loss) == (50, -40)
    assert line.payoff_ratio == Decimal("1.285714285714285714")  # 30 over 70/3


# ------------------------------------------------------------------------------------ fees

BNB = Fee(amount=Decimal("0.2"), currency="BNB")


def rated(book: ledger.Book, at: int, px: str) -> None:
    book.record_prices([Rate(base="BNB", quote="USD", px=Decimal(px), at=minute(at), source="ECB")])


def test_fees_in_other_currencies_are_converted_by_the_rate_of_their_moment() -> None:
    book = told((1, fill("1", BUY, "1", "100", BNB)), (4, fill("2", SELL, "1", "110", BNB)))
    rated(book, 0, "500")
    rated(book, 3, "600")
    answer = reports(book).trades("A")
    assert (answer[0].other_fees, answer[0].converted_fees) == ({"BNB": Decimal("0.4")}, 220)
    assert (answer[0].net_pnl, answer[0].all_in_pnl) == (100, -120)
    rated(book, 1, "1000")
    assert reports(book).trades("A", known_at=answer.known_at) == answer
    assert reports(book).trades("A")[0].converted_fees == 320


def test_without_a_rate_a_fee_stays_as_it_is() -> None:
    book = told((1, fill("1", BUY, "1", "100", BNB)), (4, fill("2", SELL, "1", "110", BNB)))
    rated(book, 3, "600")  # too late for the first one
    answer = reports(book).trades("A")
    assert (answer[0].converted_fees, answer[0].unconverted) == (120, ("BNB",))
    assert (answer[0].net_pnl, answer[0].all_in_pnl) == (100, None)
    (line,) = reports(book).trade_metrics("A")
    assert (line.net_pnl, line.converted_fees, line.unconverted) == (100, 120, ("BNB",))


def test_a_fill_that_crosses_zero_shares_such_a_fee_too() -> None:
    book = told((1, fill("1", BUY, "1", "100")), (2, fill("2", SELL, "4", "110", BNB)))
    ended, begun = reports(book).trades("A")
    assert ended.other_fees == {"BNB": Decimal("0.05")}
    assert begun.other_fees == {"BNB": Decimal("0.15")}


@pytest.mark.parametrize("library", ["polars", "pandas", "pyarrow"])
def test_fees_by_currency_fit_into_a_frame(library: str) -> None:
    pytest.importorskip(library)
    book = told((1, fill("1", BUY, "1", "100", BNB)), (2, fill("2", SELL, "1", "100")))
    for answer in (reports(book).trades("A"), reports(book).lot_trades("A")):
        assert len(getattr(answer, library.removeprefix("py"))()) == 1


def test_a_trade_without_such_fees_needs_no_rate() -> None:
    answer = reports(told((1, fill("1", BUY, "1", "100")))).trades("A")
    assert (answer[0].other_fees, answer[0].converted_fees, answer.known_at) == ({}, ZERO, None)
    assert answer[0].all_in_pnl == answer[0].net_pnl


@pytest.mark.parametrize("question", ["trades", "trade_metrics", "stops", "lot_trades"])
def test_a_moment_without_a_zone_is_refused(question: str) -> None:
    asked = reports(told((1, fill("1", BUY, "1", "100"))))
    with pytest.raises(NaiveTimeError, match="has no time zone; give an aware"):
        getattr(asked, question)("A", as_of=datetime(2026, 1, 6))  # noqa: DTZ001


@pytest.mark.parametrize("limit", [0, -5])
@pytest.mark.parametrize("question", ["position_ledger", "balance_ledger", "orders"])
def test_a_page_of_nothing_is_refused(question: str, limit: int) -> None:
    asked = reports(told((1, fill("1", BUY, "1", "100", BNB))))
    with pytest.raises(BadCursorError, match="a page of"):
        getattr(asked, question)("A", limit=limit)
