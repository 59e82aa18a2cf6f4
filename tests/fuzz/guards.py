"""What one input may take: a second of processor time, and so much memory."""

from __future__ import annotations

import faulthandler
import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SECONDS = 1
STUCK_SECONDS = 120
"""After so long without a sign of life the process ends and says where it stood."""
MEMORY = 300 * 1024 * 1024
"""Bytes that the process may take in all."""


class HungError(BaseException):
    """A second was not enough; no parser's ``except`` may take it for one of its own."""


@contextmanager
def watched(seconds: int = SECONDS) -> Iterator[None]:
    """``HungError`` in what runs longer; of processor time, since machines are busy."""
    before = signal.signal(signal.SIGPROF, _too_long)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def still_alive() -> None:
    """Called now and then: without it, the process ends, for C code hears no signal."""
    faulthandler.dump_traceback_later(STUCK_SECONDS, exit=True)


@contextmanager
def ending_when_stuck() -> Iterator[None]:
    """Until the end of this, and no longer: whoever is in the same process goes on."""
    still_alive()
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()


def limit_memory(size: int = MEMORY) -> None:
    """For this process, for good: beyond it, ``MemoryError``. Linux keeps to it, macOS does not."""
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (size, hard))


def peak() -> int:
    """The most bytes of memory that the process has held so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _too_long(number: int, frame: FrameType | None) -> None:
    raise HungError
