"""The envelope of a fact: before it is recorded (``Fact``) and after (``Recorded``)."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from ledger.domain.events.base import Event, Identity
from ledger.domain.gates import gated, require_text, require_time


@gated
class Source:
    """Where a fact was read: the adapter, the file's SHA-256 and the row in it."""

    adapter: str
    digest: str = ""
    row: str = ""


@gated
class Meta:
    """Who and why: free of meaning for the books, kept for the auditor."""

    actor: str = ""
    correlation_id: str = ""
    causation_id: str = ""
    source: Source | None = None


NO_META = Meta()


class Fact(NamedTuple):
    """A fact to be recorded in an account's stream under its key."""

    stream: str
    key: str
    occurred_at: datetime
    event: Event
    meta: Meta = NO_META


class Recorded(NamedTuple):
    """A fact as the store keeps it. ``number`` is its place in the whole log, ``version`` its
    gapless place in the account's stream; the hashes are hexadecimal SHA-256."""

    number: int
    stream: str
    version: int
    key: str
    occurred_at: datetime
    recorded_at: datetime
    event: Event
    meta: Meta = NO_META
    prev_hash: str = ""
    hash: str = ""


def make_fact(
    stream: str,
    event: Event,
    occurred_at: datetime,
    *,
    meta: Meta = NO_META,
    key: str | None = None,
) -> Fact:
    """Wrap an event, keyed by ``key``, by its own identity, or else by its subject and time.

    The last means that a command without an id of its own is the same fact when it is sent
    again with the same ``occurred_at``.
    """
    occurred_at = require_time("occurred_at", occurred_at)
    require_text("account", stream)
    if key is not None:
        identity = Identity("", "", "command", key)
    else:
        identity = event.identity() or Identity(
            "", event.subject(), event.TOPIC.partition("/")[0], occurred_at.isoformat()
        )
    return Fact(stream, identity.key(stream), occurred_at, event, meta)
