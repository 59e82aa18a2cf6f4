"""The digest at a number is what the log's own digest was then."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

import ledger
from adapters.reconcile.log_digest import digest_at
from ledger.domain.events import CashDeposited, make_fact

AT = datetime(2026, 3, 2, tzinfo=UTC)


@given(st.lists(st.sampled_from("ABC"), max_size=40))
def test_the_past_digest_is_what_it_was(accounts):
    with ledger.open("memory://") as book:
        then = [book.digest()]
        for nth, account in enumerate(accounts):
            paid = CashDeposited(id=str(nth), currency="USD", amount=Decimal(1))
            book.record_all([make_fact(account, paid, AT + timedelta(seconds=nth))])
            then.append(book.digest())
        assert [digest_at(book.store, number) for number in range(len(then))] == then
        assert all(book.store.verify(digest_at(book.store, one.number).mark).ok for one in then)
