"""The event store over any log: one set of rules for every kind of database."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from types import TracebackType
from typing import Final, Self

from ledger.clock import Clock
from ledger.domain.events import Fact, Recorded
from ledger.domain.gates import require_time
from ledger.errors import CorruptEventError, StoreError
from ledger.store.batch import Batch, recorded_from, require_fresh, require_no_conflict
from ledger.store.chain import ChainCheck
from ledger.store.codec import CODEC, Codec
from ledger.store.log import Log
from ledger.store.port import Digest, Finding, Outcome, Revise, Verification, heads_of
from ledger.store.recorders import ChainedProcessRecorder, writing
from ledger.store.refs import KINDS, catch_up
from ledger.store.rows import Row, time_text

PAGE: Final = 1000
MAX_FINDINGS: Final = 100


class LogStore:
    """An :class:`~ledger.store.port.EventStore`; see there for what each method promises."""

    def __init__(self, log: Log, clock: Clock, codec: Codec = CODEC) -> None:
        self.log = log
        self.recorder = ChainedProcessRecorder(log)
        self._clock = clock
        self._codec = codec

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
        expected = expected or {}
        streams = {fact.stream for fact in facts}.union(expected)
        keys = [fact.key for fact in facts]
        with writing(self.log, keep=not dry_run, streams=streams, keys=keys) as writer:
            before = {stream: writer.tip.head(stream)[0] for stream in expected}
            is_read = revise is not None
            batch = Batch(self.log, writer, self._codec, self._clock, is_read=is_read)
            outcomes = batch.record(facts)
            require_fresh(expected, before, outcomes)
            if all_or_nothing:
                require_no_conflict(outcomes)
            if revise is not None:
                batch.revise(facts, outcomes, revise)
        return outcomes

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Nobody else appends inside; what is appended is kept when it ends."""
        with self.log.writing():
            yield
        self.log.ring()

    def read(self, stream: str, *, after: int = 0, upto: int | None = None) -> Iterator[Recorded]:
        """A stream's events in order: versions above ``after``, numbers up to ``upto``."""
        while True:
            rows = self.log.of_stream(stream, gt=after, lte=None, desc=False, limit=PAGE)
            for row in rows:
                if upto is not None and row.number > upto:
                    return
                yield recorded_from(row, self._codec)
            if len(rows) < PAGE:
                return
            after = rows[-1].version

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
        self, stream: str, kind: str, id: str, *, upto: int | None = None
    ) -> Iterator[Recorded]:
        """The stream's events about one ``order``, ``instrument`` or ``exec``, by number."""
        if kind not in KINDS:
            raise StoreError(f"refs of kind {kind!r} are not kept; ask for one of {KINDS}")
        catch_up(self.log, self._codec)
        return self._refs(stream, kind, id, upto)

    def _refs(self, stream: str, kind: str, id: str, upto: int | None) -> Iterator[Recorded]:
        after = 0
        while True:
            rows = self.log.of_ref(stream, kind, id, gt=after, lte=upto, limit=PAGE)
            for row in rows:
                yield recorded_from(row, self._codec)
            if len(rows) < PAGE:
                return
            after = rows[-1].number

    def rebuild_refs(self) -> None:
        """Drop the index of references and make it anew."""
        with self.log.writing():
            self.log.clear_refs()
        catch_up(self.log, self._codec)

    def verify(self, against: Digest | None = None) -> Verification:
        """Read everything and check the chain; at most 100 findings, the earliest first."""
        check, events, findings = ChainCheck(against), 0, list[Finding]()
        for row in self._audit(findings):
            events += 1
            finding = check.step(row)
            if finding is not None and len(findings) < MAX_FINDINGS:
                findings.append(finding)
        findings.extend(check.rest())
        findings.extend(self.log.faults())
        return Verification(events, tuple(findings))

    def _audit(self, findings: list[Finding]) -> Iterator[Row]:
        """Every row that can be read; the first that cannot is a finding and the end."""
        number, limit = 0, PAGE
        while True:
            try:
                rows = self.log.audit_page(gt=number, limit=limit)
            except CorruptEventError as error:
                if limit == 1:
                    findings.append(Finding(number + 1, "", str(error)))
                    return
                limit = 1  # somewhere in this page: go on one by one
                continue
            yield from rows
            if len(rows) < limit:
                return
            number = rows[-1].number

    def digest(self) -> Digest:
        """The present heads of all streams."""
        with self.log.reading():
            heads = {stream: self.log.head_of(stream) for stream in self.log.streams()}
            return Digest(self.log.head(), heads_of(heads))

    def close(self) -> None:
        """Give back what is held; every later call raises ``StoreClosedError``."""
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
