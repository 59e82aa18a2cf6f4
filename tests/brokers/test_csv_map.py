"""CSV by a declared map: hostile files are refused whole, honest ones read as declared."""

from __future__ import annotations

import time
from decimal import Decimal
from importlib import resources

import pytest

from adapters.brokers.csv_map import load_map, parse
from adapters.ingest import ingest
from adapters.port import AccountConfig, RawPage
from ledger.domain.events import CashDeposited, FillBooked, Side
from ledger.domain.instruments import InstrumentKind
from ledger.errors import BadFileError
from tests.brokers.flex import FakeBook

SHIPPED = resources.files("adapters.brokers.csv_map").joinpath("fills.toml").read_bytes()
FILLS = load_map("fills.toml", SHIPPED)
HEADER = "seq,ts,exec_id,order_id,account,symbol,side,qty,price,fee,currency\n"
ROW = "1,2020-01-01T14:30:00Z,X1,O1,broker-1,SAA,buy,10,20.50,0.40,USD\n"
SELL = "2,2020-01-01T14:30:01Z,X2,O1,broker-1,SAA,sell,4,21,0.37,USD\n"
NO_ID = ROW.replace("X1", "")


def read(content, columns=FILLS, **config):
    raw = content if isinstance(content, bytes) else content.encode()
    return parse([RawPage(name="t.csv", content=raw)], AccountConfig(**config), columns=columns)


def changed(**values):
    text = SHIPPED.decode()
    top = "".join(f"{key} = {value}\n" for key, value in values.items())
    kept = [line for line in text.splitlines() if line.partition(" =")[0] not in values]
    return load_map("changed.toml", (top + "\n".join(kept)).encode())


