"""What every row of one statement needs beside itself: whose it is, in which currency, its ids."""

from __future__ import annotations

from collections.abc import Callable

import attrs

from adapters.brokers.ofx.frame import Statement
from adapters.brokers.ofx.row import OfxRow
from adapters.brokers.ofx.securities import Securities
from adapters.port import Ordinals
from ledger.domain.instruments import Instrument
from ledger.domain.numbers import text
from ledger.errors import BadRowError

_TIMES = ("DTTRADE", "DTPOSTED")
_NUMBERS = ("UNITS", "UNITPRICE", "TOTAL", "TRNAMT", "COMMISSION", "FEES", "TAXES", "LOAD")
_TEXTS = ("SECID.UNIQUEID", "TRNTYPE", "INCOMETYPE", "NAME", "MEMO", "CHECKNUM", "REFNUM")


@attrs.frozen
class Context:
    """One statement: ``ids`` are those of its file, since a row stands in a file once."""

    statement: Statement
    securities: Securities
    ids: Ordinals
    define: Callable[[Instrument], Instrument]
    find: Callable[[OfxRow, str], None]

    @property
    def scope(self) -> str:
        """What makes a FITID unique."""
        return self.statement.owner.scope

    def id(self, row: OfxRow) -> str:
        """The FITID; where the institution left it empty, one made from the content."""
        return row.text("FITID") or self.ids.of(_content(row))

    def currency(self, row: OfxRow) -> str:
        """What the row's amounts are in: ``CURRENCY`` overrides the statement's, ``ORIGCURRENCY``
        only tells what they were converted from."""
        told = row.word("CURRENCY.CURSYM") or self.statement.currency
        if not told:
            raise BadRowError("CURDEF", "", "missing: neither the row nor the file has a currency")
        return told

    def instrument(self, row: OfxRow) -> Instrument:
        """The row's instrument, which is declared; another currency sets the row aside."""
        currency = self.currency(row)
        defined = self.define(self.securities.instrument(row, currency))
        if defined.currency != currency:
            rule = f"{defined.symbol} is in {defined.currency} in another row: not booked"
            raise BadRowError("CURRENCY", currency, rule)
        return defined


def _content(row: OfxRow) -> list[str]:
    """What tells a row without FITID apart, whatever its zeros, its zone and its order of tags."""
    return [
        row.kind,
        *(row.written(name) for name in _TIMES),
        *(text(row.decimal_or_zero(name)) for name in _NUMBERS),
        *(row.text(name) for name in _TEXTS),
    ]


def require_unreversed(row: OfxRow) -> None:
    """``BadRowError`` for a row that undoes an earlier one where no fact does that."""
    undone = row.text("REVERSALFITID")
    if undone:
        rule = f"undoes an earlier {row.kind}, which no fact of the books does: enter it by hand"
        raise BadRowError("REVERSALFITID", undone, rule)
