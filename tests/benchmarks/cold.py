"""One fresh process that loads an account: ``python -m tests.benchmarks.cold WAY FILE ACCOUNT``.

``ours`` opens the ledger and asks it; ``bare`` and ``ungated`` are the loop it is compared with.
What it took, the most memory it had, and what came out are printed as JSON.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

import ledger
from ledger.domain.numbers import ZERO, text
from tests.benchmarks.figures import Spent, spent
from tests.benchmarks.replay import Holding, Totals, gated, replayed, rows_of, ungated

ROOT: Final = Path(__file__).parents[2]
LIMIT: Final = 600


class Cold(NamedTuple):
    """What a fresh process says of itself."""

    wall: float
    cpu: float
    peak_mib: float
    result: object


def ours(path: str, account: str) -> Totals:
    """The account as the ledger has it."""
    with ledger.open(f"sqlite:///{path}") as book:
        views = book.positions(account)
        positions = {
            one.instrument_id: Holding(
                one.net_qty, one.cost_basis, one.realized_pnl, one.fees.get("USD", ZERO)
            )
            for one in views
        }
        (balance,) = book.balances(account)
        return Totals(positions, balance.total, len(book.open_orders(account)))


def bare(path: str, account: str) -> Totals:
    """The same by the bare loop, through the gates."""
    return replayed(rows_of(path, account), gated()).totals()


def without_gates(path: str, account: str) -> Totals:
    """The same by the bare loop, without them."""
    return replayed(rows_of(path, account), ungated()).totals()


WAYS: Final[dict[str, Callable[[str, str], Totals]]] = {
    "ours": ours,
    "bare": bare,
    "ungated": without_gates,
}


def peak_mib() -> float:
    """The most memory this process ever had, as the kernel counted it, in MiB."""
    status = Path("/proc/self/status").read_text("ascii")
    (line,) = (one for one in status.splitlines() if one.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024


def measured(way: str, path: str | Path, account: str) -> Cold:
    """Let a fresh process do it."""
    command = [sys.executable, "-m", "tests.benchmarks.cold", way, str(path), account]
    done = subprocess.run(
        command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True, timeout=LIMIT
    )
    return Cold(**json.loads(done.stdout))


def shown(totals: Totals) -> list[object]:
    """Totals so that equal ones are equal as JSON."""
    held = {name: [text(one) for one in held] for name, held in sorted(totals.positions.items())}
    return [held, text(totals.cash), totals.open_orders]


def main(way: str, path: str, account: str) -> None:
    """Load it, and print."""
    found: list[Totals] = []
    took: Spent = spent(lambda: found.append(WAYS[way](path, account)))
    said = {"wall": took.wall, "cpu": took.cpu, "peak_mib": peak_mib(), "result": shown(found[0])}
    print(json.dumps(said))


if __name__ == "__main__":
    main(*sys.argv[1:])
