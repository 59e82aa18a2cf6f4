"""JSON as venues send it, read strictly: every number stays the text that was written.

A file that is cut, holds a name twice in one object, NaN, or is nested too deep is refused as a
whole. A number comes out as plain digits, so that one written as a number and one written as text
are read the same way and nothing passes through binary fractions.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal, DecimalException
from typing import Any, Final

from adapters.port import RawPage
from adapters.sharing import shared
from ledger.domain.numbers import MAX_TEXT
from ledger.errors import BadFileError

MAX_BYTES: Final = 64 * 1024 * 1024
MAX_DEPTH: Final = 40
_HELP: Final = "fetch the page again and ingest the whole answer"

Json = Any
"""A value read from JSON: None, bool, str (numbers too), list, or dict by name."""


def read_json(page: RawPage) -> Json:
    r"""The page's one value; ``BadFileError`` when it is not one whole, safe JSON document.

    >>> read_json(RawPage(name="a.json", content=b'{"px": 1.50, "qty": "2", "fee": 1e-8}'))
    {'px': '1.50', 'qty': '2', 'fee': '0.00000001'}
    """
    if len(page.content) > MAX_BYTES:
        raise BadFileError(f"{page.name} is larger than {MAX_BYTES} bytes; fetch smaller pages")
    try:
        written = page.content.decode("utf-8-sig")
        read = json.loads(
            written,
            parse_float=_plain,
            parse_int=str,
            parse_constant=_refuse_constant,
            object_pairs_hook=_object,
        )
    except UnicodeDecodeError:
        raise BadFileError(f"{page.name} is not UTF-8 text; {_HELP}") from None
    except RecursionError:
        raise BadFileError(f"{page.name} is nested too deep; do not use this file") from None
    except ValueError as error:
        raise BadFileError(f"{page.name} is not whole JSON ({error}); {_HELP}") from None
    if _is_deep(read):
        raise BadFileError(f"{page.name} is nested deeper than {MAX_DEPTH}; do not use this file")
    return read


def canonical(value: Json) -> str:
    """The value as one text, whatever the order of its names.

    >>> canonical({"b": "1", "a": [None, True]})
    '{"a":[null,true],"b":"1"}'
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _plain(token: str) -> str:
    """A JSON number without exponent; as it is when writing it out would be long."""
    if "e" not in token and "E" not in token:
        return token
    try:
        number = Decimal(token)
    except DecimalException:
        return token
    exponent = number.as_tuple().exponent
    is_long = not isinstance(exponent, int) or not -MAX_TEXT < exponent < MAX_TEXT
    return token if is_long else f"{number:f}"


def _refuse_constant(name: str) -> Json:
    raise ValueError(f"{name} is no number")


def _object(pairs: list[tuple[str, Json]]) -> Mapping[str, Json]:
    read = {name: shared(one) if isinstance(one, str) else one for name, one in pairs}
    if len(read) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the name {twice[:60]!r} stands twice in one object")
    return read


def _is_deep(value: Json) -> bool:
    """Whether values are nested deeper than any venue's; walked level by level."""
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [inner for one in level for inner in _inside(one)]
        if not level:
            return False
    return True


def _inside(value: Json) -> list[Json]:
    if isinstance(value, dict):
        return [one for one in value.values() if isinstance(one, dict | list)]
    return [one for one in value if isinstance(one, dict | list)] if isinstance(value, list) else []
