"""Position: the fold of its effective facts in canonical order, and late facts put in place.

A fact that arrives in order moves the holding at once. A late one, a bust or a correction
marks the position; :meth:`Position.settle` then folds again from the last restart point before
it. Restart points are kept at flats and every 128 facts, with the last facts; what is older
leaves memory, and a fact that reaches behind it asks for the history (``needs_history``), which
the owner reads from the store and gives to :meth:`Position.rebuild`.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final, NamedTuple

from ledger.domain.actions import apply
from ledger.domain.amendments import Amendments
from ledger.domain.canonical import Entry, SortKey, in_order, sort_key
from ledger.domain.events import FeeCharged, FillBooked, FillBusted, FillCorrected, Recorded
from ledger.domain.fold import Watch, apply_fill
from ledger.domain.holding import Holding, Rules
from ledger.domain.policy import Policy
from ledger.domain.watching import Watcher

POINT_EVERY: Final = 128
FLAT_EVERY: Final = 16
KEEP: Final = 256
PENDING: Final = 1000
FIRST: Final[SortKey] = (datetime(1, 1, 1, tzinfo=UTC), "", "")


class PositionKey(NamedTuple):
    """Instrument and book: ``net`` unless the account hedges or books by strategy."""

    instrument_id: str
    position_id: str


class Point(NamedTuple):
    """A restart point: the holding after ``size`` facts, the last of which has this key."""

    after: SortKey
    size: int
    holding: Holding


class Position:
    """One holding with the recent history it may have to fold again."""

    __slots__ = (
        "amendments", "defers", "dirty", "holding", "key", "needs_history", "pending",
        "points", "policy", "refolded", "rules", "since_point", "tail", "watch",
    )  # fmt: skip

    def __init__(
        self, key: PositionKey, policy: Policy, watch: Watch = None, *, defers: bool = False
    ) -> None:
        self._begin(key, policy)
        self.defers = defers
        self.begin_watching(watch)
        for change in policy.changes_for(key.instrument_id):
            self._arrive(Entry(change))

    def _begin(self, key: PositionKey, policy: Policy) -> None:
        """Flat, and without any fact."""
        self.key = key
        self.policy = policy
        self.holding = Holding(policy.booking)
        self.points = [Point(FIRST, 0, self.holding.copy())]
        self.tail: list[Entry] = []
        self.pending: list[Entry] = []
        self.defers = False
        self.amendments = Amendments()
        self.dirty: SortKey | None = None
        self.needs_history = False
        self.refolded = 0
        self.since_point = 0
        self.rules: Rules | None = None
        self.watch: Watch = None

    @classmethod
    def after(cls, key: PositionKey, policy: Policy, point: Point) -> Position:
        """A position that goes on from a restart point, with no history before it."""
        position = cls.__new__(cls)
        position._begin(key, policy)
        position.points = [point]
        position.holding = point.holding.copy()
        return position

    @classmethod
    def rebuild(
        cls, key: PositionKey, policy: Policy, history: Iterable[Recorded], watch: Watch = None
    ) -> Position:
        """Fold all of a position's own facts, in whatever order they come, once."""
        position = cls(key, policy, defers=True)
        position.begin_watching(watch)
        position._mark(FIRST)
        for recorded in history:
            position.evolve(recorded)
        position.settle()
        position.defers = False
        return position

    # -- arrival ------------------------------------------------------------------------

    def evolve(self, recorded: Recorded) -> None:
        """Take in one fact, whenever it happened. Never refuses."""
        event = recorded.event
        if self.needs_history:
            return
        if type(event) is FillBooked:
            entry = Entry(recorded) if self.amendments.is_quiet else self._fill(recorded)
            tail = self.tail
            if self.defers:
                self.pending.append(entry)
            elif self.dirty is None and tail and entry.at > tail[-1].at:  # nearly always
                tail.append(entry)
                self._apply(entry)
            else:
                self._arrive(entry)
        elif isinstance(event, FillBusted | FillCorrected):
            self._wake()
            self._amended(self.amendments.amend(recorded))
        elif isinstance(event, FeeCharged) and event.exec_id is not None:
            self._wake()
            self._charged(recorded, event)
        else:
            self._arrive(Entry(recorded))

    def begin_watching(self, watch: Watch) -> None:
        """From here on somebody hears of every step."""
        self.watch = watch
        if watch is not None:
            watch.rewound(self.holding, self.points[-1].after)

    def wait(self, facts: Iterable[Recorded]) -> None:
        """Know again of facts that came before what they name; their effect is in the holding."""
        for recorded in facts:
            self._wake()
            event = recorded.event
            if isinstance(event, FeeCharged):
                identity = event.refers_to()
                ref = identity.key(recorded.stream) if identity else ""
                self.amendments.charge(ref, recorded)
                lone = Entry(recorded)
                lone.is_folded = True
                self.amendments.wait(ref, lone)
            else:
                self.amendments.amend(recorded)

    def find(self, fill_key: str) -> Entry | None:
        """The resident fill under a key, or under the key of one of its corrections."""
        self._wake()
        return self.amendments.root(fill_key)

    def holds(self, fill_key: str) -> bool:
        """Whether a fill is resident, of a position that is asked only because the fill is not
        where it should be: it need not know its fills by key for that. A correction that waits
        here for its fill says nothing: the fill may come elsewhere."""
        if not self.amendments.is_quiet:
            return self.find(fill_key) is not None
        return any(entry.key == fill_key for entry in (*self.tail, *self.pending))

    def _wake(self) -> None:
        """Begin to know fills by key, when a fact first names one."""
        if self.amendments.is_quiet:
            self.amendments.wake([*self.tail, *self.pending])

    def _fill(self, recorded: Recorded) -> Entry:
        """A fill, with what was known of it before it came."""
        entry = self.amendments.fill(recorded)
        self._claim(entry)
        return entry

    def _arrive(self, entry: Entry) -> None:
        """Fold the next fact at once; keep one that is late, or is put off, for later."""
        if not self.defers and self.dirty is None and self.is_next(entry):
            self.tail.append(entry)
            self._apply(entry)
            return
        self.pending.append(entry)
        if not self.defers:
            self._mark(entry.sort_key)
            if len(self.pending) >= PENDING:
                self.settle()

    def is_next(self, entry: Entry) -> bool:
        """Whether an entry comes after all that is resident."""
        if self.tail:
            return entry.follows(self.tail[-1])
        return entry.sort_key > self.points[0].after

    def _amended(self, entry: Entry | None) -> None:
        """A fill was amended: fold again from it; one that is not here may be in the history."""
        if entry is not None:
            self._claim(entry)
            if entry.is_folded:
                self._mark(entry.sort_key)
        elif self.is_trimmed:
            self.needs_history = True

    def _charged(self, recorded: Recorded, event: FeeCharged) -> None:
        """A fee for a fill belongs to the fill's moment; without the fill, to its own."""
        identity = event.refers_to()
        ref = identity.key(recorded.stream) if identity else ""
        entry = self.amendments.charge(ref, recorded)
        if entry is None and self.is_trimmed:
            self.needs_history = True
        elif entry is None:
            lone = Entry(recorded)
            self.amendments.wait(ref, lone)
            self._arrive(lone)
        elif entry.event is not None and entry.is_folded:
            self._add_fee(entry, event)

    def _add_fee(self, entry: Entry, fee: FeeCharged) -> None:
        """Where a later fee changes nothing but a total, count it; else fold again."""
        if not self._only_counts(entry, fee):
            self._mark(entry.sort_key)
            return
        self.holding.charge(fee.amount, fee.currency)
        if self.watch is not None:
            self.watch.charged(entry, fee)
        for point in self.points:
            if point.after >= entry.sort_key:
                point.holding.charge(fee.amount, fee.currency)

    def _only_counts(self, entry: Entry, fee: FeeCharged) -> bool:
        """Whether the fill lies inside the open cycle and its fees are not part of its cost."""
        rules = self.rules_at(entry.at)
        opened = self.holding.opened_at
        return (
            self.dirty is None
            and not rules.in_cost
            and rules.instrument is not None
            and fee.currency != rules.instrument.base_currency
            and bool(self.holding.qty)
            and opened is not None
            and entry.at > opened
        )

    def _claim(self, entry: Entry) -> None:
        """Fees that stood alone are carried by their fill, now that it is here."""
        lone = self.amendments.claim(entry)
        if not lone:
            return
        for fee in lone:
            if fee.is_folded:
                self._mark(fee.sort_key)
        gone = {id(fee) for fee in lone}
        self.tail = [one for one in self.tail if id(one) not in gone]
        self.pending = [one for one in self.pending if id(one) not in gone]

    @property
    def is_known(self) -> bool:
        """Whether any fact was about it, if only one that waits for another."""
        return bool(self.tail or self.is_trimmed or not self.amendments.is_quiet)

    @property
    def is_trimmed(self) -> bool:
        """Whether facts have left memory."""
        return self.points[0].size > 0

    def _mark(self, key: SortKey) -> None:
        """Everything from this place on has to be folded again."""
        if self.is_trimmed and key <= self.points[0].after:
            self.needs_history = True
        elif self.dirty is None or key < self.dirty:
            self.dirty = key

    def revise_from(self, at: datetime | None) -> None:
        """The rules changed from a time on (from ever, when None): fold again what they touch."""
        self.rules = None
        if at is None:
            self._mark(FIRST)
            if not self.is_trimmed:
                self.points[0] = Point(FIRST, 0, Holding(self.policy.booking))
        elif (self.tail and self.tail[-1].at >= at) or at <= self.points[0].after[0]:
            self._mark((at, "", ""))

    # -- folding ------------------------------------------------------------------------

    def settle(self) -> bool:
        """Put late facts in place; False when the history has to be read for it."""
        new, self.pending = in_order(self.pending), []
        if new and not self.needs_history and not self.is_next(new[0]):
            self._mark(new[0].sort_key)
        if self.needs_history:
            return False
        append, apply = self.tail.append, self._apply
        for entry in new if self.dirty is None else self._unfolded(new):
            append(entry)
            apply(entry)
        return True

    def _unfolded(self, new: list[Entry]) -> list[Entry]:
        """Go back to the last restart point before what changed; what has to be folded from
        there, the new entries in their places."""
        dirty, self.dirty = self.dirty or FIRST, None
        while len(self.points) > 1 and self.points[-1].after >= dirty:
            self.points.pop()
        start = self.points[-1]
        self.holding = start.holding.copy()
        self.since_point = 0
        done = start.size - self.points[0].size
        entries = self.tail[done:] + new
        del self.tail[done:]
        self.refolded += len(entries)
        if new:
            entries.sort(key=sort_key)
        return entries if self.watch is None else self._tell_from(dirty, entries, self.watch)

    def _tell_from(self, dirty: SortKey, entries: list[Entry], watch: Watcher) -> list[Entry]:
        """Fold the entries before what changed without a word; what is left is to be told."""
        self.watch = None
        same = bisect_left(entries, dirty, key=sort_key)
        for entry in entries[:same]:
            self.tail.append(entry)
            self._apply(entry)
        self.watch = watch
        last = entries[same - 1].sort_key if same else self.points[-1].after
        watch.rewound(self.holding, last)
        return entries[same:]

    def _apply(self, entry: Entry) -> None:
        """Fold the newest entry of the tail; keep a restart point now and then."""
        holding, event, rules, watch = self.holding, entry.event, self.rules, self.watch
        if rules is None:
            rules = self.rules_at(entry.at)
        if type(event) is FillBooked:
            apply_fill(holding, entry, event, rules, watch)
        else:
            apply(holding, entry, rules, watch)
        entry.is_folded = True
        holding.last_at = entry.at
        if watch is not None:
            watch.step(entry, holding)
        since = self.since_point = self.since_point + 1
        if since >= FLAT_EVERY and (since >= POINT_EVERY or not holding.qty):
            self._keep_point(entry)

    def _keep_point(self, entry: Entry) -> None:
        base = self.points[0].size
        self.points.append(Point(entry.sort_key, base + len(self.tail), self.holding.copy()))
        self.since_point = 0
        if len(self.tail) >= 2 * KEEP:
            self._trim()

    def _trim(self) -> None:
        """Let the oldest facts leave memory, as long as 256 stay that can be folded again."""
        base = self.points[0].size
        newest = base + len(self.tail)
        old = [i for i, point in enumerate(self.points) if newest - point.size >= KEEP]
        if not old or not old[-1]:
            return
        self.points = self.points[old[-1] :]
        cut = self.points[0].size - base
        self.amendments.forget(self.tail[:cut])
        del self.tail[:cut]

    def forget_flat_history(self) -> None:
        """While flat and settled, let the facts leave memory; a late one asks for them again."""
        if self.holding.qty or self.dirty is not None or not self.tail:
            return
        self.amendments.forget(self.tail)
        last, count = self.tail[-1].sort_key, self.points[0].size + len(self.tail)
        self.points = [Point(last, count, self.holding.copy())]
        self.tail = []
        self.since_point = 0

    def rules_at(self, at: datetime) -> Rules:
        """The rules in force; kept for as long as they cannot change."""
        rules = self.policy.rules(self.key.instrument_id, at)
        if self.policy.is_constant(self.key.instrument_id):
            self.rules = rules
        return rules
