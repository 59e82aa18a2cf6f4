"""The hash of an event covers every byte of it, in one reading only."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

import pytest
from eventsourcing.persistence import IntegrityError
from hypothesis import assume, given
from hypothesis import strategies as st

from ledger.store.chain import ChainCheck, Tip, hash_of
from ledger.store.port import Digest, StreamHead
from ledger.store.rows import GENESIS, NO_HEAD, Row, time_from, time_text

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=4)
ROWS = st.builds(
    Row,
    number=st.integers(1, 10**12),
    stream=TEXTS,
    version=st.integers(-1, 10**9),
    topic=TEXTS,
    key=st.none() | TEXTS.filter(bool),
    occurred_at=st.none() | TEXTS.filter(bool),
    recorded_at=st.none() | TEXTS.filter(bool),
    metadata=TEXTS,
    state=st.binary(max_size=6),
    prev_hash=st.binary(min_size=32, max_size=32),
    hash=st.just(b""),
)


@given(ROWS, ROWS)
def test_rows_that_differ_have_other_hashes(one: Row, other: Row) -> None:
    assume(one != other)
    assert hash_of(one) != hash_of(other)


@given(ROWS)
def test_moving_a_boundary_between_texts_changes_the_hash(row: Row) -> None:
    assume(row.topic)
    moved = row._replace(stream=row.stream + row.topic[0], topic=row.topic[1:])
    assert hash_of(moved) != hash_of(row)


@given(ROWS)
def test_the_hash_is_what_the_description_says(row: Row) -> None:
    """Anybody can compute it: this is the rule of the module's docstring, written again."""
    texts = [row.stream, row.topic, row.key, row.occurred_at, row.recorded_at, row.metadata]
    parts = [(text or "").encode() for text in texts]
    sizes = [len(part) for part in parts]
    header = ",".join(map(str, [row.number, row.version, *sizes, len(row.state)])) + ";"
    whole = row.prev_hash + header.encode() + b"".join(parts) + row.state
    assert hash_of(row) == hashlib.sha256(whole).digest()


def test_a_known_hash_stays_what_it_is() -> None:
    """A change of the rule would strand every ledger there is."""
    texts = ("k", "2026-03-02T14:30:00.000000Z", "2026-03-02T14:30:01.000000Z", "")
    row = Row(1, "Zürich", 1, "order-expired/1", *texts, b'{"cl_ord_id":"c"}', GENESIS, b"")
    assert hash_of(row).hex() == "92cb633367723d376490948b432e5495bf0026368a5f3c642826781d7ece05dc"


# ---------------------------------------------------------------------------------- sealing


def tip() -> Tip:
    return Tip(0, None, lambda stream: NO_HEAD)


def test_a_stream_may_begin_at_any_version_and_then_only_grows() -> None:
    end = tip()
    end.seal("A", 5, "t", b"")
    end.seal("A", 9, "t", b"")
    assert end.seal("A", None, "t", b"")[2] == 10
    with pytest.raises(IntegrityError, match="past 10"):
        end.seal("A", 10, "t", b"")


def test_the_first_event_of_a_stream_follows_nothing() -> None:
    assert tip().seal("A", None, "t", b"")[9] == GENESIS


@given(st.lists(st.sampled_from("ABC"), max_size=20))
def test_what_is_sealed_in_order_is_a_chain(streams: list[str]) -> None:
    end, check = tip(), ChainCheck()
    rows = [Row(*end.seal(stream, None, "t", b"{}")) for stream in streams]
    assert [check.step(row) for row in rows] == [None] * len(rows)
    assert list(check.rest()) == []


@given(st.lists(st.sampled_from("ABC"), min_size=2, max_size=20, unique=False), st.data())
def test_a_chain_without_one_of_its_events_is_none(streams: list[str], data) -> None:
    end, check = tip(), ChainCheck()
    rows = [Row(*end.seal(stream, None, "t", b"{}")) for stream in streams]
    del rows[data.draw(st.integers(0, len(rows) - 2))]  # any but the last
    assert any(check.step(row) for row in rows)


def test_a_digest_of_the_future_is_not_met() -> None:
    check = ChainCheck(Digest(2, {"A": StreamHead(2, "00" * 32)}))
    check.step(Row(*tip().seal("A", None, "t", b"")))
    assert [finding.stream for finding in check.rest()] == ["A", ""]


# ------------------------------------------------------------------------------------ times


MOMENTS = st.datetimes(
    datetime(1970, 1, 1), datetime(2199, 1, 1), timezones=st.just(UTC)  # noqa: DTZ001
)  # fmt: skip


@given(MOMENTS)
def test_times_come_back_from_text(moment: datetime) -> None:
    assert time_from(time_text(moment)) == moment
    assert len(time_text(moment)) == 27


@given(MOMENTS, st.integers(0, 10**9))
def test_text_order_is_time_order(moment: datetime, later: int) -> None:
    after = moment + timedelta(microseconds=later)
    assert (time_text(moment) < time_text(after)) == (later > 0)


@pytest.mark.parametrize(
    "text", ["", "2026-01-02", "2026-01-02T03:04:05", "2026-01-02T03:04:05+01:00"]
)
def test_other_texts_are_no_times(text: str) -> None:
    with pytest.raises(ValueError, match=r"Invalid|UTC"):
        time_from(text)
