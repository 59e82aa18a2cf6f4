"""Random nights with random breaks: what holds of every break's life, whatever happens."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import attrs
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from adapters.ingest import ingest
from adapters.port import Record
from adapters.reconcile.ageing import age
from adapters.reconcile.kinds import Kind
from adapters.reconcile.life import Life
from ledger.domain.events import (
    BreakEvent,
    BreakExplained,
    BreakOpened,
    BreakReopened,
    BreakResolved,
    BreakWaived,
    Event,
    FeeCharged,
    FillBooked,
    FillBusted,
    FillCorrected,
    InstrumentDefined,
    Side,
    StatedPosition,
)
from ledger.domain.gates import changed
from tests.reconcile.nights import ACCOUNT, NOW, VENUE, Nights, day, fee, fill
from tests.reconcile.planted import PLANTERS, Planted, plant

DAYS = st.dates(date(2026, 1, 1), date(2026, 12, 31))
HOUR = timedelta(hours=1)


# ---------------------------------------------------------------------------------- ages


@given(DAYS, DAYS, st.sets(DAYS, max_size=5))
def test_an_age_is_what_counting_gives(opened: date, on: date, free: set[date]) -> None:
    days = (opened + timedelta(nth) for nth in range(1, (on - opened).days + 1))
    counted = [one for one in days if one.weekday() < 5 and one not in free]
    assert age(opened, on, free) == len(counted)


# -------------------------------------------------------------------------------- nights


WRONG = (Kind.MISSING_IN_LEDGER, Kind.MISSING_AT_BROKER, Kind.PRICE, Kind.FEE)


@attrs.define
class Sides:
    """A fill as both sides have it; what it takes to mend the books, if they are wrong."""

    told: FillBooked | None
    mending: Event | None
    nth: int
    kind: Kind | None = None


def bust(name: str) -> FillBusted:
    return FillBusted(exec_id=f"b-{name}", exec_ref_id=name, venue=VENUE, instrument_id="V:X")


class NightsMachine(RuleBasedStateMachine):
    """Fills of which some are booked wrongly; runs over some days; somebody mends the books."""

    @initialize()
    def begin(self) -> None:
        self.nights = Nights.begin()
        self.nights.booked(fill("before"), day(-5))
        self.sides: dict[str, Sides] = {}
        self.today = 0
        self.ages: dict[str, int] = {}
        for kind in WRONG:
            self.trade(kind)

    @rule(kind=st.sampled_from([None, *WRONG]))
    def trade(self, kind: Kind | None) -> None:
        name = f"x{len(self.sides)}"
        one = fill(name, last_px=Decimal(5 + len(self.sides)), fees=fee("1"))
        sides = Sides(one, None, self.today, kind)
        booked: FillBooked | None = one
        if kind is Kind.MISSING_IN_LEDGER:
            booked, sides.mending = None, one
        elif kind is Kind.MISSING_AT_BROKER:
            sides.told, sides.mending = None, bust(name)
        elif kind is Kind.PRICE:
            booked = changed(one, last_px=Decimal(999))
            sides.mending = FillCorrected(exec_id=f"c-{name}", exec_ref_id=name, venue=VENUE,
                                          instrument_id="V:X", last_qty=one.last_qty,
                                          last_px=one.last_px)  # fmt: skip
        elif kind is Kind.FEE:
            booked = changed(one, fees=())
            sides.mending = FeeCharged(
                id=name, amount=Decimal(1), currency="USD", venue=VENUE, exec_id=name
            )
        self.sides[name] = sides
        if booked is not None:
            self.nights.booked(booked, self.at(sides))

    def at(self, sides: Sides) -> Any:
        return day(sides.nth) + HOUR

    @rule()
    def night_falls(self) -> None:
        self.today += 1

    @precondition(lambda self: any(one.mending for one in self.sides.values()))
    @rule(data=st.data())
    def mend(self, data: st.DataObject) -> None:
        wrong = sorted(name for name, one in self.sides.items() if one.mending)
        sides = self.sides[data.draw(st.sampled_from(wrong))]
        assert sides.mending is not None
        self.nights.booked(sides.mending, self.at(sides))
        sides.mending = None

    @precondition(lambda self: self.open())
    @rule(data=st.data(), is_waived=st.booleans())
    def say(self, data: st.DataObject, is_waived: bool) -> None:
        name = data.draw(st.sampled_from(self.open()))
        until = (day(self.today) + timedelta(days=1)).date()
        event: BreakEvent = BreakExplained(break_id=name, note="n", who="me")
        if is_waived:
            event = BreakWaived(break_id=name, reason="r", who="me", until=until)
        self.nights.book.record(
            ACCOUNT, event, occurred_at=NOW + timedelta(seconds=self.nights.head())
        )

    def open(self) -> list[str]:
        return [one.break_id for one in self.nights.known() if not one.is_resolved]

    @rule(days=st.integers(1, 3), states=st.booleans(),
          venue=st.sampled_from([VENUE, VENUE, VENUE, "W"]),
          is_whole=st.sampled_from([True, True, True, False]))  # fmt: skip
    def run(self, days: int, states: bool, venue: str, is_whole: bool) -> None:
        about = [one for one in self.sides.values() if self.today - one.nth < days]
        told = [(one.told, self.at(one)) for one in about if one.told is not None]
        more: dict[str, Any] = {"coverage": {} if is_whole else {"missing": ("page 2",)}}
        if states:
            more["positions"] = (StatedPosition(instrument_id="V:X", qty=self.stated()),)
        batch = self.nights.batch(self.today, told if venue == VENUE else (), days=days,
                                  venue=venue, **more)  # fmt: skip
        before, head = self.nights.known(), self.nights.head()
        life = self.nights.run(batch)
        if not is_whole:
            assert self.nights.head() == head
        if venue != VENUE:
            mine = {one.break_id for one in before if one.is_of(VENUE)}
            assert not mine & {one.break_id for one in life.resolved}
        for name, state in life.states.items():
            assert state.age >= self.ages.get(name, 0)
            self.ages[name] = state.age
        if venue == VENUE and is_whole:
            self.mended_ones_are_gone()
        head = self.nights.head()
        self.nights.run(batch)
        assert self.nights.head() == head

    def stated(self) -> Decimal:
        told = [one.told for one in self.sides.values() if one.told is not None]
        return Decimal(10) + sum(one.last_qty for one in told)

    def mended_ones_are_gone(self) -> None:
        for known in self.nights.known():
            about = list(filter(None, map(self.sides_of, known.keys)))
            if about and known.is_of(VENUE):
                assert known.is_resolved or any(one.mending for one in about), known

    def sides_of(self, reference: str) -> Sides | None:
        return self.sides.get(reference.split("/")[4]) if "//fill/" in reference else None

    @invariant()
    def a_life_is_one_line(self) -> None:
        """Opened once, and first; nothing is resolved twice without being open again."""
        last: dict[str, Event] = {}
        for fact in self.nights.facts():
            event = fact.event
            if isinstance(event, BreakEvent):
                assert isinstance(event, BreakOpened) is (event.break_id not in last)
                is_after_end = isinstance(last.get(event.break_id), BreakResolved)
                assert isinstance(event, BreakReopened) or not is_after_end
                last[event.break_id] = event

    @invariant()
    def nothing_is_resolved_that_is_not_mended(self) -> None:
        """What is still wrong is a break that stands, unless no run has seen it yet."""
        for known in self.nights.known():
            sides = self.sides_of(known.reference)
            if sides is not None and sides.kind is not None and known.is_resolved:
                same = known.kind is sides.kind
                assert not same or sides.mending is None, known


def test_every_life_keeps_the_laws() -> None:
    run_state_machine_as_test(
        NightsMachine,
        settings=settings(
            max_examples=12,
            stateful_step_count=15,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


# ------------------------------------------------------------------- every kind of break


def first_night() -> tuple[Nights, Planted]:
    """Books and a report with breaks of every kind of trade, and a night with them."""
    planted, nights = plant(7, 400, 2 * len(PLANTERS)), Nights.begin()
    nights.book.record_all(planted.facts)
    nights.run(attrs.evolve(planted.batch(), digest="first"))
    return nights, planted


def kinds(nights: Nights, *, is_resolved: bool) -> set[Kind]:
    """The kinds of which all breaks are resolved, or none is."""
    every = nights.known()
    other = {one.kind for one in every if one.is_resolved is not is_resolved}
    return {one.kind for one in every if one.kind is not None} - other


def quiet(nights: Nights, nth: int) -> Life:
    """A night on which the broker tells one fill of that day, and nothing of others."""
    one = fill(f"later{nth}", side=Side.BUY)
    nights.booked(one, day(nth) + HOUR)
    return nights.run(nights.batch(nth, [(one, day(nth) + HOUR)]))


def test_every_kind_is_opened_and_stays_until_a_report_can_tell() -> None:
    nights, planted = first_night()
    assert kinds(nights, is_resolved=False) == set(PLANTERS)
    assert not quiet(nights, 3).resolved
    before = {one.break_id for one in nights.known()}
    coverage = attrs.evolve(planted.batch().coverage, covers_to=day(5))
    life = nights.run(attrs.evolve(planted.batch(), digest="second", coverage=coverage))
    old = {name for name, state in life.states.items() if not state.is_new}
    assert old == before
    assert not life.resolved
    assert {life.states[name].age for name in old} == {4}


def test_a_report_that_tells_what_is_booked_settles_every_kind() -> None:
    nights, planted = first_night()
    told = [
        Record(event=fact.event, occurred_at=fact.occurred_at, row=f"r{nth}", digest=f"r{nth}")
        for nth, fact in enumerate(planted.facts)
        if fact.stream == ACCOUNT and not isinstance(fact.event, InstrumentDefined)
    ]
    coverage = attrs.evolve(planted.batch().coverage, covers_from=day(-9))
    mended = attrs.evolve(planted.batch(), digest="m", records=tuple(told), coverage=coverage)
    assert not nights.run(mended).states
    # Of a bust whose fill nobody knows, a report that does not tell it says nothing.
    assert kinds(nights, is_resolved=False) == {Kind.UNLINKED_REVERSAL}


def test_what_ingesting_the_report_mends_settles_itself() -> None:
    nights, planted = first_night()
    ingest(nights.book, planted.batch())
    quiet(nights, 1)
    assert kinds(nights, is_resolved=True) == {
        Kind.MISSING_IN_LEDGER, Kind.LATE_REPORTED, Kind.ACCOUNT, Kind.FEE,
        Kind.BUSTED_NOT_REVERSED, Kind.CORRECTION_NOT_BOOKED,
    }  # fmt: skip


def test_a_fill_that_is_only_paired_with_a_like_one_is_not_settled() -> None:
    nights = Nights.begin()
    told = [(fill("x", last_px=Decimal(11)), day(0) + HOUR)]
    (missing,) = nights.run(nights.batch(0, told)).states
    nights.booked(fill("y", last_px=Decimal(12)), day(0) + HOUR)
    life = nights.run(nights.batch(0, told))
    (paired,) = life.states
    assert missing != paired
    assert not life.resolved


def test_the_same_id_of_another_session_is_told_with_what_differs() -> None:
    nights = Nights.begin()
    nights.booked(fill("x", scope="S:20260301"), day(0) + HOUR)
    nights.run(nights.batch(0, [(fill("x", scope="S:20260302"), day(0) + HOUR)]))
    (known,) = nights.known()
    assert known.kind is Kind.RENUMBERED
    assert (known.ledger_value, known.broker_value) == (
        "A/V/S:20260301/fill/x/",
        "A/V/S:20260302/fill/x/",
    )
