"""The program that the ledger's speed is compared with is right, and stays so beside another."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from decimal import Decimal
from itertools import accumulate, islice
from pathlib import Path

import pytest
from eventsourcing.persistence import IntegrityError

from ledger.domain.events import (
    Fact,
    FeeCharged,
    FillBooked,
    FillBusted,
    FillCorrected,
    OrderPlaced,
    Side,
    make_fact,
)
from tests.benchmarks import bare
from tests.benchmarks.mix import INSTRUMENTS, START, VENUE, Mix, history
from tests.benchmarks.replay import ZERO, Holding, Replay
from tests.benchmarks.scale import crowd
from tests.benchmarks.stock import Cached, Kept, Stock, in_file, on_sqlite
from tests.benchmarks.stock_aggregates import Position
from tests.benchmarks.stock_file import fill

FACTS, BATCH = 2000, 100
ACCOUNT = "A"
Settings = dict[str, str]


def in_order() -> list[Fact]:
    """A history in which nothing is amended, and what was late is told as of its telling."""
    told, at = [], START
    for fact in history(FACTS):
        if not isinstance(fact.event, FillBusted | FillCorrected):
            at = max(at + timedelta(milliseconds=1), fact.occurred_at)
            told.append(make_fact(ACCOUNT, fact.event, at))
    return told


def replayed(facts: Sequence[Fact]) -> dict[str, Holding]:
    replay = Replay()
    for fact in facts:
        replay.take(fact.occurred_at.isoformat(), fact.event)
    return replay.totals().positions


def folded(facts: Sequence[Fact]) -> dict[str, Holding]:
    """By a loop that shares nothing with the other two: the positions that were never short."""
    rows: dict[str, list[bare.Row]] = {}
    for fact in facts:
        match fact.event:
            case FillBooked() as one:
                row = one.signed_qty, one.last_px or ZERO, ZERO
                rows.setdefault(one.instrument_id, []).append(row)
            case FeeCharged() as fee:
                rows[fee.instrument_id or ""].append((ZERO, ZERO, fee.amount))
    return {
        name: Holding(*bare.fifo(each))
        for name, each in rows.items()
        if min(accumulate(qty for qty, _, _ in each)) >= 0
    }


def bought(exec_id: str, hours: int) -> Fact:
    """Other units for every hour, without an order, so long after the history."""
    fill = FillBooked(
        exec_id=exec_id,
        venue=VENUE,
        instrument_id="I00",
        side=Side.BUY,
        last_qty=Decimal(hours),
        last_px=Decimal(75),
    )
    return make_fact(ACCOUNT, fill, START + timedelta(days=1, hours=hours))


def recorded(program: Stock, facts: Sequence[Fact], size: int = BATCH) -> Stock:
    for begin in range(0, len(facts), size):
        program.record(facts[begin : begin + size])
    return program


def held(program: Stock) -> dict[str, Holding]:
    """What the repository says of each position."""
    get = program.app.repository.get
    names = [f"I{nth:02}" for nth in range(INSTRUMENTS)]
    found: dict[str, Position] = {name: get(Position.create_id(ACCOUNT, name)) for name in names}
    return {name: position.book.holding() for name, position in found.items()}


@pytest.fixture(params=["memory", "sqlite"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], Settings]:
    """Where a program finds a store of its own."""
    if request.param == "memory":
        return lambda name: {}
    return lambda name: on_sqlite(tmp_path / name)


@pytest.mark.parametrize("size", [1, BATCH])
@pytest.mark.parametrize("kind", [Stock, Cached, Kept])
def test_positions_are_those_of_a_replay(settings, kind: type[Stock], size: int) -> None:
    facts = in_order()
    found = held(recorded(kind(settings("one")), facts, size))
    assert found == replayed(facts)
    assert len(folded(facts)) > INSTRUMENTS // 2
    assert folded(facts).items() <= found.items()


def test_with_late_facts_and_amendments_all_programs_agree(settings) -> None:
    facts = list(history(FACTS))
    kinds = (Stock, Cached, Kept)
    one, cached, kept = (recorded(kind(settings(kind.__name__)), facts) for kind in kinds)
    assert held(one) == held(cached) == held(kept)
    assert {name: position.qty for name, position in held(one).items()} == {
        name: position.qty for name, position in replayed(facts).items()
    }


def test_what_is_rebuilt_is_all_there_is(tmp_path: Path) -> None:
    program = recorded(in_file(tmp_path / "one.db"), in_order())
    assert program.rebuild() == len(in_order())
    assert len(program.made) == len(set(program.made))


def in_turns(first: Stock, second: Stock, facts: Sequence[Fact]) -> None:
    for begin in range(0, len(facts), 2 * BATCH):
        first.record(facts[begin : begin + BATCH])
        second.record(facts[begin + BATCH : begin + 2 * BATCH])


@pytest.mark.parametrize("kind", [Stock, Cached])
def test_a_program_sees_what_another_wrote(tmp_path: Path, kind: type[Stock]) -> None:
    facts, path = in_order(), tmp_path / "one.db"
    first, second = kind(on_sqlite(path)), kind(on_sqlite(path))
    in_turns(first, second, facts)
    assert held(first) == held(second) == replayed(facts)


def test_a_program_that_keeps_its_aggregates_does_not(tmp_path: Path) -> None:
    settings = on_sqlite(tmp_path / "one.db")
    with pytest.raises(IntegrityError):
        in_turns(Kept(settings), Kept(settings), in_order())


@pytest.mark.parametrize("kind", [Stock, Cached])
def test_after_a_conflict_nothing_is_left_of_what_was_not_saved(
    tmp_path: Path, kind: type[Stock]
) -> None:
    facts, path = in_order(), tmp_path / "one.db"
    first, second = recorded(kind(on_sqlite(path)), facts), kind(on_sqlite(path))
    theirs, mine = bought("t", 1), bought("m", 2)

    def while_the_second_saves() -> Iterator[Fact]:
        yield mine
        second.record([theirs])

    with pytest.raises(IntegrityError):
        first.record(while_the_second_saves())
    first.record([mine])
    assert held(first) == held(second) == replayed([*facts, theirs, mine])


def test_a_full_file_goes_on_where_its_history_ended(tmp_path: Path) -> None:
    path, facts, past = tmp_path / "full.db", crowd(Mix), 10_000  # all positions are met
    fill(path, 15_000, past)
    program = in_file(path)
    program.know(islice(facts, past))
    more = list(islice(facts, BATCH))
    program.record(more)
    assert len(program.made) == sum(isinstance(fact.event, OrderPlaced) for fact in more)
