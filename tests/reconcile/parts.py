"""A book with a few fills, and reports about it, for tests of the parts of a reconciliation."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import ledger
from adapters.port import Batch, Coverage, Record, StatedOrder
from adapters.reconcile import Outcome, reconcile
from ledger.book import Book
from ledger.domain.events import (
    AccountOpened,
    CashDeposited,
    Event,
    Fee,
    FillBooked,
    InstrumentDefined,
    Side,
    StatedBalance,
    StatedPosition,
)
from ledger.domain.instruments import Instrument, InstrumentKind
from ledger.domain.order_status import OrdStatus
from projections.database import connect
from projections.reports import Reports

DAY = datetime(2026, 3, 2, tzinfo=UTC)
NOW = datetime(2026, 3, 9, tzinfo=UTC)
ACCOUNT, VENUE = "A", "V"


def at(hour: float, day: int = 0) -> datetime:
    return DAY + timedelta(days=day, hours=hour)


def fill(exec_id: str, qty: str = "10", px: str = "50", *, side: Side = Side.BUY, **more: Any):
    return FillBooked(
        exec_id=exec_id, venue=VENUE, instrument_id=more.pop("instrument_id", "V:X"), side=side,
        last_qty=Decimal(qty), last_px=Decimal(px), **more,
    )  # fmt: skip


def fee(amount: str, currency: str = "USD") -> Fee:
    return Fee(amount=Decimal(amount), currency=currency)


@contextmanager
def opened(folder: Path, tables: str = "", **rules: Any) -> Iterator[tuple[Book, Reports]]:
    """A book of one account with two instruments and a deposit, and its read models."""
    with ledger.open(f"sqlite:///{folder}/l.db", clock=lambda: NOW) as book:
        opening = AccountOpened(base_currency="USD", **rules)
        book.record(ACCOUNT, opening, occurred_at=DAY - timedelta(days=30))
        for name in ("V:X", "V:Y"):
            kind = InstrumentKind.EQUITY
            made = Instrument(instrument_id=name, symbol=name[2:], kind=kind, currency="USD")
            book.record(ACCOUNT, InstrumentDefined(instrument=made), occurred_at=DAY)
        money = CashDeposited(id="d1", venue=VENUE, amount=Decimal(100_000), currency="USD")
        book.record(ACCOUNT, money, occurred_at=DAY - timedelta(days=20))
        yield book, Reports(book, connect(tables or f"sqlite:///{folder}/r.db"))


def booked(book: Book, *facts: tuple[Event, datetime]) -> None:
    for event, when in facts:
        book.record(ACCOUNT, event, occurred_at=when)


def report(
    *facts: tuple[Event, datetime],
    days: int = 1,
    positions: dict[str, str] | None = None,
    balances: dict[str, str] | None = None,
    orders: tuple[StatedOrder, ...] = (),
    since: datetime = DAY,
    statement_id: str = "",
    **covers: Any,
) -> Batch:
    """What a venue says of one day or more."""
    records = tuple(
        Record(event=event, occurred_at=when, row=f"row {nth}", digest=f"d{nth}")
        for nth, (event, when) in enumerate(facts, start=1)
    )
    span = {"covers_from": since, "covers_to": since + timedelta(days=days)}
    covers = {"sections": ("fills",), **span, **covers}
    return Batch(
        venue=VENUE, account=ACCOUNT, parser="t", parser_version="1", digest="d",
        statement_id=statement_id, coverage=Coverage(**covers),
        records=records, orders=orders,
        positions=tuple(
            StatedPosition(instrument_id=name, qty=Decimal(qty))
            for name, qty in (positions or {}).items()
        ),
        balances=tuple(
            StatedBalance(currency=name, ending=Decimal(ending))
            for name, ending in (balances or {}).items()
        ),
    )  # fmt: skip


def order(order_id: str, status: OrdStatus = OrdStatus.NEW, **more: Any) -> StatedOrder:
    told: dict[str, Any] = {
        "qty": Decimal(10),
        "cum_qty": Decimal(0),
        "instrument_id": "V:X",
        "side": Side.BUY,
    }
    return StatedOrder(order_id=order_id, status=status, **told | more)


def told(book: Book, reports: Reports, batch: Batch, **how: Any) -> Outcome:
    return reconcile(book, reports, batch, now=NOW, **how)


def kinds(outcome: Outcome) -> list[str]:
    return [one.kind.value for one in outcome.breaks]
