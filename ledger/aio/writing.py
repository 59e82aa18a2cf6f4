"""What waits to be recorded, in one transaction: facts together, commands one after another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import groupby
from typing import Any

from eventsourcing.persistence import IntegrityError

from ledger.aio.held import HeldBook
from ledger.aio.jobs import Job, is_refusal
from ledger.errors import LedgerError, StoreError

Jobs = Sequence[Job[Any]]


class _UndoneError(Exception):
    """One call of a group failed in a way that may have harmed the transaction of all."""


def write(book: HeldBook, jobs: Jobs) -> None:
    """Carry out some calls, in order and in one transaction; each has its own answer or error.

    A call that is refused spoils no other. When a call fails otherwise, the transaction is undone
    and each is carried out by itself. When the commit fails, it fails for all.
    """
    runs = list(_runs(jobs))
    if len(runs) > 1:
        _warm(book, jobs)
        _write_group(book, runs, jobs)
    elif len(jobs) == 1 or not _record_together(book, jobs):
        _each(book, jobs)


def _each(book: HeldBook, jobs: Jobs) -> None:
    """Every call in a transaction of its own."""
    for job in jobs:
        job.run(book)


def _write_group(book: HeldBook, runs: Sequence[Jobs], jobs: Jobs) -> None:
    try:
        with book.store.exclusive():
            for run in runs:
                _run(book, run)
                if any(job.is_broken for job in run):
                    raise _UndoneError  # noqa: TRY301  # the transaction must not go on
    except _UndoneError:
        book.forget()
        _each(book, jobs)
    except (StoreError, IntegrityError) as error:
        book.forget()
        for job in jobs:
            job.fail(error)


def _runs(jobs: Jobs) -> Iterator[Jobs]:
    """Facts that follow each other, to be recorded at once; every other call by itself."""
    for are_facts, run in groupby(jobs, key=lambda job: job.facts is not None):
        if are_facts:
            yield list(run)
        else:
            yield from ([job] for job in run)


def _warm(book: HeldBook, jobs: Jobs) -> None:
    """Load accounts before the writer's lock is taken: long ones take their time. What goes wrong
    here does so again in the call itself."""
    for account in {job.account for job in jobs if job.account is not None}:
        with suppress(LedgerError):
            book.warm(account)


def _run(book: HeldBook, jobs: Jobs) -> None:
    """Facts in one append; if one of them cannot be kept, each call by itself, up to the first
    that fails in another way."""
    if len(jobs) > 1 and _record_together(book, jobs):
        return
    for job in jobs:
        job.run(book)
        if job.is_broken:
            return


def _record_together(book: HeldBook, jobs: Jobs) -> bool:
    """All facts in one append; False if one of them was refused, and nothing was kept."""
    facts = [fact for job in jobs for fact in job.facts or ()]
    try:
        outcomes = iter(book.record_all(facts))
    except (ArithmeticError, AttributeError, LedgerError, LookupError, TypeError, ValueError) as e:
        if is_refusal(e) or not isinstance(e, StoreError):
            return False
        for job in jobs:
            job.fail(e)
    else:
        for job in jobs:
            job.answer([next(outcomes) for _ in job.facts or ()])
    return True
