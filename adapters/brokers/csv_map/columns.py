"""The column map: what a CSV file means, declared in TOML. Nothing about a file is guessed."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

import attrs

from ledger.domain.events import FeeKind, Side
from ledger.domain.instruments import InstrumentKind
from ledger.domain.numbers import ONE, ZERO

FIELDS: Final = frozenset({
    "kind", "id", "time", "date", "account", "symbol", "side", "qty", "px", "gross", "amount",
    "fee", "fee_currency", "currency", "order_id", "cl_ord_id", "trade_id", "settl_date", "seq",
    "description", "amount_currency", "rate", "security_id", "withheld", "withheld_currency",
})  # fmt: skip
KINDS: Final = frozenset({
    "fill", "buy", "sell", "deposit", "withdrawal", "cash", "dividend", "in_lieu", "interest",
    "fee", "tax", "gift", "award", "split_before", "split_after", "ignore",
})  # fmt: skip
ENCODINGS: Final = frozenset({"ascii", "utf-8", "utf-8-sig", "utf-16", "latin-1", "cp1252"})
FEE_SIGNS: Final = frozenset({"charged-positive", "charged-negative"})
OLDEST_FIRST: Final = "oldest_first"
NEWEST_FIRST: Final = "newest_first"
AMOUNT: Final = "amount"
PRICE: Final = "price"
SIGNED: Final = "signed"
ANY_CURRENCY: Final = "*"
NET: Final = "net"
GROSS: Final = "gross"
CHOICES: Final[dict[str, frozenset[str]]] = {
    "encoding": ENCODINGS,
    "fee_sign": FEE_SIGNS,
    "order": frozenset({OLDEST_FIRST, NEWEST_FIRST}),
    "qty_sign": frozenset({SIGNED, "unsigned"}),
    "amount_sign": frozenset({SIGNED, "unsigned"}),
    "charge_sign": FEE_SIGNS,
    "money": frozenset({AMOUNT, PRICE}),
    "id_scope": frozenset({"kind"}),
    "amount_is": frozenset({NET, GROSS, "other"}),
}
SIDES: Final = {side.value: side for side in Side}
INSTRUMENT_KEYS: Final = frozenset({"kind", "multiplier", "currency", "base_currency"})


@attrs.frozen(kw_only=True)
class InstrumentRule:
    """What a symbol is. ``currency`` is the row's when it is not declared."""

    kind: InstrumentKind = InstrumentKind.EQUITY
    multiplier: Decimal = ONE
    currency: str | None = None
    base_currency: str | None = None


@attrs.frozen(kw_only=True)
class FeeColumn:
    """One of several columns of charges: its header, its currency's, and what it is charged for.

    Headers are alternatives, as in ``ColumnMap.columns``.
    """

    column: tuple[str, ...]
    currency: tuple[str, ...] = ()
    kind: FeeKind = FeeKind.COMMISSION


@attrs.frozen(kw_only=True)
class ColumnMap:
    """A declared map; see ``docs/how-to/import-csv.md`` for every key.

    ``columns`` names the headers for each field, of which the first that the file has is taken
    (``""``: it may have none; ``*`` stands for a currency), ``otherwise`` the headers for a row
    whose cell is empty, ``constants`` a value for fields without a column, ``kinds`` and ``sides``
    what the file's words mean, ``unbooked`` why rows of a kind are set aside. ``time_format`` is
    ``iso`` or a ``strptime`` style and ``time_zone`` holds for times without an offset. ``order``
    says which way the file runs, ``qty_sign`` whether sales are written negative, ``amount_is``
    what the amount of a fill is made of. With ``money`` = "amount" that amount is what moved,
    whatever quantity and price make.
    """

    name: str
    venue: str
    columns: Mapping[str, tuple[str, ...]]
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
    amount_sign: str = "unsigned"
    amount_tolerance: Decimal = ZERO
    money: str = PRICE
    charge_sign: str = ""
    id_scope: str = ""
    time_after: str = ""
    time_end: str = ""
    header_first: str = ""
    total_row: str = ""
    absent: str = ""
    order_by_dates: bool = False
    fees: tuple[FeeColumn, ...] = ()
    hundredths: Mapping[str, str] = attrs.field(factory=dict)
    unbooked: Mapping[str, str] = attrs.field(factory=dict)
    otherwise: Mapping[str, tuple[str, ...]] = attrs.field(factory=dict)
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

    def rule(self, symbol: str) -> InstrumentRule:
        """What the symbol is: declared for it, or for all."""
        return self.instruments.get(symbol, self.default)
