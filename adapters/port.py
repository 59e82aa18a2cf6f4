"""What a broker's report becomes: a ``Batch`` of ledger facts, with what was unreadable beside it.

A broker module only parses: ``parse(pages, config) -> Batch``. It reads bytes that somebody else
fetched, touches no file, clock or network, and gives the same batch for the same bytes. A row it
does not understand goes to the batch's quarantine and the others go on; a file that cannot be
trusted as a whole (cut, hostile, of another kind) raises ``BadFileError``.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import Any, Final, NamedTuple, Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import attrs

from adapters.quarantine import (
    MAX_QUARANTINED,
    Finding,
    Quarantined,
    digest_of,
    recorded_row,
    words,
)
from adapters.sharing import shared
from adapters.stated_cost import CostMeaning
from ledger.domain.events import (
    Event,
    Fee,
    Identity,
    InstrumentDefined,
    Side,
    StatedBalance,
    StatedPosition,
    StatementRecorded,
)
from ledger.domain.gates import require_text
from ledger.domain.numbers import text
from ledger.domain.order_status import OrdStatus
from ledger.errors import BadTextError

HASH_ID: Final = "sha256:"
FIRST_PLACE: Final = 1_000_000_000
"""The place of an instant's first row; an earlier one may be found in another file."""

CLOSED: Final = frozenset(
    {OrdStatus.FILLED, OrdStatus.CANCELED, OrdStatus.EXPIRED, OrdStatus.REJECTED}
)
"""The states in which an order is not filled any further."""


@attrs.frozen(kw_only=True, slots=False)
class RawPage:
    """One file, or one page of an answer, as it came."""

    name: str
    content: bytes = attrs.field(repr=False)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the bytes, hexadecimal."""
        return hashlib.sha256(self.content).hexdigest()


@attrs.frozen(kw_only=True, slots=False)
class AccountConfig:
    """What a report does not say about itself.

    ``account`` is the ledger's name for the account (default: the venue's), ``venue_account``
    picks one when a file holds several, ``time_zone`` is that of times written without one.
    ``covers_from`` and ``covers_to`` are the half-open times that were asked for, where the
    answer does not repeat them.
    """

    account: str | None = None
    venue_account: str | None = None
    time_zone: str = "UTC"
    covers_from: datetime | None = None
    covers_to: datetime | None = None

    @cached_property
    def zone(self) -> ZoneInfo:
        """The declared zone; ``BadTextError`` when no such zone is known."""
        try:
            return ZoneInfo(self.time_zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            why = "no such time zone; use a name such as America/New_York"
            raise BadTextError("time_zone", self.time_zone, why) from None


@attrs.frozen(kw_only=True)
class Control:
    """A total the broker states beside its rows, and what the rows that were read add up to."""

    name: str
    currency: str
    stated: Decimal
    rows: Decimal

    @property
    def agrees(self) -> bool:
        """Whether the rows make the stated total, to the digit."""
        return self.stated == self.rows


@attrs.frozen(kw_only=True)
class Coverage:
    """What the report claims to cover: half-open times, sections it has (empty ones too: an empty
    section says "none", an absent one says nothing), rows by element, control totals.

    ``lists_positions``: every position open at the end is among the stated ones, so that one that
    is not listed is flat; ``lists_balances``: likewise every currency; ``lists_orders``: every
    order that is open. ``missing`` names what is known to be left out, such as a page that the
    one before announces: a report with any is not complete. ``cost`` says what the stated costs
    of positions mean; without it they are not compared.
    """

    covers_from: datetime | None = None
    covers_to: datetime | None = None
    sections: tuple[str, ...] = ()
    rows: tuple[tuple[str, int], ...] = ()
    controls: tuple[Control, ...] = ()
    lists_positions: bool = False
    lists_balances: bool = False
    lists_orders: bool = False
    missing: tuple[str, ...] = ()
    cost: CostMeaning | None = None


@attrs.frozen(kw_only=True)
class StatedOrder:
    """An order as the venue has it. ``qty``, ``cum_qty`` and ``leaves_qty`` are unsigned units
    (FIX 38, 14, 151); an order can be rejected or cancelled and have fills."""

    order_id: str
    instrument_id: str
    side: Side
    qty: Decimal
    cum_qty: Decimal
    status: OrdStatus
    cl_ord_id: str | None = None
    leaves_qty: Decimal | None = None
    limit_px: Decimal | None = None
    stop_px: Decimal | None = None
    avg_px: Decimal | None = None
    updated_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Whether it can still be filled."""
        return self.status not in CLOSED


class Page(NamedTuple):
    """Which page of a report: its number, and its name."""

    number: int
    name: str


