"""Threads that stand in line for one store, so that they are written as one group."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any

from ledger.domain.events import Fact
from ledger.store.base import LogStore


def until(happened: Callable[[], bool], seconds: int = 20) -> None:
    """Wait for something that another thread does."""
    end = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > end:
            raise TimeoutError("it did not happen")
        time.sleep(0.001)


def appending(store: LogStore, *facts: Fact, **how: Any) -> Callable[[], Any]:
    """A call that appends."""
    return partial(store.append, facts, **how)


def crowd(
    store: LogStore,
    calls: Sequence[Callable[[], Any]],
    meanwhile: Callable[[], object] = lambda: None,
) -> list[Future[Any]]:
    """Make each call in a thread of its own, in order, while nobody may write; then let them."""
    with ThreadPoolExecutor(len(calls)) as pool:
        futures = []
        with store.exclusive():
            for call in calls:
                futures.append(pool.submit(call))
                until(lambda: len(store.line) == len(futures) or futures[-1].done())
            meanwhile()
        return futures


def ended(future: Future[Any]) -> str:
    """The names of its outcomes, or of the error it was refused with."""
    error = future.exception()
    if error is not None:
        return type(error).__name__
    return ",".join(type(outcome).__name__ for outcome in future.result())
