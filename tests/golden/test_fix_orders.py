"""FIX's matrices replay; and more of its rules, in rows written here.

A row reads: direction, message or report type, id, id it refers to, then for a report its
status and the four quantities (asked, executed, left, last); ``-`` is not stated.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.golden.fix_orders import main, replay

FIELDS = ("ord_status", "order_qty", "cum_qty", "leaves_qty", "last_qty")
START = """
    in  NewOrder X - - 100
    out New      X - New 100 0 100 0
"""


def scenario(text: str, title: str = "") -> dict[str, Any]:
    """A matrix from rows of text."""
    rows = [line.split() for line in text.splitlines() if line.strip()]
    return {"id": "here", "scenario": title, "steps": [_step(t, row) for t, row in enumerate(rows)]}


def _step(t: int, row: list[str]) -> dict[str, Any]:
    direction, kind, cl_ord_id, orig, *figures = (None if w == "-" else w for w in row)
    extra = dict(word.split("=") for word in figures if word and "=" in word)
    values = [word for word in figures if not (word and "=" in word)]
    values += [None] * (len(FIELDS) - len(values))
    said = dict(zip(FIELDS, values, strict=True))
    numbers = {name: int(v) if v and name != "ord_status" else v for name, v in said.items()}
    step = {"t": str(t), "dir": direction, "cl_ord_id": cl_ord_id, "orig_cl_ord_id": orig}
    names: dict[str, Any] = {"msg": kind, "exec_type": None}
    if direction == "out" and kind != "OrderCancelReject":
        names = {"msg": "ExecutionReport", "exec_type": kind}
    return step | names | {"alternative_path": False} | numbers | extra


MATRICES = {
    "the order fills before the cancel is dealt with": START
    + """
        in  CancelRequest     Y X
        out PendingCancel     Y X PendingCancel 100 0 100 0
        out Trade             X - PendingCancel 100 100 0 100
        out OrderCancelReject Y X Filled
    """,
    "a cancel crosses the acknowledgment": """
        in  NewOrder      X - - 100
        in  CancelRequest Y X
        out PendingCancel Y X PendingCancel 100 0 100 0
        out New           X - PendingCancel 100 0 100 0
        out Canceled      Y X Canceled 100 0 0 0
    """,
    "an increase of a filled order": START
    + """
        out Trade                X - Filled 100 100 0 100
        in  CancelReplaceRequest Y X - 120
        out PendingReplace       Y X PendingReplace 100 100 0 0
        out Replaced             Y X PartiallyFilled 120 100 20 0
        out Trade                Y - Filled 120 120 0 20
    """,
    "an amendment of another kind comes too late": START
    + """
        in  CancelReplaceRequest Y X - 100
        out Trade                X - Filled 100 100 0 100
        out OrderCancelReject    Y X Filled
    """,
    "a reduction below what was executed": START
    + """
        in  CancelReplaceRequest Y X - 70
        out Trade                X - PartiallyFilled 100 80 20 80
        out Replaced             Y X Filled 80 80 0 0
    """,
    "two replacements, one after the other": START
    + """
        in  CancelReplaceRequest Y X - 80
        in  CancelReplaceRequest Z Y - 70
        out PendingReplace       Y X PendingReplace 100 0 100 0
        out Replaced             Y X New 80 0 80 0
        out PendingReplace       Z Y PendingReplace 80 0 80 0
        out Replaced             Z Y New 70 0 70 0
        out Trade                Z - Filled 70 70 0 70
    """,
    "two replacements, both pending before the first is accepted": START
    + """
        in  CancelReplaceRequest Y X - 80
        in  CancelReplaceRequest Z Y - 70
        out PendingReplace       Y X PendingReplace 100 0 100 0
        out PendingReplace       Z X PendingReplace 100 0 100 0
        out Replaced             Y X PendingReplace 80 0 80 0
        out Replaced             Z Y New 70 0 70 0
    """,
    "a request behind one that is pending, told as that one will leave the order": START
    + """
        in  CancelReplaceRequest Y X - 80
        in  CancelReplaceRequest Z Y - 70
        out PendingReplace       Y X PendingReplace 100 0 100 0
        out PendingReplace       Z X PendingReplace 80 0 80 0
        out Replaced             Y X PendingReplace 80 0 80 0
        out Replaced             Z Y New 70 0 70 0
    """,
    "the venue replaces an order unasked, twice": START
    + """
        out Restated X - New 110 0 110 0
        out Trade    X - PartiallyFilled 110 10 100 10
        out Replaced X - PartiallyFilled 120 10 110 0
    """,
    "an execution is undone in the words of FIX 4.2": START
    + """
        out PartialFill X - PartiallyFilled 100 50 50 50 exec_id=A
        out PartialFill X - PartiallyFilled 100 40 60 40 exec_id=B exec_trans_type=Correct
        out PartialFill X - New 100 0 100 0 exec_id=C exec_trans_type=Cancel
    """,
    "an execution is undone after the cancel, and another comes": START
    + """
        out Trade         X - PartiallyFilled 100 50 50 50 exec_id=A last_px=50
        in  CancelRequest Y X
        out PendingCancel Y X PendingCancel 100 50 50 0
        out Canceled      Y X Canceled 100 50 0 0
        out TradeCancel   Y - Canceled 100 0 0 0 exec_id=B exec_ref_id=A
        out Trade         Y - Canceled 100 40 0 40 exec_id=C last_px=51 avg_px=51
    """,
    "GTC, replaced the next day while it executes": START
    + """
        out Trade                X - PartiallyFilled 100 20 80 20
        out DoneForDay           X - DoneForDay 100 20 80 0
        out Restated             X - PartiallyFilled 100 20 80 0
        in  CancelReplaceRequest Y X - 150
        out PendingReplace       Y X PendingReplace 100 20 80 0
        out Trade                X - PendingReplace 100 30 70 10
        out Replaced             Y X PartiallyFilled 150 30 120 0
    """,
    "an order given by telephone": """
        note nothing -  -
        out  New     -  - New 100 0 100 0
        out  Trade   -  - PartiallyFilled 100 20 80 20
        out  Trade   -  - Filled 100 100 0 80
    """,
    "the venue reduces the quantity unasked": START
    + """
        out Restated X - New 90 0 90 0
        out Trade    X - Filled 90 90 0 90
    """,
    "a second order under an id in use": START
    + """
        out Trade    X - PartiallyFilled 100 20 80 20
        in  NewOrder X - - 150
        out Rejected X - PartiallyFilled 100 20 80 0
        out Trade    X - Filled 100 100 0 80
    """,
    "a second order under an id in use, refused for itself": START
    + """
        in  NewOrder X - - 150
        out Rejected X - Rejected 150 0 0 0
        out Status   X - New 100 0 100
    """,
    "the same order once more, without saying that it may be a resend": START
    + """
        out Trade    X - PartiallyFilled 100 20 80 20
        in  NewOrder X - - 100
        out Rejected X - PartiallyFilled 100 20 80 0
        out Trade    X - Filled 100 100 0 80
    """,
    "the status of an unknown order": """
        in  StatusRequest X -
        out Status        X - Rejected 0 0 0 0
    """,
    "the status through an order's life": """
        in  NewOrder      X - - 100
        in  StatusRequest X -
        out Status        X - PendingNew 100 0 100 0
        out New           X - New 100 0 100 0
        out Trade         X - PartiallyFilled 100 20 80 20
        in  StatusRequest X -
        out Status        X - PartiallyFilled 100 20 80 -
    """,
    "an immediate order that cannot be executed": """
        in  NewOrder X - - 100 tif=FOK
        out New      X - New 100 0 100 0
        out Canceled X - Canceled 100 0 0 0
    """,
    "an immediate order executed in part": """
        in  NewOrder X - - 100 tif=IOC
        out New      X - New 100 0 100 0
        out Trade    X - PartiallyFilled 100 20 80 20
        out Canceled X - Canceled 100 20 0 0
    """,
    "a halt, and work again": START
    + """
        out Suspended X - Suspended 100 0 100 0
        out New       X - New 100 0 100 0
        out Trade     X - Filled 100 100 0 100
    """,
    "a halt that cancels": START
    + """
        out Suspended X - Suspended 100 0 100 0
        out Canceled  X - Canceled 100 0 0 0
    """,
    "settlement computed, and an end by time": START
    + """
        out Trade      X - PartiallyFilled 100 20 80 20
        out Triggered  X - PartiallyFilled 100 20 80 0
        out Expired    X - Expired 100 20 0 0
        out Calculated X - Calculated 100 20 0 0
    """,
    "a day order is done, then an execution is corrected and undone": START
    + """
        out Trade        X - PartiallyFilled 100 50 50 50 exec_id=A
        out DoneForDay   X - DoneForDay 100 50 0 0
        out TradeCorrect X - DoneForDay 100 40 0 40 exec_id=B exec_ref_id=A
        out TradeCancel  X - DoneForDay 100 0 0 0 exec_id=C exec_ref_id=B
    """,
    "GTC, with a 2:1 split overnight": START
    + """
        out Trade      X - PartiallyFilled 100 20 80 20 last_px=50 avg_px=50
        out DoneForDay X - DoneForDay 100 20 80 0
        out Restated   X - PartiallyFilled 200 40 160 0 avg_px=25
        out Trade      X - PartiallyFilled 200 80 120 40 last_px=27 avg_px=26
        out Trade      X - Filled 200 200 0 120 last_px=26 avg_px=26
    """,
}


@pytest.mark.parametrize("title", MATRICES)
def test_the_rows_agree(title):
    assert replay(scenario(MATRICES[title], title)) == []


def test_the_golden_matrices_agree(shared: Path, capsys):
    code = main(str(shared / "golden" / "fix_order_states.json"))
    assert (code, capsys.readouterr().out.splitlines()[-1]) == (0, "agree 21 of 21")


def test_negative_control_a_wrong_figure_is_named():
    wrong = START.replace("New 100 0 100 0", "Filled 100 0 100 0")
    assert [str(one) for one in replay(scenario(wrong))] == [
        "here t=1 ord_status: ours New, expected Filled"
    ]


def test_a_report_of_an_unknown_type_is_named():
    found = replay(scenario(START + "out Vanished X - New"))
    assert [str(one) for one in found] == ["here t=2 exec_type: ours unknown, expected Vanished"]


def test_a_branch_is_left_again():
    rows = scenario(
        START + "out Canceled X - Canceled 100 0 0 0\nout Trade X - Filled 100 100 0 100"
    )
    rows["steps"][2]["alternative_path"] = True
    assert replay(rows) == []


def test_an_order_sent_again_is_the_same_order():
    again = "in NewOrder X - - 100 poss_resend=Y\nout Status X - New 100 0 100"
    assert replay(scenario(START + again)) == []


def test_a_row_whose_quantities_do_not_add_up_says_so_and_the_rest_of_it_counts(tmp_path, capsys):
    row = "out Restated X - New 110 0 0 0 exec_restatement_reason=Verbal"
    misprinted, wrong = (scenario(START + row.replace("New", how)) for how in ("New", "Stopped"))
    assert replay(misprinted) == []
    assert [one.field for one in replay(wrong)] == ["ord_status"]
    path = tmp_path / "scenarios.json"
    path.write_text(json.dumps({"scenarios": [misprinted]}))
    assert main(str(path)) == 0
    assert "its quantities do not add up" in capsys.readouterr().out


def test_negative_control_no_request_waits_and_a_wrong_pending_quantity_is_named():
    rows = (
        START
        + """
        in  CancelReplaceRequest Y X - 80
        out PendingReplace       Y X PendingReplace 80 0 80 0
    """
    )
    assert [one.field for one in replay(scenario(rows))] == ["order_qty", "leaves_qty"]


def test_a_row_that_cannot_be_played_is_named():
    rows = scenario(START)
    del rows["steps"][1]["cl_ord_id"]
    (found,) = replay(rows)
    assert (found.t, found.ours) == ("1", "cannot be played")
