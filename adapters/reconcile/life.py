"""Where each break of a run is in its life, and which breaks the run found to be gone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import attrs


@attrs.frozen(kw_only=True)
class BreakState:
    """A break of this run. ``status`` is open, explained, waived or adjusted, or resolved if a
    later report has settled it; ``age`` is in business days from ``opened_on`` to the run's date;
    ``is_new`` if no run of an earlier business date knew it, nor one of a later settled it.
    ``who`` and ``note`` are of the last step that somebody took by hand."""

    break_id: str
    status: str
    opened_on: date
    age: int
    is_new: bool
    who: str = ""
    note: str = ""
    waived_until: date | None = None


@attrs.frozen(kw_only=True)
class ResolvedBreak:
    """A break that was known before and that this run found to be gone; ``how`` says why."""

    break_id: str
    kind: str
    subject: str
    how: str
    opened_on: date


@attrs.frozen(kw_only=True)
class Life:
    """The states of all breaks of an outcome, by their keys, and what it resolved, in the order of
    keys. It follows from the log up to the outcome's number alone, whether it was recorded or only
    looked at: a report made again at that number has the same bytes. Ages may be counted again by a
    calendar, which the report then names."""

    states: Mapping[str, BreakState] = attrs.field(factory=dict)
    resolved: tuple[ResolvedBreak, ...] = ()
