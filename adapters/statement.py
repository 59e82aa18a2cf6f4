"""What a statement says is there, beside what the books say. It finds; it never edits.

Every position and balance that a report states is compared with the books as of the report's
end, to the digit. Where a report lists all there is, what it does not list is stated as nothing;
a section that is absent, or has a row that could not be read, says nothing about the rest. Units
of a currency pair are money, which is among the balances.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from enum import Enum
from functools import cached_property
from typing import Final

import attrs

from adapters.naming import symbols
from adapters.port import Batch, Coverage
from ledger.domain.accounts import Account
from ledger.domain.events import (
    CashEvent,
    Event,
    FillBooked,
    PositionEvent,
    StatedBalance,
    StatementRecorded,
)
from ledger.domain.instruments import InstrumentKind
from ledger.domain.numbers import ZERO, add, subtract, text
from ledger.history import KnownAt
from ledger.reading import Reader

_TICK: Final = timedelta(microseconds=1)
_MID_LIFE: Final = (
    "unknown opening balance: the likely cause, since the statement begins in mid-life; or"
)
_LOOK: Final = "look before recording anything"


class Kind(Enum):
    """What a statement states."""

    POSITION = "position"
    CASH = "cash"


@attrs.frozen(kw_only=True)
class Line:
    """One stated figure beside the booked one: signed units of an instrument, or a balance.

    ``name`` is the instrument's symbol, or the currency. ``cause`` is what the difference is
    likely to come from, in words; empty where there is none. ``begins_open``: the report begins
    with units or money that the books know nothing of. ``rounding``: so much of what it states the
    venue may lose when it prints it.
    """

    kind: Kind
    subject: str
    name: str
    booked: Decimal
    stated: Decimal
    cause: str = ""
    begins_open: bool = False
    rounding: Decimal = ZERO

    @property
    def agrees(self) -> bool:
        """Whether both are the same, to the digit but for what the venue rounds away."""
        return is_near(self.booked, self.stated, self.rounding)

    @property
    def difference(self) -> Decimal:
        """Stated less booked: what the books lack."""
        return subtract(self.stated, self.booked)


def is_near(one: Decimal, other: Decimal, rounding: Decimal) -> bool:
    """Whether two amounts are one but for what is lost in print."""
    return subtract(one, other).copy_abs() <= rounding


def compare(book: Reader, batch: Batch, *, known_at: KnownAt = None) -> list[Line]:
    """Every stated figure of a report that was ingested, beside the books as of its end."""
    if not states_something(batch):
        return []
    return Comparison(book, batch, known_at).lines()


def stated_again(account: str, statement: StatementRecorded) -> Batch:
    """A statement on record as the report it came from, as far as it was kept: its figures, but
    not its rows, nor whether it listed all there was."""
    return Batch(
        venue=statement.venue,
        account=account,
        parser="",
        parser_version="",
        digest=statement.digest,
        statement_id=statement.statement_id,
        coverage=Coverage(covers_from=statement.covers_from, covers_to=statement.covers_to),
        positions=statement.positions,
        balances=statement.balances,
    )


def states_something(batch: Batch) -> bool:
    """Whether the report says what there is at its end, and not only what happened."""
    covers = batch.coverage
    listed = covers.lists_positions or covers.lists_balances
    return bool(batch.positions or batch.balances or listed)


class Comparison:
    """One report beside the books; what only a cause needs is read when one is asked for.
    ``account`` is the books as of the report's end: nobody changes it."""

    def __init__(self, book: Reader, batch: Batch, known_at: KnownAt) -> None:
        self._book = book
        self._batch = batch
        self._covers = batch.coverage
        self._known_at = known_at
        self.account = self._at_the_end()

    @cached_property
    def _symbols(self) -> dict[str, str]:
        return symbols(self.account)

    def _at_the_end(self) -> Account:
        """The books as of the report's end, or of its last row if that is later: what it reports
        belongs to it, also where its times and its days are of different zones."""
        state = self._book.at(self._batch.account, known_at=self._known_at)
        if self._covers.covers_to is None or state.last_at is None:
            return state
        rows = (record.occurred_at for record in self._batch.records)
        end = max([self._covers.covers_to - _TICK, *rows])
        if state.last_at <= end:
            return state
        return self._book.at(self._batch.account, as_of=end, known_at=self._known_at)

    def lines(self) -> list[Line]:
        """Every stated figure: positions, then balances."""
        return [*self.positions(), *self.balances()]

    def positions(self) -> Iterator[Line]:
        """The stated positions; with a whole list, also what is held and not on it."""
        stated: dict[str, Decimal] = {}
        for one in self._batch.positions:
            stated[one.instrument_id] = add(stated.get(one.instrument_id, ZERO), one.qty)
        held = self._held()
        unlisted = sorted(held.keys() - stated.keys()) if self._covers.lists_positions else []
        for instrument_id in (*sorted(stated), *(one for one in unlisted if self._is_listed(one))):
            booked, said = held.get(instrument_id, ZERO), stated.get(instrument_id, ZERO)
            yield self._position(instrument_id, booked, said)

    def _held(self) -> dict[str, Decimal]:
        """Units by instrument, all its books together, those in suspense among them."""
        held: dict[str, Decimal] = {}
        for key, position in self.account.positions.items():
            if position.holding.last_at is not None:
                view = self.account.view(key)
                units = add(view.net_qty, view.suspense_qty)
                held[key.instrument_id] = add(held.get(key.instrument_id, ZERO), units)
        return held

    def _is_listed(self, instrument_id: str) -> bool:
        """Whether an instrument's units would stand among the positions: not if they are money,
        nor if they are held at another venue."""
        instrument = self.account.instrument(instrument_id)
        if instrument is None:
            return True
        is_here = instrument.venue in {None, self._batch.venue}
        return is_here and instrument.kind is not InstrumentKind.SPOT

    def _position(self, instrument_id: str, booked: Decimal, stated: Decimal) -> Line:
        name = self._symbols.get(instrument_id, instrument_id)
        agrees = booked == stated
        cause = "" if agrees else self._why_position(name, subtract(stated, booked))
        return Line(kind=Kind.POSITION, subject=instrument_id, name=name, booked=booked,
                    stated=stated, cause=cause,
                    begins_open=not agrees and not self._has_traded_before)  # fmt: skip

    def _why_position(self, name: str, missing: Decimal) -> str:
        if self._has_traded_before:
            return f"{self._set_aside}a trade, transfer or corporate action is missing or differs"
        return (
            f"{self._set_aside}{_MID_LIFE} a missing trade or a wrong correction: {_LOOK}. "
            f"What the books say of {name} is of the booked units alone; an opening position "
            f"would account for {text(missing)} units"
        )

    def balances(self) -> Iterator[Line]:
        """The stated balances; with a whole list, also the money that is not on it."""
        booked = {view.currency: view.total for view in self.account.balances()}
        for stated in self._batch.balances:
            yield self._balance(stated, booked.pop(stated.currency, ZERO))
        if self._covers.lists_balances:
            for currency in booked:
                yield self._balance(StatedBalance(currency=currency, ending=ZERO), booked[currency])

    def _balance(self, stated: StatedBalance, booked: Decimal) -> Line:
        agrees = is_near(booked, stated.ending, stated.rounding)
        return Line(kind=Kind.CASH, subject=stated.currency, name=stated.currency, booked=booked,
                    stated=stated.ending, begins_open=not agrees and self._is_begun(stated),
                    cause="" if agrees else self._why_balance(stated, booked),
                    rounding=stated.rounding)  # fmt: skip

    def _is_begun(self, stated: StatedBalance) -> bool:
        """Whether the report begins with another balance than the books have there."""
        if stated.opening is None:
            return not self._has_paid_before
        return not self._has_begun_as_stated(stated, stated.opening)

    def _why_balance(self, stated: StatedBalance, booked: Decimal) -> str:
        """The opening that is not booked, then the totals that the report's own rows do not make;
        each is named with its figures, none is guessed."""
        if stated.opening is None and not self._has_paid_before:
            return f"{self._set_aside}{_MID_LIFE} a missing or a wrong movement: {_LOOK}"
        reasons, missing = [], subtract(stated.ending, booked)
        if stated.opening is not None and not self._has_begun_as_stated(stated, stated.opening):
            began = self._began_with(stated.currency)
            missing = subtract(missing, subtract(stated.opening, began))
            both = f"{text(stated.opening)}, the books with {text(began)}"
            reasons.append(f"opening balance not booked: the statement begins with {both}")
        if missing.copy_abs() > stated.rounding:
            movement = f"a movement of {text(missing)} is missing or differs"
            reasons += [*self._totals(stated.currency)] or [movement]
        return self._set_aside + "; ".join(reasons)

    def _totals(self, currency: str) -> Iterator[str]:
        """The report's own totals that its rows do not make, in this currency."""
        for control in self._covers.controls:
            if control.currency == currency and not control.agrees:
                both = f"rows {text(control.rows)}, cash report {text(control.stated)}"
                yield f"{control.name}: {both}"

    @property
    def _set_aside(self) -> str:
        """What goes before any other cause: rows that were not booked."""
        aside = len(self._batch.quarantine)
        return f"{aside} of its rows were set aside and not booked; else " if aside else ""

    def _began_with(self, currency: str) -> Decimal:
        """The booked balance at the beginning of the report, by what others than it say."""
        return self._opening.get(currency, ZERO) if self._has_paid_before else ZERO

    def _has_begun_as_stated(self, stated: StatedBalance, opening: Decimal) -> bool:
        return is_near(self._began_with(stated.currency), opening, stated.rounding)

    def opening(self, currency: str) -> Decimal | None:
        """The booked balance at the beginning of the report, before anything it tells; None where
        it does not say when it begins."""
        return None if self._covers.covers_from is None else self._opening.get(currency, ZERO)

    @cached_property
    def _opening(self) -> dict[str, Decimal]:
        begins = self._covers.covers_from
        if begins is None:
            return {}
        is_own = any(record.occurred_at == begins for record in self._batch.records)
        moment = begins - _TICK if is_own else begins
        began = self._book.at(self._batch.account, as_of=moment, known_at=self._known_at)
        return {view.currency: view.total for view in began.balances()}

    @cached_property
    def _has_traded_before(self) -> bool:
        return self._has_before((FillBooked, PositionEvent))

    @cached_property
    def _has_paid_before(self) -> bool:
        return self._has_before((FillBooked, CashEvent))

    def _has_before(self, kinds: tuple[type[Event], ...]) -> bool:
        """Whether anything of these kinds is booked from before the report, or for its first
        moment, by others than it."""
        begins = self._covers.covers_from
        own = {_key(record.event, self._batch.account) for record in self._batch.records}
        return begins is not None and any(
            isinstance(fact.event, kinds) and fact.occurred_at <= begins and fact.key not in own
            for fact in self._book.log(self._batch.account, known_at=self._known_at)
        )


def _key(event: Event, account: str) -> str:
    identity = event.identity()
    return identity.key(account) if identity else ""


def beginning(batch: Batch) -> datetime | None:
    """The last moment before the report: where an opening position or balance belongs."""
    begins = batch.coverage.covers_from
    return begins - _TICK if begins else None
