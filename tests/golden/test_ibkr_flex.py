"""The runner over real statements: what agrees, what differs, and by how much."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

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


def test_cash_agrees_but_for_what_ib_rounds(lines):
    cash = {line.subject: line for line in lines if line.kind == "cash"}
    assert all(line.agrees for line in cash.values())
    apart = {name: line.ours - line.stated for name, line in cash.items()}
    assert apart == {"CHF": 0, "EUR": 0, "USD": Decimal("0.000000002")}


def test_a_difference_is_counted_and_told_by_the_exit_code(shared, capsys):
    assert main([str(shared / ETAX)]) == 1
    assert capsys.readouterr().out.splitlines()[-1] == "agree 45 of 46"


def test_of_all_statements_only_a_cut_one_is_not_explained(shared):
    apart = [
        (path.stem, line.subject, line.explained)
        for path in sorted(shared.joinpath(FOLDER, "opensteuerauszug").glob("*.xml"))
        for line in compare(path.read_bytes(), path.name)
        if not line.agrees
    ]
    assert Counter(explained for *_, explained in apart) == {OPENING: 9, TOTALS: 1, NOTHING: 2}
    # Its summary has 1001.63 USD bought, its rows 997.73; its cash report tells no trade.
    assert [one[:2] for one in apart if one[2] == NOTHING] == [
        ("vtandchill_2025", "CHF"),
        ("vtandchill_2025", "USD"),
    ]
