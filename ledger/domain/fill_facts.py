"""Facts about fills: which position and which order a bust, a correction or a fee belongs to.

Such a fact may say where its fill is, or only name it; it may come before its fill, and it may say
something else than its fill does. Where the fill is decides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.domain.canonical import EVER
from ledger.domain.events import FeeCharged, FillBooked, FillBusted, FillCorrected, Recorded
from ledger.domain.positions import PositionKey

if TYPE_CHECKING:
    from ledger.domain.accounts import Account

AboutFill = FillBusted | FillCorrected | FeeCharged


def amendment(account: Account, recorded: Recorded, event: FillBusted | FillCorrected) -> None:
    """A bust or correction reaches the position and the order of the fill it names, and so do
    those that name it in turn, once that fill is here; one that says neither, and comes before
    its fill, waits for it."""
    ref = event.refers_to().key(recorded.stream)
    key = position_of(account, event.instrument_id, event.position_id, ref)
    _reach(account, key, ref)
    if may_settle(account, key, ref):
        account.settlement.amend(recorded, ref)
    if key is not None:
        cl_ord_id = _order_of_fill(account, key, ref)
        _amend(account, key, recorded, event, cl_ord_id)
        if account.unlinked and account.positions[key].find(ref) is not None:
            link(account, key, recorded, cl_ord_id)
    placed(account, key, recorded, event, ref)


def _reach(account: Account, key: PositionKey | None, ref: str) -> None:
    """An amendment takes effect when its fill did: who knows when, if that is not here."""
    entry = account.positions[key].find(ref) if key in account.positions else None
    at = entry.at if entry is not None else EVER
    account.first_at = min(account.first_at or at, at)


def may_settle(account: Account, key: PositionKey | None, ref: str) -> bool:
    """Whether the money of a fill may have to change hands yet: it has a date to come, or is
    not here."""
    position = account.positions.get(key) if key is not None else None
    return account.settlement.knows(ref) or position is None or position.find(ref) is None


def placed(
    account: Account, key: PositionKey | None, recorded: Recorded, event: AboutFill, ref: str
) -> None:
    """Remember a fact about a fill that did not say where the fill is, or whose fill is not
    there: that may come elsewhere, or be among what only the store has."""
    if key is not None and account.positions[key].find(ref) is not None:
        if key != stated_place(event.instrument_id, event.position_id):
            account.linked.append((key, recorded))
    elif any(account.positions[one].needs_history for one in account.unsettled_positions):
        account.orphans.append(recorded)
    else:
        account.unlinked.setdefault(ref, []).append(recorded)


def _amend(
    account: Account,
    key: PositionKey,
    recorded: Recorded,
    event: FillBusted | FillCorrected,
    cl_ord_id: str | None,
) -> None:
    """Let the position, the order it names and that of its fill fold an amendment."""
    account.to_position(recorded, *key)
    if event.cl_ord_id is not None and event.cl_ord_id != cl_ord_id:
        account.to_order((event.cl_ord_id,), recorded)
    _to_order_of_fill(account, key, recorded, cl_ord_id)


def _to_order_of_fill(
    account: Account, key: PositionKey, recorded: Recorded, cl_ord_id: str | None
) -> None:
    """Let the order of its fill fold an amendment; only the store can tell which one that is, if
    the fill is not here any more."""
    if cl_ord_id is not None:
        account.to_order((cl_ord_id,), recorded)
    elif account.positions[key].needs_history and recorded not in account.orphans:
        account.orphans.append(recorded)


def _order_of_fill(account: Account, key: PositionKey | None, ref: str) -> str | None:
    """The order that a fill, if it is resident, belongs to."""
    entry = account.positions[key].find(ref) if key in account.positions else None
    booked = entry.booked if entry else None
    return booked.cl_ord_id if isinstance(booked, FillBooked) else None


def position_of(
    account: Account, instrument_id: str | None, position_id: str, ref: str
) -> PositionKey | None:
    """The position a fact about a fill concerns: where the fill is, else as it says."""
    stated = stated_place(instrument_id, position_id)
    said = account.positions.get(stated) if stated else None
    if said is not None and (said.is_trimmed or said.find(ref) is not None):
        return stated
    return next((key for key, one in account.positions.items() if one.holds(ref)), stated)


def stated_place(instrument_id: str | None, position_id: str) -> PositionKey | None:
    """The position a fact names, if it does."""
    return PositionKey(instrument_id, position_id) if instrument_id is not None else None


def link(account: Account, key: PositionKey, named: Recorded, cl_ord_id: str | None) -> None:
    """What waited for a fill, or for a correction, finds it; elsewhere than it said, maybe."""
    for recorded in account.unlinked.pop(named.key, ()):
        event = recorded.event
        if not isinstance(event, AboutFill):
            continue
        stated = stated_place(event.instrument_id, event.position_id)
        if stated == key:  # the position has it; the order, which was not named, does not
            if not isinstance(event, FeeCharged):
                _to_order_of_fill(account, key, recorded, cl_ord_id)
            link(account, key, recorded, cl_ord_id)
            continue
        account.linked.append((key, recorded))
        if isinstance(event, FeeCharged):
            _move_fee(account, key, recorded, event)
        else:
            _amend(account, key, recorded, event, cl_ord_id)
            link(account, key, recorded, cl_ord_id)


def find_home(account: Account, recorded: Recorded, booked: Recorded) -> None:
    """A fact about a fill that only the store could tell belongs to that fill: its order is read
    again, and its position, if the fact did not say that one."""
    event, fill = recorded.event, booked.event
    if not isinstance(event, AboutFill) or not isinstance(fill, FillBooked):
        return
    key = PositionKey(fill.instrument_id, fill.position_id)
    if not isinstance(event, FeeCharged):
        ids = (fill.cl_ord_id, event.cl_ord_id)
        account.orders.stale.update(one for one in ids if one is not None)
    is_elsewhere = key != stated_place(event.instrument_id, event.position_id)
    if is_elsewhere and (key, recorded) not in account.linked:
        account.linked.append((key, recorded))
        account.position_at(*key).needs_history = True
        account.note(key)
        if isinstance(event, FeeCharged):
            _move_fee(account, key, recorded, event)
    link(account, key, recorded, fill.cl_ord_id)


def _move_fee(account: Account, key: PositionKey, recorded: Recorded, event: FeeCharged) -> None:
    """A fee that was counted where it said, or in cash alone, is its fill's after all."""
    stated = stated_place(event.instrument_id, event.position_id)
    if stated is None:
        account.pay(event.currency, event.amount)
    else:
        account.positions[stated].needs_history = True
        account.note(stated)
    account.to_position(recorded, *key)
