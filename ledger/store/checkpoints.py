"""Checkpoints: account states saved every thousand facts or so, so that nobody folds them again.

A cache, and treated as one: a state is used only if it is of this version's fold, belongs to
the very event that stands at its number, and is as it was written. It may be dropped at any
time and comes back equal.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from typing import Final, NamedTuple

import msgspec

from ledger.domain.accounts import TIMELESS, Account, Place
from ledger.domain.canonical import EVER
from ledger.domain.events import FACTS, Recorded
from ledger.domain.policy import Policy
from ledger.domain.positions import Position, PositionKey
from ledger.domain.saved import (
    SavedAccount,
    SavedPosition,
    restore_account,
    restore_position,
    save_account,
    save_position,
)
from ledger.domain.skimmed import Skimmed
from ledger.errors import StoreBusyError, StoreFullError, StoreSettingsError
from ledger.store.codec import Codec
from ledger.store.log import Log
from ledger.store.records import recorded_from, skimmed_from
from ledger.store.rows import time_text
from ledger.store.saved_rows import SavedRow, Span

REDUCER: Final = "4"
"""Which fold made a state. Whatever changes how facts fold gets another number: see
tests/unit/test_reducer.py."""

EVERY: Final = 1000
"""So many facts lie between two states, at least."""

BYTES_PER_FACT: Final = 64
"""A state of many bytes is saved less often, so that an event never costs more than these."""

_BEYOND: Final = 2**62
_LAST: Final = time_text(datetime(2199, 12, 31, tzinfo=UTC))
_TOPICS: Final = tuple(fact.TOPIC for fact in FACTS if issubclass(fact, TIMELESS))


class Body(NamedTuple):
    """A whole state. Positions stay packed until somebody wants one."""

    account: SavedAccount
    positions: dict[str, msgspec.Raw]


class Window(NamedTuple):
    """A part of a stream that a question has to read: above the one place, up to the other."""

    gt_number: int
    gt_version: int
    lte_number: int
    lte_version: int


_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(Body).decode
_unpack_position = msgspec.msgpack.Decoder(SavedPosition).decode


def _name(key: PositionKey) -> str:
    return f"{len(key.instrument_id)}:{key.instrument_id}{key.position_id}"


def _key(name: str) -> PositionKey:
    size, _, both = name.partition(":")
    return PositionKey(both[: int(size)], both[int(size) :])


class Restored(NamedTuple):
    """A saved state that was found and is sound."""

    span: Span
    body: Body

    @property
    def place(self) -> Place:
        """Where it ends."""
        return Place(self.span.number, self.span.version)

    def position(
        self, key: PositionKey, policy: Policy, checkpoints: Checkpoints
    ) -> Position | None:
        """One position of it; None if it had none."""
        packed = self.body.positions.get(_name(key))
        if packed is None:
            return None
        saved = _unpack_position(packed)
        return restore_position(key, policy, saved, checkpoints.load(saved.waiting))


class Checkpoints:
    """The saved states of one store."""

    def __init__(self, log: Log, codec: Codec) -> None:
        self._log = log
        self._codec = codec
        self._sizes: dict[str, int] = {}
        self._windows = lru_cache(maxsize=8)(self._reaching)

    # -- saving -------------------------------------------------------------------------

    def is_due(self, account: Account) -> bool:
        """Whether enough facts came since the last state."""
        facts = account.version - account.saved.version
        return facts >= max(EVERY, self._sizes.get(account.name, 0) // BYTES_PER_FACT)

    def saved(self, account: Account) -> SavedRow | None:
        """The state of an account, whose next block begins here; None while it is not whole."""
        saved = save_account(account)
        if saved is None or not account.version:
            return None
        positions = {
            _name(key): msgspec.Raw(_pack(save_position(position)))
            for key, position in account.positions.items()
            if position.is_known
        }
        state = _pack(Body(saved, positions))
        span = Span(
            account.number,
            account.version,
            account.saved.number,
            account.saved.version,
            time_text(account.first_at or EVER),
            time_text(account.last_at or EVER),
        )
        self._sizes[account.name] = len(state)
        account.begin_block()
        proof = _proof(account.name, span, saved.hash, state)
        return SavedRow(account.name, REDUCER, span, proof, state)

    def keep(self, rows: Sequence[SavedRow]) -> None:
        """Write states, if that can be done without waiting: it can be done without."""
        with (
            suppress(StoreBusyError, StoreFullError, StoreSettingsError),
            self._log.writing_now(),
        ):
            self._log.keep_states(rows)

    def clear(self) -> None:
        """Forget all states; they are made anew."""
        with self._log.writing():
            self._log.clear_states()

    # -- finding ------------------------------------------------------------------------

    def find(
        self, stream: str, upto: int, as_of: datetime | None = None, *, skip: int = 0
    ) -> Restored | None:
        """The latest sound state up to a number, of facts that happened by ``as_of``; ``skip``
        leaves out the latest ones."""
        at = _LAST if as_of is None else time_text(as_of)
        nearest = self._log.nearest(stream, REDUCER, lte=upto, last_at=at, limit=skip + 3)
        for span in nearest[skip:]:
            body = self._sound(stream, span)
            if body is not None:
                return Restored(span, body)
        return None

    def _sound(self, stream: str, span: Span) -> Body | None:
        """The body of a state that belongs to the event at its number, as it was written."""
        found = self._log.state_at(stream, REDUCER, span.number)
        rows = self._log.of_numbers([span.number])
        if found is None or not rows or (rows[0].stream, rows[0].version) != (stream, span.version):
            return None
        proof, state = found
        if proof != _proof(stream, span, rows[0].hash.hex(), state):
            return None
        return _unpack(state)

    def account(self, name: str, upto: int, as_of: datetime | None = None) -> Account:
        """An account as it was saved last before a moment in each of the two times."""
        found = self.find(name, upto, as_of)
        if found is None:
            return Account(name, as_of=as_of)
        saved, positions = found.body
        facts = {fact.number: fact for fact in self.load(sorted(set(saved.numbers())))}
        account = restore_account(name, saved, facts, self.load)
        for packed in positions:
            key = _key(packed)
            position = found.position(key, account.policy, self)
            if position is not None:
                account.positions[key] = position
        account.as_of = as_of
        return account

    def load(self, numbers: Sequence[int]) -> list[Recorded]:
        """Facts by their numbers."""
        return [recorded_from(row, self._codec) for row in self._log.of_numbers(numbers)]

    # -- what is left to read -----------------------------------------------------------

    def windows(
        self, stream: str, since: Place, upto: int, as_of: datetime | None
    ) -> Sequence[Window]:
        """The parts of a stream after a place that may hold facts which had happened by then.

        The last answers are kept: several positions ask the same, and history does not change.
        """
        if as_of is None:
            return [Window(since.number, since.version, upto, _BEYOND)]
        return self._windows(stream, since, upto, time_text(as_of))

    def _reaching(self, stream: str, since: Place, upto: int, at: str) -> tuple[Window, ...]:
        return tuple(self._parts(stream, since, upto, at))

    def _parts(self, stream: str, since: Place, upto: int, at: str) -> Iterator[Window]:
        number, version = since
        for span in self._log.spans(stream, REDUCER, gt=number):
            if span.number > upto:
                break
            if span.after_number > number or span.first_at <= at:
                yield Window(number, version, span.number, span.version)
            number, version = span.number, span.version
        if number < upto:
            yield Window(number, version, upto, _BEYOND)

    def in_windows(
        self, stream: str, windows: Iterable[Window], as_of: datetime
    ) -> Iterator[Recorded | Skimmed]:
        """The facts of these parts that happened by then, or say what holds at all times."""
        at = time_text(as_of)
        for window in windows:
            asked = {"gt": window.gt_version, "lte": window.lte_version}
            for row in self._log.in_span(stream, **asked, at=at, topics=_TOPICS):
                if row.number <= window.lte_number:
                    yield skimmed_from(row, self._codec)


def _proof(stream: str, span: Span, event_hash: str, state: bytes) -> bytes:
    """What ties a state to the event it ends with, and to itself."""
    told = "\n".join((REDUCER, stream, event_hash, *map(str, span)))
    return sha256(told.encode("utf-8", "surrogateescape") + state).digest()


__all__ = ["EVERY", "REDUCER", "Checkpoints", "Restored", "Window"]
