"""The shapes in which Alpaca tells the same activity, as one: the names of the account activities.

============================  =============================================================
answer                        its own names
============================  =============================================================
account activities            ``activity_type``, ``id`` (a time, ``::``, a UUID), ``date``
events of non-trade entries   ``entry_type``, ``id`` (the UUID alone), ``settle_date``
activity events (v2)          ``activity_type``, ``ref_id`` (the UUID), ``details``
trade events, trade_updates   ``event``, ``execution_id``, ``order``
============================  =============================================================

The UUID is the same in all of them: of a trade it is the execution's id. The time before it is New
York's wall clock and says nothing that the row does not.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from adapters.json_page import Json
from adapters.rows import Row
from ledger.domain.numbers import ONE
from ledger.errors import BadRowError

NEW_YORK: Final = ZoneInfo("America/New_York")
TRADES: Final = frozenset({"FILL", "TRD"})
_MIDNIGHT: Final = "T00:00:00Z"
_LATE: Final = time(23, 59, 59)
_MICROS: Final = 26
"""The characters of a time to the microsecond."""


def told(row: Row) -> Row:
    """The row with the names of the account activities, ``id`` being the UUID."""
    values = row.values
    if "order" in values:
        return Row(_event(row), row.where)
    if "ref_id" in values:
        details = row.inner("details").values if values.get("details") else {}
        own = {name: value for name, value in values.items() if value is not None}
        settles = _bare(values.get("settle_date"))
        renamed = {"id": values["ref_id"], "date": settles, "settle_date": settles,
                   "transaction_time": values.get("executed_at"),
                   "activity_sub_type": values.get("activity_subtype")}  # fmt: skip
        return Row({**details, **own, **renamed}, row.where)
    if "entry_type" in values:
        renamed = {"activity_type": values["entry_type"], "date": values.get("settle_date"),
                   "activity_sub_type": values.get("entry_sub_type")}  # fmt: skip
        return Row({**values, **renamed}, row.where)
    return Row({**values, "id": row.text("id").rpartition("::")[2]}, row.where)


def _bare(day: Json) -> Json:
    """A day without its midnight: some activity events write one."""
    return day.removesuffix(_MIDNIGHT) if isinstance(day, str) else day


def _event(row: Row) -> dict[str, Json]:
    """A trade event: what happened stands beside the order as it stood then."""
    order = row.inner("order")
    taken = ("symbol", "side", "asset_class", "client_order_id")
    return {
        **{name: value for name, value in row.values.items() if name != "order"},
        **{name: order.values.get(name) for name in taken},
        "activity_type": "FILL",
        "id": row.values.get("execution_id"),
        "previous_id": row.values.get("previous_execution_id") or row.values.get("previous_id"),
        "execution_type": row.values.get("event"),
        "transaction_time": row.values.get("timestamp"),
        "order_id": order.values.get("id"),
        "cum_qty": order.values.get("filled_qty"),
    }


def kind(activity: Row) -> str:
    """The activity's type, such as FILL or DIV."""
    return activity.required("activity_type")


def happened(activity: Row) -> datetime:
    """When it traded, rounded half up to the microsecond, as the account activities are: a stream
    tells the same time to the nanosecond."""
    written = activity.required("transaction_time")
    at = activity.instant("transaction_time", NEW_YORK)
    finer = written[_MICROS : _MICROS + 1]
    is_up = written[19:20] == "." and finer.isdigit() and finer >= "5"
    return at + timedelta(microseconds=1) if is_up else at


def begins(activity: Row) -> datetime:
    """The midnight with which the activity's day begins in New York."""
    return _moment(_day(activity), time())


def ends(activity: Row) -> datetime:
    """The last second of the activity's day in New York, behind whatever was traded on it."""
    return _moment(_day(activity), _LATE)


def _day(activity: Row) -> date:
    day = activity.day_or_none("date")
    if day is None:
        raise BadRowError("date", "", "missing: the day on which it was booked or settled")
    return day


def _moment(day: date, at: time) -> datetime:
    return datetime.combine(day, at, tzinfo=NEW_YORK)


def require_no_swap(activity: Row) -> None:
    """Raise ``BadRowError`` for an amount at a rate of exchange: its currency is not told."""
    if activity.has("swap_rate") and activity.decimal("swap_rate") != ONE:
        rule = "an account in a local currency: which currency the amounts are in is not told"
        raise BadRowError("swap_rate", activity.text("swap_rate"), rule)
