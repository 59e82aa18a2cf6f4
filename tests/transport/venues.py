"""Venues in small: each checks the signature, refuses what the real one does not take, and pages.

The rows are made up and lie in the window asked for, and just outside of it. Pages hold few rows.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import attrs
from Crypto.Hash import SHA256
from Crypto.PublicKey import ECC
from Crypto.Signature import DSS

from adapters import demo
from adapters.port import AccountConfig
from adapters.transport.credentials import Credentials
from adapters.transport.request import Request, milliseconds
from tests.brokers import binance, bybit, kraken, projectx
from tests.brokers.venues import alpaca, coinbase
from tests.transport.server import Asked, Reply

START = datetime(2026, 1, 1, tzinfo=UTC)
END = datetime(2026, 1, 20, tzinfo=UTC)
NOW = datetime(2026, 1, 22, 12, tzinfo=UTC)
INSTANT = timedelta(milliseconds=1)
# The first and the last instant of the window, the borders of its weeks, one instant twice.
TIMES = (
    START, START + timedelta(days=7) - INSTANT, START + timedelta(days=7),
    START + timedelta(days=9), START + timedelta(days=9), START + timedelta(days=14), END - INSTANT,
)  # fmt: skip
OUTSIDE = (START - timedelta(hours=1), END + timedelta(hours=1))
PAGE = 2
ACCOUNT = "A"
ASKED = Request(account=ACCOUNT, start=START, end=END)
NAMED = AccountConfig(account=ACCOUNT)
SECRET = "canary-secret-5up3r"
KEY = "canary-key-1d"
USER = "canary-user-0"


@attrs.frozen(kw_only=True)
class Venue:
    """A venue: what to ask of it and with what, how it answers, and what its parser is."""

    name: str
    answering: Callable[[], Callable[[Asked], Reply]]
    credentials: dict[str, str]
    request: Request = ASKED
    config: AccountConfig = NAMED
    fills: int = len(TIMES)

    def held(self) -> Credentials:
        return Credentials(self.credentials)


def said(value: Any, status: int = 200) -> Reply:
    return Reply(json.dumps(value).encode(), status)


def paged(rows: list[Any], at: str) -> tuple[list[Any], str]:
    """A page from an offset, and the offset of the next one."""
    first = int(at or 0)
    following = first + PAGE
    return rows[first:following], f"{following}" if following < len(rows) else ""


# ------------------------------------------------------------------------------------- Alpaca


def _alpaca() -> Callable[[Asked], Reply]:
    def written(moment: datetime) -> str:
        return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    moments = [*OUTSIDE[:1], *TIMES, *OUTSIDE[1:]]
    trades: list[Any] = [
        alpaca.fill(n, transaction_time=written(at), id=f"{at:%Y%m%d%H%M%S}000::{alpaca.uuid(n)}")
        for n, at in enumerate(moments)
    ]
    orders: list[Any] = [
        {"id": f"order-{n}", "client_order_id": f"c{n}", "symbol": "ACME", "side": "buy",
         "asset_class": "us_equity", "qty": "100", "filled_qty": "100", "status": "filled",
         "filled_avg_price": "16", "submitted_at": written(at), "updated_at": written(at)}
        for n, at in enumerate(moments)
    ]  # fmt: skip

    def between(params: dict[str, str], at: str) -> bool:
        return params["after"] < at < params["until"]

    def answer(asked: Asked) -> Reply:
        told, params = asked.headers, asked.params
        if (told["apca-api-key-id"], told["apca-api-secret-key"]) != (KEY, SECRET):
            return said({"code": 40110000, "message": f"{told['apca-api-secret-key']}?"}, 403)
        if asked.path == "/v2/account/activities":
            rows = [row for row in trades if between(params, row["transaction_time"])]
            ids = [row["id"] for row in rows]
            first = ids.index(params["page_token"]) + 1 if "page_token" in params else 0
            return said(rows[first : first + PAGE])
        if asked.path == "/v2/orders" and params["status"] == "all":
            rows = [row for row in orders if between(params, row["submitted_at"])]
            return said(rows[: int(params["limit"])])
        if asked.path == "/v2/account":
            return said({"id": "a", "account_number": "PA1", "status": "ACTIVE", "cash": "10",
                         "currency": "USD"})  # fmt: skip
        return said([])

    return answer


# -------------------------------------------------------------------------------------- Bybit


def _bybit() -> Callable[[Asked], Reply]:
    """Each page repeats the last row of the one before."""
    rows: list[Any] = [
        {**bybit.EXECUTION, "execId": f"e-{n}", "execTime": f"{milliseconds(at)}", "seq": n}
        for n, at in enumerate([*OUTSIDE[:1], *TIMES, *OUTSIDE[1:]])
    ]
    week = timedelta(days=7) // INSTANT

    def signed(asked: Asked) -> bool:
        told = asked.headers
        text = told["x-bapi-timestamp"] + KEY + told["x-bapi-recv-window"] + asked.query
        made = hmac.new(SECRET.encode(), text.encode(), hashlib.sha256).hexdigest()
        return told["x-bapi-api-key"] == KEY and made == told["x-bapi-sign"]

    def answer(asked: Asked) -> Reply:
        params = asked.params
        if not signed(asked):
            return said({"retCode": 10004, "retMsg": f"error sign! {SECRET}", "result": {}})
        if "startTime" in params and int(params["endTime"]) - int(params["startTime"]) > week:
            return said({"retCode": 10001, "retMsg": "more than 7 days", "result": {}})
        if asked.path == "/v5/execution/list" and params["category"] == "linear":
            first, last = int(params["startTime"]), int(params["endTime"])
            held = [row for row in rows if first <= int(row["execTime"]) <= last]
            page, cursor = paged(held, params.get("cursor", "").partition("=")[2])
            again = held[max(int(params["cursor"].partition("=")[2]) - 1, 0) :][:1] if (
                "cursor" in params) else []  # fmt: skip
            encoded = f"page_token%3D{cursor}" if cursor else ""
            return said(bybit.answer(*again, *page, category="linear", cursor=encoded))
        if asked.path == "/v5/account/wallet-balance":
            coin = {"coin": "USDT", "walletBalance": "998.5", "spotBorrow": "0"}
            wallet = {"accountType": "UNIFIED", "totalEquity": "998.5", "coin": [coin]}
            return said(bybit.answer(wallet))
        return said(bybit.answer(category=params.get("category", "")))

    return answer


# ------------------------------------------------------------------------------------ Binance


def _binance() -> Callable[[Asked], Reply]:
    moments = [*OUTSIDE[:1], *TIMES, *OUTSIDE[1:]]
    tables: dict[str, list[dict[str, Any]]] = {
        "/api/v3/myTrades": [
            {**binance.SPOT, "id": n, "time": milliseconds(at)} for n, at in enumerate(moments, 500)
        ],
        "/fapi/v1/userTrades": [
            {**binance.USER, "id": n, "time": milliseconds(at)} for n, at in enumerate(moments, 700)
        ],
        "/fapi/v1/income": [
            {**binance.INCOME, "time": milliseconds(at), "info": f"{n}", "tradeId": f"{n}",
             "tranId": n} for n, at in enumerate(moments, 700)
        ],
    }  # fmt: skip
    spans = {"/api/v3/myTrades": 1, "/fapi/v1/userTrades": 7, "/fapi/v1/income": 7}

    def signed(asked: Asked) -> bool:
        query, _, signature = asked.query.partition("&signature=")
        made = hmac.new(SECRET.encode(), query.encode(), hashlib.sha256).hexdigest()
        return asked.headers["x-mbx-apikey"] == KEY and made == signature

    def answer(asked: Asked) -> Reply:
        params = asked.params
        if not signed(asked):
            return said({"code": -1022, "msg": f"Signature for {SECRET} is not valid."}, 400)
        if asked.path in tables:
            return rows_of(asked.path, params)
        if asked.path == "/api/v3/account":
            return said({"accountType": "SPOT", "updateTime": 1, "balances": []})
        return said({"assets": [], "positions": []} if "account" in asked.path else [])

    def rows_of(path: str, params: dict[str, str]) -> Reply:
        if "page" in params:
            return said({"code": -1104, "msg": "page is no longer taken"}, 400)
        rows = tables[path]
        if "fromId" in params:
            held = [row for row in rows if row["id"] >= int(params["fromId"])]
            return said(held[: int(params["limit"])])
        first, last = int(params["startTime"]), int(params["endTime"])
        if last - first > timedelta(days=spans[path]) // INSTANT:
            return said({"code": -1127, "msg": "More than the allowed hours"}, 400)
        return said([r for r in rows if first <= r["time"] <= last][: int(params["limit"])])

    return answer


# ----------------------------------------------------------------------------------- Coinbase

PRIVATE_KEY = ECC.construct(curve="P-256", d=int.from_bytes(SECRET.encode()))
COINBASE_SECRET = PRIVATE_KEY.export_key(format="PEM", use_pkcs8=False)


def _coinbase() -> Callable[[Asked], Reply]:
    """Newest first. A token is good for one request, of the path it names, and for two minutes."""
    rows = [
        coinbase.fill(n, trade_time=at.isoformat(), sequence_timestamp=at.isoformat())
        for n, at in enumerate([*OUTSIDE[:1], *TIMES, *OUTSIDE[1:]])
    ][::-1]
    orders = [
        coinbase.order(n, status="FILLED", filled_size="0.5", created_time=row["trade_time"])
        for n, row in enumerate(rows)
    ]
    seen: set[str] = set()

    def signed(asked: Asked) -> bool:
        text, _, signature = asked.headers["authorization"].removeprefix("Bearer ").rpartition(".")
        head, claims = (json.loads(_decoded(part)) for part in text.split("."))
        verifier = DSS.new(PRIVATE_KEY.public_key(), "fips-186-3")
        try:
            verifier.verify(SHA256.new(text.encode()), _decoded(signature))
        except ValueError:
            return False
        is_new = head["nonce"] not in seen
        seen.add(head["nonce"])
        here = f"{asked.method} {asked.headers['host']}{asked.path}"
        assert (head["alg"], claims["iss"], claims["exp"] - claims["nbf"]) == ("ES256", "cdp", 120)
        return is_new and head["kid"] == claims["sub"] == KEY and claims["uri"] == here

    def answer(asked: Asked) -> Reply:
        params, path = asked.params, asked.path.removeprefix("/api/v3/brokerage")
        if not signed(asked):
            return said({"error": "UNAUTHORIZED", "message": asked.headers["authorization"]}, 401)
        if path == "/orders/historical/fills":
            found = between(rows, "trade_time", params, "sequence_timestamp")
            page, cursor = paged(found, params.get("cursor", ""))
            return said({"fills": page, "cursor": cursor})
        if path == "/orders/historical/batch" and "start_date" in params:
            found = between(orders, "created_time", params, "date")
            page, cursor = paged(found, params.get("cursor", ""))
            return said({"orders": page, "has_next": bool(cursor), "cursor": cursor or "0"})
        if path == "/orders/historical/batch":
            return said({"orders": [], "has_next": False, "cursor": ""})
        accounts = [coinbase.account("BTC", "1.5"), coinbase.account("USD", "10")]
        page, cursor = paged([*accounts, coinbase.account("ETH", "2")], params.get("cursor", ""))
        return said({"accounts": page, "has_next": bool(cursor), "cursor": cursor})

    def between(table: list[Any], when: str, params: dict[str, str], name: str) -> list[Any]:
        first, last = (datetime.fromisoformat(params[f"{end}_{name}"]) for end in ("start", "end"))
        return [row for row in table if first < datetime.fromisoformat(row[when]) < last]

    return answer


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


# ------------------------------------------------------------------------------------- Kraken

KRAKEN_SECRET = base64.b64encode(SECRET.encode()).decode()


def _kraken() -> Callable[[Asked], Reply]:
    """Newest first; a new trade comes with every request, after the end that was asked for."""
    rows = {
        f"T{n}": {**kraken.TRADE, "trade_id": n, "ordertxid": f"O{n}", "ledgers": [],
                  "time": milliseconds(at) / 1000}
        for n, at in enumerate([*OUTSIDE[:1], *TIMES, *OUTSIDE[1:]])
    }  # fmt: skip
    last = [0]

    def signed(asked: Asked, nonce: str) -> bool:
        text = asked.path.encode() + hashlib.sha256(nonce.encode() + asked.body).digest()
        made = hmac.new(SECRET.encode(), text, hashlib.sha512).digest()
        told = asked.headers
        return told["api-key"] == KEY and base64.b64encode(made).decode() == told["api-sign"]

    def answer(asked: Asked) -> Reply:
        params = attrs.evolve(asked, query=asked.body.decode()).params
        if not signed(asked, params["nonce"]):
            return said({"error": [f"EAPI:Invalid signature {KRAKEN_SECRET}"]})
        if int(params["nonce"]) <= last[0]:
            return said({"error": ["EAPI:Invalid nonce"]})
        last[0] = int(params["nonce"])
        if asked.path == "/0/private/TradesHistory":
            return history(params)
        name = {"Ledgers": "ledger", "ClosedOrders": "closed", "OpenOrders": "open"}
        held = name.get(asked.path.rpartition("/")[2])
        result: dict[str, Any] = {held: {}, "count": 0} if held else {}
        return said({"error": [], "result": result or {"ZUSD": "12.5"}})

    def history(params: dict[str, str]) -> Reply:
        new = f"N{len(rows)}"
        rows[new] = {**rows["T0"], "time": milliseconds(OUTSIDE[1]) / 1000 + len(rows)}
        first, end = int(params["start"]), int(params["end"])
        held = sorted(
            ((key, row) for key, row in rows.items() if first < row["time"] <= end),
            key=lambda pair: -pair[1]["time"],
        )
        page, _ = paged(held, params["ofs"])
        return said({"error": [], "result": {"trades": dict(page), "count": len(held)}})

    return answer


# ----------------------------------------------------------------------------------- ProjectX

TOKEN = "canary-token-7777"


def _projectx() -> Callable[[Asked], Reply]:
    fine = {"success": True, "errorCode": 0, "errorMessage": None}
    rows: list[Any] = [
        {**projectx.TRADE, "id": n, "creationTimestamp": at.isoformat()}
        for n, at in enumerate([*OUTSIDE[:1], *TIMES, *OUTSIDE[1:]], 8000)
    ]
    lists = {"/api/Order/search": "orders", "/api/Position/searchOpen": "positions"}

    def answer(asked: Asked) -> Reply:
        params = json.loads(asked.body)
        if asked.path == "/api/Auth/loginKey":
            if params != {"userName": USER, "apiKey": KEY}:
                told = f"{params['apiKey']} is no key"
                return said({"success": False, "errorCode": 3, "errorMessage": told, "token": None})
            return said({**fine, "token": TOKEN})
        if asked.headers.get("authorization") != f"Bearer {TOKEN}":
            return said({}, 401)
        if asked.path == "/api/Account/search":
            return said({**fine, "accounts": [projectx.ACCOUNT, {**projectx.ACCOUNT, "id": 204,
                                                                 "name": "other"}]})  # fmt: skip
        if asked.path == "/api/Trade/search":
            return said({**fine, "trades": trades(params)})
        return said({**fine, lists[asked.path]: []})

    def trades(params: dict[str, Any]) -> list[Any]:
        first, last = (
            datetime.fromisoformat(params[name]) for name in ("startTimestamp", "endTimestamp")
        )
        moments = [(row, datetime.fromisoformat(row["creationTimestamp"])) for row in rows]
        return [row for row, at in moments if first <= at <= last and params["accountId"] == 203]

    return answer


# --------------------------------------------------------------------- Interactive Brokers Flex


def flex_error(code: int, told: str = "") -> Reply:
    return Reply(
        "<FlexStatementResponse timestamp='22 January, 2026 07:00 AM EST'><Status>Warn</Status>"
        f"<ErrorCode>{code}</ErrorCode><ErrorMessage>{told}</ErrorMessage>"
        "</FlexStatementResponse>".encode()
    )


def _flex() -> Callable[[Asked], Reply]:
    """Two requests find the statement not made yet."""
    asked_for: list[str] = []

    def answer(asked: Asked) -> Reply:
        params = asked.params
        assert asked.headers["user-agent"] == "Java"
        if params["t"] != SECRET:
            return flex_error(1015, f"Token {params['t']} is invalid.")
        if asked.path == "/SendRequest":
            assert (params["fd"], params["td"], params["q"]) == ("20260101", "20260119", "77")
            return Reply(
                b"<FlexStatementResponse><Status>Success</Status><ReferenceCode>4711"
                b"</ReferenceCode><Url>http://"
                + asked.headers["host"].encode()
                + b"/GetStatement</Url></FlexStatementResponse>"
            )
        asked_for.append(params["q"])
        assert params["q"] == "4711"
        if len(asked_for) < 3:
            return flex_error(1019, "Statement generation in progress.")
        return Reply(demo.statement().content)

    return answer


VENUES = (
    Venue(name="alpaca", answering=_alpaca, credentials={"key": KEY, "secret": SECRET}),
    Venue(
        name="binance",
        answering=_binance,
        credentials={"key": KEY, "secret": SECRET},
        request=attrs.evolve(ASKED, symbols=("ETHUSDT", "um:BTCUSDT")),
        fills=2 * len(TIMES),
    ),
    Venue(name="bybit", answering=_bybit, credentials={"key": KEY, "secret": SECRET}),
    Venue(
        name="coinbase", answering=_coinbase, credentials={"key": KEY, "secret": COINBASE_SECRET}
    ),
    Venue(
        name="ibkr_flex",
        answering=_flex,
        credentials={"token": SECRET},
        request=attrs.evolve(ASKED, query="77"),
        config=demo.CONFIG,
        fills=8,
    ),
    Venue(name="kraken", answering=_kraken, credentials={"key": KEY, "secret": KRAKEN_SECRET}),
    Venue(
        name="projectx",
        answering=_projectx,
        credentials={"user": USER, "key": KEY},
        request=attrs.evolve(ASKED, venue_account="50KTC-1"),
    ),
)
