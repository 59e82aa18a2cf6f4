"""The same ten thousand commands to three kinds of store: the same books, errors and hashes."""

from __future__ import annotations

import random
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pytest

import ledger
from ledger.errors import LedgerError
from tests.contract.helpers import Clock
from tests.postgres import Place
from tests.property.state import account_state

COMMANDS: Final = 10_000
ACCOUNTS = ("U1", "U2", "Zürich")
INSTRUMENTS = ("ESZ6", "NQZ6", "undefined")
Command = Callable[[ledger.Book], object]


def commands(count: int, seed: int = 3) -> list[Command]:
    """Commands and facts, sensible and senseless ones, the same for every seed."""
    dice = random.Random(seed)
    return [dice.choice(KINDS)(dice, n) for n in range(count)]


def _place(dice: random.Random, n: int) -> Command:
    order: dict[str, Any] = {
        "cl_ord_id": f"c{dice.randrange(n + 1)}" if n % 7 == 0 else f"c{n}",
        "instrument_id": dice.choice(INSTRUMENTS),
        "side": dice.choice(list(ledger.Side)),
        "order_qty": Decimal(dice.randrange(-1, 9)),
    }
    if dice.random() < 0.5:
        order |= {"limit_px": Decimal(dice.randrange(19_990, 20_010)) / 4}
        order |= {"ord_type": ledger.OrdType.LIMIT}
    account = dice.choice(ACCOUNTS)
    return lambda book: book.place(account, **order)


def _fill(dice: random.Random, n: int) -> Command:
    fields: dict[str, Any] = {
        "exec_id": f"e{dice.randrange(max(1, n - 20), n + 1)}",
        "instrument_id": dice.choice(INSTRUMENTS),
        "side": dice.choice([ledger.Side.BUY, ledger.Side.SELL]),
        "last_qty": Decimal(dice.randrange(1, 9)),
        "last_px": Decimal(dice.randrange(19_990, 20_010)) / 4,
        "currency": "USD",
    }
    if dice.random() < 0.6:
        fields["cl_ord_id"] = f"c{dice.randrange(n + 1)}"
    account = dice.choice(ACCOUNTS)
    return lambda book: book.fill(account, **fields)


def _cancel(dice: random.Random, n: int) -> Command:
    account, of = dice.choice(ACCOUNTS), f"c{dice.randrange(n + 1)}"
    return lambda book: book.cancel(account, cl_ord_id=f"x{n}", orig_cl_ord_id=of)


def _accept(dice: random.Random, n: int) -> Command:
    account, of = dice.choice(ACCOUNTS), f"c{dice.randrange(n + 1)}"
    return lambda book: book.accept(account, of, order_id=f"o{n}")


def _stop(dice: random.Random, n: int) -> Command:
    account, of = dice.choice(ACCOUNTS), f"c{dice.randrange(n + 1)}"
    px = Decimal(dice.randrange(19_990, 20_010)) / 4
    return lambda book: book.move_stop(
        account, cl_ord_id=of, stop_px=px, reason=ledger.StopReason.MANUAL
    )


KINDS = (_place, _place, _fill, _fill, _cancel, _accept, _stop)


def told(url: str, count: int) -> tuple[list[str], Any, Any, Any, Any]:
    """What became of the commands: answers, log, digest, states, and what verify found."""
    clock = Clock()
    with ledger.open(url, clock=clock) as book:
        for account in ACCOUNTS:
            book.open_account(account, base_currency="USD")
            for id in INSTRUMENTS[:2]:
                book.define(account, _instrument(id))
        answers = [_answer(book, command) for command in commands(count)]
        states = [account_state(book.account(name)) for name in ACCOUNTS]
        store = book.store
        findings = list(store.verify().findings)
        return answers, list(store.read_all()), store.digest(), states, findings


def _instrument(id: str) -> ledger.Instrument:
    kind = ledger.InstrumentKind.EQUITY
    return ledger.Instrument(instrument_id=id, symbol=id, kind=kind, currency="USD")


def _answer(book: ledger.Book, command: Command) -> str:
    try:
        return repr(command(book))
    except LedgerError as error:
        return repr(error)


@pytest.mark.slow
def test_the_same_commands_give_the_same_everything(place: Place, tmp_path: Path) -> None:
    url = place.prepared()
    in_memory = told("memory://", COMMANDS)
    kinds = {answer.partition("(")[0] for answer in in_memory[0]}
    assert {"Appended", "AlreadyAppended", "ConflictError", "InvalidOrderError"} <= kinds
    assert told(f"sqlite:///{tmp_path / 'books.db'}", COMMANDS) == in_memory
    assert told(url, COMMANDS) == in_memory
    place.drop(url)
