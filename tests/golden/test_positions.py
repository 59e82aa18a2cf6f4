"""The position cases agree, and the runner would say so if they did not."""

from __future__ import annotations

import copy
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from tests.golden import positions
from tests.golden.compare import DisagreementError, agrees, check, exact, read, run, same


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


# ------------------------------------------------------------------------- rows written here


def made(*events: dict[str, Any], kind: str = "equity", **expected: Any) -> dict[str, Any]:
    """A case; what it does not say of a fill is that one unit was bought at 100."""
    rows = [BOUGHT | one if one["type"] == "fill" else one for one in events]
    full = {"positions": {}, "balances": {}} | expected
    spec = {"symbol": "X", "kind": kind, "settle": "USD"}
    return {"id": "here", "instrument": spec, "events": rows, "expected": full}


BOUGHT = {"type": "fill", "side": "buy", "qty": "1", "px": "100"}


def one(id: str, **more: Any) -> dict[str, Any]:
    return {"type": "fill", "id": id} | more


def at(qty: str, avg: str | None) -> dict[str, Any]:
    return {"qty": qty, "avg_px": avg}


def test_a_fill_that_comes_again_is_ignored_whatever_it_says() -> None:
    case = made(one("f"), one("f"), one("f", px="101"), positions={"net": at("1", "100")})
    positions.check_case(case)


def test_inside_one_second_events_come_as_they_are_listed() -> None:
    split = {"type": "split", "ratio": "2/1", "ts": "5"}
    case = made(one("f", ts="5"), split, one("g", ts="5"), positions={"net": at("3", None)})
    case["expected"]["positions"]["net"]["avg_px"] = {"fraction": "200/3"}
    positions.check_case(case)


def test_a_split_concerns_every_book_but_where_it_names_one() -> None:
    fills = (one("f", pos="L"), one("g", pos="S", side="sell"))
    both = {"L": at("2", "50"), "S": at("-2", "50")}
    positions.check_case(made(*fills, {"type": "split", "ratio": "2"}, positions=both))
    named = {"L": at("2", "50"), "S": at("-1", "100")}
    positions.check_case(made(*fills, {"type": "split", "ratio": "2", "pos": "L"}, positions=named))


def test_a_correction_may_turn_a_fill_round() -> None:
    turned = {"type": "correct", "id": "c", "ref": "f", "qty": "1", "side": "sell"}
    positions.check_case(made(one("f"), turned, positions={"net": at("-1", "100")}))


def test_money_comes_in_and_goes_out() -> None:
    moves = [{"type": kind, "amount": "5", "ccy": "USD"} for kind in ("deposit", "deposit")]
    out = {"type": "withdraw", "amount": "3"}
    positions.check_case(made(*moves, out, balances={"USD": "7"}))


def test_fills_of_two_orders_are_told_apart() -> None:
    filled = {"status": "Filled", "order_qty": "1", "cum_qty": "1", "leaves_qty": "0"}
    orders = {"o1": filled, "o2": filled}
    positions.check_case(made(one("f", order="o1"), one("g", order="o2"), orders=orders))


def test_a_case_that_cannot_be_played_does_not_stop_the_others(
    capsys: pytest.CaptureFixture[str],
) -> None:
    cases = [made({"type": "merger"}), made(one("f", px="1e99")), made(one("f"))]
    assert run(cases, positions.check_case, lambda _: True) == 1
    said = capsys.readouterr().out.splitlines()
    assert "events of type merger are not known" in said[0]
    assert "cannot be played" in said[1]
    assert said[2] == "agree 1 of 3"


# ------------------------------------------------------------------------- the comparison


def test_a_sum_over_books_may_be_off_by_half_a_unit_for_each() -> None:
    off = Decimal("1.000000000000000001")
    assert agrees(off, "1", 2)
    assert not agrees(off, "1")
    assert not agrees(off + Decimal("1e-18"), "1", 2)


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
