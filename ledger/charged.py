"""The fees of fills that were booked without any, as a later telling had them."""

from __future__ import annotations

from collections.abc import Mapping

from ledger.domain.events import Event, Fee, FeeCharged, FillBooked
from ledger.domain.sighting import charged_apart
from ledger.store.port import EventStore


def charged_before(
    store: EventStore, account: str, fills: Mapping[str, FillBooked]
) -> dict[str, tuple[Fee, ...]]:
    """What is on record as charged apart, by the names of the fills, which are given with the
    fees they are told with now; of all fills together, one place of the lists after another."""
    found: dict[str, tuple[Fee, ...]] = {}
    waiting, place = {name: fill for name, fill in fills.items() if fill.fees}, 0
    while waiting:
        keys = {_key(account, fill, place): name for name, fill in waiting.items()}
        known = {keys[key]: one.event for key, one in store.by_key(sorted(keys)).items()}
        for name, event in known.items():
            found[name] = (*found.get(name, ()), *_fee(event))
        waiting = {name: fill for name, fill in waiting.items() if name in known}
        place += 1
    return found


def _key(account: str, fill: FillBooked, place: int) -> str:
    return charged_apart(fill, fill.fees[0], place).identity().key(account)


def _fee(event: Event) -> tuple[Fee, ...]:
    if not isinstance(event, FeeCharged):
        return ()
    return (Fee(amount=event.amount, currency=event.currency, kind=event.kind),)
