"""The modules of the library, parsed; and the names their code really refers to."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("ledger", "projections", "adapters")


class Module(NamedTuple):
    """One source file: its path from the repository's root, its text and its tree."""

    path: str
    text: str
    tree: ast.Module

    @property
    def name(self) -> str:
        """The dotted name under which it is imported."""
        return self.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    @property
    def nodes(self) -> tuple[ast.AST, ...]:
        """All nodes of its tree, from the top."""
        return walked(self.tree)

    @property
    def aliases(self) -> dict[str, str]:
        """What each imported name stands for, in full: ``{"dt": "datetime.datetime"}``."""
        found: dict[str, str] = {}
        for node in self.nodes:
            if isinstance(node, ast.Import):
                found |= {a.asname: a.name for a in node.names if a.asname}
            if isinstance(node, ast.ImportFrom) and not node.level:
                found |= {a.asname or a.name: f"{node.module}.{a.name}" for a in node.names}
        return found

    def references(self) -> Iterator[tuple[ast.expr, str]]:
        """Every name or dotted chain of names in the code, in full."""
        aliases = self.aliases
        for node in self.nodes:
            if isinstance(node, ast.Name | ast.Attribute) and (chain := dotted(node)):
                head, _, rest = chain.partition(".")
                full = aliases.get(head, head)
                yield node, f"{full}.{rest}" if rest else full

    def imports(self) -> Iterator[tuple[ast.stmt, str]]:
        """Every module or name that is imported, anywhere in the file, in full."""
        for node in self.nodes:
            if isinstance(node, ast.Import):
                yield from ((node, alias.name) for alias in node.names)
            if isinstance(node, ast.ImportFrom):
                origin = "." * node.level + (node.module or "")
                yield from ((node, f"{origin}.{alias.name}") for alias in node.names)


@cache
def walked(tree: ast.Module) -> tuple[ast.AST, ...]:
    """All nodes of a tree: walked once for all the rules."""
    return tuple(ast.walk(tree))


def dotted(node: ast.expr) -> str:
    """``a.b.c`` as text; empty when the chain begins with anything but a name."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and (head := dotted(node.value)):
        return f"{head}.{node.attr}"
    return ""


def parse(text: str, path: str) -> Module:
    """A module made from text, as if it stood at that path."""
    return Module(path, text, ast.parse(text))


@cache
def library(root: Path = ROOT) -> tuple[Module, ...]:
    """Every module of the three packages, in order of path."""
    files = sorted(file for package in PACKAGES for file in (root / package).rglob("*.py"))
    return tuple(parse(f.read_text("utf-8"), f.relative_to(root).as_posix()) for f in files)
