"""Executions as either side has them, all as text: what is equal is equal to the digit."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from ledger.domain.events import Fee, FillBooked
from ledger.domain.numbers import ZERO, add
from projections.types import amount_text, moment_text, optional_amount


class Execution(NamedTuple):
    """One execution that stands, on one side.

    ``key`` is its stored key; ``at`` UTC text of fixed width, which sorts as times do;
    ``qty`` unsigned units, ``px`` "" when only the money is told; ``fees`` as
    :func:`fees_text` has them; ``where`` says where to look: a log number, or a row.
    """

    key: str
    exec_id: str
    order_id: str
    trade_id: str
    cl_ord_id: str
    instrument_id: str
    side: str
    qty: str
    px: str
    fees: str
    at: str
    settl_date: str
    where: str

    @property
    def moment(self) -> datetime:
        """When it traded, in UTC."""
        return datetime.fromisoformat(self.at)

    @property
    def day(self) -> str:
        """The UTC day of it."""
        return self.at[:10]

    @property
    def money(self) -> Decimal:
        """Quantity times price, unsigned; zero without a price."""
        return Decimal(self.qty) * Decimal(self.px) if self.px else ZERO


def fees_text(fees: Iterable[tuple[str, Decimal]]) -> str:
    """Sums by currency as one text, zeros left out: positive is charged.

    >>> fees_text([("USD", Decimal("1.50")), ("BNB", Decimal("0.1")), ("USD", Decimal("-0.5"))])
    '0.1 BNB + 1 USD'
    """
    sums: dict[str, Decimal] = {}
    for currency, amount in fees:
        sums[currency] = add(sums.get(currency, ZERO), amount)
    told = sorted(
        f"{amount_text(amount)} {currency}" for currency, amount in sums.items() if amount
    )
    return " + ".join(told)


def fee_sums(told: str) -> dict[str, Decimal]:
    """The sums that :func:`fees_text` tells, by currency.

    >>> fee_sums("0.1 BNB + 1 USD")
    {'BNB': Decimal('0.1'), 'USD': Decimal('1')}
    """
    parts = (part.split(" ", 1) for part in told.split(" + ") if part)
    return {currency: Decimal(amount) for amount, currency in parts}


def execution_of(
    fill: FillBooked, fees: Iterable[Fee], key: str, at: datetime, where: str
) -> Execution:
    """A fill as an execution, with the fees that are charged for it."""
    return Execution(
        key=key,
        exec_id=fill.exec_id,
        order_id=fill.order_id or "",
        trade_id=fill.trade_id or "",
        cl_ord_id=fill.cl_ord_id or "",
        instrument_id=fill.instrument_id,
        side="buy" if fill.side.is_buy else "sell",
        qty=amount_text(fill.last_qty),
        px=optional_amount(fill.last_px) or "",
        fees=fees_text((fee.currency, fee.amount) for fee in fees),
        at=moment_text(at),
        settl_date=fill.settl_date.isoformat() if fill.settl_date else "",
        where=where,
    )
