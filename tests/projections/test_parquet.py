"""Parquet files hold what the reports say, to the last digit, and all of it or nothing."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import attrs
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

import ledger
from ledger.domain.events import AccountOpened, FillBooked, InstrumentDefined, Side
from ledger.domain.instruments import Instrument, InstrumentKind
from ledger.errors import AlreadyThereError, UnknownAccountError
from projections import parquet
from projections.answers import Answer
from projections.columns import arrow_schema, arrow_table, digits_needed, kinds_of
from projections.lines import PositionLine, StepLine
from projections.reports import Reports
from tests.projections.history import told
from tests.projections.tables import LESS, TOLD, in_memory
from tests.projections.test_worth import START, fill, traded
from tests.property.arrivals import Arrival, arrivals
from tests.property.worlds import ACCOUNT

Tables = Callable[[], Engine]


def rows(path: Path, kind: type) -> list[dict[str, Any]]:
    """The rows of a file; a decimal that was written as text is one again."""
    decimals = {name for name, one in kinds_of(kind).items() if one is Decimal}
    found: list[dict[str, Any]] = pq.read_table(path).to_pylist()
    for row in found:
        row.update({name: Decimal(row[name]) for name in decimals if row[name] is not None})
    return found


def reported(reports: Reports, account: str, number: int) -> dict[str, list[dict[str, Any]]]:
    """The rows of the reports as they were known at a number."""
    known: dict[str, Any] = {"known_at": number}
    answers: dict[str, Answer[Any]] = {
        "position_ledger": reports.position_ledger(account, **known, limit=None),
        "balance_ledger": reports.balance_ledger(account, **known, limit=None),
        "orders": reports.orders(account, **known, limit=None),
        "steps": reports.steps(account, **known),
        "fills": reports.fills(account, **known),
    }
    return {name: answer.rows() for name, answer in answers.items()}


def read(folder: Path) -> dict[str, list[dict[str, Any]]]:
    return {sheet.name: rows(folder / f"{sheet.name}.parquet", sheet.kind)
            for sheet in parquet.SHEETS}  # fmt: skip


@LESS
@given(arrivals(**TOLD), st.data())
def test_what_is_read_back_is_what_was_reported(arrival: Arrival, data: st.DataObject) -> None:
    book = arrival.book()
    number, page = data.draw(st.integers(1, book.store.head())), data.draw(st.integers(1, 4))
    reports = Reports(book, in_memory())
    with TemporaryDirectory() as folder:
        made = Path(folder) / "out"
        written = parquet.write(reports, ACCOUNT, made, known_at=number, page=page)
        found = read(made)
    assert written.lines == {name: len(lines) for name, lines in found.items()}
    changes = found.pop("order_changes")
    assert found == reported(reports, ACCOUNT, number)
    for first in {line["cl_ord_id"] for line in changes}:
        mine = [line for line in changes if line["cl_ord_id"] == first]
        assert mine == reports.order_changes(ACCOUNT, first, known_at=number).rows()


@attrs.frozen(kw_only=True)
class Figures:
    """A line with extreme figures."""

    one: Decimal
    other: Decimal | None


SHORT = st.decimals(allow_nan=False, allow_infinity=False, places=18, max_value=10**20)
LONG = st.builds(
    lambda digits, exponent: Decimal(digits).scaleb(exponent),
    st.integers(-(10**80), 10**80),
    st.integers(-40, 40),
)
EDGES = st.sampled_from([
    Decimal(sign * (10**before - 1)) + Decimal(last).scaleb(-after)
    for before in (19, 20, 21, 58, 59) for after in (18, 19) for last in (0, 1) for sign in (1, -1)
])  # fmt: skip
FIGURES = st.builds(Figures, one=SHORT | LONG | EDGES, other=st.none() | SHORT | LONG)


@given(st.lists(FIGURES, max_size=5))
def test_no_digit_is_lost_however_extreme(lines: list[Figures]) -> None:
    digits = digits_needed(Figures, lines)
    schema, file = arrow_schema(Figures, digits), io.BytesIO()
    pq.write_table(arrow_table(Figures, lines, schema, digits), file)
    found = pq.read_table(io.BytesIO(file.getvalue())).to_pylist()
    for line, row in zip(lines, found, strict=True):
        assert Decimal(row["one"]) == line.one
        assert (row["other"] is None) == (line.other is None)
        assert line.other is None or Decimal(row["other"]) == line.other


def test_each_database_gives_the_same(tables: Tables, tmp_path: Path) -> None:
    store = told("memory://", 600, ["A"])
    reports = Reports(ledger.Book(store, lambda: START), tables())
    parquet.write(reports, "A", tmp_path / "out", page=50)
    found = read(tmp_path / "out")
    assert len(found.pop("order_changes")) > len(found["orders"]) > 100
    assert found == reported(reports, "A", 600)
    assert pq.ParquetFile(tmp_path / "out" / "steps.parquet").num_row_groups > 3


def huge(multiplier: int) -> ledger.Book:
    """A hundred small fills, then one so large that its value has many digits."""
    book, most = ledger.open("memory://"), Decimal(9) * 10**19
    what = Instrument(instrument_id="F", symbol="F", kind=InstrumentKind.EQUITY, currency="USD",
                      multiplier=Decimal(multiplier))  # fmt: skip
    fills = [fill(str(nth), "F", 1, 1) for nth in range(100)]
    last = FillBooked(exec_id="x", instrument_id="F", side=Side.BUY, last_qty=most, last_px=most)
    events = [AccountOpened(base_currency="USD"), InstrumentDefined(instrument=what), *fills, last]
    for nth, event in enumerate(events):
        book.record_all([ledger.make_fact("A", event, START + timedelta(seconds=nth))])
    return book


@pytest.mark.parametrize(
    ("multiplier", "kind"), [(1, pa.decimal256(76, 18)), (9 * 10**19, pa.string())]
)
def test_a_column_is_as_wide_as_it_must_be(tmp_path: Path, multiplier: int, kind: Any) -> None:
    reports = Reports(huge(multiplier), in_memory())
    parquet.write(reports, "A", tmp_path / "out", page=10)
    schema = pq.read_schema(tmp_path / "out" / "position_ledger.parquet")
    assert schema.field("cost_basis").type == kind
    assert schema.field("net_qty").type == pa.decimal128(38, 18)
    found = rows(tmp_path / "out" / "position_ledger.parquet", PositionLine)
    assert found == reports.position_ledger("A", limit=None).rows()


def test_times_are_in_utc_and_nothing_is_a_binary_fraction(tmp_path: Path) -> None:
    parquet.write(Reports(traded(), in_memory()), "A", tmp_path / "out")
    for path in (tmp_path / "out").iterdir():
        schema = pq.read_schema(path)
        assert not [one for one in schema if pa.types.is_floating(one.type)]
        times = [one.type for one in schema if one.name.endswith("_at")]
        assert set(times) <= {pa.timestamp("us", tz="UTC")}


def test_a_file_says_what_it_is_of(tmp_path: Path) -> None:
    book = traded()
    parquet.write(Reports(book, in_memory()), "A", tmp_path / "out", known_at=5)
    said = pq.read_schema(tmp_path / "out" / "fills.parquet").metadata
    fifth = list(book.log())[4]
    at = datetime.fromisoformat(said[b"tradeledger.known_at"].decode())
    assert (said[b"tradeledger.account"], said[b"tradeledger.number"]) == (b"A", b"5")
    assert (said[b"tradeledger.report"], at.astimezone(UTC)) == (b"fills", fifth.recorded_at)
    assert said[b"tradeledger.chain"].decode() == f"{fifth.version}:{fifth.hash}"


def test_files_for_a_number_have_the_same_bytes_whatever_came_later(tmp_path: Path) -> None:
    book = traded()
    number = book.store.head()
    parquet.write(Reports(book, in_memory()), "A", tmp_path / "one", known_at=number)
    late = ledger.make_fact("A", fill("late", "S", 1, 90), START + timedelta(seconds=2))
    book.record_all([late])
    parquet.write(Reports(book, in_memory()), "A", tmp_path / "two", known_at=number)
    parquet.write(Reports(book, in_memory()), "A", tmp_path / "now")
    one, two, now = (
        {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()}
        for name in ("one", "two", "now")
    )
    assert one == two != now


# -------------------------------------------------------------------------- all or nothing


def test_what_breaks_off_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = parquet.Sheet("last", "no_such_table", StepLine)
    monkeypatch.setattr(parquet, "SHEETS", (*parquet.SHEETS, gone))
    with pytest.raises(KeyError):
        parquet.write(Reports(traded(), in_memory()), "A", tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("is_folder", [True, False])
def test_what_is_there_is_not_touched(tmp_path: Path, is_folder: bool) -> None:
    out = tmp_path / "out"
    mine = out / "mine" if is_folder else out
    mine.parent.mkdir(exist_ok=True)
    mine.write_text("mine", "utf-8")
    with pytest.raises(AlreadyThereError, match="name a new folder"):
        parquet.write(Reports(traded(), in_memory()), "A", out)
    assert mine.read_text("utf-8") == "mine"
    assert list(tmp_path.iterdir()) == [out]


def test_who_is_faster_is_not_overwritten(tmp_path: Path) -> None:
    """Somebody takes the name while the files are written."""
    made, out = tmp_path / "made", tmp_path / "out"
    for folder in (made, out):
        folder.mkdir()
        (folder / "file").touch()
    with pytest.raises(AlreadyThereError):
        parquet._place(made, out)


def test_an_account_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnknownAccountError):
        parquet.write(Reports(traded(), in_memory()), "nobody", tmp_path / "out")
    assert not (tmp_path / "out").exists()
