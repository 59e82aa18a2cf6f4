"""Trades: which executions of both sides are the same, and the breaks of the rest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import attrs

from adapters.reconcile.books import BookedExecutions
from adapters.reconcile.breaks import Break
from adapters.reconcile.differing import differences, fee_differences, nearly_the_same
from adapters.reconcile.executions import Execution, execution_of
from adapters.reconcile.index import Index
from adapters.reconcile.kinds import Cause, Kind
from adapters.reconcile.later import Later
from adapters.reconcile.looks import (
    by_look,
    cause_of,
    charged,
    evidence_of,
    is_same_id,
    is_weak,
    likeness,
    look_of,
    named,
    place_of,
    told_of,
)
from adapters.reconcile.pairing import Match, Pairing, Pass
from adapters.reconcile.told import Amendment, Told
from adapters.reconcile.trade_breaks import Definitions, TradeBreaks, unknown
from ledger.domain.canonical import amended
from ledger.domain.events import FillCorrected
from ledger.domain.events import differences as content_differences
from ledger.store.port import EventStore

MARGIN: Final = timedelta(days=1)
"""So far beyond the report's times the books are looked at, since clocks and days differ."""

EDGE: Final = timedelta(hours=1)
"""What happened so shortly before the report's end may be in the next one."""

Sink = Callable[[Match], None]


@attrs.frozen(kw_only=True)
class Span:
    """The half-open times that a report covers."""

    since: datetime | None = None
    until: datetime | None = None

    def holds(self, at: datetime) -> bool:
        """Whether a time is among them."""
        is_late = self.since is not None and at < self.since
        return not is_late and (self.until is None or at < self.until)

    def ends_after(self, at: datetime) -> bool:
        """Whether a time is in the last hour of it."""
        return self.until is not None and self.until - EDGE <= at


@attrs.frozen(kw_only=True)
class Trades:
    """What came of it: breaks, and how many were matched by which pass."""

    breaks: tuple[Break, ...]
    matched: dict[Pass, int]


def compare_trades(
    books: BookedExecutions,
    told: Told,
    span: Span,
    store: EventStore,
    *,
    sink: Sink | None = None,
    instrument: Definitions = unknown,
    ends: datetime | None = None,
) -> Trades:
    """Match both sides, and make a break of all that is on one side alone or told otherwise.
    ``sink`` is given every match, those by key in the order of the report; ``instrument`` is asked
    what a price is of, without which its difference is no money; ``ends`` is when the report ends,
    if it says so: what the venue has amended since, it cannot tell."""
    later = Later(store, books.account, books.number, ends)
    return _Comparison(books, told, span, store, sink, instrument, later).run()


