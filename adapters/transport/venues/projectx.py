"""ProjectX gateway: a login by key, then trades, orders, positions, the accounts, contracts.

A search answers for a window and announces no next page. Every firm has a gateway of its own;
that of TopstepX is asked unless another address is named.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from adapters.json_page import Json
from adapters.transport.errors import TryLaterError
from adapters.transport.request import Part, Request, Step, Window, plain
from adapters.transport.session import Call, Problem, Session

FIELDS: Final = ("user", "key")
GAP: Final = 350  # 200 requests a minute
BASE: Final = "https://api.topstepx.com"
DAYS: Final = 7
_Asked = Callable[[], dict[str, object]]
ROWS: Final = {
    "/api/Auth/loginKey": "token",
    "/api/Trade/search": "trades",
    "/api/Order/search": "orders",
    "/api/Position/searchOpen": "positions",
    "/api/Account/search": "accounts",
    "/api/Contract/searchById": "contract",
}


def parts(request: Request, session: Session) -> Iterator[Part]:
    """Trades and orders by windows, contracts that are named, then what is held now."""
    gateway = _Gateway(request, session)
    for name, path in (("trades", "/api/Trade/search"), ("orders", "/api/Order/search")):
        for window in request.windows(DAYS):
            yield _search(gateway, name, path, window)
    for symbol in request.symbols:
        yield _contract(gateway, symbol)
    yield Part(name="positions", read=lambda _: Step(gateway.positions(), None))
    yield Part(name="accounts", read=lambda _: Step(gateway.accounts()[0], None))


def _search(gateway: _Gateway, name: str, path: str, window: Window) -> Part:
    # Both bounds are inclusive: without the microsecond, a trade at a border would come twice.
    last = window.end - timedelta(microseconds=1)
    bounds: dict[str, object] = {
        "startTimestamp": _written(window.start),
        "endTimestamp": _written(last),
    }

    def read(_: str) -> Step:
        return Step(gateway.ask(path, {"accountId": gateway.account(), **bounds})[0], None)

    return Part(name=f"{name}-{window.label}", read=read, end=window.end)


def _contract(gateway: _Gateway, symbol: str) -> Part:
    asked: dict[str, object] = {"contractId": symbol}

    def read(_: str) -> Step:
        return Step(gateway.ask("/api/Contract/searchById", asked)[0], None)

    return Part(name=f"contract-{plain(symbol)}", read=read)


class _Gateway:
    """The gateway after a login, which is made when it is asked first."""

    def __init__(self, request: Request, session: Session) -> None:
        self._wanted = request.venue_account or request.account
        self._session = session
        self._token: list[str] = []
        self._account: int | None = None

    def __repr__(self) -> str:
        return "_Gateway()"

    def ask(self, path: str, asked: dict[str, object]) -> tuple[bytes, Json]:
        """An answer, logged in."""
        if not self._token:
            self._login()
        return self._post(path, lambda: asked)

    def positions(self) -> bytes:
        """The open positions."""
        return self.ask("/api/Position/searchOpen", {"accountId": self.account()})[0]

    def accounts(self) -> tuple[bytes, Json]:
        """Every account of the user, those that may no longer trade too."""
        return self.ask("/api/Account/search", {"onlyActiveAccounts": False})

    def account(self) -> int:
        """The gateway's id of the account that was asked for by its id or its name."""
        if self._account is None:
            listed = self.accounts()[1]["accounts"]
            named = [one for one in listed if self._wanted in (one.get("id"), one.get("name"))]
            if len(named) != 1:
                told = f"no account has the id or name {self._wanted}; give it by --venue-account"
                raise self._session.error(Problem(told))
            self._account = int(named[0]["id"])
        return self._account

    def _login(self) -> None:
        held = self._session.credentials
        _, value = self._post(
            "/api/Auth/loginKey", lambda: {"userName": held["user"], "apiKey": held["key"]}
        )
        held.hide(value["token"])
        self._token = [value["token"]]

    def _post(self, path: str, asked: _Asked) -> tuple[bytes, Json]:
        url, rows = self._session.url(BASE, path), ROWS[path]
        return self._session.ask_json(
            lambda: Call("POST", url, self._headers(), json.dumps(asked())),
            lambda value: _judge(value, rows),
        )

    def _headers(self) -> dict[str, str]:
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token[0]}"
        return headers


def _judge(value: Json, rows: str) -> Problem | None:
    if not isinstance(value, dict):
        return Problem("an answer that is no object", TryLaterError)
    if value.get("success") is not True or value.get("errorCode") not in (None, "0"):
        return Problem(f"errorCode {value.get('errorCode')}: {value.get('errorMessage')}")
    return None if value.get(rows) is not None else Problem(f"no {rows}", TryLaterError)


def _written(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
