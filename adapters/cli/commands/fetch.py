"""``fetch``: a venue's report for an account and a time, as raw pages in a folder."""

from __future__ import annotations

import os
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

import click

from adapters.cli import output
from adapters.cli.answers import Answer, Kind, Section, counted, texts
from adapters.cli.answers import Column as Col
from adapters.cli.exits import FINE
from adapters.cli.moments import beginning, moment, rfc3339, span
from adapters.cli.questions import styles, with_options
from adapters.cli.settings import Settings, now
from adapters.transport import credentials as secret
from adapters.transport.request import Request
from adapters.transport.venues import NAMES

if TYPE_CHECKING:
    from adapters.port import RawPage

_PAGES: Final = (*texts("page"), Col("bytes", Kind.NUMBER), *texts("sha256"))
_MICROSECOND: Final = timedelta(microseconds=1)
_MISSING: Final = "fetching needs more than is installed ({}): pip install 'tradeledger[{}]'"

_OPTIONS: Final = with_options(
    click.option("--from", "start", metavar="TIME", required=True, help="From when, inclusive."),
    click.option("--to", "end", metavar="TIME", help="Up to when; a day is whole. [default: now]"),
    click.option("--out", metavar="DIR", required=True, type=click.Path(
        file_okay=False, path_type=Path), help="The folder of this fetch; new, or of an "
        "earlier run of it."),
    click.option("--credentials", metavar="FILE", type=click.Path(path_type=Path), help="TOML "
                 "that only you can read, a table a venue; else from the environment."),
    click.option("--symbols", metavar="SYMBOL", multiple=True, help="For binance: each that was "
                 "ever traded, such as BTCUSDT, um:BTCUSDT, cm:BTCUSD_PERP; for projectx: "
                 "contracts to describe; for coinbase: futures. Several times, or with commas."),
    click.option("--query", metavar="ID", default="", help="For ibkr_flex: the Flex query."),
    click.option("--venue-account", metavar="ID", help="For projectx: the account's id or name "
                 "there, if it is not --account."),
    click.option("--overlap", metavar="SPAN", default="3d", show_default=True, help="How much of "
                 "what an earlier run has is read again."),
    click.option("--patience", metavar="SPAN", default="5m", show_default=True, help="How long to "
                 "wait, in all, for one answer that is not ready or was throttled."),
    click.option("--url", metavar="URL", help="Another address of the venue, such as that of its "
                 "test system. Credentials are sent there."),
    click.option("--account", "-a", metavar="NAME", help="The account."),
    click.option("--zone", metavar="ZONE", help="Zone of times and days given without one."),
)  # fmt: skip


@click.command()
@click.argument("venue", metavar="VENUE", type=click.Choice(NAMES))
@_OPTIONS
@styles
@click.pass_obj
def fetch(settings: Settings, /, *, venue: str, out: Path, style: str | None, **given: Any) -> int:
    """Ask a venue for an account's report and keep the answers as they come.

    A file for each page, and manifest.json: what was asked, which pages answer it, whether that is
    all. 'ingest VENUE DIR' and 'reconcile VENUE DIR' read them. A fetch that was cut goes on where
    it stopped; one that was complete reads the end of it again, and what came since. Nothing is
    recorded.

    Credentials come from --credentials or from TRADELEDGER_VENUE_FIELD in the environment, such as
    TRADELEDGER_BYBIT_KEY, and are shown nowhere. Exit code 2: a credential or an option is missing,
    or the venue refused. Exit code 75: throttled, cut, timed out, or the report is not ready; the
    manifest says complete: false, and the same command goes on.
    """
    settings.override(None, given.pop("account"), given.pop("zone"))
    request = _request(settings, given)
    held = _credentials(venue, given["credentials"])
    pages = _fetched(venue, request, held, out, given)
    _show(venue, request, out, pages, style or output.TABLE)
    return FINE


def _request(settings: Settings, given: dict[str, Any]) -> Request:
    if settings.account is None:
        raise click.UsageError("say which account this is: --account NAME")
    zone = settings.zone_info
    symbols = [one.strip() for text in given["symbols"] for one in text.split(",")]
    return Request(
        account=settings.account,
        start=beginning("--from", given["start"], zone),
        end=_end(given["end"], zone),
        symbols=tuple(filter(None, symbols)),
        query=given["query"],
        venue_account=given["venue_account"],
        zone=zone or ZoneInfo("UTC"),
    )


def _end(told: str | None, zone: ZoneInfo | None) -> datetime:
    """The end, exclusive: a day ends with its last microsecond, a time is meant as it is."""
    if told is None:
        return now()
    read = moment("--to", told, zone)
    return read + _MICROSECOND if read.microsecond == 999_999 else read


def _credentials(venue: str, path: Path | None) -> secret.Credentials:
    """The venue's credentials; the file goes before the environment."""
    from adapters.transport.venues import venue_of

    try:
        fields = venue_of(venue).FIELDS
    except ModuleNotFoundError as error:
        extra = "fetch,coinbase" if venue == "coinbase" else "fetch"
        raise click.ClickException(_MISSING.format(error.name, extra)) from None
    named = {field: secret.variable(venue, field) for field in fields}
    environment = {field: os.environ.get(name, "").strip() for field, name in named.items()}
    return secret.checked(venue, fields, secret.read_file(path, venue) if path else environment)


def _fetched(
    venue: str, request: Request, held: secret.Credentials, out: Path, given: dict[str, Any]
) -> list[RawPage]:
    # What it is done with is an extra, and loaded only now.
    from adapters.transport.fetching import Means
    from adapters.transport.fetching import fetch as fetch_pages

    means = Means(
        now=now,
        sleep=lambda milliseconds: time.sleep(milliseconds / 1000),
        overlap=span("--overlap", given["overlap"]),
        patience=span("--patience", given["patience"]) // timedelta(seconds=1),
        base=given["url"],
        told=lambda part: click.echo(f"{venue}: {part}", err=True),
    )
    return fetch_pages(venue, request, held, out=out, means=means)


def _show(venue: str, request: Request, out: Path, pages: list[RawPage], style: str) -> None:
    rows = [
        {"page": page.name, "bytes": len(page.content), "sha256": page.digest} for page in pages
    ]
    about = {
        "venue": venue,
        "account": request.account,
        "folder": str(out),
        "from": rfc3339(request.start),
        "complete": True,
    }
    told = f"{counted(len(pages), 'page')} in {out}, complete"
    if style == output.TABLE:
        click.echo(told)
    else:
        output.write(Answer(about, (Section("pages", _PAGES, rows),), told), style)
