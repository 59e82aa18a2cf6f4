"""The maps that ship together: their names, real files, and laws. What each books is by broker."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.port import Batch
from adapters.shipped_maps import NAMES, shipped
from ledger.domain.events import (
    FillBooked,
)
from ledger.errors import BadFileError
from tests.brokers.sampling import empty_books, state, told
from tests.brokers.shipped import (
    bought,
    order212,
    order_ft,
    read,
    sold,
    table212,
    table_ft,
    table_schwab,
)


def test_each_map_that_ships_has_a_name():
    held = resources.files("adapters.brokers.csv_map").joinpath("maps").iterdir()
    assert sorted(path.name for path in held) == [f"{name}.toml" for name in NAMES]
    with pytest.raises(BadFileError, match="no map is called etrade"):
        shipped("etrade")


# --------------------------------------------------------------------------------- real files

# Rows, facts by kind, rows set aside.
REAL = {
    "freetrade/data/transactions": (
        17, {"FillBooked": 12, "DividendPaid": 2, "UnitsReceived": 1, "CashDeposited": 1,
             "InterestPaid": 1}, 0,
    ),
    "schwab/data/2023/transactions": (7, {"FillBooked": 6, "CashDeposited": 1}, 0),
    "schwab/data/bond_interest/transactions": (5, {"InterestPaid": 4, "CashDeposited": 1}, 0),
    "schwab/data/cash_merger/transactions": (
        6, {"CashDeposited": 2, "CashWithdrawn": 1, "FillBooked": 1}, 2,
    ),
    "schwab/data/interest_tax/transactions": (2, {"InterestPaid": 1, "FeeCharged": 1}, 0),
    "schwab/data/rsu_settlement/transactions": (
        4, {"FillBooked": 2, "CashDeposited": 1, "UnitsReceived": 1}, 0,
    ),
    "schwab/data/schwab_transactions": (
        13, {"FillBooked": 10, "InterestPaid": 2, "CashDeposited": 1}, 0,
    ),
    "trading212/data/2020/from_2020-09-11_to_2021-04-02": (
        8, {"FillBooked": 5, "CashDeposited": 2, "DividendPaid": 1}, 0,
    ),
    "trading212/data/2024/inputs/transactions": (
        7, {"FillBooked": 2, "CashDeposited": 2, "CashWithdrawn": 1, "DividendPaid": 1,
            "InterestPaid": 1}, 0,
    ),
    "trading212/data/2026/inputs/transactions": (5, {"FillBooked": 4, "CashDeposited": 1}, 0),
}  # fmt: skip


@pytest.fixture
def folder(shared):
    return shared / "fixtures" / "csv_brokers" / "cgt_calc"


def test_every_real_file_is_known(folder):
    held = {path.relative_to(folder).with_suffix("").as_posix()
            for name in NAMES for path in (folder / name).rglob("*.csv")}  # fmt: skip
    assert held == {*REAL, "schwab/data/rsu_settlement/awards"}


@pytest.mark.parametrize("name", REAL)
def test_a_real_file_is_read_whole(folder, name):
    counted, facts, aside = REAL[name]
    batch = read(name.partition("/")[0], (folder / f"{name}.csv").read_bytes())
    assert dict(batch.coverage.rows) == {"row": counted}
    assert Counter(type(record.event).__name__ for record in batch.records) == facts
    assert (len(batch.quarantine), batch.findings) == (aside, ())


def test_another_kind_of_real_file_is_refused(folder):
    content = (folder / "schwab/data/rsu_settlement/awards.csv").read_bytes()
    with pytest.raises(BadFileError, match="no column 'Price'"):
        read("schwab", content)


def test_real_money_is_the_file_s(folder):
    content = (folder / "trading212/data/2026/inputs/transactions.csv").read_bytes()
    with empty_books() as book:
        told(book, read("trading212", content))
        balances = {one.currency: one.total for one in book.balances("A") if one.total}
    made = Decimal("10000") - Decimal("1201.80") + Decimal("1248.09")
    assert balances == {"GBP": made - Decimal("803.60") + Decimal("878.68")}


# --------------------------------------------------------------------------------------- laws

MONEY = st.decimals(Decimal("0.01"), 10**6, places=2)


@given(MONEY, st.decimals(-50, 50, places=2), st.sampled_from(["Market buy", "Market sell"]))
def test_what_moves_is_the_total_to_the_penny(total, fee, action):
    row = order212(action, str(total), **{"Currency conversion fee": str(fee)})
    for record in read("trading212", table212(row)).records:
        fill = record.event
        charged = sum(one.amount for one in fill.fees)
        assert fill.gross_trade_amt + (charged if fill.side.is_buy else -charged) == total
        assert charged == fee


@given(st.permutations([order212(ID=str(n), Time=f"2026-03-0{n} 10:00:00") for n in range(1, 5)]))
def test_the_order_of_named_rows_does_not_matter(told_rows):
    def books(content):
        with empty_books() as book:
            told(book, read("trading212", content))
            return state(book)

    assert books(table212(*told_rows)) == books(table212(*sorted(told_rows, key=lambda r: r["ID"])))


VALUES = ("Buy", "$16", "100", "-$1,606.50", "03/02/2026", "ACME", "$6.50")


@given(st.sampled_from(VALUES), st.text(max_size=20))
def test_any_value_is_read_or_set_aside(old, new):
    row = {name: new if value == old else value for name, value in bought().items()}
    try:
        batch = read("schwab", table_schwab(row))
    except BadFileError:
        return
    assert len(batch.records) + len(batch.quarantine) + len(batch.coverage.controls) == 1


@given(st.integers(0, 600), st.binary(max_size=5), st.integers(0, 15), st.sampled_from(NAMES))
def test_any_damage_leaves_a_batch_or_a_refusal(at, put, taken, name):
    whole = {"schwab": table_schwab(sold(), bought()), "trading212": table212(order212()),
             "freetrade": table_ft(order_ft())}[name]  # fmt: skip
    try:
        batch = read(name, whole[:at] + put + whole[at + taken :])
    except BadFileError:
        return
    assert isinstance(batch, Batch)
    assert all(record.event.last_qty > 0 for record in batch.records
               if isinstance(record.event, FillBooked))  # fmt: skip
