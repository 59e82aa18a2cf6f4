"""Two venues in one account: each has figures of its own for one instrument or currency."""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from adapters.reconcile.breaks import Break
from adapters.reconcile.known import KnownBreaks
from adapters.reconcile.settling import FIGURES


def of_own_venue(breaks: Iterable[Break], known: KnownBreaks, venue: str) -> list[Break]:
    """The breaks, those of stated figures under a key that no other venue has.

    The first venue whose figure broke keeps the plain key for ever; where it is another one, this
    venue's name goes behind the reference. An account with one venue so has plain keys alone, and
    what is known at a number of the log always gives the same keys.
    """
    found = list(breaks)
    about = {one.break_id for one in found if one.kind in FIGURES}
    taken = {name for name, one in known.named(about).items() if one.is_of_another(venue)}
    return [_named(one, venue) if one.break_id in taken else one for one in found]


def _named(one: Break, venue: str) -> Break:
    return attrs.evolve(one, reference=f"{one.reference} at {venue}")
