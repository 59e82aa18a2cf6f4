"""How the code must look. Every rule is shown a text that breaks it, and one that does not."""

from __future__ import annotations

import inspect
import re
import shutil
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from ledger import errors
from tests.architecture import measures, rules
from tests.architecture.sources import PACKAGES, ROOT, library, parse
from tests.architecture.texts import denied, denied_in_files

FINE = "ledger/domain/example.py"


def broken(rule: rules.Rule, text: str, path: str = FINE) -> list[rules.Violation]:
    """Where a rule is broken in a text, as if it stood at that path."""
    return list(rule(parse(dedent(text), path)))


# ---------------------------------------------------------------------- the library as it is


@pytest.mark.parametrize("rule", rules.RULES, ids=lambda rule: rule.__name__)
def test_the_library_keeps_the_rule(rule: rules.Rule) -> None:
    found = [str(violation) for module in library() for violation in rule(module)]
    assert not found, "\n".join(found)


def test_the_library_was_read() -> None:
    assert {module.path.partition("/")[0] for module in library()} == set(PACKAGES)


def test_functions_are_short_on_average() -> None:
    lengths = list(measures.functions(library()))
    assert measures.mean_is_short(lengths)


def test_no_function_is_long() -> None:
    found = measures.too_long_functions(library())
    assert not found, "\n".join(found)


