"""A process that appends to any store until it is ended: ``python -m tests.contract.url_writer
URL ACCOUNT SIZE``. Prints the number of each batch once it was acknowledged."""

from __future__ import annotations

import sys
from itertools import count

import ledger
from tests.contract.writer import batch


def main(url: str, account: str, size: int) -> None:
    store = ledger.open_store(url)
    for number in count():
        store.append(batch(account, number, size))
        print(number, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
