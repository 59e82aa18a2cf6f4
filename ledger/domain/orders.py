"""Order: the fold of its facts, and the frozen view of it that leaves the ledger.

An order holds facts: placed, acknowledged, each request by its own id, the executions, ended,
done for the day, restated. Status, quantities and prices are derived from them. ``evolve``
never refuses, and the facts give the same order whatever they arrive in: sums commute, what
a request came to is looked up by its id, and the rest is decided by when things happened.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from decimal import Decimal

from ledger.domain.events import (
    FillBooked,
    Intent,
    OrderPlaced,
    OrderRejected,
    Recorded,
    Side,
    TimeInForce,
)
from ledger.domain.numbers import ZERO, ratio, subtract
from ledger.domain.order_facts import NO_REQUESTS, OrderFacts, order_ids
from ledger.domain.order_requests import OpenRequest
from ledger.domain.order_status import OrdStatus
from ledger.domain.order_view import OrderView, order_view
from ledger.domain.skimmed import Skimmed, is_plainly_open, kind_of, whole

__all__ = ["OpenRequest", "OrdStatus", "Order", "OrderView", "order_ids"]

Load = Callable[[list[int]], Iterable[Recorded]]
"""Reads facts by their numbers."""

MULTI_DAY = (TimeInForce.GTC, TimeInForce.GTD)  # few: to look through them is to compare


class Order:
    """One order, owned by one ``Book``; ``evolve`` updates it in place.

    Facts are kept as they come and sorted (:attr:`facts`) when somebody asks: most orders are
    done before anybody does.
    """

    __slots__ = ("_asleep", "_holds", "_sorted", "_unsorted", "numbers")

    def __init__(self) -> None:
        self.numbers: list[int] = []
        self._holds = False
        self._asleep: Load | None = None
        self._sorted: OrderFacts | None = None
        self._unsorted: list[Recorded | Skimmed] = []

    @classmethod
    def asleep(cls, numbers: list[int], holds: bool, load: Load) -> Order:
        """An order whose facts, of these numbers, are read when somebody asks; ``holds``: whether
        it reserves cash."""
        order = cls()
        order.numbers, order._holds, order._asleep = numbers, holds, load
        return order

    def evolve(self, recorded: Recorded | Skimmed) -> None:
        """Take in one fact that names this order. Nothing is ever refused here."""
        self._unsorted.append(recorded)
        self.numbers.append(recorded.number)

    @property
    def facts(self) -> OrderFacts:
        """All facts so far, sorted by what they say."""
        facts = self._sorted
        if facts is None:
            facts = self._sorted = OrderFacts()
            if self._asleep is not None:
                self._wake(facts, self._asleep)
        if self._unsorted:
            for recorded in self._unsorted:
                facts.evolve(whole(recorded))
            self._unsorted.clear()
        return facts

    def _wake(self, facts: OrderFacts, load: Load) -> None:
        self._asleep = None
        new = {recorded.number for recorded in self._unsorted}
        for recorded in load([number for number in self.numbers if number not in new]):
            facts.evolve(recorded)

    @classmethod
    def fold(cls, facts: Iterable[Recorded]) -> Order:
        """The order that these facts make; facts of no concern to an order change nothing."""
        order = cls()
        for recorded in facts:
            order.evolve(recorded)
        return order

    # ------------------------------------------------------------------ what it is

    @property
    def cl_ord_id(self) -> str:
        """The id in force: the last accepted one, else the one it began with."""
        return self.facts.terms.cl_ord_id or self._root_id()

    @property
    def cl_ord_ids(self) -> tuple[str, ...]:
        """Every id of the chain, requests included: the first one, then the rest by name."""
        ids = self.facts.ids
        if len(ids) == 1:  # of most orders
            return tuple(ids)
        root = self._root_id()
        return (root, *sorted(ids - {root})) if root else ()

    @property
    def is_external(self) -> bool:
        """Whether we never placed it: it is made from what the venue's facts say."""
        return self.facts.terms.placed is None

    @property
    def order_id(self) -> str | None:
        """The venue's id of it (FIX 37), the latest if that changed."""
        if self.facts.order_id is not None:
            return self.facts.order_id[2]
        first = self.facts.fills.first
        return first.order_id if first is not None else None

    @property
    def instrument_id(self) -> str | None:
        """What is traded; None while no fact has said so."""
        source = self._source
        return source.instrument_id if source is not None else None

    @property
    def side(self) -> Side | None:
        """FIX 54; None while no fact has said so."""
        source = self._source
        return source.side if source is not None else None

    @property
    def position_id(self) -> str | None:
        """The book it trades for; None while no fact has said so."""
        source = self._source
        return source.position_id if source is not None else None

    @property
    def strategy(self) -> str | None:
        """Whose order it is, as it was placed."""
        return self.facts.terms.placed.strategy if self.facts.terms.placed is not None else None

    @property
    def intent(self) -> Intent | None:
        """What it is meant to do to the position, as it was placed."""
        return self.facts.terms.placed.intent if self.facts.terms.placed is not None else None

    @property
    def hold_currency(self) -> str | None:
        """The currency of its hold, if it has one."""
        return (
            self.facts.terms.placed.hold_currency if self.facts.terms.placed is not None else None
        )

    @property
    def _source(self) -> OrderPlaced | FillBooked | None:
        return self.facts.terms.placed or self.facts.fills.first

    def _root_id(self) -> str:
        if self.facts.terms.placed is not None:
            return self.facts.terms.placed.cl_ord_id
        roots = self.facts.ids - self.facts.requests.ids.keys()
        return min(roots or self.facts.ids, default="")

    # ------------------------------------------------------------------ how much

    @property
    def order_qty(self) -> Decimal | None:
        """Quantity asked, unsigned (FIX 38); None for an external order nobody stated it of.

        A replacement to less than was executed by then amends the order to what was executed.
        """
        return _order_qty(self.facts)

    @property
    def cum_qty(self) -> Decimal:
        """What was executed so far, busts and corrections applied (FIX 14)."""
        return self.facts.fills.cum_qty

    @property
    def leaves_qty(self) -> Decimal:
        """What may still execute (FIX 151): zero once done, and where the quantity is unknown."""
        facts = self.facts
        qty, cum = _order_qty(facts), facts.fills.cum_qty
        if qty is None or qty <= cum or facts.standing.is_done(_is_multi_day(facts)):
            return ZERO
        return subtract(qty, cum)

    @property
    def overfill_qty(self) -> Decimal:
        """By how much the executions exceed what was asked; kept, never refused."""
        qty = self.order_qty
        if qty is None or qty >= self.facts.fills.cum_qty:
            return ZERO
        return subtract(self.facts.fills.cum_qty, qty)

    @property
    def avg_px(self) -> Decimal | None:
        """Mean price of the executions by value (FIX 6), 18 decimals; None when unknown."""
        return self.facts.fills.avg_px

    @property
    def hold_left(self) -> Decimal:
        """The part of the hold that what is left still needs: ``hold * leaves / order_qty``."""
        placed, qty, leaves = self.facts.terms.placed, self.order_qty, self.leaves_qty
        if placed is None or placed.hold is None or not qty or not leaves:
            return ZERO
        return ratio(placed.hold, leaves, qty)

    # ------------------------------------------------------------------ where it stands

    @property
    def status(self) -> OrdStatus:
        """FIX 39 by precedence; see :mod:`ledger.domain.order_status`."""
        facts = self.facts
        if facts.requests is NO_REQUESTS and facts.standing.is_plain:
            return _executed(facts)
        states = [*facts.standing.states(_is_multi_day(facts), facts.fills.last_at)]
        if not self.is_dead:
            states += facts.requests.pending_states()
        return max([*states, _executed(facts)], key=_precedence) if states else _executed(facts)

    @property
    def is_dead(self) -> bool:
        """Whether it was rejected, cancelled or has expired; a late fill does not revive it."""
        return self.facts.standing.is_dead

    @property
    def is_done(self) -> bool:
        """Whether nothing more will execute: dead, calculated, or a day order done for the day."""
        facts = self.facts
        return facts.standing.is_done(_is_multi_day(facts))

    @property
    def is_open(self) -> bool:
        """Whether something is left that may still execute; unknown outcomes count as open."""
        if self._sorted is None and self._asleep is None:
            is_open = is_plainly_open(self._unsorted)
            if is_open is not None:
                return is_open
        return bool(self.leaves_qty)

    @property
    def is_placed(self) -> bool:
        """Whether we placed it; without sorting its facts."""
        if self._asleep is not None:
            return self.placed_at is not None
        for recorded in self._unsorted:
            if kind_of(recorded) is OrderPlaced:
                return True
        return self._sorted is not None and self._sorted.placed_at is not None

    @property
    def holds(self) -> bool:
        """Whether it reserves cash while it is open."""
        if self._asleep is not None:
            return self._holds
        placed = self.facts.terms.placed
        return placed is not None and placed.hold is not None

    @property
    def placed_at(self) -> datetime | None:
        """When we placed it; None if we did not."""
        return self.facts.placed_at

    @property
    def is_filled(self) -> bool:
        """Whether all that was asked was executed."""
        return _executed(self.facts) is OrdStatus.FILLED

    @property
    def open_requests(self) -> tuple[OpenRequest, ...]:
        """Requests without an answer, by id. Only those the venue confirmed change the status."""
        return () if self.is_dead else self.facts.requests.open()

    @property
    def is_outcome_unknown(self) -> bool:
        """Whether a request went unanswered and no evidence of its outcome has come since."""
        heard_at = self.facts.standing.heard_at(self.facts.fills.last_at)
        return not self.is_dead and self.facts.requests.is_outcome_unknown(heard_at)

    # ------------------------------------------------------------------ what leaves the ledger

    def view(self) -> OrderView:
        """A frozen snapshot."""
        return order_view(self)


