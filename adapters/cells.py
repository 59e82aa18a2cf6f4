"""Texts of others in cells and on terminals: they neither calculate nor steer."""

from __future__ import annotations

import re
from typing import Final

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet would take for the beginning of a formula."""

_NUMBER: Final = re.compile(r"-?\d+(\.\d+)?", re.ASCII)


def guarded(told: str) -> str:
    """A text for a cell of CSV: one that begins like a formula gets an apostrophe.

    >>> guarded("=1+1"), guarded("ACME")
    ("'=1+1", 'ACME')
    """
    return f"'{told}" if told.startswith(_FORMULA) else told


def figure(told: str) -> str:
    """The same for a cell that holds a plain number or a text: a number stays one.

    >>> figure("-40"), figure("-cmd")
    ('-40', "'-cmd")
    """
    return told if _NUMBER.fullmatch(told) else guarded(told)


def printable(text: str) -> str:
    r"""A text that cannot steer a terminal: what does not print is shown escaped.

    >>> printable("ACME \x1b[31m")
    'ACME \\x1b[31m'
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
