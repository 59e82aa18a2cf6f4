"""Interactive Brokers Flex: two statements, with most that one can hold.

Trades, one of them cancelled and booked again, an option that expires as a trade and as an
exercise row, a dividend, a sales tax, a tender into another contract and its payment, and
transfers; the statement of funds tells the dividend a second time.
"""

from __future__ import annotations

from adapters.brokers.ibkr_flex import parse
from adapters.port import AccountConfig, RawPage
from tests.brokers.flex import cash, element, file, trade
from tests.brokers.sampling import Sample

GLX = {"conid": "900002", "symbol": "GLX", "isin": "US0000009002", "currency": "USD",
       "assetCategory": "STK"}  # fmt: skip
TEN = {**GLX, "conid": "900003", "symbol": "GLX.TEN", "isin": "US0000009003"}
OPTION = {"assetCategory": "OPT", "symbol": "ACME  260306C00020000", "conid": "900009",
          "multiplier": "100"}  # fmt: skip


def action(**values: str) -> str:
    row = {"type": "TO", "actionID": "71", "dateTime": "2026-03-04;19:45:00",
           "reportDate": "2026-03-05", "proceeds": "0",
           "description": "GLX(US0000009002) TENDERED TO US0000009003 1 FOR 1 (GLX, GLOBEX, X)",
           }  # fmt: skip
    return element("CorporateAction", {**row, **values})


def transfer(**values: str) -> str:
    row = {"type": "INTERNAL", "direction": "IN", "date": "2026-03-03", "account": "U9",
           "quantity": "0", "cashTransfer": "0", "currency": "USD"}  # fmt: skip
    return element("Transfer", {**row, **values})


PAID = "GLX.TEN(US0000009003) MERGED(Voluntary Offer Allocation) FOR USD 21 PER SHARE (GLX.TEN)"
TRADES = {
    "Trades": [
        trade(transactionID="1", ibExecID="a.01"),
        trade(transactionID="2", ibExecID="b.01", quantity="-40", tradePrice="17.5"),
        trade(transactionID="3", ibExecID="c.01", quantity="-7", tradePrice="18.25",
              ibCommission="-1.25", ibCommissionCurrency="CHF"),
        trade(**GLX, transactionID="11", ibExecID="d.01", quantity="30", tradePrice="20"),
        trade(**GLX, transactionID="12", quantity="-30", tradePrice="20", origTransactionID="11",
              transactionType="TradeCancel", ibCommission="0"),
        trade(**GLX, transactionID="13", ibExecID="d.02", quantity="30", tradePrice="19.5",
              ibCommission="0"),
        trade(**OPTION, transactionID="14", ibExecID="e.01", quantity="2", tradePrice="1.5"),
        trade(**OPTION, transactionID="15", quantity="-2", tradePrice="0", ibCommission="0",
              transactionType="BookTrade", dateTime="2026-03-06;16:20:00"),
    ],
    "OptionEAE": [
        element("OptionEAE", {**OPTION, "currency": "USD", "date": "2026-03-06", "quantity": "-2",
                              "transactionType": "Expiration"}),
    ],
}  # fmt: skip
CASH = {
    "CashTransactions": [cash(transactionID="4")],
    "SalesTaxes": [
        element("SalesTax", {"currency": "EUR", "date": "2026-03-05", "salesTax": "-0.3",
                             "transactionID": "16"}),
    ],
    "CorporateActions": [
        action(**GLX, transactionID="21", quantity="-30"),
        action(**TEN, transactionID="22", quantity="30"),
        action(**TEN, transactionID="23", quantity="-30", proceeds="630", type="TC",
               actionID="72", description=PAID, dateTime="2026-03-06;20:25:00"),
    ],
    "Transfers": [
        transfer(cashTransfer="5000", transactionID="31"),
        transfer(quantity="12", transactionID="32", assetCategory="STK", symbol="INTK",
                 conid="900004"),
    ],
    "StmtFunds": [
        element("StatementOfFundsLine", {"currency": "USD", "date": "2026-03-05", "amount": "50",
                                         "balance": "5050", "activityCode": "DIV",
                                         "levelOfDetail": "Currency", "transactionID": "4"}),
    ],
}  # fmt: skip

SAMPLE = Sample(
    venue="ibkr_flex",
    parse=parse,
    pages=(
        RawPage(name="trades.xml", content=file(TRADES)),
        RawPage(name="cash.xml", content=file(CASH)),
    ),
    change=('tradePrice="17.5"', 'tradePrice="17.6"'),
    config=AccountConfig(account="A", time_zone="America/New_York"),
)
