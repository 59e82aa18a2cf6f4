"""The runner over real statements: what agrees, what differs, and by how much."""

from __future__ import annotations

import re
from collections import Counter
from decimal import Decimal

import pytest

from tests.golden.ibkr_flex import CUT, OPENING, TOTALS, compare, main, statements

FOLDER = "fixtures/interactive_brokers"
ETAX = f"{FOLDER}/opensteuerauszug/eTax_report_anonymised_2025.xml"


@pytest.fixture(scope="module")
def lines(shared):
    return list(compare((shared / ETAX).read_bytes(), "eTax"))


def test_42_of_43_quantities_agree(lines):
    quantities = [line for line in lines if line.kind == "position"]
    assert (sum(line.agrees for line in quantities), len(quantities)) == (42, 43)


def test_the_43rd_is_an_unknown_opening_balance(lines):
    (line,) = [line for line in lines if line.kind == "position" and not line.agrees]
    told = "position IBKR:272110 MSTR ours 4973 stated 5257 unknown opening balance: "
    assert str(line).startswith(told)


def test_cash_agrees_but_for_what_ib_rounds(lines):
    cash = {line.subject: line for line in lines if line.kind == "cash"}
    assert all(line.agrees for line in cash.values())
    apart = {name: line.ours - line.stated for name, line in cash.items()}
    assert apart == {"CHF": 0, "EUR": 0, "USD": Decimal("0.000000002")}


def test_a_difference_is_counted_and_told_by_the_exit_code(shared, capsys):
    assert main([str(shared / ETAX)]) == 1
    assert capsys.readouterr().out.splitlines()[-1] == "agree 45 of 46"


def told(shared):
    paths = sorted(shared.joinpath(FOLDER, "opensteuerauszug").glob("*.xml"))
    return [one for path in paths for one in statements(path.read_bytes(), path.stem)]


def test_every_difference_is_explained(shared):
    apart = [line for one in told(shared) for line in one.lines if not line.agrees]
    assert Counter(line.explained for line in apart) == {OPENING: 9, TOTALS: 1, CUT: 2}


def test_a_statement_with_cash_and_positions_ties_or_contradicts_itself(shared):
    verdicts = {one.name.split()[0]: one.verdict for one in told(shared) if one.carries_both}
    assert verdicts == {
        "eTax_report_anonymised_2025": "ties, but for opening balances",
        "minimal_short_options_repro_2025": "contradicts itself: "
        "commissions USD rows -20.9 stated -21.9; "
        "netTrades USD rows -180290 stated -180302.5; "
        "endingCash of its own lines USD rows 100190.85 stated 96190.85",
        "vtandchill_2025": "contradicts itself: dividends USD rows 144.976 stated 239.077; "
        "withholdingTax USD rows -21.746 stated -35.86; "
        "brokerInterest USD rows 26.46 stated 28.468; "
        "it counts 1001.63 of USD.CHF, the executions make 997.73: rows are missing",
    }


def test_control_a_row_taken_out_does_not_tie(shared):
    """A currency trade's row out of a whole statement: nothing in it tells, and none ties."""
    content = (shared / ETAX).read_text()
    found = re.search(r'<Trade [^>]*assetCategory="CASH"[^>]*symbol="USD.CHF"[^>]*/>', content)
    assert found
    (one,) = statements(content.replace(found.group(), "", 1).encode(), "eTax")
    assert one.verdict != "ties, but for opening balances"
