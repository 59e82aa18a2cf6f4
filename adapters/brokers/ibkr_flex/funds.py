"""``StmtFunds``, the statement of funds: every movement of money with the balance after it.

It is told at two levels, by currency and converted into the base currency. Its lines repeat what
trades, cash transactions and the other sections say, under the same transaction ids. So they
control: the running balance must close, and each line must be told by another row. Only where
the section that would tell a line is not in the file is a line of its own currency booked, as the
fact and under the id that the section would give it: it stays one whichever file tells it. A
line in base currency is a conversion and never booked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Final

from adapters.brokers.ibkr_flex.cash import TYPES, sales_tax
from adapters.brokers.ibkr_flex.funds_chain import BASE_LEVEL, TRADED, amount_of, is_base
from adapters.brokers.ibkr_flex.funds_orders import Orders
from adapters.brokers.ibkr_flex.row import NO_ID, Row
from adapters.brokers.ibkr_flex.taxes import taxed_trades, transaction_tax
from adapters.port import Record
from adapters.text import UNREADABLE
from ledger.errors import BadRowError

TIMES: Final = ("date", "reportDate")
FOREX_COMMISSION: Final = "Commission from Forex Trade"
TRANSLATION: Final = "FX Translations P&L"
MARKED: Final = "Position MTM"
# The cash transaction that an activity code stands for.
CASH_CODES: Final = {
    "ADVFEE": "Advisor Fees",
    "CINT": "Broker Interest Received",
    "DEP": "Deposits/Withdrawals",
    "DINT": "Broker Interest Paid",
    "DIV": "Dividends",
    "FRTAX": "Withholding Tax",
    "INTP": "Bond Interest Paid",
    "INTR": "Bond Interest Received",
    "OFEE": "Other Fees",
    "PIL": "Payment In Lieu Of Dividends",
    "WITH": "Deposits/Withdrawals",
}
SECTIONS: Final = {
    **dict.fromkeys(CASH_CODES, "CashTransactions"),
    **dict.fromkeys(TRADED, "Trades"),
    "CORP": "CorporateActions",
    "STAX": "SalesTaxes",
    "TTAX": "TransactionTaxes",
}
# The sections that tell money by rows, and under which name; the first that is there counts.
TELLING: Final = {
    "Trades": ("netCash", "proceeds"),
    "CashTransactions": ("amount",),
    "SalesTaxes": ("salesTax",),
    "CorporateActions": ("proceeds",),
    "Transfers": ("cashTransfer",),
    "TransactionTaxes": ("taxAmount",),
    "DebitCardActivities": ("amount",),
    "OptionEAE": ("proceeds",),
}


def forex_commissions(rows: Iterable[Row]) -> dict[str, tuple[str, Decimal]]:
    """What was charged for each currency trade, and in which currency, by the trade's posting:
    the trade's own row prints it in the account's base currency whichever it was taken in."""
    found: dict[str, tuple[str, Decimal]] = {}
    for row in rows:
        described = row.values.get("activityDescription", "")
        try:
            posting = row.id("transactionID")
            if not is_base(row) and described.startswith(FOREX_COMMISSION) and posting:
                found[posting] = row.required("currency"), amount_of(row)
        except UNREADABLE:
            continue
    return found


class Funds:
    """Reads the lines beside the rows of the other sections, by section."""

    def __init__(self, sections: Mapping[str, Sequence[Row]]) -> None:
        self._has = {name for name in TELLING if name in sections}
        self._nameless: set[str] = set()
        self._postings: set[str] = set()
        self._trades: set[str] = set()
        self._taxed = taxed_trades(sections.get("Trades", ()))
        self._moneys: Counter[tuple[str, Decimal]] = Counter()
        self._orders = Orders(sections.get("Trades", ()), sections.get("StmtFunds", ()))
        for name in self._has:
            for row in sections[name]:
                self._know(row, name)

    def _know(self, row: Row, section: str) -> None:
        """A row that tells money, by its ids; without a posting by the money itself."""
        values = row.values
        self._postings.add(values.get("transactionID", ""))
        self._trades.update((values.get("tradeID", ""), values.get("tradeId", "")))
        if section == "TransactionTaxes":
            self._taxed.add(values.get("tradeId", ""))
        if values.get("transactionID", "") in NO_ID:
            self._nameless.add(section)
            name = next((name for name in TELLING[section] if values.get(name)), "")
            try:
                self._moneys[values.get("currency", ""), row.decimal_or_zero(name)] += 1
            except UNREADABLE:
                return

    def read(self, row: Row, *, is_repeated: bool) -> list[Record]:
        """Nothing for a line that another row tells, or that moves nothing; else the fact, or
        ``BadRowError``. ``is_repeated``: the file has the same at the level of currencies."""
        amount = amount_of(row)
        if not amount or self._is_told(row) or (is_repeated and is_base(row)):
            return []
        if is_base(row) and row.text("activityDescription") == TRANSLATION:
            return []
        code = row.text("activityCode") or ("BUY" if row.text("buySell") else "")
        section = SECTIONS.get(code)
        if row.text("activityDescription").endswith(MARKED):
            rule = "the daily result of a future, which is booked when trades close it: not twice"
            raise BadRowError("activityCode", code, rule)
        if section is None:
            rule = "money that no other row of the file tells, of an unknown kind: enter it by hand"
            raise BadRowError("activityCode", code or row.text("activityDescription"), rule)
        if section in self._has:
            if section in self._nameless and (is_base(row) or section == "Trades"):
                return []
            rule = f"money that {section} of this file does not tell: look why, or enter it by hand"
            raise BadRowError("activityCode", code, rule)
        return [self._alone(row, code, section)]

    def _is_told(self, row: Row) -> bool:
        """By the posting, the trade, the order, or, once each, by the money of a row without a
        posting. Of a tax only a trade that has taxes tells."""
        posting, trade = row.id("transactionID"), row.id("tradeID")
        trades = self._taxed if row.text("activityCode") == "TTAX" else self._trades
        if (posting and posting in self._postings) or (trade and trade in trades):
            return True
        if self._orders.tell(row):
            return True
        money = (row.values.get("currency", ""), amount_of(row))
        if self._moneys[money] > 0:
            self._moneys[money] -= 1
            return True
        return False

    def _alone(self, row: Row, code: str, section: str) -> Record:
        """What only this line tells, as its own section would."""
        if is_base(row):
            rule = "told in base currency alone: set the statement of funds to Currency"
            raise BadRowError("levelOfDetail", BASE_LEVEL, rule)
        if section not in {"CashTransactions", "SalesTaxes", "TransactionTaxes"}:
            raise BadRowError("activityCode", code, f"not booked: add {section} to the Flex query")
        if not row.id("transactionID"):
            rule = "missing: without it the same money in another file could not be told from this"
            raise BadRowError("transactionID", "", rule)
        at, amount = row.happened(*TIMES), amount_of(row)
        if section == "TransactionTaxes":
            event = transaction_tax(row, row.id("tradeID") or row.id("transactionID"), amount)
        elif section == "SalesTaxes":
            event = sales_tax(row, row.id("transactionID"), amount)
        else:
            event = TYPES[CASH_CODES[code]](row, row.id("transactionID"), amount)
        return Record(event=event, occurred_at=at, row=row.where, digest=row.digest)
