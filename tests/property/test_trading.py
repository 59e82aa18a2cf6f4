"""Trades told by lot, by their marks and by their stops add up to what the books say."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from itertools import groupby
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

import ledger
from ledger.domain.events import (
    Crossing,
    OrderPlaced,
    OrderReplaced,
    OrdType,
    Side,
    StopMoved,
    StopReason,
    TargetMoved,
    make_fact,
)
from ledger.domain.numbers import ZERO
from ledger.domain.positions import PositionKey
from ledger.domain.prices import Price
from projections.reports import Reports
from projections.stops import STOP
from tests.projections.tables import LESS, TOLD, in_memory
from tests.property.arrivals import Arrival, arrivals, told
from tests.property.stories import TRADING
from tests.property.worlds import ACCOUNT, INSTRUMENTS, START

NEAR = Decimal(60).scaleb(-18)
"""Of amounts that were rounded one by one."""
TRADED: dict[str, Any] = TOLD | {"moves": TRADING}
ALLOWED: dict[str, Any] = TRADED | {"fixed": {"crossing": Crossing.ALLOW}}
PLAIN_FEES: dict[str, Any] = ALLOWED | {
    "instruments": tuple(one for one in INSTRUMENTS if one.base_currency is None)
}
ON_TIME: dict[str, Any] = ALLOWED | {"moves": tuple(one for one in TRADING if one != "late_fee")}
"""A fee that is told later belongs to its fill, and would change what was held at a mark."""


def reports_of(book: ledger.Book) -> Reports:
    return Reports(book, in_memory())


def by_trip(lines: Any) -> dict[tuple[str, str, int], list[Any]]:
    def place(one: Any) -> tuple[str, str, int]:
        return one.instrument_id, one.position_id, one.cycle

    return {key: list(some) for key, some in groupby(sorted(lines, key=place), key=place)}


@LESS
@given(arrivals(**TOLD), st.data())
def test_pieces_of_lots_add_up_to_their_trips(arrival: Arrival, data: st.DataObject) -> None:
    book = told([fact] for fact in arrival.facts)
    when: dict[str, Any] = {"known_at": data.draw(st.integers(1, book.store.head()))}
    reports = reports_of(book)
    pieces = by_trip(reports.lot_trades(ACCOUNT, **when))
    for place, (trade,) in by_trip(reports.trades(ACCOUNT, **when)).items():
        mine = pieces.pop(place, [])
        if not trade.is_closed and not mine:
            continue
        assert abs(sum((one.qty for one in mine), ZERO) - trade.closed_qty) <= NEAR
        assert {one.side for one in mine} <= {trade.side}
        assert abs(sum((one.gross_pnl for one in mine), ZERO) - trade.gross_pnl) <= NEAR
    assert not pieces


@LESS
@given(arrivals(**PLAIN_FEES))
def test_pieces_of_lots_share_the_fees_of_their_fills(arrival: Arrival) -> None:
    book = arrival.book()
    reports = reports_of(book)
    pieces = by_trip(reports.lot_trades(ACCOUNT))
    assert all(bool(one.why) == (one.fees is None) for some in pieces.values() for one in some)
    for place, (trade,) in by_trip(reports.trades(ACCOUNT)).items():
        in_suspense = book.results(ACCOUNT, *place[:2]).issues  # whose fees are the trip's
        if trade.is_closed and not in_suspense:
            mine = pieces[place]
            assert abs(sum((one.fees for one in mine), ZERO) - trade.fees) <= NEAR
            apart = sum((one.other_fees.get("BNB", ZERO) for one in mine), ZERO)
            assert abs(apart - trade.other_fees.get("BNB", ZERO)) <= NEAR


@LESS
@given(arrivals(**ALLOWED))
def test_trips_have_all_fees_in_other_currencies(arrival: Arrival) -> None:
    book = arrival.book()
    lines = by_trip(reports_of(book).trades(ACCOUNT))
    for view in book.positions(ACCOUNT):
        mine = [
            trade
            for place, (trade,) in lines.items()
            if place[:2] == (view.instrument_id, view.position_id)
        ]
        for currency in {"BNB", *view.fees} - {view.currency, _units_of(view)}:
            found = sum((one.other_fees.get(currency, ZERO) for one in mine), ZERO)
            assert abs(found - view.fees.get(currency, ZERO)) <= NEAR


def _units_of(view: Any) -> str | None:
    return view.instrument.base_currency if view.instrument else None


MARKS = st.lists(
    st.tuples(st.integers(-1, 14), st.integers(1, 900), st.sampled_from("xy")), max_size=8
)


@LESS
@given(arrivals(**ON_TIME), MARKS)
def test_a_trip_at_a_mark_is_the_position_then(arrival: Arrival, marks: list[Any]) -> None:
    book = arrival.book()
    for seconds, px, source in marks:
        at = START + timedelta(seconds=seconds)
        book.record_prices(
            [
                Price(instrument_id=one.instrument_id, px=Decimal(px), at=at, source=source)
                for one in INSTRUMENTS
            ]
        )
    reports = reports_of(book)
    trades = by_trip(reports.trades(ACCOUNT))
    for place, (line,) in by_trip(reports.worth.excursions(ACCOUNT)).items():
        (trade,) = trades[place]
        ends = trade.closed_at or START + timedelta(days=1)
        moments = sorted({START + timedelta(seconds=seconds) for seconds, _, _ in marks})
        mine = [at for at in moments if trade.opened_at <= at < ends]
        assert line.marks == len(mine)
        if not mine:
            assert (line.mfe, line.mae, line.high_water) == (None, None, None)
            assert line.why
            continue
        ahead, results = [ZERO], [ZERO]
        if trade.is_closed:
            results.append(trade.gross_pnl)
        for at in mine:
            mark = book.price(place[0], as_of=at)
            assert mark is not None
            then = book.position(ACCOUNT, *PositionKey(*place[:2]), as_of=at)
            ahead.append(then.unrealized_pnl(mark.px))
            results.append(then.cycle.realized_pnl + ahead[-1])
        assert abs(line.high_water - max(ahead)) <= NEAR
        assert abs(line.mfe - max(results)) <= NEAR
        assert abs(line.mae - min(results)) <= NEAR
        assert line.lowest_px <= line.highest_px


# ------------------------------------------------------------------------------------ stops

LEVELS = st.integers(90, 110).map(Decimal)
MOVES = st.lists(
    st.tuples(st.integers(0, 9), st.sampled_from(("stop", "target", "replaced")), LEVELS),
    max_size=8,
)


def moves_told(moves: list[Any]) -> list[Any]:
    """An order with a stop, and moves of it; of two of a kind at one moment the first."""
    placed = OrderPlaced(
        cl_ord_id="c1", instrument_id="EQUITY", side=Side.SELL, order_qty=Decimal(1),
        ord_type=OrdType.STOP, stop_px=Decimal(95),
    )  # fmt: skip
    facts = {"placed": make_fact(ACCOUNT, placed, START)}
    for nth, (seconds, what, level) in enumerate(moves):
        event: Any
        if what == "stop":
            event = StopMoved(cl_ord_id="c1", stop_px=level, reason=StopReason.TRAILING)
        elif what == "target":
            event = TargetMoved(cl_ord_id="c1", target_px=level)
        else:
            event = OrderReplaced(cl_ord_id=f"r{nth}", orig_cl_ord_id="c1", stop_px=level)
        fact = make_fact(ACCOUNT, event, START + timedelta(seconds=seconds))
        facts.setdefault(fact.key, fact)
    return list(facts.values())


@LESS
@given(MOVES, st.randoms(use_true_random=False), st.integers(0, 10), st.data())
def test_a_stop_path_ends_where_the_order_stands(
    moves: list[Any], dice: Any, seconds: int, data: st.DataObject
) -> None:
    facts = moves_told(moves)
    dice.shuffle(facts)
    book = told([fact] for fact in facts)
    number = data.draw(st.integers(1, book.store.head()))
    when: dict[str, Any] = {"as_of": START + timedelta(seconds=seconds), "known_at": number}
    path = list(reports_of(book).stops(ACCOUNT, **when))
    if not path:
        return
    order = book.order(ACCOUNT, "c1", **when)
    for what, level in ((STOP, order.stop_px), ("target", order.target_px)):
        steps = [step for step in path if step.what == what]
        levels = [None, *(step.after for step in steps)]
        assert [step.before for step in steps] == levels[:-1]
        assert levels[-1] == level
    assert [step.at for step in path] == sorted(step.at for step in path)
