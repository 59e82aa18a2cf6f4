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
AT_WORK = {"New", "PartiallyFilled", "PendingNew", "PendingCancel", "PendingReplace", "Stopped"}


class UnknownReportError(Exception):
    """A report of a type that this runner does not know."""


class Difference(NamedTuple):
    """A figure of a step that is not what the matrix says."""

    scenario: str
    t: str
    field: str
    ours: object
    expected: object

    def __str__(self) -> str:
        return (
            f"{self.scenario} t={self.t} {self.field}: ours {self.ours}, expected {self.expected}"
        )


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


def instrument() -> ledger.Instrument:
    """What every matrix is about."""
    return ledger.Instrument(
        instrument_id=INSTRUMENT,
        symbol=INSTRUMENT,
        kind=ledger.InstrumentKind.EQUITY,
        currency="USD",
    )


def fact_of(row: Row) -> Event:
    """The fact that an execution report states."""
    kind = kind_of(row.step)
    if kind not in FACTS:
        raise UnknownReportError(str(row.step["exec_type"]))
    return FACTS[kind](row)


def plain(exec_type: str | None) -> str:
    """The type of a report without its spelling; one without a type tells the status."""
    return re.sub(r"[^a-z]", "", (exec_type or "status").lower())


def kind_of(step: Step) -> str:
    """What a report reports; FIX 4.2 says in a field of its own that it cancels or corrects one."""
    told = plain(step.get("exec_trans_type") or "new")
    return {"cancel": "tradecancel", "correct": "tradecorrect"}.get(told, plain(step["exec_type"]))


def id_of(step: Step) -> str:
    """The row's id; an order given by telephone has none, and goes by the venue's."""
    return str(step["cl_ord_id"] or step.get("order_id") or "TELEPHONE")


def is_misprinted(step: Step) -> bool:
    """Whether a row of an order that is at work breaks the rule that what was asked is what was
    executed and what is left, as D20 of FIX 4.2 does: what it says is left tells nothing then."""
    told = [step.get(name) for name in ("order_qty", "cum_qty", "leaves_qty")]
    if step["dir"] != "out" or step.get("ord_status") not in AT_WORK or None in told:
        return False
    asked, executed, left = (Decimal(str(one)) for one in told)
    return asked != executed + left


def time_in_force(scenario: dict[str, Any], step: Step) -> ledger.TimeInForce:
    """As the row says it, else as the scenario is called."""
    said = str(step.get("time_in_force") or step.get("tif") or scenario.get("scenario", ""))
    named = re.search(r"\b(GTC|IOC|FOK)\b", said, re.IGNORECASE)
    return ledger.TimeInForce[named.group(1).upper()] if named else ledger.TimeInForce.DAY


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
    """Without an id that it replaces nobody asked for it: the venue says anew what is in force."""
    if row.step["orig_cl_ord_id"] is None:
        return _restate(row)
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
