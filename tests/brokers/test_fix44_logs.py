"""FIX logs: every form of them, what is cut or damaged, and what they say of their completeness."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.brokers.fix44 import accounts, parse
from adapters.port import AccountConfig, RawPage
from ledger.domain.events import (
    Fee,
    FillBooked,
    Side,
)
from ledger.errors import BadFileError
from tests.brokers.fix import (
    FILL,
    aside,
    events,
    fill,
    fills,
    lines,
    log,
    placeless,
    read,
    sent,
)
from tests.brokers.sampling import empty_books, state, told
from tests.brokers.venues.fix44 import AFTERNOON, MORNING

LOG = lines(*MORNING, *AFTERNOON)


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


@pytest.mark.parametrize("bar", [";", " | ", "<SOH>", "\\x01"])
def test_a_log_of_another_separator_is_told_so(bar):
    with pytest.raises(BadFileError, match=r"by none of SOH, \| and \^A"):
        log(lines(fill(), bar=bar))
    for cut in (b"8=FIX", b"8=FIX.4.", b"8=FIX.4.4", b"8=FIX.4.4\x01", b"8=FIX.4.4|9=1"):
        assert log(cut, account="A").quarantine


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
