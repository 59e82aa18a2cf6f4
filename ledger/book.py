"""Book: what a bot's author holds in his hand.

A book keeps the accounts it has loaded in memory and folds what it appends; it never rereads
a stream for a command. Commands are decided on that state and appended at its version; if
another process was faster, the book catches up and decides again. What a venue reports is a
fact and is appended whatever the books say.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from ledger.charged import charged_before
from ledger.conflicts import conflict_text
from ledger.deciding import (
    Decision,
    decided,
    enriched,
    key_of,
    new_issues,
    repeated,
    require_zones,
    then,
)
from ledger.domain.account_rules import (
    check_booking_change,
    check_definition,
    check_trade,
    spin_off,
    transfer_legs,
)
from ledger.domain.accounts import Account
from ledger.domain.events import (
    NET,
    NO_META,
    AccountOpened,
    Booking,
    BookingMethodChanged,
    Event,
    Fact,
    FillBooked,
    InstrumentDefined,
    Leg,
    Meta,
    OrderAccepted,
    PositionTransferred,
    SpinOffReceived,
    make_fact,
)
from ledger.domain.gates import changed
from ledger.domain.instruments import Instrument
from ledger.domain.order_commands import CancelOrder, MoveStop, OrderCommand, PlaceOrder
from ledger.domain.sighting import more_of
from ledger.errors import ConflictError, RefusedError, StaleStreamError
from ledger.pricing import PriceWriter
from ledger.reading import Reader
from ledger.store.port import (
    AlreadyAppended,
    Appended,
    Conflict,
    EventStore,
    Outcome,
    Revise,
)

RETRIES = 3
CHANNEL = "book"  # what a fill told again to the book itself was sighted on


class Book(Reader, PriceWriter):
    """The books of all accounts in one store.

    >>> import ledger
    >>> book = ledger.open("memory://")
    >>> _ = book.open_account("paper", base_currency="USD")
    >>> _ = book.define("paper", ledger.Instrument(instrument_id="X", symbol="X",
    ...                 kind=ledger.InstrumentKind.EQUITY, currency="USD"))
    >>> _ = book.fill("paper", exec_id="e1", instrument_id="X", side=ledger.Side.BUY,
    ...               last_qty=Decimal(2), last_px=Decimal("10.50"))
    >>> book.position("paper", "X").net_qty
    Decimal('2')
    """

    def __init__(self, store: EventStore, clock: Callable[[], datetime]) -> None:
        super().__init__(store)
        self.clock = clock

    # -- facts --------------------------------------------------------------------------

    def record(
        self,
        account: str,
        event: Event,
        *,
        occurred_at: datetime | None = None,
        meta: Meta = NO_META,
        key: str | None = None,
    ) -> Outcome:
        """Record a fact from outside. The same fact again has no effect; the same key with
        other content raises ``ConflictError`` and records nothing."""
        fact = make_fact(account, event, occurred_at or self.clock(), meta=meta, key=key)
        outcome = self.record_all([fact])[0]
        if isinstance(outcome, Conflict):
            raise ConflictError(conflict_text(outcome))
        return outcome

    def record_all(
        self, facts: Sequence[Fact], *, revise: Revise | None = None, dry_run: bool = False
    ) -> list[Outcome]:
        """Record many facts in one transaction; one outcome for each, in order."""
        require_zones(facts)
        with self._lock:
            complete = enriched(self.store, facts)
            outcomes = self.store.append(complete, revise=revise, dry_run=dry_run)
            if not dry_run:
                is_all_new = all(isinstance(outcome, Appended) for outcome in outcomes)
                revised = revise is not None and not is_all_new  # else nothing was asked of it
                self._fold_new(outcomes, {fact.stream for fact in facts}, revised)
            return outcomes

    def open_account(
        self, account: str, *, base_currency: str, occurred_at: datetime | None = None, **how: Any
    ) -> Outcome:
        """Begin an account's books; ``how`` is any other field of ``AccountOpened``."""
        event = AccountOpened(base_currency=base_currency, **how)
        return self.record(account, event, occurred_at=occurred_at)

    def define(
        self, account: str, instrument: Instrument, *, effective_from: datetime | None = None
    ) -> Outcome:
        """Say what an instrument is, from ever or from a moment on; what its money is (kind,
        currencies, settlement) stays as it was first defined."""
        at = self.clock()
        event = InstrumentDefined(instrument=instrument, effective_from=effective_from)

        def decide(state: Account) -> list[Fact]:
            check_definition(state, instrument)
            return [make_fact(account, event, at)]

        return self._decide_new(account, decide, [make_fact(account, event, at)])[0]

    def fill(self, account: str, *, occurred_at: datetime | None = None, **fill: Any) -> Outcome:
        """Book an execution; the fields are those of ``FillBooked``. Told again it has no effect,
        but for what was not known the first time: its fees, an order, a settlement date."""
        event, at = FillBooked(**fill), occurred_at or self.clock()
        outcome = self.record(account, event, occurred_at=at)
        booked = outcome.recorded.event
        if isinstance(outcome, AlreadyAppended) and isinstance(booked, FillBooked):
            key = outcome.recorded.key
            asked = {} if booked.fees else {key: event}
            charged = charged_before(self.store, account, asked).get(key, ())
            told = more_of(booked, event, CHANNEL, charged)
            more = [make_fact(account, one, at) for one in told]
            if more:
                self.record_all(more)
        return outcome

    def accept(
        self,
        account: str,
        cl_ord_id: str,
        *,
        order_id: str | None = None,
        occurred_at: datetime | None = None,
    ) -> Outcome:
        """The venue took the order."""
        event = OrderAccepted(cl_ord_id=cl_ord_id, order_id=order_id)
        return self.record(account, event, occurred_at=occurred_at)

    # -- commands -----------------------------------------------------------------------

    def execute(
        self,
        account: str,
        command: OrderCommand,
        *,
        occurred_at: datetime | None = None,
        key: str | None = None,
        meta: Meta = NO_META,
    ) -> list[Outcome]:
        """Decide a command on the books as they are, and record what follows from it.

        Raises a ``RefusedError`` when today's rules refuse it; repeated under the same key (an
        order's own id, ``key``, or subject and ``occurred_at``) it answers what was recorded.
        """
        at = occurred_at or self.clock()

        def decide(state: Account) -> list[Fact]:
            events = decided(self.store, state, command)
            return [make_fact(account, event, at, meta=meta, key=key) for event in events]

        return self._decide(account, decide, key_of(account, command, at, key))

    def place(self, account: str, *, occurred_at: datetime | None = None, **order: Any) -> Outcome:
        """Place an order; the fields are those of ``PlaceOrder``."""
        return self.execute(account, PlaceOrder(**order), occurred_at=occurred_at)[0]

    def cancel(
        self, account: str, *, occurred_at: datetime | None = None, **request: Any
    ) -> Outcome:
        """Ask to cancel an order; the fields are those of ``CancelOrder``."""
        return self.execute(account, CancelOrder(**request), occurred_at=occurred_at)[0]

    def move_stop(
        self, account: str, *, occurred_at: datetime | None = None, **move: Any
    ) -> Outcome:
        """Move the stop of an order; the fields are those of ``MoveStop``."""
        return self.execute(account, MoveStop(**move), occurred_at=occurred_at)[0]

    def trade(self, account: str, *, occurred_at: datetime | None = None, **fill: Any) -> Outcome:
        """Enter a trade by hand: a fill that the account's policies may refuse, for itself or
        for what it would do to later ones. Of trades at one instant, what was entered first
        comes first, unless ``seq`` says otherwise."""
        event = FillBooked(**(fill | {"by_hand": True}))
        at = occurred_at or self.clock()

        def decide(state: Account) -> list[Fact]:
            seq = state.version + 1 if event.seq is None else event.seq
            fact = make_fact(account, changed(event, seq=seq), at)
            check_trade(state, event, new_issues(self.store, state, fact))
            return [fact]

        return self._decide(account, decide, event.identity().key(account))[0]

    def change_booking(
        self,
        account: str,
        booking: Booking,
        *,
        instrument_id: str | None = None,
        occurred_at: datetime | None = None,
        meta: Meta = NO_META,
    ) -> Outcome:
        """Another booking method; only while flat, or after every known fill."""
        event = BookingMethodChanged(booking=booking, instrument_id=instrument_id)
        at = occurred_at or self.clock()

        def decide(state: Account) -> list[Fact]:
            check_booking_change(state, then(self.store, state, at), event, at)
            return [make_fact(account, event, at, meta=meta)]

        return self._decide(account, decide, make_fact(account, event, at).key)[0]

    def transfer(
        self,
        sender: str,
        receiver: str,
        *,
        id: str,
        instrument_id: str,
        qty: Decimal,
        position_id: str = NET,
        seq: int | None = None,
        occurred_at: datetime | None = None,
    ) -> list[Outcome]:
        """Move units with their lots, basis and dates: one leg an account, one transaction."""
        at = occurred_at or self.clock()
        asked = PositionTransferred(
            id=id,
            leg=Leg.OUT,
            instrument_id=instrument_id,
            qty=qty,
            counterparty=receiver,
            position_id=position_id,
            seq=seq,
        )
        into = changed(asked, leg=Leg.IN, counterparty=sender)

        def decide(state: Account) -> list[Fact]:
            legs = transfer_legs(then(self.store, state, at), self.account(receiver), asked)
            return [make_fact(sender, legs[0], at), make_fact(receiver, legs[1], at)]

        asks = [make_fact(sender, asked, at), make_fact(receiver, into, at)]
        return self._decide_new(sender, decide, asks)

    def spin_off(
        self,
        account: str,
        event: SpinOffReceived,
        *,
        basis_share: Decimal,
        occurred_at: datetime | None = None,
    ) -> Outcome:
        """Book a spin-off with the share (0..1) of the parent's basis that goes with it."""
        at = occurred_at or self.clock()

        def decide(state: Account) -> list[Fact]:
            received = spin_off(then(self.store, state, at), event, basis_share)
            return [make_fact(account, received, at)]

        return self._decide_new(account, decide, [make_fact(account, event, at)])[0]

    def _decide_new(self, account: str, decide: Decision, asked: Sequence[Fact]) -> list[Outcome]:
        """Decide an act whose facts depend on the books, unless it was decided before: then what
        was recorded is its answer, whatever the books say now."""
        known = repeated(self.store, asked)
        return known or self._decide(account, decide, asked[0].key)

    def _decide(self, account: str, decide: Decision, known_key: str) -> list[Outcome]:
        """Fold, decide, append at the version decided on; again when another was faster, and
        when that goes on, with the writer's lock held from the fold on."""
        with self._lock:
            for _ in range(RETRIES):
                try:
                    outcomes = self._decide_once(account, decide, known_key)
                    break
                except StaleStreamError:
                    continue
            else:
                with self.store.exclusive():
                    outcomes = self._decide_once(account, decide, known_key)
            self._fold_new(outcomes, {one.recorded.stream for one in outcomes}, revised=False)
            return outcomes

    def _decide_once(self, account: str, decide: Decision, known_key: str) -> list[Outcome]:
        """The outcomes of a decision on the account as it is; nothing is folded yet."""
        state = self.account(account)
        try:
            facts = decide(state)
        except RefusedError:
            known = self.store.by_key([known_key]).get(known_key)
            if known is None:
                raise
            return [AlreadyAppended(known)]
        others = {fact.stream for fact in facts} - {account}
        expected = {account: state.version}
        expected |= {name: self.account(name).version for name in others}
        return self.store.append(facts, expected=expected, all_or_nothing=True)

    def _fold_new(self, outcomes: list[Outcome], streams: set[str], revised: bool) -> None:
        """Fold what was just appended; read the rest where others wrote in between."""
        for name in streams & self._accounts.keys():
            account = self._accounts[name]
            new = [
                outcome.recorded
                for outcome in outcomes
                if isinstance(outcome, Appended) and outcome.recorded.stream == name
            ]
            follows = bool(new) and not revised and new[0].version == account.version + 1
            if follows and new[-1].version == account.version + len(new):
                self._catch_up(account, new)
            elif new or revised:
                self._catch_up(account, self.store.skim(name, after=account.version))
