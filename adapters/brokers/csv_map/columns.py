"""The column map: what a CSV file means, declared in TOML. Nothing about a file is guessed."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import attrs

from ledger.domain.events import Side
from ledger.domain.instruments import InstrumentKind
from ledger.domain.numbers import ONE, ZERO, parse
from ledger.errors import BadFileError, BadNumberError

FIELDS: Final = frozenset({
    "kind", "id", "time", "date", "account", "symbol", "side", "qty", "px", "gross", "amount",
    "fee", "fee_currency", "currency", "order_id", "cl_ord_id", "trade_id", "settl_date", "seq",
    "description",
})  # fmt: skip
KINDS: Final = frozenset({
    "fill", "buy", "sell", "deposit", "withdrawal", "cash", "dividend", "in_lieu", "interest",
    "fee", "tax", "ignore",
})  # fmt: skip
ENCODINGS: Final = frozenset({"ascii", "utf-8", "utf-8-sig", "utf-16", "latin-1", "cp1252"})
FEE_SIGNS: Final = frozenset({"charged-positive", "charged-negative"})
OLDEST_FIRST: Final = "oldest_first"
NEWEST_FIRST: Final = "newest_first"
NET: Final = "net"
GROSS: Final = "gross"
CHOICES: Final[dict[str, frozenset[str]]] = {
    "encoding": ENCODINGS,
    "fee_sign": FEE_SIGNS,
    "order": frozenset({OLDEST_FIRST, NEWEST_FIRST}),
    "qty_sign": frozenset({"signed", "unsigned"}),
    "amount_is": frozenset({NET, GROSS, "other"}),
}
SIDES: Final = {side.value: side for side in Side}
_INSTRUMENT_KEYS: Final = frozenset({"kind", "multiplier", "currency", "base_currency"})


@attrs.frozen(kw_only=True)
class InstrumentRule:
    """What a symbol is. ``currency`` is the row's when it is not declared."""

    kind: InstrumentKind = InstrumentKind.EQUITY
    multiplier: Decimal = ONE
    currency: str | None = None
    base_currency: str | None = None


@attrs.frozen(kw_only=True)
class ColumnMap:
    """A declared map; see ``docs/how-to/import-csv.md`` for every key.

    ``columns`` names the header for each field, ``constants`` a value for fields without a
    column, ``kinds`` and ``sides`` what the file's words mean. ``time_format`` is ``iso`` or a
    ``strptime`` style and ``time_zone`` holds for times without an offset. ``order`` says which
    way the file runs, ``qty_sign`` whether sales are written negative, ``amount_is`` what the
    amount of a fill is made of.
    """

    name: str
    venue: str
    columns: Mapping[str, str]
    time_zone: str
    time_format: str
    fee_sign: str = "charged-positive"
    delimiter: str = ","
    encoding: str = "utf-8"
    decimal: str = "."
    thousands: str = ""
    strip: str = ""
    skip_lines: int = 0
    final_newline: bool = False
    date_format: str = "%Y-%m-%d"
    order: str = ""
    qty_sign: str = "unsigned"
    amount_is: str = NET
    amount_tolerance: Decimal = ZERO
    constants: Mapping[str, str] = attrs.field(factory=dict)
    kinds: Mapping[str, str] = attrs.field(factory=dict)
    sides: Mapping[str, Side] = attrs.field(factory=dict)
    default: InstrumentRule = InstrumentRule()
    instruments: Mapping[str, InstrumentRule] = attrs.field(factory=dict)
    prefix: str = ""

    @property
    def zone(self) -> ZoneInfo:
        """The zone of times without an offset."""
        return ZoneInfo(self.time_zone)

    @property
    def runs_backwards(self) -> bool:
        """Whether the newest row stands first."""
        return self.order == NEWEST_FIRST

    def rule(self, symbol: str) -> InstrumentRule:
        """What the symbol is: declared for it, or for all."""
        return self.instruments.get(symbol, self.default)


def load_map(name: str, content: bytes) -> ColumnMap:
    """Read a column map from TOML; ``BadFileError`` names the key that is wrong."""
    try:
        table = tomllib.loads(content.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
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
        tables = ("columns", "constants", "kinds", "sides", "instruments")
        plain = {key: value for key, value in self._table.items() if key not in tables}
        self._scalars(plain)
        plain["amount_tolerance"] = self._tolerance(plain.get("amount_tolerance", "0"))
        instruments = dict(self._sub("instruments"))
        prefix = instruments.pop("prefix", "")
        loaded = ColumnMap(
            name=self._name,
            columns=self._words("columns", FIELDS),
            constants=self._words("constants", FIELDS),
            kinds=self._meanings("kinds", KINDS),
            sides={word: SIDES[side] for word, side in self._meanings("sides", set(SIDES)).items()},
            default=self._rule({k: v for k, v in instruments.items() if k in _INSTRUMENT_KEYS}),
            instruments={
                k: self._rule(v) for k, v in instruments.items() if k not in _INSTRUMENT_KEYS
            },
            prefix=prefix,
            **plain,
        )
        self._whole(loaded)
        return loaded

    def _scalars(self, plain: dict[str, Any]) -> None:
        """Types and choices of the keys outside tables."""
        for key in ("venue", "time_zone", "time_format"):
            if not plain.get(key):
                raise self._wrong(key, "must be declared")
        typed: dict[str, type] = {"skip_lines": int, "final_newline": bool}
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
        if "kind" in loaded.columns and not loaded.kinds:
            raise self._wrong("kinds", "must say what the words of the kind column mean")

    def _rule(self, table: object) -> InstrumentRule:
        if not isinstance(table, dict):
            raise self._wrong("instruments", "must hold tables, one a symbol")
        self._only(table, set(_INSTRUMENT_KEYS), "instruments.")
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
