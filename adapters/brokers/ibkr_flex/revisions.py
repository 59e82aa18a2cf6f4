"""Execution ids that end in a revision: ``0000d5db.6ae827f0.01.02`` corrects ``...01.01``.

IB gives a corrected execution the same id with a higher number behind the last point. Where the
row that cancels the earlier one is in the file, that undoes it; else the later one does: it is the
same execution corrected, never a second one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from adapters.brokers.ibkr_flex.instruments import VENUE
from adapters.port import Record
from ledger.domain.events import FillBooked, FillBusted, FillCorrected, Identity

_REVISION = re.compile(r"(.+\.)([0-9]{2})", re.ASCII)


def earlier(exec_id: str) -> list[str]:
    """The ids that this execution had before it was corrected, the last one last.

    >>> earlier("0000d5db.6ae827f0.01.03")
    ['0000d5db.6ae827f0.01.01', '0000d5db.6ae827f0.01.02']
    """
    found = _REVISION.fullmatch(exec_id)
    if not found:
        return []
    return [f"{found[1]}{number:02}" for number in range(1, int(found[2]))]


def superseding(records: Sequence[Record]) -> Iterator[Record]:
    """A bust of each earlier edition of a fill, unless a cancel in the file is of it, or may be:
    one of the same instrument whose fill is in an earlier file."""
    reversals = [r.event for r in records if isinstance(r.event, FillBusted | FillCorrected)]
    undone = {reversal.refers_to() for reversal in reversals}
    fills = {r.event.identity() for r in records if reversals and isinstance(r.event, FillBooked)}
    open_ended = {one.instrument_id for one in reversals if one.refers_to() not in fills}
    for record in records:
        fill = record.event
        if not isinstance(fill, FillBooked) or fill.instrument_id in open_ended:
            continue
        for exec_id in earlier(fill.exec_id):
            if Identity(VENUE, "", "fill", exec_id) not in undone:
                yield _superseded(record, fill, exec_id)


def _superseded(record: Record, fill: FillBooked, exec_id: str) -> Record:
    busted = FillBusted(
        exec_id=f"{fill.exec_id}:corrects:{exec_id}",
        exec_ref_id=exec_id,
        venue=VENUE,
        instrument_id=fill.instrument_id,
        reason=f"corrected as {fill.exec_id}",
    )
    return Record(
        event=busted, occurred_at=record.occurred_at, row=record.row, digest=record.digest
    )
