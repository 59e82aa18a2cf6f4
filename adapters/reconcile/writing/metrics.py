"""``metrics.prom``: the run in the text format of Prometheus, for a textfile collector.

Every series has the labels ``account`` and ``parser``. Of an incomplete report there are no series
of breaks and matches: a zero would say that there are none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from typing import Final

from adapters.reconcile.kinds import Severity
from adapters.reconcile.outcome import Verdict
from adapters.reconcile.pairing import Pass
from adapters.reconcile.writing.report import Line, Report

_PREFIX: Final = "tradeledger_reconcile"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_DAY: Final = 24 * 60 * 60

Sample = tuple[dict[str, str], int]


def metrics_prom(report: Report) -> bytes:
    """All gauges; the last run is told by its business date, not by a clock."""
    gauges = [*_of_run(report)]
    if report.is_complete:
        gauges += _of_breaks(report)
    own = {"account": report.outcome.account, "parser": report.outcome.batch.parser}
    lines = (line for name, told, samples in gauges for line in _gauge(name, told, own, samples))
    return "".join(f"{line}\n" for line in lines).encode()


Gauge = tuple[str, str, list[Sample]]


def _of_run(report: Report) -> Iterator[Gauge]:
    outcome = report.outcome
    verdicts: list[Sample] = [
        ({"verdict": one.value}, int(one is outcome.verdict)) for one in Verdict
    ]
    yield "verdict", "1 for the verdict of the last run.", verdicts
    day: list[Sample] = [({}, seconds_of(outcome.business_date))]
    yield "business_date_seconds", "Midnight UTC of the last run's business date.", day
    yield "log_number", "The log number that the last run knew.", [({}, outcome.known_at)]


def _of_breaks(report: Report) -> Iterator[Gauge]:
    lines = report.open_lines
    waived, new = len(report.waived_lines), len(report.new_lines)
    yield "breaks", "Open breaks, by severity.", [*_by_severity(lines)]
    kinds: list[Sample] = [
        ({"kind": one.kind.value, "severity": one.kind.severity.value}, one.open)
        for one in report.by_kind()
    ]
    yield "breaks_by_kind", "Open breaks, by kind.", kinds
    oldest = max((line.state.age for line in lines), default=0)
    age = "Age of the oldest open break, in business days."
    yield "oldest_break_business_days", age, [({}, oldest)]
    yield "waived_breaks", "Breaks that somebody waived.", [({}, waived)]
    yield "new_breaks", "Breaks that the last business date brought.", [({}, new)]
    gone: list[Sample] = [({}, len(report.life.resolved))]
    yield "resolved_breaks", "Breaks that the last run found to be gone.", gone
    matched: list[Sample] = [
        ({"pass": one.name.lower()}, report.outcome.matched.get(one, 0)) for one in Pass
    ]
    yield "matched", "Matches of executions, by the pass that made them.", matched


def _by_severity(lines: Iterable[Line]) -> Iterator[Sample]:
    found = Counter(line.found.severity for line in lines)
    return (({"severity": one.value}, found[one]) for one in Severity)


def seconds_of(day: date) -> int:
    """Midnight UTC of a day in seconds since 1970.

    >>> seconds_of(date(1970, 1, 2))
    86400
    """
    return (day - _EPOCH.date()).days * _DAY


def _gauge(name: str, told: str, own: dict[str, str], samples: list[Sample]) -> Iterator[str]:
    yield f"# HELP {_PREFIX}_{name} {told}"
    yield f"# TYPE {_PREFIX}_{name} gauge"
    for labels, value in samples:
        yield f"{_PREFIX}_{name}{{{_labels(own | labels)}}} {value}"


def _labels(labels: dict[str, str]) -> str:
    return ",".join(f'{name}="{escaped(value)}"' for name, value in labels.items())


def escaped(value: str) -> str:
    r"""A label's value: backslashes, quotes and line ends escaped.

    >>> print(escaped('a"b\n'))
    a\"b\n
    """
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
