"""A Flex file that is hostile, cut or of another kind is refused at once and records nothing."""

from __future__ import annotations

import time

import pytest

from ledger.errors import BadFileError
from tests.brokers.flex import element, file, read, trade

WHOLE = file({"Trades": [trade(transactionID=str(n)) for n in range(60)]})
BODY = WHOLE.decode()
WEEK = ("2026-03-02", "2026-03-06")
MANY = " ".join(f'a{n}="1"' for n in range(100_000))
LAUGHS = "".join(f"<!ENTITY l{n} '{f'&l{n - 1};' * 10}'>" for n in range(1, 10))
HOSTILE = {
    "entity bomb": f'<!DOCTYPE r [<!ENTITY l0 "ha">{LAUGHS}]>' + BODY.replace("ACME", "&l9;"),
    "external entity": '<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + BODY,
    "external document type": '<!DOCTYPE r SYSTEM "http://localhost/x.dtd">' + BODY,
    "100,000 attributes": BODY.replace("<Trades>", f"<Trades {MANY}>"),
    "200,000 nested elements": "<a>" * 200_000 + "</a>" * 200_000,
    "nested inside a statement": BODY.replace("</Trades>", "<a>" * 99 + "</a>" * 99 + "</Trades>"),
    "another root": "<FlexStatementResponse><Status>Fail</Status></FlexStatementResponse>",
    "trade confirmations": BODY.replace('type="AF"', 'type="TCF"'),
    "a wrong count": BODY.replace('count="1"', 'count="2"'),
    "no count": BODY.replace(' count="1"', ""),
    "no statement": '<FlexQueryResponse><FlexStatements count="0"/></FlexQueryResponse>',
    "no period": BODY.replace("fromDate", "from"),
    "an unknown encoding": '<?xml version="1.0" encoding="klingon"?>' + BODY,
    "two documents": BODY + BODY,
    "NUL": BODY.replace("ACME", "AC\x00ME"),
    "a duplicate attribute": BODY.replace('symbol="ACME"', 'symbol="ACME" symbol="X"'),
    "empty": "",
    "not XML": "Date,Symbol\n2026-03-02,ACME\n",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_is_refused_in_time(name):
    began = time.perf_counter()
    with pytest.raises(BadFileError, match=r"test\.xml"):
        read(HOSTILE[name].encode())
    assert time.perf_counter() - began < 2


@pytest.mark.parametrize("text", ["<a/>", HOSTILE["another root"], "<html><body/></html>"])
def test_another_kind_of_document_is_told_what_was_expected(text):
    with pytest.raises(BadFileError) as refused:
        read(text.encode())
    said = str(refused.value)
    assert f"begins with <{text[1:].partition('/')[0].partition('>')[0]}>; " in said
    assert "an Activity Flex statement in XML begins with <FlexQueryResponse>" in said
    assert "well-formed" not in said


def test_what_is_not_xml_is_said_to_be_none():
    with pytest.raises(BadFileError, match="is not well-formed XML"):
        read(b"Date,Symbol\n")


def test_the_whole_file_is_read():
    assert len(read(WHOLE).records) == 60


@pytest.mark.parametrize("part", range(50))
def test_a_cut_file_is_refused(part):
    with pytest.raises(BadFileError, match="download the statement again"):
        read(WHOLE[: len(WHOLE) * part // 50])


def test_a_file_over_the_size_cap_is_refused_unread(monkeypatch):
    monkeypatch.setattr("adapters.brokers.ibkr_flex.frame.MAX_BYTES", 100)
    with pytest.raises(BadFileError, match="shorter period"):
        read(WHOLE)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_a_declared_encoding_is_read_right(encoding):
    assert len(read(BODY.encode(encoding)).records) == 60


def test_several_accounts_need_a_choice():
    both = BODY.replace('count="1"', 'count="2"').replace(
        "</FlexStatements>",
        '<FlexStatement accountId="U2" fromDate="20260302" toDate="20260306"/></FlexStatements>',
    )
    with pytest.raises(BadFileError, match="U1, U2"):
        read(both.encode())
    assert read(both.encode(), venue_account="U2").account == "U2"


@pytest.mark.parametrize("days", [("2026-03-02", "9999-12-31"), ("0001-01-01", "2026-03-06")])
def test_days_that_no_ledger_can_keep_are_refused(days):
    declared = [f'fromDate="{first}" toDate="{last}"' for first, last in (WEEK, days)]
    told = BODY.replace(declared[0], declared[1])
    assert declared[1] in told
    with pytest.raises(BadFileError, match="between 1970 and 2200"):
        read(told.encode())


@pytest.mark.parametrize("number", ["9" * 2001, "1\u200b"])
def test_a_posting_s_number_that_cannot_be_kept_costs_its_row_alone(number):
    batch = read(file({"Trades": [trade(transactionID=number), trade(transactionID="2")]}))
    assert len(batch.records) == 1
    assert [row.field for row in batch.quarantine] == ["transactionID"]
    assert batch.statement() is not None


@pytest.mark.parametrize("name", ["9" * 2001, "U\u200b1"])
def test_an_account_that_cannot_be_kept_is_refused(name):
    with pytest.raises(BadFileError, match="cannot be kept"):
        read(file({}, account=name))


def test_a_level_of_detail_that_cannot_be_kept_costs_its_row_alone():
    batch = read(file({"Trades": [trade(levelOfDetail="e\u0301"), trade(transactionID="2")]}))
    assert len(batch.records) == 1
    assert [row.field for row in batch.quarantine] == ["levelOfDetail"]


def test_a_commission_s_posting_that_cannot_be_kept_costs_its_row_alone():
    line = {
        "transactionID": "1\u200b", "activityDescription": "Commission from Forex Trade",
        "levelOfDetail": "Currency", "currency": "USD", "amount": "-2", "balance": "8",
    }  # fmt: skip
    trades = {"Trades": [trade(transactionID="2")]}
    batch = read(file({**trades, "StmtFunds": [element("StatementOfFundsLine", line)]}))
    assert (len(batch.records), len(batch.quarantine)) == (1, 1)
