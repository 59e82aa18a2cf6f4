"""A row of a Flex section with typed readers: no value is taken for another."""

from __future__ import annotations

from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal
from typing import Final

from adapters.brokers.ibkr_flex.frame import RawRow
from adapters.port import digest_of
from adapters.quarantine import keepable
from adapters.sharing import remembering
from adapters.text import day, moment
from ledger.domain.gates import require_text
from ledger.domain.numbers import ZERO, parse
from ledger.errors import BadRowError

ABSENT = frozenset({"", "N/A", "--", "-"})
NO_ID = ABSENT | {"0"}
SEGMENT = "-P"
"""What stands behind the account in a row of its segment at Paxos, which holds the coins."""
MAX_SEQ: Final = 18

_number = remembering(parse)
_day = remembering(day)


class Row:
    """One element's attributes. "N/A", "--" and "" are no values; as an id, neither is "0"."""

    __slots__ = ("_digest", "element", "place", "section", "values", "zone")

    def __init__(self, raw: RawRow, zone: tzinfo) -> None:
        self._digest = ""
        self.element = raw.element
        self.section = raw.section
        self.place = raw.place
        self.values = raw.values
        self.zone = zone

    @property
    def where(self) -> str:
        """Where it stands in the file, with the posting's id, by which a later cancel finds it."""
        tx = self.values.get("transactionID", "")
        told = "" if tx in NO_ID else f" transactionID {keepable(tx)}"
        return f"{self.element}[{self.place}]{told}"

    @property
    def segment(self) -> str:
        """The segment of the account that the row is of, or "" for the account itself."""
        return SEGMENT if self.values.get("accountId", "").endswith(SEGMENT) else ""

    @property
    def digest(self) -> str:
        """SHA-256 of the raw attributes, whatever their order."""
        if not self._digest:
            named = sorted(self.values.items())
            self._digest = digest_of(f"{name}={value}" for name, value in named)
        return self._digest

    def text(self, name: str) -> str:
        """The value, or "" when it is none; ``BadTextError`` when it cannot be kept."""
        value = self.values.get(name, "")
        return "" if value in ABSENT else require_text(name, value)

    def id(self, name: str) -> str:
        """An id, or "" when it is none."""
        return "" if self.values.get(name, "") in NO_ID else self.text(name)

    @property
    def seq(self) -> int | None:
        """The place inside one second, since IB's times have no finer parts: the posting's number.

        It ascends in the order in which IB matches the trades with lots; execution ids do not,
        since each of its servers counts its own.
        """
        posting = self.id("transactionID")
        if posting.isascii() and posting.isdigit() and len(posting) <= MAX_SEQ:
            return int(posting)
        return None

    def required(self, name: str) -> str:
        """The value; ``BadRowError`` when it is none."""
        value = self.text(name)
        if not value:
            raise BadRowError(name, self.values.get(name, ""), "missing: add it to the Flex query")
        return value

    def decimal(self, name: str) -> Decimal:
        """A number that must be there."""
        return _number(name, self.required(name))

    def decimal_or_zero(self, name: str) -> Decimal:
        """A number; an absent one is zero (fees and taxes)."""
        value = self.text(name)
        return _number(name, value) if value else ZERO

    def decimal_or_none(self, name: str) -> Decimal | None:
        """A number, or None when the query left it out."""
        value = self.text(name)
        return _number(name, value) if value else None

    def date_or_none(self, name: str) -> date | None:
        """A date, or None when the query left it out."""
        value = self.text(name)
        return _day(name, value) if value else None

    @property
    def raw(self) -> str:
        """The attributes as text, whatever their order."""
        return " ".join(f'{name}="{value}"' for name, value in sorted(self.values.items()))

    def written(self, *names: str) -> str:
        """The first of these times as the file has it, whatever its format and whichever zone is
        configured: what an id made from content may depend on."""
        return self.in_zone(UTC).happened(*names).isoformat()

    def in_zone(self, zone: tzinfo) -> Row:
        """The same row, its times read in another zone."""
        raw = RawRow(self.element, self.section, self.place, self.values)
        return Row(raw, zone)

    def happened(self, *names: str) -> datetime:
        """The first of these times that is there, in UTC."""
        for name in names:
            value = self.text(name)
            if value:
                return moment(name, value, self.zone)
        raise BadRowError(names[0], "", "missing: add it to the Flex query")
