"""``python -m tests.fuzz [VENUE...]``: fuzz the parsers; 1 when one of them failed.

A failure is saved in ``build/fuzz/VENUE/``, and the command that shows it again is printed.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tests.architecture.sources import ROOT
from tests.fuzz.engine import Found, Fuzzer, save, saved, tried
from tests.fuzz.guards import limit_memory, peak
from tests.fuzz.targets import Target, target, targets

FOLDER = ROOT / "build" / "fuzz"


def main(arguments: list[str]) -> int:
    """Fuzz the venues one after the other, or try one saved report again."""
    asked = _options().parse_args(arguments)
    names = asked.venues or sorted(targets())
    limit_memory()
    if asked.again:
        return _again(target(names[0]), asked.again)
    failed = 0
    for name in names:
        one = target(name)
        fuzzer = Fuzzer(one, asked.seed, guided=not asked.blind)
        found = fuzzer.run(runs=asked.runs, seconds=0 if asked.runs else asked.seconds)
        failed += _tell(one, found, asked.folder)
    return 1 if failed else 0


def _options() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    options.add_argument("venues", nargs="*", metavar="VENUE", help="default: every venue")
    options.add_argument("--seconds", type=int, default=60, help="for each venue; default 60")
    options.add_argument("--runs", type=int, default=0, help="so many inputs, however long")
    options.add_argument("--seed", type=int, default=1, help="another seed, other damage")
    options.add_argument("--blind", action="store_true", help="do not follow new code")
    options.add_argument("--folder", type=Path, default=FOLDER, help="where failures are saved")
    options.add_argument("--again", type=Path, help="try the report saved in this folder")
    return options


def _tell(one: Target, found: Found, folder: Path) -> int:
    held = peak() // 1024 // 1024
    print(f"{one.name}: {found.runs} runs, {found.arcs} arcs, {found.kept} kept, {held} MB, "
          f"{len(found.failures)} failures", flush=True)  # fmt: skip
    for failure in found.failures:
        kept = save(one, failure, folder)
        print(f"  {failure.error} {failure.where}")
        print(f"  python -m tests.fuzz {one.name} --again {kept}")
    return len(found.failures)


def _again(one: Target, folder: Path) -> int:
    failure = tried(one, *saved(folder))
    print(failure.text if failure else "a batch, or a refusal: nothing fails")
    return 1 if failure else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
