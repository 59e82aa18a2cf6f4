"""Requests to amend or cancel an order: each by its own id, whatever order the answers come in."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from ledger.domain.events import OutcomeUnknown, Recorded
from ledger.domain.order_status import OrdStatus

CANCEL, REPLACE = "cancel", "replace"

_PENDING = {CANCEL: OrdStatus.PENDING_CANCEL, REPLACE: OrdStatus.PENDING_REPLACE}
_PLACING = frozenset({"", "new", "order", "place", "submit"})


class OpenRequest(NamedTuple):
    """A request without an answer: its own id, ``cancel`` or ``replace``, and whether the venue
    has confirmed that it is working on it (FIX 150=6 or E)."""

    cl_ord_id: str
    kind: str
    is_pending: bool


class OrderRequests:
    """What was asked, what the venue has in hand, and what it answered, by request id."""

    __slots__ = ("_answered", "_pending", "_sent", "_unknown", "ids")

    # Dicts stand for sets: most orders have no request, and empty sets take three times the room.
    def __init__(self) -> None:
        self.ids: dict[str, None] = {}
        self._sent: dict[tuple[str, str], None] = {}
        self._pending: dict[tuple[str, str], None] = {}
        self._answered: dict[str, None] = {}
        self._unknown: dict[str, Recorded] = {}

    def send(self, cl_ord_id: str, kind: str) -> None:
        """We asked; the venue has not said anything yet."""
        self.ids[cl_ord_id] = None
        self._sent[cl_ord_id, kind] = None

    def confirm(self, cl_ord_id: str, kind: str) -> None:
        """The venue has it in hand."""
        self.ids[cl_ord_id] = None
        self._pending[cl_ord_id, kind] = None

    def answer(self, cl_ord_id: str) -> None:
        """The venue accepted or refused it."""
        self.ids[cl_ord_id] = None
        self._answered[cl_ord_id] = None

    def lose(self, recorded: Recorded) -> None:
        """No answer came in time: nobody knows what became of it."""
        self._unknown[recorded.key] = recorded

    def pending_states(self) -> list[OrdStatus]:
        """The states in which unanswered requests, confirmed by the venue, put the order."""
        return [_PENDING[kind] for name, kind in self._pending if name not in self._answered]

    def open(self) -> tuple[OpenRequest, ...]:
        """Every unanswered request, by id."""
        if not self._sent and not self._pending:
            return ()
        return tuple(
            OpenRequest(name, kind, (name, kind) in self._pending)
            for name, kind in sorted({**self._sent, **self._pending})
            if name not in self._answered
        )

    def is_outcome_unknown(self, heard_at: datetime | None) -> bool:
        """Whether an outcome is unknown still, when the venue last spoke of the order then."""
        return any(self._is_unresolved(lost, heard_at) for lost in self._unknown.values())

    def _is_unresolved(self, lost: Recorded, heard_at: datetime | None) -> bool:
        event = lost.event
        if not isinstance(event, OutcomeUnknown):
            return False
        if event.cl_ord_id in self.ids:
            heard_of = {*self._answered, *(name for name, _ in self._pending)}
            return event.cl_ord_id not in heard_of
        if event.request.lower() in _PLACING:
            # Any word of the venue shows that it has the order, even one of an earlier time.
            return heard_at is None
        return heard_at is None or heard_at <= lost.occurred_at
