"""Every recorded statement and fragment is read whole, or its rows are set aside with a reason."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from adapters.brokers.ibkr_flex import accounts, parse
from adapters.port import AccountConfig, RawPage
from ledger.errors import BadFileError

FOLDER = Path("fixtures", "interactive_brokers")
# By account: fills, other facts, stated positions, stated balances, rows set aside.
COUNTS = {
    "eTax_report_anonymised_2025": {"U9999999": (671, 60, 2, 3, 0)},
    "minimal_short_options_repro_2025": {"U9999999": (4, 3, 3, 1, 0)},
    "options_future_2025": {"U0000000": (39, 52, 11, 0, 1)},
    "vtandchill_2025": {"U12349876": (7, 10, 1, 2, 0)},
    "testIBFlexStatementFile01": {"U123456": (15, 11, 0, 0, 0)},
    "testIBFlexStatementFile02": {"U1234567": (9, 4, 0, 0, 0)},
    "testIBFlexStatementFile04": {"U2222222": (1, 0, 0, 0, 0)},
    "testIBFlexStatementFile05": {"U1234567": (2, 1, 0, 0, 1)},
    "testIBFlexStatementFile06": {"U1234567": (2, 1, 0, 0, 1)},
    "testIBFlexStatementFile08": {"UXXXXXX": (0, 3, 0, 0, 0)},
    "testIBFlexStatementFile10": {"UXXXXXXX": (2, 0, 0, 0, 0)},
    "testIBFlexStatementFile11": {"UXXXXXXX": (1, 0, 0, 0, 0)},
    "testIBFlexStatementFile13": {"XXXXXXXX": (0, 0, 0, 0, 1)},
    "testIBFlexStatementFile15": {"U11111111": (1, 2, 0, 0, 0)},
    "testIBFlexStatementFile16": {"U12345678": (2, 0, 0, 0, 0)},
    "testIBFlexStatementFile17": {"U1111111": (0, 6, 13, 0, 0)},
    "testIBFlexStatementFile21": {"U1234567": (1, 1, 0, 3, 0)},
    "testIBFlexStatementFile24": {"UXXXXXXX": (0, 10, 0, 0, 0)},
    "testIBFlexStatementFile26": {"U1234567": (1, 1, 0, 0, 0), "U1234568": (0, 2, 0, 0, 0)},
    "testIBFlexStatementFile27": {"U1234567": (1, 0, 0, 0, 0)},
}
REFUSED = {"testIBFlexStatementFile29"}
# The section of each element of the fragments: facts, and why what is set aside is.
FRAGMENTS = {
    "AccountInformation": ("", 0, ""),
    "AssetSummary": ("Trades", 0, "set Trades to detail Execution"),
    "CashReportCurrency": ("CashReport", 0, ""),
    "CashTransaction": ("CashTransactions", 1, ""),
    "ChangeInDividendAccrual": ("ChangeInDividendAccruals", 0, ""),
    "ChangeInNAV": ("", 0, ""),
    "ChangeInPositionValue": ("ChangeInPositionValues", 0, ""),
    "ConversionRate": ("ConversionRates", 0, ""),
    "CorporateAction": ("CorporateActions", 1, ""),
    "DebitCardActivity": ("DebitCardActivities", 0, "base summary"),
    "EquitySummaryByReportDateInBase": ("EquitySummaryInBase", 0, ""),
    "FxLot": ("FxPositions", 0, ""),
    "FxTransaction": ("FxTransactions", 0, ""),
    "InterestAccrualsCurrency": ("InterestAccruals", 0, ""),
    "OpenDividendAccrual": ("OpenDividendAccruals", 0, ""),
    "OpenPosition": ("OpenPositions", 0, ""),
    "OptionEAE": ("OptionEAE", 1, ""),
    "OptionEAEBuy": ("OptionEAE", 1, ""),
    "Order": ("Trades", 0, "set Trades to detail Execution"),
    "SLBActivity": ("SLBActivities", 0, ""),
    "SalesTax": ("SalesTaxes", 1, ""),
    "SecurityInfo": ("SecuritiesInfo", 0, ""),
    "StatementOfFundsLine": ("StmtFunds", 0, "add Trades"),
    "SymbolSummary": ("Trades", 0, "set Trades to detail Execution"),
    "Trade": ("Trades", 1, ""),
    "TradeAutoFX": ("Trades", 0, "not a pair"),
    "TradeLot": ("Trades", 0, "set Trades to detail Execution"),
    "TradeTransfer": ("TradeTransfers", 0, "another broker"),
    "TradesOrder": ("Trades", 0, "set Trades to detail Execution"),
    "TransactionTax": ("TransactionTaxes", 1, ""),
    "Transfer": ("Transfers", 1, ""),
    "TransferLot": ("Transfers", 0, "a lot of a transfer"),
}


def page(path: Path) -> RawPage:
    return RawPage(name=path.name, content=path.read_bytes())


def statements(shared: Path) -> dict[str, Path]:
    found = [*shared.joinpath(FOLDER, "portfolio_performance").glob("*.xml"),
             *shared.joinpath(FOLDER, "opensteuerauszug").glob("*.xml")]  # fmt: skip
    return {path.stem: path for path in found}


def test_every_statement_is_counted_or_refused(shared: Path) -> None:
    assert statements(shared).keys() == COUNTS.keys() | REFUSED


@pytest.mark.parametrize("name", COUNTS)
def test_what_a_statement_says(shared: Path, name: str) -> None:
    pages = [page(statements(shared)[name])]
    found = {}
    for account in accounts(pages):
        batch = parse(pages, AccountConfig(venue_account=account))
        kinds = Counter(type(record.event).__name__ for record in batch.records)
        fills = kinds.pop("FillBooked", 0)
        found[account] = (fills, kinds.total(), len(batch.positions), len(batch.balances),
                          len(batch.quarantine))  # fmt: skip
        assert len(batch.findings) == (name == "vtandchill_2025")  # its own summary counts more
        assert all(row.rule and row.field for row in batch.quarantine)
    assert found == COUNTS[name]


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_a_statement_that_contradicts_itself_is_refused_whole(shared: Path, name: str) -> None:
    with pytest.raises(BadFileError, match="declares 2"):
        parse([page(statements(shared)[name])], AccountConfig())


def fragments(shared: Path) -> dict[str, str]:
    found = shared.joinpath(FOLDER, "ibflex_tests").glob("test_types.*TestCase.xml")
    return {path.stem.removeprefix("test_types.").removesuffix("TestCase"): path.read_text("utf-8")
            for path in found}  # fmt: skip


def framed(fragment: str, section: str) -> RawPage:
    inside = f"<{section}>{fragment}</{section}>" if section else fragment
    account = fragment.partition('accountId="')[2].partition('"')[0] or "U1"
    return RawPage(
        name="fragment.xml",
        content=(
            '<FlexQueryResponse type="AF"><FlexStatements count="1">'
            f'<FlexStatement accountId="{account}" fromDate="20110101" toDate="20251231">'
            f"{inside}</FlexStatement></FlexStatements></FlexQueryResponse>"
        ).encode(),
    )


def test_every_fragment_has_its_section(shared: Path) -> None:
    assert fragments(shared).keys() == FRAGMENTS.keys() | {"FlexQueryResponse", "FlexStatement"}


@pytest.mark.parametrize("name", FRAGMENTS)
def test_a_fragment_in_its_frame_is_read_or_set_aside(shared: Path, name: str) -> None:
    section, facts, reason = FRAGMENTS[name]
    batch = parse([framed(fragments(shared)[name], section)], AccountConfig())
    assert len(batch.records) == facts
    assert sum(count for _, count in batch.coverage.rows) == 1
    if reason:
        assert reason in batch.quarantine[0].rule
    else:
        assert not batch.quarantine


def test_a_fragment_without_its_frame_is_refused(shared: Path) -> None:
    for name, fragment in fragments(shared).items():
        if name != "FlexStatement":
            with pytest.raises(BadFileError, match="download the statement again"):
                parse([RawPage(name="x.xml", content=fragment.encode())], AccountConfig())
