"""Facts and clocks for the tests of stores."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from ledger.domain.events import NO_META, Fact, FillBooked, Meta, OrderPlaced, Side, make_fact

START = datetime(2026, 3, 2, 14, 30, tzinfo=UTC)
HAPPENED = datetime(2026, 3, 2, 14, 29, 59, 250_000, tzinfo=UTC)


class Clock:
    """A clock that moves by a second whenever it is read, until it is stopped or set."""

    def __init__(self, step: timedelta = timedelta(seconds=1)) -> None:
        self.now = START
        self.step = step

    def __call__(self) -> datetime:
        now, self.now = self.now, self.now + self.step
        return now


def fill(id: int | str, account: str = "U1", *, meta: Meta = NO_META, **given: Any) -> Fact:
    """A fill with this id; everything else is the same unless given."""
    fields: dict[str, Any] = {
        "instrument_id": "ESZ6", "side": Side.BUY, "last_qty": Decimal(2),
        "last_px": Decimal("5000.25"), "currency": "USD", "venue": "IBKR",
    }  # fmt: skip
    event = FillBooked(exec_id=f"{id:>06}", **fields | given)
    return make_fact(account, event, HAPPENED, meta=meta)


def order(id: str, account: str = "U1", **given: Any) -> Fact:
    """A market order with this id."""
    event = OrderPlaced(
        cl_ord_id=id, instrument_id="ESZ6", side=Side.BUY, order_qty=Decimal(1), **given
    )
    return make_fact(account, event, HAPPENED)
