"""Binance: spot, USD-M and COIN-M trades by symbol, income, accounts.

Trades are asked for symbol by symbol: there is no list of all. Nothing announces a next page, and
``page`` is no longer taken for income. So a list is asked for in pieces of time: of an answer that
is full nothing is kept, and half of its time is asked for. That needs no order of rows and no
paging by ids, which are a market's own matter.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Final, NamedTuple
from urllib.parse import urlencode

from adapters.json_page import Json
from adapters.transport.errors import FetchError
from adapters.transport.request import Part, Request, Step, Window, milliseconds, plain
from adapters.transport.session import Call, Problem, Session, problem

FIELDS: Final = ("key", "secret")
GAP: Final = 250
LIMIT: Final = 1000
RECEIVED_WITHIN: Final = "5000"
INCOME_DAYS: Final = 7
_PASSING: Final = frozenset({"-1000", "-1001", "-1003", "-1006", "-1007", "-1008", "-1015"})


class Market(NamedTuple):
    """One of the three APIs; ``days`` a part of its trades covers, ``span`` one request may."""

    base: str
    trades: str
    orders: str
    accounts: tuple[str, ...]
    days: int
    span: timedelta
    income: str = ""


MARKETS: Final = {
    "spot": Market(
        "https://api.binance.com",
        "/api/v3/myTrades",
        "/api/v3/openOrders",
        ("/api/v3/account",),
        days=30,
        span=timedelta(days=1),
    ),
    "um": Market(
        "https://fapi.binance.com",
        "/fapi/v1/userTrades",
        "/fapi/v1/openOrders",
        ("/fapi/v2/account",),
        days=7,
        span=timedelta(days=7),
        income="/fapi/v1/income",
    ),
    "cm": Market(
        "https://dapi.binance.com",
        "/dapi/v1/userTrades",
        "/dapi/v1/openOrders",
        ("/dapi/v1/account",),
        days=7,
        span=timedelta(days=7),
        income="/dapi/v1/income",
    ),
}


def parts(request: Request, session: Session) -> Iterator[Part]:
    """Trades of each symbol, income of the futures' markets, then what is open now."""
    asked = [_market_and_symbol(name) for name in request.symbols]
    if not asked:
        raise FetchError(
            "binance lists trades by symbol only: name every one that was ever traded, such as "
            "--symbols BTCUSDT --symbols um:BTCUSDT --symbols cm:BTCUSD_PERP"
        )
    used = [name for name in MARKETS if name in {market for market, _ in asked}]
    for market, symbol in asked:
        for window in request.windows(MARKETS[market].days):
            yield _trades(session, market, symbol, window)
    for market in filter(lambda name: MARKETS[name].income, used):
        for window in request.windows(INCOME_DAYS):
            yield _income(session, market, window)
    for market in used:
        yield from _now(session, market)


def _market_and_symbol(name: str) -> tuple[str, str]:
    market, is_named, symbol = name.rpartition(":")
    if is_named and market not in MARKETS:
        raise FetchError(f"--symbols {name}: a market is one of {', '.join(MARKETS)}")
    return market or "spot", symbol


def _trades(session: Session, market: str, symbol: str, window: Window) -> Part:
    path, name = MARKETS[market].trades, f"trades-{market}-{plain(symbol)}-{window.label}"
    return _history(session, market, name, path, {"symbol": symbol}, window)


def _income(session: Session, market: str, window: Window) -> Part:
    name = f"income-{market}-{window.label}"
    return _history(session, market, name, MARKETS[market].income, {}, window)


def _history(
    session: Session, market: str, name: str, path: str, asked: Mapping[str, str], window: Window
) -> Part:
    """A list in pieces of time, none with a full answer. A cursor is a piece's begin and length."""
    api, end = MARKETS[market], milliseconds(window.end)
    longest = api.span // timedelta(milliseconds=1)

    def read(cursor: str) -> Step:
        start, length = map(int, cursor.split()) if cursor else (
            milliseconds(window.start), longest)  # fmt: skip
        last = min(start + length, end) - 1
        by = {"startTime": start, "endTime": last, "limit": LIMIT}
        content, rows = _ask(session, api.base, path, {**asked, **by})
        if len(rows) >= LIMIT:
            return Step(None, f"{start} {_half(session, path, last + 1 - start)}")
        if last + 1 >= end:
            return Step(content, None)
        # An empty piece of a longer time says nothing that the others do not.
        return Step(content if rows else None, f"{last + 1} {min(length * 2, longest)}")

    return Part(name=name, read=read, end=window.end)


def _half(session: Session, path: str, length: int) -> int:
    if length < 2:
        raise session.error(Problem(f"{path}: {LIMIT} rows of one millisecond cannot be paged"))
    return length // 2


def _now(session: Session, market: str) -> Iterator[Part]:
    api = MARKETS[market]

    def reading(path: str) -> Part:
        name = f"{path.rsplit('/', 1)[-1].lower()}-{market}"
        return Part(name=name, read=lambda _: Step(_ask(session, api.base, path, {})[0], None))

    for path in (api.orders, *api.accounts):
        yield reading(path)


def _ask(session: Session, base: str, path: str, asked: Mapping[str, object]) -> tuple[bytes, Json]:
    return session.ask_json(lambda: _signed(session, session.url(base, path), asked), _judge)


def _signed(session: Session, url: str, asked: Mapping[str, object]) -> Call:
    now = milliseconds(session.now())
    query = urlencode({**asked, "recvWindow": RECEIVED_WITHIN, "timestamp": now})
    secret = session.credentials["secret"].encode()
    signature = hmac.new(secret, query.encode(), hashlib.sha256).hexdigest()
    headers = {"X-MBX-APIKEY": session.credentials["key"]}
    return Call("GET", f"{url}?{query}&signature={signature}", headers)


def _judge(value: Json) -> Problem | None:
    if isinstance(value, dict) and "code" in value and "msg" in value:
        code = value["code"]
        return problem(f"{code} {value['msg']}", passing=code in _PASSING)
    return None
