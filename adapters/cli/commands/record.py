"""``record``: what no report says, entered by hand and signed."""

from __future__ import annotations

from decimal import Decimal

import click

from adapters.cli.acts import Act, acts
from adapters.cli.commands.accounts import BOOKINGS
from adapters.loose_ends import ROW, LooseEnds
from ledger.domain.events import (
    BalanceAdjusted,
    Booking,
    BookingMethodChanged,
    BreakResolved,
    CashDeposited,
    CashWithdrawn,
    Event,
    PositionAdjusted,
    PositionOpenedMidLife,
)
from ledger.domain.instruments import InstrumentKind
from ledger.domain.numbers import ZERO, parse, text

UNKNOWN = "unknown"
_qty = click.option("--qty", required=True, metavar="NUMBER", help="Units; negative is short.")
_amount = click.option("--amount", required=True, metavar="NUMBER", help="How much, unsigned.")
_signed_amount = click.option(
    "--amount", required=True, metavar="NUMBER", help="How much; negative takes away."
)
_currency = click.option("--currency", required=True, metavar="CODE", help="In which currency.")


@click.group()
def record() -> None:
    """Enter by hand what no report says: each is a fact of its own, signed with who and why.

    Nothing is ever overwritten: a slip is answered by another act. The same act again has no
    effect. This is how a difference between books and statement is answered, once somebody has
    found out what it is. The account must be open already, see 'open-account'.
    """


@record.command("opening-position")
@click.argument("instrument")
@_qty
@click.option("--basis", required=True, metavar="AMOUNT|unknown",
              help="What all of it cost, with the sign of the quantity.")  # fmt: skip
@acts
def opening_position(act: Act, instrument: str, qty: str, basis: str) -> tuple[Event, str]:
    """INSTRUMENT was held when the books began.

    With an unknown basis the quantity is right from then on, and cost and results that depend on
    it are marked as unknown.
    """
    instrument_id, units = act.instrument(instrument), parse("--qty", qty)
    cost = None if basis == UNKNOWN else parse("--basis", basis)
    require_basis(act, instrument_id, units, cost)
    event = PositionOpenedMidLife(
        id=act.id(instrument_id, units, cost),
        instrument_id=instrument_id,
        qty=units,
        cost_basis=cost,
    )
    told = "at an unknown cost" if cost is None else f"at a cost of {text(cost)}"
    return event, f"{act.account}: opening position of {text(units)} {instrument} {told}"


def require_basis(act: Act, instrument_id: str, qty: Decimal, basis: Decimal | None) -> None:
    """``click.UsageError`` for a position of nothing, or a basis of the other sign."""
    if not qty:
        raise click.UsageError("--qty 0 opens nothing; give the units that were held")
    instrument = act.question.book.account(act.account).instrument(instrument_id)
    is_inverse = instrument is not None and instrument.kind is InstrumentKind.INVERSE
    if basis and not is_inverse and (basis > ZERO) is not (qty > ZERO):
        rule = "a basis has the sign of its quantity: what a long cost, less what a short brought"
        raise click.UsageError(f"--basis {text(basis)} for {text(qty)} units: {rule}")


@record.command("position-adjustment")
@click.argument("instrument")
@_qty
@click.option("--basis", required=True, metavar="AMOUNT", help="What they cost, signed likewise.")
@acts
def position_adjustment(act: Act, instrument: str, qty: str, basis: str) -> tuple[Event, str]:
    """Correct the units of INSTRUMENT, or with --qty 0 their cost alone, by a signed amount."""
    instrument_id, units, cost = (
        act.instrument(instrument),
        parse("--qty", qty),
        parse("--basis", basis),
    )
    if not units and not cost:
        raise click.UsageError("--qty 0 with --basis 0 corrects nothing")
    event = PositionAdjusted(
        id=act.id(instrument_id, units, cost),
        instrument_id=instrument_id,
        qty=units,
        basis=cost,
        reason=act.reason,
        who=act.who,
    )
    return event, f"{act.account}: {instrument} adjusted by {text(units)} at {text(cost)}"


