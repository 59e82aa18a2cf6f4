"""An account's days need a zone that is known: one typing error would end every report."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys

import pytest

import ledger
import ledger.aio
from ledger import errors
from ledger.domain.events import AccountOpened, make_fact
from projections.database import connect
from projections.reports import Reports
from tests.unit.booking import BUY, SELL, at, fill, opened, told

WRONG = "America/NewYork"


def test_no_account_begins_in_a_zone_that_nobody_knows() -> None:
    book = ledger.open("memory://")
    with pytest.raises(errors.BadTextError, match="no such time zone; use a name such as"):
        book.open_account("A", base_currency="USD", time_zone=WRONG)
    with pytest.raises(errors.BadTextError):
        book.record("A", AccountOpened(base_currency="USD", time_zone=WRONG))
    assert book.store.head() == 0


def test_nor_does_one_of_asyncio() -> None:
    async def main() -> None:
        async with ledger.aio.open("memory://") as book:
            with pytest.raises(errors.BadTextError):
                await book.open_account("A", base_currency="USD", time_zone=WRONG)
            opening = AccountOpened(base_currency="USD", time_zone=WRONG)
            with pytest.raises(errors.BadTextError):
                await book.append_many([make_fact("A", opening, at(0))])
            assert [one async for one in book.log()] == []

    asyncio.run(main())


def test_what_is_on_record_is_read() -> None:
    opening = AccountOpened(base_currency="USD", time_zone=WRONG)
    book = ledger.open("memory://")
    book.store.append([make_fact("A", opening, at(0))])
    assert [one.event for one in book.log("A")] == [opening]
    assert book.positions("A") == []


def test_pnl_in_a_zone_that_nobody_knows_says_so() -> None:
    book = told(opened(), fill("e1", BUY, "1", "10"), fill("e2", SELL, "1", "12"))
    with pytest.raises(errors.BadTextError, match="no such time zone"):
        Reports(book, connect("sqlite://")).pnl("A", zone="Mars/X")


def test_utc_needs_no_zones_to_be_installed() -> None:
    program = """
import ledger, projections
book = ledger.open("memory://")
book.open_account("A", base_currency="USD")
print(len(projections.Reports(book, projections.connect("sqlite://")).pnl("A")))
"""
    hidden = "import sys; sys.modules['tzdata'] = None\n"
    environment = {**os.environ, "PYTHONTZPATH": "/nowhere"}
    done = subprocess.run(
        [sys.executable, "-c", hidden + program], env=environment, capture_output=True, text=True
    )
    assert (done.stdout.strip(), done.stderr) == ("0", "")
