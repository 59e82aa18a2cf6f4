"""``diff``: what changed between two states of knowledge."""

from __future__ import annotations

import attrs
import click

from adapters.cli.answers import Section, numbers, texts
from adapters.cli.commands.log import log_row
from adapters.cli.moments import knowledge
from adapters.cli.questions import Question, as_of_option, asks
from ledger.comparing import Diff
from ledger.history import resolve

_CHANGES = texts("subject", "figure", "before", "after")
_POSITION = "position "
_FACTS = (
    *numbers("number"),
    *texts("occurred_at"),
    *texts("recorded_at", wide=True),
    *texts("topic", "key"),
    *texts("source", wide=True),
)


@click.command()
@click.option("--from", "known_from", metavar="TIME|NUMBER", required=True, help="Knowledge then.")
@click.option("--to", "known_to", metavar="TIME|NUMBER", help="Knowledge later; now by default.")
@as_of_option
@asks
def diff(question: Question, known_from: str, known_to: str | None) -> None:
    """What changed between two states of knowledge, and the facts learned in between.

    With --as-of both sides are seen at that moment: what was corrected since about it.
    """
    found = question.book.diff(
        question.account,
        known_from=_number(question, "--from", known_from),
        known_to=_number(question, "--to", known_to) if known_to else question.number,
        as_of=question.as_of,
    )
    question.answer(
        *sections(found, question.symbols(found.account)),
        account=found.account,
        from_number=found.from_number,
        to_number=found.to_number,
    )


def _number(question: Question, option: str, value: str) -> int:
    """The log number that a state of knowledge stands for."""
    learned = knowledge(option, value, question.settings.zone_info)
    return resolve(question.book.store, learned, option)


def sections(found: Diff, symbols: dict[str, str]) -> tuple[Section, Section]:
    """The figures that differ, and the facts between."""
    changes = [
        attrs.asdict(change) | {"subject": named(change.subject, symbols)}
        for change in found.changes
    ]
    return (
        Section("changes", _CHANGES, changes),
        Section("facts", _FACTS, [log_row(recorded) for recorded in found.facts]),
    )


def named(subject: str, symbols: dict[str, str]) -> str:
    """A subject with the symbol in place of the instrument's id.

    >>> named("position IBKR:900001", {"IBKR:900001": "ACME"}), named("balance USD", {})
    ('position ACME', 'balance USD')
    """
    instrument_id = subject.removeprefix(_POSITION)
    is_position = subject.startswith(_POSITION)
    return _POSITION + symbols.get(instrument_id, instrument_id) if is_position else subject
