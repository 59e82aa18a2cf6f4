"""Which row of one instant came first: as the map declares, and never against the file's dates."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import pairwise
from typing import Final

from adapters.brokers.csv_map.columns import NEWEST_FIRST, OLDEST_FIRST, ColumnMap
from adapters.port import HASH_ID, Record
from ledger.domain.events import FillBooked
from ledger.errors import BadFileError

_OTHER: Final = {OLDEST_FIRST: NEWEST_FIRST, NEWEST_FIRST: OLDEST_FIRST}


def require_declared(records: Iterable[Record], columns: ColumnMap, name: str) -> None:
    """``BadFileError`` if the dates of a file contradict the order that its map declares.

    The records are those whose place was counted, as the map has them: from the oldest on.
    """
    counted = list(records)
    if not columns.order:
        return
    last: dict[str, Record] = {}
    for record in counted:
        before = last.get(_instrument(record), record)
        if record.occurred_at < before.occurred_at:
            raise _contradicted(columns, name, f"{before.row} and {record.row}")
        last[_instrument(record)] = record
    if _direction(counted) == NEWEST_FIRST:
        raise _contradicted(columns, name, "all its rows")


def runs_backwards(columns: ColumnMap, times: Iterable[datetime | None]) -> bool:
    """Whether the newest row stands first: as declared, or as the dates say where they may."""
    if columns.order_by_dates:
        found = _way([time for time in times if time is not None])
        if found:
            return found == NEWEST_FIRST
    return columns.order == NEWEST_FIRST


def unordered(records: Iterable[Record], columns: ColumnMap) -> Iterator[tuple[Record, str]]:
    """Where no order is declared: the rows of one instant that differ, with the rule."""
    if columns.order:
        return
    counted = list(records)
    spots: dict[tuple[datetime, str], list[Record]] = defaultdict(list)
    for record in counted:
        spots[record.occurred_at, _instrument(record)].append(record)
    found = _direction(counted)
    hint = f" (its dates run {found.replace('_', ' ')})" if found else ""
    for spot in spots.values():
        if len(set(map(_content, spot))) > 1:
            rule = (
                f"{len(spot)} rows of one time and no id: which came first is not known; declare "
                f'order = "oldest_first" or "newest_first" in {columns.name}{hint}'
            )
            yield from ((record, rule) for record in spot)


def _direction(records: list[Record]) -> str:
    """Which way the times run, strictly one way; empty where they do not."""
    return _way([record.occurred_at for record in records])


def _way(times: list[datetime]) -> str:
    rises = any(a < b for a, b in pairwise(times))
    falls = any(a > b for a, b in pairwise(times))
    if rises is falls:
        return ""
    return OLDEST_FIRST if rises else NEWEST_FIRST


def _instrument(record: Record) -> str:
    return getattr(record.event, "instrument_id", "")


def _content(record: Record) -> str:
    """What a row says, without the ordinal among its equals."""
    event = record.event
    exec_id = event.exec_id if isinstance(event, FillBooked) else ""
    return exec_id.removeprefix(HASH_ID).partition("#")[0]


def _contradicted(columns: ColumnMap, name: str, rows: str) -> BadFileError:
    return BadFileError(
        f'{name}: the dates of {rows} contradict order = "{columns.order}" in {columns.name}; '
        f'declare "{_OTHER[columns.order]}" or sort the file; nothing of it was recorded'
    )
