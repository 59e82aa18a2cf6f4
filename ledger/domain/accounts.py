"""Account: the consistency boundary. Folds every fact of one stream; answers what it holds.

An order and a position are aggregates inside it: each is rebuilt from its own facts and has an
``evolve`` of its own. The account routes a fact to those it concerns, keeps the cash that no
position accounts for, and decides what crosses several of them. It never refuses a fact.

What is closed and flat leaves memory (:meth:`Account.slim`). A late fact that names it marks
it in ``orders.stale`` or ``unsettled_positions``; the owner, who has the store, rebuilds it.
Busts and corrections of a fill whose order only the store can tell are ``orphans`` until then.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import NamedTuple

from ledger.domain.canonical import EVER
from ledger.domain.events import (
    NET,
    AccountOpened,
    AccountSuspended,
    FillBooked,
    FillBusted,
    FillCorrected,
    InstrumentDefined,
    LimitsSet,
    Recorded,
    SymbolChanged,
)
from ledger.domain.fill_facts import link
from ledger.domain.gates import require_zone
from ledger.domain.holding import Holding
from ledger.domain.instruments import Instrument
from ledger.domain.numbers import ZERO, add, quantize, subtract, total
from ledger.domain.policy import Policy, called_since
from ledger.domain.positions import Position, PositionKey
from ledger.domain.postings import cash_of, totals_of
from ledger.domain.resident_orders import ResidentOrders
from ledger.domain.routes import ROUTES
from ledger.domain.settlement import Unsettled
from ledger.domain.skimmed import Skimmed
from ledger.domain.views import BalanceView, PositionView, position_view
from ledger.domain.watching import Watcher

RESIDENT_FACTS = 100_000
SLIM_EVERY = 1_000
TIMELESS = (FillBusted, FillCorrected, InstrumentDefined, AccountOpened)


# What hardly happens when it is written down: books are opened today for fills of last year, and
# those are not late for that.
_BEGINNINGS = frozenset({AccountOpened, InstrumentDefined})


class Place(NamedTuple):
    """A place in history: the number in the whole log, and the version in the stream."""

    number: int
    version: int


class Account:
    """The state of one account as of the last fact it folded."""

    __slots__ = (
        "as_of", "breaks", "cash", "defers", "first_at", "hash", "is_late", "last_at", "linked",
        "name", "number", "orders", "orphans", "policy", "positions", "rules", "saved",
        "settlement", "slimmed_at", "standing", "symbols", "touched", "unlinked",
        "unsettled_positions", "version", "watchers",
    )  # fmt: skip

    def __init__(self, name: str, *, as_of: datetime | None = None) -> None:
        self.name = name
        self.as_of = as_of
        self.policy = Policy()
        self.orders = ResidentOrders()
        self.positions: dict[PositionKey, Position] = {}
        self.cash: dict[str, Decimal] = {}
        self.symbols: dict[str, str] = {}
        self.rules: list[Recorded] = []
        self.breaks: dict[str, Recorded] = {}
        self.standing: dict[str, Recorded] = {}
        self.settlement = Unsettled()
        self.unlinked: dict[str, list[Recorded]] = {}
        self.linked: list[tuple[PositionKey, Recorded]] = []
        self.unsettled_positions: set[PositionKey] = set()
        self.orphans: list[Recorded] = []
        self.defers = False
        self.touched: set[PositionKey] | None = None
        self.watchers: Callable[[PositionKey], Watcher] | None = None
        self.slimmed_at = 0
        self.saved = Place(0, 0)
        self.first_at: datetime | None = None
        self.version = self.number = 0
        self.hash = ""
        self.last_at: datetime | None = None
        self.is_late = False

    # -- folding ------------------------------------------------------------------------

    def evolve(self, recorded: Recorded | Skimmed) -> None:
        """Fold one fact. Under an ``as_of``, only what took effect by then counts."""
        if recorded.version > self.version:
            self.version, self.number, self.hash = recorded.version, recorded.number, recorded.hash
        if self.as_of is not None and not self.counts(recorded):
            return
        at = recorded.occurred_at
        if self.first_at is None or at < self.first_at:
            self.first_at = at
        self.is_late = self.last_at is not None and at <= self.last_at
        if isinstance(recorded, Skimmed):
            if not self.is_late:
                self.last_at = at
            self.orders.evolve((recorded.cl_ord_id,), recorded, is_late=self.is_late)
            return
        event = recorded.event
        if not self.is_late and type(event) not in _BEGINNINGS:
            self.last_at = at
        route = ROUTES.get(type(event))
        if route is not None:
            route(self, recorded, event)

    def counts(self, recorded: Recorded | Skimmed) -> bool:
        """Whether a fact had taken effect by ``as_of``. A bust or correction takes effect with
        the fill it names, and waits for it if that never counts; what an account or instrument
        is holds from the moment it says, whenever somebody wrote it down."""
        if self.as_of is None or recorded.occurred_at <= self.as_of:
            return True
        return isinstance(recorded, Recorded) and isinstance(recorded.event, TIMELESS)

    def defer(self) -> None:
        """Until :meth:`settle`, positions keep what comes, to fold it once and in order."""
        self._set_deferring(True)

    def _set_deferring(self, defers: bool) -> None:
        self.defers = defers
        for position in self.positions.values():
            position.defers = defers

    @property
    def limits(self) -> LimitsSet | None:
        """The limits in force."""
        latest = self.standing.get("limits")
        return latest.event if latest and isinstance(latest.event, LimitsSet) else None

    @property
    def suspended(self) -> AccountSuspended | None:
        """Why nothing may be placed, if that is so."""
        latest = self.standing.get("suspension")
        return latest.event if latest and isinstance(latest.event, AccountSuspended) else None

    @property
    def is_plain(self) -> bool:
        """Whether every fact about a fill says where the fill is, as far as that is known."""
        return not self.linked and not self.unlinked

    def take_rule(self, recorded: Recorded) -> None:
        """A fact that says under which rules others are folded, or what a name stands for."""
        self.rules.append(recorded)
        if isinstance(recorded.event, TIMELESS):
            self.first_at = EVER
        match recorded.event:
            case AccountOpened() as event:
                self.policy.open(event)
            case InstrumentDefined(instrument=instrument) as event:
                self.policy.define(event)
                self._call(instrument.symbol, instrument.instrument_id)
            case SymbolChanged() as event:
                self._call(event.symbol, event.instrument_id)
            case _:
                self.policy.change(recorded)

    def _call(self, symbol: str, instrument_id: str) -> None:
        """A symbol that several instruments had stands for the one that had it last."""
        if self.symbols.setdefault(symbol, instrument_id) != instrument_id:
            had = [since for rule in self.rules if (since := called_since(rule, symbol))]
            self.symbols[symbol] = max(had)[-1]

    def settle(self) -> set[PositionKey]:
        """Put late facts in place; the positions whose history has to be read are returned."""
        if self.defers:
            self._set_deferring(False)
        waiting = {key for key in self.unsettled_positions if not self.positions[key].settle()}
        self.unsettled_positions = waiting
        return set(waiting)

    def slim(self) -> None:
        """Let orders that were closed for long, and above 100,000 resident facts the history of
        flat positions, go."""
        self.orders.slim()
        if self.version - self.slimmed_at < SLIM_EVERY:
            return
        self.slimmed_at = self.version
        if self.last_at is not None:
            self.settlement.forget(self.last_at)
        if sum(len(position.tail) for position in self.positions.values()) > RESIDENT_FACTS:
            for position in self.positions.values():
                position.forget_flat_history()

    def begin_block(self) -> None:
        """From here on it is watched how far back new facts reach."""
        self.saved, self.first_at = Place(self.number, self.version), None

    def adopt_position(self, position: Position) -> None:
        """Take in a position that was rebuilt from the store."""
        self.positions[position.key] = position
        self.unsettled_positions.discard(position.key)

    # -- routes -------------------------------------------------------------------------

    def fill(self, recorded: Recorded, event: FillBooked) -> None:
        """One fact, three consequences: the order, the position and, through it, the cash."""
        position = self.position_at(event.instrument_id, event.position_id)
        position.evolve(recorded)
        key = position.key
        if position.pending or position.needs_history:
            self.unsettled_positions.add(key)
        if self.touched is not None:
            self.touched.add(key)
        if event.cl_ord_id is not None:
            self._fill_order(position, event.cl_ord_id, recorded)
        if event.settl_date is not None:
            self.settlement.book(recorded, event, is_utc=self.policy.is_utc)
        if self.unlinked:
            link(self, key, recorded, event.cl_ord_id)

    def _fill_order(self, position: Position, cl_ord_id: str, fill: Recorded) -> None:
        """The order folds its fill, and what was known of the fill before it came."""
        self.orders.evolve((cl_ord_id,), fill, is_late=self.is_late)
        if position.needs_history:
            self.orders.stale.add(cl_ord_id)
        elif not position.amendments.is_quiet:
            for amendment in position.amendments.naming(fill.key):
                self.to_order((cl_ord_id,), amendment)

    def to_order(self, ids: tuple[str, ...], recorded: Recorded) -> None:
        """Let the order under these ids fold a fact."""
        self.orders.evolve(ids, recorded, is_late=self.is_late)

    def to_position(self, recorded: Recorded, instrument_id: str, position_id: str) -> None:
        """Let a position fold a fact."""
        self.position_at(instrument_id, position_id).evolve(recorded)
        self.note(PositionKey(instrument_id, position_id))

    def note(self, key: PositionKey) -> None:
        """Remember a position that has to be settled."""
        position = self.positions[key]
        if self.touched is not None:
            self.touched.add(key)
        if position.pending or position.dirty is not None or position.needs_history:
            self.unsettled_positions.add(key)

    def watcher(self, key: PositionKey) -> Watcher | None:
        """Who hears of the steps of a position; nobody, unless somebody asked."""
        return self.watchers(key) if self.watchers is not None else None

    def pay(self, currency: str, amount: Decimal) -> None:
        """Move cash that no position accounts for."""
        self.cash[currency] = add(self.cash.get(currency, ZERO), amount)

    # -- answers ------------------------------------------------------------------------

    def position_at(self, instrument_id: str, position_id: str = NET) -> Position:
        """The position, made on first use."""
        place = (instrument_id, position_id)
        position: Position | None = self.positions.get(place)  # type: ignore[call-overload]
        if position is None:
            key = PositionKey(*place)
            position = self.positions[key] = Position(key, self.policy, self.watcher(key))
            position.defers = self.defers
        return position

    def view(self, key: PositionKey) -> PositionView:
        """A frozen view of a position; one that never was is flat."""
        position = self.positions.get(key)
        holding = position.holding if position else Holding(self.policy.booking)
        instrument = self.instrument(key.instrument_id)
        return position_view(self.name, self.number, key, holding, instrument)

    def instrument(self, instrument_id: str) -> Instrument | None:
        """The definition in force (at ``as_of``, if the account is seen from there)."""
        return self.policy.instrument(instrument_id, self.as_of)

    def has_heard_of(self, name: str) -> bool:
        """Whether an instrument was defined, or any fact was about it."""
        return self._knows(self.resolve(name))

    def resolve(self, name: str) -> str:
        """The instrument id that an id or a symbol, also an old one, stands for."""
        return name if self._knows(name) else self.symbols.get(name, name)

    def _knows(self, instrument_id: str) -> bool:
        if instrument_id in self.policy.definitions:
            return True
        moved = (key for key, one in self.positions.items() if one.holding.last_at is not None)
        return any(key.instrument_id == instrument_id for key in moved)

    def totals(self) -> dict[str, Decimal]:
        """Cash by currency, as traded; of positions that anything ever moved."""
        cash = dict(self.cash)
        for key, position in self.positions.items():
            if position.holding.last_at is None:
                continue
            instrument = self.instrument(key.instrument_id)
            for currency, amount in cash_of(totals_of(position.holding), instrument).items():
                cash[currency] = add(cash.get(currency, ZERO), amount)
        return cash

    def held(self, currency: str) -> Decimal:
        """What open orders hold of a currency."""
        holds = (order for order in self.orders.open() if order.holds)
        return total(order.hold_left for order in holds if order.hold_currency == currency)

    def to_come(self, at: datetime | None = None) -> dict[str, Decimal]:
        """What sales have still to bring in on the day of a moment (the last fact's), by
        currency."""
        return self.settlement.to_come(self.policy, self._day(self.day_of(at) if at else None))

    def day_of(self, at: datetime) -> date:
        """The day of a moment in the account's zone, whichever zone it is told in."""
        opened = self.policy.opened
        return at.astimezone(require_zone("time_zone", opened.time_zone) if opened else UTC).date()

    def _day(self, on: date | None) -> date:
        return on or (self.day_of(self.last_at) if self.last_at else date.min)

    def balances(self, on: date | None = None) -> list[BalanceView]:
        """Every currency that ever moved, sorted; settled as of a day (the last fact's)."""
        pending = self.settlement.pending(self.policy, self._day(on))
        return [
            BalanceView(
                account=self.name,
                number=self.number,
                currency=currency,
                total=quantize(amount),
                held=quantize(self.held(currency)),
                settled=quantize(subtract(amount, pending.get(currency, ZERO))),
            )
            for currency, amount in sorted(self.totals().items())
        ]
