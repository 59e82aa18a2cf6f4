"""Breaks of trades: what each is about, what is on both sides, and what it comes to in money."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from adapters.port import Record
from adapters.reconcile.amounts import amount_of
from adapters.reconcile.breaks import Break
from adapters.reconcile.executions import Execution
from adapters.reconcile.kinds import Cause, Kind
from adapters.reconcile.looks import evidence_of, value_of
from ledger.domain.instruments import Instrument

_PRICED: Final = {Kind.PRICE, Kind.CORRECTION_NOT_BOOKED}

Definitions = Callable[[str], Instrument | None]


def unknown(instrument_id: str) -> Instrument | None:
    """Nobody knows the instruments."""
    return None


class TradeBreaks:
    """What was ``found``, in order. ``instrument`` is asked what a price is of, without which its
    difference is no money."""

    def __init__(self, account: str, instrument: Definitions) -> None:
        self._account, self._instrument = account, instrument
        self.found: list[Break] = []

    def add(
        self,
        kind: Kind,
        reference: str,
        ours: Execution | None,
        theirs: Execution | None,
        *,
        ledger_value: str | None = None,
        broker_value: str | None = None,
        **more: Any,
    ) -> None:
        """A break of an execution that is on one side (the other is None) or told otherwise."""
        one = next(side for side in (ours, theirs) if side is not None)
        more.setdefault("evidence", evidence_of(ours, theirs))
        instrument = self._instrument(one.instrument_id) if kind in _PRICED else None
        amount = amount_of(kind, ours, theirs, instrument)
        self.found.append(
            Break(
                account=self._account,
                kind=kind,
                subject=one.instrument_id,
                reference=reference,
                ledger_value=value_of(ours) if ledger_value is None else ledger_value,
                broker_value=value_of(theirs) if broker_value is None else broker_value,
                business_date=one.moment.date(),
                instrument_id=one.instrument_id,
                **amount._asdict(),
                **more,
            )
        )

    def add_unlinked(self, record: Record) -> None:
        """A reversal or correction of what nobody knows."""
        identity = record.event.identity()
        key = identity.key(self._account) if identity else record.row
        self.found.append(
            Break(
                account=self._account,
                kind=Kind.UNLINKED_REVERSAL,
                subject=record.event.subject(),
                reference=key,
                ledger_value="no such fill",
                broker_value=f"undone or amended by {record.row}",
                business_date=record.occurred_at.date(),
                instrument_id=record.event.subject() or None,
                cause=Cause.MISSING_FEED,
                evidence=(f"broker: {record.row} {key}",),
            )
        )
