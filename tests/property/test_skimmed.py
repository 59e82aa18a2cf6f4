"""An account folded from skimmed facts is the one folded from whole ones, whatever is asked."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ledger import history, rebuilding
from ledger.domain.accounts import Account
from ledger.domain.events import Recorded
from ledger.domain.skimmed import Skimmed, whole
from ledger.store.memory import MemoryStore
from ledger.store.port import EventStore
from tests.contract.helpers import fill, order
from tests.property.arrivals import Arrival, arrivals
from tests.property.test_checkpoints import ORDERLY, figures, never, small
from tests.property.worlds import ACCOUNT, START

Facts = Iterable[Recorded | Skimmed]


def folded(store: EventStore, facts: Facts) -> Account:
    """The account that facts make."""
    account = Account(ACCOUNT)
    history.fold(account, facts)
    rebuilding.complete(store, account)
    return account


def orders(account: Account) -> dict[str, Any]:
    """Every order that is in memory."""
    return {root: account.orders[root].view() for root in account.orders}


@given(arrivals(moves=ORDERLY, books=("net", "hedge")), st.booleans())
def test_skimmed_facts_make_the_same_account(arrival: Arrival, asks: bool) -> None:
    with small(), never():
        store = arrival.book().store
        ours, plain = Account(ACCOUNT), Account(ACCOUNT)
        for skimmed, recorded in zip(store.skim(ACCOUNT), store.read(ACCOUNT), strict=True):
            assert whole(skimmed) == recorded
            for account, fact in ((ours, skimmed), (plain, recorded)):
                history.fold(account, [fact])
                rebuilding.complete(store, account)
            if asks:
                assert orders(ours) == orders(plain)
        assert figures(ours) == figures(plain)
        assert orders(ours) == orders(plain)
        assert figures(folded(store, store.skim(ACCOUNT))) == figures(ours)


def wrongly(facts: Facts, change: Callable[[Skimmed], Skimmed]) -> Facts:
    """The facts with something else read off those that are skimmed."""
    return (change(one) if isinstance(one, Skimmed) else one for one in facts)


def test_the_law_finds_what_is_read_wrongly() -> None:
    """The negative control: a wrong quantity and a wrong order are seen."""
    store = MemoryStore(lambda: START)
    store.append([order("c1", ACCOUNT), fill(1, ACCOUNT, cl_ord_id="c1", last_qty=Decimal(1))])
    right = figures(folded(store, store.skim(ACCOUNT)))
    assert right == figures(folded(store, store.read(ACCOUNT)))
    assert not right["orders"]
    changes: tuple[Callable[[Skimmed], Skimmed], ...] = (
        lambda one: one._replace(order_qty=Decimal(2)),
        lambda one: one._replace(cl_ord_id="another"),
    )
    for change in changes:
        assert orders(folded(store, wrongly(store.skim(ACCOUNT), change)))
