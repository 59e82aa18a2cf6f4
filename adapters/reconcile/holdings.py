"""Positions and balances at the report's end: both sides as figures, and the breaks of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final

from adapters.port import Batch
from adapters.reconcile.breaks import Break
from adapters.reconcile.executions import Execution
from adapters.reconcile.kinds import Cause, Kind
from adapters.reconcile.outcome import Figure
from adapters.reconcile.parting import Parted, Parting
from adapters.statement import Kind as LineKind
from adapters.statement import Line
from ledger.domain.numbers import text

_RATIOS: Final = {Decimal(one) for one in (2, 3, 4, 5, 7, 8, 10, 15, 20, 25, 50, 100)}
"""By how much units differ when a split was booked on one side alone."""


def figures(lines: Iterable[Line], kind: LineKind) -> tuple[Figure, ...]:
    """What was compared of one kind, by name."""
    return tuple(
        Figure(
            name=line.name,
            subject=line.subject,
            what="quantity" if kind is LineKind.POSITION else "total",
            ledger=line.booked,
            broker=line.stated,
            rounding=line.rounding,
        )
        for line in lines
        if line.kind is kind
    )


class Holdings:
    """Makes breaks of stated figures that are not the booked ones."""

    def __init__(
        self,
        batch: Batch,
        lines: Sequence[Line],
        found: Sequence[Break],
        told: Sequence[Execution],
        parting: Parting,
        end: datetime,
    ) -> None:
        self._batch, self._lines = batch, lines
        self._told, self._parting, self._end = told, parting, end
        self._of_trades = {name for one in found for name in _instruments(one)}
        self._of_money = any(one.kind.family in {"trade", "cash"} for one in found)

    def breaks(self) -> Iterator[Break]:
        """Positions first, then balances."""
        for line in self._lines:
            if not line.agrees:
                is_position = line.kind is LineKind.POSITION
                yield self._position(line) if is_position else self._balance(line)

    def _position(self, line: Line) -> Break:
        parted = self._parting.of_position(line.subject, line.stated, self._end, self._told)
        is_opening = line.begins_open and not parted.agreed
        kind = Kind.POSITION_QUANTITY
        if is_opening:
            kind = Kind.POSITION_OPENING
        elif line.booked and line.stated and (line.booked < 0) is not (line.stated < 0):
            kind = Kind.POSITION_SIGN
        cause = Cause.OPENING_UNKNOWN if is_opening else self._why_position(line)
        return self._break(
            line, kind, cause, parted, what="position", instrument_id=line.subject, unit="units"
        )

    def _why_position(self, line: Line) -> Cause:
        if line.subject in self._of_trades:
            return Cause.OTHER_BREAKS
        if self._is_renamed(line):
            return Cause.RENAMED
        if _is_split(line):
            return Cause.CORPORATE_ACTION
        return Cause.SET_ASIDE if self._batch.quarantine else Cause.MISSING_FEED

    def _is_renamed(self, line: Line) -> bool:
        """Whether what is gone here is there under another name, and the other way round."""
        if line.booked and line.stated:
            return False
        return any(
            other.kind is LineKind.POSITION
            and other.subject != line.subject
            and (other.booked, other.stated) == (line.stated, line.booked)
            for other in self._lines
        )

    def _balance(self, line: Line) -> Break:
        parted = self._parting.of_balance(line.subject)
        is_opening = line.begins_open and not parted.agreed
        kind = Kind.CASH_BALANCE
        if is_opening:
            kind = Kind.CASH_OPENING
        elif not line.booked:
            kind = Kind.CASH_CURRENCY
        cause = Cause.OTHER_BREAKS if self._of_money else Cause.UNKNOWN
        if self._batch.quarantine:
            cause = Cause.SET_ASIDE
        if is_opening:
            cause = Cause.OPENING_UNKNOWN
        return self._break(
            line, kind, cause, parted, what="balance", currency=line.subject, unit=line.subject
        )

    def _break(
        self,
        line: Line,
        kind: Kind,
        cause: Cause,
        parted: Parted,
        *,
        what: str,
        unit: str,
        instrument_id: str | None = None,
        currency: str | None = None,
    ) -> Break:
        """A stated figure beside the booked one; ``what`` it is names the break."""
        return Break(
            account=self._batch.account,
            kind=kind,
            subject=line.subject,
            reference=what,
            ledger_value=text(line.booked),
            broker_value=text(line.stated),
            business_date=self._end.date(),
            instrument_id=instrument_id,
            currency=currency,
            difference=line.difference,
            unit=unit,
            cause=cause,
            note=line.cause,
            evidence=(f"broker: stated {what} of {line.name}",),
            parted_after=parted.after,
        )


def _instruments(one: Break) -> tuple[str, ...]:
    """The instruments of a break of a trade; both, where the sides name different ones."""
    if one.kind.family != "trade":
        return ()
    return (one.ledger_value, one.broker_value) if one.kind is Kind.INSTRUMENT else (one.subject,)


def _is_split(line: Line) -> bool:
    """Whether one side holds a round multiple of the other."""
    small, large = sorted((line.booked.copy_abs(), line.stated.copy_abs()))
    return bool(small) and any(small * ratio == large for ratio in _RATIOS)
