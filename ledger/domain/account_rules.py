"""Deciding across orders, positions and cash: what today's rules refuse before it is recorded.

Each function looks at an account and returns the facts to record, or raises a ``RefusedError``
and nothing is recorded. What a venue reports never passes here.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from enum import Enum

from ledger.domain.accounts import Account
from ledger.domain.events import (
    BookingMethodChanged,
    Crossing,
    Event,
    FillBooked,
    Leg,
    LotCarried,
    PositionTransferred,
    SpinOffReceived,
)
from ledger.domain.gates import changed
from ledger.domain.instruments import Instrument
from ledger.domain.lots import Shortfall
from ledger.domain.numbers import ONE, ZERO, add, quantize, ratio, text, told
from ledger.domain.positions import PositionKey
from ledger.domain.watching import Issue
from ledger.errors import (
    AccountClosedError,
    AmbiguousLotsError,
    BadNumberError,
    BookingChangeError,
    DefinitionChangeError,
    InsufficientLotsError,
    InvalidTransferError,
    NoMatchingLotError,
    NotTheLotTheMethodTakesError,
    RefusedError,
    UnknownInstrumentError,
)

_SHORTFALLS: dict[Shortfall, type[RefusedError]] = {
    Shortfall.INSUFFICIENT: InsufficientLotsError,
    Shortfall.AMBIGUOUS: AmbiguousLotsError,
    Shortfall.NO_MATCH: NoMatchingLotError,
    Shortfall.NOT_THE_METHODS: NotTheLotTheMethodTakesError,
}


def require_opened(account: Account) -> None:
    """Raise unless the account was opened: a name mistyped by hand must not make a second one."""
    if account.policy.opened is None:
        raise AccountClosedError(
            f"account {account.name} was never opened; open it with book.open_account first"
        )


def require_open(account: Account) -> None:
    """Raise unless the account was opened and is not suspended."""
    require_opened(account)
    if account.suspended is not None:
        raise AccountClosedError(
            f"account {account.name} is suspended ({account.suspended.reason}); "
            "record AccountResumed before placing orders"
        )


def require_instrument(account: Account, instrument_id: str) -> Instrument:
    """The instrument, or ``UnknownInstrumentError``."""
    instrument = account.instrument(instrument_id)
    if instrument is None:
        raise UnknownInstrumentError(
            f"{instrument_id} is not defined in account {account.name}; "
            "define it with book.define first"
        )
    return instrument


def check_definition(account: Account, new: Instrument) -> None:
    """What an instrument's money is stays: past cash cannot become that of another currency."""
    old = account.instrument(new.instrument_id)
    for name in ("kind", "currency", "base_currency", "settles") if old is not None else ():
        was, now = getattr(old, name), getattr(new, name)
        if was != now:
            raise DefinitionChangeError(
                f"{new.instrument_id} in {account.name} has {name} {told_field(was)} and would get "
                f"{told_field(now)}; define another instrument and transfer or adjust what is held"
            )


def told_field(value: object) -> object:
    """A field of a definition as a person writes it."""
    return value.value if isinstance(value, Enum) else value


def check_trade(account: Account, fill: FillBooked, issues: Iterable[Issue]) -> None:
    """A trade by hand: the crossing policy ``refuse`` and STRICT booking raise here, whether it
    is the trade itself that would find no lot or, because of it, a later one; under ``allow``, so
    does a trade that asks the lots it names for more than they have, for that is no short."""
    require_opened(account)
    require_instrument(account, fill.instrument_id)
    if fill.last_px is None and fill.gross_trade_amt is None:
        raise BadNumberError(
            "last_px", "None", "a trade by hand needs a price", "give it, or gross_trade_amt"
        )
    by_policy = account.policy.crossing is Crossing.REFUSE
    may_cross = account.policy.crossing is Crossing.ALLOW
    for issue in issues:
        is_named = may_cross and bool(fill.lots) and issue.exec_id == fill.exec_id
        if by_policy or is_named or issue.why is not Shortfall.INSUFFICIENT:
            raise _SHORTFALLS[issue.why](_shortfall_text(account, fill, issue))


def _shortfall_text(account: Account, fill: FillBooked, issue: Issue) -> str:
    holding = account.position_at(fill.instrument_id, fill.position_id).holding
    lots = ", ".join(f"{lot.exec_id}: {told(lot.qty)}" for lot in holding.lot_list()) or "none"
    whose = "" if issue.exec_id == fill.exec_id else f" for the later trade {issue.exec_id}"
    return (
        f"trade {fill.exec_id} of {told(fill.signed_qty)} {fill.instrument_id} in {account.name}: "
        f"{issue.why.value.replace('_', ' ')}{whose}; found {told(issue.found)}, without a lot "
        f"{told(issue.missing)}; open lots: {lots}. Name the lot, correct the quantity, or record "
        "the missing trade first"
    )


def check_booking_change(
    account: Account, then: Account, event: BookingMethodChanged, at: datetime
) -> None:
    """A booking method changes only at a flat position or after every known fill; ``then`` is
    the account as it was at that moment."""
    require_opened(account)
    name = event.instrument_id
    if name is not None and all(key.instrument_id != name for key in account.positions):
        require_instrument(account, name)
    for key, position in account.positions.items():
        if event.instrument_id not in {None, key.instrument_id}:
            continue
        last = position.holding.last_at
        if last is not None and last > at and then.position_at(*key).holding.qty:
            raise BookingChangeError(
                f"{key.instrument_id} in {account.name} was not flat at {at.isoformat()} and has "
                f"facts after it, the last at {last.isoformat()}; change it later than that"
            )


def transfer_legs(
    sender: Account, receiver: Account, out: PositionTransferred
) -> tuple[PositionTransferred, PositionTransferred]:
    """Both legs of a transfer: the receiving one carries the lots the booking method takes from
    ``sender``, which is the account as it was when they left."""
    require_opened(sender)
    require_opened(receiver)
    if sender.name == receiver.name:
        raise InvalidTransferError(
            f"transfer {out.id} leads from {sender.name} to itself; name another account"
        )
    key = PositionKey(out.instrument_id, out.position_id)
    holding = sender.position_at(*key).holding.copy()
    if out.qty > holding.qty.copy_abs():
        raise InsufficientLotsError(
            f"transfer {out.id}: {told(out.qty)} {out.instrument_id} are asked for and "
            f"{told(holding.qty)} are held in {sender.name}; transfer at most that"
        )
    lots = tuple(
        LotCarried(
            qty=lot.qty,
            basis=quantize(add(lot.basis, lot.charges)),
            opened_at=lot.opened_at,
            exec_id=lot.exec_id,
            label=lot.label,
        )
        for lot in holding.close_in_order(out.qty)[2]
    )
    carried = {"lots": lots, "unknown_basis": holding.unknown_basis}
    received = changed(out, leg=Leg.IN, counterparty=sender.name, **carried)
    return changed(out, leg=Leg.OUT, counterparty=receiver.name), received


def spin_off(account: Account, event: SpinOffReceived, share: Decimal) -> Event:
    """The spin-off with the basis that ``share`` (0..1) of the parent's made, in the account as
    it was then."""
    if event.parent_id == event.instrument_id:
        raise InvalidTransferError(
            f"spin-off {event.id} has {event.parent_id} come out of itself; name the new units"
        )
    if not ZERO <= share <= ONE:
        raise BadNumberError(
            "basis_share", text(share), "it is not between 0 and 1", "give 0.25 for a quarter"
        )
    parent = account.position_at(event.parent_id, event.position_id).holding
    basis = quantize(ratio(parent.basis, share, ONE))
    return changed(event, basis=basis)
