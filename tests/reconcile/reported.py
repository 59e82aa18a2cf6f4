"""Reports of all shapes, with texts that nobody wants to meet."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import attrs
from hypothesis import strategies as st

from adapters.port import Batch, Control, Coverage
from adapters.reconcile import Break, Cause, Figure, Kind, Outcome, Pass
from adapters.reconcile.life import BreakState, Life, ResolvedBreak
from adapters.reconcile.outcome import WHATS, Absorbed
from adapters.reconcile.writing import Input, Report

DAY = date(2026, 3, 6)
HOSTILE = (
    "<script>alert(1)</script>", "=HYPERLINK(\"http://x\")", "+1+1", "-cmd|' /C calc'!A0",
    "@SUM(A1)", "</td></table><img src=x onerror=y>", "a\"b\\c\nd",
    "\x1b[31mred", "\u202egnp.exe", "&lt;", "'",
    "\t=1", "\r=1", "$title ${about}", "",
)  # fmt: skip
TEXTS = st.sampled_from(HOSTILE) | st.text(max_size=12)
AMOUNTS = st.decimals(min_value=-(10**9), max_value=10**9, places=4)
DAYS = st.dates(min_value=date(2026, 1, 1), max_value=date(2026, 12, 31))
TIMES = st.datetimes(min_value=datetime(2026, 1, 1), timezones=st.just(UTC),  # noqa: DTZ001
                     max_value=datetime(2026, 12, 31))  # noqa: DTZ001  # fmt: skip
STATUSES = st.sampled_from(["open", "explained", "waived", "adjusted", "resolved"])

BREAKS = st.builds(
    Break,
    account=st.just("A"),
    kind=st.sampled_from(Kind),
    subject=TEXTS,
    reference=TEXTS,
    ledger_value=TEXTS | AMOUNTS.map(str),
    broker_value=TEXTS,
    business_date=DAYS,
    currency=st.none() | TEXTS,
    difference=st.none() | AMOUNTS,
    unit=TEXTS,
    cause=st.sampled_from(Cause),
    note=TEXTS,
    evidence=st.lists(TEXTS, max_size=3).map(tuple),
    match_pass=st.none() | st.sampled_from(Pass),
    parted_after=st.none() | st.integers(0, 9),
)
FIGURES = st.builds(
    Figure,
    name=TEXTS,
    subject=TEXTS,
    what=st.sampled_from(WHATS),
    ledger=AMOUNTS,
    broker=st.none() | AMOUNTS,
)
CONTROLS = st.builds(Control, name=TEXTS, currency=TEXTS, stated=AMOUNTS, rows=AMOUNTS)
ABSORBED = st.builds(
    Absorbed, kind=st.sampled_from(Kind), subject=TEXTS, difference=AMOUNTS, tolerance=AMOUNTS
)
RESOLVED = st.builds(
    ResolvedBreak,
    break_id=st.just("0123456789abcdef"),
    kind=TEXTS,
    subject=TEXTS,
    how=TEXTS,
    opened_on=DAYS,
)
INPUTS = st.builds(Input, name=TEXTS, sha256=st.just("0" * 64), bytes=st.integers(0, 99))


@st.composite
def reports(draw: st.DrawFn, incomplete: bool | None = None) -> Report:
    """A report of an account, whole or not."""
    is_whole = not (draw(st.booleans()) if incomplete is None else incomplete)
    breaks = draw(st.lists(BREAKS, max_size=4, unique_by=lambda one: one.break_id))
    outcome = Outcome(
        batch=batch(draw),
        as_of=draw(st.none() | TIMES),
        business_date=DAY,
        known_at=draw(st.integers(0, 99)),
        digest="f" * 64,
        incomplete=() if is_whole else tuple(draw(st.lists(TEXTS, min_size=1, max_size=2))),
        breaks=tuple(breaks) if is_whole else (),
        matched={Pass.KEY: draw(st.integers(0, 99))} if is_whole else {},
        positions=tuple(draw(st.lists(FIGURES, max_size=2))),
        balances=tuple(draw(st.lists(FIGURES, max_size=2))),
        controls=tuple(draw(st.lists(CONTROLS, max_size=2))),
        absorbed=tuple(draw(st.lists(ABSORBED, max_size=2))),
    )
    life = Life(
        states={one.break_id: draw(states(one.break_id)) for one in outcome.breaks},
        resolved=tuple(draw(st.lists(RESOLVED, max_size=2))) if is_whole else (),
    )
    inputs = tuple(draw(st.lists(INPUTS, max_size=2)))
    return Report(outcome=outcome, life=life, inputs=inputs)


def batch(draw: st.DrawFn) -> Batch:
    coverage = Coverage(
        covers_from=draw(st.none() | TIMES), sections=("Trades",), rows=(("Trade", 3),)
    )
    return Batch(venue=draw(TEXTS), account=draw(TEXTS), parser="p", parser_version="1",
                 digest="d", statement_id=draw(TEXTS), coverage=coverage)  # fmt: skip


@st.composite
def states(draw: st.DrawFn, break_id: str) -> BreakState:
    """Where a break is in its life."""
    age = draw(st.integers(0, 9))
    return BreakState(
        break_id=break_id,
        status=draw(STATUSES),
        opened_on=DAY - timedelta(days=age),
        age=age,
        is_new=not age,
        who=draw(TEXTS),
        note=draw(TEXTS),
        waived_until=draw(st.none() | DAYS),
    )


def one_break(kind: Kind = Kind.CASH_BALANCE, status: str = "open", age: int = 0,
              subject: str = "USD") -> Report:  # fmt: skip
    """A report with one break in it."""
    found = Break(account="A", kind=kind, subject=subject, reference="balance", ledger_value="-1",
                  broker_value="2", business_date=DAY, difference=Decimal(3),
                  unit="USD")  # fmt: skip
    state = BreakState(break_id=found.break_id, status=status, opened_on=DAY, age=age,
                       is_new=not age)  # fmt: skip
    outcome = Outcome(batch=Batch(venue="V", account="A", parser="p", parser_version="1",
                                  digest="d"), as_of=None, business_date=DAY, known_at=1,
                      digest="f" * 64, breaks=(found,))  # fmt: skip
    return Report(outcome=outcome, life=Life(states={found.break_id: state}))


def shuffled(report: Report) -> Report:
    """The same report, its breaks found in another order."""
    turned = attrs.evolve(report.outcome, breaks=report.outcome.breaks[::-1])
    return attrs.evolve(report, outcome=turned)
