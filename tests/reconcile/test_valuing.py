"""What a break is worth in base currency."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

import ledger
from adapters.reconcile import Break, Kind
from adapters.reconcile.valuing import value_in_base
from ledger import InstrumentKind
from ledger.domain.instruments import Instrument
from ledger.domain.prices import Rate
from tests.reconcile.nights import MONDAY, NOW, day


@pytest.fixture
def book() -> ledger.Book:
    book = ledger.open("memory://", clock=lambda: NOW)
    book.open_account("A", base_currency="CHF", occurred_at=MONDAY)
    for name, kind, multiplier in (
        ("ES", InstrumentKind.LINEAR, 50), ("BTCUSD", InstrumentKind.INVERSE, 100),
    ):  # fmt: skip
        currency = "USD" if kind is InstrumentKind.LINEAR else "BTC"
        book.define("A", Instrument(instrument_id=name, symbol=name, kind=kind,
                                    currency=currency, multiplier=Decimal(multiplier)))  # fmt: skip
    return book


def off(difference: str | None, unit: str = "units", name: str | None = "ES") -> Break:
    amount = None if difference is None else Decimal(difference)
    return Break(account="A", kind=Kind.POSITION_QUANTITY, subject=name or unit,
                 reference="position", ledger_value="", broker_value="", instrument_id=name,
                 business_date=MONDAY.date(), difference=amount, unit=unit)  # fmt: skip


def marked(book: ledger.Book, name: str, px: str, nth: int = 0) -> None:
    book.mark(name, Decimal(px), source="s", at=day(nth))


def rated(book: ledger.Book, pair: tuple[str, str], px: str) -> None:
    base, quote = pair
    book.record_prices([Rate(base=base, quote=quote, px=Decimal(px), source="s", at=day(0))])


def worth(book: ledger.Book, one: Break, **when: Any) -> Decimal | None:
    return value_in_base(book, one, when.get("as_of"), when.get("known_at"))


def test_units_are_worth_their_mark_at_the_rate(book: ledger.Book) -> None:
    marked(book, "ES", "5000")
    rated(book, ("USD", "CHF"), "0.9")
    assert worth(book, off("-2")) == Decimal(-450_000)


def test_money_is_worth_its_rate_and_base_currency_itself(book: ledger.Book) -> None:
    rated(book, ("CHF", "USD"), "1.25")
    assert worth(book, off("12.5", "USD", None)) == Decimal(10)
    assert worth(book, off("12.5", "CHF", None)) == Decimal("12.5")


def test_an_inverse_contract_keeps_the_sign_of_its_units(book: ledger.Book) -> None:
    marked(book, "BTCUSD", "50000")
    rated(book, ("BTC", "CHF"), "45000")
    assert worth(book, off("10", name="BTCUSD")) == Decimal(900)


def test_what_has_no_mark_or_rate_has_no_value(book: ledger.Book) -> None:
    assert worth(book, off("1")) is None
    marked(book, "ES", "5000", nth=2)
    assert worth(book, off("1")) is None
    rated(book, ("USD", "CHF"), "0.9")
    assert worth(book, off("1"), as_of=day(1)) is None
    assert worth(book, off("1"), as_of=day(3)) == Decimal(225_000)
    assert worth(book, off(None)) is None
    assert worth(book, off("1", "XXX", None)) is None
    assert worth(book, off("1", name="NOPE")) is None
