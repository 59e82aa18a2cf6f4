"""Adopting: the adjustment by which the books take over a figure of the broker, where one can."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import Decimal
from typing import Final

from adapters.reconcile.kinds import Kind
from adapters.reconcile.known import KnownBreak
from ledger.domain.accounts import Account
from ledger.domain.events import NET, BalanceAdjusted, PositionAdjusted, Recorded
from ledger.domain.gates import require_zone
from ledger.domain.numbers import quantize, ratio, subtract, total
from ledger.domain.positions import PositionKey
from ledger.reading import Reader

_TICK: Final = timedelta(microseconds=1)
POSITIONS: Final = {Kind.POSITION_QUANTITY, Kind.POSITION_SIGN}
BALANCES: Final = {Kind.CASH_BALANCE, Kind.CASH_OPENING, Kind.CASH_CURRENCY}

_FEE: Final = (
    "ingest the report that tells the fee, which is charged to a fill that was booked without; "
    "where another one is booked, 'tradeledger record adjustment' corrects the money, and the "
    "break is waived"
)
INSTEAD: Final = {
    Kind.POSITION_OPENING: "'tradeledger record opening-position' says what was held before",
    Kind.POSITION_COST: "'tradeledger record position-adjustment --qty 0' corrects a cost alone",
    Kind.CASH_MISSING: "ingest the report that tells it, or 'tradeledger record' it",
    Kind.CASH_EXTRA: "have the broker report it, or take it back with 'tradeledger record'",
    Kind.CASH_MOVEMENT: "correct the rest with 'tradeledger record adjustment'",
    Kind.MISSING_IN_LEDGER: "ingest the report that tells it, which books the fill",
    Kind.LATE_REPORTED: "ingest the report that tells it, which books the fill",
    Kind.FEE: _FEE,
    Kind.FEE_CURRENCY: _FEE,
    Kind.ROW_QUARANTINED: "'tradeledger record answer' says what became of a row",
}
"""What to do about a kind of break for which there is no adjustment."""

_OF_FAMILY: Final = {
    "input": "have the report mended, and run again",
    "trade": "ingest what corrects or busts the fill, or have the broker do so",
    "order": "ingest what the venue tells of the order",
    "position": "'tradeledger record position-adjustment' corrects units and their cost",
    "cash": "'tradeledger record adjustment' corrects a balance",
}


def instead_of(kind: Kind) -> str:
    """What to do about a break, where the books cannot simply take over the broker's figure."""
    return INSTEAD.get(kind, _OF_FAMILY[kind.family])


def adjustment(
    known: KnownBreak, basis: Decimal | None, *, who: str, reason: str
) -> PositionAdjusted | BalanceAdjusted | None:
    """The signed difference as a fact; None for a kind that has no such fact, and for a position
    without a ``basis``, which is what the difference costs, with its sign. The fact is named by
    the break and its last step, so that it is booked once."""
    name = f"break:{known.break_id}:{known.number}"
    if known.kind in BALANCES:
        return BalanceAdjusted(
            id=name, amount=known.difference, currency=known.subject, reason=reason, who=who
        )
    if known.kind not in POSITIONS or basis is None:
        return None
    return PositionAdjusted(
        id=name,
        instrument_id=known.subject,
        qty=known.difference,
        basis=basis,
        reason=reason,
        who=who,
    )


def moved_since(book: Reader, known: KnownBreak, seen: Recorded) -> Decimal:
    """By how much the books' figure of the day on which a break was ``seen`` last is another now:
    what came since would be adjusted a second time."""
    as_of = _end_of(book, known, seen)
    then = book.at(known.account, as_of=as_of, known_at=seen.number)
    return subtract(_figure(book.at(known.account, as_of=as_of), known), _figure(then, known))


def _end_of(book: Reader, known: KnownBreak, seen: Recorded) -> datetime:
    """The last moment of the books that the run compared: its step is not dated after the day in
    UTC, which ends before that of a report in a zone west of it."""
    last = _last_moment(known.seen_on, UTC)
    if seen.occurred_at < last:
        return seen.occurred_at
    opened = book.account(known.account).policy.opened
    zone = require_zone("time_zone", opened.time_zone) if opened else UTC
    return max(last, _last_moment(known.seen_on, zone))


def _last_moment(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day + timedelta(days=1), time.min, zone).astimezone(UTC) - _TICK


def _figure(state: Account, known: KnownBreak) -> Decimal:
    """Units of the break's instrument, those in suspense among them, or a balance."""
    if known.kind not in POSITIONS:
        return total(one.total for one in state.balances() if one.currency == known.subject)
    views = (state.view(key) for key in state.positions if key.instrument_id == known.subject)
    return total(amount for view in views for amount in (view.net_qty, view.suspense_qty))


def basis_at_average(state: Account, instrument_id: str, units: Decimal) -> Decimal | None:
    """What units cost at the average cost of what is held; None while flat, or where that cost is
    not known."""
    key = PositionKey(instrument_id, NET)
    if key not in state.positions:
        return None
    view = state.view(key)
    if not view.net_qty or view.unknown_basis:
        return None
    return quantize(ratio(view.cost_basis, units, view.net_qty))
