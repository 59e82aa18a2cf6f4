"""What the golden runners share: exact expectations, and the report of disagreements.

A number is expected to the digit where it ends within 18 decimals, within 1e-15 where it does
not. Expected values are decimal text, ``p/q``, or ``{"fraction": "p/q"}``.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

NEAR = Fraction(1, 10**15)
QUANTUM = 10**18


class DisagreementError(Exception):
    """A case whose outcome is not what is expected."""


def exact(value: Any) -> Fraction:
    """An expected number as a fraction."""
    return Fraction(value["fraction"] if isinstance(value, dict) else str(value))


def agrees(ours: Decimal, expected: Any) -> bool:
    """Equal to the digit if the expected value ends within 18 decimals, else within 1e-15."""
    wanted = exact(expected)
    ends = (wanted * QUANTUM).denominator == 1
    return Fraction(ours) == wanted if ends else abs(Fraction(ours) - wanted) <= NEAR


def check(what: str, ours: Decimal | None, expected: Any) -> None:
    """Raise unless a figure agrees."""
    if expected is None or ours is None:
        if expected is not ours:
            raise DisagreementError(f"{what}: ours {ours}, expected {expected}")
    elif not agrees(ours, expected):
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
    """Run every case; print a line for each disagreement and last ``agree N of M``."""
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
