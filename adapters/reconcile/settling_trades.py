"""Settled trades: whether a break of an execution is gone, by the books or by the report."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import Final

from adapters.reconcile.books import BookedExecutions
from adapters.reconcile.executions import Execution, fee_sums, fees_text
from adapters.reconcile.kinds import Kind
from adapters.reconcile.known import KnownBreak, keys_in
from adapters.reconcile.looks import value_of
from adapters.reconcile.outcome import Outcome
from adapters.reconcile.told import Telling, Told
from adapters.reconcile.trades import Span
from ledger.domain.events import FeeCharged, FillBusted, FillCorrected
from projections.reports import Reports

_FEES: Final = {Kind.FEE, Kind.FEE_CURRENCY}
_FIELDS: Final = {
    Kind.QUANTITY: "qty",
    Kind.PRICE: "px",
    Kind.SIDE: "side",
    Kind.INSTRUMENT: "instrument_id",
    Kind.TRADE_DATE: "day",
    Kind.SETTLE_DATE: "settl_date",
    Kind.FEE: "fees",
    Kind.FEE_CURRENCY: "fees",
}
"""Kinds about one field of an execution."""

_CORRECTED: Final = {Kind.QUANTITY, Kind.PRICE, Kind.SIDE}
_NOT_BOOKED: Final = {
    Kind.MISSING_IN_LEDGER, Kind.LATE_REPORTED, Kind.ACCOUNT, Kind.REVERSED_ONLY_HERE,
}  # fmt: skip
_NOT_TOLD: Final = {Kind.MISSING_AT_BROKER, Kind.DUPLICATE_IN_LEDGER}
_ALONE: Final = {
    *_NOT_BOOKED, *_NOT_TOLD, Kind.DUPLICATE_AT_BROKER, Kind.BUSTED_NOT_REVERSED,
}  # fmt: skip
"""Kinds about an execution that stands on one side alone."""

SAYS_SO: Final = "the books now say what was reported"
_BOOKED: Final = "it is booked now"
_STANDS_NOT: Final = "it no longer stands in the books"
_UNDONE: Final = "the broker has undone it, too"
_TOLD: Final = "the report tells it, and it no longer differs"
_MATCHED: Final = "the report covers it, and it has found its match"
_SILENT: Final = "a report that covers it does not tell it any more"
_REST: Final = "the rest of the fee is reported now"


class SettledTrades:
    """The breaks of executions that a report does not show, beside it and beside the books."""

    def __init__(
        self, reports: Reports, outcome: Outcome, span: Span, gone: Sequence[KnownBreak]
    ) -> None:
        self._outcome, self._span, self._gone = outcome, span, gone
        self._store = reports.book.store
        wanted = {key for one in gone for key in one.keys if key}
        books = BookedExecutions(reports, outcome.account, outcome.known_at)
        self._booked = {one.key: one for one in books.keyed(wanted)}

    def how(self, known: KnownBreak) -> str:
        """How one knows that it is gone; empty when one does not."""
        return self._by_books(known) or self._by_report(known)

    # -- what the books say now ---------------------------------------------------------

    def _by_books(self, known: KnownBreak) -> str:
        """Whether the books settle it, whatever this report is about."""
        ours, kind = self._booked.get(known.reference), known.kind
        if kind is not None and kind in _FIELDS:
            # Ours may have been busted, and what the broker told been booked under its own id.
            stands = [self._booked[key] for key in known.keys if key in self._booked]
            found = [ours] if ours is not None else stands
            return next(filter(None, (self._field(known, one, kind) for one in found)), "")
        if kind is Kind.CORRECTION_NOT_BOOKED and ours is not None:
            return SAYS_SO if _what(value_of(ours)) == _what(known.broker_value) else ""
        if kind in _NOT_BOOKED and ours is not None:
            return _BOOKED
        if kind in _NOT_TOLD | {Kind.BUSTED_NOT_REVERSED} and ours is None and known.reference:
            return _STANDS_NOT
        return _BOOKED if kind is Kind.UNLINKED_REVERSAL and self._is_linked(known) else ""

    def _field(self, known: KnownBreak, ours: Execution, kind: Kind) -> str:
        name = _FIELDS[kind]
        says, said = str(getattr(ours, name)), known.broker_value
        if name == "fees":
            return SAYS_SO if (says or "none") == said else self._rest_of_fee(known, ours)
        return SAYS_SO if says == (said[:10] if name == "day" else said) else ""

    def _rest_of_fee(self, known: KnownBreak, ours: Execution) -> str:
        """A fee that the broker tells a day later, in a row of its own, of a fill that this report
        does not tell again."""
        rows = self._told_fees.get(known.reference)
        if not rows or known.reference in self._told_again:
            return ""
        said = "" if known.broker_value == "none" else known.broker_value
        both = fees_text([*fee_sums(said).items(), *rows])
        return _REST if both == ours.fees else ""

    def _is_linked(self, known: KnownBreak) -> bool:
        """Whether a reversal is recorded, and the fill it names."""
        fact = self._store.by_key([known.reference]).get(known.reference)
        if fact is None or not isinstance(fact.event, FillBusted | FillCorrected):
            return False
        named = fact.event.refers_to().key(self._outcome.account)
        return named in self._store.by_key([named])

    # -- what the report says -----------------------------------------------------------

    def _by_report(self, known: KnownBreak) -> str:
        """Whether the report is about the same execution again. One that is older than the last
        that showed the break says nothing about it."""
        if self._outcome.business_date < known.seen_on or self._is_elsewhere(known):
            return ""
        kind = known.kind
        if kind is Kind.REVERSED_ONLY_HERE and known.reference in self._told.reversed:
            return _UNDONE
        if any(self._says(known, one) for one in self._tellings(known)):
            return _TOLD
        if kind in _NOT_TOLD and self._covers(known):
            return _MATCHED
        is_theirs = kind in _NOT_BOOKED or kind is Kind.DUPLICATE_AT_BROKER
        return _SILENT if is_theirs and self._is_silent(known) else ""

    def _is_elsewhere(self, known: KnownBreak) -> bool:
        """Whether the run has another break that is about the same execution as a whole."""
        kinds = set(_ALONE)
        if known.kind in _ALONE:
            # It may have been paired meanwhile with one that is only nearly the same.
            kinds |= _FIELDS.keys() - _FEES
        if known.kind in _FIELDS:
            kinds.add(Kind.CORRECTION_NOT_BOOKED)
        if known.kind is Kind.CORRECTION_NOT_BOOKED:
            kinds |= _CORRECTED
        return any(kinds & self._about.get(key, set()) for key in known.keys)

    @cached_property
    def _about(self) -> dict[str, set[Kind]]:
        """What kinds of breaks the run has of executions, by what each is about: the reference is
        one of them, and has a row behind the key of what is told twice; the evidence has both."""
        found: dict[str, set[Kind]] = defaultdict(set)
        for one in self._outcome.breaks:
            for key in (one.reference, *keys_in(one.account, one.evidence)):
                found[key].add(one.kind)
        return found

    def _tellings(self, known: KnownBreak) -> list[Execution]:
        return [self._told_again[key] for key in known.keys if key in self._told_again]

    def _says(self, known: KnownBreak, told: Execution) -> bool:
        """Whether the report says of an execution what the break is about: a fee or a settlement
        date that is not told is not agreed with."""
        name = _FIELDS.get(known.kind) if known.kind else None
        if known.kind in _FEES:
            return self._told.tells_fees
        return name is None or bool(getattr(told, name))

    def _covers(self, known: KnownBreak) -> bool:
        """Whether the report says that it covers the time of the execution."""
        ours = self._booked.get(known.reference)
        at = _time_in(known.broker_value) if ours is None else ours.moment
        has_ends = self._span.since is not None and self._span.until is not None
        return has_ends and at is not None and self._span.holds(at)

    def _is_silent(self, known: KnownBreak) -> bool:
        """Whether the report covers the time, tells executions, and this one not."""
        return self._covers(known) and next(self._told.standing(), None) is not None

    @cached_property
    def _told(self) -> Told:
        return Telling(self._outcome.batch, self._store).told()

    @cached_property
    def _told_again(self) -> dict[str, Execution]:
        """What the report tells of the executions that the breaks are about, by key."""
        wanted = {key for one in self._gone for key in one.keys}
        return {one.key: one for one in self._told.standing() if one.key in wanted}

    @cached_property
    def _told_fees(self) -> dict[str, list[tuple[str, Decimal]]]:
        """The fees of fills that have rows of their own, each row once."""
        found: dict[str, dict[object, tuple[str, Decimal]]] = defaultdict(dict)
        for record in self._outcome.batch.records:
            event = record.event
            about = event.refers_to() if isinstance(event, FeeCharged) else None
            if about is not None and isinstance(event, FeeCharged):
                rows = found[about.key(self._outcome.account)]
                rows.setdefault(event.identity(), (event.currency, event.amount))
        return {key: list(rows.values()) for key, rows in found.items()}


def _what(value: str) -> str:
    """An execution in words, without its time."""
    return value.partition(" at ")[0]


def _time_in(value: str) -> datetime | None:
    """The time of an execution in words."""
    told = value.partition(" at ")[2]
    return datetime.fromisoformat(told) if told[:1].isdigit() else None
