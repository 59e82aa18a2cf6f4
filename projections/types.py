"""Column types: exact amounts and times with a zone, on SQLite and PostgreSQL alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import Dialect, Numeric, Table, Text, TypeDecorator
from sqlalchemy.dialects import postgresql
from sqlalchemy.types import TypeEngine

from ledger.domain.numbers import MAX_AFTER, quantize, text
from ledger.store.rows import time_text

IN_UNITS: Final = "fees_in_units"
"""Under this name a step's money elsewhere has the fees in units that a pair delivers: they left
at cost, which is ``base_fee_change``, and count for no result a second time."""


def moment_text(value: datetime) -> str:
    """A time as the tables have it on SQLite: UTC, microseconds, of one width, so that the order
    of texts is that of times; PostgreSQL reads it, too.

    >>> moment_text(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))
    '2026-01-02T03:04:05.000000Z'
    """
    return time_text(value if value.tzinfo is UTC else value.astimezone(UTC))


def amount_text(value: Decimal) -> str:
    """An amount as the tables have it: rounded to the 18 decimals that are reported, in plain
    digits, without zeros behind.

    >>> amount_text(Decimal("5.50")), amount_text(Decimal("1E+2")), amount_text(Decimal("-0.0"))
    ('5.5', '100', '0')
    """
    if not value:
        return "0"
    digits = str(value)
    if "E" in digits:
        return text(quantize(value))
    if digits[-1] != "0" and len(digits) <= MAX_AFTER:
        return digits
    whole, _, decimals = digits.partition(".")
    decimals = decimals.rstrip("0")
    if len(decimals) > MAX_AFTER:
        return text(quantize(value))
    return f"{whole}.{decimals}" if decimals else whole


def optional_amount(value: Decimal | None) -> str | None:
    """An amount, or that there is none."""
    return None if value is None else amount_text(value)


def optional_moment(value: datetime | None) -> str | None:
    """A time, or that there is none."""
    return None if value is None else moment_text(value)


class Amount(TypeDecorator[Decimal]):
    """An exact decimal: ``numeric`` on PostgreSQL, plain digits as text on SQLite, which has no
    such type and would make a float of it."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """The type of each database."""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(Numeric(asdecimal=True))
        return dialect.type_descriptor(Text())

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> Any:
        """As the driver takes it."""
        if value is None or dialect.name == "postgresql":
            return value
        return text(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        """Exactly what was written."""
        return None if value is None else Decimal(value)


class Carried(Amount):
    """An amount that more is worked out of: with the 36 decimals that a fold carries on."""

    cache_ok = True


class Moment(TypeDecorator[datetime]):
    """A time with its zone: ``timestamptz`` on PostgreSQL, text of fixed width on SQLite."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """The type of each database."""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(postgresql.TIMESTAMP(timezone=True))
        return dialect.type_descriptor(Text())

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """As the driver takes it."""
        if value is None or dialect.name == "postgresql":
            return value
        return moment_text(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Aware, in UTC."""
        if value is None:
            return None
        return (value if isinstance(value, datetime) else datetime.fromisoformat(value)).astimezone(
            UTC
        )


def name_type() -> TypeEngine[str]:
    """An id or a name, compared byte by byte on either database."""
    return Text().with_variant(Text(collation="C"), "postgresql")


def encoder(table: Table) -> Callable[[Sequence[Any]], list[Any]]:
    """What makes of a row that was read the row that was written: amounts and times as text."""
    writers = [_writer(column.type) for column in table.columns]

    def encode(row: Sequence[Any]) -> list[Any]:
        return [
            value if value is None or write is None else write(value)
            for value, write in zip(row, writers, strict=True)
        ]

    return encode


def _writer(kind: TypeEngine[Any]) -> Callable[[Any], str] | None:
    if isinstance(kind, Carried):
        return text
    if isinstance(kind, Amount):
        return amount_text
    return moment_text if isinstance(kind, Moment) else None
