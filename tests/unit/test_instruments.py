"""What a quantity at a price is worth, and its inverse, by kind."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.domain.instruments import Instrument, InstrumentKind, TickRounding
from ledger.errors import MisalignedPriceError

quantities = st.integers(-10_000, 10_000).filter(bool).map(lambda n: Decimal(n).scaleb(-2))
prices = st.integers(1, 10_000_000).map(lambda n: Decimal(n).scaleb(-2))


def instrument(kind: InstrumentKind, **more: Decimal) -> Instrument:
    return Instrument(instrument_id="X", symbol="X", kind=kind, currency="USD", **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", InstrumentKind)
@given(qty=quantities, px=prices)
def test_the_average_of_a_value_is_its_price(
    kind: InstrumentKind, qty: Decimal, px: Decimal
) -> None:
    traded = instrument(kind, multiplier=Decimal(100))
    average = traded.average(qty, traded.value(qty, px))
    assert average is not None
    assert abs(average - px) < Decimal("1E-15")


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (InstrumentKind.LINEAR, "20000"),
        (InstrumentKind.QUANTO, "20000"),
        (InstrumentKind.OPTION, "20000"),
        (InstrumentKind.INVERSE, "-2"),
    ],
)
def test_a_value_by_kind(kind: InstrumentKind, value: str) -> None:
    traded = instrument(kind, multiplier=Decimal(100))
    assert traded.value(Decimal(2), Decimal(100)) == Decimal(value)


def test_an_inverse_average_is_harmonic() -> None:
    traded = instrument(InstrumentKind.INVERSE, multiplier=Decimal(100))
    basis = traded.value(Decimal(1), Decimal(40_000)) + traded.value(Decimal(1), Decimal(60_000))
    assert traded.average(Decimal(2), basis) == Decimal(48_000)


def test_a_price_of_zero_gives_no_inverse_value() -> None:
    assert instrument(InstrumentKind.INVERSE).value(Decimal(1), Decimal(0)) == 0


@pytest.mark.parametrize("kind", [InstrumentKind.LINEAR, InstrumentKind.INVERSE])
def test_what_is_flat_has_no_average(kind: InstrumentKind) -> None:
    assert instrument(kind).average(Decimal(0), Decimal(0)) is None


def test_negative_prices_are_worth_what_they_say() -> None:
    assert instrument(InstrumentKind.LINEAR).value(Decimal(2), Decimal("-37.63")) == Decimal(
        "-75.26"
    )


@given(px=prices, ticks=st.sampled_from(["0.25", "0.05", "3"]), way=st.sampled_from(TickRounding))
def test_an_aligned_price_is_on_the_grid_and_near(
    px: Decimal, ticks: str, way: TickRounding
) -> None:
    traded = instrument(InstrumentKind.LINEAR, tick_size=Decimal(ticks))
    aligned = traded.align(px, way)
    assert traded.is_aligned(aligned)
    assert abs(aligned - px) < Decimal(ticks)


def test_alignment_goes_the_way_it_is_told() -> None:
    traded = instrument(InstrumentKind.LINEAR, tick_size=Decimal("0.25"))
    px = Decimal("-1.30")
    assert traded.align(px, TickRounding.DOWN) == Decimal("-1.50")
    assert traded.align(px, TickRounding.UP) == Decimal("-1.25")


def test_a_price_off_the_grid_is_refused_with_the_way_out() -> None:
    traded = instrument(InstrumentKind.LINEAR, tick_size=Decimal("0.25"))
    with pytest.raises(MisalignedPriceError, match=r"align it first with instrument.align"):
        traded.require_aligned(Decimal("5000.10"))


def test_without_a_tick_every_price_is_aligned() -> None:
    assert instrument(InstrumentKind.EQUITY).is_aligned(Decimal("1.23456789"))
