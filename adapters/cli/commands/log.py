"""``log``: the facts as they were recorded."""

from __future__ import annotations

import sys
from itertools import islice

import click

from adapters.cli.answers import Row, Section, fields, numbers, texts
from adapters.cli.questions import Question, asks, known_at_option
from ledger.domain.events import Recorded, Source

_LOG = (
    *numbers("number"),
    *texts("account"),
    *numbers("version"),
    *texts("occurred_at", "recorded_at", "topic", "key"),
    *texts("source", "actor", "hash", wide=True),
)


@click.command()
@click.option("--after", default=0, metavar="NUMBER", help="Only what came after that number.")
@click.option("--limit", type=click.IntRange(min=1), help="At most so many.")
@known_at_option
@asks
def log(question: Question, after: int, limit: int | None) -> None:
    """The facts in the order they were recorded; of all accounts, or of one.

    With --json each comes with its content.
    """
    account = question.settings.account
    named = question.known(account) if account else None
    facts = (
        recorded
        for recorded in question.book.log(named, known_at=question.number)
        if recorded.number > after
    )
    rows = [log_row(recorded) for recorded in islice(facts, min(limit or sys.maxsize, sys.maxsize))]
    question.answer(Section("log", _LOG, rows), account=named)


def log_row(recorded: Recorded) -> Row:
    """A fact and its envelope as a row."""
    return {
        "number": recorded.number,
        "account": recorded.stream,
        "version": recorded.version,
        "occurred_at": recorded.occurred_at,
        "recorded_at": recorded.recorded_at,
        "topic": recorded.event.TOPIC,
        "key": recorded.key,
        "source": _told(recorded.meta.source),
        "actor": recorded.meta.actor or None,
        "hash": recorded.hash,
        "event": fields(recorded.event),
    }


def _told(source: Source | None) -> str | None:
    """Where a fact was read: adapter, file by the beginning of its digest, row."""
    if source is None:
        return None
    return " ".join(part for part in (source.adapter, source.digest[:12], source.row) if part)
