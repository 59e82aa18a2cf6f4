"""Journals that other programs read without a complaint, and in which they find our books."""

from __future__ import annotations

import shutil
import subprocess
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from beancount import loader
from beancount.core import data
from hypothesis import given

import ledger
from ledger.domain.events import (
    AccountOpened,
    FillBooked,
    InstrumentDefined,
    Leg,
    LotCarried,
    PositionTransferred,
    Side,
)
from ledger.domain.instruments import Instrument, InstrumentKind
from ledger.domain.numbers import ZERO, text
from projections.exports import beancount, hledger
from tests.projections.generated import booked, generate
from tests.projections.tables import LESS, TOLD
from tests.property.arrivals import Arrival, arrivals
from tests.property.worlds import ACCOUNT

FILLS = 2_000


def loaded(lines: Iterable[str]) -> list[Any]:
    """The entries as beancount reads them; it must have nothing to say."""
    entries, errors, _ = loader.load_string("\n".join(lines) + "\n", dedent=False)
    assert errors == []
    return [entry for entry in entries if isinstance(entry, data.Transaction)]


def sums(entries: list[Any], account: str) -> dict[str, Decimal]:
    """What an account and those below it hold, by commodity."""
    found: dict[str, Decimal] = defaultdict(Decimal)
    for entry in entries:
        for posting in entry.postings:
            if f"{posting.account}:".startswith(f"{account}:"):
                found[posting.units.currency] += posting.units.number
    return {commodity: amount for commodity, amount in found.items() if amount}


def lots(entries: list[Any]) -> dict[tuple[str, str], tuple[Decimal, Decimal]]:
    """Units and unit cost of each lot that is left, by instrument and label."""
    units: dict[Any, Decimal] = defaultdict(Decimal)
    for entry in entries:
        for posting in entry.postings:
            if posting.cost is not None:
                name = (posting.units.currency, posting.cost.label, posting.cost.number)
                units[name] += posting.units.number
    return {(name, label): (qty, cost) for (name, label, cost), qty in units.items() if qty}


@pytest.fixture(scope="module")
def folder(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("generated")
    generate(shared, folder, FILLS)
    return folder


@pytest.fixture(scope="module")
def book(folder: Path) -> ledger.Book:
    return booked(folder)


def test_beancount_finds_the_same_cash_results_and_lots(book: ledger.Book) -> None:
    (account,) = book.store.streams()
    entries = loaded(beancount(book, account))
    cash = {one.currency: one.total for one in book.balances(account)}
    views = book.positions(account)
    assert sums(entries, "Assets:Cash") == cash
    assert -sums(entries, "Income:Realized")["USD"] == sum(one.realized_pnl for one in views)
    assert sums(entries, "Expenses:Fees")["USD"] == sum(one.fees["USD"] for one in views)
    assert lots(entries) == {
        (one.instrument_id, lot.exec_id): (lot.qty, lot.basis / lot.qty)
        for one in views
        for lot in one.lots
    }


def test_beancount_books_its_own_journal_to_our_positions(folder: Path, book: ledger.Book) -> None:
    entries, errors, _ = loader.load_file(str(folder / "j.beancount"))
    assert errors == []
    theirs: list[Any] = [one for one in entries if isinstance(one, data.Transaction)]
    (account,) = book.store.streams()
    views = {one.instrument_id: one for one in book.positions(account)}
    assert len(views) == 50
    basis: dict[str, Decimal] = defaultdict(Decimal)
    for entry in theirs:
        for posting in entry.postings:
            if posting.cost is not None:
                basis[posting.units.currency] += posting.units.number * posting.cost.number
    for name, view in views.items():
        assert sums(theirs, f"Assets:Broker:{name}").get(name, ZERO) == view.net_qty
        assert basis[name] == view.cost_basis


@LESS
@given(arrivals(**TOLD))
def test_any_books_can_be_read_by_beancount(arrival: Arrival) -> None:
    book = arrival.book()
    entries = loaded(beancount(book, ACCOUNT))
    cash = {one.currency: one.total for one in book.balances(ACCOUNT) if one.total}
    assert sums(entries, "Assets:Cash") == cash


def test_a_journal_that_is_wrong_is_found_to_be(book: ledger.Book) -> None:
    """The control: one digit of cash."""
    (account,) = book.store.streams()
    lines = list(beancount(book, account))
    place = next(n for n, line in enumerate(lines) if line.startswith("  Assets:Cash"))
    lines[place] = lines[place].replace("  -", "  -1")
    _, errors, _ = loader.load_string("\n".join(lines), dedent=False)
    assert errors


@pytest.mark.parametrize("program", ["hledger", "ledger"])
def test_hledger_and_ledger_find_the_same_balances(
    program: str, book: ledger.Book, tmp_path: Path
) -> None:
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    (account,) = book.store.streams()
    journal = tmp_path / "books.journal"
    journal.write_text("\n".join(hledger(book, account)) + "\n", "utf-8")
    shown = {"hledger": ["--layout=bare", "-N"], "ledger": ["--flat", "--no-total"]}[program]
    done = subprocess.run(
        [program, "-f", journal, "balance", *shown, "Assets:Cash"],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    (cash,) = book.balances(account)
    assert text(cash.total) in done.stdout


def test_a_position_that_is_crossed_by_older_lots_is_closed_first():
    """A transfer in of short units, opened before the long ones that they close."""
    at = datetime(2026, 1, 6, tzinfo=UTC)
    short = LotCarried(qty=Decimal(-1), basis=ZERO, opened_at=at - timedelta(days=1), exec_id="x")
    with ledger.open("memory://", clock=lambda: at) as book:
        book.record(ACCOUNT, AccountOpened(base_currency="USD"), occurred_at=at)
        what = Instrument(instrument_id="X", symbol="X", kind=InstrumentKind.LINEAR, currency="USD")
        book.record(ACCOUNT, InstrumentDefined(instrument=what), occurred_at=at)
        bought = FillBooked(
            exec_id="1", instrument_id="X", side=Side.BUY, last_qty=Decimal(1),
            last_px=Decimal(100),
        )  # fmt: skip
        book.record(ACCOUNT, bought, occurred_at=at)
        came = PositionTransferred(
            id="t", leg=Leg.IN, instrument_id="X", qty=Decimal(2), counterparty="B",
            lots=(short, short),
        )  # fmt: skip
        book.record(ACCOUNT, came, occurred_at=at)
        (_, crossed) = loaded(beancount(book, ACCOUNT))
    signs = [posting.units.number > 0 for posting in crossed.postings if posting.cost]
    assert signs == [False, False]
    assert crossed.postings[0].cost.label.startswith("1")
