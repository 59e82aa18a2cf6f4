"""Frames of the retail interface's private stream: a position's or a balance's change."""

from __future__ import annotations

from collections.abc import Iterator

from adapters.brokers.polymarket_us.executions import instrument_id
from adapters.rows import Row
from ledger.domain.events import StatedPosition
from ledger.domain.numbers import parse
from ledger.errors import BadRowError


def position(change: Row) -> StatedPosition:
    """What a change leaves of a market, by its slug. Its quantity is a decimal already; the whole
    number beside it has lost the fraction."""
    after = change.inner("afterPosition")
    qty = after.text("netPositionDecimal") or after.required("netPosition")
    cost = after.inner("cost").decimal("value") if after.values.get("cost") else None
    about = instrument_id(slug(change))
    return StatedPosition(instrument_id=about, qty=parse("netPosition", qty), cost_basis=cost)


def slug(change: Row) -> str:
    """The market's name, which is its symbol."""
    return change.inner("afterPosition").inner("marketMetadata").required("slug")


def entry(change: Row) -> Row:
    """A balance's change as an entry of the balance ledger."""
    before, after = change.inner("beforeBalance"), change.inner("afterBalance")
    told = {
        **{name: change.values.get(name) for name in ("id", "entryType", "description")},
        "updateTime": change.values.get("updateTime"),
        "currency": after.values.get("currency") or before.values.get("currency"),
        "beforeBalance": before.values.get("currentBalance"),
        "afterBalance": after.values.get("currentBalance"),
    }
    return Row(told, change.where)


def held(snapshot: Row) -> Iterator[Row]:
    """The balances of a snapshot, as the balances answer has them."""
    for row in snapshot.rows("balances"):
        told = {"balance": row.values.get("currentBalance"), "updateTime": row.text("lastUpdated")}
        yield Row({**row.values, **told}, row.where)


def payload(frame: Row) -> tuple[str, Row]:
    """What a frame holds; ``BadRowError`` for one that is not known."""
    known = ("positionSubscription", "accountBalancesUpdate", "accountBalancesSnapshot")
    name = next((name for name in known if name in frame.values), "")
    if not name:
        kind = frame.text("subscriptionType")
        raise BadRowError("subscriptionType", kind, "a frame that is neither position nor balance")
    return name, frame.inner(name)
