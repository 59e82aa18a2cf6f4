"""What one reading of an account's log leaves open: conflicts, reversals of fills that nobody
has reported, the last statements, orders that may have been executed for more than was asked."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from decimal import Decimal
from typing import Final, NamedTuple

from adapters.quarantine import row_cause
from ledger.domain.events import (
    BreakEvent,
    BreakReopened,
    FillBooked,
    FillBusted,
    FillConflict,
    FillCorrected,
    Identity,
    OrderEvent,
    OrdersLinked,
    QuarantinedRow,
    Recorded,
    StatementRecorded,
)
from ledger.domain.numbers import ZERO, add

# An answer to a row that was set aside is a fact about a break of this name and its digest.
ROW: Final = "row-set-aside:"

Thing = tuple[str, str, str, str]


class LooseEnds:
    """Facts that wait for others. What is given is read once, in the order it was recorded."""

    def __init__(self, log: Iterable[Recorded]) -> None:
        self.orders = OrderSums()
        self.aside = SetAside()
        self._conflicts: list[Recorded] = []
        self._reversals: list[Recorded] = []
        self._amended: dict[str, int] = {}
        self._statements: dict[str, StatementRecorded] = {}
        self.links: dict[str, Recorded] = {}
        for recorded in log:
            self._take(recorded)

    def _take(self, recorded: Recorded) -> None:
        event = recorded.event
        if isinstance(event, FillConflict):
            self._conflicts.append(recorded)
        elif isinstance(event, FillBusted | FillCorrected):
            self._reversals.append(recorded)
            self._amended[event.refers_to().key(recorded.stream)] = recorded.number
        elif isinstance(event, StatementRecorded):
            self._observe(recorded, event)
        elif isinstance(event, BreakEvent):
            self.aside.answer(event)
        elif isinstance(event, OrdersLinked):
            self.links[event.link_id] = recorded
        if isinstance(event, FillBooked | OrderEvent):
            self.orders.take(event)

    def _observe(self, recorded: Recorded, event: StatementRecorded) -> None:
        """What a report stated, which may be nothing, and the rows of it that were set aside."""
        self.aside.take(recorded, event)
        if event.positions or event.balances or not event.quarantined_count:
            self._statements[event.venue] = _later(event, self._statements.get(event.venue))

    def statements(self) -> list[StatementRecorded]:
        """Of each venue the statement that reaches furthest, of those the last recorded."""
        return [self._statements[venue] for venue in sorted(self._statements)]

    def conflicts(self) -> Iterator[Recorded]:
        """The conflicts about fills that were neither busted nor corrected afterwards."""
        for recorded in self._conflicts:
            event = recorded.event
            if isinstance(event, FillConflict):
                fill = Identity(event.venue, event.scope, "fill", event.exec_id, event.revision)
                if self._amended.get(fill.key(recorded.stream), 0) < recorded.number:
                    yield recorded

    def named(self) -> list[str]:
        """The keys of the fills that busts and corrections name."""
        return sorted(self._amended)

    def unlinked(self, known: Container[str]) -> Iterator[Recorded]:
        """The busts and corrections whose fill is not among the known ones; one that was recorded
        again, naming its fill, is linked."""
        linked = {_thing(one) for one in self._reversals if _named(one) in known}
        seen: set[Thing] = set()
        for recorded in self._reversals:
            thing = _thing(recorded)
            if thing not in linked and thing not in seen:
                seen.add(thing)
                yield recorded


def _later(new: StatementRecorded, old: StatementRecorded | None) -> StatementRecorded:
    """The one that reaches further; the newer one if neither does, or one does not say."""
    if old is None or old.covers_to is None or new.covers_to is None:
        return new
    return new if new.covers_to >= old.covers_to else old


def _named(recorded: Recorded) -> str:
    """The key of the fill that a bust or correction names."""
    event = recorded.event
    if isinstance(event, FillBusted | FillCorrected):
        return event.refers_to().key(recorded.stream)
    return ""


def _thing(recorded: Recorded) -> Thing:
    """What a reversal is, whatever its revision."""
    identity = recorded.event.identity()
    return identity[:4] if identity else ("", "", "", recorded.key)


class Aside(NamedTuple):
    """A row that was set aside, and the statement with which that was recorded."""

    row: QuarantinedRow
    recorded: Recorded


class SetAside:
    """The rows that were set aside, each once however many reports hold it."""

    def __init__(self) -> None:
        self.rows: dict[str, Aside] = {}
        self.uncounted: list[tuple[Recorded, int]] = []
        self._answered: set[str] = set()

    def take(self, recorded: Recorded, event: StatementRecorded) -> None:
        """The rows of a report that were kept, and how many more there were."""
        for row in event.quarantined:
            self.rows.setdefault(row.digest, Aside(row, recorded))
        more = event.quarantined_count - len(event.quarantined)
        if more > 0:
            self.uncounted.append((recorded, more))

    def answer(self, event: BreakEvent) -> None:
        """Somebody said what became of a row, or took it back."""
        if event.break_id.startswith(ROW):
            digest = event.break_id.removeprefix(ROW)
            said = (
                self._answered.discard if isinstance(event, BreakReopened) else self._answered.add
            )
            said(digest)

    def named(self, beginning: str) -> list[str]:
        """The rows, answered or not, whose digests begin like this."""
        every = {*self.rows, *(fact.hash for fact, _ in self.uncounted)}
        return sorted(one for one in every if beginning and one.startswith(beginning))

    def is_answered(self, digest: str) -> bool:
        """Whether somebody has signed for it."""
        return digest in self._answered

    def open(self, log: Iterable[Recorded]) -> list[Aside]:
        """The rows that no fact of the log was read from since, and nobody answered."""
        waiting = {row_cause(d): one for d, one in self.rows.items() if d not in self._answered}
        for recorded in log if waiting else ():
            waiting.pop(recorded.meta.causation_id, None)
        return list(waiting.values())


class OrderSums:
    """Executed quantities by order, all ids of an order together, beside the least that was ever
    asked: enough to know which orders to look at, not to say how they stand."""

    def __init__(self) -> None:
        self._parents: dict[str, str] = {}
        self._executed: dict[str, Decimal] = {}
        self._asked: dict[str, Decimal] = {}

    def take(self, event: FillBooked | OrderEvent) -> None:
        """Count a fill, or see what an order's fact asks for."""
        cl_ord_id = event.cl_ord_id
        if cl_ord_id is None:
            return
        if isinstance(event, FillBooked):
            self._executed[cl_ord_id] = add(self._executed.get(cl_ord_id, ZERO), event.last_qty)
            return
        orig = getattr(event, "orig_cl_ord_id", None)
        if orig:
            self._parents[self._root(cl_ord_id)] = self._root(orig)
        qty = getattr(event, "order_qty", None)
        if qty is not None:
            self._asked[cl_ord_id] = min(qty, self._asked.get(cl_ord_id, qty))

    def _root(self, cl_ord_id: str) -> str:
        while self._parents.get(cl_ord_id, cl_ord_id) != cl_ord_id:
            cl_ord_id = self._parents[cl_ord_id]
        return cl_ord_id

    def maybe_overfilled(self) -> list[str]:
        """The orders that were executed for more than some fact of theirs asked for, by id."""
        executed: dict[str, Decimal] = {}
        for cl_ord_id, qty in self._executed.items():
            root = self._root(cl_ord_id)
            executed[root] = add(executed.get(root, ZERO), qty)
        asked: dict[str, Decimal] = {}
        for cl_ord_id, qty in self._asked.items():
            root = self._root(cl_ord_id)
            asked[root] = min(qty, asked.get(root, qty))
        return sorted(root for root, qty in executed.items() if root in asked and qty > asked[root])

    def executed(self, cl_ord_ids: Iterable[str]) -> int:
        """How many of these orders have been executed, at least in part."""
        touched = {self._root(one) for one in self._executed}
        return len({self._root(one) for one in cl_ord_ids} & touched)
