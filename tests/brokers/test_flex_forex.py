"""What the commission of a currency trade was taken in, where only the trade's row tells.

IB prints it in the base currency. Taken in another, it is printed at the statement's own rate of
the day; taken in the base, at the rate of an earlier day. The cash report has the last word.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.brokers.flex import cash, element, file, read, real, trade

BASE = {"currency": "CHF", "startingCash": "0", "endingCash": "0"}
PAIR = {
    "assetCategory": "CASH",
    "currency": "CHF",
    "symbol": "USD.CHF",
    "conid": "12087820",
    "reportDate": "2026-03-02",
    "quantity": "1000",
    "tradePrice": "0.8",
    "ibCommissionCurrency": "CHF",
}
RATE = {"reportDate": "2026-03-02", "fromCurrency": "USD", "toCurrency": "CHF", "rate": "0.80905"}


def report(taken: Mapping[str, str]) -> list[str]:
    """A cash report with these commissions."""
    return [
        element("CashReportCurrency", {**BASE, "currency": currency, "commissions": amount})
        for currency, amount in taken.items()
    ]


def fees(
    *commissions: str, taken: Mapping[str, str], rate: Mapping[str, str] | None = None
) -> list[tuple[str, str]]:
    """The fees of currency trades with these commissions, as printed."""
    rows = [
        trade(**PAIR, transactionID=str(100 + number), ibCommission=amount)
        for number, amount in enumerate(commissions)
    ]
    rates = element("ConversionRate", {**RATE, **(rate or {})})
    sections = {"Trades": rows, "ConversionRates": [rates], "CashReport": report(taken)}
    batch = read(file(sections))
    return [(f.currency, str(f.amount)) for r in batch.records for f in _fees(r)]


def _fees(record: Any) -> Any:
    return getattr(record.event, "fees", ())


def test_what_the_rate_of_the_day_makes_was_taken_in_the_other_currency() -> None:
    found = fees("-1.6181", "-1.61004", taken={"CHF": "-1.61004", "USD": "-2"})
    assert found == [("USD", "2"), ("CHF", "1.61004")]


def test_six_decimals_of_an_amount_are_told_from_nine_printed() -> None:
    found = fees("-4.709719529", taken={"CHF": "0", "USD": "-5.821296"})
    assert found == [("USD", "5.821296")]


def test_the_rates_of_other_rows_of_the_day_will_do() -> None:
    row = trade(
        fxRateToBase="0.80905", reportDate="2026-03-02", ibCommission="-1", transactionID="9"
    )
    rows = [trade(**PAIR, transactionID="100", ibCommission="-1.6181"), row]
    taken = report({"CHF": "0", "USD": "-3"})
    batch = read(file({"Trades": rows, "CashReport": taken}))
    assert [f.currency for r in batch.records for f in _fees(r)] == ["USD", "USD"]


@pytest.mark.parametrize(
    ("taken", "rate"),
    [
        pytest.param({"CHF": "-1.6181", "USD": "0"}, {}, id="the report has it as printed"),
        pytest.param({"CHF": "0", "USD": "-2.5"}, {}, id="the report has another amount"),
        pytest.param({"CHF": "0"}, {}, id="the report lacks the currency"),
        pytest.param({}, {}, id="no report"),
        pytest.param({"CHF": "0", "USD": ""}, {}, id="a report without commissions"),
        pytest.param({"CHF": "0", "USD": "-2"}, {"reportDate": "2026-03-03"}, id="another day"),
        pytest.param({"CHF": "0", "USD": "-2"}, {"rate": "0.80911"}, id="another rate"),
        pytest.param({"CHF": "0", "USD": "-2"}, {"rate": "x"}, id="a rate that is no number"),
        pytest.param({"CHF": "0", "USD": "-2"}, {"rate": "0"}, id="a rate of nothing"),
    ],
)
def test_else_it_is_booked_as_printed(taken: Mapping[str, str], rate: Mapping[str, str]) -> None:
    assert fees("-1.6181", taken=taken, rate=rate) == [("CHF", "1.6181")]


def test_commissions_adjusted_are_in_the_report_and_in_no_trade() -> None:
    adjusted = {"type": "Commission Adjustments", "currency": "USD", "amount": "0.5"}
    sections = {
        "Trades": [trade(**PAIR, transactionID="100", ibCommission="-1.6181")],
        "ConversionRates": [element("ConversionRate", RATE)],
        "CashReport": report({"CHF": "0", "USD": "-1.5"}),
        "CashTransactions": [cash(**{**adjusted, "levelOfDetail": "SUMMARY"}), cash(**adjusted)],
    }
    batch = read(file(sections))
    assert [f.currency for r in batch.records for f in _fees(r)] == ["USD"]
    assert all(control.agrees for control in batch.coverage.controls)


def test_a_trade_without_a_posting_is_booked_as_printed() -> None:
    rows = [trade(**PAIR, ibExecID="a.1", ibCommission="-1.6181")]
    rates = [element("ConversionRate", RATE)]
    sections = {"Trades": rows, "ConversionRates": rates, "CashReport": report({"USD": "-2"})}
    (record,) = read(file(sections)).records
    assert [f.currency for f in record.event.fees] == ["CHF"]


def test_of_a_real_year_nine_were_taken_in_dollars_one_after_the_other(shared: Path) -> None:
    forex = sorted(
        (r.occurred_at, fee.currency, fee.amount)
        for r in real(shared).records
        for fee in _fees(r)
        if r.event.instrument_id in {"IBKR:12087820", "IBKR:12087802"}
    )
    found = [place for place, (_, currency, _) in enumerate(forex) if currency == "USD"]
    assert found == list(range(found[0], found[0] + 9))
    assert sum(forex[place][2] for place in found) == Decimal("21.821296")


def test_and_its_cash_report_agrees_in_every_total(shared: Path) -> None:
    controls = real(shared).coverage.controls
    assert [control.name for control in controls if not control.agrees] == []
    assert len(controls) == 30
