"""The frame of a Flex file: safe XML, statements and rows as plain attributes, before any meaning.

No document type, no entity, bounded size, depth and attributes; the rows come out as dictionaries
while the file is read, so that no tree is built.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import ItemsView, Iterator, Mapping
from typing import Any, Final
from xml.etree.ElementTree import ParseError

import attrs
from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from adapters.port import RawPage
from adapters.sharing import shared
from ledger.errors import BadFileError

MAX_BYTES: Final = 64 * 1024 * 1024
MAX_DEPTH: Final = 12
MAX_ATTRIBUTES: Final = 1000
_CHUNK: Final = 1 << 16
_ROW_DEPTH: Final = 5
_HELP: Final = "download the statement again as XML and ingest the whole file"


class Attributes(Mapping[str, str]):
    """What an element says, by name. Elements of one kind have the same names in one order, which
    they share: a dictionary of its own would be most of what a row takes.

    >>> said = Attributes({"a": 0, "b": 1}, ("1", "2"))
    >>> said["b"], said.get("c", ""), dict(said)
    ('2', '', {'a': '1', 'b': '2'})
    """

    __slots__ = ("_places", "_values")

    def __init__(self, places: dict[str, int], values: tuple[str, ...]) -> None:
        self._places = places
        self._values = values

    def __getitem__(self, name: str) -> str:
        return self._values[self._places[name]]

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def get(self, name: str, default: Any = None) -> Any:
        """The value, or the default where the element has none of that name."""
        place = self._places.get(name)
        return default if place is None else self._values[place]

    def items(self) -> ItemsView[str, str]:
        """The pairs of names and values."""
        return dict(zip(self._places, self._values, strict=True)).items()


@attrs.frozen
class RawRow:
    """One element of a section, with its place among its kind (from 1) in the file."""

    element: str
    section: str
    place: int
    values: Mapping[str, str]


@attrs.define
class RawStatement:
    """One ``FlexStatement``: its own attributes, its sections (empty ones too) and its rows."""

    values: Mapping[str, str]
    sections: list[str] = attrs.field(factory=list)
    rows: list[RawRow] = attrs.field(factory=list)

    @property
    def account(self) -> str:
        """The venue's account id."""
        return self.values.get("accountId", "")


def read_frame(page: RawPage, *, with_rows: bool = True) -> list[RawStatement]:
    """The file's statements; ``BadFileError`` when it is not one whole, safe Flex file. Without
    rows, only whose statements they are."""
    if len(page.content) > MAX_BYTES:
        raise BadFileError(
            f"{page.name} is larger than {MAX_BYTES} bytes; ask for a shorter period"
        )
    target = _Target(page.name, with_rows=with_rows)
    parser = DefusedXMLParser(target=target, forbid_dtd=True)
    try:
        for start in range(0, len(page.content), _CHUNK):
            parser.feed(page.content[start : start + _CHUNK])
        parser.close()
    except BadFileError:
        raise
    except DefusedXmlException as error:
        raise BadFileError(
            f"{page.name} declares a document type or entity, which no Flex statement does "
            f"({type(error).__name__}); do not use this file, {_HELP}"
        ) from None
    except (ParseError, LookupError, ValueError) as error:
        raise BadFileError(f"{page.name} is not well-formed XML ({error}); {_HELP}") from None
    return target.finished()


class _Target:
    """What the parser reports to: it keeps the rows and refuses what no Flex file has."""

    def __init__(self, name: str, *, with_rows: bool) -> None:
        self._name = name
        self._with_rows = with_rows
        self._named: dict[tuple[str, ...], dict[str, int]] = {}
        self._path: list[str] = []
        self._declared: list[str] = []
        self._statements: list[RawStatement] = []
        self._places: Counter[str] = Counter()

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self._path.append(tag)
        depth = len(self._path)
        if depth > MAX_DEPTH:
            raise self._refused(f"is nested deeper than {MAX_DEPTH} elements")
        if len(attributes) > MAX_ATTRIBUTES:
            raise self._refused(f"has an element of more than {MAX_ATTRIBUTES} attributes")
        if depth == 1 and tag == "FlexStatement":
            self._alone(attributes)
        elif depth == 1:
            self._root(tag, attributes)
        elif tag == "FlexStatements":
            self._declared.append(attributes.get("count", ""))
        elif tag == "FlexStatement":
            self._statements.append(RawStatement(attributes))
        else:
            self._row(tag, attributes, depth)

    def end(self, tag: str) -> None:
        self._path.pop()

    def data(self, data: str) -> None:
        """Text between elements carries nothing in a Flex file."""

    def close(self) -> None:
        """The end of the document."""

    def finished(self) -> list[RawStatement]:
        """The statements, once their number is the one the file declares."""
        held = str(len(self._statements))
        if self._declared != [held]:
            stated = ", ".join(self._declared) or "nothing"
            raise self._refused(f"declares {stated} as its count of statements and holds {held}")
        if held == "0":
            raise self._refused("holds no statement")
        return self._statements

    def _alone(self, attributes: dict[str, str]) -> None:
        """A statement without the frame around it counts as one in its frame."""
        self._path = ["FlexQueryResponse", "FlexStatements", "FlexStatement"]
        self._declared.append("1")
        self._statements.append(RawStatement(attributes))

    def _root(self, tag: str, attributes: dict[str, str]) -> None:
        if tag != "FlexQueryResponse":
            expected = "an Activity Flex statement in XML begins with <FlexQueryResponse>"
            raise self._refused(f"begins with <{tag[:60]}>; {expected}")
        if attributes.get("type", "AF") != "AF":
            raise self._refused("is not an Activity Flex query (type AF)")

    def _row(self, tag: str, attributes: dict[str, str], depth: int) -> None:
        """Rows are the fifth level; AccountInformation stands one above and is a row too."""
        if not self._with_rows or self._path[2:3] != ["FlexStatement"]:
            return
        if depth == _ROW_DEPTH - 1:
            self._statements[-1].sections.append(tag)
        if depth == _ROW_DEPTH or (depth == _ROW_DEPTH - 1 and attributes):
            self._places[tag] += 1
            row = RawRow(tag, self._path[3], self._places[tag], self._said(attributes))
            self._statements[-1].rows.append(row)

    def _said(self, attributes: dict[str, str]) -> Attributes:
        names = tuple(attributes)
        places = self._named.get(names)
        if places is None:
            places = self._named[names] = {name: place for place, name in enumerate(names)}
        return Attributes(places, tuple(map(shared, attributes.values())))

    def _refused(self, why: str) -> BadFileError:
        return BadFileError(f"{self._name} {why}; {_HELP}")
