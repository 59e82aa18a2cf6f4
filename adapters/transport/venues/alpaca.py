"""Alpaca's trading API: account activities, orders, positions, the account.

Activities are paged by the id of the last row until an empty page. Orders have no such cursor: a
full page is followed by one that begins where the last row was submitted, so rows repeat.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import urlencode

from adapters.json_page import Json
from adapters.transport.request import Part, Request, Step, Window
from adapters.transport.session import Call, Problem, Session

FIELDS: Final = ("key", "secret")
GAP: Final = 310  # 200 requests a minute
BASE: Final = "https://api.alpaca.markets"
DAYS: Final = 30
ACTIVITIES: Final = 100
ORDERS: Final = 500
_MILLISECOND: Final = timedelta(milliseconds=1)


def parts(request: Request, session: Session) -> Iterator[Part]:
    """Activities and orders by windows, then what is open now."""
    for window in request.windows(DAYS):
        yield _activities(session, window)
    for window in request.windows(DAYS):
        yield _orders(session, window)
    for name, path, params in (
        ("orders-open", "/v2/orders", {"status": "open", "limit": f"{ORDERS}"}),
        ("positions", "/v2/positions", {}),
        ("account", "/v2/account", {}),
    ):
        yield Part(name=name, read=_single(session, path, params))


def _activities(session: Session, window: Window) -> Part:
    asked = {**_between(window), "direction": "asc", "page_size": f"{ACTIVITIES}"}

    def read(cursor: str) -> Step:
        token = {"page_token": cursor} if cursor else {}
        content, rows = _ask(session, "/v2/account/activities", {**asked, **token})
        last = rows[-1] if isinstance(rows, list) and rows else {}
        return Step(content, last.get("id"))

    return Part(name=f"activities-{window.label}", read=read, end=window.end)


def _orders(session: Session, window: Window) -> Part:
    asked = {**_between(window), "status": "all", "direction": "asc", "limit": f"{ORDERS}"}

    def read(cursor: str) -> Step:
        after = {"after": cursor} if cursor else {}
        content, rows = _ask(session, "/v2/orders", {**asked, **after})
        if len(rows) < ORDERS:
            return Step(content, None)
        # The bound is exclusive, and others may have come in the last row's instant.
        return Step(content, _written(_moment(rows[-1]["submitted_at"]) - _MILLISECOND))

    return Part(name=f"orders-{window.label}", read=read, end=window.end)


def _single(session: Session, path: str, params: dict[str, str]) -> _Reader:
    return _Reader(session, path, params)


class _Reader:
    """Reads an answer of one page."""

    def __init__(self, session: Session, path: str, params: dict[str, str]) -> None:
        self._session, self._path, self._params = session, path, params

    def __call__(self, _: str) -> Step:
        content, rows = _ask(self._session, self._path, self._params)
        if isinstance(rows, list) and len(rows) >= ORDERS:
            told = f"{self._path} answers with {ORDERS} open orders, and has no next page"
            raise self._session.error(Problem(told))
        return Step(content, None)


def _ask(session: Session, path: str, params: dict[str, str]) -> tuple[bytes, Json]:
    query = f"?{urlencode(params)}" if params else ""
    url = session.url(BASE, path + query)
    return session.ask_json(lambda: _signed(session, url), _judge)


def _signed(session: Session, url: str) -> Call:
    held = session.credentials
    headers = {"APCA-API-KEY-ID": held["key"], "APCA-API-SECRET-KEY": held["secret"]}
    return Call("GET", url, headers)


def _judge(value: Json) -> Problem | None:
    if isinstance(value, dict) and "message" in value and "account_number" not in value:
        return Problem(f"{value.get('code')} {value['message']}")
    return None


def _between(window: Window) -> dict[str, str]:
    """Bounds that are exclusive, widened so that nothing at them is left out."""
    return {
        "after": _written(window.start - _MILLISECOND),
        "until": _written(window.end + _MILLISECOND),
    }


def _written(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _moment(told: str) -> datetime:
    """A time of Alpaca's, to the microsecond below."""
    return datetime.fromisoformat(told).astimezone(UTC)
