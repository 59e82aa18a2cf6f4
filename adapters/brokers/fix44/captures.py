"""Trade capture reports (35=AE): the same executions, told by side and for clearing.

ExecID (17) is the execution's, as in its execution report: told by both, it is one fill. A venue
that gives its trade reports ids of another family would have each fill counted twice; where the
log holds both for one order, the trade report is set aside.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Final

from adapters.brokers.fix44.dialect import SIDES, Dialect, price_is_per_unit
from adapters.brokers.fix44.fees import fees
from adapters.brokers.fix44.instruments import instrument_id, price_currency
from adapters.brokers.fix44.message import NO_IDS, Message
from adapters.brokers.fix44.reports import LEG, Reports, Says, liquidity
from ledger.domain.events import Event, FillBooked, FillBusted, FillCorrected
from ledger.errors import BadRowError

TRANSACTIONS: Final = {
    "0": Says.FILL, "1": Says.BUST, "2": Says.CORRECTION, "4": Says.BUST,
}  # fmt: skip
"""TradeReportTransType (487): new, cancel, replace, reverse."""

EXECUTIONS: Final = {
    **dict.fromkeys("012F", Says.FILL), "G": Says.CORRECTION, "H": Says.BUST,
}  # fmt: skip
"""ExecType (150) of a trade report: trade (new and fills in older versions), correct, cancel."""

TYPES: Final = frozenset({"", "0", "2", "5", "6"})
"""TradeReportType (856): submitted, accepted, amended, cancelled; not alleged or declined."""
BY_SIDE: Final = frozenset({"1", "11", "12", "13", "15", "37", "41", "54", "136", "479"})
_TWICE: Final = (
    "this order's executions are told by execution reports in this log, and none has this id: "
    "booking both would count them twice"
)


class Captures:
    """Reads trade capture reports of one account; knows what execution reports tell."""

    def __init__(
        self,
        dialect: Dialect,
        is_ours: Callable[[Message], bool],
        reports: Reports,
        messages: Iterable[Message],
    ) -> None:
        self._dialect = dialect
        self._side_is_ours = is_ours
        self._reports = reports
        self._exec_ids: set[str] = set()
        self._orders: set[str] = set()
        self._before: dict[str, str] = {}
        first: list[Message] = []
        for message in messages:
            if message.kind == "AE" and message.has("571", "572"):
                self._before[message.values["571"]] = message.values["572"]
            elif message.kind == "AE" and message.has("571"):
                first.append(message)
            elif message.kind == "8" and message.values.get("150") in {"1", "2", "F"}:
                self._exec_ids.add(str(message.values.get("17", "")))
                self._orders.update({str(message.values.get("37", ""))} - NO_IDS)
        amended = set(self._before.values())
        self._told = {
            named: self._own_id(one) or f"report:{named}"
            for one in first
            if (named := str(one.values["571"])) in amended
        }

    def events(self, message: Message) -> list[tuple[Event, datetime]]:
        """A fact for each side that is ours, with its time; none when no side is."""
        message.require_single(but=BY_SIDE)
        sides = [*message.groups("54")]
        if message.decimal("552") != len(sides):
            raise BadRowError("552", message.text("552"), f"the message has {len(sides)} sides")
        if len(sides) > 1 and not any(side.has("1") for side in sides):
            raise BadRowError("1", "", "no side of several names an account: which is ours?")
        ours = [side for side in sides if self._is_ours(side, len(sides))]
        if not ours or self._reports.is_told_by_legs(message, ours[0].text("37")):
            return []
        if message.text("856") not in TYPES or message.text("939") == "1":
            raise BadRowError("856", message.text("856"), "not a trade that stands")
        price_is_per_unit(message)
        return [*self._of_sides(message, ours)]

    def _is_ours(self, side: Message, sides: int) -> bool:
        return (side.has("1") or sides == 1) and self._side_is_ours(side)

    def _of_sides(self, message: Message, ours: list[Message]) -> Iterator[tuple[Event, datetime]]:
        kind = says(message)
        for side in ours:
            exec_id = self._exec_id(message) if kind is Says.FILL else self._amended(message)
            if side.text("37") in self._orders and exec_id not in self._exec_ids:
                raise BadRowError("17", message.text("17"), _TWICE)
            if len(ours) > 1:
                exec_id = f"{exec_id}:{side.text('54')}"
            if kind is Says.FILL:
                yield self._fill(message, side, exec_id), message.utc("60")
            else:
                yield (
                    self._amendment(message, side, exec_id, kind),
                    self._reports.amended_at(message),
                )

    def _exec_id(self, message: Message) -> str:
        """The execution's id (527, when a report has it; 17), else the trade's (1003), else the
        first report's of the chain (571, 572)."""
        return self._own_id(message) or f"report:{self._first(message.required('571'))}"

    def _own_id(self, message: Message) -> str:
        """The id by which an execution report tells it (527), else the execution's (17), else the
        trade's (1003), which its legs share: with the leg's (824)."""
        names = ("527", "17", "1003", "824")
        second, exec_id, trade, leg = (str(message.values.get(tag, "")) for tag in names)
        is_leg = trade and leg and message.values.get("442") == LEG
        told = second if second in self._exec_ids - {""} else exec_id
        return told or (f"{trade}:{leg}" if is_leg else trade)

    def _amended(self, message: Message) -> str:
        """The id of the execution that is amended: as named (19), else that of the first report of
        the chain, as far as this log has it; else the message's own."""
        if message.has("19"):
            return message.text("19")
        named = self._told.get(self._first(message.text("571"))) if message.has("572") else None
        return named or self._exec_id(message)

    def _first(self, named: str) -> str:
        """The report with which a chain of amended ones (572) began."""
        seen: set[str] = set()
        while named not in seen and named in self._before:
            seen.add(named)
            named = self._before[named]
        return named

    def _fill(self, message: Message, side: Message, exec_id: str) -> FillBooked:
        currency = price_currency(message, self._dialect.currency_of(message))
        qty = message.decimal("32")
        negative = self._dialect.negative_charges
        return FillBooked(
            exec_id=exec_id,
            instrument_id=instrument_id(message, self._dialect.venue),
            side=side.one_of("54", SIDES),
            last_qty=qty,
            last_px=message.decimal("31"),
            currency=currency,
            venue=self._dialect.venue,
            scope=self._reports.scope(message),
            cl_ord_id=self._reports.cl_ord_id(side),
            order_id=side.order_id("37") or None,
            fees=fees(side, qty, currency, negative=negative),
            seq=self._reports.sequence(message),
            trade_id=message.text("1003") or message.text("880") or None,
            settl_date=message.day_or_none("64"),
            liquidity=liquidity(side),
        )

    def _amendment(self, message: Message, side: Message, exec_id: str, kind: Says) -> Event:
        """What it does to the fill itself: several of one fill take effect as they were told. One
        id stays for all, so the report's own (571) tells them apart, else when it was sent."""
        venue, scope = self._dialect.venue, self._reports.scope(message)
        about, report = instrument_id(message, venue), message.text("571") or message.sent_at
        if kind is Says.BUST:
            return FillBusted(
                exec_id=exec_id,
                exec_ref_id=exec_id,
                venue=venue,
                scope=scope,
                revision=report,
                instrument_id=about,
                reason=message.text("58") or "cancelled by the venue (487)",
            )
        qty = message.decimal("32")
        negative = self._dialect.negative_charges
        currency = price_currency(message, self._dialect.currency_of(message))
        told = fees(side, qty, currency, negative=negative)
        return FillCorrected(
            exec_id=exec_id,
            exec_ref_id=exec_id,
            last_qty=qty,
            last_px=message.decimal("31"),
            fees=told if side.has("12") or side.has("136") else None,
            side=side.one_of("54", SIDES),
            venue=venue,
            scope=scope,
            revision=report,
            instrument_id=about,
        )


def says(message: Message) -> Says:
    """What a trade report is about: 487, and the execution's type (150), which venues use for the
    same; ``BadRowError`` for one that is not known, and where the two amend in different ways."""
    told = {Says.FILL}
    if message.has("487"):
        told.add(message.one_of("487", TRANSACTIONS))
    if message.has("150"):
        told.add(message.one_of("150", EXECUTIONS))
    amended = told - {Says.FILL}
    if len(amended) > 1:
        rule = "not what TradeReportTransType (487) says: corrected or cancelled is unknown"
        raise BadRowError("150", message.text("150"), rule)
    return amended.pop() if amended else Says.FILL
