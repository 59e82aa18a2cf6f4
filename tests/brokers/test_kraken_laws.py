"""Laws of Kraken's ledger: cash is conserved to the digit, in any order; no bytes do harm."""

from __future__ import annotations

import random
from collections import defaultdict
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.port import RawPage
from ledger.domain.events import FillBooked
from ledger.errors import BadFileError
from tests.brokers.kraken import (
    ENTRY,
    FILL,
    LEDGERS,
    ORDER,
    POSITION,
    TRADE,
    TRADES,
    export,
    page,
    read,
    result,
)
from tests.brokers.sampling import empty_books, state, told

COINS = {"ZUSD": "USD", "XXBT": "BTC", "DOT": "DOT", "DOT.S": "DOT"}
AMOUNT = st.integers(1, 10**6).map(lambda n: Decimal(n) / 10**4)
FEE = st.sampled_from([Decimal(0), Decimal("0.0003"), Decimal("0.26")])
ALONE = st.tuples(
    st.sampled_from(["deposit", "withdrawal", "staking", "rollover", "adjustment"]),
    st.sampled_from(sorted(COINS)), AMOUNT, FEE,
)  # fmt: skip
TRADED = st.tuples(
    st.just("trade"), st.sampled_from(["XXBT", "DOT", "DOT.S"]), AMOUNT, FEE, AMOUNT, FEE,
    st.booleans(),
)  # fmt: skip
STAKED = st.tuples(st.just("transfer"), AMOUNT)


class World:
    """Rows of a ledger whose balances are kept, and the trades among them."""

    def __init__(self):
        self.rows, self.trades = [], []
        self.held = defaultdict(Decimal)
        self.second = 0

    def add(self, kind, asset, amount, fee, refid, subtype=""):
        self.held[asset] += amount - fee
        at = f"2024-01-01 00:00:{self.second // 3 % 60:02}"
        self.rows.append(
            f"L{len(self.rows)},{refid},{at},{kind},{subtype},currency,{asset},{amount},{fee},"
            f"{self.held[asset]}"
        )

    def do(self, step):
        self.second += 1
        kind, *rest = step
        refid = f"R{self.second}"
        if kind == "trade":
            self.trade(refid, *rest)
        elif kind == "transfer":
            self.add(kind, "DOT", -rest[0], 0, refid, "spottostaking")
            self.add(kind, "DOT.S", rest[0], 0, refid, "stakingfromspot")
        else:
            asset, amount, fee = rest
            signed = {"withdrawal": -amount, "rollover": Decimal(0)}.get(kind, amount)
            self.add(kind, asset, signed, fee, refid)

    def trade(self, refid, asset, qty, fee, money, charged, is_buy):
        sign = 1 if is_buy else -1
        self.add("trade", asset, sign * qty, fee, refid)
        self.add("trade", "ZUSD", -sign * money, charged, refid)
        side = "buy" if is_buy else "sell"
        self.trades.append(
            f"{refid},O{refid},{COINS[asset]}/USD,2024-01-01 00:00:00.5,{side},market,"
            f"2.5,{money},{charged},{qty},0.0,,"
        )

    def sums(self):
        found: dict[str, Decimal] = defaultdict(Decimal)
        for asset, amount in self.held.items():
            found[COINS[asset]] += amount
        return {name: amount for name, amount in found.items() if amount}


def world_of(steps):
    world = World()
    for step in steps:
        world.do(step)
    return world


WORLDS = st.lists(st.one_of(ALONE, TRADED, STAKED), min_size=1, max_size=9).map(world_of)


def cash(book):
    return {view.currency: view.total for view in book.balances("A") if view.total}


@given(world=WORLDS, seed=st.integers(0, 9), has_trades=st.booleans())
def test_the_books_hold_what_the_ledgers_last_balances_say(world, seed, has_trades):
    rows = list(world.rows)
    random.Random(seed).shuffle(rows)
    pages = [export(LEDGERS, *rows)]
    if has_trades:
        pages.append(export(TRADES, *world.trades, name="trades.csv"))
    batch = read(*pages)
    assert not batch.quarantine
    assert all(control.agrees for control in batch.coverage.controls)
    with empty_books() as book:
        told(book, batch)
        assert cash(book) == world.sums()
        assert [report.added for report in told(book, read(*reversed(pages)))] == [0]


