"""Coinbase Advanced: fills, orders, accounts; of who trades futures, their positions and cash.

A key of the developer platform signs a token (JWT, ES256) for each request, which names its method,
host and path, and is good for two minutes. A list is paged by a cursor that each answer hands out.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import quote, urlencode, urlsplit

from Crypto.Hash import SHA256
from Crypto.PublicKey import ECC
from Crypto.Signature import DSS

from adapters.json_page import Json
from adapters.transport.credentials import Credentials
from adapters.transport.errors import CredentialsError, TryLaterError
from adapters.transport.request import Part, Request, Step, Window, plain
from adapters.transport.session import Call, Problem, Session

FIELDS: Final = ("key", "secret")
GAP: Final = 100  # 30 requests a second, told for all of a user's programs
BASE: Final = "https://api.coinbase.com"
PREFIX: Final = "/api/v3/brokerage"
DAYS: Final = 30
LIVES: Final = 120  # seconds, of a token
CURVE: Final = "NIST P-256"
_MILLISECOND: Final = timedelta(milliseconds=1)
_SECOND: Final = 1000
_ORDERS: Final = "/orders/historical/batch"
_BY_WINDOW: Final = (
    ("fills", "/orders/historical/fills", "start_sequence_timestamp", "end_sequence_timestamp"),
    ("orders", _ORDERS, "start_date", "end_date"),
)
"""What is asked for by windows, and how their beginnings and ends are called."""
_NOT_A_KEY: Final = (
    "coinbase: the secret is no private key of the kind ECDSA; make a key of the developer "
    "platform with this kind of signature, and copy its private key whole"
)


def parts(request: Request, session: Session) -> Iterator[Part]:
    """Fills and orders by windows, then what is open and held now. With symbols, which are
    futures, also what they are, their positions and cash."""
    key_of(session.credentials)
    for kind, path, since, until in _BY_WINDOW:
        for window in request.windows(DAYS):
            yield _listed(session, kind, path, {
                since: _written(window.start - _MILLISECOND),
                until: _written(window.end + _MILLISECOND),
                "limit": "100",
            }, window)  # fmt: skip
    open_now = {"order_status": "OPEN", "limit": "100"}
    yield _listed(session, "orders", _ORDERS, open_now)
    yield _listed(session, "accounts", "/accounts", {"limit": "250"})
    for symbol in request.symbols:
        yield _single(session, f"product-{plain(symbol)}", f"/products/{quote(symbol, safe='')}",
                      "product_id")  # fmt: skip
    if request.symbols:
        yield _single(session, "futures-positions", "/cfm/positions", "positions")
        yield _single(session, "futures-cash", "/cfm/balance_summary", "balance_summary")


def _listed(
    session: Session, kind: str, path: str, asked: dict[str, str], window: Window | None = None
) -> Part:
    """One list, to the answer that hands out no cursor; a state of now without a window."""

    def read(cursor: str) -> Step:
        further = {"cursor": cursor} if cursor else {}
        content, value = _ask(session, path, {**asked, **further}, kind)
        return Step(content, _following(session, path, value))

    if window is None:
        return Part(name=f"{kind}-now", read=read)
    return Part(name=f"{kind}-{window.label}", read=read, end=window.end)


def _following(session: Session, path: str, value: Json) -> str | None:
    """The next cursor; fills have one while there are more, other lists say so beside it."""
    cursor = value.get("cursor") or None
    if "has_next" not in value:
        return cursor
    if value["has_next"] is not True:
        return None
    if cursor is None:
        told = f"{path} announces a page and hands out no cursor"
        raise session.error(Problem(told, TryLaterError))
    return str(cursor)


def _single(session: Session, name: str, path: str, holds: str) -> Part:
    """One answer without pages."""
    return Part(name=name, read=lambda _: Step(_ask(session, path, {}, holds)[0], None))


def _ask(session: Session, path: str, asked: dict[str, str], holds: str) -> tuple[bytes, Json]:
    query = f"?{urlencode(asked)}" if asked else ""
    url = session.url(BASE, PREFIX + path + query)

    def judge(value: Json) -> Problem | None:
        return _judge(value, holds)

    return session.ask_json(lambda: _signed(session, url), judge)


def _signed(session: Session, url: str) -> Call:
    """A request with a token of its own, which is kept out of messages, too."""
    token = _token(session, url)
    session.credentials.hide(token)
    return Call("GET", url, {"Authorization": f"Bearer {token}"})


def _token(session: Session, url: str) -> str:
    """A JSON web token (RFC 7515, 7518) for a GET, in the claims that the venue wants."""
    name, now, told = session.credentials["key"], session.milliseconds() // _SECOND, urlsplit(url)
    head = {"alg": "ES256", "typ": "JWT", "kid": name, "nonce": f"{session.nonce():x}"}
    claims = {
        "iss": "cdp",
        "sub": name,
        "nbf": now,
        "exp": now + LIVES,
        "uri": f"GET {told.netloc}{told.path}",
    }
    text = ".".join(_encoded(json.dumps(one).encode()) for one in (head, claims))
    signer = DSS.new(key_of(session.credentials), "deterministic-rfc6979", encoding="binary")
    return f"{text}.{_encoded(signer.sign(SHA256.new(text.encode())))}"


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def key_of(held: Credentials) -> ECC.EccKey:
    """The private key, its lines kept out of messages; ``CredentialsError`` when it is none, or of
    another curve. A line's end may be written as a backslash and an n, as in the venue's file."""
    _hide_lines(held)
    found = _loaded(held)
    if found is None:
        raise CredentialsError(_NOT_A_KEY)
    return found


def _lines(held: Credentials) -> str:
    return held["secret"].replace("\\n", "\n")


def _hide_lines(held: Credentials) -> None:
    """Keep each line of the key out of messages, and not only all of them together."""
    for line in _lines(held).splitlines():
        if "-----" not in line:
            held.hide(line)


def _loaded(held: Credentials) -> ECC.EccKey | None:
    """The key, or None: an error from here would show it to whoever shows a traceback's values."""
    try:
        found = ECC.import_key(_lines(held))
    except (ValueError, IndexError, TypeError):
        return None
    return found if found.has_private() and found.curve == CURVE else None


def _judge(value: Json, holds: str) -> Problem | None:
    """An answer that tells an error, or does not hold what was asked for, is none."""
    if not isinstance(value, dict):
        return Problem("an answer that is no object", TryLaterError)
    error = value.get("error") or value.get("errors")
    if error:
        return Problem(f"{error} {value.get('message') or value.get('error_details') or ''}")
    is_there = value.get(holds) is not None
    return None if is_there else Problem(f"an answer without {holds}", TryLaterError)


def _written(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
