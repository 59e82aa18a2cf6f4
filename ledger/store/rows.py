"""A stored row, the head of a stream, and times as text: what chain, logs and stores share."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final, NamedTuple

from msgspec import to_builtins

from ledger.errors import BadTextError

GENESIS: Final = bytes(32)
"""What stands before the first event of a stream."""


_WIDTH = len("2026-01-02T03:04:05.000000Z")


class Row(NamedTuple):
    """One event exactly as it is stored. Rows written by :mod:`ledger.store.recorders` for
    other programs may have no key and no times; their state may be any bytes."""

    number: int
    stream: str
    version: int
    topic: str
    key: str | None
    occurred_at: str | None
    recorded_at: str | None
    metadata: str
    state: bytes
    prev_hash: bytes
    hash: bytes


Columns = tuple[int, str, int, str, str | None, str | None, str | None, str, bytes, bytes, bytes]
"""A row on its way in: the same columns as a plain tuple, which drivers bind fastest."""


class Head(NamedTuple):
    """The last event of a stream: its version and hash. ``NO_HEAD`` for a stream without any."""

    version: int
    hash: bytes


NO_HEAD: Final = Head(0, GENESIS)


MAX_NAME: Final = 2000
"""Bytes of a key's or a stream's name: an index of PostgreSQL holds about 2,700 in one entry, and
every store gives the same answer."""


def require_name(field: str, name: str) -> None:
    """``BadTextError`` for a key or stream that not every store could keep.

    >>> require_name("key", "é" * 1001)
    Traceback (most recent call last):
    ...
    ledger.errors.BadTextError: key: 'ééé...' cannot be kept: it is longer than 2000 bytes
    """
    if len(name.encode("utf-8", "surrogatepass")) > MAX_NAME:
        raise BadTextError(field, name, f"it is longer than {MAX_NAME} bytes")


def time_text(value: datetime) -> str:
    """A UTC time as fixed-width text with microseconds, so that text order is time order.

    >>> time_text(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))
    '2026-01-02T03:04:05.000000Z'
    """
    text: str = to_builtins(value)
    return text if len(text) == _WIDTH else f"{text[:19]}.000000Z"


def time_from(text: str) -> datetime:
    """The inverse of :func:`time_text`; ``ValueError`` if it is no such text.

    >>> time_from("2026-01-02T03:04:05.000000Z") == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    True
    """
    value = datetime.fromisoformat(text)
    if value.tzinfo is not UTC:
        raise ValueError(f"{text!r} is not a time in UTC")
    return value
