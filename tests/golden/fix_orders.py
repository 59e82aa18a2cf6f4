"""Replay FIX's order state change matrices: ``python -m tests.golden.fix_orders FILE``.

Every scenario gets a fresh book. What comes in is a command, what goes out is the venue's
report and is recorded as the fact it states; after each report the order is asked for and its
figures are compared with the report's. Status, cum and leaves are never told to the ledger.

A row marked ``alternative_path`` is a branch: it is played in a second book, after the same
rows, and the matrix goes on without it.

Matrix D.2.b tells of a request that follows an unanswered one what that one will leave. Such a
report agrees if it does so in a second book in which the earlier request was accepted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import ledger
from ledger.domain.events import (
    CancelRejected,
    Event,
    FillBooked,
    FillCorrected,
    OrderRestated,
    OrderStopped,
    ReplaceRejected,
)
from ledger.domain.order_commands import OrderCommand
from ledger.domain.order_view import OrderView
from ledger.errors import ConflictError, LedgerError, RefusedError, UnknownOrderError
from tests.golden.compare import agrees, argument, read
from tests.golden.fix_reports import (
    INSTRUMENT,
    Difference,
    Row,
    Step,
    UnknownReportError,
    fact_of,
    id_of,
    instrument,
    is_misprinted,
    kind_of,
    number,
    time_in_force,
)

ACCOUNT = "A"
START = datetime(2026, 1, 1, 9, tzinfo=UTC)
NUMBERS = ("order_qty", "cum_qty", "leaves_qty", "last_qty", "avg_px")
UNKNOWN = {"ord_status": "Rejected", **dict.fromkeys(NUMBERS, Decimal(0))}


class Matrix:
    """One scenario being played into a book."""

    def __init__(self, scenario: dict[str, Any]) -> None:
        self.scenario = scenario
        self.book = ledger.open("memory://", clock=lambda: START)
        self.book.open_account(ACCOUNT, base_currency="USD", occurred_at=START)
        self.book.define(ACCOUNT, instrument())
        self.kinds: dict[str, str] = {}
        self.replacing: dict[str, Step] = {}
        self.seen: list[Step] = []
        self.repeats: set[str] = set()
        self.fact: Event | None = None
        self.count = 0
        self.day = 1

    # -- playing ------------------------------------------------------------------------

    def play(self, step: Step) -> None:
        """Send what comes in, record what goes out; a note says nothing to a ledger."""
        self.seen.append(step)
        self.count += 1
        self.fact = None
        if step["dir"] == "in":
            self._send(step)
        elif step["dir"] == "out":
            self._hear(step)

    def at(self, step: Step) -> datetime:
        """A moment for each row, on the day it names."""
        named = re.match(r"Day\s*(\d+)", str(step["t"]))
        self.day = int(named.group(1)) if named else self.day
        return START + timedelta(days=self.day - 1, minutes=self.count)

    def _send(self, step: Step) -> None:
        command = self._command(step)
        if command is None:
            return
        try:
            outcome = self.book.execute(ACCOUNT, command, occurred_at=self.at(step))[0]
        except ConflictError:
            self.repeats.add(id_of(step))
        except RefusedError:
            # The ledger would not have sent it; what the venue says to it is recorded anyway.
            return
        else:
            if isinstance(outcome, ledger.AlreadyAppended) and step.get("poss_resend") != "Y":
                self.repeats.add(id_of(step))

    def _command(self, step: Step) -> OrderCommand | None:
        match step["msg"]:
            case "NewOrder":
                return self._place(step)
            case "CancelRequest":
                return self._cancel(step)
            case "CancelReplaceRequest":
                return self._replace(step)
            case _:  # a request for the status asks, and changes nothing
                return None

    def _place(self, step: Step) -> ledger.PlaceOrder:
        limit_px = number("limit_px", step.get("price"))
        return ledger.PlaceOrder(
            cl_ord_id=id_of(step),
            instrument_id=INSTRUMENT,
            side=ledger.Side.BUY,
            order_qty=ledger.parse("order_qty", str(step["order_qty"])),
            ord_type=ledger.OrdType.MARKET if limit_px is None else ledger.OrdType.LIMIT,
            limit_px=limit_px,
            tif=time_in_force(self.scenario, step),
        )

    def _cancel(self, step: Step) -> ledger.CancelOrder:
        self.kinds[id_of(step)] = "cancel"
        return ledger.CancelOrder(cl_ord_id=id_of(step), orig_cl_ord_id=step["orig_cl_ord_id"])

    def _replace(self, step: Step) -> ledger.ReplaceOrder:
        self.kinds[id_of(step)] = "replace"
        self.replacing[id_of(step)] = step
        return ledger.ReplaceOrder(
            cl_ord_id=id_of(step),
            orig_cl_ord_id=step["orig_cl_ord_id"],
            order_qty=number("order_qty", step["order_qty"]),
        )

    def _hear(self, step: Step) -> None:
        for event in self._events(step):
            self.book.record(ACCOUNT, event, occurred_at=self.at(step))
            self.fact = event

    def _events(self, step: Step) -> Iterator[Event]:
        """The facts a report states; none for a status, or for the refusal of a repeated id."""
        if step["msg"] == "OrderCancelReject":
            yield self._refusal(step)
            return
        kind = kind_of(step)
        if kind in {"orderstatus", "status"}:
            return
        if kind == "rejected" and id_of(step) in self.repeats:
            return
        title = str(self.scenario.get("scenario", ""))
        yield fact_of(Row(step, self.count, title, self._last_exec_id(step)))
        if kind == "new" and self._view(step).is_external:
            # Told by telephone: the acknowledgment is the first the ledger hears of it.
            qty = number("order_qty", step["order_qty"])
            yield OrderRestated(cl_ord_id=id_of(step), order_qty=qty, reason="verbal order")

    def _last_exec_id(self, step: Step) -> str | None:
        try:
            return self._view(step).last_exec_id
        except UnknownOrderError:
            return None

    def _refusal(self, step: Step) -> Event:
        reason = str(step.get("cxl_rej_reason", ""))
        ids = {"cl_ord_id": id_of(step), "orig_cl_ord_id": step["orig_cl_ord_id"]}
        if self.kinds.get(id_of(step)) == "replace":
            return ReplaceRejected(**ids, reason=reason)
        return CancelRejected(**ids, reason=reason)

    # -- comparing ----------------------------------------------------------------------

    def differences(self, step: Step) -> Iterator[Difference]:
        """The figures of a report on which ledger and matrix differ; null is not asserted."""
        if step["dir"] != "out":
            return
        ours = self._figures(step)
        for field in ("ord_status", *NUMBERS):
            expected = step.get(field)
            if expected is None or (field == "leaves_qty" and is_misprinted(step)):
                continue
            mine = ours[field]
            same = agrees(mine, expected) if isinstance(mine, Decimal) else mine == expected
            if not same:
                yield Difference(self.scenario["id"], str(step["t"]), field, mine, expected)

    def ahead(self, step: Step) -> Matrix | None:
        """A second book in which the request that this one follows was accepted; None where the
        row is no report on a request that waits behind another."""
        asked = self.replacing.get(id_of(step))
        earlier = self.replacing.get(asked["orig_cl_ord_id"]) if asked else None
        if asked is None or earlier is None or kind_of(step) != "pendingreplace":
            return None
        if step["orig_cl_ord_id"] == asked["orig_cl_ord_id"]:
            return None
        matrix = Matrix(self.scenario)
        for row in self.seen:
            matrix.play(row)
        answer = {"dir": "out", "msg": "ExecutionReport", "exec_type": "Replaced"}
        matrix.play(earlier | answer)
        return matrix

    def _figures(self, step: Step) -> dict[str, Any]:
        """What a report of ours would say of the order now."""
        refused = kind_of(step) == "rejected" and id_of(step) in self.repeats
        # A refused repetition is no order. Its report may state the first one: the status tells.
        if refused and step["ord_status"] == "Rejected":
            return {**UNKNOWN, "order_qty": number("order_qty", step["order_qty"])}
        try:
            view = self._view(step)
        except UnknownOrderError:
            return UNKNOWN
        figures = {field: getattr(view, field) for field in NUMBERS}
        last_qty = self._last_qty(view)
        avg_px = view.avg_px if view.cum_qty else Decimal(0)
        status = view.status.fix_name
        return {**figures, "ord_status": status, "last_qty": last_qty, "avg_px": avg_px}

    def _last_qty(self, view: OrderView) -> Decimal | None:
        """What the report at hand is about: an execution, a guarantee, or no quantity."""
        match self.fact:
            case FillBooked():
                return view.last_qty
            case FillCorrected():
                return self.fact.last_qty
            case OrderStopped():
                return view.guaranteed_qty
            case _:
                return Decimal(0)

    def _view(self, step: Step) -> OrderView:
        """The order a report is about, under the request's id or the one it refers to."""
        try:
            return self.book.order(ACCOUNT, id_of(step))
        except UnknownOrderError:
            return self.book.order(ACCOUNT, step["orig_cl_ord_id"] or id_of(step))


