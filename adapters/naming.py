"""What instruments are called: the symbol under which each traded last, of those that are known.

A symbol may change, and may later be another instrument's; the id stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from ledger.domain.accounts import Account
from ledger.domain.events import InstrumentDefined, Recorded, SymbolChanged


def symbols(
    account: Account, *, as_of: datetime | None = None, upto: int | None = None
) -> dict[str, str]:
    """The symbol of each instrument that was defined or renamed; as of a moment, and of what was
    recorded up to a number."""
    known = (rule for rule in account.rules if upto is None or rule.number <= upto)
    told = sorted(_told(known, as_of), key=lambda one: one[:3])
    return {instrument_id: symbol for *_, instrument_id, symbol in told}


def _told(
    rules: Iterable[Recorded], as_of: datetime | None
) -> Iterator[tuple[datetime, bool, int, str, str]]:
    """By time: a definition may be of a newer report than the change that is recorded after it.
    What an instrument is, is no event, and holds at any time."""
    for fact in rules:
        match fact.event:
            case InstrumentDefined(instrument=one):
                yield fact.occurred_at, False, fact.number, one.instrument_id, one.symbol
            case SymbolChanged() as event if as_of is None or fact.occurred_at <= as_of:
                yield fact.occurred_at, True, fact.number, event.instrument_id, event.symbol
