"""``listen``: a venue's drop copy, kept as it comes."""

from __future__ import annotations

import os
import ssl
import time
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from adapters.cli import output
from adapters.cli.answers import Answer, Kind, Section, counted, texts
from adapters.cli.answers import Column as Col
from adapters.cli.exits import FINE
from adapters.cli.moments import span
from adapters.cli.questions import styles, with_options
from adapters.cli.settings import now
from adapters.transport import credentials as secret

if TYPE_CHECKING:
    from adapters.transport.fix.listening import Listened, Place

FIX: Final = "fix"
VERSIONS: Final = ("FIX.4.2", "FIX.4.4")
LOGIN: Final = ("username", "password")
_LOGS: Final = (*texts("log"), Col("bytes", Kind.NUMBER))
_MISSING: Final = "listening needs more than is installed ({}): pip install 'tradeledger[listen]'"
_MILLISECOND: Final = timedelta(milliseconds=1)
_FILE: Final = click.Path(exists=True, dir_okay=False, path_type=Path)

_OPTIONS: Final = with_options(
    click.option("--host", metavar="NAME", required=True, help="The venue's machine."),
    click.option("--port", metavar="NUMBER", required=True, type=click.IntRange(1, 65535),
                 help="Its port."),
    click.option("--sender", metavar="ID", required=True, help="Our name in messages (49)."),
    click.option("--target", metavar="ID", required=True, help="The venue's name in them (56)."),
    click.option("--out", metavar="DIR", required=True, type=click.Path(
        file_okay=False, path_type=Path), help="The folder of this session: new, or of an earlier "
        "run, with which the numbers go on."),
    click.option("--begin", type=click.Choice(VERSIONS), default=VERSIONS[-1], show_default=True,
                 help="The version of FIX (8)."),
    click.option("--heartbeat", metavar="SPAN", default="30s", show_default=True,
                 help="How often a sign of life is given (108)."),
    click.option("--until-idle", metavar="SPAN", help="Log out when no report came for so long; "
                 "else only the venue ends the session."),
    click.option("--patience", metavar="SPAN", default="5m", show_default=True, help="How long to "
                 "wait, in all, before a venue that cannot be reached is given up."),
    click.option("--credentials", metavar="FILE", type=click.Path(path_type=Path), help="TOML "
                 "that only you can read, with a table [fix]; else from the environment."),
    click.option("--tls/--no-tls", default=True, show_default=True, help="Encrypt, and verify the "
                 "venue's certificate; without, for a tunnel or a line of one's own."),
    click.option("--ca", metavar="FILE", type=_FILE, help="Whom to trust for that certificate, as "
                 "PEM; else whom the system trusts."),
)  # fmt: skip


@click.command()
@click.argument("protocol", metavar="PROTOCOL", type=click.Choice([FIX]))
@_OPTIONS
@styles
def listen(*, protocol: str, out: Path, style: str | None, **given: Any) -> int:
    """Log on to a venue's drop copy by PROTOCOL, fix, and keep each message as it comes.

    No order is ever sent. DIR gets messages-0001.log and so on, which 'ingest fix44' and
    'reconcile fix44' read. A message is on the disk before its number is acknowledged; after a
    crash, the same command goes on where it was, and what is missing is sent again.

    User and password, if the venue wants any, come from --credentials or from
    TRADELEDGER_FIX_USERNAME and TRADELEDGER_FIX_PASSWORD, and are shown and kept nowhere. Exit code
    2: an option is missing, or the venue refused. Exit code 75: it cannot be reached or was lost,
    or messages are missing; the same command goes on.
    """
    done = _listened(out, given)
    _show(done, out, style or output.TABLE)
    return FINE


def _listened(out: Path, given: dict[str, Any]) -> Listened:
    try:
        # What it is done with is an extra, and loaded only now.
        from adapters.transport.fix.kept import Names
        from adapters.transport.fix.listening import Bounds, listen
        from adapters.transport.fix.session import Means
    except ModuleNotFoundError as error:
        raise click.ClickException(_MISSING.format(error.name)) from None
    idle = given["until_idle"]
    means = Means(
        now=now,
        tick=lambda: time.monotonic_ns() // 1_000_000,
        told=lambda what: click.echo(f"{FIX}: {what}", err=True),
        heartbeat=max(1, span("--heartbeat", given["heartbeat"]) // timedelta(seconds=1)),
    )
    bounds = Bounds(
        idle=span("--until-idle", idle) // _MILLISECOND if idle else None,
        patience=span("--patience", given["patience"]) // timedelta(seconds=1),
        sleep=lambda milliseconds: time.sleep(milliseconds / 1000),
    )
    names = Names(given["begin"], _name("--sender", given), _name("--target", given))
    held = _credentials(given["credentials"])
    return listen(_place(given), names, held, out=out, means=means, bounds=bounds)


def _name(option: str, given: dict[str, Any]) -> str:
    """A name that can stand in a message."""
    told: str = given[option.removeprefix("--")]
    if not (told and told.isascii() and told.isprintable()):
        raise click.UsageError(f"{option} {told!r}: write the name that the venue has given, ASCII")
    return told


def _place(given: dict[str, Any]) -> Place:
    from adapters.transport.fix.listening import Place

    if not given["tls"]:
        if given["ca"]:
            raise click.UsageError("--ca is for --tls; leave one of --ca and --no-tls out")
        return Place(host=given["host"], port=given["port"], tls=None)
    try:
        tls = ssl.create_default_context(cafile=given["ca"])
    except ssl.SSLError:
        raise click.UsageError(f"--ca {given['ca']}: no certificate as PEM is in it") from None
    return Place(host=given["host"], port=given["port"], tls=tls)


def _credentials(path: Path | None) -> secret.Credentials:
    """User and password, or a password alone, or none; the file goes before the environment."""
    found = secret.read_file(path, FIX) if path else _environment()
    wanted = LOGIN if found.get(LOGIN[0]) else [one for one in LOGIN if found.get(one)]
    return secret.checked(FIX, wanted, found)


def _environment() -> dict[str, str]:
    return {field: os.environ.get(secret.variable(FIX, field), "").strip() for field in LOGIN}


def _show(done: Listened, out: Path, style: str) -> None:
    told = (
        f"{counted(done.reports, 'report')} came, {counted(done.messages, 'message')} in {out}; "
        f"the venue's next number is {done.expected}"
    )
    if style == output.TABLE:
        click.echo(told)
        return
    rows = [{"log": str(log), "bytes": log.stat().st_size} for log in done.logs]
    about = {"folder": str(out), "reports": done.reports, "messages": done.messages,
             "next_number": done.expected}  # fmt: skip
    output.write(Answer(about, (Section("logs", _LOGS, rows),), told), style)
