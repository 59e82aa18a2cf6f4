"""``reconcile``: what it says, writes and records."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

import ledger
from adapters.brokers import csv_map
from ledger.domain.events import BreakEvent, BreakWaived, make_fact
from tests.architecture.sources import ROOT
from tests.brokers import kraken
from tests.cli.nights import OUT, RECONCILE, night, steps, summary
from tests.cli.running import Run, recorded

MAP = str(ROOT / "adapters" / "brokers" / "csv_map" / "fills.toml")

# ------------------------------------------------------------------------- nothing may be said


def cut(path: Path) -> tuple[str, ...]:
    path.write_bytes(path.read_bytes()[:-200])
    return (path.name,)


def empty(path: Path) -> tuple[str, ...]:
    path.write_bytes(b"")
    return (path.name,)


def stale(path: Path) -> tuple[str, ...]:
    return path.name, "--as-of", "2026-03-08"


def missing(path: Path) -> tuple[str, ...]:
    path.unlink()
    return (path.name,)


@pytest.mark.parametrize("spoil", [cut, empty, stale, missing])
def test_of_a_report_that_is_not_there_no_break_is_told(
    books: Run, other: Path, spoil: Callable[[Path], tuple[str, ...]]
) -> None:
    done = books(*RECONCILE, *spoil(other), *OUT)
    assert (done.code, len(done.out.splitlines())) == (75, 3)
    assert (summary()["breaks"], summary()["matched"], steps()) == (None, None, [])
    assert [night()[name].count(b"\n") for name in ("breaks.csv", "matches.csv")] == [1, 1]


def test_a_missing_report_is_of_the_day_that_was_asked_for(books: Run) -> None:
    books(*RECONCILE, "missing.xml", *OUT, "--as-of", "2026-03-06T18:00:00-05:00")
    assert (summary()["business_date"], summary()["inputs"]) == ("2026-03-06", [])


def test_one_missing_part_is_a_missing_report(books: Run) -> None:
    assert books(*RECONCILE, "statement.xml", "part-2.xml", *OUT).code == 75
    assert summary()["incomplete"] == ["part-2.xml: there is no such file: the report has not come"]


def test_a_page_that_is_not_there_makes_a_part(run: Run, folder: Path) -> None:
    page = kraken.trades(count=2, T1={})
    Path(page.name).write_bytes(page.content)
    run("ingest", "kraken", page.name, "-a", "K")
    assert run("reconcile", "kraken", page.name, *OUT).code == 75
    assert (summary()["verdict"], summary()["report"]["records"] > 0) == ("incomplete", True)


@pytest.mark.parametrize(("as_of", "code"), [("2023-07-06", 0), ("2023-07-07", 75)])
def test_an_answer_reaches_to_what_was_asked_for(run: Run, as_of: str, code: int) -> None:
    page = kraken.trades(T1={})
    Path(page.name).write_bytes(page.content)
    run("ingest", "kraken", page.name, "-a", "K")
    span = ("--from", "2023-07-05", "--to", "2023-07-07", "--as-of", as_of)
    assert run("reconcile", "kraken", page.name, *OUT, *span).code == code
    covers = summary()["report"]
    assert (covers["covers_from"], covers["covers_to"]) == (
        "2023-07-05T00:00:00Z",
        "2023-07-07T00:00:00Z",
    )


CSV_HEADER = b"seq,ts,exec_id,order_id,account,symbol,side,qty,price,fee,currency\n"
CSV_ROW = b"1,2026-03-02T10:00:00Z,e1,o1,C,XX,buy,10,5,1.00,USD\n"


@pytest.mark.parametrize(
    ("span", "code"), [((), 75), (("--from", "2026-03-02", "--to", "2026-03-03"), 1)]
)
def test_a_csv_file_covers_what_was_asked_for(
    run: Run, folder: Path, span: tuple[str, ...], code: int
) -> None:
    columns = ("--map", str(Path(csv_map.__file__).parent / "fills.toml"), "--account", "C")
    Path("fills.csv").write_bytes(CSV_HEADER + CSV_ROW)
    Path("empty.csv").write_bytes(CSV_HEADER)
    assert run("ingest", "csv", "fills.csv", *columns, "--base-currency", "USD").code == 0
    assert run("reconcile", "csv", "empty.csv", *columns, *OUT, *span).code == code


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/New_York"])
@pytest.mark.parametrize(("as_of", "code"), [("2026-03-06", 0), ("2026-03-07", 75)])
def test_a_report_of_a_day_reaches_to_that_day_in_the_zone_of_the_account(
    run: Run, statement: Path, zone: str, as_of: str, code: int
) -> None:
    run("ingest", "ibkr_flex", statement.name, "-a", "far", "--zone", zone)
    args = ("reconcile", "ibkr_flex", statement.name, "-a", "far", *OUT)
    assert run(*args, "--as-of", as_of).code == code


def test_a_span_that_was_asked_for_is_in_the_zone_of_the_account(run: Run) -> None:
    page = kraken.trades(T1={})
    Path(page.name).write_bytes(page.content)
    run("ingest", "kraken", page.name, "-a", "K", "--zone", "Asia/Tokyo")
    run("reconcile", "kraken", page.name, *OUT, "--from", "2023-07-05", "--to", "2023-07-07")
    covers = summary()["report"]
    assert covers["covers_to"] == "2023-07-06T15:00:00Z"


ROWS = (
    "seq,ts,exec_id,order_id,account,symbol,side,qty,price,fee,currency",
    "1,2026-03-02T10:00:00Z,e1,o1,C,X,buy,2,10.50,0.10,USD",
    "2,2026-03-04T10:00:00Z,e2,o2,C,X,buy,1,11,0.10,USD",
)
SPAN = ("--from", "2026-03-02", "--to", "2026-03-05")


@pytest.fixture
def tables(run: Run) -> Run:
    """The program, in a folder with two fills of a file, and a file that lacks the second."""
    for name, rows in (("whole.csv", ROWS), ("short.csv", ROWS[:2])):
        Path(name).write_text("\n".join(rows) + "\n", "utf-8")
    assert run("ingest", "csv", "whole.csv", "--map", MAP).code == 0
    return run


def test_what_a_table_of_rows_was_asked_for_is_what_it_covers(tables: Run) -> None:
    args = ("reconcile", "csv", "short.csv", "--map", MAP, *OUT)
    assert tables(*args, *SPAN).code == 1
    assert "trade.missing_at_broker" in {one["kind"] for one in summary()["breaks"]["by_kind"]}
    assert summary()["report"]["covers_to"] == "2026-03-05T00:00:00Z"


def test_a_report_that_does_not_say_how_far_it_reaches_is_not_taken_for_todays(
    tables: Run,
) -> None:
    args = ("reconcile", "csv", "whole.csv", "--map", MAP, *OUT)
    assert [tables(*args).code, tables(*args, "--as-of", "2026-03-09").code] == [0, 75]
    assert "say with --to what it was asked for" in summary()["incomplete"][0]
    assert tables(*args, *SPAN, "--as-of", "2026-03-04").code == 0
    assert tables(*args, *SPAN, "--as-of", "2026-03-05").code == 75


def test_what_broke_before_stays_open(books: Run, other: Path) -> None:
    books(*RECONCILE, other.name, *OUT)
    assert books(*RECONCILE, *cut(other), *OUT).code == 75
    assert steps() == ["BreakOpened"] * 4


# ------------------------------------------------------------------------------------- usage


@pytest.mark.parametrize(
    "args",
    [
        ("statement.xml",),
        ("statement.xml", *OUT, "--tolerance", "USD"),
        ("statement.xml", *OUT, "--tolerance", "USD=-1"),
        ("statement.xml", *OUT, "--tolerance", "=1"),
        ("statement.xml", *OUT, "--fail-on", "fatal"),
        ("statement.xml", *OUT, "--as-of", "yesterday"),
        ("statement.xml", *OUT, "--as-of", "2126-03-06"),
        ("statement.xml", *OUT, "--from", "2026-03-02", "--to", "2126-03-06"),
        ("statement.xml", *OUT, "--known-at", "99"),
        ("statement.xml", *OUT, "--zone", "Europe/Zurich"),
        ("statement.xml", "--out", "statement.xml"),
        ("statement.xml", "--out", "."),
        ("statement.xml", "--out", ".."),
        ("statement.xml", "--out", "/"),
    ],
)
def test_what_is_refused(books: Run, folder: Path, args: tuple[str, ...]) -> None:
    before = {path.name for path in folder.iterdir()}
    assert books(*RECONCILE, *args).code == 2
    lately = {path.name for path in folder.iterdir()} - before
    assert all(name.endswith((".lock", ".reports.db")) for name in lately)


def test_a_store_that_is_not_there(run: Run, statement: Path) -> None:
    assert run(*RECONCILE, statement.name, *OUT).code == 2
    assert not Path("night").exists()


def test_times_are_read_in_the_accounts_zone(books: Run) -> None:
    assert books(*RECONCILE, "statement.xml", *OUT).code == 0
    assert summary()["report"]["covers_to"] == "2026-03-07T05:00:00Z"


# ------------------------------------------------------------------- what is written, recorded


def test_what_was_found_is_recorded_once(books: Run, other: Path) -> None:
    first = books(*RECONCILE, other.name, *OUT)
    again = books(*RECONCILE, other.name, *OUT)
    assert (first.code, again.code, first.out) == (1, 1, again.out)
    assert steps() == ["BreakOpened"] * 4


def test_what_is_gone_is_resolved_and_told(books: Run, other: Path) -> None:
    books(*RECONCILE, other.name, *OUT)
    done = books(*RECONCILE, "statement.xml", *OUT)
    assert (done.code, "demo: clean, 4 resolved, 8 matches" in done.out) == (0, True)
    resolved = [line.split()[:2] for line in done.out.splitlines() if "the books agree" in line]
    assert ["position.sign", "ACME"] in resolved
    assert summary()["resolved"][0]["how"] == "the report states it, and the books agree"
    assert steps() == ["BreakOpened"] * 4 + ["BreakResolved"] * 4


def test_nothing_is_ingested(books: Run, other: Path) -> None:
    before = recorded()
    books(*RECONCILE, other.name, *OUT)
    lately = recorded()[len(before) :]
    assert {type(one.event).__name__ for one in lately} == {"BreakOpened"}


def test_a_dry_run_tells_the_same_and_leaves_no_trace(books: Run, other: Path) -> None:
    dry = books(*RECONCILE, other.name, "--dry-run")
    assert (steps(), Path("night").exists()) == ([], False)
    wet = books(*RECONCILE, other.name, *OUT)
    assert (dry.code, dry.out) == (wet.code, wet.out)


def test_a_question_about_the_past_records_nothing(books: Run, other: Path) -> None:
    assert books(*RECONCILE, other.name, *OUT, "--known-at", "22").code == 1
    assert (steps(), summary()["breaks"]["new"]) == ([], 4)


def test_asked_again_at_its_number_a_report_has_the_same_bytes(books: Run, other: Path) -> None:
    books(*RECONCILE, other.name, *OUT)
    first, number = night(), str(summary()["log"]["number"])
    books(*RECONCILE, "statement.xml", *OUT)
    for place in ("once", "twice"):
        books(*RECONCILE, other.name, "--out", place, "--known-at", number)
    assert first == night("once") == night("twice")


def test_the_digest_of_a_report_proves_the_log(books: Run, other: Path) -> None:
    books(*RECONCILE, other.name, *OUT)
    mark = "{number}:{digest}".format(**summary()["log"])
    assert books("verify", "--against", mark).code == 0
    assert books("verify", "--against", mark[:-1] + ("0" if mark[-1] != "0" else "1")).code == 1


def test_a_break_is_valued_where_a_mark_is_known(books: Run, other: Path) -> None:
    books(*RECONCILE, other.name, *OUT)
    assert worth() == {
        "trade.price": "-150", "position.sign": "",
        "cash.balance": "0.01", "input.control_total": "0.01",
    }  # fmt: skip
    marks = "instrument,at,px,kind\nIBKR:900001,2026-03-06T21:00:00Z,50,settlement\n"
    Path("marks.csv").write_text(marks, "utf-8")
    assert books("prices", "import", "marks.csv", "--source", "CME").code == 0
    books(*RECONCILE, other.name, *OUT)
    assert worth()["position.sign"] == "3000"


def worth() -> dict[str, str]:
    """What the breaks come to in base currency, by kind."""
    rows = csv.DictReader(io.StringIO(night()["breaks.csv"].decode()))
    return {row["kind"]: row["base_amount"] for row in rows}


def test_json_is_the_summary(books: Run, other: Path) -> None:
    assert books(*RECONCILE, other.name, *OUT, "--json").json == summary()


def test_csv_is_the_breaks_by_kind(books: Run, other: Path) -> None:
    first, second, *_ = books(*RECONCILE, other.name, *OUT, "--csv").out.splitlines()
    assert first == "severity,kind,breaks,open,new,waived,oldest"
    assert second == "critical,position.sign,1,1,1,0,0"


# ---------------------------------------------------------------------------- what fails a run


def test_below_the_bar_it_is_told_and_passes(books: Run, other: Path) -> None:
    text = other.read_text("utf-8").replace('tradePrice="53"', 'tradePrice="52"')
    other.write_text(text.replace('position="20"', 'position="-40"'), "utf-8")
    done = books(*RECONCILE, other.name, *OUT, "--fail-on", "critical")
    assert (done.code, "demo: 2 breaks, 2 new" in done.out) == (0, True)
    assert books(*RECONCILE, other.name, *OUT, "--fail-on", "high").code == 1


def test_a_declared_tolerance_is_told_with_what_it_let_pass(books: Run, other: Path) -> None:
    done = books(*RECONCILE, other.name, *OUT, "--tolerance", "USD=0.01", "--tolerance", "JPY=1")
    assert (done.code, summary()["breaks"]["total"]) == (1, 2)
    # The balance, and the total that the report's own lines do not make.
    let_pass = {"subject": "USD", "difference": "0.01", "tolerance": "0.01"}
    kinds = ({"kind": "cash.balance"}, {"kind": "input.control_total"})
    assert summary()["absorbed"] == [kind | let_pass for kind in kinds]
    assert "USD            0.01       0.01" in done.out
    assert "--tolerance JPY=1 lets nothing pass: there is money in EUR, USD" in done.err
    assert "--tolerance USD" not in done.err


def test_only_waived_breaks_are_no_failure(books: Run, other: Path) -> None:
    books(*RECONCILE, other.name, *OUT)
    with ledger.open("sqlite:///tradeledger.db") as book:
        opened = [one.event for one in book.log("demo") if isinstance(one.event, BreakEvent)]
        book.record_all([waived(one.break_id) for one in opened])
    done = books(*RECONCILE, other.name, *OUT)
    assert (done.code, "4 breaks, 4 new, 4 waived" in done.out) == (0, True)


def waived(break_id: str):
    event = BreakWaived(break_id=break_id, who="A. Smith", reason="known", until=date(2026, 4, 1))
    return make_fact("demo", event, datetime(2026, 3, 9, tzinfo=UTC))


# ------------------------------------------------------------------------------------ hostile


def test_a_hostile_name_is_shown_and_does_nothing(books: Run, other: Path) -> None:
    text = other.read_text("utf-8")
    price = 'tradePrice="=&lt;script&gt;alert(1)&lt;/script&gt;"'
    hostile = other.with_name("=<script>.xml")
    hostile.write_text(text.replace('tradePrice="53"', price), "utf-8")
    done = books(*RECONCILE, hostile.name, *OUT)
    assert done.code == 1
    page = night()["report.html"]
    assert b"=&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert b"=&lt;script&gt;.xml" in page
    assert b"<script" not in page
    assert b",'=<script>alert(1)</script>," in night()["breaks.csv"]
