"""Saved states are a cache: wrong, old or foreign ones are not used, and none is needed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

import ledger
from ledger.domain.events import (
    AccountOpened,
    Fact,
    FeeCharged,
    FillBooked,
    FillBusted,
    OrderReplaced,
    ReplaceRequested,
    Side,
    make_fact,
)
from ledger.domain.holding import Holding
from ledger.domain.saved import _AMOUNTS, _AS_THEY_ARE, SavedHolding
from ledger.errors import CorruptEventError
from ledger.store import checkpoints
from ledger.store.base import LogStore
from ledger.store.saved_rows import SavedRow
from tests.contract.helpers import HAPPENED, Clock, fill, order

ACCOUNT = "U1"


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """States every three facts, and hardly a fact resident."""
    monkeypatch.setattr(checkpoints, "EVERY", 3)
    monkeypatch.setattr(checkpoints, "BYTES_PER_FACT", 10**9)
    monkeypatch.setattr("ledger.domain.positions.KEEP", 2)
    monkeypatch.setattr("ledger.domain.positions.POINT_EVERY", 2)
    monkeypatch.setattr("ledger.domain.resident_orders.RECENT", 0)


def at(second: int, fact: Fact) -> Fact:
    """The fact, that much later."""
    return fact._replace(occurred_at=HAPPENED + timedelta(seconds=second))


def told(store: LogStore, facts: list[Fact]) -> ledger.Book:
    """A book that recorded facts one after the other."""
    book = ledger.Book(store, Clock())
    for fact in facts:
        book.account(ACCOUNT)
        book.record_all([fact])
    return book


def anew(store: LogStore) -> ledger.Book:
    return ledger.Book(store, Clock())


def opened() -> Fact:
    return make_fact(ACCOUNT, AccountOpened(base_currency="USD"), HAPPENED)


def fills(count: int) -> list[Fact]:
    return [at(nth, fill(nth, currency=None)) for nth in range(count)]


def states(store: LogStore) -> list[Any]:
    return store.log.spans(ACCOUNT, checkpoints.REDUCER, gt=0)


def test_a_book_opened_anew_reads_the_tail_alone(store: LogStore) -> None:
    told(store, [opened(), *fills(20)])
    number = states(store)[-1].number
    read: list[int] = []
    watched = Watched(store, read)
    assert ledger.Book(watched, Clock()).position(ACCOUNT, "ESZ6").net_qty == 40
    assert read
    assert min(read) >= number


class Watched:
    """A store that notes after which version streams are read."""

    def __init__(self, store: LogStore, read: list[int]) -> None:
        self.store = store
        self.noted = read

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)

    def skim(self, stream: str, *, after: int = 0, upto: int | None = None) -> Iterator[Any]:
        self.noted.append(after)
        return self.store.skim(stream, after=after, upto=upto)


def test_states_that_were_dropped_come_back_equal(store: LogStore) -> None:
    book = told(store, [opened(), *fills(20)])
    before = book.position(ACCOUNT, "ESZ6", known_at=10)
    store.checkpoints.clear()
    assert not states(store)
    assert anew(store).position(ACCOUNT, "ESZ6", known_at=10) == before
    assert states(store)


def changed(row: SavedRow, **how: Any) -> SavedRow:
    return row._replace(**how)


SPOILT: dict[str, Callable[[SavedRow], SavedRow]] = {
    "another proof": lambda row: changed(row, proof=bytes(32)),
    "another state": lambda row: changed(row, state=row.state[:-1] + b"\x00"),
    "another place": lambda row: changed(row, span=row.span._replace(version=row.span.version - 1)),
    "another time": lambda row: changed(
        row, span=row.span._replace(first_at="2199-01-01T00:00:00.000000Z")
    ),
    "no event there": lambda row: changed(row, span=row.span._replace(number=10**6)),
    "no state at all": lambda row: changed(row, state=b""),
}


@pytest.mark.parametrize("how", SPOILT)
def test_a_state_that_was_changed_is_not_used(store: LogStore, how: str) -> None:
    account = told(store, [opened(), *fills(12)]).account(ACCOUNT)
    sound = anew(store).account(ACCOUNT)
    account.begin_block()
    row = store.checkpoints.saved(sound)
    assert row is not None
    with store.log.writing():
        store.log.clear_states()
        store.log.keep_states([SPOILT[how](row)])
    assert store.checkpoints.find(ACCOUNT, 10**6) is None
    assert anew(store).position(ACCOUNT, "ESZ6").net_qty == 24


def test_the_control_a_sound_state_is_used(store: LogStore) -> None:
    told(store, [opened(), *fills(12)])
    assert store.checkpoints.find(ACCOUNT, store.head()) is not None


def test_states_of_another_fold_are_not_used(
    store: LogStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    told(store, [opened(), *fills(12)])
    monkeypatch.setattr(checkpoints, "REDUCER", "another")
    assert store.checkpoints.find(ACCOUNT, store.head()) is None
    assert anew(store).position(ACCOUNT, "ESZ6").net_qty == 24


def test_a_history_that_ends_elsewhere_has_no_use_for_a_state(clock: Clock) -> None:
    """A file put back from a backup, with the states of what came after it."""
    with ledger.open("memory://") as first, ledger.open("memory://") as second:
        for book, last in ((first, 3), (second, 4)):
            assert isinstance(book.store, LogStore)
            told(book.store, [opened(), *fills(3), at(9, fill(last))])
        assert isinstance(first.store, LogStore)
        assert isinstance(second.store, LogStore)
        row = first.store.checkpoints.saved(first.account(ACCOUNT))
        assert row is not None
        second.store.checkpoints.clear()
        second.store.checkpoints.keep([row])
        assert second.store.checkpoints.find(ACCOUNT, 10) is None


def test_a_store_that_is_only_read_saves_nothing(tmp_path: Any) -> None:
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    with ledger.open(url) as book:
        book.record_all([opened(), *fills(12)])
    with ledger.open(url, audit=True) as auditor:
        assert auditor.position(ACCOUNT, "ESZ6").net_qty == 24
        assert isinstance(auditor.store, LogStore)
        assert not states(auditor.store)


def test_every_figure_of_a_holding_is_saved() -> None:
    derived = {"is_choosy", "pool"}
    saved = {*_AMOUNTS, *_AS_THEY_ARE, *SavedHolding._fields} - {"amounts"}
    assert saved == set(Holding.__slots__) - derived


def test_a_fee_that_names_only_its_fill_is_found_again(store: LogStore) -> None:
    fee = FeeCharged(id="f1", amount=Decimal(3), currency="USD", exec_id="000001", venue="IBKR")
    facts = [opened(), *fills(6), at(8, make_fact(ACCOUNT, fee, HAPPENED)), *fills(16)[6:]]
    told(store, facts)
    for book in (anew(store), anew(store)):
        assert book.position(ACCOUNT, "ESZ6").fees == {"USD": 3}
        assert book.position(ACCOUNT, "ESZ6", known_at=18).fees == {"USD": 3}
        assert book.position(ACCOUNT, "ESZ6", known_at=7).fees == {}


def test_an_order_is_found_by_the_id_of_its_replacement(store: LogStore) -> None:
    asked = ReplaceRequested(cl_ord_id="c2", orig_cl_ord_id="c1", order_qty=Decimal(5))
    done = OrderReplaced(cl_ord_id="c2", orig_cl_ord_id="c1", order_qty=Decimal(5))
    after = [at(n, make_fact(ACCOUNT, one, HAPPENED)) for n, one in ((2, asked), (3, done))]
    told(store, [opened(), at(1, order("c1")), *after, *[at(9 + n, fill(n)) for n in range(8)]])
    book = anew(store)
    book.account(ACCOUNT)
    more = FillBooked(exec_id="late", instrument_id="ESZ6", side=Side.BUY, last_qty=Decimal(5),
                      last_px=Decimal(5000), cl_ord_id="c2")  # fmt: skip
    book.record_all([at(30, make_fact(ACCOUNT, more, HAPPENED))])
    assert book.order(ACCOUNT, "c1").leaves_qty == 0
    assert not book.open_orders(ACCOUNT)


def test_a_bust_of_a_fill_that_left_memory_opens_its_order_again(store: LogStore) -> None:
    first = at(2, fill(0, cl_ord_id="c1", last_qty=Decimal(1)))
    told(store, [opened(), at(1, order("c1")), first, *[at(3 + n, fill(n)) for n in range(1, 12)]])
    book = anew(store)
    assert not book.open_orders(ACCOUNT)
    bust = FillBusted(exec_id="b1", exec_ref_id="000000", venue="IBKR", instrument_id="ESZ6")
    book.record_all([at(40, make_fact(ACCOUNT, bust, HAPPENED))])
    assert [one.cl_ord_id for one in book.open_orders(ACCOUNT)] == ["c1"]


def test_what_another_process_saved_is_used_too(store: LogStore) -> None:
    writer = told(store, [opened(), *fills(9)])
    reader = anew(store)
    assert reader.position(ACCOUNT, "ESZ6").net_qty == 18
    writer.record_all([at(20, fill(20))])
    assert reader.position(ACCOUNT, "ESZ6").net_qty == 20
    assert anew(store).position(ACCOUNT, "ESZ6").net_qty == 20


def test_a_row_that_no_append_wrote_still_stops_the_reader(sqlite: LogStore) -> None:
    told(sqlite, [opened(), *fills(12)])
    with sqlite.log.writing():
        row = sqlite.log.of_numbers([13])[0]
        sqlite.log.add([row._replace(number=14, version=14, key=None, occurred_at=None)])
    with pytest.raises(CorruptEventError):
        anew(sqlite).position(ACCOUNT, "ESZ6")