@attrs.frozen(kw_only=True)
class Record:
    """A fact read from a report. ``row`` says where, ``digest`` is the raw row's SHA-256.

    ``also`` holds further ids of the same thing, for a bust those of the fill it undoes;
    ``refund`` the fees a venue gave back on a cancel's own row (negative = given back).
    ``page`` is told of a fill whose ``seq`` is its place among the rows of its instant in that
    page, since no venue ordered it; ``raw`` is its text then. ``again``: the source repeats itself,
    since the very same row is on an earlier page, or it says so.
    """

    event: Event
    occurred_at: datetime
    row: str
    digest: str
    also: tuple[Identity, ...] = ()
    refund: tuple[Fee, ...] = ()
    page: Page | None = None
    raw: str = ""
    again: bool = False

    @property
    def is_weak(self) -> bool:
        """Whether its id was made from its content, since the venue gave none."""
        identity = self.event.identity()
        return identity is not None and identity.id.startswith(HASH_ID)


@attrs.frozen(kw_only=True)
class Batch:
    """What one report says about one account. ``venue_account`` is what the venue calls it,
    ``also_called`` other names that it has there, and ``base_currency`` what it reports in, all as
    far as the report tells."""

    venue: str
    account: str
    parser: str
    parser_version: str
    digest: str
    venue_account: str = ""
    also_called: tuple[str, ...] = ()
    base_currency: str = ""
    statement_id: str = ""
    coverage: Coverage = Coverage()
    instruments: tuple[InstrumentDefined, ...] = ()
    records: tuple[Record, ...] = ()
    positions: tuple[StatedPosition, ...] = ()
    balances: tuple[StatedBalance, ...] = ()
    orders: tuple[StatedOrder, ...] = ()
    quarantine: tuple[Quarantined, ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def adapter(self) -> str:
        """The parser and its version, as kept in each fact's source."""
        return f"{self.parser}/{self.parser_version}"

    @property
    def whose(self) -> str | None:
        """The venue's account as an opened account names it, "VENUE:ID"; None if not told."""
        return f"{self.venue}:{self.venue_account}" if self.venue_account else None

    def statement(self) -> StatementRecorded | None:
        """The stated positions and balances, and the rows set aside, as one observation; None
        when there are neither.

        Its digest is of the lines, not of the file: the same statement downloaded twice is one.
        """
        if not self.positions and not self.balances and not self.quarantine:
            return None
        aside = [words(row) for row in self.quarantine]
        lines = [*map(_line, self.positions), *map(_line, self.balances), *aside]
        return StatementRecorded(
            venue=self.venue,
            statement_id=self.statement_id or f"{self.parser}:{self.digest[:32]}",
            digest=digest_of(lines),
            covers_from=self.coverage.covers_from,
            covers_to=self.coverage.covers_to,
            positions=self.positions,
            balances=self.balances,
            quarantined=tuple(map(recorded_row, self.quarantine[:MAX_QUARANTINED])),
            quarantined_count=len(self.quarantine),
        )


class Parser(Protocol):
    """A broker module's one entrance."""

    def __call__(self, pages: Sequence[RawPage], config: AccountConfig) -> Batch:
        """Read a report's pages into a batch."""
        ...


class Ordinals:
    """Ids for rows without one: a hash of the content and the place among its equals.

    >>> ids = Ordinals()
    >>> [ids.of(["fee", "-1.34"])[-2:] for _ in range(2)], ids.of(["fee", "-2"])[-2:]
    (['#1', '#2'], '#1')
    """

    def __init__(self) -> None:
        self._seen: Counter[str] = Counter()

    def of(self, parts: Iterable[str]) -> str:
        """The next id for this content: two equal rows stay two; the same file, the same ids."""
        digest = digest_of(parts)
        self._seen[digest] += 1
        return f"{HASH_ID}{digest[:32]}#{self._seen[digest]}"


def _line(stated: StatedPosition | StatedBalance) -> str:
    """What a line states, as text that does not depend on trailing zeros."""
    origin: Any = stated
    values: tuple[object, ...] = attrs.astuple(
        origin, filter=lambda field, _: field.name != "rounding"
    )
    return "|".join(text(v) if isinstance(v, Decimal) else str(v) for v in values)


def external_order_id(venue: str, order_id: str | None) -> str | None:
    """What an order is called that we know only by the venue's own id for it.

    >>> external_order_id("IBKR", "4512310239")
    'IBKR:4512310239'
    """
    return shared(f"{venue}:{require_text('order_id', order_id)}") if order_id else None


__all__ = [
    "CLOSED", "FIRST_PLACE", "HASH_ID", "AccountConfig", "Batch", "Control", "CostMeaning",
    "Coverage", "Finding", "Ordinals", "Page", "Parser", "Quarantined", "RawPage", "Record",
    "StatedOrder", "digest_of", "external_order_id",
]  # fmt: skip
