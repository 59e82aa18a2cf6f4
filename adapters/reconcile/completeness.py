"""Completeness: what is looked at before anything is matched."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import partial
from typing import Any

from adapters.port import Batch, Control
from adapters.reconcile.breaks import Break
from adapters.reconcile.kinds import Cause, Kind
from adapters.whose import other_account
from ledger.domain.events import AccountOpened
from ledger.domain.numbers import subtract, text


def why_incomplete(
    batch: Batch, as_of: datetime | None, opening: AccountOpened | None = None
) -> tuple[str, ...]:
    """Why a report cannot be reconciled with, in words; nothing when it can.

    A report that ends before ``as_of`` is yesterday's, and one that does not say where it ends may
    be; one that knows of a page that is not there is a part; one that says nothing at all is a
    failed fetch, which is never "flat". One of another account than the ``opening`` says these
    books are of says nothing of them.
    """
    apart = other_account(opening, batch)
    return (*((apart,) if apart else ()), *_reasons(batch, as_of))


def _reasons(batch: Batch, as_of: datetime | None) -> Iterator[str]:
    coverage = batch.coverage
    yield from coverage.missing
    if as_of is not None and coverage.covers_to is not None and coverage.covers_to < as_of:
        ends, asked = coverage.covers_to, as_of.astimezone(coverage.covers_to.tzinfo)
        told = f"the report ends at {ends.isoformat()}, before {asked.isoformat()}"
        yield f"{told}: it is an earlier one"
    if as_of is not None and coverage.covers_to is None and not coverage.missing:
        rule = "say with --to what it was asked for, or leave --as-of out"
        yield f"the report does not say how far it reaches: {rule}"
    if not _says_something(batch):
        yield "the report says nothing at all: an empty answer is taken for a failed one"
    elif not batch.records and _is_of_no_time(batch):
        yield "the report is empty, and of no time: say --from and --to if nothing happened then"


def _says_something(batch: Batch) -> bool:
    """Whether there is any row in it, or a section, though that may be empty."""
    rows = batch.records or batch.positions or batch.balances or batch.orders or batch.quarantine
    return bool(rows or batch.coverage.sections or batch.coverage.missing)


def _is_of_no_time(batch: Batch) -> bool:
    """Whether empty lists are all it has, of which nobody says when there was nothing: no trade
    can be missing in it, so that it would be called clean."""
    coverage = batch.coverage
    states = batch.positions or batch.balances or batch.orders or batch.quarantine
    lists = coverage.lists_positions or coverage.lists_balances or coverage.lists_orders
    is_dated = coverage.covers_from is not None and coverage.covers_to is not None
    return not (states or lists or is_dated or coverage.missing)


def input_breaks(batch: Batch, on: datetime) -> Iterator[Break]:
    """What the report shows of itself: rows set aside, totals that its own rows do not make, and
    what its parser found in it."""
    of_report = partial(Break, account=batch.account, business_date=on.date())
    for row in batch.quarantine:
        yield of_report(
            kind=Kind.ROW_QUARANTINED,
            subject=row.field,
            reference=row.digest or f"{row.file} {row.row}",
            ledger_value="not booked",
            broker_value=row.value,
            cause=Cause.SET_ASIDE,
            note=row.rule,
            evidence=(f"broker: {row.file} {row.row}",),
        )
    for control in batch.coverage.controls:
        if not control.agrees:
            yield of_report(**_of_total(control))
    for found in batch.findings:
        yield of_report(
            kind=Kind.CONTRADICTION,
            subject="",
            reference=f"{found.row}: {found.what}",
            ledger_value="",
            broker_value=found.what,
            evidence=(f"broker: {found.file} {found.row}",),
        )


def _of_total(control: Control) -> dict[str, Any]:
    """A total that the rows do not make."""
    return {
        "kind": Kind.CONTROL_TOTAL,
        "subject": control.currency,
        "reference": control.name,
        "ledger_value": text(control.rows),
        "broker_value": text(control.stated),
        "currency": control.currency,
        "difference": subtract(control.stated, control.rows),
        "unit": control.currency,
        "note": "the report's own rows do not make its total",
        "evidence": (f"broker: {control.name}",),
    }
