"""Which answer a page is, by its shape: JSON of the spot or futures API, or a CSV export."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from adapters.json_page import MAX_BYTES, Json, canonical, read_json
from adapters.port import RawPage
from adapters.rows import Row, rows_of
from adapters.sharing import shared
from ledger.errors import BadFileError, BadRowError

FUTURES: Final = {
    "fills": "futures fills",
    "openPositions": "futures openPositions",
    "orderEvents": "futures orderEvents",
}
FEEDS: Final = ("fills", "fills_snapshot")
SPOT: Final = {
    "trades": "TradesHistory",
    "ledger": "Ledgers",
    "open": "OpenOrders",
    "closed": "ClosedOrders",
}
# Answers that are a dictionary of rows by id, told apart by names that every row has.
BY_NAMES: Final = (
    ("OpenPositions", {"ordertxid", "vol_closed"}),
    ("QueryTrades", {"ordertxid", "vol"}),
    ("QueryLedgers", {"refid", "amount"}),
    ("QueryOrders", {"descr", "vol"}),
    ("AssetPairs", {"base", "quote", "altname"}),
    ("BalanceEx", {"balance"}),
)
EXPORTS: Final = (
    ("trades.csv", {"txid", "ordertxid", "pair", "time", "type", "price", "cost", "fee", "vol"}),
    ("ledgers.csv", {"txid", "refid", "time", "type", "asset", "amount", "fee", "balance"}),
)
EMPTY: Final = "an empty result"


class Answer(NamedTuple):
    """One answer: its kind, the page's name, its rows; how many rows the venue says there are,
    whose account it names, and whether its end may be cut off."""

    kind: str
    file: str
    rows: list[Row]
    announced: int | None = None
    account: str = ""
    is_open_ended: bool = False


def answer(page: RawPage) -> Answer:
    """The page's answer; ``BadFileError`` for an error's answer and for what is not Kraken's."""
    if page.content.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] not in (b"{", b"["):
        return _export(page)
    value = read_json(page)
    if not isinstance(value, dict):
        raise _refused(page, "it is not an object")
    if value.get("error") not in (None, []) or value.get("result") == "error":
        told = canonical(value.get("error"))[:200]
        raise BadFileError(
            f"{page.name} is the answer of a request that failed ({told}); ask again"
        )
    try:
        return _spot(page, value["result"]) if _is_spot(value) else _futures(page, value)
    except BadRowError as error:
        raise _refused(page, str(error)) from None


def _is_spot(value: Mapping[str, Json]) -> bool:
    return isinstance(value.get("result"), dict)


def _futures(page: RawPage, value: Mapping[str, Json]) -> Answer:
    """An answer of the futures API, or a message of its feed of fills."""
    is_feed = "feed" in value
    if is_feed and value["feed"] not in FEEDS:
        raise _refused(page, f"its feed is {canonical(value['feed'])[:60]}")
    if not is_feed and value.get("result") not in (None, "success"):
        raise _refused(page, "its result is neither an object nor success")
    kind = next((name for name in FUTURES if name in value), None)
    if kind is None:
        raise _refused(page, f"it has {', '.join(sorted(value))[:200] or 'nothing'}")
    whose = value.get("account") or value.get("username")
    rows = rows_of(value[kind], kind)
    return Answer(FUTURES[kind], page.name, rows, account=whose if isinstance(whose, str) else "")


def _spot(page: RawPage, result: Mapping[str, Json]) -> Answer:
    for name, kind in SPOT.items():
        if isinstance(result.get(name), dict):
            rows = _by_id(result[name], name)
            return Answer(kind, page.name, rows, _count(page, result.get("count")))
    if not result:
        return Answer(EMPTY, page.name, [])
    if all(isinstance(one, str) for one in result.values()):
        values = ({"asset": name, "balance": one} for name, one in result.items())
        return Answer("Balance", page.name, [Row(v, f"result.{v['asset']}") for v in values])
    rows = _by_id(result, "result")
    held = set.intersection(*(set(row.values) for row in rows))
    for kind, names in BY_NAMES:
        if names <= held:
            return Answer(kind, page.name, rows)
    raise _refused(page, f"its result has {', '.join(sorted(result))[:200]}")


def _by_id(values: Mapping[str, Json], where: str) -> list[Row]:
    """Rows that stand under their ids, each with its id as ``txid``."""
    if not all(isinstance(one, dict) for one in values.values()):
        raise BadRowError(where, canonical(values)[:200], "objects by their ids are expected here")
    return [Row({**one, "txid": id_}, f"{where}.{id_}") for id_, one in values.items()]


def _count(page: RawPage, told: Json) -> int | None:
    if told is None:
        return None
    if not isinstance(told, str) or not (told.isascii() and told.isdigit() and len(told) < 16):
        raise _refused(page, f"its count is {canonical(told)[:60]}")
    return int(told)


def _export(page: RawPage) -> Answer:
    """A CSV export, by its header; every row has the header's columns, or it is refused."""
    _require_text(page)
    lines = _lines(page)
    header = [name.strip() for name in next(lines, (0, []))[1]]
    kind = next((kind for kind, names in EXPORTS if names <= set(header)), None)
    if kind is None or len(set(header)) != len(header):
        raise _refused(page, f"its first line is {','.join(header)[:200]!r}")
    rows = []
    for line, cells in lines:
        if len(cells) != len(header):
            rule = f"line {line} has {len(cells)} cells where the header has {len(header)}"
            raise _refused(page, rule)
        rows.append(Row(dict(zip(header, map(shared, cells), strict=True)), f"line {line}"))
    return Answer(kind, page.name, rows, is_open_ended=not page.content.endswith(b"\n"))


def _lines(page: RawPage) -> Iterator[tuple[int, list[str]]]:
    lines = io.TextIOWrapper(io.BytesIO(page.content), "utf-8-sig", newline="")
    reader = csv.reader(lines, strict=True)
    try:
        for cells in reader:
            if cells:
                yield reader.line_num, cells
    except csv.Error as error:
        raise _refused(page, f"it is no well-formed CSV ({error})") from None


def _require_text(page: RawPage) -> None:
    if len(page.content) > MAX_BYTES:
        raise BadFileError(f"{page.name} is larger than {MAX_BYTES} bytes; export shorter periods")
    try:
        text = page.content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _refused(page, "it is not UTF-8 text") from None
    if "\x00" in text:
        raise _refused(page, "it holds NUL characters")


def _refused(page: RawPage, why: str) -> BadFileError:
    return BadFileError(
        f"{page.name} is no answer or export of Kraken that is read here: {why}; fetch it again, "
        "or leave it out"
    )
