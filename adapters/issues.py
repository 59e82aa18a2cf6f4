"""What is open in the books of an account: what somebody has to find out, decide or answer.

Nothing here is stored; all of it is read off the facts, so an issue is gone as soon as a fact
answers it, and asked of a past moment the list is that of then.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from enum import Enum

import attrs

from adapters.loose_ends import ROW, LooseEnds
from adapters.naming import symbols
from adapters.statement import compare, stated_again
from ledger.deciding import find_order
from ledger.domain.accounts import Account
from ledger.domain.contingencies import double_exposure
from ledger.domain.events import (
    BreakOpened,
    BreakReopened,
    FillConflict,
    OrdersLinked,
    Recorded,
)
from ledger.domain.numbers import text
from ledger.domain.order_view import OrderView
from ledger.domain.positions import PositionKey
from ledger.domain.views import PositionView
from ledger.domain.watching import Record
from ledger.history import KnownAt
from ledger.reading import Reader
from ledger.rebuilding import rebuild_position


class IssueKind(Enum):
    """What is open; the value is its name, ``answer`` says what closes it."""

    NOT_OPENED = "never opened"
    STATEMENT = "not as stated"
    SUSPENSE = "suspense"
    UNKNOWN_BASIS = "unknown basis"
    UNVALUED = "unvalued fills"
    CONFLICT = "fill conflict"
    UNLINKED = "unlinked reversal"
    OVERFILL = "overfill"
    DOUBLE_EXPOSURE = "double exposure"
    OUTCOME_UNKNOWN = "outcome unknown"
    BREAK = "break"
    SET_ASIDE = "row set aside"

    @property
    def answer(self) -> str:
        """What closes such an issue."""
        return _ANSWERS[self]


_ANSWERS = {
    IssueKind.NOT_OPENED: "open the account by the rules it is to be kept by",
    IssueKind.STATEMENT: "find the cause; 'tradeledger record' answers it with a signed fact",
    IssueKind.SUSPENSE: "ingest the report with the missing trade, or record the opening position",
    IssueKind.UNKNOWN_BASIS: "cost and results stay marked; the broker may know what was paid",
    IssueKind.UNVALUED: "define the instrument, or ingest a statement that lists it",
    IssueKind.CONFLICT: "find out which is true; if the other, record a correction of the fill",
    IssueKind.UNLINKED: "ingest the report with the fill that it names",
    IssueKind.OVERFILL: "the fills stand: ask the broker, and close what is too much",
    IssueKind.DOUBLE_EXPOSURE: "legs that exclude each other were filled: close one of them",
    IssueKind.OUTCOME_UNKNOWN: "ask the venue how the order stands, and record that",
    IssueKind.SET_ASIDE: "ingest it again once it can be read, or 'tradeledger record answer'",
    IssueKind.BREAK: "explain it, adjust the books, or have the broker mend it",
}


@attrs.frozen(kw_only=True)
class OpenIssue:
    """One open thing. ``subject`` is an id: of an instrument, order, fill or break; ``name`` what
    people call it. ``number`` and ``at`` are of the fact it comes from, where it is one."""

    kind: IssueKind
    subject: str
    name: str
    what: str
    qty: Decimal | None = None
    number: int | None = None
    at: datetime | None = None


def open_issues(
    book: Reader, account: str, *, as_of: datetime | None = None, known_at: KnownAt = None
) -> list[OpenIssue]:
    """All that is open in an account, as of a moment in each of the two times."""
    state = book.at(account, as_of=as_of, known_at=known_at)
    return list(_Finder(book, state).find())


def _unvalued(view: PositionView) -> str:
    if view.instrument is None:
        return "of an instrument that is not defined"
    return "without a price in the instrument's currency"


class _Finder:
    """Reads one state of an account, and once its log."""

    def __init__(self, book: Reader, state: Account) -> None:
        self._book = book
        self._store = book.store
        self._state = state
        self._symbols = symbols(state)
        self._loose = LooseEnds(self._log())

    def _log(self) -> Iterator[Recorded]:
        """The facts that count in the state that is asked."""
        log = self._book.log(self._state.name, known_at=self._state.number)
        return (recorded for recorded in log if self._state.counts(recorded))

    def find(self) -> Iterator[OpenIssue]:
        """Everything, kind by kind."""
        if self._state.policy.opened is None:
            what = "facts are booked under no rules of its own"
            yield OpenIssue(kind=IssueKind.NOT_OPENED, subject=self._state.name,
                            name=self._state.name, what=what)  # fmt: skip
        yield from self._not_as_stated()
        for key in sorted(self._state.positions):
            yield from self._of_position(key)
        yield from self._conflicts()
        yield from self._unlinked()
        yield from self._overfills()
        yield from self._double_exposures()
        yield from self._orders()
        yield from self._breaks()
        yield from self._set_aside()

    def _not_as_stated(self) -> Iterator[OpenIssue]:
        """What the last statement of each venue states otherwise, as the books are known now."""
        for statement in self._loose.statements():
            batch = stated_again(self._state.name, statement)
            for line in compare(self._book, batch, known_at=self._state.number):
                if not line.agrees:
                    both = f"booked {text(line.booked)}, stated {text(line.stated)}"
                    yield OpenIssue(kind=IssueKind.STATEMENT, subject=line.subject, name=line.name,
                                    what=f"{line.kind.value}: {both}; {line.cause}",
                                    qty=line.difference, at=statement.covers_to)  # fmt: skip

    # -- positions ----------------------------------------------------------------------

    def _of_position(self, key: PositionKey) -> Iterator[OpenIssue]:
        view = self._state.view(key)
        if view.suspense_qty or view.suspense_flow:
            yield from self._suspense(key, view)
        if view.unknown_basis:
            what = "held, or closed, at a cost that nobody stated"
            yield self._about(IssueKind.UNKNOWN_BASIS, view, what, view.net_qty)
        if view.unvalued_fills:
            what = (
                f"{view.unvalued_fills} of its fills are {_unvalued(view)}; their value is unknown"
            )
            yield self._about(IssueKind.UNVALUED, view, what, view.net_qty)

    def _suspense(self, key: PositionKey, view: PositionView) -> Iterator[OpenIssue]:
        """Each fill that found nothing to close; else the units that went without a trade."""
        heard = Record()
        rebuild_position(self._store, self._state, key, self._state.number, heard)
        for one in heard.issues:
            why = one.why.value.replace("_", " ")
            what = f"{one.exec_id}: {text(one.missing)} without a counterpart ({why})"
            yield self._about(IssueKind.SUSPENSE, view, what, one.missing, one.at)
        if not heard.issues:
            what = f"{text(view.suspense_qty)} without a counterpart"
            yield self._about(IssueKind.SUSPENSE, view, what, view.suspense_qty)

    def _about(
        self,
        kind: IssueKind,
        view: PositionView,
        what: str,
        qty: Decimal,
        at: datetime | None = None,
    ) -> OpenIssue:
        name = self._name(view.instrument_id)
        return OpenIssue(kind=kind, subject=view.instrument_id, name=name, what=what, qty=qty,
                         at=at or view.last_at)  # fmt: skip

    def _name(self, instrument_id: str | None) -> str:
        return self._symbols.get(instrument_id or "", instrument_id or "")

    # -- facts --------------------------------------------------------------------------

    def _conflicts(self) -> Iterator[OpenIssue]:
        """The same execution with other content, unless it was busted or corrected since."""
        for fact in self._loose.conflicts():
            if isinstance(fact.event, FillConflict):
                pairs = ", ".join(f"{d.field} {d.booked} booked, {d.seen} seen"
                                  for d in fact.event.differing)  # fmt: skip
                what = f"{fact.event.exec_id}: {pairs}"
                yield self._of_fact(IssueKind.CONFLICT, fact, fact.event.instrument_id, what)

    def _unlinked(self) -> Iterator[OpenIssue]:
        """Busts and corrections whose fill nobody has reported."""
        found = self._store.by_key(self._loose.named())
        known = {key for key, fill in found.items() if self._is_known(fill)}
        for fact in self._loose.unlinked(known):
            kind = fact.event.TOPIC.partition("/")[0]
            what = f"{kind} of {getattr(fact.event, 'exec_ref_id', '')}, which nobody has reported"
            instrument_id = getattr(fact.event, "instrument_id", None)
            yield self._of_fact(IssueKind.UNLINKED, fact, instrument_id, what)

    def _is_known(self, fact: Recorded) -> bool:
        """Whether a fact counts in the state that is asked."""
        return fact.number <= self._state.number and self._state.counts(fact)

    def _of_fact(
        self, kind: IssueKind, fact: Recorded, instrument_id: str | None, what: str
    ) -> OpenIssue:
        return OpenIssue(kind=kind, subject=fact.key, name=self._name(instrument_id), what=what,
                         number=fact.number, at=fact.occurred_at)  # fmt: skip

    # -- orders -------------------------------------------------------------------------

    def _view(self, cl_ord_id: str) -> OrderView | None:
        order = find_order(self._store, self._state, cl_ord_id)
        return order.view() if order else None

    def _overfills(self) -> Iterator[OpenIssue]:
        """Orders that were executed for more than was asked."""
        for cl_ord_id in self._loose.orders.maybe_overfilled():
            view = self._view(cl_ord_id)
            if view is not None and view.overfill_qty:
                what = f"executed {text(view.cum_qty)}, {text(view.overfill_qty)} more than asked"
                yield self._of_order(IssueKind.OVERFILL, view, what, view.overfill_qty)

    def _double_exposures(self) -> Iterator[OpenIssue]:
        """Legs of a link that exclude each other and were both executed."""
        for fact in self._loose.links.values():
            link = fact.event
            if not isinstance(link, OrdersLinked) or not self._is_known(fact):
                continue
            if self._loose.orders.executed(link.cl_ord_ids) > 1:
                yield from self._exposed(link)

    def _exposed(self, link: OrdersLinked) -> Iterator[OpenIssue]:
        found = {cl_ord_id: self._view(cl_ord_id) for cl_ord_id in link.cl_ord_ids}
        views = {cl_ord_id: view for cl_ord_id, view in found.items() if view is not None}
        if double_exposure(link, views):
            legs = ", ".join(f"{name} {text(view.cum_qty)}" for name, view in views.items())
            kind, name = IssueKind.DOUBLE_EXPOSURE, next(iter(views.values())).instrument_id
            what = f"{link.contingency.value} {link.link_id}: executed {legs}"
            yield OpenIssue(kind=kind, subject=link.link_id, name=self._name(name), what=what)

    def _orders(self) -> Iterator[OpenIssue]:
        """Open orders of which a request got no answer."""
        for order in sorted(self._state.orders.open(), key=lambda one: one.cl_ord_id):
            if order.is_outcome_unknown:
                what = f"order {order.cl_ord_id}: a request got no answer"
                yield self._of_order(IssueKind.OUTCOME_UNKNOWN, order.view(), what)

    def _of_order(
        self, kind: IssueKind, view: OrderView, what: str, qty: Decimal | None = None
    ) -> OpenIssue:
        return OpenIssue(kind=kind, subject=view.cl_ord_id, name=self._name(view.instrument_id),
                         what=what, qty=qty, at=view.placed_at)  # fmt: skip

    def _breaks(self) -> Iterator[OpenIssue]:
        """Breaks that reconciliation opened and nobody has closed; rows are told apart."""
        for break_id, fact in sorted(self._state.breaks.items()):
            opened = fact.event
            if isinstance(opened, BreakReopened) and not break_id.startswith(ROW):
                yield OpenIssue(kind=IssueKind.BREAK, subject=break_id, name=break_id[:12],
                                what=f"open again: {opened.reason}")  # fmt: skip
            if not isinstance(opened, BreakOpened):
                continue
            both = f"books {opened.ledger_value}, broker {opened.broker_value}"
            name = self._name(opened.instrument_id) or opened.currency or ""
            yield OpenIssue(kind=IssueKind.BREAK, subject=break_id, name=name,
                            what=f"{opened.kind}: {both}")  # fmt: skip

    # -- reports ------------------------------------------------------------------------

    def _set_aside(self) -> Iterator[OpenIssue]:
        """Rows that were not booked, until a report books them or somebody answers."""
        aside = self._loose.aside
        for row, fact in aside.open(self._log()):
            where = f"{row.file} {row.row}".strip()
            yield OpenIssue(kind=IssueKind.SET_ASIDE, subject=row.digest, name=row.digest[:12],
                            what=f"{where}: {row.reason}", number=fact.number,
                            at=fact.recorded_at)  # fmt: skip
        for fact, more in aside.uncounted:
            what = f"{more} more rows of that report were set aside; their text was not kept"
            if not aside.is_answered(fact.hash):
                yield OpenIssue(kind=IssueKind.SET_ASIDE, subject=fact.hash, name=fact.hash[:12],
                                what=what, number=fact.number, at=fact.recorded_at)  # fmt: skip
