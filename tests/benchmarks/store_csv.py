"""From a CSV file to durable books: exact, and against plain-text accounting programs.

Every program is a fresh process that reads the same fills and tells what is held; its processor
time is the whole of it, from its start to its end.
"""

from __future__ import annotations

import json
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from statistics import median
from typing import Any, Final, NamedTuple

from tests.benchmarks.cold import LIMIT, ROOT
from tests.benchmarks.figures import Figure, progress, thousands
from tests.benchmarks.scale import Scale, removed

GENERATOR: Final = ROOT.parent / "shared" / "bench" / "gen_journal.py"
INSTRUMENTS: Final = 50


class Peer(NamedTuple):
    """A program to compare with: its command for a folder of journals, and the goal."""

    name: str
    command: tuple[str, ...]
    goal: str

    @property
    def found(self) -> str | None:
        """Where it is installed, if it is."""
        return shutil.which(self.command[0]) or shutil.which(
            self.command[0], path=str(Path(sys.executable).parent)
        )


PEERS: Final = (
    Peer("hledger", ("hledger", "-f", "{}/j.hledger", "balance", "Assets:Broker"), "<= 0.35"),
    Peer("beancount", ("bean-check", "--no-cache", "{}/j.beancount"), "<= 0.2"),
    Peer("ledger", ("ledger", "-f", "{}/j.ledger", "balance", "Assets:Broker"), ""),
)


class Ran(NamedTuple):
    """Processor seconds of a process, and what it printed."""

    cpu: float
    output: str


def ran(command: Sequence[str]) -> Ran:
    """Run a program to its end."""
    begin = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True, timeout=LIMIT
    )
    end = resource.getrusage(resource.RUSAGE_CHILDREN)
    return Ran(end.ru_utime - begin.ru_utime + end.ru_stime - begin.ru_stime, done.stdout)


def ours(scale: Scale, journals: Path) -> Ran:
    """Our own process, into a new file each time."""
    database = scale.place("books.db")
    command = [sys.executable, "-m", "tests.benchmarks.books_of_csv"]
    found = ran([*command, str(journals / "fills.csv"), str(database)])
    removed(database)
    return found


def theirs(peer: Peer, found: str, journals: Path) -> Ran:
    """Another program's process."""
    return ran([found, *(part.format(journals) for part in peer.command[1:])])


def exact(output: str, journals: Path) -> int:
    """How many instruments' quantity, cost and realized result are as they must be."""
    wanted: dict[str, dict[str, Any]] = json.loads((journals / "expected.json").read_text("utf-8"))[
        "per_symbol"
    ]
    booked = json.loads(output)
    return sum(
        list(map(Decimal, booked.get(symbol, ("NaN",))))
        == [Decimal(one["qty"]), Decimal(one["cost"]), Decimal(one["realized_gross"])]
        for symbol, one in wanted.items()
    )


def journals_of(scale: Scale) -> Path:
    """A folder with the same fills for every program."""
    folder = scale.place("journals")
    progress(f"store.5: writing journals of {scale.fills:,} fills")
    ran([sys.executable, str(GENERATOR), "--fills", str(scale.fills), "--out", str(folder)])
    return folder


def installed() -> dict[Peer, str]:
    """The programs that are here, and where."""
    here = {}
    for peer in PEERS:
        if peer.found is None:
            progress(f"store.5.{peer.name} is left out: {peer.command[0]} is not installed")
        else:
            here[peer] = peer.found
    return here


def in_turns(scale: Scale, journals: Path, here: dict[Peer, str]) -> Iterator[list[float]]:
    """Processor seconds of ours and of every other program."""
    for nth in range(scale.runs):
        progress(f"store.5: run {nth + 1} of {scale.runs}")
        others = [theirs(peer, where, journals).cpu for peer, where in here.items()]
        yield [ours(scale, journals).cpu, *others]


def against(scale: Scale, journals: Path) -> Iterator[Figure]:
    """Our processor time over that of each other program, in turns."""
    here = installed()
    turns = list(in_turns(scale, journals, here))
    mine = median(turn[0] for turn in turns)
    for nth, peer in enumerate(here, 1):
        other = median(turn[nth] for turn in turns)
        yield Figure(
            id=f"store.5.{peer.name}",
            what=f"processor time of {scale.fills:,} fills from CSV to durable, projected books "
            f"over {peer.name}'s of reading its journal: {thousands(scale.fills, mine)} to "
            f"{thousands(scale.fills, other)}",
            figure=median(turn[0] / turn[nth] for turn in turns),
            unit="ratio",
            goal=peer.goal,
            comparator=" ".join(part.format("gen_journal") for part in peer.command),
        )


def measured(scale: Scale) -> Iterator[Figure]:
    """Line 5."""
    if not GENERATOR.exists():
        progress(f"store.5 is left out: {GENERATOR} is not here")
        return
    journals = journals_of(scale)
    yield Figure(
        id="store.5.exact",
        what=f"instruments whose quantity, cost and realized result are exact, {scale.fills:,} "
        "fills from CSV",
        figure=exact(ours(scale, journals).output, journals),
        unit=f"of {INSTRUMENTS}",
        goal=f">= {INSTRUMENTS}",
        comparator="expected.json of gen_journal",
    )
    yield from against(scale, journals)
    shutil.rmtree(journals)
