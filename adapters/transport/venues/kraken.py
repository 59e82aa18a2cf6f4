"""Kraken spot: trades, ledgers, closed and open orders, positions, balances.

A history is paged by an offset from its newest row. Its end is fixed before the first page, so
that rows which come meanwhile do not shift the pages; ``count`` says how many rows there are.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterator
from datetime import timedelta
from typing import Final
from urllib.parse import urlencode

from adapters.json_page import Json
from adapters.transport.credentials import Credentials
from adapters.transport.errors import CredentialsError, TryLaterError
from adapters.transport.request import EPOCH, Part, Request, Step, Window
from adapters.transport.session import Call, Problem, Session, problem

FIELDS: Final = ("key", "secret")
GAP: Final = 3000  # a page of history costs two points, of which one comes back in two seconds
BASE: Final = "https://api.kraken.com"
DAYS: Final = 30
HISTORIES: Final[tuple[tuple[str, str, str, dict[str, str]], ...]] = (
    ("trades", "TradesHistory", "trades", {"ledgers": "true"}),
    ("ledgers", "Ledgers", "ledger", {}),
    ("orders-closed", "ClosedOrders", "closed", {}),
)
STATES: Final = (
    ("orders-open", "OpenOrders"),
    ("positions", "OpenPositions"),
    ("balance", "Balance"),
)
_SECOND: Final = timedelta(seconds=1)
_PASSING: Final = (
    "EAPI:Rate limit", "EAPI:Invalid nonce", "EService:", "EGeneral:Temporary", "EOrder:Rate limit",
    "EGeneral:Internal error",
)  # fmt: skip


def parts(request: Request, session: Session) -> Iterator[Part]:
    """Histories by windows, then what is open and held now."""
    secret_of(session.credentials)
    for name, path, held, asked in HISTORIES:
        for window in request.windows(DAYS):
            yield _history(session, name, path, held, asked, window)
    for name, path in STATES:
        yield _state(session, name, path)


def _history(
    session: Session, name: str, path: str, held: str, asked: dict[str, str], window: Window
) -> Part:
    """One history. Bounds are seconds, the first one exclusive; rows at them come twice."""
    start = (window.start - EPOCH) // _SECOND - 1
    end = -((EPOCH - window.end) // _SECOND)

    def read(cursor: str) -> Step:
        at = int(cursor or "0")
        bounds = {"start": f"{start}", "end": f"{end}", "ofs": f"{at}"}
        content, value = _ask(session, path, {**asked, **bounds})
        reached, count = at + len(value["result"][held]), int(value["result"]["count"])
        if reached == at and at < count:
            told = f"{path} ends at {at} of {count} rows"
            raise session.error(Problem(told, TryLaterError))
        return Step(content, f"{reached}" if reached < count else None)

    return Part(name=f"{name}-{window.label}", read=read, end=window.end)


def _state(session: Session, name: str, path: str) -> Part:
    return Part(name=name, read=lambda _: Step(_ask(session, path, {})[0], None))


def _ask(session: Session, path: str, asked: dict[str, str]) -> tuple[bytes, Json]:
    return session.ask_json(lambda: _signed(session, f"/0/private/{path}", asked), _judge)


def _signed(session: Session, path: str, asked: dict[str, str]) -> Call:
    """``API-Sign`` of Kraken's documentation: the path, and the hash of nonce and body."""
    nonce = f"{session.nonce()}"
    body = urlencode({"nonce": nonce, **asked})
    text = path.encode() + hashlib.sha256((nonce + body).encode()).digest()
    signature = hmac.new(secret_of(session.credentials), text, hashlib.sha512).digest()
    headers = {
        "API-Key": session.credentials["key"],
        "API-Sign": base64.b64encode(signature).decode(),
        "Content-Type": "application/x-www-form-urlencoded",
    }
    return Call("POST", session.url(BASE, path), headers, body)


def secret_of(held: Credentials) -> bytes:
    """The secret's bytes; ``CredentialsError`` when it is not base64."""
    try:
        return base64.b64decode(held["secret"], validate=True)
    except binascii.Error:
        pass
    raise CredentialsError("kraken: the secret is not base64; copy the private key again")


def _judge(value: Json) -> Problem | None:
    errors = value.get("error") if isinstance(value, dict) else ["no object"]
    if not errors:
        is_whole = isinstance(value.get("result"), dict)
        return None if is_whole else Problem("an answer without a result", TryLaterError)
    told = ", ".join(map(str, errors)) if isinstance(errors, list) else str(errors)
    return problem(told, passing=told.startswith(_PASSING))
