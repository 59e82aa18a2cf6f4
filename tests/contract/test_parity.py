"""All kinds of store, one behaviour: equal input and clock give equal answers and hashes."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.domain.events import Fact
from ledger.store.base import LogStore
from ledger.store.memory import MemoryStore
from ledger.store.port import Verification
from ledger.store.postgres import PostgresStore
from ledger.store.sqlite import SQLiteStore
from tests.contract.helpers import Clock, fill, order
from tests.postgres import Place

FACTS = st.builds(
    fill,
    st.integers(0, 12),
    st.sampled_from(["U1", "U2", "Zürich"]),
    last_qty=st.sampled_from([Decimal(1), Decimal("1.0"), Decimal(2)]),
    label=st.sampled_from([None, "swing", "Überhang"]),
) | st.builds(order, st.sampled_from(["c1", "c2"]), st.sampled_from(["U1", "U2"]))
BATCHES = st.lists(st.lists(FACTS, max_size=6), max_size=6)


# Each example makes a file and a PostgreSQL schema, which takes a tenth of a second.
@settings(max_examples=settings().max_examples // 5)
@given(BATCHES)
def test_all_kinds_of_store_agree(place: Place, batches: list[list[Fact]]) -> None:
    url = place.prepared()
    with (
        TemporaryDirectory() as folder,
        SQLiteStore(Path(folder) / "log", Clock()) as sqlite,
        PostgresStore(url, Clock()) as postgres,
    ):
        for store in (sqlite, postgres):
            memory = MemoryStore(Clock())
            for batch in batches:
                assert memory.append(batch) == store.append(batch)
            require_equal(memory, store)
    place.drop(url)


def require_equal(one: LogStore, other: LogStore) -> None:
    """Two stores answer every question alike."""
    assert list(one.read_all()) == list(other.read_all())
    assert list(one.rows()) == list(other.rows())
    assert one.digest() == other.digest()
    assert one.verify(other.digest()) == other.verify(one.digest())
    assert one.streams() == other.streams()
    for stream in one.streams():
        for kind, id in [("order", "c1"), ("instrument", "ESZ6"), ("exec", fill(3).key)]:
            assert list(one.refs(stream, kind, id)) == list(other.refs(stream, kind, id))


@given(BATCHES, st.randoms(use_true_random=False))
def test_every_key_is_recorded_once_whatever_comes_again(batches, random) -> None:
    store = MemoryStore(Clock())
    facts = [fact for batch in batches for fact in batch]
    for _ in range(3):
        store.append(random.sample(facts, len(facts)))
    assert sorted(r.key for r in store.read_all()) == sorted({fact.key for fact in facts})


@given(BATCHES)
def test_the_log_is_gapless_and_verifies(batches: list[list[Fact]]) -> None:
    store = MemoryStore(Clock())
    for batch in batches:
        store.append(batch)
    recorded = list(store.read_all())
    assert [r.number for r in recorded] == list(range(1, store.head() + 1))
    for stream in store.streams():
        versions = [r.version for r in store.read(stream)]
        assert versions == list(range(1, store.version(stream) + 1))
    assert store.verify(store.digest()) == Verification(store.head())
