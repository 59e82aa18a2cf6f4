"""``python -m tests.benchmarks [--quick]``: print the figures and write ``build/bench.json``."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.benchmarks import core
from tests.benchmarks.figures import report


def main(arguments: list[str]) -> int:
    """Five runs, or three shorter ones with ``--quick``; 1 when a goal is missed."""
    quick = "--quick" in arguments
    figures = list(core.measured(runs=3 if quick else 5, count=50_000 if quick else 200_000))
    report(figures, Path("build/bench.json"))
    return 0 if all(one.met for one in figures) else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
