"""The book for asyncio: the same answers, in groups; nothing lost, nothing twice."""

from __future__ import annotations

import asyncio
import inspect
import threading
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pytest

import ledger
import ledger.aio
from ledger.aio import AsyncBook
from ledger.book import Book
from ledger.domain.events import FeeCharged, FillBooked, Side, make_fact
from ledger.errors import (
    ConflictError,
    MisalignedPriceError,
    StoreClosedError,
    UnknownOrderError,
    UnknownStoreError,
)
from ledger.store.port import AlreadyAppended, Appended
from tests.contract.aio_books import fields, held_up, history, opened, order, sent
from tests.contract.helpers import START


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a book can be opened."""
    if request.param == "memory":
        return "memory://"
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'aio.db'}"
    url: str = request.getfixturevalue("url")
    return url


@pytest.fixture
def file(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'aio.db'}"


# -------------------------------------------------------------------------- the same, awaited


def public(of: type) -> set[str]:
    return {name for name, _ in inspect.getmembers(of, callable) if not name.startswith("_")}


def test_every_method_of_the_book_can_be_awaited() -> None:
    assert public(Book) <= public(AsyncBook)


def test_it_answers_as_the_book_does(place: str) -> None:
    async def main() -> None:
        async with opened(place) as book:
            assert isinstance(await book.place("U1", **order("c1")), Appended)
            await book.accept("U1", "c1", order_id="7")
            assert isinstance(await book.fill("U1", cl_ord_id="c1", **fields("e1")), Appended)
            again = await book.fill("U1", cl_ord_id="c1", **fields("e1"))
            assert isinstance(again, AlreadyAppended)
            await book.place("U1", **order("c2"))
            await book.cancel("U1", cl_ord_id="x2", orig_cl_ord_id="c2")
            assert (await book.order("U1", "c1")).status.name == "FILLED"
            assert [o.cl_ord_id for o in await book.open_orders("U1")] == ["c2"]
            assert (await book.position("U1", "ESZ6")).net_qty == 1
            assert [lot.exec_id for lot in await book.lots("U1", "ESZ6")] == ["e1"]
            assert len(await book.explain("U1", "ESZ6")) == 1
            assert (await book.results("U1", "ESZ6")).issues == []
            assert (await book.positions("U1", as_of=START)) == []
            assert (await book.account("U1")).version == 7
            recorded = [one.version async for one in book.log("U1")]
            assert recorded == [1, 2, 3, 4, 5, 6, 7]
            assert [entry.number async for entry in book.journal("U1")] == [5]
            assert len((await book.diff("U1", known_from=4)).facts) == 3
            assert (await book.verify(await book.digest())).ok

    asyncio.run(main())


def test_errors_are_raised_where_they_are_awaited(place: str) -> None:
    async def main() -> None:
        async with opened(place) as book:
            with pytest.raises(MisalignedPriceError):
                await book.place("U1", **order("c1", "5000.30"))
            with pytest.raises(UnknownOrderError):
                await book.order("U1", "c1")
            await book.fill("U1", **fields("e1"))
            with pytest.raises(ConflictError):
                await book.fill("U1", **fields("e1", Side.SELL))
            with pytest.raises(ZeroDivisionError):
                await book.run(lambda _: 1 // 0)
            assert (await book.position("U1", "ESZ6")).net_qty == 1

    asyncio.run(main())


def test_it_can_be_awaited_and_closed_later(file: str) -> None:
    async def main() -> None:
        before = threading.active_count()
        book = await ledger.aio.open(file)
        await book.open_account("U1", base_currency="USD")
        await book.close()
        await book.close()
        with pytest.raises(StoreClosedError):
            await book.balances("U1")
        with pytest.raises(StoreClosedError):
            await book.at("U1", known_at=0)
        with pytest.raises(StoreClosedError, match="opened before"):
            await book
        await asyncio.sleep(0.05)
        assert threading.active_count() <= before

    asyncio.run(main())


def test_what_cannot_be_opened_says_so() -> None:
    async def main() -> None:
        with pytest.raises(UnknownStoreError):
            await ledger.aio.open("mysql://nowhere")
        unopened = ledger.aio.open("memory://")
        with pytest.raises(StoreClosedError):
            await unopened.balances("U1")
        await unopened.close()

    asyncio.run(main())


# ---------------------------------------------------------------------------------- in groups


def test_producers_share_commits(file: str) -> None:
    statements: list[str] = []

    async def main() -> None:
        async with opened(file) as book:
            await book.run(lambda b: b.store.log._connection.set_trace_callback(statements.append))  # type: ignore[attr-defined]
            await asyncio.gather(*(produce(book, f"p{n}", 10) for n in range(64)))
            shared = statements.count("COMMIT")
            await produce(book, "alone", 10)
            assert statements.count("COMMIT") == shared + 10  # the control: one by one
            assert shared < 64 * 10 / 4
            assert (await book.position("U1", "ESZ6")).net_qty == 650
            recorded = [one.version async for one in book.log("U1")]
            assert recorded == list(range(1, 653))

    asyncio.run(main())


async def produce(book: AsyncBook, name: str, count: int) -> None:
    for n in range(count):
        assert isinstance(await book.fill("U1", **fields(f"{name}-{n}")), Appended)


def test_facts_and_commands_of_many_are_answered_one_by_one(place: str) -> None:
    async def main() -> None:
        async with opened(place, "U1", "U2") as book:
            before = (await book.digest()).number
            fee = FeeCharged(id="f1", amount=Decimal(1), currency="USD", exec_id="e1")
            answers = await sent(
                [
                    book.fill("U1", **fields("e1")),
                    book.record("U1", fee, occurred_at=START),
                    book.fill("U1", **fields("e1", Side.SELL)),
                    book.place("U1", **order("c1")),
                    book.place("U1", **order("c2", "0.30")),
                    book.place("U2", **order("c1")),
                    book.cancel("U1", cl_ord_id="x1", orig_cl_ord_id="c1"),
                    book.cancel("U1", cl_ord_id="x9", orig_cl_ord_id="nothing"),
                    book.record_all([make_fact("U1", fee, START)._replace(key="a\n")]),
                    book.fill("U2", **fields("e1")),
                    book.order("U1", "c1"),
                ],
                book,
            )
            assert [type(one).__name__ for one in answers] == [
                "Appended", "Appended", "ConflictError", "Appended", "MisalignedPriceError",
                "Appended", "Appended", "UnknownOrderError", "BadTextError", "Appended",
                "OrderView",
            ]  # fmt: skip
            numbers = [one.recorded.number for one in answers if isinstance(one, Appended)]
            assert numbers == list(range(before + 1, before + 7))
            assert answers[-1].cl_ord_id == "c1"
            explained = await book.position("U1", "ESZ6")
            assert explained.fees["USD"] == 1
            assert (await book.verify()).ok

    asyncio.run(main())


def test_a_question_never_sees_half_of_what_is_recorded_together(file: str) -> None:
    async def main() -> None:
        async with opened(file) as book:
            writing = asyncio.ensure_future(book.append_many(history("U1", 2000), step=100))
            seen = []
            while not writing.done():
                seen.append(await book.position("U1", "ESZ6"))
            assert {one.net_qty for one in seen} == {Decimal(0)}
            assert len({one.number for one in seen}) > 3

    asyncio.run(main())


def test_an_import_lets_others_in(file: str) -> None:
    async def main() -> None:
        async with opened(file, "U1", "U2") as book:
            done: list[str] = []

            async def imports() -> None:
                assert (await book.append_many(history("U2", 5000))).appended == 5000
                done.append("import")

            async def fills() -> None:
                await produce(book, "p", 5)
                done.append("fills")

            await asyncio.gather(imports(), fills())
            assert done == ["fills", "import"]
            other = make_fact("U2", FillBooked(**fields("h000001")), START)
            again = await book.append_many([*history("U2", 600), other])
            assert again[:2] == (0, 600)
            assert [one.fact for one in again.conflicts] == [other]
            assert (await book.position("U2", "ESZ6")).net_qty == 0
            assert (await book.account("U2")).version == 5002

    asyncio.run(main())


# ------------------------------------------------------------------------------ cancelled, closed


def test_a_cancelled_task_s_fact_is_recorded_once(place: str) -> None:
    async def main() -> None:
        async with opened(place) as book:
            async with held_up(book):
                task = asyncio.ensure_future(book.fill("U1", **fields("e1")))
                await asyncio.sleep(0.01)
                task.cancel()
            assert task.cancelled()
            assert isinstance(await book.fill("U1", **fields("e1")), AlreadyAppended)
            assert (await book.position("U1", "ESZ6")).net_qty == 1

    asyncio.run(main())


def test_cancellations_at_any_moment_lose_and_double_nothing(file: str) -> None:
    async def main() -> None:
        dice, acknowledged = Random(5), set[str]()

        async def fill(book: AsyncBook, exec_id: str) -> None:
            await book.fill("U1", **fields(exec_id))
            acknowledged.add(exec_id)

        async with opened(file) as book:
            names = [f"e{n}" for n in range(300)]
            tasks = [asyncio.ensure_future(fill(book, name)) for name in names]
            for task in dice.sample(tasks, 200):
                await asyncio.sleep(dice.choice((0, 0, 0.001)))
                task.cancel()
            await asyncio.wait(tasks)
            recorded = {one.event.exec_id async for one in book.log("U1", known_at=None)
                        if hasattr(one.event, "exec_id")}  # fmt: skip
            assert acknowledged <= recorded <= set(names)
            await asyncio.gather(*(fill(book, name) for name in names))
            assert (await book.position("U1", "ESZ6")).net_qty == 300
            assert (await book.verify()).ok

    asyncio.run(main())


def test_closing_waits_for_what_is_under_way(file: str) -> None:
    async def main() -> list[Any]:
        async with opened(file) as book:
            tasks = [asyncio.ensure_future(book.fill("U1", **fields(f"e{n}"))) for n in range(40)]
            past = asyncio.ensure_future(book.verify())
            await asyncio.sleep(0)
        assert (await past).ok
        return await asyncio.gather(*tasks)

    assert {type(one) for one in asyncio.run(main())} == {Appended}
    with ledger.open(file) as book:
        assert book.position("U1", "ESZ6").net_qty == 40


def test_a_cancelled_close_goes_on(file: str) -> None:
    async def main() -> None:
        book = await ledger.aio.open(file)
        async with held_up(book):
            closing = asyncio.ensure_future(book.close())
            await asyncio.sleep(0.01)
            closing.cancel()
        await book.close()
        with pytest.raises(StoreClosedError):
            await book.balances("U1")

    asyncio.run(main())


def test_a_cancelled_opening_leaves_nothing_open(file: str) -> None:
    async def main() -> None:
        before = threading.active_count()
        opening = asyncio.ensure_future(ledger.aio.open(file).__aenter__())
        await asyncio.sleep(0)
        opening.cancel()
        with pytest.raises(asyncio.CancelledError):
            await opening
        for _ in range(100):
            await asyncio.sleep(0.01)
        assert threading.active_count() <= before

    asyncio.run(main())


def test_the_past_is_answered_while_facts_come(file: str) -> None:
    async def main() -> None:
        async with opened(file) as book:
            await book.record_all(history("U1", 3000))
            moment = START + timedelta(seconds=1500)
            asking = asyncio.ensure_future(book.position("U1", "ESZ6", as_of=moment))
            await asyncio.gather(*(produce(book, f"p{n}", 5) for n in range(8)))
            past = await asking
            assert past.net_qty == (await book.position("U1", "ESZ6", as_of=moment)).net_qty == 1

    asyncio.run(main())
