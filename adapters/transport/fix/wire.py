"""Messages as they are sent: made, cut out of a stream, and without what must not be kept."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

import attrs

from adapters.fix_frames import SOH, Frame, whole_frames
from adapters.transport.credentials import MASK, Credentials

Field = tuple[str, str]

MAX_REST: Final = 200_000
"""No message is longer, by its length (9) of five digits."""

_SECRET: Final = re.compile(rb"\x01(553|554|925)=[^\x01]*")
_TEXT: Final = re.compile(rb"\x0158=[^\x01]*")
_OF_SESSION: Final = re.compile(rb"\x0135=[0-5Aj]\x01")
_BODY: Final = re.compile(rb"8=([^\x01]+)\x019=[0-9]+\x01(.*\x01)10=[0-9]{3}\x01?\Z", re.DOTALL)


def encoded(begin: str, fields: Iterable[Field]) -> bytes:
    r"""A message with its length (9) and checksum (10); ``begin`` is its version (8).

    >>> encoded("FIX.4.4", [("35", "0")])
    b'8=FIX.4.4\x019=5\x0135=0\x0110=163\x01'
    """
    return _framed(begin.encode(), "".join(f"{tag}={value}\x01" for tag, value in fields).encode())


def _framed(begin: bytes, body: bytes) -> bytes:
    raw = b"8=%s\x019=%d\x01%s" % (begin, len(body), body)
    return raw + b"10=%03d\x01" % (sum(raw) % 256)


def without_secrets(raw: bytes, credentials: Credentials) -> bytes:
    """A whole message in which user and passwords (553, 554, 925) are masked, and the credentials
    in the text (58) of one about the session; a whole message again.

    A report is otherwise kept to the byte: who is called by his account's name, as many are, finds
    it in all of them.
    """
    found = _BODY.match(raw)
    if not found:
        return raw
    body = SOH + found[2]
    masked = _SECRET.sub(SOH + rb"\1=" + MASK.encode(), body)
    if _OF_SESSION.search(masked):
        masked = _TEXT.sub(lambda text: _redacted(text[0], credentials), masked)
    return raw if masked == body else _framed(found[1], masked[1:])


def _redacted(text: bytes, credentials: Credentials) -> bytes:
    return credentials.redacted(text.decode("latin-1")).encode("latin-1")


@attrs.frozen
class Heard:
    """A whole message of the other side: its bytes, and its fields by tag, the first of each."""

    raw: bytes = attrs.field(repr=False)
    values: Mapping[str, str] = attrs.field(repr=False)

    @classmethod
    def of(cls, frame: Frame) -> Heard:
        """A frame without fault."""
        return cls(frame.raw, dict(reversed(frame.fields)))

    def text(self, tag: str) -> str:
        """A field, or nothing."""
        return self.values.get(tag, "")

    def number(self, tag: str) -> int | None:
        """A number of a message; None where there is none."""
        told = self.text(tag)
        return int(told) if told.isascii() and told.isdigit() and len(told) <= 18 else None

    @property
    def kind(self) -> str:
        """MsgType (35)."""
        return self.text("35")

    @property
    def is_again(self) -> bool:
        """Whether it may have been sent before (43)."""
        return self.text("43") == "Y"


class Splitter:
    """Cuts a stream of bytes into messages, whole or garbled."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, piece: bytes) -> list[Frame]:
        """The messages that end in this piece."""
        content = self._rest + piece
        found, rest = whole_frames(content)
        self._rest = content[rest:][-MAX_REST:]
        return found


def is_blank(rest: bytes) -> bool:
    """Whether nothing is left but ends of lines and separators."""
    return not rest.strip(b"\r\n" + SOH)
