"""The recorders of ``eventsourcing`` over a chained log, and the one way in.

Whatever is written, by :meth:`EventStore.append` or through these contracts, is sealed by the
same :class:`Writer`. Events of other programs have no key and no times; their originator ids
are kept as text, UUIDs as ``urn:uuid:`` names, and come back as what they were.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from threading import Event
from typing import Any, Final
from uuid import UUID

from eventsourcing.persistence import (
    AggregateRecorder,
    ApplicationRecorder,
    IntegrityError,
    Notification,
    ProcessRecorder,
    StoredEvent,
    Subscription,
    Tracking,
    TrackingRecorder,
)

from ledger.errors import StoreError
from ledger.store.chain import Tip
from ledger.store.log import Log
from ledger.store.rows import Columns, Row, time_from

_URN: Final = "urn:uuid:"
_PAGE: Final = 500
_POLLS_A_SECOND: Final = 20


class Writer:
    """One transaction of the one writer: what is sealed in it is written when it ends."""

    def __init__(self, log: Log, *, keep: bool = True) -> None:
        self._log = log
        self._keep = keep
        self.has_written = False
        self.tip = _tip(log)
        self.rows: list[Columns] = []

    def feed(self) -> None:
        """Hand on what is sealed so far, and keep it no longer; a later failure still undoes it."""
        if not self._keep:
            self.rows.clear()
        elif self._log.feed(self.rows):
            self.rows.clear()
            self.has_written = True

    def end(self) -> None:
        """Write what is not written yet."""
        self.has_written = True
        self._log.add(self.rows)

    def put(self, events: Sequence[StoredEvent]) -> list[int]:
        """Seal the events of another program; the numbers they got."""
        rows = [
            self.tip.seal(_stream(e.originator_id), e.originator_version, e.topic, e.state)
            for e in events
        ]
        self.rows.extend(rows)
        return [row[0] for row in rows]


def _tip(log: Log) -> Tip:
    """The end of the log; that of the last append, which knows its streams, if it still is."""
    number, last = log.end()
    recorded_at = time_from(last) if last else None
    tip, log.tip = log.tip, None
    if tip is not None and tip.is_at(number, recorded_at):
        return tip
    return Tip(number, recorded_at, log.head_of)


@contextmanager
def transaction(log: Log) -> Iterator[None]:
    """Several appends in one: it is undone if one of them ended half-way, even if somebody caught
    that error."""
    with log.writing():
        if not log.depth:
            log.is_broken = False
        log.depth += 1
        try:
            yield
            _require_whole(log)
        finally:
            log.depth -= 1
            log.tip = None


def _require_whole(log: Log) -> None:
    if log.is_broken:
        raise StoreError(
            "an append inside this one failed half-way, so nothing of both is kept; let its error "
            "end the whole, and do it again"
        )


@contextmanager
def writing(
    log: Log, *, keep: bool = True, streams: Collection[str] = (), keys: Collection[str] = ()
) -> Iterator[Writer]:
    """Hold the writer's lock; write at the end what was put, unless it is not to be kept.

    ``streams`` and ``keys`` are those that will be asked for, as far as they are known.
    """
    with log.writing_for(streams, keys):
        if log.is_appending:
            raise StoreError("an append is going on; return facts from revise, do not append there")
        if log.depth:
            _require_whole(log)
        log.is_appending, is_ended = True, False
        writer = None
        try:
            if keys:
                log.expect(streams, keys)
            writer = Writer(log, keep=keep)
            yield writer
            if keep:
                writer.end()
            is_ended = True
        finally:
            log.is_appending = False
            log.is_broken = not is_ended and writer is not None and writer.has_written
    if keep:
        log.tip = writer.tip
        log.ring()


class ChainedAggregateRecorder(AggregateRecorder):
    """Inserts and selects the events of one aggregate."""

    def __init__(self, log: Log) -> None:
        self.log = log

    def insert_events(
        self, stored_events: Sequence[StoredEvent], **kwargs: Any
    ) -> Sequence[int] | None:
        """Write all or none; ``IntegrityError`` if a stream is already past a version."""
        self._insert(stored_events, **kwargs)
        return None

    def _insert(
        self, stored_events: Sequence[StoredEvent], tracking: Tracking | None = None, **_: Any
    ) -> list[int]:
        with writing(self.log) as writer:
            numbers = writer.put(stored_events)
            if tracking is not None:
                _track(self.log, tracking)
        return numbers

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        """A stream's events by version."""
        stream = _stream(originator_id)
        rows = self.log.of_stream(stream, gt=gt, lte=lte, desc=desc, limit=limit)
        return [StoredEvent(originator_id, row.version, row.topic, row.state) for row in rows]


