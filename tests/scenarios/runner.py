"""Plays a scenario: a text of what happened, with lines that begin with ``=`` for what must hold.

Every line is one thing that happened, a minute after the line before; ``10:15`` at its beginning
says when it happened if that was earlier. ``on 2026-01-06`` begins another day. In full::

    account A margin USD fifo            # or cash; a booking method, crossing and fee rule
    instrument ESZ6 linear x50 tick 0.25 # in USD, base BTC, settles variation
    buy 2 ESZ6 @ 5000 x1 fee 4.20        # also: sell, short; fee 0.001 BNB; order c1; book long
    bust x1                              # correct x1 3 @ 5001; fee 1.25 USD for x1
    place buy 5 ESZ6 @ 5000 c1           # accept c1, cancelled c1
    deposit 1000 USD                     # withdraw, interest
    fund -1.20 ESZ6                      # dividend
    split ESZ6 4 for 1                   # receive 2 ESZ6 basis 100; transfer 1 ESZ6 to B
    refused sell 9 ESZ6 @ 5000 x9        # by hand, against the account's policies
    remember monday                      # then: = monday ESZ6 1
    = ESZ6 -1 avg_cost 5010 realized_pnl 1000
    = cash USD 1000.50
    = order c1 filled cum_qty 2 leaves_qty 0
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import ledger
from ledger.domain.events import Event
from tests.scenarios.verbs import VERBS
from tests.scenarios.words import ScenarioError, Words

START = datetime(2026, 1, 5, 9, 30, tzinfo=UTC)
CLOCK = re.compile(r"\d\d:\d\d(:\d\d)?")


class Scenario:
    """A book in which a text is played, line by line."""

    def __init__(self, book: ledger.Book) -> None:
        self.book = book
        self.account = "A"
        self.now = START
        self.at = START
        self.count = 0
        self.currencies: dict[str, str] = {}
        self.remembered: dict[str, int] = {}

    def play(self, text: str) -> None:
        """Play every line; ``ScenarioError`` names the one that does not hold."""
        for number, raw in enumerate(text.splitlines(), start=1):
            line = raw.partition("#")[0].strip()
            if line:
                self._play_line(number, line)

    def _play_line(self, number: int, line: str) -> None:
        words = Words(line)
        self.count = number
        self.now += timedelta(minutes=1)
        self.at = self._when(words)
        verb = words.take()
        act = VERBS.get(verb)
        if act is None:
            raise ScenarioError(f"line {number}: {verb!r} is none of {', '.join(VERBS)}")
        try:
            act(self, words)
        except (ScenarioError, ledger.LedgerError, IndexError) as error:
            raise ScenarioError(f"line {number}: {line}\n  {error}") from error
        if words.words:
            raise ScenarioError(f"line {number}: {line}\n  what is {' '.join(words.words)!r}?")

    def _when(self, words: Words) -> datetime:
        """When the line happened: now, or as it says."""
        if not CLOCK.fullmatch(words.words[0]):
            return self.now
        clock = [int(part) for part in words.take().split(":")]
        return self.now.replace(hour=clock[0], minute=clock[1], second=(clock[2:] or [0])[0])

    def record(self, event: Event) -> None:
        """Book a fact."""
        self.book.record(self.account, event, occurred_at=self.at)

    @property
    def id(self) -> str:
        """An id for what has none of its own: the line."""
        return f"line {self.count}"


def play(path: Path) -> Scenario:
    """Play a file into a fresh book."""
    scenario = Scenario(ledger.open("memory://", clock=lambda: START))
    scenario.play(path.read_text())
    return scenario
