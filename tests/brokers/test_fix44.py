"""FIX logs: each kind of report, each trap, and what a log says of its own completeness."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.brokers.fix44 import Dialect, accounts, parse
from adapters.port import AccountConfig, Batch, RawPage
from adapters.reconcile.told import Telling
from ledger.domain.events import (
    Fee,
    FeeKind,
    FillBooked,
    FillBusted,
    FillCorrected,
    Identity,
    Liquidity,
    Side,
)
from ledger.domain.gates import changed
from ledger.domain.instruments import InstrumentKind
from ledger.domain.order_status import OrdStatus
from ledger.errors import BadFileError
from tests.brokers.fix import FILL, capture, fill, lines, read, sent
from tests.brokers.sampling import empty_books, state, told
from tests.brokers.venues.fix44 import AFTERNOON, MORNING

OURS = {"54": "1", "37": "O1", "1": "ACC1", "11": "C1"}
THEIRS = {"54": "2", "37": "O9", "1": "ACC9"}
LOG = lines(*MORNING, *AFTERNOON)


def events(batch: Batch) -> list[Any]:
    return [record.event for record in batch.records]


def fills(batch: Batch) -> list[FillBooked]:
    return [event for event in events(batch) if isinstance(event, FillBooked)]


def placeless(event: object) -> object:
    return changed(event, seq=None) if isinstance(event, FillBooked) else event


def aside(batch: Batch) -> list[tuple[str, str]]:
    return [(row.field, row.value) for row in batch.quarantine]


def log(content: bytes, **config: str) -> Batch:
    return parse([RawPage(name="fix.log", content=content)], AccountConfig(**config))  # type: ignore[arg-type]


# ------------------------------------------------------------------------------ recorded logs


def test_the_recorded_session_is_read_whole(shared):
    path = shared / "fixtures" / "fix" / "loopback_dropcopy_session.log"
    batch = log(path.read_bytes())
    assert (batch.account, dict(batch.coverage.rows)) == (
        "ACC1",
        {"35=2": 1, "35=3": 1, "35=4": 1, "35=5": 2, "35=8": 9, "35=A": 4, "35=AE": 3},
    )
    assert [(type(e).__name__, e.exec_id) for e in events(batch)] == [
        ("FillBooked", "E1"), ("FillBooked", "E2"), ("FillBooked", "E2"), ("FillBusted", "E3"),
        ("FillCorrected", "E4"), ("FillBooked", "X0"), ("FillBooked", "X1"), ("FillBooked", "X2"),
    ]  # fmt: skip
    assert aside(batch) == [("32", "1e-08"), *[("17", "TRD-77")] * 3]
    assert [f.row for f in batch.findings] == ["message[3]", "message[9]"]
    assert batch.coverage.missing == ()
    assert fills(batch)[0] == FillBooked(
        exec_id="E1", instrument_id="FIX:IBM", side=Side.BUY, last_qty=Decimal(60),
        last_px=Decimal("145.10"), venue="FIX", scope="BROKER:20261120", cl_ord_id="C1",
        order_id="O1", fees=(Fee(amount=Decimal("-0.25"), currency="USD"),), seq=2,
        settl_date=datetime(2026, 11, 23, tzinfo=UTC).date(),
    )  # fmt: skip


def test_the_books_of_the_recorded_session(shared):
    path = shared / "fixtures" / "fix" / "loopback_dropcopy_session.log"
    with empty_books() as book:
        told(book, log(path.read_bytes(), account="A"))
        (held,) = book.positions("A")
        assert held.net_qty == 43  # 40 corrected, and three of one; the first 60 are busted


def test_a_number_of_a_message_that_is_none_costs_no_other_message():
    batch = read(fill(t34="2\u200b"), fill(t34="3", t17="E2"))
    assert [(e.exec_id, e.seq) for e in fills(batch)] == [("E1", None), ("E2", 3)]


# ------------------------------------------------------------------------------ framing


@pytest.mark.parametrize(
    "content",
    [
        lines(*MORNING, bar="\x01"),
        lines(*MORNING, bar="^A", before="<20260302, incoming> ("),
        lines(*MORNING, before=""),
        b"".join(MORNING),
        lines(*MORNING).replace(b"\n", b"\r\n"),
        lines(*MORNING).replace(b"|\n", b"\n"),
        b"session created\n\n" + lines(*MORNING) + b"logged out\n",
    ],
)
def test_every_form_of_log_says_the_same(content):
    batch = log(content)
    assert events(batch) == events(log(lines(*MORNING)))
    assert not batch.quarantine


def test_a_bar_in_a_text_is_no_separator():
    batch = read(fill(t58="a|b"), fill(t34="3", t17="E2"))
    assert len(fills(batch)) == 2


def test_a_field_of_data_may_hold_the_separator():
    held = sent([*FILL.items(), ("354", "9"), ("355", "x\x0131=99\x01y")])
    (booked,) = fills(log(held))
    assert booked.last_px == 16


def test_a_wrong_checksum_is_set_aside_and_its_number_missing_nothing():
    wrong = fill(t34="3").replace(b"\x0131=16\x01", b"\x0131=61.\x01")
    batch = read(fill(), wrong, fill(t34="4", t17="E4"))
    assert [row.row for row in batch.quarantine] == ["message[2]"]
    assert "no checksum (10)" in batch.quarantine[0].rule
    same_length = fill(t34="3").replace(b"\x0131=16\x01", b"\x0131=17\x01")
    batch = read(fill(), same_length, fill(t34="4", t17="E4"))
    assert "its checksum (10)" in batch.quarantine[0].rule
    assert batch.coverage.missing == ("messages 3 to 3 of BROKER to DESK",)
    assert [one.exec_id for one in fills(batch)] == ["E1", "E4"]


@pytest.mark.parametrize("part", range(1, 40))
def test_a_cut_last_message_is_told(part):
    first, second = lines(fill()), lines(fill(t34="3", t17="E2"))
    batch = log(first + second[: len(second) * part // 40])
    assert [one.exec_id for one in fills(batch)] == ["E1"]
    assert len(batch.quarantine) == 1
    assert batch.coverage.missing == ("the end of fix.log, which was cut in a message",)


def test_a_garbled_last_line_is_no_cut():
    """Its end is here: what came after it is not known to be missing."""
    batch = log(lines(fill()) + lines(fill(t34="3")).replace(b"31=16", b"31=17"))
    assert (len(batch.quarantine), batch.coverage.missing) == (1, ())


def test_a_page_without_fix_is_refused():
    for content in (b"", b"nothing\n", b'{"a": 1}', "8=FIX".encode("utf-16")):
        with pytest.raises(BadFileError, match="no FIX message"):
            log(content)


def test_a_message_that_begins_wrong_is_not_passed_over():
    (row,) = log(lines(fill()) + lines(fill(t34="3")).replace(b"8=FIX", b"8=FX")).quarantine
    assert "no beginning" in row.rule


@given(st.data())
def test_law_one_wrong_byte_books_nothing_new_and_is_told(data):
    place = data.draw(st.integers(0, len(LOG) - 1))
    byte = data.draw(st.integers(0, 255))
    try:
        batch = log(LOG[:place] + bytes([byte]) + LOG[place + 1 :])
    except BadFileError:
        return
    whole = events(log(LOG))
    # One sent again stands in for its first, which was lost: all but its place is the same.
    contents = [placeless(event) for event in whole]
    assert all(placeless(event) in contents for event in events(batch))
    assert len(batch.records) == len(whole) or batch.quarantine


@given(st.binary(max_size=300), st.integers(0, len(LOG)), st.integers(0, len(LOG)))
def test_law_any_bytes_are_a_batch_or_refused(put, start, end):
    try:
        batch = log(LOG[:start] + put + LOG[end:], account="A")
    except BadFileError:
        return
    assert batch.account == "A"


# ------------------------------------------------------------------------------ executions


def test_a_fill_says_all_it_knows():
    (record,) = read(fill(t851="1", t880="M7", t527="S1", t198="SO1", t526="x")).records
    assert record.event == FillBooked(
        exec_id="E1", instrument_id="FIX:ACME", side=Side.BUY, last_qty=Decimal(100),
        last_px=Decimal(16), currency="USD", venue="FIX", scope="BROKER:20260302",
        cl_ord_id="C1", order_id="O1", fees=(Fee(amount=Decimal("1.50"), currency="USD"),), seq=2,
        trade_id="M7", settl_date=datetime(2026, 3, 4, tzinfo=UTC).date(),
        liquidity=Liquidity.MAKER,
    )  # fmt: skip
    assert record.occurred_at == datetime(2026, 3, 2, 15, tzinfo=UTC)
    assert record.also == (
        Identity("FIX", "BROKER:20260302", "secondary-execution", "S1"),
        Identity("FIX", "BROKER:20260302", "secondary-order", "SO1"),
    )


@pytest.mark.parametrize(
    ("code", "side"),
    [("1", Side.BUY), ("2", Side.SELL), ("3", Side.BUY), ("5", Side.SELL_SHORT),
     ("6", Side.SELL_SHORT)],
)  # fmt: skip
def test_the_sides(code, side):
    assert fills(read(fill(t54=code)))[0].side is side


@pytest.mark.parametrize(
    ("tag", "value"),
    [("54", "8"), ("150", "Z"), ("32", "1e2"), ("32", "0"), ("32", "-5"), ("31", "16,5"),
     ("17", ""), ("60", ""), ("60", "20260302"), ("60", "20260302-25:00:00"), ("75", "20261302"),
     ("442", "7"), ("423", "1"), ("13", "2"), ("13", ""), ("479", "US\u00a0D"), ("20", "7"),
     ("64", "2026-3-4")],
)  # fmt: skip
def test_what_is_not_known_is_set_aside_and_the_rest_goes_on(tag, value):
    batch = read(fill(**{f"t{tag}": value}), fill(t34="3", t17="E2"))
    assert [one.exec_id for one in fills(batch)] == ["E2"]
    assert [row.field for row in batch.quarantine] in ([tag], ["last_qty"], ["currency"])


def test_a_tag_that_stands_twice_is_not_understood():
    assert aside(log(sent([*FILL.items(), ("31", "99")]))) == [("31", "99")]


@given(st.sampled_from(["12", "31", "32"]), st.text("0123456789.-eE+", min_size=1, max_size=25))
def test_law_a_number_is_booked_as_it_stands_or_not_at_all(tag, written):
    batch = read(fill(**{f"t{tag}": written}))
    if batch.quarantine:
        return
    (booked,) = fills(batch)
    number = Decimal(written)
    assert not set(written) & set("eE+")
    fee = sum(one.amount for one in booked.fees)
    assert {"12": fee, "31": booked.last_px, "32": booked.last_qty}[tag] == number
    assert booked.last_qty > 0


def test_fix_42_tells_fills_by_type_and_busts_by_transaction():
    batch = read(
        fill(t150="1", t20="0"),
        fill(t34="3", t17="E2", t150="2", t39="2"),
        fill(t34="4", t17="E3", t19="E1", t150="1", t20="1"),
        fill(t34="5", t17="E4", t19="E2", t150="2", t20="2", t31="15"),
        fill(t34="6", t17="0", t150="1", t20="3"),
    )
    kinds = [FillBooked, FillBooked, FillBusted, FillCorrected]
    assert [type(event) for event in events(batch)] == kinds
    assert not batch.quarantine


def test_a_chain_of_corrections_and_a_bust_of_its_end():
    first = [
        fill(),
        fill(t34="3", t17="E2", t19="E1", t150="G", t31="15", t12=""),
        fill(t34="4", t17="E3", t19="E2", t150="G", t32="70"),
    ]
    with empty_books() as book:
        told(book, read(*first, account="A"))
        assert [(v.net_qty, v.cost_basis) for v in book.positions("A")] == [(70, 70 * 16)]
        told(book, read(fill(t34="5", t17="E4", t19="E3", t150="H"), account="A"))
        assert all(view.is_flat for view in book.positions("A"))
        assert [v.total for v in book.balances("A")] == [0]


def test_a_correction_without_commission_leaves_the_fee():
    (corrected,) = [
        event for event in events(read(fill(t17="E2", t19="E1", t150="G", t12="")))
        if isinstance(event, FillCorrected)
    ]  # fmt: skip
    assert corrected.fees is None


def test_a_correction_to_nothing_is_a_bust():
    batch = read(fill(), fill(t34="3", t17="E2", t19="E1", t150="G", t32="0"))
    assert isinstance(batch.records[1].event, FillBusted)


def test_a_bust_without_what_it_busts_is_set_aside():
    assert aside(read(fill(t150="H", t17="E2"))) == [("19", "")]


def test_a_bust_of_another_day_without_a_trade_date_has_its_fills():
    later = {"t75": "", "t60": "20260303-09:00:00", "t52": "20260303-09:00:00"}
    corrected = fill(t34="2", t17="E2", t19="E1", t150="G", **later)
    bust = fill(t34="3", t17="E3", t19="E2", t150="H", **later)
    scopes = {event.scope for event in events(read(fill(), corrected, bust))}
    assert scopes == {"BROKER:20260302"}
    told_alone = read(bust, account="A")
    with empty_books() as book:
        *_, report = told(book, read(fill(), account="A"), told_alone)
        assert report.counts["unlinked"] == 1


def test_a_bust_of_an_id_used_on_two_days_is_not_guessed():
    bust = fill(t34="5", t17="E3", t19="E1", t150="H", t75="", t60="20260304-09:00:00")
    batch = read(fill(), fill(t34="3", t75="20260303"), bust)
    assert events(batch)[2].refers_to().scope == "BROKER:20260304"


def test_one_sent_again_is_one_fill_in_its_first_place():
    resent = fill(t34="9", t97="Y", t52="20260302-16:00:00")
    batch = read(fill(), fill(t34="3", t17="E2"), resent)
    assert [one.seq for one in fills(batch)] == [2, 3, 2]
    with empty_books() as book:
        (report,) = told(book, batch)
        assert (report.counts["new"], report.counts["same"]) == (3, 1)


def test_ids_of_another_day_or_sender_are_others():
    batch = read(
        fill(), fill(t34="3", t75="20260303"), fill(t34="4", t49="OTHER"), fill(t34="5", t115="X")
    )
    assert len({event.identity() for event in fills(batch)}) == 4


def test_one_counterparty_may_have_several_senders():
    dialect = Dialect(venue="BRK", sender="BRK")
    batch = read(fill(), fill(t34="3", t49="BROKER-DC"), dialect=dialect)
    assert {event.identity() for event in fills(batch)} == {
        Identity("BRK", "BRK:20260302", "fill", "E1")
    }


def test_what_moves_no_units_is_an_orders_state():
    ended = fill(t34="3", t150="4", t39="4", t17="E2", t41="C1", t11="C2", t32="", t31="",
                 t151="0", t52="20260302-15:01:00")  # fmt: skip
    (order,) = read(ended, fill()).orders
    assert (order.order_id, order.cl_ord_id, order.status) == ("O1", "C1", OrdStatus.CANCELED)
    assert (order.qty, order.cum_qty, order.leaves_qty) == (300, 100, 0)


def test_the_last_report_of_an_order_stands_whatever_the_order_of_files():
    early, late = fill(), fill(t34="3", t17="E2", t14="300", t39="2", t151="0")
    for messages in ([early, late], [late, early]):
        (order,) = read(*messages).orders
        assert (order.cum_qty, order.is_open) == (300, False)


def test_replacements_lead_back_to_the_first_id():
    batch = read(
        fill(),
        fill(t34="3", t17="E2", t150="5", t39="5", t11="C2", t41="C1", t32="", t31=""),
        fill(t34="4", t17="E3", t11="C2"),
        fill(t34="5", t17="E4", t150="5", t39="5", t11="C3", t41="C2", t32="", t31=""),
        fill(t34="6", t17="E5", t11="C3"),
        fill(t34="7", t17="E6", t11="C3", t37="O2"),
    )
    assert [one.cl_ord_id for one in fills(batch)] == ["C1", "C1", "C1", "C3"]


def test_a_state_that_cannot_be_read_does_not_keep_its_fill_out():
    batch = read(fill(t39="Z"))
    assert len(fills(batch)) == 1
    assert "its order's state cannot be" in batch.findings[0].what


# ------------------------------------------------------------------------------ legs


def test_legs_are_booked_and_their_sum_is_not():
    batch = read(
        fill(t442="3", t55="SPREAD"), fill(t34="3", t17="E2", t442="2"),
        fill(t34="4", t17="E3", t442="2", t54="2", t55="OTHER"),
    )  # fmt: skip
    assert [one.instrument_id for one in fills(batch)] == ["FIX:ACME", "FIX:OTHER"]
    assert not batch.quarantine


def test_a_sum_whose_legs_are_not_here_is_set_aside():
    assert aside(read(fill(t442="3"), fill(t34="3", t17="E2", t37="O2"))) == [("442", "3")]


# ------------------------------------------------------------------------------ fees


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({"t12": "1.50"}, [("1.50", "USD", FeeKind.COMMISSION)]),
        ({"t12": "-0.25", "t479": "EUR"}, [("-0.25", "EUR", FeeKind.COMMISSION)]),
        ({"t12": "0.01", "t13": "1"}, [("1.00", "USD", FeeKind.COMMISSION)]),
        ({"t12": "0", "t13": ""}, []),
        ({"t12": ""}, []),
        ({"t479": "", "t15": "GBP"}, [("1.50", "GBP", FeeKind.COMMISSION)]),
    ],
)
def test_commission(tags, expected):
    (booked,) = fills(read(fill(**tags)))
    assert [(str(fee.amount), fee.currency, fee.kind) for fee in booked.fees] == expected


def group(*entries: tuple[str, str], count: str = "") -> bytes:
    told = str(sum(tag == "137" for tag, _ in entries))
    return sent([*(FILL | {"12": ""}).items(), ("136", count or told), *entries])


def test_the_group_of_further_fees():
    (booked,) = fills(log(group(
        ("137", "0.12"), ("138", "USD"), ("139", "4"),
        ("137", "0.002"), ("138", "EUR"), ("139", "1"), ("891", "1"),
        ("137", "-3"), ("139", "2"),
    )))  # fmt: skip
    assert booked.fees == (
        Fee(amount=Decimal("0.12"), currency="USD", kind=FeeKind.EXCHANGE),
        Fee(amount=Decimal("0.200"), currency="EUR", kind=FeeKind.REGULATORY),
        Fee(amount=Decimal(-3), currency="USD", kind=FeeKind.TAX),
    )


@pytest.mark.parametrize(
    ("message", "field"),
    [
        (group(("137", "1"), ("139", "4"), count="2"), "136"),
        (group(("137", "1"), ("139", "99")), "139"),
        (group(("137", "1")), "139"),
        (group(("137", "1"), ("139", "4"), ("891", "2")), "891"),
        (fill(t479="", t15="", t167=""), "479"),
    ],
)
def test_a_fee_that_is_not_understood_sets_the_fill_aside(message, field):
    batch = log(message)
    assert [row.field for row in batch.quarantine] == [field]
    assert not batch.records


def test_a_venue_that_writes_charges_negative_says_so():
    (booked,) = fills(read(fill(t12="-1.50"), dialect=Dialect(negative_charges=True)))
    assert booked.fees[0].amount == Decimal("1.50")


# ------------------------------------------------------------------------------ instruments


@pytest.mark.parametrize(
    ("tags", "name", "kind", "multiplier"),
    [
        ({}, "FIX:ACME", InstrumentKind.EQUITY, 1),
        ({"t167": "", "t460": "5"}, "FIX:ACME", InstrumentKind.EQUITY, 1),
        ({"t167": "FUT", "t200": "202612", "t231": "50"}, "FIX:ACME:202612",
         InstrumentKind.LINEAR, 50),
        ({"t167": "OPT", "t541": "20261218", "t201": "1", "t202": "20", "t231": "100"},
         "FIX:ACME:20261218:C20", InstrumentKind.OPTION, 100),
        ({"t167": "FOR", "t55": "EUR/USD", "t15": "EUR"}, "FIX:EUR/USD", InstrumentKind.SPOT, 1),
        ({"t55": "[N/A]", "t48": "US0001"}, "FIX:US0001", InstrumentKind.EQUITY, 1),
    ],
)  # fmt: skip
def test_an_instrument_is_what_the_message_tells(tags, name, kind, multiplier):
    batch = read(fill(**tags))
    (defined,) = [one.instrument for one in batch.instruments]
    assert (defined.instrument_id, defined.kind, defined.multiplier) == (name, kind, multiplier)
    assert fills(batch)[0].instrument_id == name
    assert fills(batch)[0].currency == defined.currency == "USD"


@pytest.mark.parametrize("tags", [{"t167": ""}, {"t167": "FUT"}, {"t167": "OPT"}, {"t167": "X"},
                                  {"t15": ""}])  # fmt: skip
def test_one_of_which_too_little_is_told_is_not_guessed(tags):
    batch = read(fill(**tags), fill(t34="3", t17="E2", **tags))
    assert not batch.instruments
    assert len(fills(batch)) == 2
    assert ["write [instruments." in one.what for one in batch.findings] == [True]


def test_a_quantity_in_the_second_currency_is_set_aside():
    assert aside(read(fill(t167="FOR", t55="EUR/USD", t15="USD"))) == [("15", "USD")]


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


# ------------------------------------------------------------------------------ the session


def beat(number: int, **tags: str) -> bytes:
    told = {"35": "0", "34": str(number), "49": "BROKER", "52": f"20260302-15:00:{number:02d}",
            "56": "DESK"}  # fmt: skip
    return sent(told | {tag.removeprefix("t"): value for tag, value in tags.items()})


def missing(*messages: bytes) -> tuple[str, ...]:
    return read(*messages, account="A").coverage.missing


def test_numbers_that_no_message_has_are_missing():
    assert missing(beat(2), beat(3), beat(7), beat(9)) == (
        "messages 4 to 6 of BROKER to DESK", "messages 8 to 8 of BROKER to DESK",
    )  # fmt: skip


def test_a_repetition_or_a_gap_fill_closes_the_gap():
    late = "20260302-15:01:00"
    again = [beat(4, t43="Y", t52=late), beat(5, t35="4", t36="7", t123="Y", t43="Y", t52=late)]
    assert missing(beat(2), beat(3), beat(7), *again) == ()


def test_counting_anew_is_no_gap():
    reset = beat(1, t35="A", t141="Y", t52="20260303-08:00:00")
    again = beat(2, t52="20260303-08:00:01")
    assert missing(beat(7), beat(8), reset, again) == ()
    jump = beat(8, t35="4", t36="50")
    assert missing(beat(7), jump, beat(50, t52="20260303-16:00:00")) == ()


@given(st.sets(st.integers(1, 40), min_size=1), st.data())
def test_law_missing_numbers_do_not_depend_on_the_files(numbers, data):
    messages = data.draw(st.permutations([beat(number) for number in sorted(numbers)]))
    cut = data.draw(st.integers(0, len(messages)))
    parts = [lines(*part) for part in (messages[:cut], messages[cut:], messages[:1]) if part]
    pages = [RawPage(name=f"{place}.log", content=part) for place, part in enumerate(parts)]
    batch = parse(pages, AccountConfig(account="A"))
    gaps = set(range(min(numbers), max(numbers))) - numbers
    told_missing = {
        number
        for one in batch.coverage.missing
        for number in range(int(one.split()[1]), int(one.split()[3]) + 1)
    }
    assert told_missing == gaps


@pytest.mark.parametrize("kind", ["3", "j"])
def test_a_refusal_is_a_finding(kind):
    refused = beat(3, t35=kind, t45="2", t58="bad format", t371="32", t49="DESK", t56="BROKER")
    (found,) = read(fill(), refused).findings
    assert "refused message 2 of BROKER field 32 (bad format)" in found.what


def test_reports_of_several_accounts_need_a_name():
    messages = [fill(), fill(t34="3", t17="E2", t1="ACC2"), fill(t34="4", t17="E3", t1="")]
    with pytest.raises(BadFileError, match="ACC1, ACC2"):
        read(*messages)
    batch = read(*messages, venue_account="ACC2")
    assert [one.exec_id for one in fills(batch)] == ["E2"]
    assert aside(batch) == [("1", "")]
    assert "no report of ACC3" in read(*messages, venue_account="ACC3").findings[0].what
    assert accounts([RawPage(name="a", content=lines(*messages))]) == ["ACC1", "ACC2"]


def test_without_an_account_the_reports_receiver_is_it():
    batch = read(fill(t1=""))
    assert (batch.account, len(fills(batch))) == ("DESK", 1)


def test_the_books_of_the_sample():
    with empty_books() as book:
        told(book, log(LOG, account="A"))
        assert [(v.instrument_id, v.net_qty) for v in book.positions("A")] == [("FIX:ACME", 50)]
        assert state(book)[-1] == ("USD", -1605 + 700 + 185 - 3)
