"""A line of threads: one at a time has the turn, first come, first served.

Whoever has the turn may serve others that wait behind it, so that they need not take their own.
No thread is kept for this: one that comes alone takes the turn and meets nobody.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock, get_ident
from typing import Final, Generic, TypeVar

from ledger.errors import InDoubtError, StoreBusyError, StoreClosedError

WAIT_SECONDS: Final = 30
"""How long a thread stands in the line of its own process."""


class Seat:
    """One thread's place in the line; used once."""

    __slots__ = ("_bell", "has_turn", "is_turned_away", "thread")

    def __init__(self) -> None:
        self.thread = get_ident()
        self.has_turn = False
        self.is_turned_away = False
        self._bell: Lock | None = None

    def sit(self) -> None:
        """Begin to wait: only who has to pays for a bell."""
        self._bell = Lock()
        self._bell.acquire()

    def ring(self) -> None:
        """Wake the thread, which has the turn, was served, or was turned away."""
        if self._bell is not None:
            self._bell.release()

    def wait(self, seconds: int) -> bool:
        """Whether it was rung in time."""
        return self._bell is None or self._bell.acquire(timeout=seconds)


S = TypeVar("S", bound=Seat)


class Line(Generic[S]):
    """Threads that wait for one turn. Each waits in its own call, with a limit, so that there are
    never more of them than threads, and none waits for ever."""

    def __init__(self, seconds: int = WAIT_SECONDS) -> None:
        self.seconds = seconds
        self._lock = Lock()
        self._seats: deque[S] = deque()
        self._holder: int | None = None
        self._closed = False

    @property
    def is_mine(self) -> bool:
        """Whether the present thread has the turn."""
        return self._holder == get_ident()

    def __len__(self) -> int:
        return len(self._seats)

    def enter(self, seat: S) -> bool:
        """Wait for the turn; False if another thread did meanwhile what the seat asks for.

        ``StoreBusyError`` if the turn does not come in time, ``StoreClosedError`` if the line is
        closed, ``InDoubtError`` if the one who took this seat along does not come to an end.
        """
        with self._lock:
            self._require_open(self._closed)
            if self._holder is None:
                self._holder = seat.thread
                seat.has_turn = True
                return True
            seat.sit()
            self._seats.append(seat)
        self._wait(seat)
        self._require_open(seat.is_turned_away)
        return seat.has_turn

    def _wait(self, seat: S) -> None:
        is_rung = False
        try:
            is_rung = seat.wait(self.seconds) or self._wait_on(seat)
        finally:  # also when a signal ends the waiting
            if not is_rung:
                self._withdraw(seat)

    def _wait_on(self, seat: S) -> bool:
        """Time is up: nothing was done yet, or it is being done just now."""
        if self._take_out(seat):
            raise StoreBusyError(
                f"others of this process had the writer's turn for {self.seconds} seconds; "
                "nothing of the call was kept; try again"
            )
        if not seat.wait(self.seconds):
            raise InDoubtError(
                "the thread that wrote this along with its own append does not come to an end; "
                "send the same facts again, and their keys tell whether they were recorded"
            )
        return True

    def _withdraw(self, seat: S) -> None:
        """Do not keep a turn that nobody waits for any more."""
        if not self._take_out(seat) and seat.has_turn:
            self.leave()

    def _take_out(self, seat: S) -> bool:
        """Whether the seat was still waiting; it is gone now."""
        with self._lock:
            waits = seat in self._seats
            if waits:
                self._seats.remove(seat)
            return waits

    def take(self, fits: Callable[[S], bool]) -> list[S]:
        """Those next in line that fit, up to the first that does not: they are served by whoever
        has the turn."""
        taken: list[S] = []
        with self._lock:
            while self._seats and fits(self._seats[0]):
                taken.append(self._seats.popleft())
        return taken

    def leave(self, served: list[S] | None = None) -> None:
        """End the turn: it goes to the next in line. Wake those who were served."""
        for seat in served or ():
            seat.ring()
        with self._lock:
            seat_next = self._seats.popleft() if self._seats else None
            self._holder = seat_next.thread if seat_next else None
            if seat_next is not None:
                seat_next.has_turn = True
                seat_next.ring()

    @contextmanager
    def turn(self, seat: S) -> Iterator[None]:
        """Have the turn, alone, for a while."""
        self.enter(seat)
        try:
            yield
        finally:
            self.leave()

    def close(self) -> None:
        """Turn away all who wait, and all who come; who has the turn keeps it to its end."""
        with self._lock:
            self._closed = True
            waiting, self._seats = self._seats, deque()
        for seat in waiting:
            seat.is_turned_away = True
            seat.ring()

    def _require_open(self, is_closed: bool) -> None:
        if is_closed:
            raise StoreClosedError(
                "the store was closed before this was written; nothing of it was kept; open it "
                "again"
            )


__all__ = ["WAIT_SECONDS", "Line", "Seat"]
