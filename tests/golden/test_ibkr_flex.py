"""The runner over real statements: what agrees, what differs, and by how much."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.golden.ibkr_flex import NOTHING, OPENING, TOTALS, compare, main

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


def test_cash_differs_by_the_commissions_of_currency_trades_alone(lines):
    cash = {line.subject: line for line in lines if line.kind == "cash"}
    assert cash["EUR"].agrees
    assert "commissions: rows -129.089063528, cash report -110.22127726" in str(cash["CHF"])
    assert "commissions: rows -1095.584298428, cash report -1117.40559443" in str(cash["USD"])


def test_a_difference_is_counted_and_told_by_the_exit_code(shared, capsys):
    assert main([str(shared / ETAX)]) == 1
    assert capsys.readouterr().out.splitlines()[-1] == "agree 43 of 46"


def test_every_difference_of_the_real_statement_is_explained_to_the_digit(lines):
    apart = {line.subject.partition(" ")[0]: line.explained for line in lines if not line.agrees}
    assert apart == {"IBKR:272110": OPENING, "CHF": TOTALS, "USD": TOTALS}


def test_of_all_statements_only_a_cut_one_is_not_explained(shared):
    apart = [
        (path.stem, line.subject, line.explained)
        for path in sorted(shared.joinpath(FOLDER, "opensteuerauszug").glob("*.xml"))
        for line in compare(path.read_bytes(), path.name)
        if not line.agrees
    ]
    assert Counter(explained for *_, explained in apart) == {OPENING: 9, TOTALS: 3, NOTHING: 2}
    # Its summary has 1001.63 USD bought, its rows 997.73; its cash report tells no trade.
    assert [one[:2] for one in apart if one[2] == NOTHING] == [
        ("vtandchill_2025", "CHF"),
        ("vtandchill_2025", "USD"),
    ]