class _Comparison:
    """One report's executions beside the books'."""

    def __init__(
        self,
        books: BookedExecutions,
        told: Told,
        span: Span,
        store: EventStore,
        sink: Sink | None,
        instrument: Definitions,
        later: Later,
    ) -> None:
        self._books, self._told, self._span = books, told, span
        self._store, self._sink = store, sink
        self._matched: Counter[Pass] = Counter()
        self._breaks = TradeBreaks(books.account, instrument)
        self._add = self._breaks.add
        self._later = later

    def run(self) -> Trades:
        here, there = self._by_key()
        here, there = self._reversed(here, there)
        pairing = Pairing(here, there)
        pairing.run()
        for match in pairing.matches:
            self._count(match)
            self._of_match(match)
        pairs, here, there = nearly_the_same(pairing.here, pairing.there)
        for ours, theirs in pairs:
            self._differ(ours, theirs, match_pass=None)
        self._missing_there([one for one in here if self._span.holds(one.moment)])
        self._missing_here(there)
        self._again()
        self._unbooked()
        return Trades(
            breaks=tuple(self._breaks.found),
            matched={by: n for by, n in sorted(self._matched.items()) if n},
        )

    # -- pass one -----------------------------------------------------------------------

    def _by_key(self) -> tuple[list[Execution], list[Execution]]:
        """What is left on either side when the same keys have found each other."""
        since = None if self._span.since is None else self._span.since - MARGIN
        until = None if self._span.until is None else self._span.until + MARGIN
        index = Index(self._books.standing(since, until), with_fees=self._told.tells_fees)
        left: list[Execution] = []
        other: list[tuple[int, Execution]] = []
        for one in self._told.standing():
            place = index.match(one)
            if place is None:
                left.append(one)
            elif place < 0:
                other.append((-place, one))
            else:
                self._matched[Pass.KEY] += 1
                if self._sink is not None:  # else there is no need to make a million of them
                    self._sink(Match(Pass.KEY, (named(one, place),), (one,)))
        self._told_otherwise(other)
        left = self._outside(left)
        return list(self._books.those(index.unmatched())), left

    def _told_otherwise(self, other: Sequence[tuple[int, Execution]]) -> None:
        held = {(int(one.where), one.key): one for one in self._books.those({n for n, _ in other})}
        for place, theirs in other:
            ours = held[place, theirs.key]
            self._count(Match(Pass.KEY, (ours,), (theirs,)))
            self._differ(ours, theirs, match_pass=Pass.KEY)

    def _outside(self, left: list[Execution]) -> list[Execution]:
        """What has its key among the books' other times: told of another day than it is booked."""
        held = {one.key: one for one in self._books.keyed(one.key for one in left)}
        for one in left:
            if one.key in held:
                self._count(Match(Pass.KEY, (held[one.key],), (one,)))
                self._differ(held[one.key], one, match_pass=Pass.KEY)
        return [one for one in left if one.key not in held]

    def _count(self, match: Match) -> None:
        self._matched[match.by] += 1
        if self._sink is not None:
            self._sink(match)

    # -- reversals ----------------------------------------------------------------------

    def _reversed(
        self, here: list[Execution], there: list[Execution]
    ) -> tuple[list[Execution], list[Execution]]:
        """Take out what one side has undone and the other has not."""
        gone = self._told.reversed
        for one in [*here, *self._books.keyed(gone.keys() - {one.key for one in here})]:
            if one.key in gone:
                row = gone[one.key].row
                self._add(Kind.BUSTED_NOT_REVERSED, one.key, one, None,
                          broker_value=f"undone by {row}", cause=Cause.CORRECTION,
                          evidence=(place_of(one), f"broker: {row}"))  # fmt: skip
        undone = self._books.busted({*gone, *(one.key for one in there)})
        self._matched[Pass.REVERSAL] += len(gone.keys() & undone)
        for one in there:
            then = self._later.at_end(one.key) if one.key in undone else None
            if then is not None:
                self._count(Match(Pass.KEY, (then,), (one,)))
                self._differ(then, one, match_pass=Pass.KEY)
            elif one.key in undone:
                self._add(Kind.REVERSED_ONLY_HERE, one.key, None, one,
                          ledger_value="undone", cause=Cause.CORRECTION)  # fmt: skip
        left = [one for one in there if one.key not in undone]
        undone_or_amended = gone.keys() | {one.key for one in self._told.amended}
        return [one for one in here if one.key not in undone_or_amended], left

    def _unbooked(self) -> None:
        """Corrections of earlier fills that the books have not taken in, and reversals of what
        nobody knows."""
        held = {one.key: one for one in self._books.keyed(one.key for one in self._told.amended)}
        facts = self._store.by_key(sorted(held))
        last: dict[str, tuple[Any, Amendment]] = {}
        for one in self._told.amended:
            if one.key in held:
                fill: Any = last[one.key][0] if one.key in last else facts[one.key].event
                last[one.key] = amended(fill, one.event), one
        for key, (fill, one) in last.items():
            if self._is_booked(one.event):
                continue
            new = execution_of(fill, (), key, facts[key].occurred_at, one.record.row)
            if (new.qty, new.px, new.side) != (held[key].qty, held[key].px, held[key].side):
                self._add(Kind.CORRECTION_NOT_BOOKED, key, held[key], new, cause=Cause.CORRECTION)
        for record in self._told.unlinked:
            self._breaks.add_unlinked(record)

    def _is_booked(self, correction: FillCorrected) -> bool:
        """Whether the books have this correction, and perhaps a later one besides."""
        own = correction.identity().key(self._books.account)
        known = self._store.by_key([own]).get(own)
        if known is None or known.number > self._books.number:
            return False
        return not content_differences(correction, known.event)

    # -- matches ------------------------------------------------------------------------

    def _of_match(self, match: Match) -> None:
        """What a match by another pass than the key's says besides."""
        if match.by is Pass.SUMS:
            self._of_sum(match)
            return
        ours, theirs = match.here[0], match.there[0]
        if not (is_weak(ours) or is_weak(theirs)):
            # Ids that are the same are of different days or sessions, which the keys tell.
            is_same = ours.exec_id == theirs.exec_id
            ids = (ours.key, theirs.key) if is_same else (ours.exec_id, theirs.exec_id)
            self._add(Kind.RENUMBERED, theirs.key, ours, theirs, ledger_value=ids[0],
                      broker_value=ids[1], match_pass=match.by)  # fmt: skip
        self._differ(ours, theirs, match_pass=match.by)

    def _of_sum(self, match: Match) -> None:
        """One row for several, and charges that do not add up to the same."""
        ours, theirs = match.here[0], match.there[0]
        is_one_here = len(match.here) == 1
        whole = ours if is_one_here else theirs
        self._add(Kind.AGGREGATED, whole.key, ours, theirs, ledger_value=told_of(match.here),
                  broker_value=told_of(match.there), match_pass=match.by)  # fmt: skip
        ours = ours._replace(fees=charged(match.here))
        theirs = theirs._replace(fees=charged(match.there))
        for one in fee_differences(ours, theirs, with_fees=self._told.tells_fees):
            # A part's own charge is not what the whole is charged: only the whole is named.
            evidence = evidence_of(ours if is_one_here else None, None if is_one_here else theirs)
            self._add(one.kind, whole.key, ours, theirs, ledger_value=one.ledger_value,
                      broker_value=one.broker_value, evidence=evidence, cause=cause_of(one),
                      match_pass=match.by)  # fmt: skip

    def _differ(self, ours: Execution, theirs: Execution, *, match_pass: Pass | None) -> None:
        found = list(differences(ours, theirs, with_fees=self._told.tells_fees))
        then = self._later.at_end(ours.key) if found else None
        if then is not None:
            before = list(differences(then, theirs, with_fees=self._told.tells_fees))
            if len(before) <= len(found):  # else the report was told anew, and knows of it
                ours, found = then, before
        corrected = {Kind.QUANTITY, Kind.PRICE, Kind.SIDE}
        if theirs.key in self._told.corrected and any(one.kind in corrected for one in found):
            self._add(Kind.CORRECTION_NOT_BOOKED, ours.key, ours, theirs, cause=Cause.CORRECTION,
                      match_pass=match_pass)  # fmt: skip
            found = [one for one in found if one.kind not in corrected]
        for one in found:
            self._add(one.kind, ours.key, ours, theirs, ledger_value=one.ledger_value,
                      broker_value=one.broker_value, cause=cause_of(one),
                      match_pass=match_pass)  # fmt: skip

    # -- on one side alone --------------------------------------------------------------

    def _missing_there(self, left: list[Execution]) -> None:
        twins = by_look(self._books.at_times((one.instrument_id, one.at) for one in left))
        alone = {one.key for one in left}
        for one in left:
            alike = [twin for twin in twins[look_of(one)] if twin.key not in alone]
            kind = Kind.MISSING_AT_BROKER
            if any(is_same_id(one, twin) for twin in alike):
                kind = Kind.DUPLICATE_IN_LEDGER
            self._add(kind, one.key, one, None, cause=self._cause(one, alike, Cause.UNKNOWN),
                      note=likeness(alike))  # fmt: skip

    def _missing_here(self, left: list[Execution]) -> None:
        if not left:
            return  # else the whole report would be read once more for nothing
        looks = {look_of(one) for one in left}
        twins = by_look(one for one in self._told.standing() if look_of(one) in looks)
        alone, elsewhere = {one.key for one in left}, self._elsewhere(left)
        for one in left:
            alike = [twin for twin in twins[look_of(one)] if twin.key not in alone]
            kind, cause = Kind.MISSING_IN_LEDGER, self._cause(one, alike, Cause.MISSING_FEED)
            note = likeness(alike)
            if one.key in elsewhere:
                kind, cause, note = Kind.ACCOUNT, Cause.OTHER_ACCOUNT, elsewhere[one.key]
            elif any(is_same_id(one, twin) for twin in alike):
                kind = Kind.DUPLICATE_AT_BROKER
            elif self._span.since is not None and one.moment < self._span.since:
                kind, cause = Kind.LATE_REPORTED, Cause.TIMING
            self._add(kind, one.key, None, one, cause=cause, note=note)

    def _again(self) -> None:
        for one in self._told.twice:
            self._add(Kind.DUPLICATE_AT_BROKER, f"{one.key} {one.where}", None, one,
                      ledger_value="once", cause=Cause.DUPLICATE)  # fmt: skip

    def _elsewhere(self, left: Sequence[Execution]) -> dict[str, str]:
        """What is booked in another account under the same id, and in which."""
        own = self._books.account
        found: dict[str, str] = {}
        for other in self._store.streams():
            if other != own:
                keys = {other + one.key.removeprefix(own): one.key for one in left}
                for key in self._store.by_key(sorted(keys)):
                    found.setdefault(keys[key], f"booked in account {other}")
        return found

    def _cause(self, one: Execution, alike: Sequence[Execution], otherwise: Cause) -> Cause:
        if alike:
            return Cause.DUPLICATE
        return Cause.TIMING if self._span.ends_after(one.moment) else otherwise