def replay(scenario: dict[str, Any]) -> list[Difference]:
    """Every difference between ledger and matrix, the branches included."""
    main = Matrix(scenario)
    found: list[Difference] = []
    for index, step in enumerate(scenario["steps"]):
        matrix = _branch(scenario, index) if step["alternative_path"] else main
        try:
            matrix.play(step)
        except UnknownReportError as unknown:
            found.append(Difference(scenario["id"], step["t"], "exec_type", "unknown", unknown))
            continue
        except (LedgerError, LookupError, TypeError) as stopped:
            found.append(Difference(scenario["id"], step["t"], "row", "cannot be played", stopped))
            continue
        found += _differences(matrix, step)
    return found


def _differences(matrix: Matrix, step: Step) -> list[Difference]:
    """The row beside the book, or beside the one that is ahead of it."""
    found = [*matrix.differences(step)]
    ahead = matrix.ahead(step) if found else None
    return found if ahead is None or [*ahead.differences(step)] else []


def _branch(scenario: dict[str, Any], index: int) -> Matrix:
    """A second book that has seen the main rows before this one."""
    matrix = Matrix(scenario)
    for step in scenario["steps"][:index]:
        if not step["alternative_path"]:
            matrix.play(step)
    return matrix


def main(path: str) -> int:
    """Replay a file; 0 only when every scenario agrees."""
    scenarios = read(path)["scenarios"]
    agreed = 0
    for scenario in scenarios:
        found = replay(scenario)
        agreed += not found
        for step in filter(is_misprinted, scenario["steps"]):
            print(f"{scenario['id']} t={step['t']}: its quantities do not add up; leaves_qty aside")
        for difference in found:
            print(difference)
    print(f"agree {agreed} of {len(scenarios)}")
    return 0 if scenarios and agreed == len(scenarios) else 1


if __name__ == "__main__":
    raise SystemExit(main(argument()))