class ChainedApplicationRecorder(ChainedAggregateRecorder, ApplicationRecorder):
    """Adds the order of the whole log: a notification's id is the event's number."""

    def insert_events(
        self, stored_events: Sequence[StoredEvent], **kwargs: Any
    ) -> Sequence[int] | None:
        """Write all or none; the numbers they got."""
        return self._insert(stored_events, **kwargs)

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        """Events by number, from ``start`` to ``stop``."""
        gt = (start or 0) - (start is not None and inclusive_of_start)
        rows = self.log.of_log(gt=gt, lte=stop, limit=limit, topics=topics)
        return [_notification(row) for row in rows]

    def max_notification_id(self) -> int | None:
        """The last number, or None in an empty log."""
        return self.log.head() or None

    def subscribe(
        self, gt: int | None = None, topics: Sequence[str] = ()
    ) -> Subscription[ApplicationRecorder]:
        """All events above a number, now and as they come."""
        return PullSubscription(self, gt, topics)


class ChainedTrackingRecorder(TrackingRecorder):
    """Keeps how far named readers have come."""

    def __init__(self, log: Log) -> None:
        self.log = log

    def insert_tracking(self, tracking: Tracking) -> None:
        """Move a reader forward; ``IntegrityError`` if it was there already."""
        with self.log.writing():
            _track(self.log, tracking)

    def max_tracking_id(self, application_name: str) -> int | None:
        """How far a reader has come; None if it has not begun."""
        return self.log.tracked(application_name)


class ChainedProcessRecorder(ChainedTrackingRecorder, ChainedApplicationRecorder, ProcessRecorder):
    """Events and a reader's progress in one transaction."""


class PullSubscription(Subscription[ApplicationRecorder]):
    """Pulls from a number. What this process writes rings a bell; others' writes are polled for.

    Nothing can be skipped, since numbers are given in the order of commits.
    """

    def __init__(
        self, recorder: ChainedApplicationRecorder, gt: int | None, topics: Sequence[str]
    ) -> None:
        super().__init__(recorder, gt, topics)
        self._log = recorder.log
        self._bell = Event()
        self._page: Iterator[Notification] = iter(())
        self._log.listen(self._bell)

    def stop(self) -> None:
        """End the iteration, also one that is waiting."""
        super().stop()
        self._log.unlisten(self._bell)
        self._bell.set()

    def __next__(self) -> Notification:
        """The next event; waits for one."""
        while not self._has_been_stopped:
            for notification in self._page:
                return notification
            if not self._pull():
                self._bell.wait(1 / _POLLS_A_SECOND)
        raise StopIteration

    def _pull(self) -> bool:
        """Fetch the next page; whether there was anything in it."""
        self._bell.clear()
        if self._has_been_stopped:
            return True
        top, after = self._log.head(), self._last_notification_id or 0
        page = self._recorder.select_notifications(
            after, _PAGE, topics=self._topics, inclusive_of_start=False
        )
        self._page = iter(page)
        end = page[-1].id if page else after
        self._last_notification_id = end if len(page) == _PAGE else max(top, end)
        return bool(page)


def _stream(originator_id: UUID | str) -> str:
    return originator_id if isinstance(originator_id, str) else originator_id.urn


def _originator_id(stream: str) -> UUID | str:
    return UUID(stream) if stream.startswith(_URN) else stream


def _notification(row: Row) -> Notification:
    return Notification(
        id=row.number,
        originator_id=_originator_id(row.stream),
        originator_version=row.version,
        topic=row.topic,
        state=row.state,
    )


def _track(log: Log, tracking: Tracking) -> None:
    name, number = tracking.application_name, tracking.notification_id
    reached = log.tracked(name)
    if reached is not None and reached >= number:
        raise IntegrityError(f"{name} has come to {reached} already, and cannot go to {number}")
    log.track(name, number)


__all__ = [
    "ChainedAggregateRecorder", "ChainedApplicationRecorder", "ChainedProcessRecorder",
    "ChainedTrackingRecorder", "PullSubscription", "Writer", "transaction", "writing",
]  # fmt: skip
