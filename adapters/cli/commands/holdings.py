"""``positions``, ``lots``, ``balances``: what the account has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import click

from adapters.cli.answers import Row, Section, money, numbers, texts
from adapters.cli.questions import Question, as_of_option, asks, known_at_option
from ledger.domain.instruments import InstrumentKind
from ledger.domain.numbers import text
from ledger.domain.views import PositionView

_POSITIONS = (
    *texts("symbol"),
    *texts("instrument_id", "position_id", wide=True),
    *numbers("net_qty", "avg_cost"),
    *money("cost_basis", "realized_pnl", "net_realized_pnl"),
    *texts("currency"),
    *texts("fees", "funding", "income", wide=True),
    *numbers("suspense_qty", "unvalued_fills", wide=True),
    *texts("unknown_basis", "opened_at", wide=True),
    *texts("note"),
)
_LOTS = (
    *texts("symbol"),
    *texts("instrument_id", "position_id", wide=True),
    *texts("opened_at", "exec_id"),
    *numbers("qty"),
    *money("basis", "charges"),
    *texts("currency"),
)
_BALANCES = (*texts("currency"), *money("total", "held", "free", "settled"))


@click.command()
@click.option("--all", "flat_too", is_flag=True, help="Flat positions too.")
@as_of_option
@known_at_option
@asks
def positions(question: Question, flat_too: bool) -> None:
    """What is held, at what cost, with what result.

    Quantities are signed: short is negative. realized_pnl is before charges, net_realized_pnl
    after those in its currency. A note says what is open (units without a counterpart, an
    unknown cost), that the units of a pair are money (which 'balances' shows too), and what
    the net leaves out (fees in other currencies, income).
    """
    every = question.book.positions(question.account, **question.when)
    # One that only a bust of a later fill names has no history at that moment.
    views = [view for view in every if view.last_at is not None or not is_done(view)]
    shown = [view for view in views if flat_too or not is_done(view)]
    symbols = question.symbols(question.account)
    rows = [position_row(view, symbols) for view in shown]
    question.answer(Section("positions", _POSITIONS, rows), account=question.account)
    if len(shown) < len(views):
        click.echo(f"{len(views) - len(shown)} flat, not shown; --all shows them", err=True)


def is_done(view: PositionView) -> bool:
    """Whether nothing is held and nothing is open about it."""
    return view.is_flat and not view.suspense_qty and not view.unvalued_fills


def position_row(view: PositionView, symbols: Mapping[str, str]) -> Row:
    """A position as a row."""
    names = {column.name for column in _POSITIONS} - {"symbol", "note"}
    row = {name: getattr(view, name) for name in names}
    symbol = symbols.get(view.instrument_id, view.instrument_id)
    return {"symbol": symbol, **row, "note": note(view)}


def note(view: PositionView) -> str:
    """What is open about a position, in a few words."""
    found = []
    if view.suspense_qty:
        found.append(f"suspense {text(view.suspense_qty)}")
    if view.unvalued_fills:
        found.append(f"{view.unvalued_fills} fills without a value")
    if view.unknown_basis:
        found.append("cost unknown")
    if base := units_of(view):
        found.append(f"units are the {base} balance")
    if apart := list(_apart(view)):
        found.append(f"not in net: {', '.join(apart)}")
    return "; ".join(found)


def units_of(view: PositionView) -> str:
    """The currency whose balance the units of a spot pair are; empty for what is held itself."""
    instrument = view.instrument
    is_pair = instrument is not None and instrument.kind is InstrumentKind.SPOT
    return (instrument.base_currency or "") if instrument and is_pair and view.net_qty else ""


def _apart(view: PositionView) -> Iterator[str]:
    """The money that net realized P&L leaves out: of another currency, or no result of trading."""
    base = view.instrument.base_currency if view.instrument else None
    for name, amounts, inside in (
        ("fees", view.fees, {view.currency, base}),
        ("funding", view.funding, {view.currency}),
        ("income", view.income, set()),
    ):
        for currency, amount in sorted(amounts.items()):
            if amount and currency not in inside:
                yield f"{name} {text(amount)} {currency}"


@click.command()
@click.argument("instrument", required=False)
@as_of_option
@known_at_option
@asks
def lots(question: Question, instrument: str | None) -> None:
    """The open lots behind the positions, oldest first; of one INSTRUMENT or of all."""
    wanted = question.instrument(question.account, instrument) if instrument else None
    views = question.book.positions(question.account, **question.when)
    symbols = question.symbols(question.account)
    meant = (view for view in views if wanted in {None, view.instrument_id})
    rows = [row for view in meant for row in lot_rows(view, symbols)]
    question.answer(Section("lots", _LOTS, rows), account=question.account)


def lot_rows(view: PositionView, symbols: Mapping[str, str]) -> list[Row]:
    """The lots of a position as rows."""
    whose = {
        "symbol": symbols.get(view.instrument_id, view.instrument_id),
        "instrument_id": view.instrument_id,
        "position_id": view.position_id,
        "currency": view.currency,
    }
    return [{**whose, **lot._asdict()} for lot in view.lots]


@click.command()
@as_of_option
@known_at_option
@asks
def balances(question: Question) -> None:
    """Cash by currency: total is free plus held; settled is what has changed hands."""
    views = question.book.balances(question.account, **question.when)
    names = [column.name for column in _BALANCES]
    rows = [{name: getattr(view, name) for name in names} for view in views]
    question.answer(Section("balances", _BALANCES, rows), account=question.account)
