"""Python's garbage collector walks what is there again and again while a long history is folded,
finds nothing, and stops every thread, the event loop's too, for as long as that takes."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_NEVER: Final = 2**30
_SELDOM: Final = 50_000


@contextmanager
def full_collections_held_off() -> Iterator[None]:
    """No collection of the whole heap meanwhile, which takes longest just when a long fold has
    filled it with what is about to be dropped, and fewer of the small ones. Nothing is switched
    off for longer than the call."""
    before = gc.get_threshold()
    meanwhile = (max(before[0], _SELDOM) if before[0] else 0, before[1], _NEVER)
    gc.set_threshold(*meanwhile)
    try:
        yield
    finally:
        if gc.get_threshold() == meanwhile:  # else somebody else has set it
            gc.set_threshold(*before)
