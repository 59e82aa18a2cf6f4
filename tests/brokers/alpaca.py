"""Small answers of Alpaca's and what is read from them, for tests."""

from __future__ import annotations

from typing import Any

from adapters.brokers.alpaca import parse
from adapters.port import AccountConfig
from tests.brokers.venues.alpaca import page


def read(*rows: Any, **config: Any) -> Any:
    """A batch; Any, since a test knows which fact each of its records holds."""
    return parse([page(*rows)], AccountConfig(**{"account": "A", **config}))


def only(*rows: Any) -> Any:
    batch = read(*rows)
    assert not batch.quarantine, batch.quarantine
    (record,) = batch.records
    return record.event


def reason(*rows: Any) -> str:
    batch = read(*rows)
    assert not batch.records
    (aside,) = batch.quarantine
    return f"{aside.field}: {aside.rule}"
