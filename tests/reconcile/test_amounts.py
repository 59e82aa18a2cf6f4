"""What breaks come to: every kind has a difference as the catalogue says, and a value with it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.port import Batch, Control, CostMeaning, Finding, Quarantined
from adapters.reconcile import Break
from adapters.reconcile.amounts import UNITS, Amounts, amount_of
from adapters.reconcile.executions import Execution
from adapters.reconcile.kinds import Amount, Kind
from adapters.reconcile.valuing import value_in_base
from ledger.book import Book
from ledger.domain.events import (
    CashDeposited,
    OrderAccepted,
    OrderCancelled,
    OrderPlaced,
    OrdType,
    Side,
    StatedBalance,
    StatedPosition,
)
from ledger.domain.instruments import Instrument, InstrumentKind
from ledger.domain.order_status import OrdStatus
from tests.reconcile.parts import (
    ACCOUNT,
    DAY,
    NOW,
    VENUE,
    at,
    booked,
    fill,
    opened,
    order,
    report,
    told,
)
from tests.reconcile.planted import PLANTERS, plant

Found = dict[Kind, list[tuple[Break, Decimal | None]]]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Found:
    """Breaks of every kind, each with its value."""
    kinds: Found = {}
    for make in (trades, figures, openings):
        with opened(tmp_path_factory.mktemp(make.__name__)) as (book, reports):
            batch = make(book)
            for name in instruments(book):
                book.mark(name, Decimal(3), source="s", at=DAY)
            for one in told(book, reports, batch).breaks:
                worth = value_in_base(book, one, NOW, None)
                kinds.setdefault(one.kind, []).append((one, worth))
    return kinds


def instruments(book: Book) -> Iterator[str]:
    for fact in book.log(ACCOUNT):
        if fact.event.TOPIC.startswith("instrument-defined"):
            yield fact.event.subject() or ""


def trades(book: Book) -> Batch:
    """A break of each kind about executions."""
    planted = plant(3, 700, len(PLANTERS))
    book.record_all(planted.facts)
    return planted.batch()


def figures(book: Book) -> Batch:
    """A break of each kind about a report, an order, a figure or a movement."""
    for nth, name in enumerate("acdf"):
        placed = OrderPlaced(cl_ord_id=name, instrument_id="V:X", side=Side.BUY,
                             order_qty=Decimal(10), ord_type=OrdType.STOP,
                             stop_px=Decimal(9))  # fmt: skip
        booked(book, (placed, at(nth, -2)), (OrderAccepted(cl_ord_id=name, order_id=f"V{name}"),
                                             at(nth, -2)))  # fmt: skip
    booked(book, (OrderCancelled(cl_ord_id="c"), at(5, -2)), (fill("1"), at(1, -2)),
           (fill("2", instrument_id="V:Y"), at(1, -2)), (fill("3", instrument_id="V:Z"),
           at(1, -2)), (money("m1", 5), at(1)), (money("m2", 5), at(1)))  # fmt: skip
    define(book, "V:Z")
    orders = (
        order("Va", OrdStatus.CANCELED, stop_px=Decimal(9)),
        order("Vb"),
        order("Vc", stop_px=Decimal(9)),
        order("Vd", stop_px=Decimal(8), cum_qty=Decimal(3)),
        order("Vf", stop_px=Decimal(9)),
    )
    positions = (("V:X", 13, None), ("V:Y", -10, None), ("V:Z", 10, 7))
    balances = (("USD", 1, 2), ("EUR", 3, None))
    batch = report(
        (money("m1", 6), at(1)), (money("m3", 77), at(2)), orders=orders,
        cost=CostMeaning(with_fees=False),
        controls=(Control(name="fees", currency="USD", stated=Decimal(2), rows=Decimal(1)),),
    )  # fmt: skip
    return attrs.evolve(
        batch,
        positions=tuple(StatedPosition(instrument_id=name, qty=Decimal(qty),
                        cost_basis=None if cost is None else Decimal(cost))
                        for name, qty, cost in positions),
        balances=tuple(StatedBalance(currency=name, ending=Decimal(ending),
                       settled=None if settled is None else Decimal(settled))
                       for name, ending, settled in balances),
        quarantine=(Quarantined(file="f", row="1", field="qty", value="x", rule="no number"),),
        findings=(Finding(file="f", row="2", what="two ends"),),
    )  # fmt: skip


def openings(book: Book) -> Batch:
    """A report that begins with units and money that nobody booked."""
    since = DAY - timedelta(days=40)
    booked(book, (fill("1"), since + timedelta(hours=1)))
    return report((fill("1"), since + timedelta(hours=1)), since=since, days=41,
                  positions={"V:X": "15"}, balances={"USD": "7"})  # fmt: skip


def define(book: Book, name: str) -> None:
    made = Instrument(instrument_id=name, symbol=name[2:], kind=InstrumentKind.EQUITY,
                      currency="USD")  # fmt: skip
    book.define(ACCOUNT, made)


def money(name: str, amount: int) -> CashDeposited:
    return CashDeposited(id=name, venue=VENUE, amount=Decimal(amount), currency="USD")


@pytest.mark.parametrize("kind", Kind, ids=lambda kind: kind.value)
def test_every_kind_comes_to_what_the_catalogue_says(found: Found, kind: Kind) -> None:
    units = {UNITS: Amount.UNITS, "USD": Amount.MONEY, "EUR": Amount.MONEY, "": Amount.NONE}
    told_in = {units[one.unit] for one, _ in found[kind]}
    either = {Amount.UNITS, Amount.MONEY} if kind.amount is Amount.EITHER else {kind.amount}
    assert told_in <= either
    for one, _ in found[kind]:
        assert (one.difference is None) is (not one.unit)


@pytest.mark.parametrize("kind", Kind, ids=lambda kind: kind.value)
def test_what_comes_to_something_has_a_value_where_mark_and_rate_are_known(
    found: Found, kind: Kind
) -> None:
    for one, worth in found[kind]:
        is_known = one.difference is not None and one.unit != "EUR"
        assert (worth is not None) is is_known


# ----------------------------------------------------------------------------- executions

ES = Instrument(instrument_id="V:X", symbol="X", kind=InstrumentKind.LINEAR, currency="USD",
                multiplier=Decimal(50))  # fmt: skip
INVERSE = Instrument(instrument_id="V:X", symbol="X", kind=InstrumentKind.INVERSE, currency="BTC",
                     multiplier=Decimal(100))  # fmt: skip


def execution(qty: int = 2, px: str = "10", side: str = "buy", fees: str = "") -> Execution:
    return Execution("k", "k", "", "", "", "V:X", side, str(qty), px, fees,
                     "2026-03-02T00:00:00.000000+00:00", "", "1")  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "ours", "theirs", "difference", "unit"),
    [
        (Kind.MISSING_IN_LEDGER, None, execution(), "2", UNITS),
        (Kind.MISSING_IN_LEDGER, None, execution(side="sell"), "-2", UNITS),
        (Kind.MISSING_AT_BROKER, execution(), None, "-2", UNITS),
        (Kind.QUANTITY, execution(2), execution(5), "3", UNITS),
        (Kind.QUANTITY, execution(2, side="sell"), execution(5, side="sell"), "-3", UNITS),
        (Kind.SIDE, execution(2), execution(2, side="sell"), "-4", UNITS),
        (Kind.PRICE, execution(), execution(px="11"), "100", "USD"),
        (Kind.PRICE, execution(side="sell"), execution(px="11", side="sell"), "-100", "USD"),
        (Kind.CORRECTION_NOT_BOOKED, execution(), execution(3), "1", UNITS),
        (Kind.CORRECTION_NOT_BOOKED, execution(), execution(px="11"), "100", "USD"),
        (Kind.FEE, execution(fees="1 USD"), execution(fees="1.5 USD"), "0.5", "USD"),
        (Kind.FEE, execution(fees="1 USD"), execution(), "-1", "USD"),
    ],
)
def test_the_brokers_less_ours(kind, ours, theirs, difference, unit):
    assert amount_of(kind, ours, theirs, ES) == (Decimal(difference), unit)


@pytest.mark.parametrize(
    ("kind", "ours", "theirs", "instrument"),
    [
        (Kind.PRICE, execution(), execution(px="11"), None),
        (Kind.PRICE, execution(px=""), execution(px="11"), ES),
        (Kind.FEE, execution(fees="1 USD"), execution(fees="1 BNB"), ES),
        (Kind.FEE, execution(fees="1 BNB + 1 USD"), execution(fees="1 BNB + 2 USD"), ES),
        (Kind.FEE_CURRENCY, execution(fees="1 USD"), execution(fees="1 BNB"), ES),
        (Kind.TRADE_DATE, execution(), execution(), ES),
        (Kind.INSTRUMENT, execution(), execution(), ES),
    ],
)
def test_what_has_no_one_amount_has_none(kind, ours, theirs, instrument):
    assert amount_of(kind, ours, theirs, instrument) == Amounts()


def test_a_dearer_inverse_contract_costs_less_of_its_coin() -> None:
    found = amount_of(Kind.PRICE, execution(2, "10"), execution(2, "20"), INVERSE)
    value = INVERSE.value(Decimal(2), Decimal(20)) - INVERSE.value(Decimal(2), Decimal(10))
    assert found == (-value, "BTC")


SIDES = st.sampled_from(["buy", "sell"])


@given(st.integers(1, 9), SIDES, st.integers(1, 9), SIDES)
def test_quantity_and_side_add_up_to_the_difference_of_units(qty, side, other, other_side):
    ours, theirs = execution(qty, side=side), execution(other, side=other_side)
    parts: list[Any] = [amount_of(kind, ours, theirs, ES) for kind in (Kind.QUANTITY, Kind.SIDE)]
    whole = amount_of(Kind.CORRECTION_NOT_BOOKED, ours, theirs, ES)
    apart = sum(one.difference for one in parts)
    assert apart == (whole.difference if whole.unit == UNITS else 0)
