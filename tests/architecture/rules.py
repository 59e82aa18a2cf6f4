"""The rules, each a function from a module to the places where it is broken."""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Iterator
from typing import NamedTuple

from tests.architecture.sources import Module, dotted
from tests.architecture.sql import unknown_pieces


class Violation(NamedTuple):
    """A place where a rule is broken, and what to do about it."""

    path: str
    line: int
    why: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.why}"


Rule = Callable[[Module], Iterator[Violation]]

SHELL = "adapters.cli"
CLOCK = "ledger.clock"

WALL_CLOCK = {
    "time.time", "time.time_ns", "time.localtime", "time.gmtime", "time.ctime",
    "datetime.datetime.now", "datetime.datetime.utcnow", "datetime.datetime.today",
    "datetime.date.today",
}  # fmt: skip
ENVIRONMENT = {"os.environ", "os.environb", "os.getenv", "os.getenvb", "os.putenv"}
CHANCE = {"os.urandom", "uuid.uuid1", "uuid.uuid4"}
RUNS_DATA = {
    "eval", "exec", "__import__", "yaml.load", "yaml.unsafe_load",
    "eventsourcing.utils.resolve_topic",
}  # fmt: skip
UNSAFE_MODULES = {"pickle", "cPickle", "marshal", "shelve", "dill", "cloudpickle"}
BROAD = {"Exception", "BaseException", "builtins.Exception", "builtins.BaseException"}

# Parts of the standard library by which a pure function would reach outside.
OUTSIDE = {
    "asyncio", "builtins", "concurrent", "ctypes", "http", "importlib", "io", "locale", "logging",
    "multiprocessing", "os", "pathlib", "platform", "random", "secrets", "select", "shutil",
    "signal", "socket", "sqlite3", "subprocess", "sys", "tempfile", "threading", "time", "urllib",
    "uuid", "warnings",
}  # fmt: skip


def floats(module: Module) -> Iterator[Violation]:
    """Binary fractions: literals, calls, annotations; only a check against them may name them."""
    checks = _checked_types(module)
    for node in module.nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, float | complex):
            yield _at(module, node, f"the literal {node.value!r} is a float; use Decimal or an int")
        if isinstance(node, ast.Name) and node.id == "float" and id(node) not in checks:
            yield _at(module, node, "float; numbers are Decimal, from text to text")


def _checked_types(module: Module) -> set[int]:
    """The nodes that only say which type a value must not, or may, have."""
    calls = (node for node in module.nodes if isinstance(node, ast.Call))
    checks = (c for c in calls if dotted(c.func) in {"isinstance", "issubclass"} and c.args)
    return {id(node) for check in checks for node in ast.walk(check.args[-1])}


def broad_excepts(module: Module) -> Iterator[Violation]:
    """Handlers that catch whatever comes, and the context manager that does the same."""
    for node in module.nodes:
        if isinstance(node, ast.ExceptHandler) and (node.type is None or _is_broad(node.type)):
            yield _at(module, node, "broad except; name the errors that can happen here")
        suppresses = isinstance(node, ast.Call) and dotted(node.func).endswith("suppress")
        if suppresses and any(map(_is_broad, node.args)):  # type: ignore[attr-defined]
            yield _at(module, node, "suppresses everything; name the errors that can happen here")


def _is_broad(node: ast.expr) -> bool:
    parts = node.elts if isinstance(node, ast.Tuple) else [node]
    return any(dotted(part) in BROAD for part in parts)


def naive_times(module: Module) -> Iterator[Violation]:
    """Times without a zone, by the ways in which the standard library makes them."""
    zoned = _zoned_at_once(module)
    for node, name in module.references():
        if name in {"datetime.datetime.min", "datetime.datetime.max"} and id(node) not in zoned:
            yield _at(module, node, f"{name} has no zone")
    names = dict(module.references())
    for call in (node for node in module.nodes if isinstance(node, ast.Call)):
        name = names.get(call.func, "")
        if id(call) not in zoned and _makes_naive(name, call):
            yield _at(module, call, f"{name} without a zone; say which one")


_ZONE_AT = {"datetime": 7, "now": 0, "fromtimestamp": 1, "combine": 2}
_ALWAYS_NAIVE = {"utcnow", "utcfromtimestamp", "today", "fromordinal", "strptime"}


def _makes_naive(name: str, call: ast.Call) -> bool:
    kind = name.removeprefix("datetime.datetime").removeprefix(".") or "datetime"
    if not name.startswith("datetime.datetime"):
        return False
    if kind in _ALWAYS_NAIVE:
        return True
    if kind not in _ZONE_AT or any(keyword.arg in {"tz", "tzinfo"} for keyword in call.keywords):
        return False
    return len(call.args) <= _ZONE_AT[kind]


def _zoned_at_once(module: Module) -> set[int]:
    """Calls whose result gets a zone, or loses its time, at once or through one name."""
    found: set[int] = set()
    named = _assigned_calls(module)
    for node in module.nodes:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            gives = node.func.attr == "replace" and any(k.arg == "tzinfo" for k in node.keywords)
            if gives or node.func.attr == "date":
                found |= {id(node.func.value), *named.get(dotted(node.func.value), set())}
    return found


