"""Damage that knows a report's shape: values of JSON, attributes of XML, cells, lines, bytes."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator
from random import Random
from typing import Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring, tostring

from adapters.port import RawPage

Pages = tuple[RawPage, ...]
MAX_SIZE = 200_000
MAX_PLACES = 500

TELLING = (
    "", "0", "-0", "1", "-1", "0.000000000000000001", "1e-30", "1e400", "1E+999999999", "NaN",
    "Infinity", "9" * 20, "9" * 39, "9" * 5000, "0x10", "1_000", "1,000.00", "１２", "²", "null",
    "true", "N/A", "--", " ", "\x00", "\x1f", "\u202e", "\ud800", "é", "e\u0301", "a" * 3000,
    "1969-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "0001-01-01", "9999-12-31T23:59:59-23:59",
    "9999-12-31", "00010101", "99991231", "00010101;000000 +2300", "2024-02-30", "20240230",
    "2026-03-08 02:30:00", "2026-11-01 01:30:00", "20260302250000", "99991231235959.999[-12]",
    "253402300799999", "-62135596800", "1e18", "99999999999999999999999",
    "USD", "BUY", "sell", "{}", "[]",
)  # fmt: skip
SHAPES: tuple[Any, ...] = (
    None, True, False, 0, -1, 10**30, 1e300, [], {}, [[]], [{}], {"": ""}, ["a"], [None],
)  # fmt: skip
_TOKENS = re.compile(rb"""([\s,;|\x01<>="'{}\[\]:&/]+)""")


class Mutator:
    """Changes pages; everything comes from ``random`` and the words it is given."""

    def __init__(self, random: Random, words: tuple[str, ...]) -> None:
        self._random = random
        self._words = words or ("",)

    def mutated(self, pages: Pages, others: Pages) -> Pages:
        """Pages with one to four changes; ``others`` lend theirs."""
        for _ in range(self._random.choice((1, 1, 1, 2, 2, 3, 4))):
            if not pages or self._random.random() < 0.05:
                pages = self._shuffled(pages, others)
            else:
                pages = self._one_changed(pages)
        return pages

    def smaller(self, pages: Pages) -> Pages:
        """Pages with something taken out."""
        at = self._random.randrange(len(pages)) if pages else 0
        if not pages or (len(pages) > 1 and self._random.random() < 0.3):
            return pages[:at] + pages[at + 1 :]
        way = self._random.choice((self._json_out, self._line_out, self._bytes_out))
        return _put(pages, at, way(pages[at].content) or pages[at].content)

    # -- pages ----------------------------------------------------------------------------

    def _shuffled(self, pages: Pages, others: Pages) -> Pages:
        """One page fewer, once more, in another place, or of another report."""
        several = list(pages)
        if several and self._random.random() < 0.5:
            taken = several.pop(self._random.randrange(len(several)))
            several += [taken] * self._random.choice((0, 1, 2))
        else:
            several.append(self._random.choice(others))
        return tuple(several[:6])

    def _one_changed(self, pages: Pages) -> Pages:
        at = self._random.randrange(len(pages))
        content = pages[at].content
        ways = [*_shapes_of(self, content) * 6, self._token, self._line, self._bytes]
        changed = self._random.choice(ways)(content)
        return pages if changed is None else _put(pages, at, changed[:MAX_SIZE])

    def _value(self) -> str:
        """A telling value, or a word of the code."""
        return self._random.choice(self._words if self._random.random() < 0.6 else TELLING)

    # -- JSON -----------------------------------------------------------------------------

    def json(self, content: bytes) -> bytes | None:
        """A value set, taken out, named otherwise, told twice or put in another's place."""
        return self._json(
            content, self._random.choice(("set", "set", "add", "add", "out", "twice", "as"))
        )

    def _json_out(self, content: bytes) -> bytes | None:
        return self._json(content, "out")

    def _json(self, content: bytes, how: str) -> bytes | None:
        try:
            tree = json.loads(content)
        except (ValueError, RecursionError):
            return None
        places = list(_places(tree))[:MAX_PLACES]
        if not places:
            return json.dumps(self._random.choice(SHAPES)).encode()
        # A name first, so that what few rows have is changed as often as what all have.
        named = self._random.choice(sorted({str(key) for _, key in places}))
        inside, key = self._random.choice([one for one in places if str(one[1]) == named])
        self._change(inside, key, how, self._random.choice(places))
        return json.dumps(tree).encode()

    def _change(self, inside: Any, key: Any, how: str, other: tuple[Any, Any]) -> None:
        value = self._value() if self._random.random() < 0.75 else self._random.choice(SHAPES)
        if how == "out":
            del inside[key]
        elif how == "twice" and isinstance(inside, list):
            inside[key:key] = [inside[key]] * self._random.choice((1,) * 9 + (2, 300))
        elif how == "add":
            to = inside[key] if isinstance(inside[key], dict) else inside
            to[self._random.choice(self._words) if isinstance(to, dict) else key] = value
        elif how == "as":
            inside[key] = json.loads(json.dumps(other[0][other[1]]))
        else:
            inside[key] = value

    # -- XML ------------------------------------------------------------------------------

    def xml(self, content: bytes) -> bytes | None:
        """An attribute set, taken out or named otherwise; an element out, twice or elsewhere. What
        is no document any more, or in no known encoding, is not changed further."""
        try:
            root: Element = fromstring(content)
        except (ParseError, ValueError, LookupError, DefusedXmlException):
            return None
        elements = list(root.iter())
        one = self._random.choice(elements)
        if one.attrib and self._random.random() < 0.7:
            self._attribute(one, self._random.choice(elements))
        elif len(one) and self._random.random() < 0.7:
            self._element(one, self._random.choice(elements))
        else:
            one.tag = self._random.choice([e.tag for e in elements])
        try:
            return bytes(tostring(root))
        except UnicodeEncodeError:
            return None

    def _attribute(self, one: Element, other: Element) -> None:
        name = self._random.choice(sorted(one.attrib))
        how = self._random.randrange(5)
        if how == 0:
            del one.attrib[name]
        elif how == 1:
            word = self._random.choice(self._words)
            one.attrib[re.sub(r"\W", "", word, flags=re.ASCII) or "x"] = self._value()
        elif how == 2 and name in other.attrib:
            one.attrib[name] = other.attrib[name]
        else:
            one.attrib[name] = self._value()

    def _element(self, one: Element, other: Element) -> None:
        child = self._random.choice(list(one))
        how = self._random.randrange(3)
        if how == 0:
            one.remove(child)
        elif how == 1:
            one.extend([child] * self._random.choice((1,) * 9 + (2, 50)))
        elif child not in other.iter() and other is not child and one not in child.iter():
            one.append(other) if one not in other.iter() else one.remove(child)

    # -- cells, lines and bytes -----------------------------------------------------------

    def cells(self, content: bytes) -> bytes | None:
        """A cell of a comma separated file set, or told as another row's; a column out."""
        try:
            rows = list(csv.reader(io.StringIO(content.decode(), newline=""), strict=True))
        except (UnicodeDecodeError, csv.Error):
            return None
        filled = [row for row in rows if row]
        row = self._random.choice(filled or [[""]])
        at = self._random.randrange(len(row))
        if self._random.random() < 0.1:
            for each in filled:
                del each[at : at + 1]
        else:
            same = [each[at] for each in filled if at < len(each)] or [""]
            row[at] = self._random.choice((self._value(), self._random.choice(same)))
        out = io.StringIO()
        csv.writer(out, lineterminator="\n").writerows(rows)
        return out.getvalue().encode("utf-8", "surrogatepass")

    def _token(self, content: bytes) -> bytes:
        """What stands between two separators set to something else."""
        parts = _TOKENS.split(content)
        at = self._random.randrange(0, len(parts), 2)
        value = self._value().encode("utf-8", "surrogatepass")
        parts[at] = self._random.choice((value, value, b"", self._random.choice(parts[::2])))
        return b"".join(parts)

    def _line(self, content: bytes) -> bytes:
        lines = content.splitlines(keepends=True) or [b""]
        at, to = (self._random.randrange(len(lines)) for _ in range(2))
        how = self._random.randrange(4)
        if how == 0:
            del lines[at]
        elif how == 1:
            lines[at:at] = [lines[at]] * self._random.choice((1,) * 9 + (2, 20, 400))
        elif how == 2:
            lines[at], lines[to] = lines[to], lines[at]
        else:
            del lines[min(at, to) : max(at, to)]
        return b"".join(lines)

    def _line_out(self, content: bytes) -> bytes:
        lines = content.splitlines(keepends=True) or [b""]
        at = self._random.randrange(len(lines))
        del lines[at : at + self._random.choice((1, 1, len(lines) // 2 or 1))]
        return b"".join(lines)

    def _bytes(self, content: bytes) -> bytes:
        at = self._random.randrange(len(content) + 1)
        put = self._random.choice(
            (b"", bytes([self._random.randrange(256)]), self._value().encode("utf-8", "replace"))
        )
        taken = self._random.choice((0, 1, 1, 2, 8, 64, len(content)))
        return content[:at] + put + content[at + taken :]

    def _bytes_out(self, content: bytes) -> bytes:
        at = self._random.randrange(len(content) + 1)
        return content[:at] + content[at + self._random.choice((1, 4, 16, 64, 512)) :]


def _shapes_of(mutator: Mutator, content: bytes) -> list[Callable[[bytes], bytes | None]]:
    """The ways that fit what a page seems to be."""
    begins = content.lstrip()[:1]
    if begins in (b"{", b"["):
        return [mutator.json]
    if begins == b"<":
        return [mutator.xml]
    return [mutator.cells] if content.count(b",") > content.count(b"=") else []


def _places(tree: Any) -> Iterator[tuple[Any, Any]]:
    """Every place of a value in a tree of JSON: the dict or list, and the key."""
    waiting = [tree]
    while waiting:
        inside = waiting.pop()
        if isinstance(inside, dict | list):
            keys = list(inside) if isinstance(inside, dict) else range(len(inside))
            yield from ((inside, key) for key in keys)
            waiting += [inside[key] for key in keys]


def _put(pages: Pages, at: int, content: bytes) -> Pages:
    page = RawPage(name=pages[at].name, content=content)
    return (*pages[:at], page, *pages[at + 1 :])
