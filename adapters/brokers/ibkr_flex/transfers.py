"""``Transfers``: units and money from or to another account or broker (ACATS, ATON, FOP, INTERNAL).

A row moves units (``quantity``) or money (``cashTransfer``), signed; a short that comes in has a
negative quantity.
``positionAmount`` is what the units are worth, not what they cost, so that units that come in have
an unknown basis. ``TransferLot`` rows repeat a transfer by its lots.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from adapters.brokers.ibkr_flex.instruments import VENUE, instrument
from adapters.brokers.ibkr_flex.row import Row
from adapters.port import Ordinals, Record
from ledger.domain.events import CashTransferred, Event, Leg, LotCarried, PositionTransferred
from ledger.domain.instruments import Instrument
from ledger.domain.numbers import ZERO, text
from ledger.errors import BadRowError

KINDS: Final = frozenset({"ACATS", "ATON", "FOP", "INTERNAL", "INTERCOMPANY", "OTC"})
DIRECTIONS: Final = {"IN": Leg.IN, "OUT": Leg.OUT}
TIMES: Final = ("dateTime", "date", "reportDate")


def is_lot(row: Row) -> bool:
    """Whether the row repeats a part of a transfer."""
    return row.element == "TransferLot" or row.values.get("levelOfDetail") == "LOT"


def refuse_lot(row: Row) -> None:
    """Raise ``BadRowError`` for a lot whose transfer is not in the file."""
    rule = "a lot of a transfer that is not in this file: add the detail Transfer to the Flex query"
    raise BadRowError("levelOfDetail", row.text("levelOfDetail") or row.element, rule)


def read_transfer(row: Row, ids: Ordinals) -> tuple[list[Instrument], list[Record]]:
    """The instrument and the facts of one row; ``BadRowError`` and kin for a row unread."""
    kind = row.required("type")
    if kind not in KINDS:
        raise BadRowError("type", kind, "an unknown kind of transfer: enter it by hand")
    qty, cash = row.decimal_or_zero("quantity"), row.decimal_or_zero("cashTransfer")
    if not qty and not cash:
        rule = "a transfer of neither units nor money: add quantity and cashTransfer to the query"
        raise BadRowError("quantity", row.values.get("quantity", ""), rule)
    content = ["transfer", kind, row.text("direction"), row.id("conid"), row.written(*TIMES)]
    content += [text(qty), text(cash), row.text("currency"), row.text("account")]
    id_ = row.id("transactionID") or ids.of(content)
    defined = [instrument(row)] if qty else []
    events: list[Event] = [_units(row, id_, one, qty) for one in defined]
    if cash:
        events.append(_money(row, id_, cash))
    at = row.happened(*TIMES)
    return defined, [
        Record(event=event, occurred_at=at, row=row.where, digest=row.digest) for event in events
    ]


def _counterparty(row: Row) -> str:
    """The other account, else the other broker, else the way it went."""
    return (
        row.id("account")
        or row.text("company")
        or row.text("deliveringBroker")
        or row.required("type")
    )


def _leg(row: Row) -> Leg:
    direction = row.required("direction")
    if direction not in DIRECTIONS:
        raise BadRowError("direction", direction, "neither IN nor OUT")
    return DIRECTIONS[direction]


def _units(row: Row, id_: str, defined: Instrument, qty: Decimal) -> PositionTransferred:
    """Units out leave at what they cost, units in come at an unknown cost: a short as a short,
    whose units are less than none."""
    leg = _leg(row)
    lots: tuple[LotCarried, ...] = ()
    if leg is Leg.IN and qty < ZERO:
        lots = (LotCarried(qty=qty, basis=ZERO, opened_at=row.happened(*TIMES), exec_id=id_),)
    return PositionTransferred(
        id=id_,
        leg=leg,
        instrument_id=defined.instrument_id,
        qty=qty.copy_abs(),
        counterparty=_counterparty(row),
        lots=lots,
        unknown_basis=leg is Leg.IN,
        venue=VENUE,
        seq=row.seq,
    )


def _money(row: Row, id_: str, cash: Decimal) -> CashTransferred:
    """Money with its sign, which must be the direction's."""
    leg = _leg(row)
    if (cash > ZERO) is not (leg is Leg.IN):
        raise BadRowError("cashTransfer", text(cash), f"not the sign of direction {leg.name}")
    return CashTransferred(
        id=id_,
        amount=cash,
        currency=row.required("currency"),
        counterparty=_counterparty(row),
        venue=VENUE,
    )
