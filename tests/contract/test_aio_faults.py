"""When an asynchronous book's writing fails, its thread ends, or too much waits: said by name."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

import ledger
from ledger.aio import AsyncBook, worker
from ledger.aio.held import HeldBook
from ledger.book import Book
from ledger.errors import InDoubtError, StoreBusyError, StoreClosedError
from tests.contract.aio_books import fields, held_up, history, opened, order, sent
from tests.contract.cutting_proxy import CuttingProxy, cutting_proxy
from tests.postgres import Place, server


@pytest.fixture
def file(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'aio.db'}"


def full(book: Book) -> None:
    connection = book.store.log._connection  # type: ignore[attr-defined]
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages}")


def emptied(book: Book) -> None:
    book.store.log._connection.execute("PRAGMA max_page_count = 1000000")  # type: ignore[attr-defined]


def commands(book: AsyncBook, count: int = 60) -> list[Any]:
    """Facts and commands by turns, enough to fill more than a page of a file."""
    calls: list[Any] = []
    for n in range(count):
        calls.append(book.fill("U1", **fields(f"e{n}")))
        calls.append(book.place("U1", **order(f"c{n}")))
    return calls


async def figures(book: AsyncBook) -> tuple[int, int]:
    """What is in memory: the net quantity and the number of open orders."""
    position = await book.position("U1", "ESZ6")
    return int(position.net_qty), len(await book.open_orders("U1"))


def reread(file: str) -> tuple[int, int]:
    """The same, asked of the file by another book."""
    with ledger.open(file) as book:
        return int(book.position("U1", "ESZ6").net_qty), len(book.open_orders("U1"))


async def on_a_full_disk(file: str) -> tuple[list[str], tuple[int, int], tuple[int, int]]:
    """What was answered, what is in memory afterwards, and what is in the file."""
    async with opened(file) as book:
        await book.run(full)
        answers = [type(one).__name__ for one in await sent(commands(book), book)]
        in_memory, in_file = await figures(book), reread(file)
        await book.run(emptied)
        again = [type(one).__name__ for one in await sent(commands(book), book)]
        assert set(again) == {"Appended", "AlreadyAppended"}
        assert await figures(book) == (60, 60)
        return answers, in_memory, in_file


def test_a_full_disk_in_the_middle_of_a_group(file: str) -> None:
    answers, in_memory, in_file = asyncio.run(on_a_full_disk(file))
    assert "StoreFullError" in answers
    assert in_memory == in_file == (answers[::2].count("Appended"), answers[1::2].count("Appended"))


def test_without_forgetting_the_books_would_tell_of_what_was_undone(
    file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(HeldBook, "forget", lambda self: None)
    with pytest.raises(AssertionError):
        test_a_full_disk_in_the_middle_of_a_group(file)


def test_a_commit_whose_answer_is_lost_leaves_the_whole_group_in_doubt() -> None:
    async def main(proxy: CuttingProxy, url: str) -> None:
        async with opened(url) as book:
            await book.balances("U1")
            proxy.armed = True
            answers = await sent(commands(book), book)
            assert {type(one) for one in answers} == {InDoubtError}
            assert len({id(one) for one in answers}) == len(answers)
            again = [type(one).__name__ for one in await sent(commands(book), book)]
            assert again == ["AlreadyAppended"] * len(answers)
            assert await figures(book) == (60, 60)

    with server() as one, cutting_proxy(Place(one.url("postgres")).prepared()) as (proxy, url):
        asyncio.run(main(proxy, url))


def undone(book: AsyncBook) -> list[Any]:
    """A call that fails in no way that is known makes each go by itself."""
    strange: Any = object()
    return [
        book.fill("U1", **fields("e1")), book.execute("U1", strange),
        book.place("U1", **order("c1")),
    ]  # fmt: skip


@pytest.mark.parametrize("url", ["memory://", "sqlite"])
def test_a_call_that_fails_strangely_spoils_no_other(url: str, file: str) -> None:
    async def main() -> None:
        async with opened(file if url == "sqlite" else url) as book:
            answers = await sent(undone(book), book)
            assert [type(one).__name__ for one in answers] == [
                "Appended", "AttributeError", "Appended"
            ]  # fmt: skip
            assert await figures(book) == (1, 1)
            assert (await book.verify()).ok

    asyncio.run(main())


# ------------------------------------------------------------------------------- the thread ends


def ended(_: Book) -> None:
    raise SystemExit


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_that_ends_fails_what_waits(file: str) -> None:
    async def main() -> None:
        async with opened(file) as book:
            calls = [book.run(ended), book.fill("U1", **fields("e1")), book.balances("U1")]
            answers = await sent(calls, book)
            assert [type(one) for one in answers] == [
                InDoubtError, StoreClosedError, StoreClosedError
            ]  # fmt: skip
            with pytest.raises(StoreClosedError):
                await book.fill("U1", **fields("e1"))
        await asyncio.to_thread(book._worker._thread.join)
        async with opened(file) as book:
            assert await figures(book) == (0, 0)

    asyncio.run(main())


# ----------------------------------------------------------------------------- too much waits


def test_who_finds_no_room_waits(file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "MAX_WAITING", 4)

    async def main() -> None:
        async with opened(file) as book:
            answers = await sent([book.fill("U1", **fields(f"e{n}")) for n in range(40)], book)
            assert [type(one).__name__ for one in answers] == ["Appended"] * 40

    asyncio.run(main())


def test_who_waits_too_long_is_told_so(file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "MAX_WAITING", 4)

    async def main() -> None:
        async with opened(file) as book:
            book._worker._wait_seconds = 0
            calls = [book.fill("U1", **fields(f"e{n}")) for n in range(6)]
            answers = await sent(calls, book)
            # One place is taken by what holds the others up.
            assert [type(one).__name__ for one in answers] == (
                ["Appended"] * 3 + ["StoreBusyError"] * 3
            )
            assert (await figures(book))[0] == 3
            async with held_up(book):
                waiting = [asyncio.ensure_future(book.balances("U1")) for _ in range(3)]
                await asyncio.sleep(0.01)
                with pytest.raises(StoreBusyError):
                    await book.record_all(history("U1", 10))
            await asyncio.gather(*waiting)

    asyncio.run(main())


def test_who_waits_for_room_while_it_closes_is_told_so(
    file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "MAX_WAITING", 2)

    async def main() -> list[Any]:
        async with opened(file) as book:
            async with held_up(book):
                tasks = [
                    asyncio.ensure_future(book.fill("U1", **fields(f"e{n}"))) for n in range(4)
                ]
                await asyncio.sleep(0.01)
                closing = asyncio.ensure_future(book.close())
            await closing
            return await asyncio.gather(*tasks, return_exceptions=True)

    answers = asyncio.run(main())
    assert [type(one).__name__ for one in answers] == ["Appended"] + ["StoreClosedError"] * 3
