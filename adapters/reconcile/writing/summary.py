"""``summary.json``: the run for machines; its shape is ``reconcile-summary.schema.json``."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from adapters.reconcile.outcome import Figure
from adapters.reconcile.pairing import Pass
from adapters.reconcile.writing.report import Report
from ledger.domain.numbers import text

SCHEMA: Final = 1
"""The shape of the document; a new field, or word for what a figure is, may come under the same
number, no other change."""


def summary_json(report: Report) -> bytes:
    """The document, indented, with a line's end."""
    told = json.dumps(summary(report), indent=2, ensure_ascii=False)
    return f"{told}\n".encode()


def summary(report: Report) -> dict[str, Any]:
    """The document. Amounts are texts and times have their zone, as everywhere in JSON.

    Of an incomplete report ``matched``, ``breaks`` and ``resolved`` are null: nothing may be said.
    """
    outcome = report.outcome
    return {
        "schema": SCHEMA,
        "account": outcome.account,
        "venue": outcome.batch.venue,
        "business_date": outcome.business_date.isoformat(),
        "as_of": _time(outcome.as_of),
        "verdict": outcome.verdict.value,
        "incomplete": list(outcome.incomplete),
        "log": {"number": outcome.known_at, "digest": outcome.digest},
        "inputs": [one._asdict() for one in report.inputs],
        "report": _about(report),
        "matched": _matched(report),
        "breaks": _breaks(report) if report.is_complete else None,
        "resolved": _resolved(report) if report.is_complete else None,
        "controls": _controls(report),
        "positions": _figures(outcome.positions),
        "balances": _figures(outcome.balances),
        "absorbed": _absorbed(report),
        "calendar": _calendar(report),
    }


def _about(report: Report) -> dict[str, Any]:
    batch = report.outcome.batch
    covers = batch.coverage
    return {
        "parser": batch.adapter,
        "statement_id": batch.statement_id,
        "covers_from": _time(covers.covers_from),
        "covers_to": _time(covers.covers_to),
        "sections": sorted(covers.sections),
        "rows": dict(sorted(covers.rows)),
        "records": len(batch.records),
        "positions": len(batch.positions),
        "balances": len(batch.balances),
        "orders": len(batch.orders),
        "set_aside": len(batch.quarantine),
    }


def _matched(report: Report) -> dict[str, int] | None:
    if not report.is_complete:
        return None
    return {one.name.lower(): report.outcome.matched.get(one, 0) for one in Pass}


def _breaks(report: Report) -> dict[str, Any]:
    return {
        "total": len(report.lines),
        "open": len(report.open_lines),
        "waived": len(report.waived_lines),
        "new": len(report.new_lines),
        "by_kind": [
            {**one._asdict(), "kind": one.kind.value, "severity": one.kind.severity.value}
            for one in report.by_kind()
        ],
        "ageing": {severity.value: ages for severity, ages in report.ageing().items()},
    }


def _resolved(report: Report) -> list[dict[str, Any]]:
    return [
        {
            "break_id": one.break_id,
            "kind": one.kind,
            "subject": one.subject,
            "how": one.how,
            "opened_on": one.opened_on.isoformat(),
        }
        for one in report.life.resolved
    ]


def _controls(report: Report) -> list[dict[str, Any]]:
    """The report's own totals, and what its rows make."""
    found = sorted(report.outcome.controls, key=lambda one: (one.currency, one.name))
    return [
        {
            "name": one.name,
            "currency": one.currency,
            "stated": text(one.stated),
            "rows": text(one.rows),
            "agrees": one.agrees,
        }
        for one in found
    ]


def _figures(figures: Iterable[Figure]) -> list[dict[str, Any]]:
    return [
        {
            "subject": one.subject,
            "name": one.name,
            "what": one.what,
            "ledger": text(one.ledger),
            "broker": _amount(one.broker),
            "difference": _amount(one.difference),
            "agrees": one.agrees,
        }
        for one in figures
    ]


def _absorbed(report: Report) -> list[dict[str, str]]:
    """What declared tolerances let pass."""
    return sorted(
        (
            {
                "kind": one.kind.value,
                "subject": one.subject,
                "difference": text(one.difference),
                "tolerance": text(one.tolerance),
            }
            for one in report.outcome.absorbed
        ),
        key=lambda one: (one["subject"], one["kind"], one["difference"]),
    )


def _calendar(report: Report) -> dict[str, Any] | None:
    """The calendar that ages were counted by, and the days that it left out."""
    if report.left_out is None:
        return None
    name, days = report.left_out
    return {"name": name, "left_out": [one.isoformat() for one in days]}


def _amount(value: Decimal | None) -> str | None:
    return None if value is None else text(value)


def _time(value: datetime | None) -> str | None:
    """A time in UTC."""
    return None if value is None else value.astimezone(UTC).isoformat().replace("+00:00", "Z")
