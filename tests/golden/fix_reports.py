"""FIX's reports as facts: what an execution report or a refusal of a request states.

Status, cum and leaves are the report's own conclusions; they are not told to the ledger.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any, NamedTuple

import ledger
from ledger.domain.events import (
    CancelPending,
    Event,
    FillBooked,
    FillBusted,
    FillCorrected,
    OrderAccepted,
    OrderCalculated,
    OrderCancelled,
    OrderDoneForDay,
    OrderExpired,
    OrderRejected,
    OrderReplaced,
    OrderRestated,
    OrderStopped,
    OrderSubmitted,
    OrderSuspended,
    OrderTriggered,
    ReplacePending,
)

Step = dict[str, Any]

INSTRUMENT, VENUE = "XYZ", "FIX"


class UnknownReportError(Exception):
    """A report of a type that this runner does not know."""


class Row(NamedTuple):
    """A row of a matrix with what it needs to be told apart: its place among the rows, the
    matrix' title, and the last execution before it."""

    step: Step
    place: int
    title: str
    last_exec_id: str | None

    @property
    def exec_id(self) -> str:
        """The execution's id; one without is named after its row."""
        return str(self.step.get("exec_id") or f"row-{self.place}")

    @property
    def exec_ref_id(self) -> str:
        """The execution amended; the last one if the row does not say which."""
        return str(self.step.get("exec_ref_id") or self.last_exec_id)


def fact_of(row: Row) -> Event:
    """The fact that an execution report states."""
    kind = plain(row.step["exec_type"])
    if kind not in FACTS:
        raise UnknownReportError(str(row.step["exec_type"]))
    return FACTS[kind](row)


def plain(exec_type: str | None) -> str:
    """The type of a report without its spelling; one without a type tells the status."""
    return re.sub(r"[^a-z]", "", (exec_type or "status").lower())


def id_of(step: Step) -> str:
    """The row's id; an order given by telephone has none, and goes by the venue's."""
    return str(step["cl_ord_id"] or step.get("order_id") or "TELEPHONE")


def number(field: str, value: object) -> Decimal | None:
    """A figure through the gate; None where none is stated."""
    return None if value is None else ledger.parse(field, str(value))


def _trade(row: Row) -> Event:
    return FillBooked(
        exec_id=row.exec_id,
        venue=VENUE,
        instrument_id=INSTRUMENT,
        side=ledger.Side.BUY,
        last_qty=ledger.parse("last_qty", str(row.step["last_qty"])),
        last_px=number("last_px", row.step.get("last_px")),
        cl_ord_id=id_of(row.step),
    )


def _bust(row: Row) -> Event:
    return FillBusted(
        exec_id=row.exec_id,
        exec_ref_id=row.exec_ref_id,
        venue=VENUE,
        cl_ord_id=id_of(row.step),
    )


def _correct(row: Row) -> Event:
    """The new figures are absolute."""
    return FillCorrected(
        exec_id=row.exec_id,
        exec_ref_id=row.exec_ref_id,
        venue=VENUE,
        last_qty=ledger.parse("last_qty", str(row.step["last_qty"])),
        last_px=number("last_px", row.step.get("last_px")),
        cl_ord_id=id_of(row.step),
    )


def _restate(row: Row) -> Event:
    """Only a corporate action re-expresses what was filled before."""
    reason = str(row.step.get("exec_restatement_reason", ""))
    told = f"{reason} {row.title}".lower().replace("no corporate", "")
    splits = "corporate" in told or "split" in told
    return OrderRestated(
        cl_ord_id=id_of(row.step),
        order_qty=number("order_qty", row.step["order_qty"]),
        cum_qty=number("cum_qty", row.step["cum_qty"]) if splits else None,
        reason=reason,
    )


def _replace(row: Row) -> Event:
    return OrderReplaced(
        cl_ord_id=id_of(row.step),
        orig_cl_ord_id=row.step["orig_cl_ord_id"],
        order_qty=number("order_qty", row.step["order_qty"]),
    )


def _stop(row: Row) -> Event:
    """The quantity and price are a guarantee, no execution."""
    return OrderStopped(
        cl_ord_id=id_of(row.step),
        guaranteed_qty=number("guaranteed_qty", row.step.get("last_qty")),
        guaranteed_px=number("guaranteed_px", row.step.get("last_px")),
    )


def _named(kind: Callable[..., Event]) -> Callable[[Row], Event]:
    """A report that says no more than which order it is about."""
    return lambda row: kind(cl_ord_id=id_of(row.step))


def _requested(kind: Callable[..., Event]) -> Callable[[Row], Event]:
    """A report about a request, by its id and the one it refers to."""
    return lambda row: kind(cl_ord_id=id_of(row.step), orig_cl_ord_id=row.step["orig_cl_ord_id"])


FACTS: dict[str, Callable[[Row], Event]] = {
    "pendingnew": _named(OrderSubmitted),
    "new": _named(OrderAccepted),
    "rejected": _named(OrderRejected),
    "pendingcancel": _requested(CancelPending),
    "pendingreplace": _requested(ReplacePending),
    "replaced": _replace,
    "replace": _replace,
    "canceled": _requested(OrderCancelled),
    "expired": _named(OrderExpired),
    "doneforday": _named(OrderDoneForDay),
    "calculated": _named(OrderCalculated),
    "suspended": _named(OrderSuspended),
    "stopped": _stop,
    "triggered": _named(OrderTriggered),
    "triggeredoractivatedbysystem": _named(OrderTriggered),
    "restated": _restate,
    "trade": _trade,
    "partialfill": _trade,
    "fill": _trade,
    "tradecancel": _bust,
    "tradecorrect": _correct,
}
