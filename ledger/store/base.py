"""The event store over any log: one set of rules for every kind of database."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from datetime import datetime
from types import TracebackType
from typing import Final, Self

from eventsourcing.persistence import IntegrityError

from ledger.clock import Clock
from ledger.domain.events import Fact, Recorded
from ledger.domain.gates import require_time
from ledger.domain.skimmed import Skimmed
from ledger.errors import (
    StoreBusyError,
    StoreError,
    StoreFullError,
    StoreSettingsError,
)
from ledger.store.batch import Batch
from ledger.store.checkpoints import Checkpoints
from ledger.store.codec import CODEC, Codec
from ledger.store.group import Request, gathered
from ledger.store.group_line import Line
from ledger.store.log import Log
from ledger.store.port import Outcome, Revise
from ledger.store.recorders import ChainedProcessRecorder, transaction, writing
from ledger.store.records import recorded_from, skimmed_from
from ledger.store.refs import KINDS, catch_up, index_id, is_about
from ledger.store.rows import Row, time_text
from ledger.store.verified import VerifiedStore

PAGE: Final = 1000
FIRST_PAGE: Final = 125


class LogStore(VerifiedStore):
    """An :class:`~ledger.store.port.EventStore`; see there for what each method promises."""

    def __init__(self, log: Log, clock: Clock, codec: Codec = CODEC) -> None:
        self.log = log
        self.checkpoints = Checkpoints(log, codec)
        self.recorder = ChainedProcessRecorder(log)
        self.line: Line[Request] = Line()
        self.between_pages: Callable[[], None] = _nothing
        self._clock = clock
        self._codec = codec
        self._indexed = 0

    def append(
        self,
        facts: Sequence[Fact],
        *,
        expected: Mapping[str, int] | None = None,
        revise: Revise | None = None,
        all_or_nothing: bool = False,
        dry_run: bool = False,
    ) -> list[Outcome]:
        """Record facts in one transaction; one outcome for each, in order."""
        request = Request(facts, expected, revise, all_or_nothing=all_or_nothing, dry_run=dry_run)
        if self.line.is_mine:
            self._write([request])
        elif self.line.enter(request):
            self._write_group(gathered(self.line, request))
        return request.result()

    def _write_group(self, group: list[Request]) -> None:
        """Write for all of them, and hand the turn on, whatever happens."""
        others = group[1:]
        try:
            self._write(group)
        except (StoreError, IntegrityError) as error:
            for request in others:
                request.fail(error)
            raise
        finally:
            self.line.leave(others)

    def _write(self, group: Sequence[Request]) -> None:
        """One transaction."""
        first, *others = group
        streams, keys = first.streams, first.keys
        if others:
            streams = streams.union(*(request.streams for request in others))
            keys = [key for request in group for key in request.keys]
        with writing(self.log, keep=not first.dry_run, streams=streams, keys=keys) as writer:
            batch = Batch(self.log, writer, self._codec, self._clock)
            batch.look_up(keys)
            batch.feeds = not others and (first.revise is None or batch.are_new(keys))
            if not others:
                first.decide(batch)
            for request in group if others else ():
                request.decide_with_others(batch)
        for request in group:
            request.keep()

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Nobody else appends inside; what is appended is kept when it ends."""
        with self.turn(), transaction(self.log):
            yield
        self.log.ring()

    def turn(self) -> AbstractContextManager[None]:
        """The writer's turn among the threads of this process, unless this one has it already."""
        return nullcontext() if self.line.is_mine else self.line.turn(Request(is_alone=True))

    def read(self, stream: str, *, after: int = 0, upto: int | None = None) -> Iterator[Recorded]:
        """A stream's events in order: versions above ``after``, numbers up to ``upto``."""
        for rows in self._pages(stream, after, upto):
            for row in rows:
                yield recorded_from(row, self._codec)

    def skim(
        self, stream: str, *, after: int = 0, upto: int | None = None
    ) -> Iterator[Recorded | Skimmed]:
        """The same, facts about orders only skimmed: to be folded, not to be shown."""
        for rows in self._pages(stream, after, upto):
            for row in rows:
                yield skimmed_from(row, self._codec)

    def _pages(self, stream: str, after: int, upto: int | None) -> Iterator[list[Row]]:
        """A stream's rows in order, a page at a time, so that no reader holds up a writer. The
        first pages are small: who asks for a part of a stream may want no more."""
        size = min(FIRST_PAGE, PAGE)
        while True:
            rows = self.log.of_stream(stream, gt=after, lte=None, desc=False, limit=size)
            last = rows[-1] if rows else None
            if last is not None and upto is not None and last.number > upto:
                yield [row for row in rows if row.number <= upto]
                return
            yield rows
            if last is None or len(rows) < size:
                return
            after, size = last.version, min(2 * size, PAGE)
            self.between_pages()

    def read_all(self, *, after: int = 0, upto: int | None = None) -> Iterator[Recorded]:
        """The whole log in order: numbers above ``after``, up to ``upto``."""
        for row in self.rows(after=after, upto=upto):
            yield recorded_from(row, self._codec)

    def rows(self, *, after: int = 0, upto: int | None = None) -> Iterator[Row]:
        """The log as it is stored, read in pages, so that no reader holds up a writer."""
        while True:
            rows = self.log.of_log(gt=after, lte=upto, limit=PAGE)
            yield from rows
            if len(rows) < PAGE:
                return
            after = rows[-1].number
            self.between_pages()

    def by_key(self, keys: Sequence[str]) -> dict[str, Recorded]:
        """The recorded facts under these keys; a key that is not known is absent."""
        rows = self.log.by_key(keys)
        return {key: recorded_from(row, self._codec) for key, row in rows.items()}

    def head(self) -> int:
        """The last number; 0 in an empty store."""
        return self.log.head()

    def version(self, stream: str) -> int:
        """The stream's last version; 0 if it has none."""
        return self.log.head_of(stream).version

    def streams(self) -> list[str]:
        """The names of all streams, sorted."""
        return self.log.streams()

    def number_at(self, known_at: datetime) -> int:
        """The last number that was recorded at or before a moment; 0 if none was."""
        moment = time_text(require_time("known_at", known_at))
        low, high = 0, self.log.head()
        while low < high:
            middle = (low + high + 1) // 2
            number, recorded_at = self.log.recorded_before(middle)
            low, high = (low, number - 1) if recorded_at > moment else (middle, high)
        return self.log.recorded_before(low)[0]

    def refs(
        self,
        stream: str,
        kind: str,
        id: str,
        *,
        after: int = 0,
        upto: int | None = None,
        but: Collection[str] = (),
    ) -> Iterator[Recorded]:
        """The stream's events about one ``order``, ``instrument`` or ``exec``, by number, ``but``
        for some topics."""
        if kind not in KINDS:
            raise StoreError(f"refs of kind {kind!r} are not kept; ask for one of {KINDS}")
        if upto is None or upto > self._indexed:
            end = self.log.head()
            upto = end if upto is None else min(upto, end)
            self._index(end)
        return self._refs(stream, (kind, id), after, upto, but)

    def _index(self, end: int) -> None:
        """Extend the index of references, if nobody has to be waited for: it can be done
        without."""
        with suppress(StoreBusyError, StoreFullError, StoreSettingsError):
            catch_up(self.log, self._codec, end, waits=False)
            self._indexed = end

    def _refs(
        self, stream: str, about: tuple[str, str], after: int, upto: int, but: Collection[str]
    ) -> Iterator[Recorded]:
        while after < upto:
            rows, after = self._page_of_refs(stream, about, after, upto)
            for row in rows:
                if row.stream == stream and row.key is not None and row.topic not in but:
                    recorded = recorded_from(row, self._codec)
                    if is_about(recorded.event, stream, *about):
                        yield recorded
            self.between_pages()

    def _page_of_refs(
        self, stream: str, about: tuple[str, str], after: int, upto: int
    ) -> tuple[list[Row], int]:
        """Some rows, and the number up to which they are all: from the index, and beyond it from
        the log, where not all of them are about it."""
        kind, id = about
        known, rows = self.log.of_ref(stream, kind, index_id(id), gt=after, lte=upto, limit=PAGE)
        if known <= after:
            self._indexed = 0
            rows, known = self.log.of_log(gt=after, lte=upto, limit=PAGE), upto
        return rows, rows[-1].number if len(rows) == PAGE else min(known, upto)

    def rebuild_refs(self) -> None:
        """Drop the index of references and make it anew."""
        with self.log.writing():
            self.log.clear_refs()
        catch_up(self.log, self._codec, self.log.head())

    def close(self) -> None:
        """Give back what is held; every later call raises ``StoreClosedError``, and so does what
        still waits for its turn."""
        self.line.close()
        self.log.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _nothing() -> None:
    """Between two pages of a long reading: by default nobody is let in."""
