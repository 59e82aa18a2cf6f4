"""Small Flex files and books for tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

from adapters.brokers.ibkr_flex import parse
from adapters.port import AccountConfig, RawPage
from ledger.domain.events import Fact
from ledger.store.memory import MemoryStore
from ledger.store.port import Outcome

TRADE = {
    "currency": "USD",
    "assetCategory": "STK",
    "symbol": "ACME",
    "conid": "900001",
    "multiplier": "1",
    "levelOfDetail": "EXECUTION",
    "transactionType": "ExchTrade",
    "dateTime": "2026-03-02;10:15:00",
    "quantity": "100",
    "tradePrice": "16",
    "ibCommission": "-6",
    "ibCommissionCurrency": "USD",
}
CASH = {
    "currency": "USD",
    "type": "Dividends",
    "conid": "900001",
    "reportDate": "2026-03-05",
    "dateTime": "2026-03-05",
    "amount": "50",
    "levelOfDetail": "DETAIL",
}
NOW = datetime(2026, 4, 1, tzinfo=UTC)
REAL = ("interactive_brokers", "opensteuerauszug", "eTax_report_anonymised_2025.xml")


def element(tag: str, values: dict[str, str]) -> str:
    return f"<{tag} {' '.join(f'{k}={quoteattr(v)}' for k, v in values.items())}/>"


def file(sections: Mapping[str, Sequence[str]], *, count: int = 1, account: str = "U1") -> bytes:
    inside = "".join(f"<{name}>{''.join(rows)}</{name}>" for name, rows in sections.items())
    statement = (
        f'<FlexStatement accountId="{account}" fromDate="2026-03-02" toDate="2026-03-06">'
        f"{inside}</FlexStatement>"
    )
    return (
        f'<FlexQueryResponse type="AF"><FlexStatements count="{count}">{statement}'
        "</FlexStatements></FlexQueryResponse>"
    ).encode()


def trade(**values: str) -> str:
    return element("Trade", {**TRADE, **values})


def cash(**values: str) -> str:
    return element("CashTransaction", {**CASH, **values})


def read(content: bytes, **config: Any) -> Any:
    """A batch; Any, since a test knows which fact each of its records holds."""
    return parse([RawPage(name="test.xml", content=content)], AccountConfig(**config))


def trades(*rows: str) -> Any:
    return read(file({"Trades": rows}))


def cash_rows(*rows: str) -> Any:
    return read(file({"CashTransactions": rows}))


def real(shared: Path) -> Any:
    return read(shared.joinpath("fixtures", *REAL).read_bytes())


class FakeBook:
    """A store with the one method ingest calls; it folds nothing."""

    def __init__(self) -> None:
        self.store = MemoryStore(lambda: NOW)

    def record_all(self, facts: Sequence[Fact], **how: Any) -> list[Outcome]:
        return self.store.append(facts, **how)
