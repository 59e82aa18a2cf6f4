"""Small FIX logs for tests: messages with the length and the checksum they should have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adapters.brokers.fix44 import Dialect, parse, parser_for
from adapters.port import AccountConfig, Batch, RawPage
from ledger.domain.events import FillBooked
from ledger.domain.gates import changed

Fields = list[tuple[str, str]]

FILL = {
    "35": "8", "34": "2", "49": "BROKER", "52": "20260302-15:00:00.100", "56": "DESK",
    "1": "ACC1", "6": "16", "11": "C1", "12": "1.50", "13": "3", "14": "100", "15": "USD",
    "17": "E1", "31": "16", "32": "100", "37": "O1", "38": "300", "39": "1", "54": "1",
    "55": "ACME", "60": "20260302-15:00:00.000", "64": "20260304", "75": "20260302", "150": "F",
    "151": "200", "167": "CS", "479": "USD",
}  # fmt: skip
CAPTURE = {
    "35": "AE", "34": "2", "49": "BROKER", "52": "20260302-15:00:00.100", "56": "DESK",
    "15": "USD", "17": "T1", "31": "16", "32": "100", "55": "ACME",
    "60": "20260302-15:00:00.000", "75": "20260302", "167": "CS", "487": "0", "571": "R1",
}  # fmt: skip
STAMP = "20260302-15:00:00.100000 : "


def sent(fields: Mapping[str, str] | Fields, begin: str = "FIX.4.4") -> bytes:
    """A message with SOH between its fields."""
    pairs = [*fields.items()] if isinstance(fields, Mapping) else fields
    body = "".join(f"{tag}={value}\x01" for tag, value in pairs if value != "")
    raw = f"8={begin}\x019={len(body.encode())}\x01{body}".encode()
    return raw + f"10={sum(raw) % 256:03d}\x01".encode()


def fill(**tags: str) -> bytes:
    return sent(FILL | {tag.removeprefix("t"): value for tag, value in tags.items()})


def capture(*sides: dict[str, str], **tags: str) -> bytes:
    told = CAPTURE | {tag.removeprefix("t"): value for tag, value in tags.items()}
    pairs = [*told.items(), ("552", str(len(sides)))]
    return sent([*pairs, *(pair for side in sides for pair in side.items())])


def lines(*messages: bytes, bar: str = "|", before: str = STAMP) -> bytes:
    """A log as people keep it: a line a message."""
    return b"".join(
        before.encode() + one.replace(b"\x01", bar.encode()) + b"\n" for one in messages
    )


def read(*messages: bytes, dialect: Dialect | None = None, **config: str) -> Batch:
    page = RawPage(name="fix.log", content=lines(*messages))
    parser = parser_for(dialect) if dialect else parse
    return parser([page], AccountConfig(**config))  # type: ignore[arg-type]


def events(batch: Batch) -> list[Any]:
    return [record.event for record in batch.records]


def fills(batch: Batch) -> list[FillBooked]:
    return [event for event in events(batch) if isinstance(event, FillBooked)]


def placeless(event: object) -> object:
    return changed(event, seq=None) if isinstance(event, FillBooked) else event


def aside(batch: Batch) -> list[tuple[str, str]]:
    return [(row.field, row.value) for row in batch.quarantine]


def log(content: bytes, **config: str) -> Batch:
    return parse([RawPage(name="fix.log", content=content)], AccountConfig(**config))  # type: ignore[arg-type]
