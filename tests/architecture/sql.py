"""SQL that is put together from pieces: every piece must be known when the code is written.

A piece is known when it is a literal, a constant in capitals, ``", ".join("?" * n)``, a number
formatted with ``:d``, a choice between known pieces, a local name that is only ever one of these,
or a name that stands in ``IDENTIFIERS`` below.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from tests.architecture.sources import Module, dotted

# Arguments that name tables, columns or verbs, and that only this library's own code gives.
IDENTIFIERS: dict[str, set[str]] = {
    "ledger/store/sqlite_schema.py": {"table", "verb"},
    # Names that have passed postgres_schema.require_name.
    "ledger/store/postgres_schema.py": {"schema", "role"},
    # The views' own names, and what SQLAlchemy makes of a question without values.
    "projections/views.py": {"name", "question"},
}

_SQL = re.compile(
    r"\b(SELECT\s|INSERT\s+(OR|INTO)\b|UPDATE\s+\S*\s*SET\b|DELETE\s+FROM\b|REPLACE\s+INTO\b"
    r"|(CREATE|DROP|ALTER)\s+(TABLE|INDEX|UNIQUE|TRIGGER|VIEW|ROLE|FUNCTION)\b|PRAGMA\s|ATTACH\s"
    r"|VACUUM\b|\sFROM\s|WHERE\s|ORDER\s+BY\b|VALUES\s*\()"
)
Scope = ast.Module | ast.FunctionDef | ast.AsyncFunctionDef


def unknown_pieces(module: Module) -> Iterator[ast.expr]:
    """The expressions that make SQL from a piece that is not known."""
    for scope in _scopes(module.tree):
        known = _known_names(scope, IDENTIFIERS.get(module.path, set()))
        for node in _own_nodes(scope):
            texts, values = _pieces(node)
            is_sql = _SQL.search("\0".join(texts)) is not None
            if is_sql and not all(_is_known(value, known) for value in values):
                yield node  # type: ignore[misc]


def _scopes(tree: ast.Module) -> Iterator[Scope]:
    yield tree
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def _own_nodes(scope: Scope) -> Iterator[ast.AST]:
    """The nodes of a scope without those of the functions inside it."""
    waiting: list[ast.AST] = list(scope.body)
    while waiting:
        node = waiting.pop()
        yield node
        inner = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        waiting += [] if inner else ast.iter_child_nodes(node)


def _pieces(node: ast.AST) -> tuple[list[str], list[ast.expr]]:
    """The literal texts of an expression that makes text, and the expressions put in."""
    if isinstance(node, ast.JoinedStr):
        parts = [part for part in node.values if isinstance(part, ast.FormattedValue)]
        return _literals(node.values), [part.value for part in parts if not _is_integer(part)]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod | ast.Add):
        right = node.right.elts if isinstance(node.right, ast.Tuple) else [node.right]
        sides = [node.left, *right]
        return _literals(sides), sides
    if isinstance(node, ast.Call) and _is_method(node, {"format", "format_map"}):
        given = [*node.args, *(keyword.value for keyword in node.keywords)]
        return _literals([node.func.value]), given  # type: ignore[attr-defined]
    return [], []


def _is_integer(part: ast.FormattedValue) -> bool:
    """Whether it is formatted as ``:d``, which raises for anything but an integer."""
    spec = part.format_spec
    return isinstance(spec, ast.JoinedStr) and _literals(spec.values) == ["d"]


def _is_method(node: ast.Call, names: set[str]) -> bool:
    return isinstance(node.func, ast.Attribute) and node.func.attr in names


def _literals(nodes: list[ast.expr]) -> list[str]:
    return [n.value for n in nodes if isinstance(n, ast.Constant) and isinstance(n.value, str)]


def _known_names(scope: Scope, allowed: set[str]) -> set[str]:
    """The names of a scope of which every binding is a known piece."""
    known = set(allowed)
    for node in _own_nodes(scope):
        if isinstance(node, ast.Assign) and all(isinstance(t, ast.Name) for t in node.targets):
            good = _is_known(node.value, known)
        elif isinstance(node, ast.For | ast.comprehension):
            good = _is_known(node.iter, known)
        else:
            continue
        names = {name for target in _targets(node) for name in _names(target)}
        known = known | names if good else known - (names - allowed)
    return known


def _targets(node: ast.Assign | ast.For | ast.comprehension) -> list[ast.expr]:
    return node.targets if isinstance(node, ast.Assign) else [node.target]


def _names(target: ast.expr) -> set[str]:
    return {node.id for node in ast.walk(target) if isinstance(node, ast.Name)}


def _is_known(node: ast.expr, known: set[str]) -> bool:
    """Whether an expression can only be made of what the code itself says."""
    if isinstance(node, ast.Constant):
        return True
    if isinstance(node, ast.Name | ast.Attribute):
        name = dotted(node)
        return name in known or name.rpartition(".")[2].isupper()
    return all(_is_known(part, known) for part in _parts(node)) and bool(_parts(node))


def _parts(node: ast.expr) -> list[ast.expr]:
    """What a composed expression is made of; empty when it is not of a known kind."""
    if isinstance(node, ast.JoinedStr):
        return [*node.values] or [ast.Constant("")]
    if isinstance(node, ast.FormattedValue):
        return [ast.Constant(0)] if _is_integer(node) else [node.value]
    if isinstance(node, ast.IfExp):
        return [node.body, node.orelse]
    if isinstance(node, ast.BinOp):
        counts = isinstance(node.op, ast.Mult)
        return [node.left] if counts else [node.left, node.right]
    if isinstance(node, ast.Call) and _is_method(
        node, {"join", "items", "keys", "values", "upper"}
    ):
        return [node.func.value, *node.args]  # type: ignore[attr-defined]
    if isinstance(node, ast.GeneratorExp | ast.ListComp):
        return [one.iter for one in node.generators]
    return [*node.elts] if isinstance(node, ast.Tuple | ast.List) else []
