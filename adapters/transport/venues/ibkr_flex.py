"""Interactive Brokers' Flex web service: order a statement, then ask until it is made.

``SendRequest`` gives a reference, which is the cursor of ``GetStatement``: a run that was cut
asks for the same statement again, within the hour. The days asked for (``fd``, ``td``, both
inclusive) go before the query's own period.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Final
from urllib.parse import urlencode, urlsplit
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from adapters.transport.errors import FetchError, NotReadyError, TryLaterError
from adapters.transport.request import Part, Request, Step, Window, plain
from adapters.transport.session import Answer, Call, Problem, Session

FIELDS: Final = ("token",)
GAP: Final = 1100  # one request a second
BASE: Final = "https://ndcdyn.interactivebrokers.com/AccountManagement/FlexWebService"
DAYS: Final = 365
_IB: Final = ".interactivebrokers.com"
_REPORT: Final = (b"<FlexQueryResponse", b"</FlexQueryResponse>")
_HEAD: Final = 2000
_LASTS: Final = 3_600_000  # milliseconds after which a statement is ordered anew

# Seconds to wait by code: not made yet, data of the day not complete, too many requests.
_WAITS: Final = {
    "1001": 10, "1004": 10, "1005": 10, "1006": 10, "1007": 10, "1008": 10, "1009": 10,
    "1018": 10, "1019": 5, "1021": 10,
}  # fmt: skip
_NOT_THERE: Final = "1003"


def parts(request: Request, session: Session) -> Iterator[Part]:
    """One statement a year; ``FetchError`` without the id of a query."""
    if not request.query:
        raise FetchError("ibkr_flex: no query; define one at IBKR and give its id by --query")
    for window in request.windows(DAYS):
        yield _statement(request, session, window)


def _statement(request: Request, session: Session, window: Window) -> Part:
    first, last = (
        f"{moment.astimezone(request.zone):%Y%m%d}"
        for moment in (window.start, window.end - timedelta(microseconds=1))
    )

    def read(cursor: str) -> Step:
        reference, url, ordered = cursor.split(" ") if cursor else ("", "", "0")
        if session.milliseconds() - int(ordered) > _LASTS:
            asked = {"q": request.query, "v": "3", "fd": first, "td": last}
            return Step(None, _order(session, asked))
        asked = {"q": reference, "v": "3"}
        return Step(session.ask(lambda: _call(session, url, asked), _judge_report).content, None)

    name = f"statement-{plain(request.query)}-{window.label}"
    return Part(name=name, read=read, end=window.end, suffix="xml")


def _order(session: Session, asked: dict[str, str]) -> str:
    """Order a statement; its reference, and the address where it is to be had."""
    url = session.url(BASE, "/SendRequest")
    answer = session.ask(lambda: _call(session, url, asked), _judge_order)
    told = _texts(answer)
    where = told.get("Url", "")
    if not _is_known(where, url):
        raise session.error(Problem("the statement is to be had at an address that is not IB's"))
    return f"{told['ReferenceCode']} {where} {session.milliseconds()}"


def _is_known(url: str, asked: str) -> bool:
    """Whether a token may be sent there: to IB, or where the order was sent."""
    told, known = urlsplit(url), urlsplit(asked)
    is_same = (told.scheme, told.netloc) == (known.scheme, known.netloc)
    host = told.hostname or ""
    return is_same or (told.scheme == "https" and host.endswith(_IB) and not told.username)


def _call(session: Session, url: str, asked: dict[str, str]) -> Call:
    query = urlencode({"t": session.credentials["token"], **asked})
    # IBKR names the agents it answers, and this is one of them.
    return Call("GET", f"{url}?{query}", {"User-Agent": "Java"})


def _judge_order(answer: Answer) -> Problem | None:
    told = _texts(answer)
    if told.get("Status") == "Success" and told.get("ReferenceCode") and told.get("Url"):
        return None
    return _problem(told)


def _judge_report(answer: Answer) -> Problem | None:
    begins, ends = _REPORT
    if begins not in answer.content[:_HEAD]:
        return _problem(_texts(answer))
    if not answer.content.rstrip().endswith(ends):
        return Problem("the statement is cut", TryLaterError)
    return None


def _problem(told: dict[str, str]) -> Problem:
    code, said = told.get("ErrorCode", ""), told.get("ErrorMessage", "no statement")
    if not told:
        return Problem("an answer that is no whole XML", TryLaterError)
    if code == _NOT_THERE:
        why = "not made yet, or --from and --to do not fit the period of the query"
        return Problem(f"{code} {said} ({why})", NotReadyError)
    if code in _WAITS:
        return Problem(f"{code} {said}", TryLaterError, _WAITS[code])
    return Problem(f"{code} {said}")


def _texts(answer: Answer) -> dict[str, str]:
    """The texts of a short answer by name; none when it is no whole XML."""
    try:
        root: Element = fromstring(answer.content, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError):
        return {}
    return {child.tag: (child.text or "").strip() for child in root}
