"""``trades``: half turns. A trade that was undone comes again under its id, with ``voided``.

``profitAndLoss`` is null on what opens and a number on what closes, before fees; it is not booked
but compared: where the rows of a contract begin and end flat, its sum must be what they make.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Final, NamedTuple

from adapters.brokers.projectx.contracts import CURRENCY, VENUE, Contracts
from adapters.gathering import Gathering
from adapters.port import Control, external_order_id
from adapters.rows import Row
from ledger.domain.events import Fee, FeeKind, FillBooked, FillBusted, Side
from ledger.domain.instruments import Instrument
from ledger.domain.numbers import ZERO, add, multiply, negate, total
from ledger.errors import BadRowError

SIDES: Final = {"0": Side.BUY, "1": Side.SELL}
CHARGES: Final = {"fees": FeeKind.EXCHANGE, "commissions": FeeKind.COMMISSION}
MAX_SEQ: Final = 18


class HalfTurn(NamedTuple):
    """A trade that stands, and the result that the gateway states for it."""

    at: datetime
    seq: int
    signed_qty: Decimal
    px: Decimal
    result: Decimal | None


class Trades:
    """Reads trade rows; keeps the half turns of each contract for the control totals."""

    def __init__(self, gathered: Gathering, contracts: Contracts) -> None:
        self._gathered = gathered
        self._contracts = contracts
        self._turns: dict[str, dict[str, HalfTurn]] = defaultdict(dict)
        self._voided: set[str] = set()
        self._defined: dict[str, Instrument] = {}

    def read(self, row: Row) -> None:
        """One half turn: a fill, and its bust when it is voided."""
        defined = self._contracts.instrument(row)
        at = row.instant("creationTimestamp", self._gathered.config.zone)
        is_voided, result = row.flag("voided"), row.decimal_or_none("profitAndLoss")
        fill = _fill(row, defined)
        self._gathered.define(defined)
        self._gathered.record(row, fill, at)
        if is_voided:
            self._voided.add(fill.exec_id)
            self._gathered.record(row, _bust(fill), at)
        turn = HalfTurn(at, fill.seq or 0, fill.signed_qty, row.decimal("price"), result)
        self._turns[defined.instrument_id].setdefault(fill.exec_id, turn)
        self._defined[defined.instrument_id] = defined

    def controls(self) -> Iterator[Control]:
        """The stated results beside what the rows make, for contracts that begin and end flat."""
        for instrument_id, by_id in self._turns.items():
            standing = [turn for id_, turn in by_id.items() if id_ not in self._voided]
            turns = sorted(standing, key=lambda turn: turn[:2])
            if turns and _is_round(turns):
                defined = self._defined[instrument_id]
                yield Control(
                    name=f"profitAndLoss {defined.symbol}",
                    currency=CURRENCY,
                    stated=total([turn.result or ZERO for turn in turns]),
                    rows=_made(turns, defined),
                )


def _fill(row: Row, defined: Instrument) -> FillBooked:
    exec_id, order_id = row.required("id"), row.text("orderId") or None
    row.required("accountId")
    return FillBooked(
        exec_id=exec_id,
        instrument_id=defined.instrument_id,
        side=row.one_of("side", SIDES),
        last_qty=row.decimal("size"),
        last_px=row.decimal("price"),
        currency=defined.currency,
        venue=VENUE,
        cl_ord_id=external_order_id(VENUE, order_id),
        order_id=order_id,
        fees=tuple(_fees(row)),
        seq=_seq(exec_id),
    )


def _bust(fill: FillBooked) -> FillBusted:
    return FillBusted(
        exec_id=fill.exec_id,
        exec_ref_id=fill.exec_id,
        venue=VENUE,
        instrument_id=fill.instrument_id,
        reason="voided by the gateway",
    )


def _fees(row: Row) -> Iterator[Fee]:
    """What the half turn was charged, positive; the gateway names no currency but dollars."""
    for name, kind in CHARGES.items():
        amount = row.decimal_or_zero(name)
        if amount:
            yield Fee(amount=amount, currency=CURRENCY, kind=kind)


def _seq(exec_id: str) -> int:
    """The gateway counts its trades: the place inside one instant."""
    if not (exec_id.isascii() and exec_id.isdigit() and len(exec_id) <= MAX_SEQ):
        raise BadRowError("id", exec_id, "not a whole number, as the gateway counts its trades")
    return int(exec_id)


def _is_round(turns: list[HalfTurn]) -> bool:
    """Whether the trades begin flat, which opening ones say by having no result, and end flat."""
    held = ZERO
    for turn in turns:
        opens = not held or (held < 0) is (turn.signed_qty < 0)
        if opens is not (turn.result is None):
            return False
        held = add(held, turn.signed_qty)
    return not held


def _made(turns: list[HalfTurn], defined: Instrument) -> Decimal:
    """What the trades brought, before fees."""
    paid = total([multiply(turn.signed_qty, turn.px) for turn in turns])
    return multiply(negate(paid), defined.multiplier)
