"""``orders``: those that may still fill, or all."""

from __future__ import annotations

from collections.abc import Iterator

import click

from adapters.cli.answers import Row, Section, numbers, texts
from adapters.cli.questions import Question, as_of_option, asks, known_at_option
from ledger.deciding import find_order
from ledger.domain.order_view import OrderView

_ORDERS = (
    *texts("cl_ord_id"),
    *texts("order_id", "instrument_id", wide=True),
    *texts("symbol", "side", "ord_type", "status"),
    *numbers("order_qty", "cum_qty", "leaves_qty", "avg_px", "limit_px", "stop_px"),
    *numbers("overfill_qty", "initial_stop_px", "target_px", wide=True),
    *texts("tif", "strategy", "intent", "placed_at", "reason", "is_external", wide=True),
)


@click.command()
@click.option("--all", "closed_too", is_flag=True, help="Closed orders too.")
@as_of_option
@known_at_option
@asks
def orders(question: Question, closed_too: bool) -> None:
    """Orders that may still fill; with --all every order there ever was."""
    symbols = question.symbols(question.account)
    found = all_orders(question) if closed_too else open_orders(question)
    rows = [order_row(view, symbols) for view in found]
    question.answer(Section("orders", _ORDERS, rows), account=question.account)


def open_orders(question: Question) -> list[OrderView]:
    """The open orders, by id."""
    return question.book.open_orders(question.account, **question.when)


def all_orders(question: Question) -> Iterator[OrderView]:
    """Every order, in the order in which the log first names it, each from its own facts."""
    state, seen = question.state(question.account), set[str]()
    for name in dict.fromkeys(_named(question)):
        order = None if name in seen else find_order(question.book.store, state, name)
        if order is not None:
            view = order.view()
            seen.update(view.cl_ord_ids, (name, view.cl_ord_id))
            yield view


def _named(question: Question) -> Iterator[str]:
    """Every order id in the log."""
    for recorded in question.book.log(question.account, known_at=question.number):
        event = recorded.event
        name = getattr(event, "cl_ord_id", None) or getattr(event, "order_id", None)
        if name:
            yield name


def order_row(view: OrderView, symbols: dict[str, str]) -> Row:
    """An order as a row."""
    names = {column.name for column in _ORDERS} - {"symbol"}
    symbol = symbols.get(view.instrument_id or "", view.instrument_id)
    return {"symbol": symbol, **{name: getattr(view, name) for name in names}}
