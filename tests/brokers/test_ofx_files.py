"""OFX files: what banks really send, what is refused as a whole, and laws under any damage."""

from __future__ import annotations

import time
from collections import Counter

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from adapters.brokers.ofx import accounts
from adapters.brokers.ofx.tags import read_tags
from adapters.port import Batch, RawPage
from ledger.domain.events import FeeCharged, FillBooked
from ledger.errors import BadFileError
from tests.brokers.ofx import HEADER, XML, bank, file, income, moved, read, statement, trade
from tests.brokers.venues.ofx import CASH, SAMPLE

WHOLE = file(statement(trade(), income(fitid="2")))
BODY = WHOLE.decode()
LAUGHS = '<!DOCTYPE OFX [<!ENTITY a "ha">]>'


def page(content: str | bytes) -> RawPage:
    return RawPage(
        name="a.ofx", content=content if isinstance(content, bytes) else content.encode()
    )


def closed(body: str) -> str:
    """The same file with every value closed, as XML has it."""
    head, _, rest = body.partition("<OFX>")
    out, parts = [], f"<OFX>{rest}".split("<")
    for part in parts[1:]:
        tag, _, value = part.partition(">")
        out.append(f"<{part.strip()}</{tag}>" if value.strip() else f"<{part.strip()}")
    return XML + "".join(out) if head else ""


