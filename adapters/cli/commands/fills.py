"""``fills``: executions as they are in effect, and what became of each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal

import click

from adapters.cli.answers import Row, Section, numbers, texts
from adapters.cli.questions import Question, as_of_option, asks, known_at_option
from ledger.domain.amendments import Amendments
from ledger.domain.canonical import Entry, fees_of
from ledger.domain.events import Fee, FeeCharged, FillBooked, FillBusted, FillCorrected
from ledger.domain.numbers import ZERO, add

_FILLS = (
    *numbers("number"),
    *texts("occurred_at", "symbol"),
    *texts("instrument_id", "position_id", wide=True),
    *texts("side"),
    *numbers("last_qty", "last_px"),
    *texts("fees", "reversed_fees", "status", "exec_id"),
    *texts("cl_ord_id", "order_id", "venue", "key", wide=True),
    *numbers("booked_qty", "booked_px", wide=True),
)


@click.command()
@click.argument("instrument", required=False)
@as_of_option
@known_at_option
@asks
def fills(question: Question, instrument: str | None) -> None:
    """Executions in the order they happened; of one INSTRUMENT or of all.

    A busted one counts for nothing and its fees are reversed with it; a corrected one counts as it
    now stands.
    """
    wanted = question.instrument(question.account, instrument) if instrument else None
    symbols = question.symbols(question.account)
    rows = [fill_row(entry, symbols) for entry in entries(question)]
    if wanted is not None:
        rows = [row for row in rows if row["instrument_id"] == wanted]
    question.answer(Section("fills", _FILLS, rows), account=question.account)


def entries(question: Question) -> list[Entry]:
    """The fills by the time they happened, each with what is in effect."""
    known = Amendments()
    known.wake(())
    for recorded in question.book.log(question.account, known_at=question.number):
        match recorded.event:
            case FillBooked():
                if question.as_of is None or recorded.occurred_at <= question.as_of:
                    known.fill(recorded)
            case FillBusted() | FillCorrected():
                known.amend(recorded)
            case FeeCharged() as fee if (ref := fee.refers_to()) is not None:
                if question.as_of is None or recorded.occurred_at <= question.as_of:
                    known.charge(ref.key(recorded.stream), recorded)
    return sorted(known.fills.values(), key=lambda entry: entry.sort_key)


def fill_row(entry: Entry, symbols: dict[str, str]) -> Row:
    """A fill as a row: the values in effect, or for a busted one those that were booked."""
    booked = entry.booked
    in_effect = entry.event or booked
    own = dict(_values(in_effect))
    return own | {
        "number": entry.recorded.number,
        "key": entry.key,
        "occurred_at": entry.at,
        "symbol": symbols.get(own["instrument_id"], own["instrument_id"]),
        "fees": fee_sums(fees_of(entry) if entry.event is not None else ()),
        "reversed_fees": fee_sums(() if entry.event is not None else charged(entry)),
        "status": status(entry),
        "booked_qty": getattr(booked, "last_qty", None),
        "booked_px": getattr(booked, "last_px", None),
    }


def _values(event: object) -> Iterator[tuple[str, str]]:
    for column in _FILLS:
        value = getattr(event, column.name, None)
        if value is not None:
            yield column.name, value


def charged(entry: Entry) -> tuple[Fee | FeeCharged, ...]:
    """All that was ever charged for a fill, as it was booked and later."""
    inline = entry.booked.fees if isinstance(entry.booked, FillBooked) else ()
    return (*inline, *entry.fees)


def fee_sums(fees: Iterable[Fee | FeeCharged]) -> dict[str, Decimal]:
    """Fees by currency."""
    sums: dict[str, Decimal] = {}
    for fee in fees:
        sums[fee.currency] = add(sums.get(fee.currency, ZERO), fee.amount)
    return sums


def status(entry: Entry) -> str:
    """What became of a fill."""
    if entry.event is None:
        return "busted"
    return "booked" if entry.event is entry.booked else "corrected"
