"""Prices through the book for asyncio."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import ledger.aio
from ledger.errors import BadTextError
from tests.contract.helpers import fill
from tests.contract.test_prices import CLOSE, mark, rate


def test_marks_and_rates_are_awaited(path: Path) -> None:
    async def main() -> None:
        async with ledger.aio.open(f"sqlite:///{path}") as book:
            outcome = await book.mark("ESZ6", Decimal(5000), at=CLOSE, source="CME")
            await book.record_prices([rate()])
            found, quoted = await book.price("ESZ6"), await book.rate("USD", "EUR")
            assert found == outcome.price
            assert quoted is not None
            assert quoted.is_inverted

    asyncio.run(main())


def test_many_at_once_with_facts_between_them(path: Path) -> None:
    """One that is refused spoils no other."""

    async def main() -> None:
        async with ledger.aio.open(f"sqlite:///{path}") as book:
            calls = [
                book.record_prices([mark(n, at=CLOSE + timedelta(seconds=n))]) for n in range(50)
            ]
            facts = [book.record_all([fill(n)]) for n in range(50)]
            refused = book.record_prices([mark(1, instrument_id="é" * 1001)])
            done = await asyncio.gather(*calls, refused, *facts, return_exceptions=True)
            errors = [one for one in done if isinstance(one, BaseException)]
            assert [type(one) for one in errors] == [BadTextError]
            assert (await book.verify(await book.digest())).prices == 50

    asyncio.run(main())
