"""Which number (34) the venue's next message has. One law for what comes and for what was kept."""

from __future__ import annotations

from enum import Enum
from typing import Final

import attrs

from adapters.transport.errors import VenueRefusedError
from adapters.transport.fix.wire import Heard

_ANEW: Final = (
    "it counts from another beginning than the messages that are kept: name a new folder with "
    "--out, and ask the venue whether messages were lost in between"
)


class Turn(Enum):
    """When a message came: as it should, too early, or once more."""

    NEXT = "next"
    AHEAD = "ahead"
    AGAIN = "again"


@attrs.define
class Counting:
    """``expected`` is the next number; ``ahead`` the highest that came before its turn.

    >>> count = Counting()
    >>> for number in "1", "3", "2":
    ...     print(count.take(Heard(b"", {"34": number})).value, count.expected, count.is_open)
    next 2 False
    ahead 2 True
    next 3 True
    """

    expected: int = 1
    ahead: int = 0

    @property
    def is_open(self) -> bool:
        """Whether a message is missing that comes before one that is here."""
        return self.ahead >= self.expected

    @property
    def gap(self) -> str:
        """What is missing, in words."""
        return f"messages {self.expected} to {self.ahead}"

    def take(self, message: Heard) -> Turn:
        """Count a message; ``VenueRefusedError`` for one whose number cannot be."""
        number = message.number("34")
        if number is None:
            raise VenueRefusedError("a message has no number (34)")
        if message.kind == "4" and message.text("123") != "Y":
            return self._reset(message)
        is_anew = message.kind == "A" and message.text("141") == "Y" and self.expected > 1
        if is_anew or (number < self.expected and not message.is_again):
            told = f"the venue sent number {number}, and {self.expected} is the next one"
            raise VenueRefusedError(f"{told}: {_ANEW}")
        if number > self.expected:
            self.ahead = max(self.ahead, number)
            return Turn.AHEAD
        if number < self.expected:
            return Turn.AGAIN
        self.expected = self._following(message, number + 1)
        return Turn.NEXT

    def _reset(self, message: Heard) -> Turn:
        """A SequenceReset that fills no gap: its own number says nothing."""
        self.expected = self._following(message, self.expected)
        return Turn.NEXT

    @staticmethod
    def _following(message: Heard, least: int) -> int:
        """The number after a message; NewSeqNo (36) of a SequenceReset."""
        if message.kind != "4":
            return least
        told = message.number("36")
        if told is None or told < least:
            raise VenueRefusedError(f"a SequenceReset to {told} goes back: {_ANEW}")
        return told
