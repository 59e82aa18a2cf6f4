"""FIX trade reports: both sides, and executions that are told by both kinds of report."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from adapters.brokers.fix44 import Dialect
from adapters.reconcile.told import Telling
from ledger.domain.events import (
    Fee,
    Side,
)
from ledger.errors import BadFileError
from tests.brokers.fix import (
    aside,
    capture,
    fill,
    fills,
    log,
    read,
    sent,
)
from tests.brokers.sampling import empty_books, told

OURS = {"54": "1", "37": "O1", "1": "ACC1", "11": "C1"}
THEIRS = {"54": "2", "37": "O9", "1": "ACC9"}


# ------------------------------------------------------------------------------ trade reports


def test_a_trade_report_books_our_side():
    batch = read(capture(OURS | {"12": "2", "13": "3"}, THEIRS), venue_account="ACC1")
    (booked,) = fills(batch)
    assert (booked.exec_id, booked.side, booked.order_id) == ("T1", Side.BUY, "O1")
    assert booked.fees == (Fee(amount=Decimal(2), currency="USD"),)


def test_two_accounts_of_a_trade_report_need_a_name():
    with pytest.raises(BadFileError, match="ACC1, ACC9"):
        read(capture(OURS, THEIRS))


def test_both_sides_of_one_account_are_two_fills():
    batch = read(capture(OURS, THEIRS | {"1": "ACC1"}))
    assert [(one.exec_id, one.side) for one in fills(batch)] == [
        ("T1:1", Side.BUY), ("T1:2", Side.SELL)
    ]  # fmt: skip


@pytest.mark.parametrize("first", [0, 1])
def test_the_execution_that_both_reports_tell_is_one(first):
    both = [fill(t17="T1"), capture(OURS, THEIRS, t34="3")]
    with empty_books() as book:
        told(book, read(both[first], account="A", venue_account="ACC1"))
        told(book, read(both[1 - first], account="A", venue_account="ACC1"))
        (held,) = book.positions("A")
        assert (held.net_qty, dict(held.fees)) == (100, {"USD": Decimal("1.5")})


@pytest.mark.parametrize(
    ("again", "twice"),
    [
        ({"t43": "Y", "t122": "20260302-15:00:00"}, 0),
        ({"t34": "9", "t97": "Y"}, 0),
        ({"t34": "9", "t97": "Y", "t31": "17"}, 1),
        ({"t34": "3"}, 1),
    ],
)
def test_a_report_that_says_it_is_sent_again_is_told_once(again, twice):
    for log_of in ((fill(), fill(**again)), (fill(**again), fill())):
        with empty_books() as book:
            assert len(Telling(read(*log_of, account="A"), book.store).told().twice) == twice


def test_a_trade_report_tells_its_execution_again():
    batch = read(fill(t17="T1"), capture(OURS, THEIRS, t34="3"))
    with empty_books() as book:
        assert Telling(batch, book.store).told().twice == ()


def test_a_trade_report_of_other_ids_is_not_counted_beside_its_executions():
    batch = read(fill(), capture(OURS, THEIRS, t34="3"))
    assert ([one.exec_id for one in fills(batch)], aside(batch)) == (["E1"], [("17", "T1")])
    named = read(fill(), capture(OURS, THEIRS, t34="3", t527="E1"))
    assert [one.exec_id for one in fills(named)] == ["E1", "E1"]
    batch = read(fill(), capture(OURS, t34="3"), dialect=Dialect(trade_reports=False))
    assert (len(fills(batch)), batch.quarantine) == (1, ())


@pytest.mark.parametrize("ids", [{}, {"t17": ""}])
def test_a_trade_report_is_replaced_and_then_cancelled(ids):
    new = capture(OURS, THEIRS, **ids)
    other = capture(OURS, THEIRS, t34="3", t487="2", t571="R2", t572="R1", t31="17",
                    t52="20260302-16:00:00", **ids)  # fmt: skip
    gone = capture(OURS, THEIRS, t34="4", t487="1", t571="R3", t572="R2",
                   t52="20260302-17:00:00", **ids)  # fmt: skip
    config: dict[str, Any] = {"account": "A", "venue_account": "ACC1"}
    with empty_books() as book:
        told(book, read(new, other, **config))
        assert [(v.net_qty, v.cost_basis) for v in book.positions("A")] == [(100, 1700)]
        told(book, read(new, other, gone, **config))
        assert all(view.is_flat for view in book.positions("A"))


@pytest.mark.parametrize(
    ("tags", "field"), [({"t487": "3"}, "487"), ({"t856": "1"}, "856"), ({"t939": "1"}, "856")]
)
def test_a_trade_report_that_is_no_trade_is_set_aside(tags, field):
    batch = read(capture(OURS, **tags))
    assert [row.field for row in batch.quarantine] == [field]


def test_a_trade_report_with_fewer_sides_than_told_is_set_aside():
    pairs = [*capture(OURS).split(b"\x01")]
    said = [(tag.decode(), value.decode()) for tag, _, value in
            (pair.partition(b"=") for pair in pairs[2:-2])]  # fmt: skip
    batch = log(sent([(tag, "2" if tag == "552" else value) for tag, value in said]))
    assert aside(batch) == [("552", "2")]


@pytest.mark.parametrize(
    ("tags", "held"),
    [
        ({"t150": "H", "t487": ""}, []),
        ({"t150": "H", "t487": "0"}, []),
        ({"t150": "F", "t487": "1"}, []),
        ({"t150": "G", "t487": "", "t31": "17"}, [(100, 1700)]),
        ({"t150": "F", "t487": "2", "t31": "17"}, [(100, 1700)]),
        ({"t150": "F", "t487": ""}, [(100, 1600)]),
    ],
)
def test_a_trade_report_says_by_its_exec_type_too_that_a_trade_is_undone(tags, held):
    again = capture(OURS, THEIRS, t34="3", t571="R2", t572="R1", t52="20260302-16:00:00", **tags)
    with empty_books() as book:
        told(book, read(capture(OURS, THEIRS), again, account="A", venue_account="ACC1"))
        views = [view for view in book.positions("A") if not view.is_flat]
        assert [(view.net_qty, view.cost_basis) for view in views] == held


@pytest.mark.parametrize("tags", [{"t150": "G", "t487": "1"}, {"t150": "8", "t487": "0"}])
def test_an_exec_type_that_is_no_trade_or_says_another_thing_is_set_aside(tags):
    batch = read(capture(OURS, THEIRS, **tags), venue_account="ACC1")
    assert (batch.records, aside(batch)) == ((), [("150", tags["t150"])])


@pytest.mark.parametrize("names", [{"t572": "R1"}, {"t19": "T1"}])
def test_an_amendment_with_an_execution_id_of_its_own_reaches_the_trade_that_it_names(names):
    gone = capture(OURS, THEIRS, t34="3", t487="1", t571="R2", t17="T2", **names)
    with empty_books() as book:
        told(book, read(capture(OURS, THEIRS), gone, account="A", venue_account="ACC1"))
        assert all(view.is_flat for view in book.positions("A"))


@pytest.mark.parametrize("again", [{"t527": "E1"}, {}])
def test_an_amendment_reaches_the_execution_that_its_first_report_told_again(again):
    first = capture(OURS, THEIRS, t34="3", t527="E1")
    gone = capture(OURS, THEIRS, t34="4", t487="1", t571="R2", t572="R1", **again)
    with empty_books() as book:
        batch = read(fill(), first, gone, account="A", venue_account="ACC1")
        told(book, batch)
        assert (aside(batch), [view.is_flat for view in book.positions("A")]) == ([], [True])


def test_an_amendment_with_an_id_of_its_own_reaches_a_trade_that_had_none():
    gone = capture(OURS, THEIRS, t34="3", t487="1", t571="R2", t572="R1", t17="T2")
    with empty_books() as book:
        told(book, read(capture(OURS, THEIRS, t17=""), gone, account="A", venue_account="ACC1"))
        assert all(view.is_flat for view in book.positions("A"))


def test_a_trade_that_is_known_by_its_trade_id_alone_is_cancelled():
    ids = {"t17": "", "t571": "", "t1003": "7"}
    new, gone = (
        capture(OURS, THEIRS, t34=n, t487=kind, **ids) for n, kind in (("2", "0"), ("3", "1"))
    )
    with empty_books() as book:
        told(book, read(new, gone, account="A", venue_account="ACC1"))
        assert all(view.is_flat for view in book.positions("A"))


def test_legs_that_are_known_by_the_id_of_their_trade_are_two():
    ids = {"t17": "", "t571": "", "t1003": "7", "t442": "2"}
    near = capture(OURS, THEIRS, t34="2", t55="NEAR", t824="1", **ids)
    far = capture(OURS, THEIRS, t34="3", t55="FAR", t824="2", **ids)
    gone = capture(OURS, THEIRS, t34="4", t55="FAR", t824="2", t487="1", **ids)
    with empty_books() as book:
        told(book, read(near, far, gone, account="A", venue_account="ACC1"))
        held = {one.instrument_id: one.net_qty for one in book.positions("A")}
        assert (held["FIX:NEAR"], held.get("FIX:FAR", 0)) == (100, 0)
        (report,) = told(book, read(near, account="A", venue_account="ACC1"))
        assert (report.counts["same"], report.counts["changed"]) == (2, 0)


def test_trade_reports_that_name_no_account_are_their_receiver_s():
    nameless = {tag: value for tag, value in OURS.items() if tag != "1"}
    batch = read(capture(nameless))
    assert (batch.account, len(fills(batch))) == ("DESK", 1)


def test_a_trade_report_that_names_no_account_is_no_other_account_s():
    other = capture(OURS | {"1": "ACC2"}, t34="3", t17="T2")
    nameless = capture({"54": "1", "37": "O5"}, t34="4", t17="T3")
    batch = read(capture(OURS), other, nameless, venue_account="ACC2")
    assert ([one.exec_id for one in fills(batch)], aside(batch)) == (["T2"], [("1", "")])
    assert not fills(read(other, nameless, venue_account="ACC1"))
    assert len(fills(read(other, nameless, venue_account="ACC2"))) == 2


def test_of_two_sides_without_an_account_neither_is_ours_and_that_is_said():
    batch = read(capture({"54": "1", "37": "O1"}, {"54": "2", "37": "O9"}))
    assert (aside(batch), fills(batch)) == ([("1", "")], [])
    assert not aside(read(capture(THEIRS, {"54": "1"}), venue_account="ACC1"))
