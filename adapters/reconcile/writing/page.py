"""``report.html``: one page that stands alone: no script, nothing from the network, no clock."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape
from string import Template
from typing import Final

from adapters.cells import printable
from adapters.reconcile.kinds import Severity
from adapters.reconcile.outcome import Figure, Verdict
from adapters.reconcile.pairing import Pass
from adapters.reconcile.writing.report import AGES, Line, Report
from ledger.domain.numbers import text

_PAGE: Final = Template("""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>$title</title>
<style>
body { font: 15px/1.5 system-ui, sans-serif; margin: 2em auto; max-width: 84em; padding: 0 1em }
dl { display: grid; grid-template-columns: max-content auto; gap: 0 1em }
dt { opacity: .7 }
dd { margin: 0; overflow-wrap: anywhere }
div { overflow-x: auto }
table { border-collapse: collapse; font-variant-numeric: tabular-nums }
th, td { border-bottom: 1px solid #8886; padding: .2em .8em .2em 0; text-align: left;
  vertical-align: top }
.verdict { font-weight: bold }
.clean { color: #283 }
.breaks, .critical { color: #c33 }
.incomplete, .high { color: #b60 }
small { opacity: .7 }
</style>
</head>
<body>
<h1>$title</h1>
<p class="verdict $verdict">$told</p>
<dl>
$about
</dl>
$sections
</body>
</html>
""")
_TOLD: Final = {
    Verdict.CLEAN: "Clean: everything that the report tells is what the books say.",
    Verdict.BREAKS: "Breaks: the books and the report differ.",
    Verdict.INCOMPLETE: "Incomplete: nothing may be called reconciled, nor broken.",
}
_BREAK: Final = (
    "severity", "kind", "what", "age", "status", "books", "broker", "difference", "cause",
    "where to look",
)  # fmt: skip

Cell = str | Sequence[str]
"""What a cell says: a text, or several one below the other."""


def report_html(report: Report) -> bytes:
    """The page. Every text is escaped, and what does not print is shown as its escape."""
    outcome = report.outcome
    filled = _PAGE.substitute(
        title=_text(f"Reconciliation: {outcome.account}, {outcome.business_date.isoformat()}"),
        verdict=outcome.verdict.value,
        told=_TOLD[outcome.verdict],
        about="\n".join(_term(name, told) for name, told in _about(report)),
        sections="\n".join(_sections(report)),
    )
    return filled.encode()


def _about(report: Report) -> Iterator[tuple[str, str]]:
    outcome = report.outcome
    covers = outcome.batch.coverage
    yield "Venue", outcome.batch.venue
    yield "Read by", outcome.batch.adapter
    yield "Covers from", covers.covers_from.isoformat() if covers.covers_from else "not told"
    yield "Covers to", covers.covers_to.isoformat() if covers.covers_to else "not told"
    yield "Compared as of", outcome.as_of.isoformat() if outcome.as_of else "the report's end"
    yield "Log", f"number {outcome.known_at}, digest {outcome.digest}"
    if report.is_complete:
        new, waived = len(report.new_lines), len(report.waived_lines)
        settled = len(report.settled_lines)
        since = f", {settled} settled by a later report" if settled else ""
        yield "Breaks", f"{len(report.lines)}, {new} new, {waived} waived{since}"
        yield "Resolved", str(len(report.life.resolved))
        for one in Pass:
            if matches := outcome.matched.get(one, 0):
                yield f"Matched by {one.name.lower()}", str(matches)


def _sections(report: Report) -> Iterator[str]:
    outcome = report.outcome
    if not report.is_complete:
        yield _section("Why it is incomplete", ("reason",), ([one] for one in outcome.incomplete))
    else:
        yield _ageing(report)
        yield _section("Breaks", _BREAK, (_break(report, line) for line in report.lines))
        yield _section("New", _BREAK[:4], (_break(report, one)[:4] for one in report.new_lines))
        yield _resolved(report)
    yield _section("Positions", _FIGURE, map(_figure, outcome.positions))
    yield _section("Cash", _FIGURE, map(_figure, outcome.balances))
    yield _absorbed(report)
    yield _controls(report)
    inputs = ([one.name, str(one.bytes), one.sha256] for one in report.inputs)
    yield _section("Files", ("name", "bytes", "sha-256"), inputs)


def _ageing(report: Report) -> str:
    """Open breaks by age; what is waived is left out."""
    rows = (
        [severity.value, *(str(ages[age]) for age in AGES)]
        for severity, ages in report.ageing().items()
    )
    head = ("severity", *(f"{age} days" if age != "1" else "1 day" for age in AGES))
    by = f", {report.left_out.calendar}" if report.left_out else ""
    return _section(f"Age in business days{by}", head, rows)


def _break(report: Report, line: Line) -> list[Cell]:
    found, state = line
    symbol = report.symbols.get(found.subject)
    cause = [found.cause.value, found.note]
    evidence = list(found.evidence)
    if found.parted_after is not None:
        evidence.append(f"ledger: both agreed up to number {found.parted_after}")
    signed = f"until {state.waived_until.isoformat()}" if state.waived_until else ""
    by = f"by {state.who}" if state.who else ""
    units = "" if found.difference is None else f"{text(found.difference)} {found.unit}"
    value = report.values.get(found.break_id)
    worth = "" if value is None else f"{text(value)} {report.base_currency}"
    return [
        found.severity.value,
        found.kind.value,
        [f"{symbol} ({found.subject})" if symbol else found.subject, found.reference],
        f"{state.age}, since {state.opened_on.isoformat()}",
        [state.status, by, signed, state.note],
        found.ledger_value,
        found.broker_value,
        [units, worth],
        cause,
        evidence,
    ]


def _resolved(report: Report) -> str:
    rows = (
        [one.kind, report.symbols.get(one.subject, one.subject), one.how, one.opened_on.isoformat()]
        for one in report.life.resolved
    )
    return _section("Resolved", ("kind", "what", "how", "opened on"), rows)


_FIGURE: Final = ("name", "what", "books", "broker", "difference")


def _figure(one: Figure) -> list[Cell]:
    apart = one.difference
    stated = "not stated" if one.broker is None else text(one.broker)
    return [one.name, one.what, text(one.ledger), stated, text(apart) if apart else ""]


def _absorbed(report: Report) -> str:
    found = sorted(report.outcome.absorbed, key=lambda one: (one.subject, one.difference))
    rows = ([one.subject, text(one.difference), text(one.tolerance)] for one in found)
    return _section("Let pass by a declared tolerance", ("what", "difference", "tolerance"), rows)


def _controls(report: Report) -> str:
    found = sorted(report.outcome.controls, key=lambda one: (one.currency, one.name))
    rows = ([one.currency, one.name, text(one.stated), text(one.rows)] for one in found)
    return _section("The report's own totals", ("currency", "name", "stated", "its rows"), rows)


def _section(title: str, head: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    """A heading and a table, or the word that there is nothing."""
    lines = [f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows]
    if not lines:
        return f"<h2>{_text(title)}</h2>\n<p>None.</p>"
    names = "".join(f"<th>{_text(name)}</th>" for name in head)
    body = "\n".join(lines)
    table = f"<table>\n<thead><tr>{names}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table>"
    return f"<h2>{_text(title)}</h2>\n<div>{table}</div>"


_SEVERITIES: Final = {one.value for one in Severity}


def _cell(told: Cell) -> str:
    if isinstance(told, str):
        mark = f' class="{told}"' if told in _SEVERITIES else ""
        return f"<td{mark}>{_text(told)}</td>"
    first, *rest = [_text(one) for one in told if one] or [""]
    return f"<td>{''.join([first, *(f'<br><small>{one}</small>' for one in rest)])}</td>"


def _term(name: str, told: str) -> str:
    return f"<dt>{_text(name)}</dt><dd>{_text(told)}</dd>"


def _text(told: str) -> str:
    return escape(printable(told))
