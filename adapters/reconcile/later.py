"""What was told of a fill after a report's end, which the report cannot say."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from adapters.reconcile.executions import Execution, execution_of
from ledger.domain.amendments import Amendments
from ledger.domain.canonical import Entry, fees_of
from ledger.domain.events import Fee, FeeCharged, FillBooked, FillBusted, FillCorrected, Recorded
from ledger.store.port import EventStore


class Later:
    """The fills of an account as they stood at a report's end, where a report or a feed has amended
    them since. What somebody undid by hand is no such word: the broker may not know of it."""

    def __init__(
        self, store: EventStore, account: str, number: int, until: datetime | None
    ) -> None:
        self._store, self._account, self._number, self._until = store, account, number, until

    def at_end(self, key: str) -> Execution | None:
        """The fill with this key as it stood; None where it was never amended later, or did not
        stand then either."""
        facts = list(self._facts(key))
        then = [one for one in facts if not self._is_later(one)]
        return _standing(key, then) if len(then) < len(facts) else None

    def _is_later(self, fact: Recorded) -> bool:
        """Whether it was read from a report or a feed, and is of a time after the report's end."""
        source = fact.meta.source
        is_told = source is not None and bool(source.digest)
        is_after = self._until is not None and self._until <= fact.occurred_at
        return is_told and is_after and not isinstance(fact.event, FillBooked)

    def _facts(self, key: str) -> Iterator[Recorded]:
        """The fill, what amends it or its corrections, and what was charged for it, once each."""
        waiting, seen = [key], set[int]()
        while waiting:
            for one in self._store.refs(self._account, "exec", waiting.pop(), upto=self._number):
                if one.number not in seen:
                    seen.add(one.number)
                    yield one
                    if isinstance(one.event, FillCorrected):
                        waiting.append(one.key)


def _standing(key: str, facts: list[Recorded]) -> Execution | None:
    """What these facts make of the fill; None where it does not stand."""
    amendments, entry = Amendments(), None
    for one in facts:
        match one.event:
            case FillBooked() if one.key == key:
                entry = amendments.fill(one)
            case FillBusted() | FillCorrected():
                amendments.amend(one)
            case FeeCharged(reverses=None) as charged:
                about = charged.refers_to()
                if about is not None:
                    amendments.charge(about.key(one.stream), one)
    return None if entry is None else _execution(entry)


def _execution(entry: Entry) -> Execution | None:
    fill, charged = entry.event, fees_of(entry)
    if not isinstance(fill, FillBooked):
        return None
    fees = [Fee(amount=one.amount, currency=one.currency) for one in charged]
    return execution_of(fill, fees, entry.key, entry.at, str(entry.recorded.number))