def movement(act: Act, amount: str, currency: str) -> Decimal:
    """The amount; ``click.UsageError`` for nothing, and for a currency that is a slip of case."""
    value = parse("--amount", amount)
    if not value:
        raise click.UsageError("--amount 0 moves nothing; give the amount that was moved")
    known = currencies(act)
    meant = sorted(one for one in known if one.casefold() == currency.casefold())
    if meant and currency not in known:
        told = f"--currency {currency}: the books know no such currency, but {' and '.join(meant)}"
        raise click.UsageError(f"{told}; write it as they do")
    return value


def currencies(act: Act) -> set[str]:
    """Every currency that an account of the store, or an instrument of it, is in."""
    found: set[str] = set()
    book = act.question.book
    for name in book.store.streams():
        state = book.account(name)
        found.update(view.currency for view in state.balances())
        if state.policy.opened is not None:
            found.add(state.policy.opened.base_currency)
        for instrument in filter(None, map(state.instrument, state.policy.definitions)):
            found.update(filter(None, (instrument.currency, instrument.base_currency)))
    return found


@record.command("deposit")
@_amount
@_currency
@acts
def deposit(act: Act, amount: str, currency: str) -> tuple[Event, str]:
    """Money came in from outside."""
    value = movement(act, amount, currency)
    event = CashDeposited(
        id=act.id(value, currency), amount=value, currency=currency, description=act.reason
    )
    return event, f"{act.account}: deposit of {text(value)} {currency}"


@record.command("withdrawal")
@_amount
@_currency
@acts
def withdrawal(act: Act, amount: str, currency: str) -> tuple[Event, str]:
    """Money went out."""
    value = movement(act, amount, currency)
    event = CashWithdrawn(
        id=act.id(value, currency), amount=value, currency=currency, description=act.reason
    )
    return event, f"{act.account}: withdrawal of {text(value)} {currency}"


@record.command("adjustment")
@_signed_amount
@_currency
@acts
def adjustment(act: Act, amount: str, currency: str) -> tuple[Event, str]:
    """Correct a balance by a signed amount, which is neither a deposit nor a trade."""
    value = movement(act, amount, currency)
    event = BalanceAdjusted(
        id=act.id(value, currency),
        amount=value,
        currency=currency,
        reason=act.reason,
        who=act.who,
    )
    return event, f"{act.account}: balance adjusted by {text(value)} {currency}"


@record.command("booking")
@click.argument("method", type=click.Choice(BOOKINGS))
@click.option("--instrument", metavar="NAME", help="For one instrument; else for the account.")
@acts
def booking(act: Act, method: str, instrument: str | None) -> tuple[Event, str]:
    """Another booking METHOD from --at on; only while flat, or after every known fill."""
    instrument_id = act.instrument(instrument) if instrument else None
    event = BookingMethodChanged(booking=Booking(method), instrument_id=instrument_id)
    return event, f"{act.account}: booking {method} for {instrument or 'the account'}"


@record.command("answer")
@click.argument("row")
@acts
def answer(act: Act, row: str) -> tuple[Event, str]:
    """Say what became of ROW, which was set aside and never booked: 'issues' gives its name.

    The reason is the answer. It moves nothing: what the row should have done is an act of its
    own. A row that a later report books needs no answer.
    """
    aside = LooseEnds(act.question.book.log(act.account)).aside
    meant = aside.named(row)
    if len(meant) != 1:
        many = "more than one row that was" if meant else "no row that was"
        raise click.UsageError(f"{row}: {many} set aside; 'tradeledger issues' lists their names")
    event = BreakResolved(break_id=ROW + meant[0], how=act.reason, who=act.who)
    return event, f"{act.account}: row {meant[0][:12]} answered"