def test_no_file_is_long(capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        for note in measures.files_over(library(), measures.LONG_FILE):
            print(f"\nnote: {note}; better under {measures.LONG_FILE}")
    found = measures.files_over(library(), measures.LONGEST_FILE)
    assert not found, "\n".join(found)


def test_no_text_names_a_machine_or_a_registry() -> None:
    found = [str(violation) for violation in denied_in_files()]
    assert not found, "\n".join(found)


# -------------------------------------------------------------------- what each rule catches

CAUGHT = [
    (rules.floats, "x = 0.5"),
    (rules.floats, "x = 1e3"),
    (rules.floats, "x = float('1')"),
    (rules.floats, "def f(x: float) -> None: ..."),
    (rules.floats, "def f() -> dict[str, float]: ..."),
    (rules.floats, "json.loads(text, parse_float=float)"),
    (rules.broad_excepts, "try: f()\nexcept: pass"),
    (rules.broad_excepts, "try: f()\nexcept Exception: pass"),
    (rules.broad_excepts, "try: f()\nexcept (KeyError, BaseException): raise"),
    (rules.broad_excepts, "try: f()\nexcept* Exception: pass"),
    (rules.broad_excepts, "with contextlib.suppress(Exception): f()"),
    (rules.naive_times, "from datetime import datetime\ndatetime(2024, 1, 2)"),
    (rules.naive_times, "from datetime import datetime\ndatetime.now()"),
    (rules.naive_times, "from datetime import datetime as dt\ndt.utcnow()"),
    (rules.naive_times, "import datetime as d\nd.datetime.fromtimestamp(5)"),
    (rules.naive_times, "from datetime import datetime\ndatetime.strptime(text, '%Y')"),
    (rules.naive_times, "from datetime import datetime\ndatetime.combine(day, noon)"),
    (rules.naive_times, "from datetime import datetime\nx = datetime.min"),
    (rules.clock, "import time\ntime.time()"),
    (rules.clock, "from time import time_ns as t\nt()"),
    (rules.clock, "from datetime import UTC, datetime\ndatetime.now(UTC)"),
    (rules.clock, "from datetime import datetime\nf(clock=datetime.now)"),
    (rules.clock, "from datetime import date\ndate.today()"),
    (rules.environment, "import os\nos.environ['HOME']"),
    (rules.environment, "from os import getenv\ngetenv('HOME')"),
    (rules.chance, "import random"),
    (rules.chance, "from uuid import uuid4\nuuid4()"),
    (rules.rounding_builtins, "qty = abs(signed)"),
    (rules.runs_data, "import pickle"),
    (rules.runs_data, "from marshal import loads"),
    (rules.runs_data, "import shelve as keep"),
    (rules.runs_data, "eval(text)"),
    (rules.runs_data, "exec(text)"),
    (rules.runs_data, "import yaml\nyaml.load(text)"),
    (rules.runs_data, "from eventsourcing.utils import resolve_topic\nresolve_topic(row)"),
    (rules.assertions, "assert x > 0"),
    (rules.built_sql, "f'SELECT * FROM events WHERE key = {key}'"),
    (rules.built_sql, "f'{HEAD} WHERE key = {key!r}'"),
    (rules.built_sql, "'DELETE FROM events WHERE key = %s' % key"),
    (rules.built_sql, "'INSERT INTO %s VALUES (%s)' % (TABLE, value)"),
    (rules.built_sql, "'SELECT * FROM ' + table"),
    (rules.built_sql, "'PRAGMA user_version = {}'.format(version)"),
    (rules.built_sql, "def f(table):\n    return f'SELECT * FROM {table}'"),
    (rules.built_sql, "chosen = ask()\nf'SELECT * FROM {chosen}'"),
    (rules.built_sql, "f'SELECT a FROM b WHERE c IN ({\", \".join(values)})'"),
    (rules.built_sql, "for name in names:\n    f'PRAGMA {name}'"),
    (rules.pure_domain, "import sqlite3"),
    (rules.pure_domain, "import msgspec"),
    (rules.pure_domain, "from ledger.store import port"),
    (rules.pure_domain, "from ledger import clock"),
    (rules.pure_domain, "def f():\n    import os"),
    (rules.docstrings, "x = 1"),
    (rules.docstrings, "'''A module.'''\ndef public(): ..."),
    (rules.docstrings, "'''A module.'''\nclass Public: ..."),
    (rules.docstrings, "'''A module.'''\nclass P:\n    '''P.'''\n    def public(self): ..."),
]


@pytest.mark.parametrize(("rule", "text"), CAUGHT)
def test_the_rule_catches(rule: rules.Rule, text: str) -> None:
    assert broken(rule, text)


PASSES = [
    (rules.floats, "isinstance(value, float)\njson.loads(text, parse_float=Decimal)"),
    (rules.broad_excepts, "try: f()\nexcept (KeyError, ValueError): pass"),
    (rules.naive_times, "from datetime import UTC, datetime\ndatetime(2024, 1, 2, tzinfo=UTC)"),
    (rules.naive_times, "from datetime import datetime\ndatetime.fromtimestamp(5, zone)"),
    (rules.naive_times, "from datetime import datetime\ndatetime.min.replace(tzinfo=zone)"),
    (
        rules.naive_times,
        "from datetime import datetime\ndatetime.strptime(t, '%Y').replace(tzinfo=zone)",
    ),
    (rules.naive_times, "from datetime import datetime\ndatetime.strptime(t, '%Y').date()"),
    (
        rules.naive_times,
        "from datetime import datetime\nx = datetime.strptime(t, '%Y')\nx.replace(tzinfo=zone)",
    ),
    (rules.clock, "import time\ntime.monotonic()"),
    (rules.environment, "import os\nos.fsync(3)"),
    (rules.runs_data, "import re\nre.compile('a')\nbook.eval_date(3)"),
    (rules.built_sql, 'f\'SELECT {COLUMNS} FROM {TABLE} WHERE key IN ({", ".join("?" * n)})\''),
    (rules.built_sql, "way = 'DESC' if desc else 'ASC'\nf'SELECT a FROM b ORDER BY a {way}'"),
    (rules.built_sql, "for name, value in SETTINGS.items():\n    f'PRAGMA {name} = {value}'"),
    (rules.built_sql, "f'PRAGMA busy_timeout = {seconds * 1000:d}'"),
    (rules.built_sql, "f'the order {cl_ord_id} comes from elsewhere'"),
    (rules.pure_domain, "import attrs\nfrom decimal import Decimal\nfrom ledger import errors"),
    (rules.docstrings, "'''A module.'''\ndef _private(): ..."),
]


@pytest.mark.parametrize(("rule", "text"), PASSES)
def test_the_rule_lets_through(rule: rules.Rule, text: str) -> None:
    assert not broken(rule, text)


@pytest.mark.parametrize("path", ["ledger/clock.py", "adapters/cli/main.py", "adapters/cli.py"])
def test_only_the_clock_and_the_shell_read_the_clock(path: str) -> None:
    assert not broken(rules.clock, "import time\ntime.time()", path)


def test_a_fact_that_imports_what_is_made_of_facts_is_caught() -> None:
    text = "from ledger.domain.orders import Order"
    assert broken(rules.facts_first, text, "ledger/domain/events/orders.py")


def test_a_long_function_is_caught() -> None:
    text = "def f():\n" + "    x = 1\n" * measures.LONGEST_FUNCTION
    assert measures.too_long_functions([parse(text, FINE)])


def test_long_functions_on_average_are_caught() -> None:
    text = "def f():\n" + "    x = 1\n" * measures.MEAN_FUNCTION
    assert not measures.mean_is_short(list(measures.functions([parse(text, FINE)])))


def test_a_long_file_is_caught() -> None:
    text = "x = 1\n" * (measures.LONGEST_FILE + 1)
    assert measures.files_over([parse(text, FINE)], measures.LONGEST_FILE)


@pytest.mark.parametrize(
    "text",
    ["see /wo" "rk/x", "cd /ro" "ot/y", "https://pypi.o" "rg/simple", "files.pythonh" "osted.org"],
)  # fmt: skip
def test_a_text_that_names_a_machine_or_a_registry_is_caught(text: str) -> None:
    assert list(denied(text, "README.md"))


def test_a_relative_path_is_no_machine_path() -> None:
    assert not list(denied("see docs/work/x and ../shared/fixtures", "README.md"))


def test_the_file_that_git_has_in_a_second_worktree_is_not_looked_at(tmp_path: Path) -> None:
    for name in (".git", ".gitignore"):
        (tmp_path / name).write_text("/".join(["gitdir: ", "work", ".git"]), "utf-8")
    assert {violation.path for violation in denied_in_files(tmp_path)} == {".gitignore"}


# ------------------------------------------------------------------------- import contracts


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    """Check the contracts of the tree in that folder."""
    command = Path(sys.executable).with_name("lint-imports")
    return subprocess.run(
        [command, "--no-cache", "--no-logo"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def test_import_contracts_hold() -> None:
    done = lint_imports(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the library that a test may spoil."""
    target = tmp_path_factory.mktemp("copied")
    shutil.copy(ROOT / "pyproject.toml", target)
    for package in PACKAGES:
        without = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / package, target / package, ignore=without)
    (target / "adapters" / "brokers").mkdir(exist_ok=True)
    (target / "adapters" / "brokers" / "__init__.py").touch()
    (target / "adapters" / "brokers" / "another.py").touch()
    return target


@pytest.mark.parametrize(
    ("path", "text", "contract"),
    [
        ("ledger/spoiled.py", "import projections", "one way"),
        ("projections/spoiled.py", "import adapters", "one way"),
        ("ledger/domain/spoiled.py", "import ledger.store", "Inside the core"),
        ("ledger/domain/spoiled.py", "import msgspec", "no library but attrs"),
        ("ledger/spoiled.py", "import click", "no extra"),
        ("adapters/spoiled.py", "import eventsourcing", "how events are kept"),
        ("adapters/brokers/spoiled.py", "import adapters.brokers.another", "each other"),
    ],
)
def test_a_broken_import_contract_is_caught(
    copied: Path, path: str, text: str, contract: str
) -> None:
    (copied / path).write_text(text + "\n", "utf-8")
    done = lint_imports(copied)
    (copied / path).unlink()
    broken_ones = [line for line in done.stdout.splitlines() if line.endswith("BROKEN")]
    assert any(contract in line for line in broken_ones), done.stdout + done.stderr


# --------------------------------------------------------------------------- the error tree

_IN_TREE = re.compile(r"^ *(?P<bars>[│├└─ ]*)(?P<name>\w+Error)\b", re.MULTILINE)


def drawn_tree(docstring: str) -> dict[str, str]:
    """Each error in the drawing, with the one it hangs on; the first hangs on ``Exception``."""
    parents: dict[str, str] = {}
    above: list[tuple[int, str]] = [(-1, "Exception")]
    for match in _IN_TREE.finditer(docstring):
        while above[-1][0] >= len(match["bars"]):
            above.pop()
        parents[match["name"]] = above[-1][1]
        above.append((len(match["bars"]), match["name"]))
    return parents


def own_errors() -> dict[str, type]:
    """The classes that the module defines."""
    classes = inspect.getmembers(errors, inspect.isclass)
    return {name: cls for name, cls in classes if cls.__module__ == errors.__name__}


def test_every_error_stands_in_the_tree_where_it_belongs() -> None:
    assert drawn_tree(errors.__doc__ or "") == {
        n: c.__bases__[0].__name__ for n, c in own_errors().items()
    }


def test_every_error_is_named_one() -> None:
    assert all(
        name.endswith("Error") and issubclass(c, Exception) for name, c in own_errors().items()
    )


def test_a_tree_is_read_as_it_is_drawn() -> None:
    drawn = "AError\n├── BError  because\n│   └── CError\n└── DError"
    expected = {"AError": "Exception", "BError": "AError", "CError": "BError", "DError": "AError"}
    assert drawn_tree(drawn) == expected