HOSTILE = {
    "an unbalanced quote": HEADER + ROW + SELL.replace("X2", '"X2') + ROW,
    "a short row": HEADER + ROW + "3,2020-01-01T14:30:02Z\n",
    "a long row": HEADER + ROW.replace("USD", "USD,more"),
    "a duplicate header": HEADER.replace("order_id", "exec_id") + ROW,
    "a missing column": HEADER.replace("price", "cost") + ROW,
    "NUL": HEADER + ROW.replace("SAA", "S\x00A"),
    "a lone carriage return": HEADER + ROW.replace("SAA", "S\rA"),
    "a field of a megabyte": HEADER + ROW.replace("SAA", "A" * 1_000_000),
    "a cut last line": HEADER + ROW + SELL[:30],
    "a cut number": (HEADER + ROW)[:-1],
    "nothing": "",
    "UTF-16": (HEADER + ROW).encode("utf-16"),
    "cp1252": (HEADER + ROW).replace("SAA", "SÄA").encode("cp1252"),
    "two accounts": HEADER + ROW + SELL.replace("broker-1", "broker-2"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_in_time(name):
    began = time.perf_counter()
    with pytest.raises(BadFileError):
        read(HOSTILE[name])
    assert time.perf_counter() - began < 2


def test_the_honest_file_is_read():
    batch = read(HEADER + ROW + SELL)
    assert [record.event.side for record in batch.records] == [Side.BUY, Side.SELL]
    assert batch.account == "broker-1"


def test_a_row_is_what_it_says():
    (record,) = read(HEADER + ROW).records
    fill = record.event
    assert (fill.exec_id, fill.last_qty, fill.last_px, fill.seq) == ("X1", 10, Decimal("20.50"), 1)
    assert (fill.fees[0].amount, record.occurred_at.isoformat()) == (
        Decimal("0.40"),
        "2020-01-01T14:30:00+00:00",
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_byte_order_mark_is_no_part_of_the_header(encoding):
    content = (HEADER + ROW).encode("utf-8-sig")
    assert len(read(content, changed(encoding=f'"{encoding}"')).records) == 1


def test_utf_16_is_read_when_declared():
    content = (HEADER + ROW).encode("utf-16")
    assert len(read(content, changed(encoding='"utf-16"')).records) == 1


def test_a_quoted_line_end_belongs_to_its_cell():
    batch = read(HEADER + ROW.replace("O1", '"O\n1"') + SELL)
    assert [row.field for row in batch.quarantine] == ["order_id"]
    assert batch.records[0].row == "line 4"


UNREAD = {
    "side": ("buy", "hold"),
    "qty": ("10,", "NaN,"),
    "last_px": ("20.50", "1E+999999"),
    "fee": ("0.40", "0_4"),
    "time": ("2020-01-01T14:30:00Z", "01/02/2020"),
    "seq": ("1,2020", "one,2020"),
    "currency": ("USD", ""),
}


@pytest.mark.parametrize("field", UNREAD)
def test_a_bad_cell_costs_its_row_alone(field):
    batch = read(HEADER + ROW.replace(*UNREAD[field]) + SELL)
    assert len(batch.records) == 1
    assert batch.quarantine[0].row == "line 2"
    assert batch.quarantine[0].field in {field, "px"}


def test_two_equal_rows_without_id_stay_two_and_come_once():
    book = FakeBook()
    first, again = (ingest(book, read(HEADER + NO_ID + NO_ID)) for _ in range(2))
    assert (first.counts["new"], first.weak, again.added) == (3, 2, 0)


def test_times_without_offset_are_of_the_declared_zone():
    columns = changed(time_zone='"America/New_York"')
    (record,) = read(HEADER + ROW.replace("00Z", "00"), columns).records
    assert record.occurred_at.isoformat() == "2020-01-01T19:30:00+00:00"


def test_a_fee_written_negative_is_a_charge_when_declared():
    columns = changed(fee_sign='"charged-negative"')
    (record,) = read(HEADER + ROW.replace("0.40", "-0.40"), columns).records
    assert record.event.fees[0].amount == Decimal("0.40")


def test_decimals_and_delimiter_are_the_declared_ones():
    columns = changed(delimiter='";"', decimal='","', thousands='"."')
    row = ROW.replace(",", ";").replace("20.50", "1.020,50").replace("0.40", "0,40")
    (record,) = read(HEADER.replace(",", ";") + row, columns).records
    assert record.event.last_px == Decimal("1020.50")


def test_the_account_can_be_picked():
    both = HEADER + ROW + SELL.replace("broker-1", "broker-2")
    (record,) = read(both, venue_account="broker-2").records
    assert record.event.exec_id == "X2"


def test_an_account_must_come_from_somewhere():
    text = SHIPPED.decode().replace('account = "account"\n', "")
    with pytest.raises(BadFileError, match="which account"):
        read(HEADER + ROW, load_map("m.toml", text.encode()))


WRONG = {
    "no TOML": "venue",
    "no venue": SHIPPED.decode().replace("venue", "broker"),
    "no zone": SHIPPED.decode().replace("time_zone", "zone"),
    "an unknown zone": SHIPPED.decode().replace('"UTC"', '"Mars"'),
    "an unknown field": SHIPPED.decode().replace('px = "price"', 'last_px = "price"'),
    "an unknown kind": SHIPPED.decode().replace('kind = "fill"', 'kind = "filled"'),
    "a number of a wrong type": SHIPPED.decode().replace(
        "final_newline = true", "skip_lines = 1.5"
    ),
    "an unknown side": SHIPPED.decode().replace('buy = "buy"', 'buy = "long"'),
    "an unknown encoding": 'encoding = "klingon"\n' + SHIPPED.decode(),
    "no time": SHIPPED.decode().replace('time = "ts"\n', ""),
    "a multiplier as number": SHIPPED.decode() + "multiplier = 50\n",
    "an amount that is nowhere": 'money = "amount"\n' + SHIPPED.decode(),
    "a column that is a number": SHIPPED.decode().replace('px = "price"', "px = 5"),
    "a list of no headers": SHIPPED.decode().replace('px = "price"', "px = []"),
    "otherwise for a field that has no column": SHIPPED.decode() + '[otherwise]\namount = "x"\n',
    "fees beside a fee": SHIPPED.decode() + '[[fees]]\ncolumn = "fee"\n',
    "fees that no amount holds": SHIPPED.decode().replace('fee = "fee"\n', "")
    + '[[fees]]\ncolumn = "fee"\n',
    "fees for nothing known": SHIPPED.decode() + '[[fees]]\ncolumn = "fee"\nkind = "bribe"\n',
    "fees without a column": SHIPPED.decode() + '[[fees]]\nkind = "tax"\n',
    "a reason that is none": SHIPPED.decode() + "[unbooked]\nSplit = 1\n",
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_map_is_refused_before_any_row(name):
    with pytest.raises(BadFileError, match=r"^m\.toml"):
        load_map("m.toml", WRONG[name].encode())


TRADING_212 = b"""
venue = "T212"
time_format = "%Y-%m-%d %H:%M:%S.%f"
time_zone = "UTC"
[columns]
kind = "Action"
time = "Time"
id = "ID"
symbol = "Ticker"
qty = "No. of shares"
px = "Price / share"
currency = "Currency (Price / share)"
amount = "Total"
fee = "Currency conversion fee"
fee_currency = "Currency (Currency conversion fee)"
[kinds]
"Market buy" = "buy"
"Market sell" = "sell"
"Limit buy" = "buy"
"Limit sell" = "sell"
"Stop sell" = "sell"
"Deposit" = "deposit"
[instruments]
kind = "equity"
[instruments.FOO]
multiplier = "1"
currency = "USD"
"""


def test_a_real_export_is_read_row_by_row(shared):
    folder = shared / "fixtures" / "csv_brokers" / "cgt_calc" / "trading212" / "data" / "2024"
    content = (folder / "inputs" / "transactions.csv").read_bytes()
    batch = read(content, load_map("t212.toml", TRADING_212), account="t212")
    assert len(batch.records) + len(batch.quarantine) == dict(batch.coverage.rows)["row"]
    fills = [r.event for r in batch.records if isinstance(r.event, FillBooked)]
    assert fills[0].fees[0].currency == "GBP"
    assert batch.instruments[0].instrument.kind is InstrumentKind.EQUITY
    assert {row.field for row in batch.quarantine} <= {"kind", "currency"}


def test_cash_rows_are_told_by_their_word():
    columns = load_map("t212.toml", TRADING_212.replace(b'"Currency (Price / share)"', b'"Cur"'))
    header = "Action,Time,ID,Ticker,No. of shares,Price / share,Cur,Total,Currency conversion fee,"
    text = header + "Currency (Currency conversion fee)\n"
    row = "Deposit,2024-01-01 00:15:20.149,d1,,,,GBP,3000.00,,\n"
    (record,) = read(text + row, columns, account="t212").records
    assert isinstance(record.event, CashDeposited)


@pytest.mark.parametrize(
    "line",
    ["skip_lines = " + "9" * 5000, "skip_lines = " + "[" * 5000, 'venue = "\\u200b"', "venue = 3",
     f'venue = "{"V" * 2001}"'],
)  # fmt: skip
def test_a_map_that_no_row_could_be_read_by_is_refused(line):
    key = line.partition(" =")[0]
    kept = [one for one in SHIPPED.decode().splitlines() if not one.startswith(f"{key} =")]
    with pytest.raises(BadFileError, match=r"bad\.toml"):
        load_map("bad.toml", "\n".join([line, *kept]).encode())


def test_a_prefix_of_symbols_is_a_text():
    with pytest.raises(BadFileError, match="prefix"):
        load_map("bad.toml", SHIPPED + b"prefix = 5\n")
