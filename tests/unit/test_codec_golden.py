"""Bytes that were once written are read for ever."""

from __future__ import annotations

import pytest

from ledger.domain.events import FACTS, TOPICS
from ledger.store.codec import CODEC
from tests.unit.facts_by_type import full, minimal
from tests.unit.golden_events import golden

STATES = [
    (topic, name, state.encode())
    for topic, by_name in golden().items()
    for name, state in by_name.items()
]


def test_every_topic_has_golden_bytes() -> None:
    """A new one is added with ``python -m tests.unit.golden_events``."""
    assert set(TOPICS) <= set(golden())


@pytest.mark.parametrize(("topic", "name", "state"), STATES)
def test_golden_bytes_are_decoded(topic: str, name: str, state: bytes) -> None:
    event = CODEC.decode(topic, state)
    if topic in TOPICS:
        assert CODEC.encode(event) == (topic, state)


@pytest.mark.parametrize("cls", FACTS)
def test_golden_bytes_say_what_they_said(cls) -> None:
    states = golden()[cls.TOPIC]
    assert CODEC.decode(cls.TOPIC, states["full"].encode()) == full(cls)
    assert CODEC.decode(cls.TOPIC, states["minimal"].encode()) == minimal(cls)
