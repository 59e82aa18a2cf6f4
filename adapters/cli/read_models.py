"""The tables of the read models, opened for a command. SQLAlchemy is loaded here, and only then."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

import click

from adapters.cli.beside import POSTGRES, SQLITE, beside, is_inside
from adapters.cli.progress import progress_bar
from adapters.cli.questions import Command, Question
from adapters.cli.settings import Settings
from adapters.cli.table_errors import is_gone, translate

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from adapters.ingest import Progress
    from projections.runner import Runner

SLICE: Final = 1_000
"""So many events are taken in before somebody is asked whether to go on."""

RETRIES: Final = 3


def reports_option(command: Command) -> Command:
    """Where the tables are."""
    told = "Where the tables of the read models are; by default beside the books."
    return click.option("--reports", metavar="URL", help=told)(command)


def tables_url(settings: Settings) -> str:
    """The place of the tables; ``click.UsageError`` if they cannot be there."""
    url = settings.reports or beside(settings.store)
    if not url.startswith((SQLITE, f"{POSTGRES}://")):
        known = "sqlite:///file.db, sqlite:// or postgresql://user@host/database?schema=NAME"
        raise click.UsageError(f"--reports {url.partition('://')[0]}: write {known}")
    if is_inside(url, settings.store):
        rule = "the tables are never kept inside the log, since they may be dropped"
        raise click.UsageError(f"--reports: {rule}; name another file or schema")
    if url.startswith(SQLITE) and "?" in url:
        rule = "the tables' file has a '?' in its name, which a url cannot say"
        raise click.UsageError(f"{rule}; name another with --reports")
    return url


def is_there(url: str) -> bool:
    """Whether the tables may be there already; only of a file it is certain that they are not."""
    from pathlib import Path

    path = url.removeprefix(f"{SQLITE}/")
    return path == url or Path(path).is_file()


@contextmanager
def _libraries() -> Iterator[None]:
    try:
        yield
    except ImportError as error:
        raise click.UsageError(
            f"read models need a library that is not there ({error.name}); "
            "install tradeledger[projections,postgres]"
        ) from error


@contextmanager
def opened(url: str) -> Iterator[Engine]:
    """The database of the tables; what its driver raises is told in the ledger's own errors."""
    with _libraries():
        # Before the block that names it: an interrupt comes here often, for the import is long.
        from sqlalchemy.exc import ArgumentError

        from projections.database import connect
    try:
        with _libraries():
            engine = connect(url)
    except ArgumentError:
        raise click.UsageError("--reports is no url of a database") from None
    try:
        yield engine
    except driver_errors(engine) as error:
        translated = translate(error)
        if translated is None:
            raise
        raise translated from error
    finally:
        engine.dispose()


def driver_errors(engine: Engine) -> tuple[type[Exception], ...]:
    """All that a database may raise: wrapped by SQLAlchemy, or as its driver says it."""
    from sqlalchemy.exc import DBAPIError

    bare: type[Exception] = engine.dialect.loaded_dbapi.Error
    return DBAPIError, bare


@contextmanager
def running(question: Question) -> Iterator[Runner]:
    """What brings the tables of a book up to its log."""
    with opened(tables_url(question.settings)) as engine:
        from projections.runner import Runner

        yield Runner(question.book.store, engine)


def bring(runner: Runner, upto: int) -> None:
    """Bring the tables to a number; who is overtaken by another goes on from there."""
    if min(runner.numbers().values()) >= upto:
        return
    with progress_bar(upto, "projecting") as progress:
        left = RETRIES
        while min(runner.numbers().values()) < upto:
            left -= not _went_on(runner, upto, progress, may_fail=left > 0)


def _went_on(runner: Runner, upto: int, progress: Progress | None, *, may_fail: bool) -> bool:
    """Go on; False if the tables were built anew by another process, and are found again."""
    from projections.errors import OvertakenError
    from projections.runner import say_nothing

    try:
        with suppress(OvertakenError):
            runner.catch_up(upto, progress or say_nothing)
    except driver_errors(runner.engine) as error:
        if may_fail and is_gone(error):
            return False
        raise
    return True
