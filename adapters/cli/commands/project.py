"""``project``: the tables of the read models, brought up to the log."""

from __future__ import annotations

import signal
import time
from types import FrameType
from typing import TYPE_CHECKING, Final, Self

import attrs
import click

from adapters.cli.answers import Section, numbers, texts
from adapters.cli.exits import FINDINGS, FINE
from adapters.cli.progress import progress_bar
from adapters.cli.questions import Question, asks
from adapters.cli.read_models import SLICE, bring, is_there, reports_option, running, tables_url

if TYPE_CHECKING:
    from projections.runner import Runner

NAMES: Final = ("orders", "positions", "balances", "reconciliation")
POLL_MS: Final = 20
_PROJECTIONS: Final = (*texts("projection"), *numbers("number", "lag"))


@click.command()
@click.option("--follow", is_flag=True, help="Go on with what is recorded, until interrupted.")
@click.option("--status", is_flag=True, help="Say how far they are, and bring nothing.")
@click.option("--rebuild", type=click.Choice(NAMES), help="Build one anew beside the one in use.")
@reports_option
@asks
def project(
    question: Question, follow: bool, status: bool, rebuild: str | None, reports: str | None
) -> int:
    """Bring the tables of the read models up to the log.

    They are in a database beside the books and made of the facts alone: who drops them loses
    nothing but the time to make them again, and the snapshots kept beside them. Questions bring
    them up by themselves; --follow is for who reads them in SQL. An interrupt ends it with exit
    code 0. With --status exit code 1 says that they are behind.
    """
    if follow + status + (rebuild is not None) > 1:
        raise click.UsageError("--follow, --status and --rebuild are three acts; give one of them")
    question.settings.reports = reports or question.settings.reports
    if status and not is_there(tables_url(question.settings)):
        return _say(question, dict.fromkeys(NAMES, 0), is_asked=True)
    with running(question) as runner:
        if rebuild is not None:
            _rebuild(runner, rebuild, question.head)
        elif follow:
            _follow(runner, question)
        elif not status:
            bring(runner, question.head)
        return _say(question, runner.numbers(), is_asked=status)


def _say(question: Question, reached: dict[str, int], *, is_asked: bool) -> int:
    """How far each is; behind is a finding for who asked."""
    head = question.book.store.head()
    rows = [
        {"projection": name, "number": number, "lag": max(head - number, 0)}
        for name, number in reached.items()
    ]
    now = attrs.evolve(question, number=head, head=head)
    now.answer(Section("projections", _PROJECTIONS, rows))
    return FINDINGS if is_asked and any(row["lag"] for row in rows) else FINE


def _rebuild(runner: Runner, name: str, head: int) -> None:
    """Build one anew; who asks meanwhile is answered from the old one."""
    from projections.runner import say_nothing

    with progress_bar(head, f"building {name} anew") as progress:
        runner.rebuild(name, progress or say_nothing)


class _Stop:
    """Hears of SIGINT and SIGTERM, which then end nothing by themselves."""

    def __init__(self) -> None:
        self.is_asked = False

    def __enter__(self) -> Self:
        self._before = {one: signal.signal(one, self._hear)
                        for one in (signal.SIGINT, signal.SIGTERM)}  # fmt: skip
        return self

    def __exit__(self, *_: object) -> None:
        for one, handler in self._before.items():
            signal.signal(one, handler)

    def _hear(self, _: int, __: FrameType | None) -> None:
        self.is_asked = True


def _follow(runner: Runner, question: Question) -> None:
    """Take in what is recorded, as it is recorded; a batch under way is ended first."""
    store = question.book.store
    with _Stop() as stop:
        click.echo("following the log; an interrupt ends it", err=True)
        reached = min(runner.numbers().values())
        while not stop.is_asked:
            head = store.head()
            if reached < head:
                bring(runner, min(head, reached + SLICE))
                reached = min(runner.numbers().values())
            else:
                time.sleep(POLL_MS / 1000)
