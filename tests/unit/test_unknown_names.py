"""A name nobody knows is an error, not a position that is flat."""

from __future__ import annotations

import pytest

from ledger import errors
from tests.unit.booking import BUY, at, fill, opened


def test_an_account_that_nobody_knows() -> None:
    with pytest.raises(errors.UnknownAccountError, match="no account typo in this store; it has"):
        opened().position("typo", "X")


def test_an_instrument_that_nobody_knows() -> None:
    with pytest.raises(errors.UnknownInstrumentError, match="no instrument TYPO in account A"):
        opened().position("A", "TYPO")


def test_one_that_is_known_and_was_never_traded_is_flat() -> None:
    assert opened().position("A", "X").is_flat


def test_one_that_was_traded_and_never_defined_is_held() -> None:
    book = opened()
    book.record("A", fill("e", BUY, "1", "10"))
    assert book.position("A", "X").net_qty == 1


def test_before_it_was_known_it_was_flat() -> None:
    book = opened()
    book.record("A", fill("e", BUY, "1", "10"), occurred_at=at(5))
    assert book.position("A", "X", known_at=0).is_flat
    assert book.position("A", "X", as_of=at(4)).is_flat
