"""The folder of one session: its messages as they came, and the numbers on both sides.

``messages-0001.log`` and those after it have the venue's messages, a line each. They are all that
is known of the venue's numbers, so that nothing can contradict them. ``session.json`` says whose
session this is, and which number of our own is free; it is on the disk before that number is sent.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO, Final

import attrs

from adapters.fix_frames import whole_frames
from adapters.transport.errors import FetchError, VenueRefusedError
from adapters.transport.fix.counting import Counting
from adapters.transport.fix.wire import Heard, is_blank
from adapters.transport.folder import LOGS, locked

MAX_LOG: Final = 32 * 1024 * 1024
STATE: Final = "session.json"
_HALF: Final = ".session.half"
_FORMAT: Final = 1


@attrs.frozen
class Names:
    """Whose session it is: the version (8), we (49) and the venue (56)."""

    begin: str
    sender: str
    target: str


@contextmanager
def kept_in(path: Path, names: Names) -> Iterator[Kept]:
    """The folder, made if it is not there, for one process at a time; ``TryLaterError`` while
    another has it, ``FetchError`` if it is another session's or damaged."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    with locked(path, f"another process listens into {path}"), closing(Kept(path, names)) as kept:
        yield kept


class Kept:
    """What is on the disk. ``counting`` is what the messages there make."""

    def __init__(self, path: Path, names: Names) -> None:
        self.path = path
        self._names = names
        self._next = self._read_state()
        self.counting = Counting()
        self.messages = 0
        logs = sorted(path.glob(LOGS))
        for log in logs:
            self._recover(log)
        self._log = logs[-1] if logs else path / "messages-0001.log"
        self._file = self._open()

    def close(self) -> None:
        """Close the log."""
        self._file.close()

    def logs(self) -> list[Path]:
        """The logs, in order."""
        return sorted(self.path.glob(LOGS))

    def add(self, raw: bytes) -> None:
        """Append a message; it is kept once ``sync`` has returned."""
        self._file.write(raw + b"\n")
        self.messages += 1

    def sync(self) -> None:
        """Bring to the disk what was added; begin another log when this one is large."""
        self._file.flush()
        os.fsync(self._file.fileno())
        if self._file.tell() > MAX_LOG:
            self.close()
            self._log = self._log.with_name(f"messages-{len(self.logs()) + 1:04d}.log")
            self._file = self._open()

    def number(self) -> int:
        """A number for a message of ours, used up even if the message is never sent."""
        number, self._next = self._next, self._next + 1
        self._write_state()
        return number

    @property
    def next_number(self) -> int:
        """The number that our next message will have."""
        return self._next

    def _open(self) -> IO[bytes]:
        handle = os.open(self._log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        _sync_folder(self.path)
        return os.fdopen(handle, "ab")

    def _recover(self, log: Path) -> None:
        """Count what a log has; cut off a last message that is not as it was sent, which the venue
        is asked for again."""
        content = log.read_bytes()
        frames, ends = whole_frames(content)
        if frames and frames[-1].fault:
            ends = content.rindex(frames.pop().raw)
        for frame in frames:
            if frame.fault:
                told = f"{log}: message {frame.place} is damaged ({frame.fault})"
                raise FetchError(f"{told}; keep the folder, and listen into a new one")
            self._count(log, Heard.of(frame))
        self.messages += len(frames)
        is_torn = not is_blank(content[ends:])
        if is_torn or not content.endswith(b"\n"):
            with log.open("r+b") as file:
                file.truncate(ends)
                file.seek(ends)
                file.write(b"\n" if frames else b"")
                file.flush()
                os.fsync(file.fileno())

    def _count(self, log: Path, message: Heard) -> None:
        try:
            self.counting.take(message)
        except VenueRefusedError as error:
            raise FetchError(f"{log} is not what was kept: {error}") from None

    def _read_state(self) -> int:
        path = self.path / STATE
        if not path.exists():
            return 1
        try:
            state = json.loads(path.read_bytes())
            names, number = Names(**state["session"]), int(state["next"])
        except (OSError, ValueError, TypeError, KeyError):
            raise FetchError(f"{path} cannot be read; listen into a new folder") from None
        if names != self._names:
            told = f"{path} is of the session of {names.sender} with {names.target}, {names.begin}"
            raise FetchError(f"{told}; name a folder of its own with --out")
        return number

    def _write_state(self) -> None:
        state = {"format": _FORMAT, "session": attrs.asdict(self._names), "next": self._next}
        half = self.path / _HALF
        handle = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(json.dumps(state).encode())
            file.flush()
            os.fsync(file.fileno())
        half.replace(self.path / STATE)
        _sync_folder(self.path)


def _sync_folder(path: Path) -> None:
    """Make a new name in the folder last, where the system can."""
    if os.name == "nt":
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
