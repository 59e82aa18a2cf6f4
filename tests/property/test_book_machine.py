"""A book in a file, told facts in any order, closed, opened again and shared: the laws hold."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

import ledger
from ledger.domain.events import AccountOpened, Fact, make_fact
from ledger.domain.numbers import add, subtract, total
from ledger.history import account_at
from tests.property import model
from tests.property.state import account_state, book_of, holdings, state_of
from tests.property.stories import EVERYTHING, Teller
from tests.property.worlds import ACCOUNT, INSTRUMENTS, START, definitions, policies

STEPS = 12


class Books(RuleBasedStateMachine):
    """One account in a SQLite file, written by one book, at times by a second one."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.url = f"sqlite:///{Path(self.folder.name) / 'books.db'}"
        self.book = self.open()
        self.teller = Teller(None, ())
        self.sent: list[Fact] = []

    def open(self) -> ledger.Book:
        return ledger.open(self.url, clock=lambda: START)

    @initialize(
        opened=policies(),
        traded=st.lists(st.sampled_from(INSTRUMENTS), min_size=1, max_size=2, unique=True),
    )
    def begin(self, opened: AccountOpened, traded: list[Any]) -> None:
        self.sent = [make_fact(ACCOUNT, opened, START), *definitions(tuple(traded))]
        self.book.record_all(self.sent)
        self.teller = Teller(
            None, tuple(traded), books=("net", "hedge"), terse=True, orders=("c1", "c2")
        )

    @rule(data=st.data(), moves=st.lists(st.sampled_from(EVERYTHING), min_size=1, max_size=4))
    def something_happens(self, data: st.DataObject, moves: list[str]) -> None:
        self.book.record_all(self.new(data, moves))

    @rule(data=st.data(), moves=st.lists(st.sampled_from(EVERYTHING), min_size=1, max_size=4))
    def another_book_is_told(self, data: st.DataObject, moves: list[str]) -> None:
        with self.open() as other:
            other.record_all(self.new(data, moves))

    def new(self, data: st.DataObject, moves: list[str]) -> list[Fact]:
        """The facts of some moves, in any order."""
        self.teller.draw = data.draw
        before = len(self.teller.facts)
        for move in moves:
            getattr(self.teller, move)()
        told = data.draw(st.permutations(self.teller.facts[before:]))
        self.sent += told
        return told

    @precondition(lambda self: self.sent)
    @rule(data=st.data())
    def something_is_told_again(self, data: st.DataObject) -> None:
        head = self.book.store.head()
        self.book.record_all(data.draw(st.lists(st.sampled_from(self.sent), max_size=3)))
        assert self.book.store.head() == head

    @rule()
    def the_book_is_opened_anew(self) -> None:
        self.book.close()
        self.book = self.open()

    @rule()
    def memory_is_freed(self) -> None:
        account = self.book.account(ACCOUNT)
        account.slim()
        for position in account.positions.values():
            position.forget_flat_history()

    @invariant()
    def the_resident_account_is_the_one_folded_anew(self) -> None:
        resident = self.book.account(ACCOUNT)
        anew = account_at(self.book.store, ACCOUNT)
        assert account_state(resident) == account_state(anew)

    @invariant()
    def results_come_from_the_money_of_the_fills(self) -> None:
        if model.pays_cash_in_lieu(self.sent):
            return
        flows = model.flows(self.sent)
        for key, holding in holdings(self.book.account(ACCOUNT)).items():
            traded = add(add(flows[key], holding.basis), holding.base_fee_cost)
            assert holding.realized == subtract(add(traded, holding.in_kind), holding.suspense_flow)

    @invariant()
    def lots_are_the_position(self) -> None:
        for holding in holdings(self.book.account(ACCOUNT)).values():
            assert total(lot.qty for lot in holding.lot_list()) == holding.qty

    def teardown(self) -> None:
        try:
            if self.sent:
                assert state_of(self.book) == state_of(book_of(self.sent))
                assert self.book.verify().ok
        finally:
            self.book.close()
            self.folder.cleanup()


TestBooks = Books.TestCase
TestBooks.settings = settings(stateful_step_count=STEPS)
