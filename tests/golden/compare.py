"""What the golden runners share: exact expectations, and the report of disagreements.

A number is expected to the digit where it ends within 18 decimals, within 1e-15 where it does
not. A sum over several books may be off by half a unit of the last decimal for each, since what
a book reports is rounded there. Expected values are decimal text, ``p/q``, or
``{"fraction": "p/q"}``.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

from ledger.errors import LedgerError

NEAR = Fraction(1, 10**15)
QUANTUM = 10**18


class DisagreementError(Exception):
    """A case whose outcome is not what is expected."""


def exact(value: Any) -> Fraction:
    """An expected number as a fraction."""
    return Fraction(value["fraction"] if isinstance(value, dict) else str(value))


def agrees(ours: Decimal, expected: Any, books: int = 1) -> bool:
    """Equal to the digit if the expected value ends within 18 decimals, else within 1e-15;
    ``books``: how many reported figures ours is the sum of."""
    wanted = exact(expected)
    off = abs(Fraction(ours) - wanted)
    ends = (wanted * QUANTUM).denominator == 1
    rounded = Fraction(books, 2 * QUANTUM) if books > 1 else 0
    return off <= (rounded if ends else NEAR)


def check(what: str, ours: Decimal | None, expected: Any, books: int = 1) -> None:
    """Raise unless a figure agrees."""
    if expected is None or ours is None:
        if expected is not ours:
            raise DisagreementError(f"{what}: ours {ours}, expected {expected}")
    elif not agrees(ours, expected, books):
        raise DisagreementError(f"{what}: ours {ours}, expected {exact(expected)}")


def same(what: str, ours: object, expected: object) -> None:
    """Raise unless two plain values are equal."""
    if ours != expected:
        raise DisagreementError(f"{what}: ours {ours}, expected {expected}")


def read(path: str) -> dict[str, Any]:
    """A golden file; its numbers stay text."""
    loaded: dict[str, Any] = json.loads(Path(path).read_text(), parse_float=Decimal)
    return loaded


def run(
    cases: Iterable[Any], check_case: Callable[[Any], None], in_scope: Callable[[Any], bool]
) -> int:
    """Run every case; print a line for each disagreement and last ``agree N of M``. A case that
    cannot be played does not agree, and the others are played all the same."""
    agreed = total = outside = 0
    for case in cases:
        if not in_scope(case):
            outside += 1
            continue
        total += 1
        try:
            check_case(case)
            agreed += 1
        except DisagreementError as found:
            print(f"{case['id']}: {found}")
        except (LedgerError, LookupError, ArithmeticError, TypeError, ValueError) as stopped:
            print(f"{case['id']}: cannot be played: {type(stopped).__name__} {stopped}")
    if outside:
        print(f"out of scope {outside}")
    print(f"agree {agreed} of {total}")
    return 0 if agreed == total and total else 1


def argument() -> str:
    """The file named on the command line."""
    if len(sys.argv) != 2:
        print(f"usage: python -m {Path(sys.argv[0]).stem} FILE", file=sys.stderr)
        raise SystemExit(2)
    return sys.argv[1]
