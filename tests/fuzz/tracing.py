"""Which lines lead to which, in the code that is fuzzed; counted by coverage's tracer in C."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from coverage.tracer import CFileDisposition, CTracer


class Arcs:
    """All arcs, a line and the next one, that have been seen below some folders."""

    def __init__(self, folders: tuple[Path, ...]) -> None:
        self._below = tuple(str(folder) for folder in folders)
        self._seen: dict[str, Any] = {}
        self._tracer = self._made()

    def __len__(self) -> int:
        return sum(map(len, self._seen.values()))

    @contextmanager
    def traced(self) -> Iterator[None]:
        """Count what runs inside; a tracer that was there before is put back."""
        before: Callable[..., Any] | None = sys.gettrace()
        self._tracer.start()
        try:
            yield
        finally:
            self._tracer.stop()
            sys.settrace(before)

    def _made(self) -> CTracer:
        """Every attribute is set, as coverage does itself: C code calls them without asking."""
        tracer = CTracer()
        tracer.data = self._seen
        tracer.trace_arcs = True
        tracer.should_trace = self._disposition
        tracer.should_trace_cache = {}
        tracer.file_tracers = {}
        tracer.concur_id_func = tracer.should_start_context = None
        tracer.check_include = tracer.switch_context = tracer.disable_plugin = _nothing
        tracer.lock_data = tracer.unlock_data = _nothing
        tracer.warn = print
        return tracer

    def _disposition(self, name: str, _: FrameType) -> CFileDisposition:
        told = CFileDisposition()
        told.original_filename = told.canonical_filename = name
        told.trace = name.startswith(self._below)
        told.source_filename = name if told.trace else None
        told.reason, told.file_tracer, told.has_dynamic_filename = "", None, False
        return told


def _nothing() -> None:
    """Nobody else reads the arcs."""
