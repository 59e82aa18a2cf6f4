"""Two contents under one key, told field by field so that a person can read it."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from enum import Enum
from typing import Any

import attrs

from ledger.domain.events import Difference, Event
from ledger.domain.numbers import quantize, text
from ledger.store.port import Conflict


def told_apart(booked: Event, seen: Event) -> tuple[Difference, ...]:
    """The content on which two records disagree, a field at a time: of an instrument the fields
    of its definition. An absent field is unknown, not different."""
    if type(booked) is not type(seen):
        return (Difference("topic", booked.TOPIC, seen.TOPIC),)
    return tuple(_differences(booked, seen, booked.CONTENT))


def conflict_text(conflict: Conflict) -> str:
    """What a conflict is about and what to do, in a sentence."""
    differing = told_apart(conflict.recorded.event, conflict.fact.event)
    told = ", ".join(f"{name} {old} booked, {new} now" for name, old, new in differing)
    return (
        f"{conflict.fact.key} is already recorded as number {conflict.recorded.number} with "
        f"other content ({told}); what was booked first stands and nothing was added: find out "
        "which is true; a correction amends what was booked, another id makes another fact"
    )


def _differences(booked: Any, seen: Any, content: tuple[str, ...]) -> Iterator[Difference]:
    for name in content or [field.name for field in attrs.fields(type(booked))]:
        old, new = getattr(booked, name), getattr(seen, name)
        if old is None or new is None or old == new:
            continue
        if attrs.has(type(old)) and type(old) is type(new):
            yield from _differences(old, new, ())
        else:
            yield Difference(name, readable(old), readable(new))


def readable(value: object) -> str:
    """A field's value in a message: at most 18 decimals, an enum's own word, no class.

    >>> readable(Decimal("1E+1")), readable((Decimal("0.50"), "USD")), readable(None)
    ('10', '0.5 USD', 'nothing')
    """
    match value:
        case None:
            return "nothing"
        case Decimal():
            return text(quantize(value))
        case Enum():
            return str(value.value)
        case tuple():
            return " ".join(map(readable, value)) or "nothing"
    if attrs.has(type(value)):
        return " ".join(readable(one) for one in attrs.astuple(value, recurse=False))  # type: ignore[arg-type]
    return str(value)
