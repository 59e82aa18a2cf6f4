"""A book in a file, told facts in any order, closed, opened again and shared: the laws hold."""

from __future__ import annotations

from pathlib import Path

from hypothesis import note, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

import ledger
from ledger.domain.events import Fact, make_fact
from ledger.domain.numbers import add, subtract, total
from ledger.history import account_at
from tests.property import model
from tests.property.dice import Dice, rolls
from tests.property.state import account_state, book_of, folder, holdings, state_of
from tests.property.stories import EVERYTHING, MOVE, tell, told_briefly
from tests.property.teller import Teller
from tests.property.worlds import ACCOUNT, INSTRUMENTS, START, definitions, one_or_two, policy

STEPS = 12
MOVES = st.lists(MOVE, min_size=1, max_size=4)
FOUR = rolls(4)


class Books(RuleBasedStateMachine):
    """One account in a SQLite file, written by one book, at times by a second one."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = folder()
        self.url = f"sqlite:///{Path(self.folder.name) / 'books.db'}"
        self.book = self.open()
        self.teller = Teller(())
        self.sent: list[Fact] = []

    def open(self) -> ledger.Book:
        return ledger.open(self.url, clock=lambda: START)

    @initialize(rolled=MOVE)
    def begin(self, rolled: bytes) -> None:
        dice = Dice(rolled)
        traded, opened = one_or_two(dice, INSTRUMENTS, 2), policy(dice)
        self.sent = [make_fact(ACCOUNT, opened, START), *definitions(traded)]
        self.say(self.sent)
        self.book.record_all(self.sent)
        self.teller = Teller(traded, books=("net", "hedge"), terse=True)

    @rule(moves=MOVES, order=FOUR)
    def something_happens(self, moves: list[bytes], order: bytes) -> None:
        self.book.record_all(self.new(moves, order))

    @rule(moves=MOVES, order=FOUR)
    def another_book_is_told(self, moves: list[bytes], order: bytes) -> None:
        with self.open() as other:
            other.record_all(self.new(moves, order))

    def new(self, moves: list[bytes], order: bytes) -> list[Fact]:
        """The facts of some moves, in any order."""
        before = len(self.teller.facts)
        tell(self.teller, EVERYTHING, moves)
        told = Dice(order).shuffled(self.teller.facts[before:])
        self.sent += told
        self.say(told)
        return told

    @rule(rolled=FOUR)
    def something_is_told_again(self, rolled: bytes) -> None:
        head, dice = self.book.store.head(), Dice(rolled)
        again = [dice.pick(self.sent) for _ in range(dice.below(4))]
        self.say(again)
        self.book.record_all(again)
        assert self.book.store.head() == head

    def say(self, facts: list[Fact]) -> None:
        """Tell whoever reads of a failure what the bytes stand for."""
        for fact in facts:
            note(f"  {told_briefly(fact)}")

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
