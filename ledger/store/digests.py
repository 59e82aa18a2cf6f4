"""Digests: the ends of a store's chains, in a few lines, to be kept elsewhere."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import NamedTuple

from ledger.errors import BadDigestError

_FORMAT = "tradeledger-digest/1"
_FORMAT_WITH_PRICES = "tradeledger-digest/2"
_SHA256 = re.compile("[0-9a-f]{64}")
_MARK = re.compile("([0-9]{1,18})(?:[+]([0-9]{1,18}))?:([0-9a-f]{64})", re.ASCII)


class StreamHead(NamedTuple):
    """How far a stream had come: its last version and that event's hash, hexadecimal."""

    version: int
    hash: str


class Mark(NamedTuple):
    """A digest in short: enough to find that history is another, not where. Fits on paper."""

    number: int
    root: str
    prices: int = 0

    def to_text(self) -> str:
        """Number, how many prices if there are any, and root.

        >>> Mark.from_text(Digest(0, {}).mark.to_text()) == Digest(0, {}).mark
        True
        """
        return f"{self.number}{f'+{self.prices}' if self.prices else ''}:{self.root}"

    @staticmethod
    def from_text(text: str) -> Mark:
        """Read what :meth:`to_text` wrote; ``BadDigestError`` if it is anything else."""
        found = _MARK.fullmatch(text)
        if found is None:
            raise BadDigestError(
                "a digest in short is its number, a colon and its root of 64 digits"
            )
        return Mark(int(found[1]), found[3], int(found[2] or 0))


class Digest(NamedTuple):
    """The last number and every stream's head. Kept elsewhere, it proves the history later.

    ``prices`` is the last price's number and hash; None if there are none, and then text and root
    are those of a store that knows no prices.
    """

    number: int
    streams: dict[str, StreamHead]
    prices: StreamHead | None = None

    @property
    def root(self) -> str:
        """One SHA-256 that stands for the whole digest, short enough to be written down."""
        whole: list[object] = [self.number, sorted(self.streams.items())]
        if self.prices is not None:
            whole.append(self.prices)
        return hashlib.sha256(json.dumps(whole, ensure_ascii=True).encode()).hexdigest()

    @property
    def mark(self) -> Mark:
        """Its short form."""
        return Mark(self.number, self.root, self.prices.version if self.prices else 0)

    def to_text(self) -> str:
        """As JSON with sorted keys, one line.

        >>> Digest.from_text(Digest(0, {}).to_text()) == Digest(0, {})
        True
        """
        body = {"format": _FORMAT, "number": self.number, "root": self.root}
        if self.prices is not None:
            body |= {"format": _FORMAT_WITH_PRICES, "prices": self.prices}
        return json.dumps(body | {"streams": self.streams}, sort_keys=True)

    @staticmethod
    def from_text(text: str) -> Digest:
        """Read what :meth:`to_text` wrote; ``BadDigestError`` if it is anything else."""
        try:
            body = json.loads(text)
        except (ValueError, RecursionError):
            raise BadDigestError("a digest is one line of JSON, and this text is not") from None
        return _checked(body)


def _checked(body: object) -> Digest:
    """The digest in a decoded body, if it is whole and its root is its own."""
    if not isinstance(body, dict) or body.get("format") not in (_FORMAT, _FORMAT_WITH_PRICES):
        raise BadDigestError(f"the text is not a digest of format {_FORMAT}; take the whole file")
    number, streams = body.get("number"), body.get("streams")
    if type(number) is not int or number < 0 or not isinstance(streams, dict):
        raise BadDigestError("a digest needs a number and the streams; take the whole file")
    is_priced = body["format"] == _FORMAT_WITH_PRICES
    prices = _head("the prices", body.get("prices")) if is_priced else None
    digest = Digest(number, {name: _head(name, head) for name, head in streams.items()}, prices)
    if digest.root != body.get("root"):
        raise BadDigestError("the digest's root is not that of its content; it was changed")
    return digest


def _head(name: str, head: object) -> StreamHead:
    match head:
        case [int(version), str(text)] if _SHA256.fullmatch(text):
            return StreamHead(version, text)
    raise BadDigestError(f"the digest's head of stream {name!r} is not a version and a SHA-256")


def heads_of(streams: Mapping[str, tuple[int, bytes]]) -> dict[str, StreamHead]:
    """Heads with their hashes as text, sorted by stream."""
    return {name: StreamHead(v, digest.hex()) for name, (v, digest) in sorted(streams.items())}


__all__ = ["Digest", "Mark", "StreamHead", "heads_of"]
