"""Every scenario holds; and a wrong one is told by its line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import ledger
from ledger.history import account_at
from ledger.rebuilding import rebuild_order, rebuild_position
from tests.property.state import account_state, figures_of, holdings
from tests.scenarios.runner import START, Scenario, play
from tests.scenarios.verbs import VERBS
from tests.scenarios.words import ScenarioError

FILES = sorted(Path(__file__).parent.glob("*.txt"))
BEGIN = "account A margin USD\ninstrument X equity\nbuy 1 X @ 10 x1\n"


def fresh() -> Scenario:
    return Scenario(ledger.open("memory://", clock=lambda: START))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_scenario_holds(path: Path) -> None:
    play(path)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_what_it_leaves_in_memory_is_what_can_be_rebuilt(path: Path) -> None:
    book = play(path).book
    for name in book.store.streams():
        account = book.account(name)
        assert account_state(account) == account_state(account_at(book.store, name))
        for key, holding in holdings(account).items():
            rebuilt = rebuild_position(book.store, account, key)
            assert figures_of(rebuilt.holding) == figures_of(holding)
        for root, order in account.orders.items():
            assert rebuild_order(book.store, account, root).view() == order.view()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_entry_of_it_balances(path: Path) -> None:
    book = play(path).book
    for name in book.store.streams():
        assert all(entry.imbalance() == {} for entry in book.journal(name))


def test_there_are_scenarios() -> None:
    assert len(FILES) >= 10


def test_the_example_of_the_style_guide_holds() -> None:
    assert "= ESZ6 -1 avg_cost 5010 realized_pnl 1000 fees 10.50" in FILES[0].read_text()


WRONG: dict[str, Any] = {
    "= X 2": "line 4: = X 2\n  quantity is 1, not 2",
    "= X 1 avg_cost 11": "line 4: = X 1 avg_cost 11\n  avg_cost is 10, not 11",
    "= cash USD 0": "cash USD is -10, not 0",
    "refused sell 1 X @ 10 h1": "it was not refused",
    "jump 3": "'jump' is none of",
    "sell 1 X @ 10 x2 tomorrow": "what is 'tomorrow'",
    "sell one X @ 10 x2": "'one' is not a number",
    "bust": "line 4: bust",
}


@pytest.mark.parametrize("line", WRONG)
def test_a_line_that_does_not_hold_is_named(line: str) -> None:
    with pytest.raises(ScenarioError) as told:
        fresh().play(BEGIN + line)
    assert WRONG[line] in str(told.value)


def test_every_verb_is_told_in_a_scenario() -> None:
    said = {word for path in FILES for word in path.read_text().split()}
    assert set(VERBS) - said <= {"on", "short", "withdraw", "interest", "variation", "fee"}
