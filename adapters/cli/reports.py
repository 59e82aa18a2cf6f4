"""From files to a batch: which parser reads them, and what they do not say themselves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import attrs
import click

from adapters import shipped_maps, venues
from adapters.cli.fetched import Covers
from adapters.cli.settings import Settings
from adapters.port import AccountConfig, Batch, Parser, RawPage
from adapters.venue_settings import Given, read_table
from adapters.whose import opened
from ledger.domain.events import AccountOpened
from ledger.store.port import EventStore

CSV: Final = "csv"
_UTC: Final = "UTC"


def parser_of(
    broker: str, column_map: Path | None, given: Given | None = None
) -> tuple[Parser, str | None]:
    """The parser of a broker, which is loaded only here, by the settings that are given for it,
    and the zone that its map declares."""
    if (broker == CSV) != (column_map is not None):
        raise click.UsageError("--map and the broker csv belong together: csv needs a map")
    if given and (column_map is not None or broker in shipped_maps.NAMES):
        raise click.UsageError(f"{broker} takes no settings: a map says all; leave them out")
    if column_map is not None:
        return shipped_maps.mapped(column_map.name, column_map.read_bytes())
    if broker in shipped_maps.NAMES:
        return shipped_maps.shipped(broker)
    return venues.parser_of(broker, given), None


def venue_settings_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """The file of the settings of a venue's parser."""
    told = "TOML file: how this venue writes its reports; else the configuration's [venue.NAME]."
    path = click.Path(exists=True, dir_okay=False, path_type=Path)
    return click.option("--venue-settings", metavar="FILE", type=path, help=told)(command)


def other_account_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Whether a report of another account of the venue is meant."""
    told = "The report names another account of the venue than these books are of, and is meant."
    return click.option("--other-account", is_flag=True, help=told)(command)


def _given(settings: Settings, broker: str, path: Path | None) -> Given | None:
    """What is said of the venue: in the file that is named, alone, else in the configuration."""
    if path is not None:
        return read_table(path.name, path.read_bytes())
    return settings.venues.get(broker)


def require_parser(
    settings: Settings,
    *,
    broker: str,
    column_map: Path | None,
    venue_settings: Path | None,
    **_: object,
) -> None:
    """``BadFileError`` for a map or settings that are wrong: no fault of a report's."""
    parser_of(broker, column_map, _given(settings, broker, venue_settings))


class Venue(click.ParamType[str]):
    """The name of a venue: one that is built in, one whose map ships, ``csv``, or one of an
    installed distribution."""

    name = "venue"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The name, if there is such a venue."""
        if value not in self._known():
            self.fail(f"{value!r} is not one of {', '.join(self._known())}", param, ctx)
        return str(value)

    @staticmethod
    def _known() -> list[str]:
        return sorted({CSV, *shipped_maps.NAMES, *venues.names()})


class Reading:
    """Pages being read as one report, in the zone that was given or that the account has.
    ``covers`` is the half-open time that was asked for, where it is known."""

    def __init__(
        self,
        settings: Settings,
        broker: str,
        column_map: Path | None,
        pages: Sequence[RawPage],
        venue_account: str | None,
        other_zone: bool = False,
        covers: Covers = (None, None),
        venue_settings: Path | None = None,
    ) -> None:
        zone = settings.zone_info
        given = _given(settings, broker, venue_settings)
        self._parse, self._map_zone = parser_of(broker, column_map, given)
        self._is_other = other_zone
        self._pages = list(pages)
        # A column map declares its zone itself.
        self._has_zone = zone is not None or self._map_zone is not None or broker in venues.ZONED
        self._zone = zone.key if zone else None
        self._config = AccountConfig(
            account=settings.account,
            venue_account=venue_account,
            time_zone=zone.key if zone else _UTC,
            covers_from=covers[0],
            covers_to=covers[1],
        )

    @property
    def zone(self) -> str | None:
        """The zone of an account that this report opens: the one given, else that of the map."""
        return self._zone or self._map_zone

    def batch(self, time_zone: str | None = None) -> Batch:
        """All pages as one batch; ``BadFileError`` refuses them as a whole."""
        zone = time_zone or self._config.time_zone
        return self._parse(self._pages, attrs.evolve(self._config, time_zone=zone))

    def end(self) -> None:
        """Nothing is read again: the pages are let go of."""
        self._pages.clear()

    def batch_of(self, opening: AccountOpened | None) -> Batch:
        """The batch of an account that is open: in its zone, if none was given."""
        self._require_zone(opening)
        return self.batch(None if self._has_zone or opening is None else opening.time_zone)

    def in_zone_of_account(self, batch: Batch, store: EventStore) -> Batch:
        """The batch, read again if its account was opened in another zone and none was given."""
        opening = opened(store, batch.account)
        self._require_zone(opening)
        if self._has_zone:
            return batch
        if opening is not None:
            return batch if opening.time_zone == _UTC else self.batch(opening.time_zone)
        click.echo(
            "note: times that carry no zone are read as UTC; if the report is in another, start "
            "again in a new store with --zone, such as --zone America/New_York",
            err=True,
        )
        return batch

    def _require_zone(self, opening: AccountOpened | None) -> None:
        """``click.UsageError`` for a zone that is not the account's, unless that is meant."""
        if opening is None or self._zone in {None, opening.time_zone}:
            return
        other = f"the account was opened in {opening.time_zone}"
        if not self._is_other:
            raise click.UsageError(
                f"--zone {self._zone}: {other}; nothing was recorded: leave the option out, or "
                "give --other-zone too if the times of this report are in another zone"
            )
        click.echo(f"note: times are read in {self._zone}, as asked; {other}", err=True)
