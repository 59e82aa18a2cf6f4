"""Cash by currency: where it began, what moved, where it ended, and how much of it has settled.

That a balance differs is told by its total. What it began with and what moved are figures beside
it, that show on which of both the money parted; they make no breaks of their own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import Final, NamedTuple

from adapters.port import Batch
from adapters.reconcile.breaks import Break
from adapters.reconcile.kinds import Cause, Kind
from adapters.reconcile.outcome import Figure
from adapters.statement import Comparison, Line, is_near
from adapters.statement import Kind as LineKind
from ledger.domain.events import StatedBalance
from ledger.domain.numbers import ZERO, subtract, text

REFERENCE: Final = "settled"


class Settled(NamedTuple):
    """The settled money of a currency on both sides, and the totals beside it."""

    currency: str
    booked: Decimal
    stated: Decimal
    total: Decimal
    ending: Decimal
    rounding: Decimal

    @property
    def is_apart(self) -> bool:
        """Whether it differs otherwise than the total does, which else says it all."""
        return not (
            is_near(self.booked, self.stated, self.rounding)
            or is_near(self.booked_to_come, self.stated_to_come, self.rounding)
        )

    @property
    def booked_to_come(self) -> Decimal:
        """What trades have still to bring in here; negative is to be paid."""
        return subtract(self.total, self.booked)

    @property
    def stated_to_come(self) -> Decimal:
        """The same at the broker."""
        return subtract(self.ending, self.stated)


class Cash:
    """The currencies that a report states, beside the books as of its end."""

    def __init__(
        self, compared: Comparison, batch: Batch, lines: Sequence[Line], end: datetime
    ) -> None:
        self._compared, self._batch, self._end = compared, batch, end
        self._lines = [line for line in lines if line.kind is LineKind.CASH]
        self._stated = {one.currency: one for one in batch.balances}

    def figures(self) -> Iterator[Figure]:
        """What a currency began with and what moved, where the report states its opening or ends
        with another total; what has settled, where it states that."""
        for line in self._lines:
            stated = self._stated.get(line.subject)
            if not line.agrees or (stated is not None and stated.opening is not None):
                yield from self._path(line, stated)
        for one in self._settled:
            yield _figure(one.currency, "settled", one.booked, one.stated, one.rounding)

    def _path(self, line: Line, stated: StatedBalance | None) -> Iterator[Figure]:
        """The opening, and what led from it to the end; both as far as they are told."""
        began = self._compared.opening(line.subject)
        if began is None:
            return
        opening = None if stated is None else stated.opening
        moved = None if opening is None else subtract(line.stated, opening)
        yield _figure(line.subject, "opening", began, opening, line.rounding)
        booked = subtract(line.booked, began)
        yield _figure(line.subject, "movements", booked, moved, line.rounding)

    @cached_property
    def _settled(self) -> tuple[Settled, ...]:
        """What has settled by the report's last day, in the report's zone."""
        views = self._compared.account.balances(self._end.date())
        booked = {view.currency: view.settled for view in views}
        found: list[Settled] = []
        for line in self._lines:
            stated = self._stated.get(line.subject)
            if stated is not None and stated.settled is not None:
                ours = booked.get(line.subject, ZERO)
                totals = line.booked, line.stated, stated.rounding
                found.append(Settled(line.subject, ours, stated.settled, *totals))
        return tuple(found)

    def breaks(self, found: Sequence[Break]) -> Iterator[Break]:
        """Those of settled money; ``found`` are the other breaks of the run."""
        cause = Cause.UNKNOWN
        if self._batch.quarantine:
            cause = Cause.SET_ASIDE
        elif any(one.kind.family == "trade" for one in found):
            cause = Cause.OTHER_BREAKS
        for one in self._settled:
            if one.is_apart:
                yield self._break(one, cause)

    def _break(self, one: Settled, cause: Cause) -> Break:
        here, there = text(one.booked_to_come), text(one.stated_to_come)
        return Break(
            account=self._batch.account,
            kind=Kind.CASH_SETTLED,
            subject=one.currency,
            reference=REFERENCE,
            ledger_value=text(one.booked),
            broker_value=text(one.stated),
            business_date=self._end.date(),
            currency=one.currency,
            difference=subtract(one.stated, one.booked),
            unit=one.currency,
            cause=cause,
            note=f"still to settle: {here} here, {there} there",
            evidence=(f"broker: stated settled balance of {one.currency}",),
        )


def _figure(
    currency: str, what: str, ledger: Decimal, broker: Decimal | None, rounding: Decimal
) -> Figure:
    return Figure(name=currency, subject=currency, what=what, ledger=ledger, broker=broker,
                  rounding=rounding)  # fmt: skip
