"""Bybit's answers and frames, told apart by their shape, and which of them are missing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

import attrs

from adapters.json_page import read_json
from adapters.port import RawPage
from adapters.rows import Row, rows_of
from adapters.text import UNREADABLE
from ledger.errors import BadFileError, BadRowError

EXECUTIONS: Final = "executions"
LOG: Final = "transaction log"
ORDERS: Final = "orders"
POSITIONS: Final = "positions"
WALLET: Final = "wallet"
INSTRUMENTS: Final = "instruments"
EMPTY: Final = "an answer without rows"

# What a row of each kind has and no other: an order has its execution's and position's names too.
_SHAPES: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    (EXECUTIONS, ("execId",)),
    (LOG, ("cashBalance", "transactionTime")),
    (ORDERS, ("orderId", "orderStatus")),
    (POSITIONS, ("positionIdx", "size")),
    (WALLET, ("coin", "totalEquity")),
    (INSTRUMENTS, ("baseCoin", "quoteCoin")),
)
_TOPICS: Final = {"execution": EXECUTIONS, "order": ORDERS, "position": POSITIONS, "wallet": WALLET}
_HELP: Final = "fetch the page again; an error is no empty answer"


@attrs.frozen(kw_only=True)
class Answer:
    """One answer or frame: its kind, its rows, and what it says of itself."""

    file: str
    kind: str
    rows: tuple[Row, ...]
    category: str = ""
    cursor: str = ""
    told_at: str = ""


def answers(page: RawPage) -> Iterator[Answer]:
    """What a page holds: one answer or frame, or a list of them."""
    read = read_json(page)
    for one in read if isinstance(read, list) else [read]:
        if not isinstance(one, dict):
            raise BadFileError(f"{page.name} holds no answer of Bybit's; {_HELP}")
        try:
            yield _answer(page.name, Row(one, ""))
        except UNREADABLE as error:
            raise BadFileError(f"{page.name} is no answer that is known: {error}") from None


def _answer(file: str, whole: Row) -> Answer:
    if whole.has("topic"):
        return _frame(file, whole)
    code = whole.text("retCode")
    if code != "0":
        said = whole.text("retMsg") or "no retCode of 0"
        raise BadFileError(f"{file} tells an error ({code or 'no code'}: {said}); {_HELP}")
    result = whole.inner("result")
    if "list" not in result.values:
        raise BadRowError("result", ", ".join(sorted(result.values))[:200], "it has no list")
    rows = rows_of(result.values["list"], "list")
    return Answer(
        file=file,
        kind=_kind(rows),
        rows=tuple(rows),
        category=result.text("category"),
        cursor=result.text("nextPageCursor"),
        told_at=whole.text("time"),
    )


def _frame(file: str, whole: Row) -> Answer:
    topic = whole.required("topic")
    rows = rows_of(whole.values.get("data"), "data")
    kind = _TOPICS.get(topic.partition(".")[0])
    if kind is None:
        raise BadRowError("topic", topic, f"only {', '.join(sorted(_TOPICS))} are read")
    return Answer(file=file, kind=kind, rows=tuple(rows), told_at=whole.text("creationTime"))


def _kind(rows: Sequence[Row]) -> str:
    """What the rows are; those of another shape than the first one are set aside later."""
    if not rows:
        return EMPTY
    for kind, names in _SHAPES:
        if all(name in rows[0].values for name in names):
            return kind
    told = ", ".join(sorted(rows[0].values))[:200]
    raise BadRowError("list", told, "rows of no kind that is known")


def missing(held: Iterable[Answer]) -> Iterator[str]:
    """The pages that are announced by a cursor and are not here.

    An answer does not repeat the cursor it was asked with. So of each kind and category one
    answer must be the last: one without a cursor, or an empty one that may be of that kind.
    """
    answers = list(held)
    ends = {(one.kind, one.category) for one in answers if not one.cursor}
    for kind, category in sorted({(one.kind, one.category) for one in answers if one.cursor}):
        if not ends & {(kind, category), (EMPTY, category), (EMPTY, "")}:
            names = [one.file for one in answers if (one.kind, one.category) == (kind, category)]
            yield f"{kind} {category}".strip() + f": the page after {names[-1]}"


def of_kind(held: Iterable[Answer], kind: str, each: Callable[[Answer], None]) -> None:
    """Hand over each answer of a kind."""
    for answer in held:
        if answer.kind == kind:
            each(answer)
