"""The comparison itself: a wrong answer must be seen, also one in the last digit."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.golden import accounting, positions
from tests.golden.compare import DisagreementError, agrees, check, run


@pytest.mark.parametrize(
    ("ours", "expected", "equal"),
    [
        ("1.5", "1.5", True),
        ("1.500000000000000001", "1.5", False),
        ("0.333333333333333333", "1/3", True),
        ("0.333333333333331", "1/3", False),
        ("36.620689655172413793", {"fraction": "1062/29"}, True),
        ("36.62068965517241", {"fraction": "1062/29"}, False),
    ],
)
def test_equal_to_the_digit_where_the_value_ends(ours: str, expected: object, equal: bool) -> None:
    assert agrees(Decimal(ours), expected) is equal


def test_a_missing_figure_disagrees() -> None:
    with pytest.raises(DisagreementError):
        check("avg", None, "1")


def case(net_qty: str) -> dict[str, object]:
    """A position case that expects a quantity."""
    return {
        "id": "T1",
        "instrument": {"symbol": "X", "kind": "linear", "multiplier": "1", "settle": "USD"},
        "events": [{"type": "fill", "id": "1", "side": "buy", "qty": "2", "px": "10"}],
        "expected": {
            "positions": {"net": {"qty": net_qty, "avg_px": "10"}},
            "realized_gross": "0",
            "realized_net_settle": "0",
            "fees": {},
            "balances": {"USD": "0"},
        },
    }


def test_a_wrong_expectation_is_a_disagreement(capsys: pytest.CaptureFixture[str]) -> None:
    status = run([case("2"), case("3")], positions.check_case, lambda _: True)
    told = capsys.readouterr().out.splitlines()
    assert (status, told[-1]) == (1, "agree 1 of 2")


def test_what_is_out_of_scope_is_counted_apart(capsys: pytest.CaptureFixture[str]) -> None:
    outside = {"id": "T2", "method": "SECTION104", "scope": "global"}
    assert run([outside], accounting.check_case, accounting.in_scope) == 1
    assert capsys.readouterr().out.splitlines() == ["out of scope 1", "agree 0 of 0"]
