"""The journal: the balanced postings of every fact, in the order it was recorded."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from ledger.domain.accounts import Account
from ledger.domain.events import Recorded
from ledger.domain.numbers import ZERO, subtract
from ledger.domain.positions import PositionKey
from ledger.domain.postings import (
    NOTHING,
    JournalEntry,
    Posting,
    Valued,
    cash_postings,
    position_postings,
    totals_of,
)
from ledger.history import KnownAt, resolve
from ledger.rebuilding import complete
from ledger.store.port import EventStore

# A fill, or its correction, moves such cash only by taking over a fee that came before it.
_CONTRA = {
    "interest-paid": "income",
    "fee-charged": "fees",
    "fill-booked": "fees",
    "fill-corrected": "fees",
}


def journal(store: EventStore, name: str, *, known_at: KnownAt = None) -> Iterator[JournalEntry]:
    """The balanced postings of every fact, in the order it was recorded. A late fact's entry is
    the adjustment it caused: new less old, for each position it moved."""
    upto = resolve(store, known_at)
    account = Account(name)
    account.touched = set()
    last: dict[PositionKey, Valued] = {}
    for recorded in store.read(name, upto=upto):
        cash = dict(account.cash)
        account.touched.clear()
        account.evolve(recorded)
        complete(store, account, recorded.number)
        postings = [*_cash_changes(recorded, cash, account.cash)]
        for key in sorted(account.touched):
            holding = account.positions[key].holding
            now = (totals_of(holding), account.policy.instrument(key.instrument_id))
            before = last.get(key, (NOTHING, None))
            postings += position_postings(before, now, key.instrument_id)
            last[key] = now
        if postings:
            yield JournalEntry(recorded.number, recorded.version, recorded.key, tuple(postings))


def _cash_changes(
    recorded: Recorded, before: dict[str, Decimal], after: dict[str, Decimal]
) -> Iterator[Posting]:
    """The postings of cash that no position accounts for, against what it came from."""
    kind = recorded.event.TOPIC.partition("/")[0]
    contra = _CONTRA.get(kind, "external")
    for currency, amount in after.items():
        change = subtract(amount, before.get(currency, ZERO))
        if change:
            yield from cash_postings(contra, currency, change)
