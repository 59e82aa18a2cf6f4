"""``why``: every step that made a number."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

import click

from adapters.cli.answers import Row, Section, money, numbers, texts
from adapters.cli.questions import Question, as_of_option, asks, known_at_option
from ledger.domain.canonical import Entry
from ledger.domain.events import NET as NET_BOOK
from ledger.domain.events import Recorded
from ledger.domain.holding import Holding
from ledger.domain.instruments import Instrument
from ledger.domain.numbers import ZERO, add, negate, quantize, subtract, text
from ledger.domain.positions import PositionKey
from ledger.domain.postings import Posting
from ledger.domain.views import PositionView, net_realized
from ledger.domain.watching import Record
from ledger.explaining import Step
from ledger.rebuilding import rebuild_position

QTY: Final = "net_qty"
NET: Final = "net_realized_pnl"
FIGURES: Final = (QTY, "cost_basis", "realized_pnl", NET)
_POSTINGS = (
    *numbers("number"),
    *texts("occurred_at", "recorded_at", "what"),
    *money("balance_before", "amount", "balance_after"),
    *texts("key", wide=True),
)


@click.command()
@click.argument("name", metavar="ACCOUNT")
@click.argument("instrument", required=False)
@click.argument("figure", default="realized_pnl", type=click.Choice(FIGURES))
@click.option(
    "--position", "position_id", default=NET_BOOK, help="The book, where there are several."
)
@click.option("--balance", metavar="CURRENCY", help="Explain a cash balance instead.")
@as_of_option
@known_at_option
@asks
def why(
    question: Question,
    name: str,
    instrument: str | None,
    figure: str,
    position_id: str,
    balance: str | None,
) -> None:
    """Every step that made FIGURE of INSTRUMENT, with its arithmetic.

    With --balance: the cash postings of a currency in the order they were recorded, a late fact
    as the adjustment that it caused.
    """
    name = question.known(name)
    if instrument is not None and balance is None:
        instrument_id = question.instrument(name, instrument)
        require_position(question, name, instrument_id, position_id)
        view = question.book.position(name, instrument_id, position_id, **question.when)
        why_position(question, view, figure)
    elif balance is not None and instrument is None:
        why_balance(question, name, balance)
    else:
        raise click.UsageError("say an instrument, or --balance and a currency")


def require_position(question: Question, account: str, instrument_id: str, name: str) -> None:
    """``click.UsageError`` for a book of an instrument that never was."""
    keys = question.book.account(account).positions
    held = sorted(key.position_id for key in keys if key.instrument_id == instrument_id)
    if name not in {NET_BOOK, *held}:
        known = ", ".join(held) or NET_BOOK
        raise click.UsageError(f"--position: no book {name} of {instrument_id}; it has: {known}")


def require_currency(question: Question, account: str, currency: str) -> None:
    """``click.UsageError`` for a currency in which nothing ever moved."""
    held = [balance.currency for balance in question.book.account(account).balances()]
    if currency not in held:
        known = ", ".join(held) or "none"
        raise click.UsageError(f"no balance in {currency} in account {account}; it has: {known}")


def why_position(question: Question, view: PositionView, figure: str) -> None:
    """The steps of a position's figure, and last the figure itself."""
    value, unit = getattr(view, figure), "" if figure == QTY else view.currency or ""
    kind = numbers if figure == QTY else money
    columns = (
        *numbers("number"),
        *texts("at", "what"),
        *kind("change", figure),
        *texts("arithmetic"),
        *texts("key", wide=True),
    )
    question.answer(
        Section("steps", columns, list(steps(question, view, figure))),
        result=f"{figure} = {text(value)} {unit}".rstrip() + _doubt(view, figure),
        account=view.account,
        instrument_id=view.instrument_id,
        position_id=view.position_id,
        figure=figure,
        value=value,
        currency=unit or None,
        unknown_basis=view.unknown_basis,
    )


def _doubt(view: PositionView, figure: str) -> str:
    """What is to be said of a figure that stands on an unknown cost."""
    is_unknown = view.unknown_basis and figure != QTY
    return ", on a cost that is unknown in part and counted as 0" if is_unknown else ""


def steps(question: Question, view: PositionView, figure: str) -> Iterator[Row]:
    """The facts that moved the figure or what it is made from; a busted one is among them."""
    place = (view.account, view.instrument_id, view.position_id)
    told = question.book.explain(*place, **question.when)
    values = [getattr(step, figure, ZERO) for step in told]
    if figure == NET:
        values = _net_values(question, view)
    for step, before, after in zip(told, [ZERO, *values], values, strict=False):
        change = subtract(after, before)
        if change or step.arithmetic:
            yield {
                "number": step.number,
                "at": step.at,
                "what": step.what,
                "change": change,
                figure: after,
                "currency": view.currency,
                "arithmetic": _net_told(step, change) if figure == NET else step.arithmetic,
                "key": step.key,
            }


def _net_told(step: Step, change: Decimal) -> str:
    """A change of the net result: what was realized, less what was charged."""
    charged = subtract(step.realized_change, change)
    told = [f"realized {text(step.realized_change)}"] if step.realized_change else []
    if charged > ZERO:
        told.append(f"charged {text(charged)}")
    elif charged < ZERO:
        told.append(f"received {text(negate(charged))}")
    return ", ".join(told) or step.arithmetic


class _NetResults(Record):
    """The net result after each step of a fold."""

    def __init__(self, instrument: Instrument | None) -> None:
        super().__init__()
        self.values: list[Decimal] = []
        self._instrument = instrument

    def step(self, entry: Entry, holding: Holding) -> None:
        """One entry was folded."""
        self.values.append(quantize(net_realized(holding, self._instrument)))


def _net_values(question: Question, view: PositionView) -> list[Decimal]:
    """The net result after each step, from the same fold as the steps."""
    state = question.state(view.account)
    watcher = _NetResults(view.instrument)
    key = PositionKey(view.instrument_id, view.position_id)
    rebuild_position(question.book.store, state, key, state.number, watcher)
    return watcher.values


def why_balance(question: Question, account: str, currency: str) -> None:
    """The cash postings of a currency, and last the balance itself."""
    if question.as_of is not None:
        rule = "a balance is explained in recorded order; slice it with --known-at"
        raise click.UsageError(f"--as-of does not go with --balance: {rule}")
    require_currency(question, account, currency)
    rows = list(_cash_rows(question, account, currency))
    value = rows[-1]["balance_after"] if rows else ZERO
    question.answer(
        Section("postings", _POSTINGS, rows),
        result=f"balance = {text(value)} {currency}",
        account=account,
        currency=currency,
        value=value,
    )


def _cash_rows(question: Question, account: str, currency: str) -> Iterator[dict[str, Any]]:
    log = question.book.log(account, known_at=question.number)
    facts = {recorded.number: recorded for recorded in log}
    before = ZERO
    for entry in question.book.journal(account, known_at=question.number):
        for posting in entry.postings:
            if posting.account == "cash" and posting.commodity == currency:
                yield _cash_row(facts[entry.number], before, posting)
                before = add(before, posting.amount)


def _cash_row(fact: Recorded, before: Decimal, posting: Posting) -> dict[str, Any]:
    """One movement of a balance."""
    return {
        "number": fact.number,
        "occurred_at": fact.occurred_at,
        "recorded_at": fact.recorded_at,
        "what": fact.event.TOPIC.partition("/")[0],
        "balance_before": quantize(before),
        "amount": quantize(posting.amount),
        "balance_after": quantize(add(before, posting.amount)),
        "currency": posting.commodity,
        "key": fact.key,
    }
