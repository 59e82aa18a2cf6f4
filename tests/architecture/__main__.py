"""Print the figures and every violation; exit 1 when there is one."""

from __future__ import annotations

import sys

from tests.architecture import measures
from tests.architecture.rules import RULES
from tests.architecture.sources import library
from tests.architecture.texts import denied_in_files


def main() -> int:
    """Look at the whole library."""
    modules = library()
    lengths = list(measures.functions(modules))
    lines = sum(function.length for function in lengths)
    print(f"{len(modules)} files, {len(lengths)} functions of {lines / len(lengths):.1f} lines")
    for note in measures.files_over(modules, measures.LONG_FILE):
        print(f"note: {note}; better under {measures.LONG_FILE}")
    found = [str(violation) for module in modules for rule in RULES for violation in rule(module)]
    found += [str(violation) for violation in denied_in_files()]
    found += measures.too_long_functions(modules)
    found += measures.files_over(modules, measures.LONGEST_FILE)
    print(*found, f"{len(found)} violations", sep="\n")
    return 1 if found or not measures.mean_is_short(lengths) else 0


if __name__ == "__main__":
    sys.exit(main())
