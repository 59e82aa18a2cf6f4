"""How long a key or a stream may be: the same in every store."""

from __future__ import annotations

import pytest
from eventsourcing.persistence import StoredEvent

from ledger.errors import BadTextError
from ledger.store.base import LogStore
from ledger.store.rows import MAX_NAME
from tests.contract.helpers import fill

# Texts that no database can make shorter: what repeats would be compressed.
WIDE = "".join(chr(0x4E00 + n * 7 % 20_000) for n in range(MAX_NAME))
LONGEST = WIDE[: MAX_NAME // 3] + "x" * (MAX_NAME % 3)
TOO_LONG = LONGEST + "x"


def test_the_longest_key_is_kept(store: LogStore) -> None:
    assert len(LONGEST.encode()) == MAX_NAME
    fact = fill(1)._replace(key=LONGEST)
    store.append([fact])
    assert store.by_key([LONGEST])[LONGEST].number == 1


def test_the_longest_stream_is_kept_and_what_it_is_about_is_found(store: LogStore) -> None:
    fact = fill(1, cl_ord_id=WIDE)._replace(stream=LONGEST)
    store.append([fact])
    assert [one.number for one in store.refs(LONGEST, "order", WIDE)] == [1]
    assert store.verify().ok


@pytest.mark.parametrize("name", ["key", "stream"])
@pytest.mark.parametrize("text", [TOO_LONG, WIDE, WIDE[:900]])
def test_a_longer_one_is_refused_and_nothing_is_kept(store: LogStore, name: str, text: str) -> None:
    bad = fill(2)._replace(key=text) if name == "key" else fill(2)._replace(stream=text)
    with pytest.raises(BadTextError, match=f"{name}: .*longer than"):
        store.append([fill(1), bad])
    assert store.head() == 0
    store.append([fill(1)])


def test_another_program_s_stream_is_not_longer_either(store: LogStore) -> None:
    store.recorder.insert_events([StoredEvent(LONGEST, 1, "t", b"")])
    with pytest.raises(BadTextError, match="longer than 2000 bytes"):
        store.recorder.insert_events([StoredEvent(TOO_LONG, 1, "t", b"")])
    assert store.head() == 1