@given(world=WORLDS, cut=st.integers(0, 9))
def test_the_order_and_the_split_of_refids_over_files_do_not_matter(world, cut):
    by_refid = defaultdict(list)
    for row in world.rows:
        by_refid[row.split(",")[1]].append(row)
    parts: list[list[str]] = [[], []]
    for number, rows in enumerate(by_refid.values()):
        parts[number > cut] += rows
    with empty_books() as book:
        told(book, read(export(LEDGERS, *world.rows)))
        whole = state(book)
    with empty_books() as book:
        told(book, *(read(export(LEDGERS, *part)) for part in reversed(parts)))
        assert state(book) == whole


@given(world=WORLDS, which=st.integers(0, 99), by=st.sampled_from(["1.000000137", "-0.000000137"]))
def test_a_balance_that_is_not_its_rows_is_never_silent(world, which, by):
    # By more digits than any amount has: no other order of the rows makes up for it.
    before = read(export(LEDGERS, *world.rows))
    place = which % len(world.rows)
    head, _, balance = world.rows[place].rpartition(",")
    rows = list(world.rows)
    rows[place] = f"{head},{Decimal(balance) + Decimal(by)}"
    batch = read(export(LEDGERS, *rows))
    assert len(batch.records) == len(before.records)
    asset = head.split(",")[6]
    alone = sum(row.split(",")[6] == asset for row in world.rows) == 1
    assert alone or batch.findings


# ------------------------------------------------------------------------------- mutations

ODD = st.one_of(
    st.none(), st.booleans(), st.integers(-9, 9), st.text(max_size=5), st.just([]), st.just({}),
    st.sampled_from(["1e-8", "1E+99", "NaN", "-0", "9" * 50, "9" * 20, "XXBTZUSD", 1e30, -2.5]),
)  # fmt: skip
MADE: dict[str, Any] = {
    "trades": (TRADE, lambda row: result({"trades": {"T1": row}, "count": 1})),
    "ledger": (ENTRY, lambda row: result({"ledger": {"L1": row, "L2": ENTRY}, "count": 2})),
    "open": (ORDER, lambda row: result({"open": {"O1": row}})),
    "position": (POSITION, lambda row: result({"P1": row, "P2": POSITION})),
    "balance": ({"ZUSD": "5", "XBT.M": "9" * 20}, result),
    "fills": (FILL, lambda row: page({"result": "success", "fills": [row]})),
}


@given(kind=st.sampled_from(sorted(MADE)), data=st.data())
def test_any_value_in_any_place_gives_a_batch_or_refuses_the_file(kind, data):
    row, made = MADE[kind]
    name, value = data.draw(st.sampled_from(sorted(row))), data.draw(ODD)
    try:
        batch = read(made({**row, name: value}))
    except BadFileError:
        return
    for record in batch.records:
        if isinstance(record.event, FillBooked):
            assert record.event.last_qty > 0
            charged = [fee.amount for fee in record.event.fees]
            assert all(amount > 0 for amount in charged) or name in {"fee", "fee_paid"}


def test_two_places_of_a_coin_that_sum_beyond_all_numbers_are_refused():
    most = "9" * 20
    with pytest.raises(BadFileError, match="do not add up"):
        read(result({"DOT": most, "DOT.S": most}))


WHOLE = [made(row).content for row, made in MADE.values()]
WHOLE.append(export(LEDGERS, *world_of([("deposit", "ZUSD", Decimal(5), Decimal(0))]).rows).content)


@given(content=st.sampled_from(WHOLE), place=st.integers(0, 400), put=st.binary(max_size=3))
def test_any_bytes_give_a_batch_or_are_refused(content, place, put):
    mutated = content[:place] + put + content[place + 1 :]
    try:
        batch = read(RawPage(name="m", content=mutated))
    except BadFileError:
        return
    assert len(batch.records) + len(batch.quarantine) <= 4
