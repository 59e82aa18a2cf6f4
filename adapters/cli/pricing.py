"""Recording prices that were read, and telling what became of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from decimal import Decimal
from itertools import islice
from typing import Final, TypeAlias

import attrs

from adapters.cli import output
from adapters.cli.answers import Answer, Section, counted, numbers, texts
from adapters.cli.exits import FINDINGS, FINE
from adapters.cli.settings import Settings
from adapters.quarantine import Quarantined
from ledger import Book, PriceOutcome
from ledger.domain.prices import AnyPrice

AT_ONCE: Final = 1000
_COUNTS: Final = numbers("new", "restated", "known", "set_aside")
_QUARANTINE: Final = texts("file", "row", "field", "value", "rule")

Read: TypeAlias = AnyPrice | Quarantined


class _OnlyTriedError(Exception):
    """Ends a transaction that was only tried."""


@attrs.define
class Done:
    """What became of the rows of a file."""

    counts: Counter[str] = attrs.field(factory=Counter)
    aside: list[Quarantined] = attrs.field(factory=list)

    @property
    def added(self) -> int:
        """How many were recorded."""
        return self.counts["new"] + self.counts["restated"]


def record(
    settings: Settings, rows: Iterable[Read], *, reinstate: bool = False, dry_run: bool
) -> Done:
    """Record what is read a part at a time, all of it or nothing."""
    rows = iter(rows)
    first = list(islice(rows, AT_ONCE))  # a refused file does not even make an empty store
    with settings.open_for(dry_run=dry_run) as book:
        return _recorded(book, first, rows, reinstate=reinstate, dry_run=dry_run)


def _recorded(
    book: Book, some: list[Read], rows: Iterator[Read], *, reinstate: bool, dry_run: bool
) -> Done:
    done = Done()
    with suppress(_OnlyTriedError), book.store.exclusive():
        while some:
            done.aside.extend(one for one in some if isinstance(one, Quarantined))
            good = [one for one in some if not isinstance(one, Quarantined)]
            done.counts.update(map(_became, book.record_prices(good, reinstate=reinstate)))
            some = list(islice(rows, AT_ONCE))
        if dry_run:
            raise _OnlyTriedError
    return done


def _became(outcome: PriceOutcome) -> str:
    if not outcome.is_new:
        return "known"
    return "restated" if outcome.restates else "new"


def tell(done: Done, file: str, style: str | None, *, dry_run: bool) -> int:
    """Write what became of a file; the exit code that stands for it."""
    counts = {name: Decimal(done.counts[name]) for name in ("new", "restated", "known")}
    aside = {"set_aside": Decimal(len(done.aside))}
    sections = [Section("prices", _COUNTS, [counts | aside])]
    if done.aside:
        told = [{c.name: getattr(one, c.name) for c in _QUARANTINE} for one in done.aside]
        sections.append(Section("quarantine", _QUARANTINE, told))
    verb = "would be added" if dry_run else "added"
    result = f"{counted(done.added, 'price')} {verb}, {counted(len(done.aside), 'row')} set aside"
    about = {"file": file, "dry_run": dry_run}
    output.write(Answer(about, tuple(sections), result), style or output.TABLE)
    return FINDINGS if done.aside else FINE