HOSTILE: dict[str, str | bytes] = {
    "nothing": "",
    "another kind": "Date,Symbol\n2026-03-02,ACME\n",
    "another XML": "<FlexQueryResponse/>",
    "a document type": LAUGHS + BODY,
    "a document type inside": BODY.replace("<SECLIST>", f"<SECLIST>{LAUGHS}"),
    "a document type behind a comment": f"<!-- -->{LAUGHS}{BODY}",
    "a comment before it without end": f"<!-- {BODY}",
    "an unknown declaration": BODY.replace("<SECLIST>", "<SECLIST><!ELEMENT a>"),
    "no statement": f"{HEADER}<OFX></OFX>",
    "two documents": BODY + BODY[BODY.index("<OFX>") :],
    "200,000 nested elements": f"{HEADER}<OFX>" + "<A>" * 200_000,
    "a list that is not closed": BODY.replace("</INVTRANLIST>", ""),
    "a trade that is not closed": BODY.replace("</BUYSTOCK>", ""),
    "what was not opened": BODY.replace("<SECLIST>", "<SECLIST></SPLIT>"),
    "text between rows": BODY.replace("</BUYSTOCK>", "</BUYSTOCK>and so on"),
    "NUL": BODY.replace("ACME", "AC\x00ME"),
    "bytes of no text": BODY.encode().replace(b"ACME", b"\x81\x8d"),
    "an error": BODY.replace("<CODE>0<SEVERITY>INFO", "<CODE>2000<SEVERITY>ERROR", 1),
    "an error of the statement": BODY.replace(
        "INFO</STATUS><INVSTMTRS>", "ERROR</STATUS><INVSTMTRS>"
    ),
    "no account": BODY.replace("<ACCTID>U1", ""),
    "no period": BODY.replace("<DTSTART>20260301", "<DTSTART>March"),
    "a comment without end": BODY.replace("<SECLIST>", "<SECLIST><!-- "),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_is_refused_in_time(name):
    content = HOSTILE[name]
    began = time.perf_counter()
    with pytest.raises(BadFileError):
        read(content if isinstance(content, bytes) else content.encode())
    assert time.perf_counter() - began < 2


def test_many_open_brackets_cost_no_more_than_their_length():
    began = time.perf_counter()
    with pytest.raises(BadFileError):
        read((HEADER + "<OFX><MEMO>" + "<" * 300_000).encode())
    assert time.perf_counter() - began < 2


def test_an_error_says_what_the_institution_said():
    body = BODY.replace("<CODE>0<SEVERITY>INFO", "<CODE>15500<SEVERITY>ERROR<MESSAGE>Who?", 1)
    with pytest.raises(BadFileError, match="no statement: 15500 Who"):
        read(body.encode())


def test_a_file_over_the_size_cap_is_refused_unread(monkeypatch):
    monkeypatch.setattr("adapters.brokers.ofx.tags.MAX_BYTES", 100)
    with pytest.raises(BadFileError, match="shorter time"):
        read(WHOLE)


def test_no_file_is_no_statement():
    with pytest.raises(BadFileError, match="no file"):
        read()


@pytest.mark.parametrize("part", range(1, 25))
def test_a_cut_file_is_refused(part):
    with pytest.raises(BadFileError):
        read(WHOLE[: len(WHOLE) * part // 25])


def test_a_comment_before_the_statement_says_nothing():
    header, _, rest = BODY.partition("<OFX>")
    for before in (f"<!-- {header} -->", f"{XML}<!-- once <OFX> --><!---->"):
        assert read(f"{before}\n<OFX>{rest}".encode()).records == read(WHOLE).records


def test_values_may_be_closed_or_not_and_the_header_does_not_tell():
    read_one = read(WHOLE)
    for content in (
        closed(BODY),
        XML + BODY[BODY.index("<OFX>") :],
        BODY.replace("><", ">\r\n\t<"),
    ):
        other = read(content.encode())
        assert other.records == read_one.records
        assert other.instruments == read_one.instruments


def test_an_empty_value_may_be_closed_or_not():
    for memo in ("<MEMO>", "<MEMO></MEMO>", "<MEMO/>", "<MEMO> "):
        told = read(bank(moved("5").replace("<FITID>", f"{memo}<FITID>")))
        assert told.records[0].event.id == "m1"


@pytest.mark.parametrize(
    ("written", "read_as"),
    [
        ("S&amp;P &lt;3", "S&P <3"),
        ("AT&T <3 < 4", "AT&T <3 < 4"),
        ("a&#39;b&#x;", "a'b&#x;"),
        ("&amp;lt;", "&lt;"),
        ("two\n  lines", "two lines"),
        ("<![CDATA[ <b> & ]]>", "<b> &"),
        ("<!-- said --> after", "after"),
    ],
)
def test_values_are_what_is_written(written, read_as):
    told = read(bank(moved("5", MEMO=written)))
    assert told.records[0].event.description == read_as


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_the_bytes_say_the_encoding(encoding):
    told = read(bank(moved("5", MEMO="Zürich")).decode().encode(encoding))
    assert told.records[0].event.description == "Zürich"


def test_accounts_are_listed_and_one_is_picked():
    both = file(statement(trade()), statement(trade(), account="U2"))
    assert accounts([page(both)]) == ["example.org/U1", "example.org/U2"]
    with pytest.raises(BadFileError, match="which one is meant"):
        read(both)
    with pytest.raises(BadFileError, match="not one of U3"):
        read(both, venue_account="U3")
    assert read(both, venue_account="U2").account == "U2"


def test_a_tree_is_what_the_tags_say():
    root = read_tags(page("<OFX><A><B>1<C></C><D>2</D></A></OFX>"))
    assert [(node.tag, node.text) for node in root.children[0].children] == [
        ("B", "1"), ("C", ""), ("D", "2"),
    ]  # fmt: skip


# ----------------------------------------------------------------------------- real statements

# Rows by section, facts by kind, rows set aside by field, positions and balances stated.
REAL = {
    "anzcc": ({"BANKTRANLIST": 1, "LEDGERBAL": 1}, {"CashWithdrawn": 1}, {}, 0, 1),
    "bank_medium": ({"BANKTRANLIST": 3, "LEDGERBAL": 1}, {"CashWithdrawn": 3}, {}, 0, 1),
    "checking": (
        {"BANKTRANLIST": 3, "LEDGERBAL": 1}, {"CashWithdrawn": 2, "CashDeposited": 1}, {}, 0, 1,
    ),
    "fidelity-savings": ({"INVTRANLIST": 4}, {"CashWithdrawn": 3, "CashDeposited": 1}, {}, 0, 0),
    "fidelity": (
        {"INVTRANLIST": 17, "INVPOSLIST": 6, "INVBAL": 1},
        {"FillBooked": 10, "DividendPaid": 4, "CashDeposited": 2, "CashWithdrawn": 1}, {}, 6, 1,
    ),
    "investment_401k": (
        {"INVTRANLIST": 3, "INVPOSLIST": 3}, {"FillBooked": 1, "PositionTransferred": 2}, {}, 3, 0,
    ),
    "investment_medium": (
        {"INVTRANLIST": 3, "INVBAL": 1}, {"CashWithdrawn": 2, "CashDeposited": 1}, {}, 0, 1,
    ),
    "ofx-v102-empty-tags": (
        {"BANKTRANLIST": 1, "LEDGERBAL": 1}, {"CashDeposited": 1}, {"CURDEF": 1}, 0, 0,
    ),
    "suncorp": ({"BANKTRANLIST": 1, "LEDGERBAL": 1}, {"CashWithdrawn": 1}, {}, 0, 1),
    "td_ameritrade": ({"INVTRANLIST": 0, "INVPOSLIST": 2, "INVBAL": 1}, {}, {}, 2, 1),
    "tiaacref": ({"INVTRANLIST": 1, "INVPOSLIST": 6, "INVBAL": 1}, {}, {"UNITS": 1}, 6, 1),
    "vanguard": ({"INVTRANLIST": 1, "INVPOSLIST": 2}, {"FillBooked": 1}, {}, 2, 0),
    "vanguard401k": (
        {"INVTRANLIST": 5, "INVPOSLIST": 1}, {"FillBooked": 4, "PositionTransferred": 1}, {}, 1, 0,
    ),
}  # fmt: skip
REFUSED = {
    "account_listing_aggregation": "holds no statement",
    "bank_small": "holds no statement",
    "error_message": "2000 General Server Error",
    "multiple_accounts": "which one is meant",
    "multiple_accounts2": "which one is meant",
    "signon_fail": "15500",
    "signon_success": "holds no statement",
    "signon_success_no_message": "holds no statement",
}


@pytest.fixture
def folder(shared):
    return shared / "fixtures" / "ofx" / "ofxparse"


def test_every_file_is_known(folder):
    assert {path.stem for path in folder.glob("*.ofx")} == {*REAL, *REFUSED}


@pytest.mark.parametrize("name", REAL)
def test_a_real_file_is_read_whole(folder, name):
    counted, facts, aside, positions, balances = REAL[name]
    batch = read((folder / f"{name}.ofx").read_bytes())
    rows = {name: n for name, n in batch.coverage.rows if name != "SECLIST"}
    assert {section: n for section, n in counted.items() if n} == rows
    assert set(counted) == {*batch.coverage.sections} - {"SECLIST"}
    assert Counter(type(record.event).__name__ for record in batch.records) == facts
    assert Counter(row.field for row in batch.quarantine) == aside
    assert (len(batch.positions), len(batch.balances)) == (positions, balances)


@pytest.mark.parametrize("name", REFUSED)
def test_a_real_file_without_a_statement_is_refused(folder, name):
    with pytest.raises(BadFileError, match=REFUSED[name]):
        read((folder / f"{name}.ofx").read_bytes())


@pytest.mark.parametrize(("account", "balance"), [("9100", 111), ("123/9200/SAVINGS", 222)])
def test_one_of_two_real_accounts_is_picked(folder, account, balance):
    content = (folder / "multiple_accounts.ofx").read_bytes()
    assert read(content, venue_account=account).balances[0].ending == balance


def test_real_trades_make_their_totals(folder):
    batch = read((folder / "fidelity.ofx").read_bytes())
    assert not batch.findings
    fills = [record.event for record in batch.records if isinstance(record.event, FillBooked)]
    rounded = [fill for fill in fills if fill.gross_trade_amt is not None]
    assert len(rounded) == 8


# -------------------------------------------------------------------------------------- laws

CONTENT = b"".join(one.content for one in SAMPLE.pages[:1])
VALUES = ("16", "-1607.95", "100", "7.95", "1", "20260302120000[-5:EST]", "CUSIP", "USD", "0")


def batch_of(content: bytes) -> Batch | None:
    try:
        return read(content)
    except BadFileError:
        return None


@given(st.sampled_from(VALUES), st.text(max_size=30) | st.integers().map(str))
@example("16", "1" * 400)
@example("7.95", "-7.95")
@example("100", "NaN")
def test_any_value_is_read_or_set_aside(old, new):
    batch = batch_of(WHOLE.replace(f">{old}<".encode(), f">{new}<".encode(errors="ignore")))
    if batch is not None:
        rows = {record.row for record in batch.records} | {row.row for row in batch.quarantine}
        assert {"BUYSTOCK[1]", "INCOME[2]"} <= rows


@given(st.decimals(-(10**6), 10**6, places=2), st.decimals(-100, 100, places=2))
def test_a_booked_purchase_costs_its_total(total, commission):
    batch = read(file(statement(trade(total=str(total), commission=str(commission)))))
    for record in batch.records:
        fill = record.event
        gross = fill.gross_trade_amt if fill.gross_trade_amt is not None else 1600
        assert gross + sum(fee.amount for fee in fill.fees) == -total
        assert sum(fee.amount for fee in fill.fees) == commission


@given(st.decimals(-1000, 1000, places=2))
def test_a_booked_charge_is_what_left_the_account(amount):
    batch = read(bank(moved(str(amount), "FEE")))
    (record,) = batch.records
    assert isinstance(record.event, FeeCharged)
    assert record.event.amount == -amount


@given(st.integers(0, len(CONTENT)), st.binary(max_size=6), st.integers(0, 20))
def test_any_damage_leaves_a_batch_or_a_refusal(at, put, taken):
    content = CONTENT[:at] + put + CONTENT[at + taken :]
    assert batch_of(content) is None or isinstance(batch_of(content), Batch)


@given(st.permutations([trade(fitid="1"), trade(fitid="2", units="50", total="-807.95"),
                        income(fitid="3"), CASH[:0] + income(fitid="4", total="1")]))  # fmt: skip
def test_the_order_of_rows_does_not_matter(told):
    def said(batch):
        return {(r.event.identity(), r.occurred_at, repr(r.event)) for r in batch.records}

    assert said(read(file(statement(*told)))) == said(read(file(statement(*sorted(told)))))
