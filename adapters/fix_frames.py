"""FIX messages out of bytes: found, checked against their length and checksum, split.

A log may put anything before a message (a time, a direction), and may print the separator as
``|`` or ``^A``. What a message is, its own BodyLength (9) says; that it is whole, its CheckSum
(10). What fails either is handed back as garbled, with what is wrong, and reading goes on at the
next beginning. This is a few lines of bytes; the package ``simplefix`` was tried and checks
neither length nor checksum, drops what it cannot read without a word, and knows no ``|``.
Whoever reads logs and whoever listens to a venue agree by this module on what a message is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import attrs

from adapters.port import RawPage
from adapters.sharing import remembering
from ledger.errors import BadFileError

MAX_BYTES: Final = 64 * 1024 * 1024
SOH: Final = b"\x01"

Fields = tuple[tuple[str, str], ...]

# The fields of data that may hold the separator, by the field before that tells their length.
DATA: Final = {b"90": b"91", b"93": b"89", b"95": b"96", b"212": b"213", b"348": b"349",
               b"350": b"351", b"352": b"353", b"354": b"355", b"356": b"357", b"358": b"359",
               b"360": b"361", b"362": b"363", b"364": b"365", b"445": b"446", b"618": b"619",
               b"621": b"622"}  # fmt: skip

_START = re.compile(rb"(?<![0-9=])8=FIX")
_HEAD = re.compile(rb"8=FIXT?\.[0-9]\.[0-9](?:SP[0-9])?([\x01|])9=([0-9]{1,5})[\x01|]")
_SEPARATED = re.compile(rb"8=FIXT?\.[0-9]\.[0-9](?:SP[0-9])?[\x01|]|8=FIX[T0-9.SP]{0,8}\Z")
_TRAILER = re.compile(rb"10=([0-9]{3})(?=[\x01|\r\n]|\Z)[\x01|]?")
_CARETS = re.compile(rb"8=FIXT?\.[0-9]\.[0-9](?:SP[0-9])?\^A")
_BARS = re.compile(rb"\|(?=[0-9]+=|\Z)")
_LONGEST_HEAD: Final = 40
_TRAILER_BYTES: Final = 7
_PIECES = re.compile(rb"(?:^|[\x01|])[0-9]{1,5}=[^\x01|]*[\x01|][0-9]{1,5}=")


@attrs.frozen
class Frame:
    """One message of a log: its place among them (from 1), its bytes with the separators as they
    are sent, and its fields in order; without fields it is garbled, and ``fault`` says why."""

    place: int
    raw: bytes
    fields: Fields = ()
    fault: str = ""


def frames(page: RawPage) -> Iterator[Frame]:
    r"""Every message of a page, whole or garbled; ``BadFileError`` when there is no trace of any.

    >>> log = b"20260302-10:00:00 : 8=FIX.4.4|9=5|35=0|10=163|\n"
    >>> next(frames(RawPage(name="a.log", content=log))).fields
    (('8', 'FIX.4.4'), ('9', '5'), ('35', '0'), ('10', '163'))
    """
    if len(page.content) > MAX_BYTES:
        raise BadFileError(f"{page.name} is larger than {MAX_BYTES} bytes; cut the log by day")
    content = page.content
    if _CARETS.search(content):
        content = content.replace(b"^A", SOH)
    if not _START.search(content) and not _PIECES.search(content):
        raise BadFileError(
            f"{page.name} holds no FIX message (8=FIX...); hand over the session's message log"
        )
    if not _SEPARATED.search(content) and not _PIECES.search(content):
        raise BadFileError(
            f"{page.name} separates the fields of its messages by none of SOH, | and ^A; hand over "
            "the log as the FIX engine wrote it"
        )
    found = enumerate(_found(content), start=1)
    return (attrs.evolve(one, place=place) for place, one in found)


def whole_frames(content: bytes) -> tuple[list[Frame], int]:
    r"""The messages of bytes that may end in the middle of one, and where the rest begins.

    >>> heard, rest = whole_frames(b"8=FIX.4.4\x019=5\x0135=0\x0110=163\x018=FIX.4.4\x019=")
    >>> [one.fault for one in heard], rest
    ([''], 26)
    """
    heard: list[Frame] = []
    at = 0
    while (start := _START.search(content, at)) and not _may_go_on(content, start.start()):
        one, at = _message(content, start.start())
        heard.append(attrs.evolve(one, place=len(heard) + 1))
    return heard, at


def _may_go_on(content: bytes, at: int) -> bool:
    """Whether the message that begins here may have its end in bytes to come."""
    head = _HEAD.match(content, at)
    if not head:
        return len(content) - at < _LONGEST_HEAD
    return len(content) < head.end() + int(head[2]) + _TRAILER_BYTES


def _found(content: bytes) -> Iterator[Frame]:
    """Message after message, and between them what looks like a part of one."""
    at = 0
    while start := _START.search(content, at):
        yield from _rests(content[at : start.start()], is_last=False)
        one, at = _message(content, start.start())
        yield one
    yield from _rests(content[at:], is_last=True)


def _message(content: bytes, at: int) -> tuple[Frame, int]:
    """The message that begins here, and where it ends."""
    head = _HEAD.match(content, at)
    if not head:
        return _garbled(content, at, "its beginning is not 8=FIX.n.n and 9=length")
    ends = head.end() + int(head[2])
    trailer = _TRAILER.match(content, ends)
    if not trailer:
        is_cut = ends >= len(content)
        said = f"its length (9) is {int(head[2])}"
        why = "the file ends before that: it is cut" if is_cut else "no checksum (10) is there"
        return _garbled(content, at, f"{said} and {why}")
    raw = content[at : trailer.end()]
    if head[1] == b"|":
        raw = _BARS.sub(SOH, raw)
    body = raw[: ends - at]
    total = sum(body) % 256
    if total != int(trailer[1]):
        fault = f"its checksum (10) is {int(trailer[1])} and its bytes make {total}"
        return Frame(0, raw, fault=fault), trailer.end()
    return _split(raw), trailer.end()


def _garbled(content: bytes, at: int, fault: str) -> tuple[Frame, int]:
    """What cannot be a message, up to the end of its line or the next beginning."""
    following = _START.search(content, at + 1)
    bound = following.start() if following else len(content)
    line = content.find(b"\n", at, bound)
    ends = line if line >= 0 else bound
    return Frame(0, content[at:ends], fault=fault), ends


def _rests(between: bytes, *, is_last: bool) -> Iterator[Frame]:
    """Parts of messages between messages; at the end of the file, a line that was cut."""
    *lines, tail = between.split(b"\n")
    for line in [*lines, tail]:
        if _PIECES.search(line):
            yield Frame(0, line, fault="these fields have no beginning of a message (8=FIX)")
        elif is_last and line is tail and tail.strip(b"\x01|\r "):
            yield Frame(0, line, fault="the file ends in the middle of a line")


def _split(raw: bytes) -> Frame:
    """The fields in order. A field of data is as long as the field before it says."""
    fields: list[tuple[str, str]] = []
    at, data, length = 0, b"", 0
    while at < len(raw):
        equals = raw.find(b"=", at)
        tag = raw[at:equals] if equals >= 0 else b""
        if not tag.isdigit() or len(tag) > 5:
            return Frame(0, raw, fault=f"at byte {at} stands no tag=value")
        ends = equals + 1 + length if tag == data else raw.find(SOH, equals)
        ends = ends if 0 <= ends <= len(raw) else len(raw)
        value = raw[equals + 1 : ends]
        data, length = DATA.get(tag, b""), int(value) if value.isdigit() and len(value) < 6 else 0
        fields.append((_tag(tag), _value(value)))
        at = ends + 1
    return Frame(0, raw, tuple(fields))


@remembering
def _tag(written: bytes) -> str:
    return written.decode("ascii")


@remembering
def _value(written: bytes) -> str:
    return written.decode("utf-8", "backslashreplace")