def _assigned_calls(module: Module) -> dict[str, set[int]]:
    """The calls whose result is given a name, by that name."""
    found: dict[str, set[int]] = {}
    for node in module.nodes:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            for target in node.targets:
                found.setdefault(dotted(target), set()).add(id(node.value))
    found.pop("", None)
    return found


def clock(module: Module) -> Iterator[Violation]:
    """The wall clock, outside the one module that reads it and the command line."""
    if module.name != CLOCK and not _within(module, SHELL):
        why = "reads the clock; take the time, or a clock, as an argument"
        yield from _references(module, WALL_CLOCK, why)


def environment(module: Module) -> Iterator[Violation]:
    """Environment variables, outside the command line."""
    if not _within(module, SHELL):
        why = "reads the environment; the command line does that and hands values in"
        yield from _references(module, ENVIRONMENT, why)


def chance(module: Module) -> Iterator[Violation]:
    """Random numbers and random ids: what uses them cannot be replayed."""
    why = "is random; take ids and randomness as arguments"
    yield from _references(module, CHANCE, why)
    yield from _imports(module, {"random", "secrets"}, why)


def runs_data(module: Module) -> Iterator[Violation]:
    """Whatever would execute or import what a stored row or a file says."""
    yield from _references(module, RUNS_DATA, "runs what data says")
    yield from _imports(module, UNSAFE_MODULES, "can run what data says")


def assertions(module: Module) -> Iterator[Violation]:
    """``assert``, which ``python -O`` removes."""
    for node in module.nodes:
        if isinstance(node, ast.Assert):
            yield _at(module, node, "assert; raise an error of ledger.errors")


def built_sql(module: Module) -> Iterator[Violation]:
    """SQL made from a piece that is not known when the code is written."""
    for node in unknown_pieces(module):
        yield _at(module, node, "SQL from pieces; give values as parameters")


def pure_domain(module: Module) -> Iterator[Violation]:
    """The domain imports attrs, itself, the errors, and what is pure in the standard library."""
    if not _within(module, "ledger.domain"):
        return
    for node, name in module.imports():
        top = name.partition(".")[0]
        own = name.startswith(("ledger.domain", "ledger.errors"))
        harmless = top in sys.stdlib_module_names and top not in OUTSIDE
        if not (own or harmless or top in {"attr", "attrs"}):
            yield _at(module, node, f"the domain imports {name}; it knows attrs and itself alone")


def facts_first(module: Module) -> Iterator[Violation]:
    """The facts are imported by all of the domain, and import only gates, numbers, instruments."""
    allowed = tuple(
        f"ledger.domain.{name}" for name in ("events", "gates", "numbers", "instruments")
    )
    if not _within(module, "ledger.domain.events"):
        return
    for node, name in module.imports():
        if name.startswith("ledger.domain") and not name.startswith(allowed):
            yield _at(
                module, node, f"a fact imports {name}; facts come before what is made of them"
            )


def rounding_builtins(module: Module) -> Iterator[Violation]:
    """``abs`` and ``round`` of a Decimal round to the thread's 28 digits without a word."""
    for node in module.nodes:
        if isinstance(node, ast.Call) and dotted(node.func) in {"abs", "round"}:
            yield _at(module, node, f"{dotted(node.func)}() rounds to 28 digits; use copy_abs")


def docstrings(module: Module) -> Iterator[Violation]:
    """A module, a public class and a public function say what they are."""
    if not ast.get_docstring(module.tree):
        yield Violation(module.path, 1, "the module has no docstring")
    yield from _undocumented(module, module.tree)


def _undocumented(module: Module, scope: ast.Module | ast.ClassDef) -> Iterator[Violation]:
    for node in scope.body:
        if not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if node.name.startswith("_") or _is_overload(node):
            continue
        if not ast.get_docstring(node):
            yield _at(module, node, f"{node.name} has no docstring")
        if isinstance(node, ast.ClassDef):
            yield from _undocumented(module, node)


def _is_overload(node: ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    ends = {"overload", "setter", "deleter"}
    return any(dotted(mark).rpartition(".")[2] in ends for mark in node.decorator_list)


def _references(module: Module, banned: set[str], why: str) -> Iterator[Violation]:
    for node, name in module.references():
        if name in banned:
            yield _at(module, node, f"{name} {why}")


def _imports(module: Module, banned: set[str], why: str) -> Iterator[Violation]:
    for node, name in module.imports():
        if name.partition(".")[0] in banned:
            yield _at(module, node, f"{name} {why}")


def _within(module: Module, package: str) -> bool:
    return module.name == package or module.name.startswith(package + ".")


def _at(module: Module, node: ast.AST, why: str) -> Violation:
    return Violation(module.path, getattr(node, "lineno", 1), why)


RULES: tuple[Rule, ...] = (
    *(floats, broad_excepts, naive_times, clock, environment, chance, runs_data, assertions),
    *(built_sql, pure_domain, facts_first, rounding_builtins, docstrings),
)
