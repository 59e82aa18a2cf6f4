"""Which instrument a row is about, and what it is: by the file's list of securities, else by the
kind of the row that names it.

OFX's own rules: a bond's price is in percent of its face value, so its multiplier is 0.01; an
option's units are contracts, and its multiplier the shares of one, which must be told.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from adapters.brokers.ofx.row import OfxRow
from ledger.domain.instruments import Instrument, InstrumentKind
from ledger.domain.numbers import ONE
from ledger.errors import BadRowError

VENUE: Final = "OFX"
PERCENT: Final = Decimal("0.01")
_GLOBAL: Final = frozenset({"CUSIP", "ISIN", "SEDOL"})
_EQUITY: Final = InstrumentKind.EQUITY
_KINDS: Final = {
    "STOCKINFO": _EQUITY,
    "MFINFO": _EQUITY,
    "OTHERINFO": _EQUITY,
    "DEBTINFO": InstrumentKind.BOND,
    "OPTINFO": InstrumentKind.OPTION,
}
_BY_ROW: Final = {"DEBT": InstrumentKind.BOND, "OPT": InstrumentKind.OPTION}


def security_id(row: OfxRow, institution: str, prefix: str = "SECID.") -> str:
    """The instrument's id: an id of the institution's own is no one else's."""
    kind = row.required(f"{prefix}UNIQUEIDTYPE").upper()
    unique = row.required(f"{prefix}UNIQUEID")
    owner = "" if kind in _GLOBAL else f"{institution}:"
    return f"{VENUE}:{owner}{kind}:{unique}"


class Securities:
    """What the files' lists say of each security of one institution."""

    def __init__(self, institution: str) -> None:
        self._institution = institution
        self._rows: dict[str, OfxRow] = {}

    def add(self, row: OfxRow) -> bool:
        """Take in one entry; False for an id that stands for another security already, which
        stays meant."""
        first = self._rows.setdefault(self.named(row), row)
        return first.text("TICKER") == row.text("TICKER")

    def named(self, row: OfxRow) -> str:
        """The id of the security that a row names."""
        return security_id(row, self._institution)

    def instrument(self, row: OfxRow, currency: str) -> Instrument:
        """The definition of the security that a row names; ``BadRowError`` for an option whose
        contract is not told."""
        instrument_id = self.named(row)
        info = self._rows.get(instrument_id)
        kind = _KINDS.get(info.kind) if info else None
        kind = kind or next((k for end, k in _BY_ROW.items() if row.kind.endswith(end)), _EQUITY)
        is_option = kind is InstrumentKind.OPTION
        unique = row.required("SECID.UNIQUEID")
        on = info.day_or_none("DTEXPIRE") if info and is_option else None
        return Instrument(
            instrument_id=instrument_id,
            symbol=(info.text("TICKER") if info else "") or unique,
            kind=kind,
            currency=currency,
            multiplier=_contract(row, info) if is_option else _multiplier(kind),
            security_id=unique if row.word("SECID.UNIQUEIDTYPE") in _GLOBAL else None,
            venue=VENUE,
            underlying_id=self._underlying(info) if info and is_option else None,
            expiry=on.isoformat() if on else None,
            strike_px=info.decimal_or_none("STRIKEPRICE") if info and is_option else None,
            put_call=(info.word("OPTTYPE") or None) if info and is_option else None,
        )

    def _underlying(self, info: OfxRow) -> str | None:
        is_told = info.has("UNDERLYING.UNIQUEID", "UNDERLYING.UNIQUEIDTYPE")
        return security_id(info, self._institution, "UNDERLYING.") if is_told else None


def _multiplier(kind: InstrumentKind) -> Decimal:
    return PERCENT if kind is InstrumentKind.BOND else ONE


def _contract(row: OfxRow, info: OfxRow | None) -> Decimal:
    """The shares of one contract, by the row or by the list."""
    for one in _present(row, info):
        if one.has("SHPERCTRCT"):
            return one.decimal("SHPERCTRCT")
    raise BadRowError("SHPERCTRCT", "", "missing: how many shares a contract is of is not told")


def _present(*rows: OfxRow | None) -> Iterator[OfxRow]:
    return (row for row in rows if row is not None)
