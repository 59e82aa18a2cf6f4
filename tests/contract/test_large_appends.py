"""Several large appends that stand or fall together."""

from __future__ import annotations

from ledger.store.base import LogStore
from tests.contract.helpers import fill


def test_large_appends_in_one_transaction(store: LogStore) -> None:
    with store.exclusive():
        for first in (0, 100, 200):
            store.append([fill(n) for n in range(first, first + 100)])
        store.append([fill("one more")])
    assert store.head() == 301
    assert store.verify().ok
