"""Which part of an account each fact goes to."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ledger.domain.events import (
    ALL_BOOKS,
    FACTS,
    AccountOpened,
    AccountResumed,
    AccountSuspended,
    BalanceAdjusted,
    BookingMethodChanged,
    BreakEvent,
    BreakOpened,
    BreakReopened,
    BreakResolved,
    CashDeposited,
    CashTransferred,
    CashWithdrawn,
    DividendPaid,
    Event,
    FeeCharged,
    FillBooked,
    FillBusted,
    FillCorrected,
    FundingPaid,
    InstrumentDefined,
    InterestPaid,
    LimitsSet,
    OrderEvent,
    OrdersLinked,
    PositionEvent,
    Recorded,
    SpinOffReceived,
    SplitApplied,
    SymbolChanged,
    TradeSettled,
    VariationMarginPaid,
)
from ledger.domain.fill_facts import amendment, may_settle, placed, position_of, stated_place
from ledger.domain.numbers import negate

if TYPE_CHECKING:
    from ledger.domain.accounts import Account

Route = Callable[["Account", Recorded, Any], None]


def _open(account: Account, recorded: Recorded, _: AccountOpened) -> None:
    account.take_rule(recorded)
    _revise(account, None, None)


def _define(account: Account, recorded: Recorded, event: InstrumentDefined) -> None:
    account.take_rule(recorded)
    _revise(account, event.instrument.instrument_id, event.effective_from)


def _revise(account: Account, instrument_id: str | None, since: datetime | None) -> None:
    """Rules changed: what was folded under the old ones is folded again."""
    for key, position in account.positions.items():
        if instrument_id in {None, key.instrument_id}:
            position.revise_from(since)
            account.note(key)


def _change(
    account: Account, recorded: Recorded, event: BookingMethodChanged | SplitApplied
) -> None:
    """What concerns every book of an instrument, or of all."""
    account.take_rule(recorded)
    for key in list(account.positions):
        if event.instrument_id in {None, key.instrument_id}:
            account.to_position(recorded, *key)


def _split(account: Account, recorded: Recorded, event: SplitApplied) -> None:
    if event.position_id != ALL_BOOKS:
        account.to_position(recorded, event.instrument_id, event.position_id)
    else:
        _change(account, recorded, event)


def _stand(account: Account, recorded: Recorded, event: Event) -> None:
    """Of facts that replace each other the last by time stands, however it arrived."""
    what = "limits" if isinstance(event, LimitsSet) else "suspension"
    latest = account.standing.get(what, recorded)
    if (recorded.occurred_at, recorded.key) >= (latest.occurred_at, latest.key):
        account.standing[what] = recorded


def _charge(account: Account, recorded: Recorded, event: FeeCharged) -> None:
    """A fee goes to the position of its fill or instrument, else straight to cash; where it
    only names a fill that is not here yet, until that comes."""
    identity = event.refers_to()
    if identity is None:
        key = stated_place(event.instrument_id, event.position_id)
    else:
        ref = identity.key(recorded.stream)
        key = position_of(account, event.instrument_id, event.position_id, ref)
        if may_settle(account, key, ref):
            account.settlement.charge(recorded, ref)
    if key is not None:
        account.to_position(recorded, *key)
    else:
        account.pay(event.currency, negate(event.amount))
    if identity is not None:
        placed(account, key, recorded, event, ref)


PositionCash = FundingPaid | DividendPaid | VariationMarginPaid


def _position_cash(account: Account, recorded: Recorded, event: PositionCash) -> None:
    account.to_position(recorded, event.instrument_id, event.position_id)


Signed = InterestPaid | CashDeposited | CashTransferred | BalanceAdjusted


def _cash_in(account: Account, _: Recorded, event: Signed) -> None:
    account.pay(event.currency, event.amount)


def _cash_out(account: Account, _: Recorded, event: CashWithdrawn) -> None:
    account.pay(event.currency, negate(event.amount))


def _settled(account: Account, recorded: Recorded, event: TradeSettled) -> None:
    ref = event.refers_to().key(recorded.stream)
    account.settlement.settle(recorded, ref, event.settl_date)


def _position(account: Account, recorded: Recorded, event: PositionEvent) -> None:
    account.to_position(recorded, event.instrument_id, event.position_id)


def _spin_off(account: Account, recorded: Recorded, event: SpinOffReceived) -> None:
    account.to_position(recorded, event.instrument_id, event.position_id)
    account.to_position(recorded, event.parent_id, event.position_id)


def _rename(account: Account, recorded: Recorded, _: SymbolChanged) -> None:
    account.take_rule(recorded)


def _linked(account: Account, recorded: Recorded, event: OrdersLinked) -> None:
    for cl_ord_id in event.cl_ord_ids:
        account.to_order((cl_ord_id,), recorded)


def _break(account: Account, recorded: Recorded, event: BreakEvent) -> None:
    if isinstance(event, BreakOpened):
        account.breaks[event.break_id] = recorded
    elif isinstance(event, BreakResolved):
        account.breaks.pop(event.break_id, None)
    elif isinstance(event, BreakReopened):
        account.breaks.setdefault(event.break_id, recorded)


def _fill(account: Account, recorded: Recorded, event: FillBooked) -> None:
    account.fill(recorded, event)


def _amendment(account: Account, recorded: Recorded, event: FillBusted | FillCorrected) -> None:
    amendment(account, recorded, event)


def _order_fact(account: Account, recorded: Recorded, event: Any) -> None:
    """A fact about one order; a request's id and the one it refers to are both its own."""
    orig = getattr(event, "orig_cl_ord_id", None)
    ids = (event.cl_ord_id, orig) if orig else (event.cl_ord_id,)
    account.orders.evolve(ids, recorded, is_late=account.is_late)


def _family(fact: type[Event]) -> Route | None:
    """The route of a class that shares it with its family."""
    families: tuple[tuple[type[Event], Route], ...] = (
        (OrderEvent, _order_fact),
        (PositionEvent, _position),
        (BreakEvent, _break),
    )
    return next((route for base, route in families if issubclass(fact, base)), None)


_OWN: dict[type[Event], Route] = {
    AccountOpened: _open,
    InstrumentDefined: _define,
    BookingMethodChanged: _change,
    SplitApplied: _split,
    LimitsSet: _stand,
    AccountSuspended: _stand,
    AccountResumed: _stand,
    FillBooked: _fill,
    FillBusted: _amendment,
    FillCorrected: _amendment,
    FeeCharged: _charge,
    FundingPaid: _position_cash,
    DividendPaid: _position_cash,
    VariationMarginPaid: _position_cash,
    InterestPaid: _cash_in,
    CashDeposited: _cash_in,
    CashTransferred: _cash_in,
    BalanceAdjusted: _cash_in,
    CashWithdrawn: _cash_out,
    TradeSettled: _settled,
    SpinOffReceived: _spin_off,
    SymbolChanged: _rename,
    OrdersLinked: _linked,
}
ROUTES: dict[type[Event], Route] = {
    fact: route for fact in FACTS if (route := _OWN.get(fact) or _family(fact)) is not None
}
