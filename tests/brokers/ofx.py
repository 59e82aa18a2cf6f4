"""Small OFX files for tests: SGML with values that are not closed, or XML."""

from __future__ import annotations

from typing import Any

from adapters.brokers.ofx import parse
from adapters.port import AccountConfig, RawPage

HEADER = "OFXHEADER:100\nDATA:OFXSGML\nVERSION:102\nENCODING:USASCII\nCHARSET:1252\n\n"
XML = '<?xml version="1.0" encoding="UTF-8"?>\n<?OFX OFXHEADER="200" VERSION="211"?>\n'
FINE = "<STATUS><CODE>0<SEVERITY>INFO</STATUS>"
SIGNED_ON = f"<SIGNONMSGSRSV1><SONRS>{FINE}<DTSERVER>20260331<LANGUAGE>ENG</SONRS></SIGNONMSGSRSV1>"
FUND = "<SECID><UNIQUEID>000000001<UNIQUEIDTYPE>CUSIP</SECID>"
BOND = "<SECID><UNIQUEID>000000002<UNIQUEIDTYPE>CUSIP</SECID>"
OPTION = "<SECID><UNIQUEID>ACME260619C00100<UNIQUEIDTYPE>OTHER</SECID>"
SECURITIES = (
    "<SECLISTMSGSRSV1><SECLIST>"
    f"<STOCKINFO><SECINFO>{FUND}<SECNAME>Acme<TICKER>ACME</SECINFO></STOCKINFO>"
    f"<DEBTINFO><SECINFO>{BOND}<SECNAME>Bond<TICKER>BND</SECINFO><PARVALUE>1000</DEBTINFO>"
    f"<OPTINFO><SECINFO>{OPTION}<SECNAME>Call<TICKER>ACMEC</SECINFO><OPTTYPE>CALL<STRIKEPRICE>100"
    f"<DTEXPIRE>20260619<SHPERCTRCT>100{FUND}</OPTINFO>"
    "</SECLIST></SECLISTMSGSRSV1>"
)


def leaves(**values: object) -> str:
    return "".join(f"<{name}>{value}" for name, value in values.items())


def tran(fitid: str = "1", at: str = "20260302120000[-5:EST]", **more: str) -> str:
    return f"<INVTRAN>{leaves(FITID=fitid, DTTRADE=at, **more)}</INVTRAN>"


def trade(
    kind: str = "BUYSTOCK",
    units: str = "100",
    px: str = "16",
    total: str = "-1607.95",
    *,
    security: str = FUND,
    currency: str = "",
    inner: str = "",
    outer: str = "",
    commission: str = "7.95",
    **told: str,
) -> str:
    way = "INVBUY" if kind.startswith("BUY") else "INVSELL"
    money = leaves(UNITS=units, UNITPRICE=px, COMMISSION=commission)
    body = f"{tran(**told)}{security}{money}{inner}{leaves(TOTAL=total)}{currency}"
    return f"<{kind}><{way}>{body}<SUBACCTSEC>CASH<SUBACCTFUND>CASH</{way}>{outer}</{kind}>"


def income(total: str = "50", kind: str = "DIV", *, inner: str = "", **told: str) -> str:
    body = f"{tran(**told)}{FUND}{leaves(INCOMETYPE=kind, TOTAL=total)}{inner}"
    return f"<INCOME>{body}</INCOME>"


def moved(amount: str, kind: str = "CREDIT", fitid: str = "m1", **more: str) -> str:
    told = leaves(TRNTYPE=kind, DTPOSTED="20260303", TRNAMT=amount, FITID=fitid, **more)
    return f"<STMTTRN>{told}</STMTTRN>"


def bank_tran(amount: str, kind: str = "CREDIT", fitid: str = "m1") -> str:
    return f"<INVBANKTRAN>{moved(amount, kind, fitid)}<SUBACCTFUND>CASH</INVBANKTRAN>"


def statement(*rows: str, account: str = "U1", there: str = "", currency: str = "USD") -> str:
    owner = f"<INVACCTFROM><BROKERID>example.org<ACCTID>{account}</INVACCTFROM>"
    listed = f"<INVTRANLIST><DTSTART>20260301<DTEND>20260331{''.join(rows)}</INVTRANLIST>"
    inside = f"<DTASOF>20260331{leaves(CURDEF=currency)}{owner}{listed}{there}"
    return f"<INVSTMTTRNRS><TRNUID>0{FINE}<INVSTMTRS>{inside}</INVSTMTRS></INVSTMTTRNRS>"


def file(*statements: str, securities: str = SECURITIES, header: str = HEADER) -> bytes:
    inside = f"<INVSTMTMSGSRSV1>{''.join(statements)}</INVSTMTMSGSRSV1>{securities}"
    return f"{header}<OFX>{SIGNED_ON}{inside}</OFX>\n".encode()


def bank(*rows: str, there: str = "", currency: str = "USD") -> bytes:
    owner = "<BANKACCTFROM><BANKID>9<ACCTID>B1<ACCTTYPE>CHECKING</BANKACCTFROM>"
    listed = f"<BANKTRANLIST><DTSTART>20260301<DTEND>20260331{''.join(rows)}</BANKTRANLIST>"
    body = f"{leaves(CURDEF=currency)}{owner}{listed}{there}"
    answer = f"<STMTTRNRS><TRNUID>0{FINE}<STMTRS>{body}</STMTRS></STMTTRNRS>"
    return f"{HEADER}<OFX>{SIGNED_ON}<BANKMSGSRSV1>{answer}</BANKMSGSRSV1></OFX>".encode()


def read(*contents: bytes, **config: Any) -> Any:
    """A batch; Any, since a test knows which fact each of its records holds."""
    pages = [RawPage(name=f"{n}.ofx", content=one) for n, one in enumerate(contents)]
    return parse(pages, AccountConfig(**config))


def rows(*told: str, **config: Any) -> Any:
    return read(file(statement(*told)), **config)


def events(*told: str) -> list[Any]:
    batch = rows(*told)
    assert not batch.quarantine, batch.quarantine
    return [record.event for record in batch.records]


def aside(*told: str) -> list[str]:
    """The fields for which rows were set aside."""
    return [row.field for row in rows(*told).quarantine]
