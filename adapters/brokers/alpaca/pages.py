"""What Alpaca's answers are, told by their shape: lists or single objects without a frame.

An empty list says nothing, since every list answers so; behind activities it ends their paging.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Final

import attrs

from adapters.json_page import Json, read_json
from adapters.port import RawPage
from adapters.rows import Row
from ledger.errors import BadFileError

PAGE_SIZE: Final = 100
"""Activities on a page, at most and by default."""

ACTIVITIES: Final = "activities"
ENTRIES: Final = "non-trade entries"
ACTIVITY_EVENTS: Final = "activity events"
TRADE_EVENTS: Final = "trade events"
ORDERS: Final = "orders"
POSITIONS: Final = "positions"
ACCOUNT: Final = "account"
COMMANDS: Final = "answers to commands"
JOURNALS: Final = "journals"
ANNOUNCED: Final = "corporate actions"
OTHER: Final = "settings and states"
UNKNOWN: Final = ""

# Of a row that fits several the first is meant. The names that only such an answer has.
_SHAPES: Final[tuple[tuple[frozenset[str], str], ...]] = (
    (frozenset({"ref_id", "event_id"}), ACTIVITY_EVENTS),
    (frozenset({"activity_type"}), ACTIVITIES),
    (frozenset({"event", "order"}), TRADE_EVENTS),
    (frozenset({"entry_type", "from_account"}), JOURNALS),
    (frozenset({"entry_type", "to_account"}), JOURNALS),
    (frozenset({"status_from", "status_to"}), OTHER),
    (frozenset({"entry_type"}), ENTRIES),
    (frozenset({"client_order_id"}), ORDERS),
    (frozenset({"asset_id", "avg_entry_price"}), POSITIONS),
    (frozenset({"account_number", "cash"}), ACCOUNT),
    (frozenset({"trade_confirm_email"}), OTHER),
    (frozenset({"ca_type"}), ANNOUNCED),
    (frozenset({"status", "body"}), COMMANDS),
)


@attrs.frozen
class Held:
    """A page's rows, each with what it is, until they are taken; whether it is a list; whether it
    announces another."""

    page: RawPage
    rows: list[tuple[str, Row]]
    is_list: bool
    has_next: bool = False

    def of(self, *kinds: str) -> list[Row]:
        """The rows of these kinds."""
        return [row for kind, row in self.rows if kind in kinds]

    def taken(self) -> dict[str, list[Row]]:
        """All rows by what they are; the page holds none any more."""
        found: dict[str, list[Row]] = defaultdict(list)
        for kind, row in self.rows:
            found[kind].append(row)
        self.rows.clear()
        return found


def held(page: RawPage) -> Held:
    """The page's rows; ``BadFileError`` for an error or for what is no answer of Alpaca's."""
    value = read_json(page)
    if isinstance(value, dict):
        _refuse_error(page, value)
        if isinstance(value.get("corporate_actions"), dict):
            return _announced(page, value)
        rows = list(_rows([value], "object"))
    elif isinstance(value, list) and all(isinstance(one, dict) for one in value):
        rows = list(_rows(value, "row"))
    else:
        rows = [(UNKNOWN, Row({}, "page"))]
    if rows and all(kind == UNKNOWN for kind, _ in rows):
        raise BadFileError(
            f"{page.name} is no answer of Alpaca that this adapter knows; give it account "
            "activities, their events, orders, positions or the account, as they came"
        )
    return Held(page, rows, is_list=isinstance(value, list))


def _rows(values: list[dict[str, Json]], named: str) -> Iterator[tuple[str, Row]]:
    for place, value in enumerate(values, start=1):
        inner = value.get("data") if value.get("stream") == "trade_updates" else None
        row = Row(inner if isinstance(inner, dict) else value, f"{named}[{place}]")
        yield _kind(row), row


def _kind(row: Row) -> str:
    names = frozenset(row.values)
    if names == {"id", "status"}:
        return COMMANDS
    return next((kind for shape, kind in _SHAPES if shape <= names), UNKNOWN)


def _announced(page: RawPage, value: dict[str, Json]) -> Held:
    """Announcements for everybody, by kind; they say nothing of an account."""
    lists = [one for one in value["corporate_actions"].values() if isinstance(one, list)]
    objects = [each for one in lists for each in one if isinstance(each, dict)]
    rows = [(ANNOUNCED, Row(each, f"action[{n}]")) for n, each in enumerate(objects, start=1)]
    return Held(page, rows, is_list=True, has_next=bool(value.get("next_page_token")))


def _refuse_error(page: RawPage, value: dict[str, Json]) -> None:
    """An answer that reports an error is never an empty one."""
    if "message" in value and not {"order", "entry_type", "activity_type"} & set(value):
        code, message = value.get("code"), value.get("message")
        raise BadFileError(
            f"{page.name} is an error of Alpaca's (code {code!s:.20}: {message!s:.200}): ask again "
            "and give the answer"
        )


def missing(pages: list[Held]) -> Iterator[str]:
    """What is announced and not there: a full page of activities, or a token, without the next."""
    counts = [(one.page.name, len(one.of(ACTIVITIES))) for one in pages if one.of(ACTIVITIES)]
    is_ended = any(count < PAGE_SIZE for _, count in counts) or any(not one.rows for one in pages)
    if counts and not is_ended:
        yield f"the page of activities behind {counts[-1][0]}, which is full"
    announced = [one for one in pages if one.has_next or one.of(ANNOUNCED)]
    if announced and all(one.has_next for one in announced):
        yield f"the page of corporate actions that {announced[-1].page.name} announces"
