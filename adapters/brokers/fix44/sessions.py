"""What the session tells about its own completeness: numbers that are not there, refusals."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Final

from adapters.brokers.fix44.message import Message

REFUSALS: Final = {"3": "the session refused", "j": "the application refused"}

Span = tuple[int, int]


def missing(messages: Iterable[Message]) -> list[str]:
    """The numbers (34) that no message has, by direction (49 to 56), as ranges.

    A number starts anew with a logon that says so (141=Y, or number 1) and with a SequenceReset;
    a GapFill (123=Y) stands for the numbers it passes over. Where a log begins in the middle,
    nothing is known of before.
    """
    ways: dict[tuple[str, str], list[Message]] = defaultdict(list)
    for message in _each_once(messages):
        if _number(message, "34") is not None:
            ways[_text(message, "49"), _text(message, "56")].append(message)
    return [
        f"messages {first} to {last} of {sender} to {target}"
        for (sender, target), sent in sorted(ways.items())
        for spans in _runs(sent)
        for first, last in _gaps(spans)
    ]


def refusal(message: Message) -> str:
    """Who refused which message (45) and why, for somebody to look at."""
    parts = [f"{_text(message, '49')}: {REFUSALS[message.kind]} message {_text(message, '45')}"]
    parts.append(f"of {_text(message, '56')}")
    named = (("372", "type"), ("371", "field"), ("373", "reason"), ("380", "reason"))
    parts += [f"{word} {_text(message, tag)}" for tag, word in named if message.has(tag)]
    if message.has("58"):
        parts.append(f"({_text(message, '58')})")
    return " ".join(parts) + ": what it said did not reach the other side's books"


def _text(message: Message, tag: str) -> str:
    return str(message.values.get(tag, ""))[:200]


def _number(message: Message, tag: str) -> int | None:
    written = _text(message, tag)
    return int(written) if written.isascii() and written.isdigit() and len(written) < 16 else None


def _each_once(messages: Iterable[Message]) -> list[Message]:
    """Each message once, though two files hold it, in the order of sending."""
    unique = {message.sent: message for message in messages}
    return sorted(unique.values(), key=lambda message: _text(message, "52"))


def _runs(sent: list[Message]) -> Iterator[list[Span]]:
    """The spans of numbers between one start of counting and the next."""
    spans: list[Span] = []
    seen: set[int] = set()
    for message in sent:
        number = _number(message, "34") or 0
        if _restarts(message, number, seen):
            yield spans
            spans, seen = [], set()
        spans.append((number, number))
        seen.add(number)
        following = _number(message, "36")
        if message.kind == "4" and following:
            if message.values.get("123") == "Y":
                spans.append((number, following - 1))
            else:
                yield spans
                spans, seen = [], set()
    yield spans


def _restarts(message: Message, number: int, seen: set[int]) -> bool:
    if message.is_possible_duplicate or not seen:
        return False
    is_first = message.kind == "A" and (number == 1 or message.values.get("141") == "Y")
    return is_first or number in seen


def _gaps(spans: list[Span]) -> Iterator[Span]:
    """The ranges that no span covers, between the first and the last."""
    reached: list[Span] = []
    for first, last in sorted(spans):
        top = max(last, reached[-1][1]) if reached else last
        reached.append((first, top))
    for (_, top), (first, _) in pairwise(reached):
        if first > top + 1:
            yield top + 1, first - 1
