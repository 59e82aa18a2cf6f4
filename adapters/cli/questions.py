"""What all questions share: the store they ask, the account, and the two times."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any, Final

import attrs
import click

from adapters import naming
from adapters.cli import output
from adapters.cli.answers import Answer, Section
from adapters.cli.moments import knowledge, moment, rfc3339
from adapters.cli.settings import Settings
from ledger import Book
from ledger.domain.accounts import Account
from ledger.errors import CorruptEventError
from ledger.history import KnownAt, resolve

Command = Callable[..., Any]
_LISTED: Final = 20


@attrs.frozen
class Question:
    """An open book and what is asked of it. ``number`` is the log number it is asked at."""

    book: Book
    settings: Settings
    number: int
    head: int
    as_of: datetime | None = None
    style: str = output.TABLE
    learned: KnownAt = None
    """The state of knowledge as it was asked for. A price has no log number: who asks for none
    means those too that were recorded after the last event."""

    @property
    def when(self) -> dict[str, Any]:
        """Both times, as a book takes them."""
        return {"as_of": self.as_of, "known_at": self.number}

    @property
    def account(self) -> str:
        """The account asked for, or the only one there is."""
        return self.known(self.settings.account or only(self.book.store.streams()))

    def known(self, account: str) -> str:
        """The name of an account that is in the store; ``click.UsageError`` otherwise."""
        streams = self.book.store.streams()
        if account not in streams:
            held = ", ".join(streams) or "none"
            raise click.UsageError(f"there is no account {account}; the store has: {held}")
        return account

    def state(self, account: str) -> Account:
        """The account as it was at both times."""
        return self.book.at(account, **self.when)

    def symbols(self, account: str) -> dict[str, str]:
        """What each instrument of an account was called then."""
        return naming.symbols(self.book.account(account), as_of=self.as_of, upto=self.number)

    def instrument(self, account: str, name: str) -> str:
        """The id of an instrument that the account knows today, by id or by symbol, also an old
        one; ``click.UsageError`` otherwise: one that nobody knows is not one that is flat."""
        state = self.book.account(account)
        found = state.resolve(name)
        held = {key.instrument_id for key in state.positions}
        if found not in held | state.policy.definitions.keys():
            symbols = naming.symbols(state)
            known = listed(sorted(symbols.get(one, one) for one in {*held, *symbols}))
            raise click.UsageError(f"no instrument {name} in account {account}; it has: {known}")
        return found

    def answer(self, *sections: Section, result: str = "", **about: object) -> None:
        """Write the answer, and to standard error when and at which number it was asked."""
        times = {"as_of": self.as_of, "known_at_number": self.number}
        whole = {"question": sections[0].name, **about, **times}
        output.write(Answer(whole, sections, result), self.style)
        happened = f"as of {rfc3339(self.as_of)}, " if self.as_of else ""
        click.echo(f"{happened}known at number {self.number} of {self.head}", err=True)


def listed(names: list[str]) -> str:
    """Names in a line, the first of them where they are many.

    >>> listed(["A", "B"]), listed([])
    ('A, B', 'none')
    """
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return (", ".join(names[:_LISTED]) or "none") + more


def only(streams: list[str]) -> str:
    """The one account of a store; ``click.UsageError`` when there is none or more."""
    if not streams:
        raise click.UsageError("the store is empty; 'tradeledger ingest' fills it")
    if len(streams) > 1:
        raise click.UsageError(f"say which account: --account, one of {', '.join(streams)}")
    return streams[0]


def with_options(*options: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """What gives a command these options, in this order."""

    def give(command: Any) -> Any:
        for option in reversed(options):
            command = option(command)
        return command

    return give


def places(command: Command) -> Command:
    """The options that say where: store, account, zone; behind the command's name too."""
    told: Command = with_options(
        click.option("--store", metavar="URL", help="Where the books are."),
        click.option("--account", "-a", metavar="NAME", help="The account."),
        click.option("--zone", metavar="ZONE", help="Zone of times and days given without one."),
    )(command)
    return told


def styles(command: Command) -> Command:
    """The options that say in which form to answer: one of them, or none."""

    @wraps(command)
    def styled(*args: Any, json: bool, csv: bool, **given: Any) -> Any:
        if json and csv:
            raise click.UsageError("--json and --csv are two forms of one answer; give one of them")
        style = output.JSON if json else output.CSV if csv else None
        return command(*args, style=style, **given)

    for flag, told in (
        (output.CSV, "CSV with exact numbers."),
        (output.JSON, "One JSON document with exact numbers."),
    ):
        styled = click.option(f"--{flag}", flag, is_flag=True, help=told)(styled)
    return styled


def as_of_option(command: Command) -> Command:
    """The time by which things had happened."""
    told = "What had happened by then: a day or a time."
    return click.option("--as-of", metavar="TIME", help=told)(command)


def known_at_option(command: Command) -> Command:
    """The time, or the number, by which things had been learned."""
    told = "What was known then: a day, a time or a log number."
    return click.option("--known-at", metavar="TIME|NUMBER", help=told)(command)


def asks(function: Callable[..., int | None]) -> Command:
    """A command that asks: it gets a ``Question`` and, by name, its own options."""
    return _asking(function, audit=False)


def audits(function: Callable[..., int | None]) -> Command:
    """A command that asks whether the history is whole, also of a file that nothing protects."""
    return _asking(function, audit=True)


def _asking(function: Callable[..., int | None], *, audit: bool) -> Command:
    @wraps(function)
    def command(
        settings: Settings,
        *,
        store: str | None,
        account: str | None,
        zone: str | None,
        style: str | None,
        as_of: str | None = None,
        known_at: str | None = None,
        **own: Any,
    ) -> int | None:
        settings.override(store, account, zone)
        with settings.open_existing(audit=audit) as book:
            if audit:
                head = head_of(book)
                return function(Question(book, settings, head, head, None, _style(style)), **own)
            return function(ask(book, settings, style, as_of, known_at), **own)

    return places(styles(click.pass_obj(command)))


def ask(
    book: Book, settings: Settings, style: str | None, as_of: str | None, known_at: str | None
) -> Question:
    """A question at the times that were written; what is known is settled once, as a number."""
    zone = settings.zone_info
    learned = knowledge("--known-at", known_at, zone) if known_at else None
    happened = moment("--as-of", as_of, zone) if as_of else None
    head, number = book.store.head(), resolve(book.store, learned, "--known-at")
    return Question(book, settings, number, head, happened, _style(style), learned)


def _style(given: str | None) -> str:
    return given or output.TABLE


def head_of(book: Book) -> int:
    """The last number, or 0 where the file is damaged too much to tell."""
    try:
        return book.store.head()
    except CorruptEventError:
        return 0
