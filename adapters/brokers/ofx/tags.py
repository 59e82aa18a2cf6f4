"""OFX as a tree of tags: one tolerant reader for SGML (1.x) and XML (2.x), without any library.

Both are the same elements without attributes; in SGML an element that holds a value need not be
closed. Banks mix them: a 2.x header before an SGML body is in the wild, which no XML parser
reads. What is not tolerated is what could change the meaning: a document type or entity
declaration, an aggregate without its end (the file was cut), text where no value can stand.
"""

from __future__ import annotations

import re
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterator
from typing import Final

import attrs

from adapters.port import RawPage
from ledger.errors import BadFileError

MAX_BYTES: Final = 64 * 1024 * 1024
MAX_DEPTH: Final = 60
MAX_ELEMENTS: Final = 2_000_000
HELP: Final = "download the statement again as OFX and ingest the whole file"

# Elements that hold others: each must be closed, also in SGML.
AGGREGATES: Final = re.compile(
    r"OFX|STATUS|SONRS|.*MSGSRSV[0-9]+|.*TRNRS|.*STMTRS|(?:INV|BANK|CC)ACCT(?:FROM|TO)|"
    r"(?:BANKTRAN|INVTRAN|INVPOS|INVOO|SEC|BAL)LIST|(?:SEC|STOCK|MF|DEBT|OPT|OTHER)INFO|"
    r"STMTTRN|INVBANKTRAN|INVTRAN|INVBUY|INVSELL|(?:BUY|SELL|POS)(?:DEBT|MF|OPT|OTHER|STOCK)|"
    r"INCOME|INVEXPENSE|REINVEST|RETOFCAP|SPLIT|TRANSFER|CLOSUREOPT|JRNLFUND|JRNLSEC|"
    r"MARGININTEREST|INVPOS|INVBAL|BAL|SECID|CURRENCY|ORIGCURRENCY|LEDGERBAL|AVAILBAL"
)
_TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9._-]{0,63})[ \t\r\n]{0,8}(/?)>", re.ASCII)
_ROOT = re.compile(r"<OFX>|<!--|<!", re.IGNORECASE)
_ENTITY = re.compile(r"&(?:(amp|lt|gt|quot|apos|nbsp)|#([0-9]{1,7}));", re.ASCII)
_NAMED: Final = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'", "nbsp": " "}
_CDATA: Final = "<![CDATA["


@attrs.define
class Node:
    """One element: its name in capitals, its value, and the elements inside it."""

    tag: str
    text: str = ""
    children: list[Node] = attrs.field(factory=list)

    def all(self, *tags: str) -> Iterator[Node]:
        """The elements of these names right inside it."""
        return (child for child in self.children if child.tag in tags)

    def first(self, *path: str) -> Node | None:
        """The first element along a path of names; None where it ends."""
        node: Node | None = self
        for tag in path:
            node = next(node.all(tag), None) if node else None
        return node

    def value(self, *path: str) -> str:
        """The value along a path of names; "" where there is none."""
        found = self.first(*path)
        return found.text if found else ""


def read_tags(page: RawPage) -> Node:
    """The file's one ``OFX`` element; ``BadFileError`` when it is not one whole, safe OFX file."""
    if len(page.content) > MAX_BYTES:
        raise BadFileError(f"{page.name} is larger than {MAX_BYTES} bytes; ask for a shorter time")
    written = _decoded(page)
    return _Reader(page.name, written).read(_began(page.name, written))


def _began(name: str, written: str) -> int:
    """Where ``<OFX>`` stands; comments before it say nothing, also one around the header."""
    found = _ROOT.search(written)
    while found and found[0] == "<!--":
        end = written.find("-->", found.end())
        if end < 0:
            raise BadFileError(f"{name} ends inside a comment: it was cut; {HELP}")
        found = _ROOT.search(written, end + len("-->"))
    if not found:
        raise BadFileError(f"{name} holds no <OFX>: it is no OFX statement; {HELP}")
    if found[0] == "<!":
        raise BadFileError(f"{name} declares a document type; do not use this file, {HELP}")
    return found.start()


