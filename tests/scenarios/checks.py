"""The lines of a scenario that say what must hold."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import ledger
from tests.scenarios.words import ScenarioError, Words

if TYPE_CHECKING:
    from tests.scenarios.runner import Scenario


def check(play: Scenario, words: Words) -> None:
    """Compare a position, a balance or an order, now or as it was known."""
    when: dict[str, Any] = {}
    if words.words[0] in play.remembered:
        when = {"known_at": play.remembered[words.take()]}
    subject = words.take()
    account = words.after("account") or play.account
    if subject == "cash":
        _check_cash(play, words, account, when)
    elif subject == "order":
        _check_order(play, words, account, when)
    else:
        book = words.after("book") or "net"
        view = play.book.position(account, subject, book, **when)
        _same("quantity", view.net_qty, words.number())
        _check_figures(view, words)


def _check_cash(play: Scenario, words: Words, account: str, when: dict[str, Any]) -> None:
    currency = words.take()
    totals = {one.currency: one.total for one in play.book.balances(account, **when)}
    _same(f"cash {currency}", totals.get(currency, Decimal(0)), words.number())


def _check_order(play: Scenario, words: Words, account: str, when: dict[str, Any]) -> None:
    order = play.book.order(account, words.take(), **when)
    status = words.take()
    if order.status.fix_name.lower() != status:
        raise ScenarioError(f"status is {order.status.fix_name}, not {status}")
    _check_figures(order, words)


def _check_figures(view: Any, words: Words) -> None:
    """Pairs of a figure's name and what it must be; fees are by currency."""
    while words.words:
        name = words.take()
        if name in {"fees", "funding", "income"}:
            amount, currency = words.number(), view.currency
            if words.words and words.words[0].isupper():
                currency = words.take()
            _same(f"{name} {currency}", getattr(view, name).get(currency, Decimal(0)), amount)
        else:
            _same(name, getattr(view, name), words.number())


def _same(what: str, ours: Decimal | None, wanted: Decimal) -> None:
    if ours != wanted:
        shown = "unknown" if ours is None else ledger.text(ours)
        raise ScenarioError(f"{what} is {shown}, not {ledger.text(wanted)}")
