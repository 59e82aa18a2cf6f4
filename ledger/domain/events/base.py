"""What every fact has in common: identity and content.

A fact is a class with a ``TOPIC`` such as ``"fill-booked/1"``, which is what stands on disk; its
fields pass the gates of :mod:`ledger.domain.gates`.
"""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

import attrs


class Identity(NamedTuple):
    """What makes a fact the same fact for ever, inside its account.

    ``scope`` is whatever makes the venue's id unique (Binance: the symbol; FIX: the trade
    date); ``kind`` the family of ids it was drawn from; ``revision`` tells apart two editions
    under one id. The account is the stream, and so the first part of the stored key.
    """

    venue: str
    scope: str
    kind: str
    id: str
    revision: str = ""

    def key(self, account: str) -> str:
        """The stored key: the six parts as text, in natural order.

        >>> Identity("IBKR", "", "fill", "0000d349.68f1.01.01").key("U1")
        'U1/IBKR//fill/0000d349.68f1.01.01/'
        """
        plain = "/".join((account, *self))
        if plain.count("/") == len(self) and "%" not in plain:
            return plain
        return "/".join([_escaped(account), *map(_escaped, self)])


def _escaped(part: str) -> str:
    return part.replace("%", "%25").replace("/", "%2F") if "/" in part or "%" in part else part


class Difference(NamedTuple):
    """A field on which two records under one key disagree."""

    field: str
    booked: str
    seen: str


class Event:
    """Base of all facts. A class without an ``identity`` of its own is keyed by its time."""

    __slots__ = ()

    TOPIC: ClassVar[str]
    CONTENT: ClassVar[tuple[str, ...]] = ()

    def identity(self) -> Identity | None:
        """The fact's own identity, or None where only subject and time tell it apart."""
        return None

    def subject(self) -> str:
        """What the fact is about, for a key by time: the order, instrument or account."""
        return ""


def differences(booked: Event, seen: Event) -> tuple[Difference, ...]:
    """The content fields on which two records disagree; an absent field is not different."""
    if type(booked) is not type(seen):
        return (Difference("topic", booked.TOPIC, seen.TOPIC),)
    cls: Any = type(booked)
    names = booked.CONTENT or tuple(field.name for field in attrs.fields(cls))
    pairs = ((name, getattr(booked, name), getattr(seen, name)) for name in names)
    return tuple(
        Difference(name, str(old), str(new))
        for name, old, new in pairs
        if old is not None and new is not None and old != new
    )
