"""What an account was at random past moments, in each of the two times: how long it takes to tell,
and whether it is what the beginning of the history says."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, Final, NamedTuple

import ledger
from ledger.book import Book
from ledger.domain.accounts import Account
from ledger.domain.numbers import ZERO
from ledger.domain.views import PositionView
from tests.benchmarks import prefixes
from tests.benchmarks.cold import ROOT, shown
from tests.benchmarks.figures import Figure, percentile, progress, settle
from tests.benchmarks.mix import INSTRUMENTS
from tests.benchmarks.replay import Holding, Totals, rows_of
from tests.benchmarks.scale import Scale, copied, removed
from tests.benchmarks.store_live import milliseconds
from tests.benchmarks.store_rebuild import ACCOUNT

TIMES: Final = ("known_at", "as_of")
LIVE_ANSWERS: Final = 20


class Asked(NamedTuple):
    """One question's moment, what came, and how long it took."""

    moment: datetime
    number: int
    what: object
    ms: float


def holding_of(view: PositionView) -> Holding:
    """What is compared of a position."""
    return Holding(view.net_qty, view.cost_basis, view.realized_pnl, view.fees.get("USD", ZERO))


def told(state: Account) -> Totals:
    """All positions, balances and open orders of an account as it was."""
    moved = [key for key, one in state.positions.items() if one.holding.last_at is not None]
    positions = {key.instrument_id: holding_of(state.view(key)) for key in moved}
    cash = sum((one.total for one in state.balances()), ZERO)
    return Totals(positions, cash, sum(1 for _ in state.orders.open()))


def whole(book: Book, when: dict[str, Any]) -> tuple[int, object]:
    """The whole account."""
    state = book.at(ACCOUNT, **when)
    return state.number, told(state)


def one_position(book: Book, when: dict[str, Any]) -> tuple[int, object]:
    """One position, each time another one."""
    (moment,) = when.values()
    view = book.position(ACCOUNT, instrument_at(moment), **when)
    return view.number, holding_of(view)


def instrument_at(moment: datetime) -> str:
    """The position that is asked for at a moment."""
    return f"I{moment.microsecond % INSTRUMENTS:02}"


SUBJECTS: Final[dict[str, Callable[[Book, dict[str, Any]], tuple[int, object]]]] = {
    "position": one_position,
    "account": whole,
}


def moments(book: Book, field: str, count: int) -> list[datetime]:
    """Random times between the first and the last of the history."""
    draw = Random(f"past {field}")
    first, last = next(book.log(ACCOUNT)), book.account(ACCOUNT)
    if field == "as_of":
        begin, end = first.occurred_at, last.last_at or first.occurred_at
    else:
        newest = next(iter(book.store.read(ACCOUNT, after=last.version - 1)))
        begin, end = first.recorded_at, newest.recorded_at
    span = int((end - begin) / timedelta(microseconds=1))
    return [begin + timedelta(microseconds=draw.randrange(span)) for _ in range(count)]


def asked(book: Book, subject: str, field: str, scale: Scale) -> list[Asked]:
    """Ask at random times, as many as the time for it allows."""
    progress(f"store.7: {subject} {field}")
    answers: list[Asked] = []
    first, *rest = moments(book, field, scale.questions + 1)
    SUBJECTS[subject](book, {field: first})  # brings the index of references up to date
    begin = time.perf_counter()
    for moment in rest:
        found: list[tuple[int, object]] = []
        took = milliseconds(lambda: found.append(SUBJECTS[subject](book, {field: moment})))  # noqa: B023
        answers.append(Asked(moment, *found[0], took))
        if time.perf_counter() - begin > scale.seconds:
            break
    return answers


def wrong(path: Path, field: str, subject: str, answers: Sequence[Asked]) -> int:
    """How many answers are not what the history up to then says."""
    by_time = sorted(answers, key=lambda one: one.moment)
    if field == "known_at":
        truths = prefixes.known_at(path, ACCOUNT, [one.number for one in by_time])
    else:
        truths = prefixes.as_of(rows_of(str(path), ACCOUNT), [one.moment for one in by_time])
    both = zip(by_time, truths, strict=True)
    bad = [one for one, truth in both if not _same(subject, one, truth)]
    for one in bad:
        progress(f"wrong: {subject} {field} {one.moment.isoformat()} at number {one.number}")
    return len(bad)


def _same(subject: str, one: Asked, truth: Totals) -> bool:
    if subject == "account":
        return isinstance(one.what, Totals) and shown(one.what) == shown(truth)
    flat = Holding(ZERO, ZERO, ZERO, ZERO)
    return one.what == truth.positions.get(instrument_at(one.moment), flat)


def timed(subject: str, field: str, answers: Sequence[Asked], scale: Scale) -> Iterator[Figure]:
    """The figures of one kind of question."""
    ms = [one.ms for one in answers]
    goals = {("position", "p50"): "<= 5", ("account", "p50"): "<= 40", ("account", "p99"): "<= 150"}
    for name, share in (("p50", 0.5), ("p99", 0.99)):
        yield Figure(
            id=f"store.7.{subject}.{field}.{name}",
            what=f"one {subject} {field} a random time, {scale.events:,} events, {name} of "
            f"{len(ms)} questions, after a first one",
            figure=percentile(ms, share),
            unit="ms",
            goal=goals.get((subject, name), ""),
            comparator="a limit",
        )


def questions(scale: Scale, path: Path) -> Iterator[Figure]:
    """All kinds of questions, and how many were answered wrong."""
    bad = count = 0
    with ledger.open(f"sqlite:///{path}") as book:
        book.account(ACCOUNT)
        for subject in SUBJECTS:
            for field in TIMES:
                answers = asked(book, subject, field, scale)
                yield from timed(subject, field, answers, scale)
                progress(f"store.7: checking {len(answers)} answers")
                bad += wrong(path, field, subject, answers)
                count += len(answers)
    yield Figure(
        id="store.7.equal",
        what=f"answers of {count} that are not what a replay of the history up to then says",
        figure=bad,
        unit="answers",
        goal="<= 0",
        comparator="a bare loop without checkpoints and without the ledger's fold",
    )


def steady(scale: Scale) -> Iterator[Figure]:
    """Answers for now while another process writes, and again for the numbers they carried."""
    progress("store.7: while another process commits")
    path = copied(scale.account(scale.small), scale.place("steady.db"))
    command = [sys.executable, "-m", "tests.benchmarks.writing", str(path)]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as writer:
        if writer.stdout is not None:
            writer.stdout.readline()
        with ledger.open(f"sqlite:///{path}") as book:
            first = [_now(book) for _ in range(LIVE_ANSWERS)]
        writer.communicate("", timeout=60)
    with ledger.open(f"sqlite:///{path}") as book:
        again = [book.position(ACCOUNT, "I00", known_at=one.number) for one in first]
    removed(path)
    numbers = {one.number for one in first}
    yield Figure(
        id="store.7.steady",
        what=f"of {len(first)} answers known_at now at {len(numbers)} numbers, given while another "
        "process committed: those that are another when asked again for the number they carried",
        figure=sum(one != other for one, other in zip(first, again, strict=True)),
        unit="answers",
        goal="<= 0",
        comparator="the first answer",
    )


def _now(book: Book) -> PositionView:
    time.sleep(0.02)
    return book.position(ACCOUNT, "I00", known_at=datetime.now(UTC))


def measured(scale: Scale) -> Iterator[Figure]:
    """Line 7."""
    settle()
    yield from questions(scale, scale.account(scale.events))
    yield from steady(scale)
