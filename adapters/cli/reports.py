"""From files to a batch: which parser reads them, and what they do not say themselves."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import attrs
import click

from adapters.cli.opening import opened
from adapters.cli.settings import Settings
from adapters.port import AccountConfig, Batch, Parser, RawPage
from ledger.domain.events import AccountOpened
from ledger.store.port import EventStore

CSV: Final = "csv"
BROKERS: Final = ("ibkr_flex", CSV)
_UTC: Final = "UTC"


def parser_of(broker: str, column_map: Path | None) -> Parser:
    """The parser of a broker; it is loaded only here."""
    if (broker == CSV) != (column_map is not None):
        raise click.UsageError("--map and the broker csv belong together: csv needs a map")
    if column_map is not None:
        from adapters.brokers import csv_map

        return csv_map.parser_for(csv_map.load_map(column_map.name, column_map.read_bytes()))
    from adapters.brokers import ibkr_flex

    return ibkr_flex.parse


class Reading:
    """Files being read as one report, in the zone that was given or that the account has."""

    def __init__(
        self,
        settings: Settings,
        broker: str,
        column_map: Path | None,
        files: Sequence[Path],
        venue_account: str | None,
    ) -> None:
        zone = settings.zone_info
        self._parse = parser_of(broker, column_map)
        self._pages = [RawPage(name=path.name, content=path.read_bytes()) for path in files]
        # A column map declares its zone itself.
        self._has_zone = zone is not None or broker == CSV
        self._zone = zone.key if zone and broker != CSV else None
        self._config = AccountConfig(
            account=settings.account,
            venue_account=venue_account,
            time_zone=zone.key if zone else _UTC,
        )

    def batch(self, time_zone: str | None = None) -> Batch:
        """All files as one batch; ``BadFileError`` refuses them as a whole."""
        zone = time_zone or self._config.time_zone
        return self._parse(self._pages, attrs.evolve(self._config, time_zone=zone))

    def in_zone_of_account(self, batch: Batch, store: EventStore) -> Batch:
        """The batch, read again if its account was opened in another zone and none was given."""
        opening = opened(store, batch.account)
        if self._has_zone:
            self._tell_zone(opening)
            return batch
        if opening is not None:
            return batch if opening.time_zone == _UTC else self.batch(opening.time_zone)
        click.echo(
            "note: times that carry no zone are read as UTC; if the report is in another, start "
            "again in a new store with --zone, such as --zone America/New_York",
            err=True,
        )
        return batch

    def _tell_zone(self, opening: AccountOpened | None) -> None:
        """Say so where the zone that was asked for is not the account's."""
        if opening is not None and self._zone not in {None, opening.time_zone}:
            other = f"the account was opened in {opening.time_zone}"
            click.echo(f"note: times are read in {self._zone}, as asked; {other}", err=True)
