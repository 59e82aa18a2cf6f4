"""The accounting cases agree, and the runner would say so if they did not."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from tests.golden import accounting
from tests.golden.compare import DisagreementError, read, run


@pytest.fixture(scope="module")
def cases(shared: Path) -> list[dict[str, Any]]:
    loaded = read(str(shared / "golden" / "accounting.json"))["cases"]
    return [case for case in loaded if accounting.in_scope(case)]


def changed(case: dict[str, Any], **expected: Any) -> dict[str, Any]:
    """A case that expects something else."""
    other = copy.deepcopy(case)
    other["expected"] |= expected
    return other


def test_every_case_in_scope_agrees(shared: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert accounting.main(str(shared / "golden" / "accounting.json")) == 0
    said = capsys.readouterr().out.splitlines()
    assert said == ["out of scope 9", "agree 31 of 31"]


def test_a_wrong_result_is_reported(cases: list[dict[str, Any]]) -> None:
    case = next(one for one in cases if one["expected"]["disposals"])
    with pytest.raises(DisagreementError, match="realized total"):
        accounting.check_case(changed(case, realized_total="123.45"))


def test_a_missing_disposal_is_reported(cases: list[dict[str, Any]]) -> None:
    case = next(one for one in cases if one["expected"]["disposals"])
    with pytest.raises(DisagreementError, match="events that close"):
        accounting.check_case(changed(case, disposals=[]))


def test_a_lot_too_many_is_reported(cases: list[dict[str, Any]]) -> None:
    case = next(one for one in cases if one["expected"]["remaining"])
    with pytest.raises(DisagreementError, match="open lots"):
        accounting.check_case(changed(case, remaining=[]))


def test_a_refusal_that_was_not_expected_is_reported(cases: list[dict[str, Any]]) -> None:
    case = next(one for one in cases if "error" in one["expected"])
    with pytest.raises(DisagreementError, match="error"):
        accounting.check_case(changed(case, error=None))


def test_a_refusal_that_does_not_come_is_reported(cases: list[dict[str, Any]]) -> None:
    case = next(one for one in cases if "error" not in one["expected"])
    with pytest.raises(DisagreementError, match="error"):
        accounting.check_case(changed(case, error={"event": 1, "kind": "insufficient_lots"}))


def test_tax_rules_and_several_accounts_are_out_of_scope() -> None:
    assert not accounting.in_scope({"method": "SECTION104"})
    assert not accounting.in_scope({"method": "FIFO", "scope": "global"})
    assert accounting.in_scope({"method": "FIFO", "scope": "account"})


def test_what_is_out_of_scope_never_counts_as_agreement(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run([{"id": "tax"}], lambda _: None, lambda _: False) == 1
    assert capsys.readouterr().out == "out of scope 1\nagree 0 of 0\n"


# ------------------------------------------------------------------------- rows written here


def made(rows: str, expected: dict[str, Any], **how: Any) -> dict[str, Any]:
    """A case from rows: account, side or ``>`` account, quantity, price, and what else it says."""
    case = {"id": "here", "method": "FIFO", "fee_rule": "none", "cross": "error", "currency": "USD"}
    lines = [line.split() for line in rows.splitlines() if line.strip()]
    events = [_event(n, *words) for n, words in enumerate(lines, 1)]
    full = {"disposals": [], "realized_total": "0", "remaining": []} | expected
    return case | how | {"events": events, "expected": full}


def _event(n: int, account: str, does: str, *words: str) -> dict[str, Any]:
    common = {"n": n, "date": f"2026-01-{n:02}", "instrument": "X", "qty": words[0]}
    if does == ">":
        return common | {"type": "transfer", "from": account, "to": words[1]}
    told: dict[str, Any] = dict(word.split("=") for word in words[2:])
    if "lot" in told:
        told["lot"] = {"event": int(told["lot"])}
    trade = {"type": "trade", "account": account, "side": does, "price": words[1]}
    return common | trade | told


def left(lot: int, qty: str, cost: str, account: str | None = "a") -> dict[str, Any]:
    return {"account": account, "instrument": "X", "lot": lot, "qty": qty, "cost": cost}


@pytest.mark.parametrize("kind", ["gift", "donate", "fee"])
def test_more_cannot_be_given_than_is_held(kind: str) -> None:
    rows = f"a buy 2 10 \n a sell 3 10 kind={kind}"
    error = {"event": 2, "kind": "insufficient_lots"}
    accounting.check_case(made(rows, {"error": error, "remaining": [left(1, "2", "20")]}))


def test_what_is_given_may_name_its_lot() -> None:
    rows = "a buy 2 10 \n a buy 2 12 \n a sell 2 15 kind=gift lot=2"
    match = {"lot": 2, "qty": "2", "cost": "24", "gain": "6"}
    gone = {"event": 3, "qty": "2", "cost": "24", "gain": "6", "matches": [match]}
    expected = {"disposals": [gone], "realized_total": "6", "remaining": [left(1, "2", "20")]}
    accounting.check_case(made(rows, expected, method="STRICT"))


def test_income_may_have_a_fee_beside_its_cost() -> None:
    expected = {"remaining": [left(1, "2", "20")], "income_total": "20", "fees_total": "1"}
    rows = "a buy 2 10 kind=income fee=1"
    accounting.check_case(made(rows, expected, fee_rule="expensed"))


def test_a_lot_that_was_moved_in_parts_is_one_lot() -> None:
    rows = """
        a buy 5 10
        a > 2 b
        a > 1 b
        b sell 3 12
    """
    match = {"lot": 1, "qty": "3", "cost": "30", "gain": "6"}
    gone = {"event": 4, "qty": "3", "cost": "30", "gain": "6", "matches": [match]}
    expected = {"disposals": [gone], "realized_total": "6", "remaining": [left(1, "2", "20")]}
    accounting.check_case(made(rows, expected))


def test_one_account_is_all_accounts_where_there_is_no_other() -> None:
    case = made("a buy 5 10", {"remaining": [left(1, "5", "50", None)]}, scope="global")
    assert accounting.in_scope(case)
    accounting.check_case(case)


def test_an_event_of_another_type_is_named() -> None:
    case = made("a buy 5 10", {})
    case["events"][0]["type"] = "merger"
    with pytest.raises(DisagreementError, match="events of type merger"):
        accounting.check_case(case)


@pytest.mark.parametrize(("figure", "wrong"), [("qty", "4"), ("cost", "51"), ("avg", "11")])
def test_a_position_is_compared_where_it_is_expected(figure: str, wrong: str) -> None:
    held = {"account": "a", "instrument": "X", "qty": "5", "cost": "50", "avg": "10"}
    rest = {"remaining": [left(1, "5", "50")]}
    accounting.check_case(made("a buy 5 10", rest | {"position": held}))
    with pytest.raises(DisagreementError, match=f"position .* {figure}"):
        accounting.check_case(made("a buy 5 10", rest | {"position": held | {figure: wrong}}))


@pytest.mark.parametrize("figure", ["value", "gain"])
def test_a_mark_is_compared(figure: str) -> None:
    mark = {"instrument": "X", "price": "12", "value": "60", "gain": "10"} | {figure: "11"}
    with pytest.raises(DisagreementError, match="value" if figure == "value" else "unrealized"):
        accounting.check_case(
            made("a buy 5 10", {"remaining": [left(1, "5", "50")], "unrealized": mark})
        )
