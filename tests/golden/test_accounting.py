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
