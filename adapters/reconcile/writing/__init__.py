"""The files of a report, each a function from it to bytes: equal input, equal bytes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from adapters.reconcile.writing.metrics import metrics_prom
from adapters.reconcile.writing.page import report_html
from adapters.reconcile.writing.report import Input, Report
from adapters.reconcile.writing.summary import summary, summary_json
from adapters.reconcile.writing.tables import Matches, breaks_csv, cash_csv, positions_csv

MATCHES: Final = "matches.csv"
"""Written while matches are made, by :class:`Matches`."""

WRITERS: Final[dict[str, Callable[[Report], bytes]]] = {
    "summary.json": summary_json,
    "breaks.csv": breaks_csv,
    "positions.csv": positions_csv,
    "cash.csv": cash_csv,
    "report.html": report_html,
    "metrics.prom": metrics_prom,
}
"""The files, by name."""

NAMES: Final = frozenset({*WRITERS, MATCHES})
"""All that a folder of a report holds."""

__all__ = ["MATCHES", "NAMES", "WRITERS", "Input", "Matches", "Report", "summary", "summary_json"]
