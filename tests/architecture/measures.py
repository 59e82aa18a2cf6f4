"""Sizes: how long functions and files are."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from tests.architecture.sources import Module

MEAN_FUNCTION = 12
LONGEST_FUNCTION = 40
LONG_FILE = 300
LONGEST_FILE = 400
TABLES_OF_FACTS = "ledger/domain/events/"


class Function(NamedTuple):
    """A function and its length in lines, from ``def`` to its end, docstring included."""

    path: str
    line: int
    name: str
    length: int

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.name} has {self.length} lines"


def functions(modules: Iterable[Module]) -> Iterator[Function]:
    """Every function and method, the nested ones counted by themselves too."""
    for module in modules:
        for node in module.nodes:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                yield Function(module.path, node.lineno, node.name, length)


def mean_is_short(found: list[Function]) -> bool:
    """Whether the mean length is at most ``MEAN_FUNCTION``, by whole lines."""
    return sum(function.length for function in found) <= MEAN_FUNCTION * len(found)


def too_long_functions(modules: Iterable[Module]) -> list[str]:
    """The functions over ``LONGEST_FUNCTION`` lines."""
    return [str(f) for f in functions(modules) if f.length > LONGEST_FUNCTION]


def files_over(modules: Iterable[Module], lines: int) -> list[str]:
    """The files over so many lines, the tables of facts apart."""
    sized = ((module.path, len(module.text.splitlines())) for module in modules)
    return [
        f"{path} has {size} lines"
        for path, size in sized
        if size > lines and not path.startswith(TABLES_OF_FACTS)
    ]
