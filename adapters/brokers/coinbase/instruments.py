"""Which instrument a Coinbase product is: a pair, or a future whose contract size must be told."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Final

from adapters.rows import Row
from ledger.domain.instruments import Instrument, InstrumentKind
from ledger.domain.numbers import parse
from ledger.errors import BadRowError

VENUE: Final = "COINBASE"
SETTLED_IN: Final = {"CDE": "USD", "INTX": "USDC"}
"""The money of a derivative, by the exchange that ends its name."""

_PAIR = re.compile(r"([A-Z0-9]{1,20})-([A-Z0-9]{1,20})", re.ASCII)
_FUTURE = re.compile(r"[A-Z0-9]{1,20}-([A-Z0-9]{1,20})-(CDE|INTX)", re.ASCII)
_EXPIRY = re.compile(r"([0-9]{2})([A-Z]{3})([0-9]{2})", re.ASCII)
_MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]

Sizes = Mapping[str, str]


def contract_sizes(rows: Iterable[Row]) -> Sizes:
    """Units in a contract by product, as positions and products tell them; unchecked text."""
    sizes: dict[str, str] = {}
    for row in rows:
        product, details = row.values.get("product_id"), row.values.get("future_product_details")
        told = row.values.get("contract_size")
        if isinstance(details, dict):
            told = details.get("contract_size")
        if isinstance(product, str) and isinstance(told, str) and told:
            sizes.setdefault(product, told)
    return sizes


def instrument(row: Row, sizes: Sizes) -> Instrument:
    """The instrument of a row's ``product_id``; ``BadRowError`` for a product of another kind."""
    product = row.required("product_id")
    if found := _FUTURE.fullmatch(product):
        return _future(product, found[1], found[2], sizes)
    if found := _PAIR.fullmatch(product):
        return Instrument(
            instrument_id=f"{VENUE}:{product}",
            symbol=product,
            kind=InstrumentKind.SPOT,
            currency=found[2],
            base_currency=found[1],
            venue=VENUE,
        )
    rule = "neither a pair BASE-QUOTE nor a future of CDE or INTX: its kind is not known"
    raise BadRowError("product_id", product, rule)


def _future(product: str, middle: str, exchange: str, sizes: Sizes) -> Instrument:
    return Instrument(
        instrument_id=f"{VENUE}:{product}",
        symbol=product,
        kind=InstrumentKind.LINEAR,
        currency=SETTLED_IN[exchange],
        multiplier=_size(product, sizes),
        venue=VENUE,
        expiry=_expiry(middle),
    )


def _size(product: str, sizes: Sizes) -> Decimal:
    told = sizes.get(product)
    if told is None:
        rule = "its contract size is not told: give the open positions or the product with it"
        raise BadRowError("product_id", product, rule)
    return parse("contract_size", told)


def _expiry(middle: str) -> str | None:
    """The day in a name such as BIP-20DEC30-CDE; none for a perpetual.

    >>> _expiry("20DEC30"), _expiry("PERP")
    ('2030-12-20', None)
    """
    found = _EXPIRY.fullmatch(middle)
    if not found or found[2] not in _MONTHS:
        return None
    return f"20{found[3]}-{_MONTHS.index(found[2]) + 1:02d}-{found[1]}"
