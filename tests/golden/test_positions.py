"""The position cases agree, and the runner would say so if they did not."""

from __future__ import annotations

import copy
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from tests.golden import positions
from tests.golden.compare import DisagreementError, agrees, check, exact, read, same


@pytest.fixture(scope="module")
def cases(shared: Path) -> list[dict[str, Any]]:
    loaded: list[dict[str, Any]] = read(str(shared / "golden" / "positions.json"))["cases"]
    return loaded


def test_every_case_agrees(shared: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert positions.main(str(shared / "golden" / "positions.json")) == 0
    assert capsys.readouterr().out.endswith("agree 26 of 26\n")


@pytest.mark.parametrize("figure", ["realized_gross", "realized_net_settle"])
def test_a_wrong_result_is_reported(cases: list[dict[str, Any]], figure: str) -> None:
    case = copy.deepcopy(next(one for one in cases if figure in one["expected"]))
    case["expected"][figure] = str(exact(case["expected"][figure]) + Fraction(1, 10**14))
    with pytest.raises(DisagreementError, match=figure):
        positions.check_case(case)


def test_a_wrong_quantity_is_reported(cases: list[dict[str, Any]]) -> None:
    case = copy.deepcopy(cases[0])
    name, wanted = next(iter(case["expected"]["positions"].items()))
    wanted["qty"] = str(exact(wanted["qty"]) + 1)
    with pytest.raises(DisagreementError, match=f"{name} qty"):
        positions.check_case(case)


def test_a_wrong_balance_is_reported(cases: list[dict[str, Any]]) -> None:
    case = copy.deepcopy(next(one for one in cases if one["expected"]["balances"]))
    balances = case["expected"]["balances"]
    balances[next(iter(balances))] = "123456789"
    with pytest.raises(DisagreementError, match="balance"):
        positions.check_case(case)


def test_the_runner_names_the_case_that_disagrees(
    shared: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (shared / "golden" / "positions.json").read_text()
    case = read(str(shared / "golden" / "positions.json"))["cases"][0]
    changed = tmp_path / "changed.json"
    changed.write_text(text.replace('"balances": {', '"balances": {"XXX": "1", '))
    assert positions.main(str(changed)) == 1
    assert capsys.readouterr().out.startswith(f"{case['id']}: balance XXX: ours 0, expected 1")


# ------------------------------------------------------------------------- the comparison


def test_a_number_that_ends_is_compared_to_the_digit() -> None:
    assert agrees(Decimal("0.1"), "1/10")
    assert not agrees(Decimal("0.100000000000000001"), "1/10")


def test_a_number_that_does_not_end_is_compared_closely() -> None:
    assert agrees(Decimal("0.333333333333333333"), {"fraction": "1/3"})
    assert not agrees(Decimal("0.33333333333333"), {"fraction": "1/3"})


def test_no_number_is_not_zero() -> None:
    with pytest.raises(DisagreementError, match="ours None, expected 0"):
        check("avg", None, "0")


def test_a_number_is_not_none() -> None:
    with pytest.raises(DisagreementError, match="ours 0, expected None"):
        check("avg", Decimal(0), None)


def test_plain_values_are_compared_as_they_are() -> None:
    with pytest.raises(DisagreementError, match="status"):
        same("status", "New", "Filled")