def _decoded(page: RawPage) -> str:
    """The file's text. Headers lie about it (ASCII is declared, UTF-8 sent), so the bytes decide:
    what is well-formed UTF-8 is UTF-8, all else is the 1252 of the OFX standard."""
    content = page.content
    if content.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        return _by(page.name, content, "utf-16")
    try:
        return _checked(page.name, content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        return _by(page.name, content, "cp1252")


def _by(name: str, content: bytes, encoding: str) -> str:
    try:
        return _checked(name, content.decode(encoding))
    except UnicodeDecodeError as error:
        raise BadFileError(f"{name} is no text ({error}); {HELP}") from None


def _checked(name: str, written: str) -> str:
    if "\x00" in written:
        raise BadFileError(f"{name} holds NUL characters: it is damaged; {HELP}")
    return written


class _Reader:
    """Walks over the tags once and builds the tree."""

    def __init__(self, name: str, written: str) -> None:
        self._name = name
        self._written = written
        self._root = Node("")
        self._open = [self._root]
        self._count = 0
        # The value that was just read: its end may follow, and need not.
        self._valued = ""
        self._can_hold_text = False

    def read(self, at: int) -> Node:
        while at < len(self._written):
            at = self._step(at)
        if len(self._open) > 1:
            raise self._refused(f"ends inside <{self._open[1].tag}>: it was cut")
        if [node.tag for node in self._root.children] != ["OFX"]:
            raise self._refused("does not hold one <OFX>")
        return self._root.children[0]

    def _step(self, at: int) -> int:
        """One tag, or one value, from here on; where it ends."""
        found = _TAG.match(self._written, at)
        if found:
            self._tag(found)
            return found.end()
        if self._written.startswith("<!", at):
            return self._marked(at)
        end = self._end_of_text(at)
        self._value(_plain(self._written[at:end]))
        return end

    def _end_of_text(self, at: int) -> int:
        """Where the next tag begins; a bare "<" belongs to the value."""
        end = at
        while True:
            end = self._written.find("<", end + 1)
            if end < 0:
                return len(self._written)
            if self._written.startswith("<!", end) or _TAG.match(self._written, end):
                return end

    def _marked(self, at: int) -> int:
        """A literal value or a comment; whatever else is declared refuses the file."""
        is_value = self._written.startswith(_CDATA, at)
        if not is_value and not self._written.startswith("<!--", at):
            raise self._refused("holds a declaration, which no OFX statement does")
        begins = at + (len(_CDATA) if is_value else len("<!--"))
        closing = "]]>" if is_value else "-->"
        end = self._written.find(closing, begins)
        if end < 0:
            raise self._refused("ends inside a literal value or comment: it was cut")
        if is_value:
            self._value(" ".join(self._written[begins:end].split()))
        return end + len(closing)

    def _tag(self, found: re.Match[str]) -> None:
        tag = found[2].upper()
        if found[1]:
            self._close(tag)
            return
        self._count += 1
        if len(self._open) > MAX_DEPTH or self._count > MAX_ELEMENTS:
            raise self._refused(f"is deeper than {MAX_DEPTH} or larger than {MAX_ELEMENTS} tags")
        node = Node(tag)
        self._open[-1].children.append(node)
        self._valued, self._can_hold_text = "", not found[3]
        if not found[3]:
            self._open.append(node)

    def _value(self, value: str) -> None:
        """A value closes its element by itself."""
        if not value:
            return
        if not self._can_hold_text or AGGREGATES.fullmatch(self._open[-1].tag):
            raise self._refused(f"has the text {value[:40]!r} where no value can stand")
        leaf = self._open.pop()
        leaf.text, self._valued, self._can_hold_text = value, leaf.tag, False

    def _close(self, tag: str) -> None:
        self._can_hold_text = False
        if self._valued == tag:
            self._valued = ""
            return
        self._valued = ""
        if tag not in [node.tag for node in self._open]:
            raise self._refused(f"closes <{tag}>, which is not open")
        while self._open[-1].tag != tag:
            self._empty(self._open.pop())
        self._open.pop()

    def _empty(self, node: Node) -> None:
        """An element that was never closed had no value; what seemed inside stands behind it."""
        if AGGREGATES.fullmatch(node.tag):
            raise self._refused(f"does not close <{node.tag}>: it was cut or damaged")
        self._open[-1].children.extend(node.children)
        node.children = []

    def _refused(self, why: str) -> BadFileError:
        return BadFileError(f"{self._name} {why}; {HELP}")


def _plain(written: str) -> str:
    """A value without line ends and with its escapes resolved, once."""
    bare = " ".join(written.split())
    return _ENTITY.sub(_character, bare) if "&" in bare else bare


def _character(found: re.Match[str]) -> str:
    if found[1]:
        return _NAMED[found[1]]
    code = int(found[2])
    return chr(code) if 32 <= code <= 0x10FFFF and not 0xD800 <= code < 0xE000 else found[0]
