"""Reads a column map from TOML; whatever is wrong with it is said before any row is read."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import attrs

from adapters.brokers.csv_map.columns import (
    AMOUNT,
    CHOICES,
    FIELDS,
    INSTRUMENT_KEYS,
    KINDS,
    SIDES,
    ColumnMap,
    FeeColumn,
    InstrumentRule,
)
from ledger.domain.events import FeeKind
from ledger.domain.gates import require_text
from ledger.domain.instruments import InstrumentKind
from ledger.domain.numbers import parse
from ledger.errors import BadFileError, BadNumberError, BadTextError

_LATER: Final = ("fees", "hundredths", "otherwise", "unbooked")
_FLAGS: Final = ("final_newline", "order_by_dates")


def load_map(name: str, content: bytes) -> ColumnMap:
    """Read a column map from TOML; ``BadFileError`` names the key that is wrong."""
    try:
        table = tomllib.loads(content.decode("utf-8"))
    # Not TOML or not UTF-8; or nested too deep, or a number of thousands of digits.
    except (ValueError, RecursionError) as error:
        raise BadFileError(f"{name} is not TOML in UTF-8: {error}") from None
    return _Loader(name, table).load()


class _Loader:
    """Checks each key once, so that a row never meets a wrong map."""

    def __init__(self, name: str, table: dict[str, Any]) -> None:
        self._name = name
        self._table = table

    def load(self) -> ColumnMap:
        scalars = {f.name for f in attrs.fields(ColumnMap)} - {"name", "default", "prefix"}
        self._only(self._table, scalars, "")
        tables = ("columns", "constants", "kinds", "sides", "instruments", *_LATER)
        plain = {key: value for key, value in self._table.items() if key not in tables}
        self._scalars(plain)
        self._kept("venue", plain["venue"])
        plain["amount_tolerance"] = self._tolerance(plain.get("amount_tolerance", "0"))
        instruments = dict(self._sub("instruments"))
        prefix = self._kept("instruments.prefix", instruments.pop("prefix", ""))
        loaded = ColumnMap(
            name=self._name,
            columns=self._columns("columns", FIELDS),
            otherwise=self._columns("otherwise", frozenset(self._sub("columns"))),
            constants=self._words("constants", FIELDS),
            kinds=_bare(self._meanings("kinds", KINDS)),
            sides={
                word: SIDES[side]
                for word, side in _bare(self._meanings("sides", set(SIDES))).items()
            },
            default=self._rule({k: v for k, v in instruments.items() if k in INSTRUMENT_KEYS}),
            instruments={
                k: self._rule(v) for k, v in instruments.items() if k not in INSTRUMENT_KEYS
            },
            prefix=prefix,
            fees=tuple(map(self._fee, self._table.get("fees", ()))),
            hundredths=self._texts("hundredths", self._sub("hundredths")),
            unbooked=_bare(self._texts("unbooked", self._sub("unbooked"))),
            **plain,
        )
        self._whole(loaded)
        return loaded

    def _scalars(self, plain: dict[str, Any]) -> None:
        """Types and choices of the keys outside tables."""
        for key in ("venue", "time_zone", "time_format"):
            if not plain.get(key):
                raise self._wrong(key, "must be declared")
        typed: dict[str, type] = {"skip_lines": int, **dict.fromkeys(_FLAGS, bool)}
        for key, value in plain.items():
            if type(value) is not typed.get(key, str):
                raise self._wrong(key, f"must be of type {typed.get(key, str).__name__}")
        for key, allowed in CHOICES.items():
            if key in plain and plain[key] not in allowed:
                raise self._wrong(key, f"must be one of {', '.join(sorted(allowed))}")
        if len(plain.get("delimiter", ",")) != 1 or len(plain.get("decimal", ".")) != 1:
            raise self._wrong("delimiter, decimal", "must be one character each")
        if len(plain.get("thousands", "")) > 1 or plain.get("thousands") == plain.get(
            "decimal", "."
        ):
            raise self._wrong("thousands", "must be one character that is not the decimal's")
        try:
            ZoneInfo(plain["time_zone"])
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise self._wrong("time_zone", "is not a known zone such as Europe/Zurich") from None

    def _kept(self, key: str, value: str) -> str:
        """A text that facts can hold."""
        try:
            return require_text(key, value)
        except BadTextError as error:
            raise self._wrong(key, str(error)) from None

    def _tolerance(self, value: str) -> Decimal:
        try:
            return parse("amount_tolerance", value).copy_abs()
        except BadNumberError as error:
            raise self._wrong("amount_tolerance", str(error)) from None

    def _whole(self, loaded: ColumnMap) -> None:
        """What every row needs must come from somewhere."""
        given = {*loaded.columns, *loaded.constants}
        for field in ("time", "kind"):
            if field not in given:
                raise self._wrong(f"columns.{field}", "must be a column or a constant")
        if loaded.constants.get("kind", "fill") not in KINDS:
            raise self._wrong("constants.kind", f"must be one of {', '.join(sorted(KINDS))}")
        if loaded.money == AMOUNT and "amount" not in given:
            raise self._wrong("columns.amount", 'must be declared with money = "amount"')
        if loaded.fees and "fee" in given:
            raise self._wrong("fees", "and a column fee: declare one of them")
        if loaded.fees and loaded.money != AMOUNT:
            raise self._wrong("fees", 'several need money = "amount"')
        if "kind" in loaded.columns and not loaded.kinds:
            raise self._wrong("kinds", "must say what the words of the kind column mean")

    def _rule(self, table: object) -> InstrumentRule:
        if not isinstance(table, dict):
            raise self._wrong("instruments", "must hold tables, one a symbol")
        self._only(table, set(INSTRUMENT_KEYS), "instruments.")
        if not all(isinstance(value, str) for value in table.values()):
            raise self._wrong("instruments", 'must hold texts; write numbers in quotes, as "50"')
        values = dict(table)
        try:
            if "kind" in values:
                values["kind"] = InstrumentKind(values["kind"])
            if "multiplier" in values:
                values["multiplier"] = parse("multiplier", values["multiplier"])
        except (BadNumberError, ValueError) as error:
            raise self._wrong("instruments", str(error)) from None
        return InstrumentRule(**values)

    def _sub(self, key: str) -> dict[str, Any]:
        table = self._table.get(key, {})
        if not isinstance(table, dict):
            raise self._wrong(key, "must be a table")
        return table

    def _columns(self, key: str, fields: frozenset[str]) -> dict[str, tuple[str, ...]]:
        """The headers that each field may stand under."""
        table = self._sub(key)
        self._only(table, set(fields), f"{key}.")
        return {field: self._headers(f"{key}.{field}", told) for field, told in table.items()}

    def _headers(self, key: str, told: object) -> tuple[str, ...]:
        headers = told if isinstance(told, list) else [told]
        if not headers or not all(isinstance(one, str) for one in headers):
            raise self._wrong(key, "must hold a header, or a list of them")
        return tuple(headers)

    def _fee(self, table: object) -> FeeColumn:
        if not isinstance(table, dict) or "column" not in table:
            raise self._wrong("fees", "must hold tables, each with a column")
        self._only(table, {"column", "currency", "kind"}, "fees.")
        try:
            kind = FeeKind(table.get("kind", FeeKind.COMMISSION.value))
        except ValueError as error:
            raise self._wrong("fees.kind", str(error)) from None
        return FeeColumn(
            column=self._headers("fees.column", table["column"]),
            currency=self._headers("fees.currency", table["currency"])
            if "currency" in table
            else (),
            kind=kind,
        )

    def _words(self, key: str, fields: frozenset[str]) -> dict[str, str]:
        table = self._sub(key)
        self._only(table, set(fields), f"{key}.")
        return self._texts(key, table)

    def _meanings(self, key: str, allowed: frozenset[str] | set[str]) -> dict[str, str]:
        table = self._texts(key, self._sub(key))
        for word, meaning in table.items():
            if meaning not in allowed:
                raise self._wrong(f"{key}.{word}", f"must be one of {', '.join(sorted(allowed))}")
        return table

    def _texts(self, key: str, table: dict[str, Any]) -> dict[str, str]:
        if not all(isinstance(value, str) for value in table.values()):
            raise self._wrong(key, "must hold texts")
        return table

    def _only(self, table: dict[str, Any], known: set[str], where: str) -> None:
        for key in table:
            if key not in known:
                raise self._wrong(
                    where + key, f"is not known; known are {', '.join(sorted(known))}"
                )

    def _wrong(self, key: str, why: str) -> BadFileError:
        return BadFileError(f"{self._name}: {key} {why}")


def _bare(words: Mapping[str, str]) -> dict[str, str]:
    """Words without the spaces around them, as cells are read."""
    return {word.strip(): meaning for word, meaning in words.items()}
