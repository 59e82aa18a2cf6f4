"""The lines of a scenario that say what happened."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import ledger
from ledger.domain import events
from ledger.domain.events import Side
from tests.scenarios.checks import check
from tests.scenarios.words import ScenarioError, Words

if TYPE_CHECKING:
    from tests.scenarios.runner import Scenario

SIDES = {"buy": Side.BUY, "sell": Side.SELL, "short": Side.SELL_SHORT}


def _on(play: Scenario, words: Words) -> None:
    play.now = datetime.fromisoformat(f"{words.take()}T09:30:00+00:00")


def _account(play: Scenario, words: Words) -> None:
    play.account = words.take()
    how = {
        "kind": words.one_of(events.AccountKind),
        "booking": words.one_of(events.Booking),
        "crossing": words.one_of(events.Crossing),
        "fee_rule": words.one_of(events.FeeRule),
    }
    given = {name: value for name, value in how.items() if value is not None}
    play.book.open_account(play.account, base_currency=words.take(), occurred_at=play.at, **given)


def _instrument(play: Scenario, words: Words) -> None:
    name, kind = words.take(), words.one_of(ledger.InstrumentKind)
    sizes = [word for word in words.words if re.fullmatch(r"x[\d.]+", word)]
    words.words = [word for word in words.words if word not in sizes]
    currency = words.after("in") or "USD"
    settles = words.after("settles")
    defined = ledger.Instrument(
        instrument_id=name,
        symbol=name,
        kind=kind,
        currency=currency,
        multiplier=Decimal(sizes[0][1:]) if sizes else Decimal(1),
        tick_size=words.number_after("tick"),
        base_currency=words.after("base"),
        settles=ledger.Settles(settles) if settles else ledger.Settles.REALIZED,
    )
    play.currencies[name] = currency
    play.book.define(play.account, defined)


def _fees(words: Words, currency: str) -> Iterator[ledger.Fee]:
    while (amount := words.number_after("fee")) is not None:
        named = words.words[0] if words.words and words.words[0].isupper() else None
        yield ledger.Fee(amount=amount, currency=words.take() if named else currency)


def _fill(side: Side, words: Words, play: Scenario) -> dict[str, Any]:
    """What a line says of a trade."""
    qty, name = words.number(), words.take()
    px = words.number_after("@")
    told = {"cl_ord_id": words.after("order"), "position_id": words.after("book") or "net"}
    exec_id = words.take()
    fees = tuple(_fees(words, play.currencies.get(name, "USD")))
    return told | {
        "exec_id": exec_id, "instrument_id": name, "side": side, "last_qty": qty,
        "last_px": px, "fees": fees,
    }  # fmt: skip


def _trader(side: Side) -> Callable[[Scenario, Words], None]:
    def trade(play: Scenario, words: Words) -> None:
        play.record(events.FillBooked(**_fill(side, words, play)))

    return trade


def _refused(play: Scenario, words: Words) -> None:
    trade = _fill(SIDES[words.take()], words, play)
    try:
        play.book.trade(play.account, occurred_at=play.at, **trade)
    except ledger.errors.RefusedError:
        return
    raise ScenarioError("it was not refused")


def _bust(play: Scenario, words: Words) -> None:
    play.record(events.FillBusted(exec_id=play.id, exec_ref_id=words.take()))


def _correct(play: Scenario, words: Words) -> None:
    ref, qty, px = words.take(), words.number(), words.number_after("@")
    new_id = words.after("as") or play.id
    fees = tuple(_fees(words, "USD")) or None
    play.record(
        events.FillCorrected(exec_id=new_id, exec_ref_id=ref, last_qty=qty, last_px=px, fees=fees)
    )


def _fee(play: Scenario, words: Words) -> None:
    ref = words.after("for")
    play.record(
        events.FeeCharged(id=play.id, amount=words.number(), currency=words.take(), exec_id=ref)
    )


def _place(play: Scenario, words: Words) -> None:
    side, qty, name = SIDES[words.take()], words.number(), words.take()
    px = words.number_after("@")
    kind = ledger.OrdType.LIMIT if px is not None else ledger.OrdType.MARKET
    play.book.place(
        play.account, cl_ord_id=words.take(), instrument_id=name, side=side, order_qty=qty,
        limit_px=px, ord_type=kind, occurred_at=play.at,
    )  # fmt: skip


def _money(cls: Any) -> Callable[[Scenario, Words], None]:
    def move(play: Scenario, words: Words) -> None:
        play.record(cls(id=play.id, amount=words.number(), currency=words.take()))

    return move


def _carry(cls: Any) -> Callable[[Scenario, Words], None]:
    def move(play: Scenario, words: Words) -> None:
        amount, name = words.number(), words.take()
        currency = play.currencies[name]
        play.record(cls(id=play.id, amount=amount, currency=currency, instrument_id=name))

    return move


def _split(play: Scenario, words: Words) -> None:
    old = words.number_after("for") or Decimal(1)
    px = words.number_after("cash")
    split = events.SplitApplied(
        id=play.id, instrument_id=words.take(), numerator=words.number(), denominator=old,
        whole=px is not None, cash_in_lieu_px=px,
    )  # fmt: skip
    play.record(split)


def _receive(play: Scenario, words: Words) -> None:
    basis = words.number_after("basis")
    gift = events.UnitsReason.GIFT
    play.record(
        events.UnitsReceived(
            id=play.id, qty=words.number(), instrument_id=words.take(), basis=basis, reason=gift
        )
    )


def _transfer(play: Scenario, words: Words) -> None:
    receiver = words.after("to") or ""
    qty, name = words.number(), words.take()
    play.book.transfer(
        play.account, receiver, id=play.id, instrument_id=name, qty=qty, occurred_at=play.at
    )


def _remember(play: Scenario, words: Words) -> None:
    play.remembered[words.take()] = play.book.store.head()


def _order_fact(cls: Any) -> Callable[[Scenario, Words], None]:
    def tell(play: Scenario, words: Words) -> None:
        play.record(cls(cl_ord_id=words.take()))

    return tell


VERBS: dict[str, Callable[[Scenario, Words], None]] = {
    "on": _on, "account": _account, "instrument": _instrument,
    **{name: _trader(side) for name, side in SIDES.items()},
    "refused": _refused, "bust": _bust, "correct": _correct, "fee": _fee,
    "place": _place, "accept": _order_fact(events.OrderAccepted),
    "cancelled": _order_fact(events.OrderCancelled),
    "deposit": _money(events.CashDeposited), "withdraw": _money(events.CashWithdrawn),
    "interest": _money(events.InterestPaid),
    "fund": _carry(events.FundingPaid), "dividend": _carry(events.DividendPaid),
    "variation": _carry(events.VariationMarginPaid),
    "split": _split, "receive": _receive, "transfer": _transfer,
    "remember": _remember, "=": check,
}  # fmt: skip
