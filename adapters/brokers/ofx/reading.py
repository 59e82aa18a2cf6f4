"""The statements of one account, read row by row; what contradicts itself is set aside."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from functools import partial
from typing import Final, NamedTuple

from adapters.brokers.ofx.cash import read_cash
from adapters.brokers.ofx.context import Context
from adapters.brokers.ofx.frame import Statement
from adapters.brokers.ofx.movements import READERS
from adapters.brokers.ofx.row import OfxRow
from adapters.brokers.ofx.securities import Securities
from adapters.brokers.ofx.stated import bank_balance, cash, position
from adapters.brokers.ofx.tags import Node
from adapters.gathering import Gathering
from adapters.port import HASH_ID, Ordinals
from ledger.conflicts import told_apart
from ledger.domain.events import (
    Event,
    FillBooked,
    Identity,
    SplitApplied,
    StatedBalance,
    StatedPosition,
)
from ledger.errors import BadRowError

_DATES: Final = frozenset({"DTSTART", "DTEND"})
_CASH_ROWS: Final = frozenset({"STMTTRN", "INVBANKTRAN"})


class Source(NamedTuple):
    """One statement and where it stands; the half-open times it covers, as far as it says."""

    page: int
    file: str
    statement: Statement
    begins: datetime | None
    ends: datetime | None


class Told(NamedTuple):
    """What one row says."""

    file: str
    row: OfxRow
    at: datetime
    events: list[Event]


class Stated(NamedTuple):
    """What one statement says is there, and whether its lists are whole."""

    ends: datetime | None
    positions: list[StatedPosition]
    balances: list[StatedBalance]
    lists_positions: bool
    lists_balances: bool


class Reading:
    """Rows are kept until the last statement is read: two of one id may contradict each other."""

    def __init__(self, gathering: Gathering, securities: Securities) -> None:
        self._gathering = gathering
        self._securities = securities
        self._told: list[Told] = []
        self._stated: list[Stated] = []
        self._ids: dict[int, Ordinals] = defaultdict(Ordinals)

    def statement(self, source: Source) -> None:
        """Read one statement."""
        gathering, node = self._gathering, source.statement.node
        gathering.file = source.file
        gathering.covers_from = _least(gathering.covers_from, source.begins)
        gathering.covers_to = _most(gathering.covers_to, source.ends)
        of = Context(
            statement=source.statement,
            securities=self._securities,
            ids=self._ids[source.page],
            define=gathering.define,
            find=gathering.find,
        )
        for name in ("INVTRANLIST", "BANKTRANLIST", "INVOOLIST"):
            for listed in node.all(name):
                self._told += self._rows(name, listed, lambda row: self._tell(row, of))
        self._stated.append(self._there(source, of))

    def finish(self) -> None:
        """Book every row that no other one contradicts; state what the last statement says."""
        clashes = set(_clashing(self._told))
        for told in self._told:
            self._gathering.file = told.file
            if any(event.identity() in clashes for event in told.events):
                rule = "this FITID stands twice and does not say the same: neither is booked"
                error = BadRowError("FITID", told.row.text("FITID"), rule)
                self._gathering.set_aside(told.row, error)
            else:
                for event in told.events:
                    self._gathering.record(told.row, event, told.at)
        self._look_at_ties(clashes)
        self._state()

    def _rows(self, name: str, listed: Node, read: Callable[[OfxRow], Told]) -> list[Told]:
        nodes = [node for node in listed.children if node.tag not in _DATES]
        rows = [self._row(node, place) for place, node in enumerate(nodes, start=1)]
        return self._gathering.section(name, rows, read)

    def _row(self, node: Node, place: int) -> OfxRow:
        return OfxRow(node, f"{node.tag}[{place}]", self._gathering.config.zone)

    def _tell(self, row: OfxRow, of: Context) -> Told:
        """The facts of one row, and when they happened."""
        if row.kind in _CASH_ROWS:
            return Told(self._gathering.file, row, row.time("DTPOSTED"), read_cash(row, of))
        if row.kind not in READERS:
            rule = "an open order, which is not read" if row.kind.startswith("OO") else "unknown"
            raise BadRowError("kind", row.kind, f"{rule}: not booked")
        events = READERS[row.kind](row, of)
        is_split = any(isinstance(event, SplitApplied) for event in events)
        name = "DTSETTLE" if is_split and row.has("DTSETTLE") else "DTTRADE"
        return Told(self._gathering.file, row, row.time(name), events)

    def _there(self, source: Source, of: Context) -> Stated:
        """Positions and cash, of one statement."""
        node, gathering = source.statement.node, self._gathering
        positions: list[StatedPosition] = []
        aside = len(gathering.quarantine)
        for listed in node.all("INVPOSLIST"):
            rows = (self._row(one, place) for place, one in enumerate(listed.children, start=1))
            positions += gathering.section("INVPOSLIST", rows, lambda row: position(row, of))
        is_whole = node.first("INVPOSLIST") is not None and aside == len(gathering.quarantine)
        balances = list(self._cash(node, of))
        is_bank = not source.statement.is_investment
        return Stated(source.ends, positions, balances, is_whole, is_bank and bool(balances))

    def _cash(self, node: Node, of: Context) -> Iterator[StatedBalance]:
        for one in node.all("LEDGERBAL"):
            rows = [self._row(one, 1)]
            yield from self._gathering.section("LEDGERBAL", rows, lambda row: bank_balance(row, of))
        for one in node.all("INVBAL"):
            listed = [bal for balances in one.all("BALLIST") for bal in balances.children]
            named = [self._row(bal, place) for place, bal in enumerate(listed, start=1)]
            rows = [self._row(Node(one.tag, children=[*_values(one)]), 1)]
            yield from self._gathering.section("INVBAL", rows, partial(cash, named=named, of=of))

    def _state(self) -> None:
        """What the statement that ends last says: its positions, and its cash."""
        gathering = self._gathering
        dated = [one for one in self._stated if one.ends is not None] or self._stated
        with_positions = [one for one in dated if one.positions or one.lists_positions]
        with_balances = [one for one in dated if one.balances]
        if with_positions:
            last = max(with_positions, key=_ending)
            gathering.positions, gathering.lists_positions = last.positions, last.lists_positions
        if with_balances:
            last = max(with_balances, key=_ending)
            gathering.balances, gathering.lists_balances = last.balances, last.lists_balances

    def _look_at_ties(self, clashes: set[Identity]) -> None:
        """Say where trades of one instant have no ids by which they could be put in order."""
        spots: dict[tuple[datetime, str], list[Told]] = defaultdict(list)
        for told in self._told:
            for event in told.events:
                if isinstance(event, FillBooked) and event.identity() not in clashes:
                    spots[told.at, event.instrument_id].append(told)
        for (at, instrument_id), group in spots.items():
            unnamed = [told for told in group if not told.row.has("FITID")]
            if unnamed and len(group) > 1:
                self._gathering.file = unnamed[0].file
                what = f"{len(group)} trades of {instrument_id} at {at.isoformat()} and no FITID"
                self._gathering.find(unnamed[0].row, f"{what}: which came first is not known")


def _clashing(told: Iterable[Told]) -> Iterator[Identity]:
    """The ids under which two rows say different things, or happened at different times."""
    first: dict[Identity, tuple[Event, datetime]] = {}
    for one in told:
        for event in one.events:
            identity = event.identity()
            if identity is None or identity.id.startswith(HASH_ID):
                continue
            known, at = first.setdefault(identity, (event, one.at))
            if at != one.at or told_apart(known, event):
                yield identity


def _values(node: Node) -> Iterator[Node]:
    """What an element says itself, without the lists in it."""
    return (child for child in node.children if not child.tag.endswith("LIST"))


def _ending(stated: Stated) -> str:
    return stated.ends.isoformat() if stated.ends else ""


def _least(one: datetime | None, other: datetime | None) -> datetime | None:
    return min(filter(None, (one, other)), default=None)


def _most(one: datetime | None, other: datetime | None) -> datetime | None:
    return max(filter(None, (one, other)), default=None)
