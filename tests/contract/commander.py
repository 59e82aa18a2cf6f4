"""A process that places orders: ``python -m tests.contract.commander URL ACCOUNT COUNT NAME``.

Prints the id of each order once it was acknowledged. An error ends it.
"""

from __future__ import annotations

import sys
from decimal import Decimal
from typing import Any

import ledger


def main(url: str, account: str, count: int, name: str) -> None:
    with ledger.open(url) as book:
        for n in range(count):
            order: dict[str, Any] = {
                "instrument_id": "ESZ6",
                "side": ledger.Side.BUY,
                "order_qty": Decimal(1),
            }
            book.place(account, cl_ord_id=f"{name}-{n}", **order)
            print(f"{name}-{n}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4])
