"""A report: what a run found, where each break is in its life, and what it was made from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import cached_property
from typing import Final, NamedTuple, Self

import attrs

from adapters.cells import printable
from adapters.port import RawPage
from adapters.reconcile.ageing import LeftOut
from adapters.reconcile.breaks import Break
from adapters.reconcile.kinds import Kind, Severity
from adapters.reconcile.life import BreakState, Life
from adapters.reconcile.outcome import Outcome, Verdict
from projections.reconciliation import RESOLVED, WAIVED

AGES: Final = ("0", "1", "2-3", "4-5", ">5")
"""The columns of ageing, in business days."""


class Line(NamedTuple):
    """A break and where it is in its life."""

    found: Break
    state: BreakState

    @property
    def is_waived(self) -> bool:
        """Whether somebody signed that it may stand for now."""
        return self.state.status == WAIVED

    @property
    def is_open(self) -> bool:
        """Whether it waits for somebody: it is not waived, nor did a later report settle it."""
        return self.state.status not in {WAIVED, RESOLVED}


class Input(NamedTuple):
    """A file that was read: its SHA-256, hexadecimal, and how many bytes it has."""

    name: str
    sha256: str
    bytes: int

    @classmethod
    def of(cls, page: RawPage) -> Self:
        """What is told of a file."""
        return cls(printable(page.name), page.digest, len(page.content))


class KindCount(NamedTuple):
    """How many breaks of a kind there are; ``oldest`` in business days."""

    kind: Kind
    breaks: int
    open: int
    waived: int
    new: int
    oldest: int


@attrs.frozen(kw_only=True, slots=False)
class Report:
    """All that the files of a report tell. ``inputs`` are the files that were read; ``values`` is
    what breaks come to in ``base_currency``, by their keys, where marks and rates are known;
    ``left_out`` are the holidays that ages were counted without, of no calendar None."""

    outcome: Outcome
    life: Life = attrs.field(factory=Life)
    inputs: tuple[Input, ...] = ()
    values: Mapping[str, Decimal | None] = attrs.field(factory=dict)
    base_currency: str = ""
    left_out: LeftOut | None = None

    @property
    def is_complete(self) -> bool:
        """Whether anything may be said of breaks."""
        return self.outcome.verdict is not Verdict.INCOMPLETE

    @cached_property
    def lines(self) -> tuple[Line, ...]:
        """The breaks, the worst first; then by kind, subject and reference."""
        states = self.life.states
        lines = (Line(one, states[one.break_id]) for one in self.outcome.breaks)
        return tuple(sorted(lines, key=_place))

    @property
    def open_lines(self) -> list[Line]:
        """Those that wait for somebody."""
        return [line for line in self.lines if line.is_open]

    @property
    def waived_lines(self) -> list[Line]:
        """Those that somebody waived."""
        return [line for line in self.lines if line.is_waived]

    @property
    def settled_lines(self) -> list[Line]:
        """Those of an earlier report that a later one has settled."""
        return [line for line in self.lines if line.state.status == RESOLVED]

    @property
    def new_lines(self) -> list[Line]:
        """Those that this business date brought."""
        return [line for line in self.lines if line.state.is_new]

    @cached_property
    def symbols(self) -> dict[str, str]:
        """What to call the instruments that the report names."""
        defined = (one.instrument for one in self.outcome.batch.instruments)
        named = {one.instrument_id: one.symbol for one in defined}
        return named | {one.subject: one.name for one in self.outcome.positions}

    def by_kind(self) -> list[KindCount]:
        """Counts by kind, the worst first."""
        found: dict[Kind, list[Line]] = {}
        for line in self.lines:
            found.setdefault(line.found.kind, []).append(line)
        return [_counted(kind, lines) for kind, lines in found.items()]

    def ageing(self) -> dict[Severity, dict[str, int]]:
        """How many open breaks have which age, by severity."""
        found = Counter((line.found.severity, age_of(line.state.age)) for line in self.open_lines)
        return {one: {age: found[one, age] for age in AGES} for one in Severity}

    def is_failing(self, least: Severity) -> bool:
        """Whether an open break matters at least so much."""
        return any(rank(line.found.severity) <= rank(least) for line in self.open_lines)


def rank(severity: Severity) -> int:
    """The place of a severity: 0 is the worst."""
    return list(Severity).index(severity)


def age_of(days: int) -> str:
    """The column of an age in business days.

    >>> [age_of(days) for days in (0, 1, 2, 3, 5, 6)]
    ['0', '1', '2-3', '2-3', '4-5', '>5']
    """
    last = ((0, "0"), (1, "1"), (3, "2-3"), (5, "4-5"))
    return next((name for most, name in last if days <= most), ">5")


def _place(line: Line) -> tuple[int, str, str, str]:
    found = line.found
    return rank(found.severity), found.kind.value, found.subject, found.reference


def _counted(kind: Kind, lines: Sequence[Line]) -> KindCount:
    return KindCount(
        kind=kind,
        breaks=len(lines),
        open=sum(line.is_open for line in lines),
        waived=sum(line.is_waived for line in lines),
        new=sum(line.state.is_new for line in lines),
        oldest=max(line.state.age for line in lines),
    )
