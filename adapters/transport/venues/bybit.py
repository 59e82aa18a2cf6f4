"""Bybit v5: executions, the transaction log, orders, positions, the wallet.

A history is asked for in windows of seven days, each paged by ``nextPageCursor``, which is sent
back as it came: it is encoded already, and signed like that.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator
from typing import Final
from urllib.parse import quote

from adapters.json_page import Json
from adapters.transport.errors import TryLaterError
from adapters.transport.request import Part, Request, Step, Window, milliseconds
from adapters.transport.session import Call, Problem, Session, problem

FIELDS: Final = ("key", "secret")
GAP: Final = 120
BASE: Final = "https://api.bybit.com"
DAYS: Final = 7
CATEGORIES: Final = ("linear", "inverse", "spot", "option")
RECEIVED_WITHIN: Final = "5000"
_PASSING: Final = frozenset({"10000", "10006", "10016", "10018", "10019"})

# A contract's positions and orders are asked for by what they settle in.
_OPEN: Final[tuple[tuple[str, dict[str, str]], ...]] = (
    ("linear", {"settleCoin": "USDT"}),
    ("linear", {"settleCoin": "USDC"}),
    ("inverse", {}),
    ("option", {}),
)


def parts(request: Request, session: Session) -> Iterator[Part]:
    """Executions and orders by category, the log whole, then what is open now."""
    for window in request.windows(DAYS):
        yield _paged(session, "log", "/v5/account/transaction-log",
                     {"accountType": "UNIFIED", "limit": "50"}, window)  # fmt: skip
        for category in CATEGORIES:
            yield _paged(session, f"executions-{category}", "/v5/execution/list",
                         {"category": category, "limit": "100"}, window)  # fmt: skip
            yield _paged(session, f"orders-{category}", "/v5/order/history",
                         {"category": category, "limit": "50"}, window)  # fmt: skip
    for category, by in (*_OPEN, ("spot", {})):
        name = "-".join(("open", category, *by.values()))
        asked = {"category": category, **by, "limit": "50"}
        yield _paged(session, name.lower(), "/v5/order/realtime", asked)
    for category, by in _OPEN:
        name = "-".join(("positions", category, *by.values()))
        asked = {"category": category, **by, "limit": "200"}
        yield _paged(session, name.lower(), "/v5/position/list", asked)
    wallet = {"accountType": "UNIFIED"}
    yield _paged(session, "wallet", "/v5/account/wallet-balance", wallet)


def _paged(
    session: Session, name: str, path: str, asked: dict[str, str], window: Window | None = None
) -> Part:
    """One list; both bounds of a window are inclusive there."""
    bounds = {}
    if window is not None:
        last = milliseconds(window.end) - 1
        bounds = {"startTime": f"{milliseconds(window.start)}", "endTime": f"{last}"}

    def read(cursor: str) -> Step:
        further = {"cursor": cursor} if cursor else {}
        content, value = _ask(session, path, {**asked, **bounds, **further})
        return Step(content, value["result"].get("nextPageCursor") or None)

    if window is None:
        return Part(name=name, read=read)
    return Part(name=f"{name}-{window.label}", read=read, end=window.end)


def _ask(session: Session, path: str, params: dict[str, str]) -> tuple[bytes, Json]:
    query = "&".join(f"{name}={quote(value, safe='%')}" for name, value in params.items())
    return session.ask_json(lambda: _signed(session, path, query), _judge)


def _signed(session: Session, path: str, query: str) -> Call:
    """Signed as the documentation says: time, key, window and query in one text."""
    held, now = session.credentials, f"{session.milliseconds()}"
    text = f"{now}{held['key']}{RECEIVED_WITHIN}{query}"
    signature = hmac.new(held["secret"].encode(), text.encode(), hashlib.sha256).hexdigest()
    headers = {
        "X-BAPI-API-KEY": held["key"],
        "X-BAPI-TIMESTAMP": now,
        "X-BAPI-RECV-WINDOW": RECEIVED_WITHIN,
        "X-BAPI-SIGN": signature,
    }
    return Call("GET", session.url(BASE, f"{path}?{query}"), headers)


def _judge(value: Json) -> Problem | None:
    code = value.get("retCode") if isinstance(value, dict) else None
    if code == "0":
        is_list = isinstance(value.get("result"), dict) and "list" in value["result"]
        return None if is_list else Problem("an answer without a list", TryLaterError)
    said = value.get("retMsg") if isinstance(value, dict) else value
    if code == "10002":
        said = f"{said}; set this machine's clock"
    return problem(f"{code} {said}", passing=code in _PASSING)
