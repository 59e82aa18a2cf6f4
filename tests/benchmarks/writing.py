"""A process that books fills until it is told to stop: ``python -m tests.benchmarks.writing DB``.

It stops when its standard input is closed.
"""

from __future__ import annotations

import sys
import threading
from decimal import Decimal
from itertools import count

import ledger
from tests.benchmarks.store_rebuild import ACCOUNT


def main(path: str) -> None:
    """Book fills of one unit, one a commit."""
    stop = threading.Event()
    threading.Thread(target=_wait, args=(stop,), daemon=True).start()
    with ledger.open(f"sqlite:///{path}") as book:
        for nth in count():
            if stop.is_set():
                return
            book.fill(
                ACCOUNT, exec_id=f"w{nth:08}", instrument_id="I00", side=ledger.Side.BUY,
                last_qty=Decimal(1), last_px=Decimal("75.25"), venue="WRITER",
            )  # fmt: skip
            if not nth:
                print("writing", flush=True)


def _wait(stop: threading.Event) -> None:
    sys.stdin.read()
    stop.set()


if __name__ == "__main__":
    main(sys.argv[1])