def _order_qty(facts: OrderFacts) -> Decimal | None:
    """A replacement to less than was executed by then amends the order to what was executed."""
    terms, fills = facts.terms, facts.fills
    qty, at = terms.order_qty, terms.qty_replaced_at
    if qty is None or at is None or qty >= fills.cum_qty:
        return qty
    return max(qty, fills.cum_at(at))


def _is_multi_day(facts: OrderFacts) -> bool:
    placed = facts.terms.placed
    return placed is not None and placed.tif in MULTI_DAY


def _executed(facts: OrderFacts) -> OrdStatus:
    """The state that its executions put an order in, and without one, its reports."""
    cum = facts.fills.cum_qty
    if cum:
        qty = _order_qty(facts)
        is_all = qty is not None and cum >= qty
        return OrdStatus.FILLED if is_all else OrdStatus.PARTIALLY_FILLED
    if OrderRejected in facts.standing.latest:
        return OrdStatus.REJECTED
    if facts.standing.is_acknowledged:
        return OrdStatus.NEW
    # Never placed, and refused whatever was asked with it: the venue does not know it.
    nowhere = facts.terms.placed is None and facts.standing.is_nowhere
    return OrdStatus.REJECTED if nowhere else OrdStatus.PENDING_NEW


def _precedence(status: OrdStatus) -> int:
    return status.precedence
