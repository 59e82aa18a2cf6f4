"""``prices``: marks and rates into the store, and which of them hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import click

from adapters.cli import output, pricing
from adapters.cli.answers import Answer, Row, Section, numbers, texts
from adapters.cli.commands.ecb import import_ecb
from adapters.cli.moments import knowledge, moment
from adapters.cli.questions import as_of_option, known_at_option, places, styles
from adapters.cli.settings import Settings
from adapters.price_file import KINDS, PriceConfig, read
from ledger import Book, PriceKind
from ledger.domain.prices import AnyPrice, Rate, pair_of

_PRICES: Final = (
    *numbers("number"),
    *texts("about", "name", "kind"),
    *numbers("px"),
    *texts("at", "source", "recorded_at"),
)


@click.group()
def prices() -> None:
    """Marks of instruments and rates of currencies: facts that are of no account.

    A price is told apart by what it is about, its kind, its source and its time. A figure that is
    known has no effect; another one restates it, and both are kept for ever.
    """


@prices.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--source", default="", metavar="NAME", help="Who says so, where a row does not.")
@click.option("--kind", type=click.Choice(KINDS), default=KINDS[0], show_default=True,
              help="What they were made of, where a row does not say.")  # fmt: skip
@click.option("--reinstate", is_flag=True, help="A figure that was restated since holds again.")
@click.option("--dry-run", is_flag=True, help="Say what would happen, record nothing.")
@places
@styles
@click.pass_obj
def import_prices(
    settings: Settings,
    /,
    *,
    file: Path,
    source: str,
    kind: str,
    reinstate: bool,
    dry_run: bool,
    store: str | None,
    account: str | None,
    zone: str | None,
    style: str | None,
) -> int:
    """Record the prices of a CSV FILE in UTF-8, in one transaction.

    Its columns, in any order: 'at', 'px', 'instrument' (an id) or 'pair' (EUR/USD: what a euro
    costs in dollars), and if need be 'kind' and 'source'. A row that cannot be read is set aside
    with its line, field and reason, the others are recorded, and the exit code is 1. A file that
    is no such table is refused as a whole. The same file again has no effect.
    """
    settings.override(store, account, zone)
    config = PriceConfig(source=source, kind=PriceKind(kind), zone=settings.zone_info)
    with file.open(encoding="utf-8-sig", newline="") as lines:
        rows = read(file.name, lines, config)
        done = pricing.record(settings, rows, reinstate=reinstate, dry_run=dry_run)
    return pricing.tell(done, file.name, style, dry_run=dry_run)


prices.add_command(import_ecb)


@prices.command("show")
@click.argument("instrument")
@click.option("--kind", type=click.Choice(KINDS), help="Of one kind; else of each.")
@click.option("--all", "whole", is_flag=True, help="All that was ever recorded, by number.")
@as_of_option
@known_at_option
@places
@styles
@click.pass_obj
def show(
    settings: Settings,
    /,
    *,
    instrument: str,
    kind: str | None,
    whole: bool,
    as_of: str | None,
    known_at: str | None,
    store: str | None,
    account: str | None,
    zone: str | None,
    style: str | None,
) -> None:
    """The price of INSTRUMENT that holds, or of a pair such as EUR/USD.

    Of each kind the latest up to --as-of. With --known-at a time: of what had been recorded by
    then; a log number: of what had been when that event was recorded. A rate that was only
    recorded the other way round is shown inverted, to 18 decimals.
    """
    settings.override(store, account, zone)
    if whole and (as_of or known_at or kind):
        raise click.UsageError("--all shows everything; leave --kind, --as-of and --known-at out")
    happened = moment("--as-of", as_of, settings.zone_info) if as_of else None
    learned = knowledge("--known-at", known_at, settings.zone_info) if known_at else None
    when = {"as_of": happened, "known_at": learned}
    with settings.open_existing() as book:
        every = _every(book, instrument)
        first = next(every, None)
        if first is None:
            raise click.UsageError(
                f"no price of {instrument} was ever recorded; 'tradeledger prices import' does"
            )
        shown = (first, *every) if whole else _holding(book, instrument, kind, when)
        rows = list(map(_row, shown))
    result = "" if rows else f"no price of {instrument} is known then"
    about = {"instrument": instrument, **when}
    output.write(Answer(about, (Section("prices", _PRICES, rows),), result), style or output.TABLE)


def _pairs(name: str) -> list[tuple[str, str]]:
    """The pair that a name may be, and the other way round."""
    base, found, quote = name.partition("/")
    if not (base and found and quote) or "/" in quote or base == quote:
        return []
    return [pair_of(name), (quote, base)]


def _every(book: Book, name: str) -> Iterator[AnyPrice]:
    """All that was recorded of a name."""
    yield from book.store.prices(name)
    for base, quote in _pairs(name):
        yield from book.store.rates(base, quote)


def _holding(
    book: Book, name: str, kind: str | None, when: Mapping[str, object]
) -> Iterator[AnyPrice]:
    """What holds of each kind, of the instrument of that name and of the pair."""
    for one in [PriceKind(kind)] if kind else PriceKind:
        how: dict[str, Any] = {**when, "kind": one}
        found: list[AnyPrice | None] = [book.price(name, **how)]
        found += [book.rate(*pair, **how) for pair in _pairs(name)[:1]]
        yield from filter(None, found)


def _row(price: AnyPrice) -> Row:
    """A price as a row."""
    about, name = price.subject
    inverted = " (inverted)" if isinstance(price, Rate) and price.is_inverted else ""
    return {
        "number": price.number,
        "about": f"{about}{inverted}",
        "name": name,
        "kind": price.kind.value,
        "px": price.px,
        "at": price.at,
        "source": price.source,
        "recorded_at": price.recorded_at,
    }
