"""Laws that hold for every venue: again, shuffled, split, changed, cut."""

from __future__ import annotations

import random

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.ingest import Verdict
from adapters.port import RawPage
from adapters.reconcile.told import Telling
from ledger.errors import BadFileError
from tests.brokers.sampling import Sample, empty_books, samples, state, told

SAMPLES = list(samples())
each_venue = pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.venue)


def test_there_are_venues_to_try():
    assert SAMPLES


@each_venue
def test_a_sample_says_something_and_is_read_whole(sample: Sample):
    batch = sample.batch()
    assert len(batch.records) >= 3
    assert not batch.quarantine
    assert not batch.coverage.missing
    assert batch == sample.batch()


@each_venue
def test_told_three_times_it_is_booked_once(sample: Sample):
    with empty_books() as book:
        first, *again = told(book, *[sample.batch()] * 3)
        assert first.added >= len(sample.batch().records)
        assert [report.added for report in again] == [0, 0]
        assert not any(report.counts[Verdict.CHANGED.value] for report in again)


@each_venue
def test_shuffled_or_a_row_at_a_time_it_makes_the_same_books(sample: Sample):
    batch = sample.batch()
    with empty_books() as book:
        told(book, batch)
        straight = state(book)
    assert straight
    for seed in range(3):
        records = list(batch.records)
        random.Random(seed).shuffle(records)
        with empty_books() as book:
            told(book, *[attrs.evolve(batch, records=(one,)) for one in records])
            assert state(book) == straight
            assert [report.added for report in told(book, batch)] == [0]


@each_venue
def test_split_over_files_in_any_order_it_makes_the_same_books(sample: Sample):
    with empty_books() as book:
        told(book, sample.batch())
        whole = state(book)
    with empty_books() as book:
        told(book, *[sample.batch([page]) for page in reversed(sample.pages)])
        assert state(book) == whole
        assert [report.added for report in told(book, sample.batch())] == [0]


@each_venue
def test_pages_that_overlap_tell_nothing_twice(sample: Sample):
    others = [RawPage(name=f"again {page.name}", content=page.content) for page in sample.pages]
    batch = sample.batch([*sample.pages, *others])
    with empty_books() as book:
        assert Telling(batch, book.store).told().twice == ()


@each_venue
def test_a_row_told_otherwise_is_a_conflict_and_the_books_stand(sample: Sample):
    with empty_books() as book:
        told(book, sample.batch())
        before = state(book)
        (report,) = told(book, sample.batch(sample.changed()))
        assert report.counts[Verdict.CHANGED.value] == 1
        assert state(book) == before


@each_venue
@pytest.mark.parametrize("part", [0.3, 0.6, 0.95])
def test_a_cut_file_is_refused_or_says_what_is_missing(sample: Sample, part: float):
    for number, page in enumerate(sample.pages):
        kept = page.content[: int(len(page.content) * part)]
        cut = RawPage(name=page.name, content=kept)
        pages = [*sample.pages[:number], cut, *sample.pages[number + 1 :]]
        try:
            batch = sample.batch(pages)
        except BadFileError:
            continue
        assert batch.coverage.missing or batch.quarantine


@each_venue
@given(data=st.data())
def test_any_bytes_are_a_batch_or_refused(sample: Sample, data: st.DataObject):
    page = data.draw(st.sampled_from(sample.pages))
    content = bytearray(page.content)
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    try:
        sample.batch([RawPage(name="x", content=bytes(content))])
    except BadFileError:
        return


@each_venue
@given(data=st.data())
def test_the_order_of_the_pages_changes_nothing(sample: Sample, data: st.DataObject):
    pages = data.draw(st.permutations(sample.pages))
    with empty_books() as straight, empty_books() as shuffled:
        told(straight, sample.batch())
        told(shuffled, sample.batch(pages))
        assert state(straight) == state(shuffled)
