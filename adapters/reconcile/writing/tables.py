"""The report's CSV files: exact amounts, a line each, no text that a spreadsheet would calculate.

What does not print, a line's end among it, is shown as its escape.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Final, TextIO

from adapters.cells import figure, guarded, printable
from adapters.reconcile.executions import Execution
from adapters.reconcile.outcome import Figure
from adapters.reconcile.pairing import Match
from adapters.reconcile.writing.report import Line, Report
from ledger.domain.numbers import text

BREAKS: Final = (
    "break_id", "status", "severity", "kind", "account", "symbol", "subject", "currency",
    "ledger_value", "broker_value", "difference", "unit", "base_amount", "base_currency", "cause",
    "note", "business_date", "opened_on", "age", "is_new", "match_pass", "reference",
    "parted_after", "waived_until", "who", "said", "evidence",
)  # fmt: skip
FIGURES: Final = ("subject", "name", "what", "ledger", "broker", "difference", "agrees")
MATCHES: Final = (
    "match_pass", "instrument_id", "side", "qty", "px", "at", "ledger_key", "ledger_number",
    "broker_key", "broker_row",
)  # fmt: skip
_AND: Final = " + "


def breaks_csv(report: Report) -> bytes:
    """A line a break. ``age`` is in business days, ``difference`` the broker's less ours,
    ``said`` what somebody noted when it was explained or waived."""
    return _table(BREAKS, (_break_row(report, line) for line in report.lines))


def positions_csv(report: Report) -> bytes:
    """A line a position that was compared, in signed units."""
    return _table(FIGURES, map(_figure_row, report.outcome.positions))


def cash_csv(report: Report) -> bytes:
    """A line a balance that was compared."""
    return _table(FIGURES, map(_figure_row, report.outcome.balances))


class Matches:
    """Writes a line a match as matches come: those by key in the order of the report, the others
    behind them. Nothing is kept."""

    def __init__(self, file: TextIO) -> None:
        self._writer = csv.writer(file, lineterminator="\n")
        self._writer.writerow(MATCHES)

    def take(self, match: Match) -> None:
        """One match; several executions of one side are joined."""
        whole = match.there[0] if len(match.there) == 1 else match.here[0]
        row = (
            match.by.name.lower(),
            _text(whole.instrument_id),
            *(whole.side, whole.qty, whole.px, whole.at),
            *_side(match.here),
            *_side(match.there),
        )
        self._writer.writerow(row)


def _side(executions: Sequence[Execution]) -> tuple[str, str]:
    if len(executions) == 1:  # nearly always
        return _text(executions[0].key), _text(str(executions[0].where))
    keys = _AND.join(one.key for one in executions)
    return _text(keys), _text(_AND.join(str(one.where) for one in executions))


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    file = io.StringIO(newline="")
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return file.getvalue().encode()


def _break_row(report: Report, line: Line) -> list[str]:
    found, state = line
    cells = {
        "break_id": found.break_id,
        "status": state.status,
        "severity": found.severity.value,
        "kind": found.kind.value,
        "account": found.account,
        "symbol": report.symbols.get(found.subject, ""),
        "subject": found.subject,
        "currency": found.currency or "",
        "ledger_value": found.ledger_value,
        "broker_value": found.broker_value,
        "difference": _amount(found.difference),
        "unit": found.unit,
        "base_amount": _amount(report.values.get(found.break_id)),
        "base_currency": report.base_currency,
        "cause": found.cause.value,
        "note": found.note,
        "business_date": found.business_date.isoformat(),
        "opened_on": state.opened_on.isoformat(),
        "age": str(state.age),
        "is_new": _yes(state.is_new),
        "match_pass": _number(found.match_pass),
        "reference": found.reference,
        "parted_after": _number(found.parted_after),
        "waived_until": _day(state.waived_until),
        "who": state.who,
        "said": state.note,
        "evidence": "; ".join(found.evidence),
    }
    return [figure(printable(cells[name])) for name in BREAKS]


def _figure_row(one: Figure) -> list[str]:
    return [
        *map(_text, (one.subject, one.name, one.what)),
        text(one.ledger),
        _amount(one.broker),
        _amount(one.difference),
        # What is not stated does not differ, but nor does it agree.
        "" if one.broker is None else _yes(one.agrees),
    ]


def _text(told: str) -> str:
    return guarded(printable(told))


def _amount(value: Decimal | None) -> str:
    return "" if value is None else text(value)


def _number(value: int | None) -> str:
    return "" if value is None else str(int(value))


def _day(value: date | None) -> str:
    return "" if value is None else value.isoformat()


def _yes(value: bool) -> str:
    return "yes" if value else "no"
