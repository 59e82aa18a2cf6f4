"""What a parser takes of memory: little more than the batch it makes, however long the report."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import ledger
from adapters.brokers import alpaca as alpaca_venue
from adapters.brokers import fix44, ibkr_flex, kraken
from adapters.brokers.csv_map import parser_for
from adapters.ingest import ingest
from adapters.port import AccountConfig, Parser, RawPage
from tests.brokers import fix, flex
from tests.brokers.test_csv_map import FILLS, HEADER
from tests.brokers.venues.alpaca import fill as activity

ROWS = 2_000
RECORDED = 15_000
BEGINS = datetime(2024, 1, 2, 14, 30, tzinfo=UTC)


def each(count: int = ROWS) -> Iterator[tuple[int, datetime, str, str]]:
    """Number, time, quantity and price of as many fills, of which three are of one order."""
    for number in range(count):
        at = BEGINS + timedelta(seconds=7 * number)
        yield number, at, str(1 + number * 7 % 500), f"{10 + number * 13 % 90}.{number % 100:02d}"


def csv_rows(count: int = ROWS) -> bytes:
    rows = (
        f"{n},{at.isoformat()},E{n:09d}.01,O{n // 3:09d},A,SYM{n % 50},buy,{qty},{px},0.35,USD\n"
        for n, at, qty, px in each(count)
    )
    return (HEADER + "".join(rows)).encode()


def fix_rows() -> bytes:
    def message(number: int, at: datetime, qty: str, px: str) -> bytes:
        told = f"{at:%Y%m%d-%H:%M:%S}.000"
        order = {"t37": f"O{number // 3:09d}", "t11": f"C{number // 3:09d}"}
        return fix.fill(t34=str(number + 2), t17=f"E{number:09d}", t52=told, t60=told, t14=qty,
                        t32=qty, t31=px, t55=f"SYM{number % 50}", **order)  # fmt: skip

    return fix.lines(*(message(*one) for one in each()))


def alpaca_rows() -> bytes:
    return json.dumps(
        [
            activity(n, transaction_time=at.isoformat(), qty=qty, cum_qty=qty, price=px,
                     symbol=f"SYM{n % 50}", order_id=f"order-{n // 3:024d}")
            for n, at, qty, px in each()
        ]
    ).encode()  # fmt: skip


def kraken_rows() -> bytes:
    header = "txid,ordertxid,pair,time,type,ordertype,price,cost,fee,vol,margin,misc,ledgers\n"
    rows = (
        f"T{n:09d}-AB,O{n // 3:09d}-AB,XXBTZUSD,{at:%Y-%m-%d %H:%M:%S}.0000,buy,limit,{px},"
        f'{int(qty) * float(px):.2f},0.26,{qty},0.00000,,"L{n:08d}A,L{n:08d}B"\n'
        for n, at, qty, px in each()
    )
    return (header + "".join(rows)).encode()


def flex_rows() -> bytes:
    unsaid = {f"x{place}": "" for place in range(30)} | {f"y{n}": f"WORD{n}" for n in range(15)}
    rows = (
        flex.trade(symbol=f"SYM{n % 50}", conid=str(1000 + n % 50), quantity=qty, tradePrice=px,
                   transactionID=str(10**7 + n), tradeID=str(10**6 + n), ibOrderID=str(n // 3),
                   ibExecID=f"0000d349.{n:08x}.01.01", dateTime=f"{at:%Y-%m-%d;%H:%M:%S}", **unsaid)
        for n, at, qty, px in each()
    )  # fmt: skip
    return flex.file({"Trades": list(rows)})


REPORTS: dict[str, tuple[Parser, Callable[[], bytes], int]] = {
    "csv": (parser_for(FILLS), csv_rows, 2_000),
    "fix44": (fix44.parse, fix_rows, 3_600),
    "alpaca": (alpaca_venue.parse, alpaca_rows, 2_300),
    "kraken": (kraken.parse, kraken_rows, 2_600),
    "ibkr_flex": (ibkr_flex.parse, flex_rows, 3_600),
}


@pytest.mark.parametrize("venue", REPORTS)
def test_a_row_takes_little_more_room_while_it_is_read_than_the_fact_made_of_it(venue: str) -> None:
    parse, written, allowed = REPORTS[venue]
    page = RawPage(name="report", content=written())
    tracemalloc.start()
    try:
        batch = parse([page], AccountConfig(account="A"))
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (len(batch.records), batch.quarantine) == (ROWS, ())
    assert most / ROWS <= allowed, f"{most / ROWS:.0f} bytes a row"


def test_a_first_report_is_recorded_without_keeping_what_is_written(tmp_path: Path) -> None:
    page = RawPage(name="report", content=csv_rows(RECORDED))
    batch = parser_for(FILLS)([page], AccountConfig(account="A"))
    with ledger.open(f"sqlite:///{tmp_path}/books.db") as book:
        book.open_account("A", base_currency="USD", occurred_at=BEGINS)
        tracemalloc.start()
        try:
            report = ingest(book, batch)
            _, most = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert report.counts["new"] == RECORDED + len(batch.instruments)
    assert most / RECORDED <= 1_900, f"{most / RECORDED:.0f} bytes a row"
