"""Python's garbage collector stops every thread, the event loop's too, for as long as it takes."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_NEVER: Final = 2**30


@contextmanager
def full_collections_held_off() -> Iterator[None]:
    """No collection of the whole heap meanwhile, which takes longest just when a long fold has
    filled it with what is about to be dropped. The small ones go on; nothing is switched off for
    longer than the call."""
    first, second, third = gc.get_threshold()
    gc.set_threshold(first, second, _NEVER)
    try:
        yield
    finally:
        if gc.get_threshold() == (first, second, _NEVER):  # else somebody else has set it
            gc.set_threshold(first, second, third)
