"""Questions about a past moment, what changed since, and why a number is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

import pytest

import ledger
from ledger.domain.events import CashDeposited, FillBusted
from ledger.errors import HistoryError, NaiveTimeError, UnknownNumberError
from tests.unit.booking import BUY, SELL, START, at, fill, opened, told

D = Decimal


def traded() -> ledger.Book:
    """A day's two trades; then a late one that was between them."""
    book = opened()
    book.record("A", fill("e1", BUY, "2", "10"), occurred_at=at(10))
    book.record("A", fill("e3", SELL, "2", "16"), occurred_at=at(30))
    book.record("A", fill("e2", BUY, "1", "12"), occurred_at=at(20))
    return book


def test_as_of_is_when_it_happened() -> None:
    held = [traded().position("A", "X", as_of=at(second)).net_qty for second in (5, 15, 25, 35)]
    assert held == [0, 2, 3, 1]


def test_known_at_is_when_it_was_learned() -> None:
    held = [traded().position("A", "X", known_at=number).net_qty for number in (2, 3, 4, 5)]
    assert held == [0, 2, 0, 1]


def test_both_times_together() -> None:
    assert traded().position("A", "X", as_of=at(25), known_at=4).net_qty == 2


def test_a_time_of_knowledge_is_a_log_number() -> None:
    ticks = count()
    book = ledger.open("memory://", clock=lambda: START + timedelta(hours=next(ticks)))
    book.open_account("A", base_currency="USD", occurred_at=at(0))
    deposit = CashDeposited(id="d", amount=D(5), currency="USD")
    recorded = book.record("A", deposit, occurred_at=at(0)).recorded.recorded_at
    just_before = recorded - timedelta(microseconds=1)
    assert book.balances("A", known_at=just_before) == []
    assert [one.total for one in book.balances("A", known_at=recorded)] == [5]


def test_a_time_after_the_last_fact_is_that_of_the_last_fact() -> None:
    book = traded()
    assert book.position("A", "X", known_at=at(10**6)).number == book.store.head()


ASKED: dict[str, Callable[..., Any]] = {
    "position": lambda book, **when: book.position("A", "X", **when),
    "positions": lambda book, **when: book.positions("A", **when),
    "lots": lambda book, **when: book.lots("A", "X", **when),
    "balances": lambda book, **when: book.balances("A", **when),
    "order": lambda book, **when: book.order("A", "o", **when),
    "open_orders": lambda book, **when: book.open_orders("A", **when),
    "explain": lambda book, **when: book.explain("A", "X", **when),
    "results": lambda book, **when: book.results("A", "X", **when),
    "at": lambda book, **when: book.at("A", **when),
}
LOGS: dict[str, Callable[..., Any]] = {
    "log": lambda book, known_at: book.log("A", known_at=known_at),
    "log of all": lambda book, known_at: book.log(known_at=known_at),
    "journal": lambda book, known_at: book.journal("A", known_at=known_at),
    "diff from": lambda book, known_at: book.diff("A", known_from=known_at),
    "diff to": lambda book, known_at: book.diff("A", known_from=0, known_to=known_at),
}
NAIVE = datetime(2026, 1, 5)  # noqa: DTZ001


@pytest.mark.parametrize("ask", [*ASKED.values(), *LOGS.values()], ids=[*ASKED, *LOGS])
@pytest.mark.parametrize("number", [6, -1])
def test_a_number_the_log_does_not_have_is_refused(ask: Callable[..., Any], number: int) -> None:
    with pytest.raises(UnknownNumberError, match=f"{number} is no number of this log, .* is 5"):
        ask(traded(), known_at=number)


def test_such_a_number_is_a_question_of_history() -> None:
    with pytest.raises(HistoryError):
        traded().positions("A", known_at=6)


@pytest.mark.parametrize("number", [0, 5])
def test_the_first_and_the_last_number_are_answered(number: int) -> None:
    assert traded().at("A", known_at=number).number == number


@pytest.mark.parametrize("ask", ASKED.values(), ids=ASKED)
@pytest.mark.parametrize("time", ["as_of", "known_at"])
def test_a_time_without_a_zone_is_refused(ask: Callable[..., Any], time: str) -> None:
    with pytest.raises(NaiveTimeError, match=f"{time}: .* has no time zone"):
        ask(traded(), **{time: NAIVE})


@pytest.mark.parametrize("ask", LOGS.values(), ids=LOGS)
def test_so_it_is_where_only_knowledge_is_asked_for(ask: Callable[..., Any]) -> None:
    with pytest.raises(NaiveTimeError):
        ask(traded(), known_at=NAIVE)


def test_a_difference_as_of_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(NaiveTimeError):
        traded().diff("A", known_from=1, as_of=NAIVE)


def test_a_bust_takes_effect_when_its_fill_did() -> None:
    book = traded()
    book.record("A", FillBusted(exec_id="b", exec_ref_id="e1"), occurred_at=at(99))
    assert book.position("A", "X", as_of=at(15)).net_qty == 0
    assert book.position("A", "X", as_of=at(15), known_at=5).net_qty == 2


def test_a_difference_names_figures_and_the_facts_between() -> None:
    found = traded().diff("A", known_from=4)
    changed = {(one.subject, one.figure): (one.before, one.after) for one in found.changes}
    assert changed["position X", "net_qty"] == ("0", "1")
    assert changed["balance USD", "total"] == ("12", "0")
    assert [one.key for one in found.facts] == ["A//fill/e2/"] or len(found.facts) == 1


def test_nothing_learned_is_no_difference() -> None:
    found = traded().diff("A", known_from=5)
    assert (found.changes, found.facts) == ((), ())


def test_an_explanation_adds_up() -> None:
    steps = traded().explain("A", "X")
    assert sum(one.qty_change for one in steps) == steps[-1].net_qty == 1
    assert sum(one.realized_change for one in steps) == steps[-1].realized_pnl == 12


def test_it_is_in_the_order_things_happened_and_names_the_facts() -> None:
    steps = traded().explain("A", "X")
    assert [one.number for one in steps] == [3, 5, 4]


def test_it_shows_the_arithmetic() -> None:
    assert traded().explain("A", "X")[-1].arithmetic == "realized 12 = 32 - (20 (2 of e1))"


def test_a_busted_fill_is_explained_too() -> None:
    book = told(opened(), fill("e1", BUY, "2", "10"), FillBusted(exec_id="b", exec_ref_id="e1"))
    (step,) = book.explain("A", "X")
    assert "busted" in step.what
    assert step.net_qty == 0


def test_the_log_is_what_was_recorded_and_when() -> None:
    log = list(traded().log("A"))
    assert [one.number for one in log] == [1, 2, 3, 4, 5]
    assert [one.occurred_at for one in log[2:]] == [at(10), at(30), at(20)]
