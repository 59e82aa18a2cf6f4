"""The words of a scenario's line."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import ledger


class ScenarioError(AssertionError):
    """A scenario's line that cannot be played, or does not hold."""


class Words:
    """The words of a line, taken from the front."""

    def __init__(self, line: str) -> None:
        self.words = line.split()

    def take(self) -> str:
        """The next word."""
        return self.words.pop(0)

    def number(self) -> Decimal:
        """The next word as a number."""
        return ledger.parse("number", self.take())

    def after(self, name: str) -> str | None:
        """The word behind a name, anywhere in the rest; both are taken."""
        if name not in self.words:
            return None
        place = self.words.index(name)
        found = self.words[place + 1]
        del self.words[place : place + 2]
        return found

    def number_after(self, name: str) -> Decimal | None:
        """The number behind a name."""
        found = self.after(name)
        return None if found is None else ledger.parse(name, found)

    def one_of(self, kind: Any) -> Any:
        """The first word that names a member of an enumeration."""
        found = next((one for one in kind if one.value in self.words), None)
        if found is not None:
            self.words.remove(found.value)
        return found
