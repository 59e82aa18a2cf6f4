"""The legs of a corporate action, and the facts that say what one of them did.

The rows tell units and money, never what the units cost: where units of one contract become
units of another, the new ones arrive with an unknown basis, and nothing is invented for it.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Final

import attrs

from adapters.brokers.ibkr_flex.instruments import VENUE, instrument
from adapters.brokers.ibkr_flex.row import Row
from adapters.port import Ordinals, Record
from ledger.domain.events import (
    Event,
    FillBooked,
    Leg,
    LotCarried,
    PositionTransferred,
    Side,
    SpinOffReceived,
    SymbolChanged,
    UnitsDelivered,
    UnitsReason,
    UnitsReceived,
)
from ledger.domain.instruments import Instrument
from ledger.domain.numbers import ZERO, text
from ledger.errors import BadRowError

TIMES: Final = ("dateTime", "reportDate")
CANCELED: Final = "Ca"
PLACES: Final = 4
BY_HAND: Final = "enter what it did by hand"


@attrs.frozen(kw_only=True)
class Moved:
    """One row of an action: signed units of a contract, and the money that came for them
    (``proceeds``, positive = received). ``value`` is what IB says the units are worth."""

    row: Row
    id: str
    at: datetime
    defined: Instrument
    qty: Decimal
    proceeds: Decimal
    value: Decimal

    @property
    def seq(self) -> int:
        """The place in its instant."""
        return place(self.row)

    @property
    def about(self) -> str:
        """The instrument's id."""
        return self.defined.instrument_id

    @property
    def units(self) -> Decimal:
        """How many, without the sign."""
        return self.qty.copy_abs()

    def record(self, event: Event) -> Record:
        """A fact that this row tells."""
        return Record(event=event, occurred_at=self.at, row=self.row.where, digest=self.row.digest)


def is_cancel(row: Row) -> bool:
    """Whether the row undoes an action that was reported before."""
    return CANCELED in row.values.get("code", "").split(";")


def reported(row: Row) -> str:
    """The day the row entered the statement, whatever the file's format."""
    return str(row.date_or_none("reportDate") or "")


def place(row: Row) -> int:
    """The place in its instant, by the posting; without one a cancellation, which has the time of
    what it cancels, comes behind that by the day it was reported, and before what replaces it."""
    if row.seq is not None:
        return row.seq
    on = row.date_or_none("reportDate")
    day = on.toordinal() if on else 0
    return PLACES * day + (0 if is_cancel(row) else PLACES // 2)


def moved(row: Row, ids: Ordinals) -> Moved:
    """One row read; ``BadRowError`` and kin for one that does not say what moved."""
    defined, qty = instrument(row), row.decimal("quantity")
    proceeds = row.decimal_or_zero("proceeds")
    content = ["action", row.text("type"), row.id("actionID"), defined.instrument_id]
    content += [row.written(*TIMES), reported(row), text(qty), text(proceeds)]
    return Moved(
        row=row,
        id=row.id("transactionID") or ids.of([*content, row.text("description")]),
        at=row.happened(*TIMES),
        defined=defined,
        qty=qty,
        proceeds=proceeds,
        value=row.decimal_or_zero("value"),
    )


def sold(leg: Moved, qty: Decimal, money: Decimal, part: str = "") -> Record:
    """Units given for money, or taken for it: signed units, and money with the other sign."""
    if not qty or (money and (qty > ZERO) is (money > ZERO)):
        rule = f"money of the same sign as the units it is for: {BY_HAND}"
        raise BadRowError("proceeds", text(money), rule)
    fill = FillBooked(
        exec_id=leg.id + part,
        instrument_id=leg.about,
        side=Side.BUY if qty > ZERO else Side.SELL,
        last_qty=qty.copy_abs(),
        currency=leg.defined.currency,
        venue=VENUE,
        gross_trade_amt=money.copy_abs(),
        seq=leg.seq + 1 if part else leg.seq,
    )
    return leg.record(fill)


def gone(leg: Moved, counterparty: str) -> Record:
    """Units that became others: out, at what they cost."""
    return leg.record(
        PositionTransferred(
            id=leg.id,
            leg=Leg.OUT,
            instrument_id=leg.about,
            qty=leg.units,
            counterparty=counterparty,
            venue=VENUE,
            seq=leg.seq,
        )
    )


def come(leg: Moved, qty: Decimal, counterparty: str, *, unknown_basis: bool = True) -> Record:
    """Signed units that others became, or that were given for nothing: in, a short as a short.
    What they cost is unknown, or else nothing."""
    lots = () if unknown_basis and qty > ZERO else (_lot(leg, qty),)
    return leg.record(
        PositionTransferred(
            id=leg.id,
            leg=Leg.IN,
            instrument_id=leg.about,
            qty=qty.copy_abs(),
            lots=lots,
            counterparty=counterparty,
            unknown_basis=unknown_basis,
            venue=VENUE,
            seq=leg.seq,
        )
    )


def _lot(leg: Moved, qty: Decimal) -> LotCarried:
    return LotCarried(qty=qty, basis=ZERO, opened_at=leg.at, exec_id=leg.id)


def spun_off(leg: Moved, parent_id: str) -> Record:
    """Units of a new contract for those held of another. No basis moves with them, since the row
    tells no share of it: the parent keeps all until somebody says more."""
    if leg.qty < ZERO:
        return come(leg, leg.qty, parent_id)
    return leg.record(
        SpinOffReceived(
            id=leg.id,
            instrument_id=leg.about,
            parent_id=parent_id,
            qty=leg.units,
            venue=VENUE,
            seq=leg.seq,
        )
    )


def given(leg: Moved) -> Record:
    """A dividend in units of the same contract: the total of what they cost stays."""
    if leg.qty < ZERO:
        return come(leg, leg.qty, leg.about, unknown_basis=False)
    return leg.record(
        UnitsReceived(
            id=leg.id,
            instrument_id=leg.about,
            qty=leg.units,
            reason=UnitsReason.OTHER,
            basis=ZERO,
            venue=VENUE,
            seq=leg.seq,
        )
    )


def lost(leg: Moved) -> Record:
    """Units that are worth nothing any more: what they cost is the loss; a short's, the gain."""
    if leg.qty > ZERO:
        return given(leg)
    return leg.record(
        UnitsDelivered(
            id=leg.id,
            instrument_id=leg.about,
            qty=leg.units,
            reason=UnitsReason.OTHER,
            value=ZERO,
            venue=VENUE,
            seq=leg.seq,
        )
    )


def renamed(leg: Moved) -> Record:
    """The same contract under another symbol. The id is that of a rename seen in a definition, so
    that it is one fact whichever tells it."""
    about, symbol = leg.about, leg.defined.symbol
    return leg.record(SymbolChanged(id=f"{about} {symbol}", instrument_id=about, symbol=symbol))
