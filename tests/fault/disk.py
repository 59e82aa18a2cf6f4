"""A disk that remembers what was written and what was synced, and can lose the rest.

It is a file system layer of SQLite's own (a VFS), put under the store's schema, settings and
statements by :mod:`tests.fault.driver`. What was deleted may come back until the folder is synced,
which SQLite does along with the first sync of a new journal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Any, Final, NamedTuple

import apsw

SECTOR: Final = 512


class Op(NamedTuple):
    """One thing that happened to a file, or to the caller: ``ack`` is of no file."""

    what: str  # write, truncate, delete, sync, ack
    name: str = ""
    offset: int = 0
    data: bytes = b""


def _nothing(what: str, name: str) -> None:
    """A disk that works."""


class Disk(apsw.VFS):
    """All files of one folder, with a journal of what was done to them.

    ``before`` is asked before each operation, and may raise what shall go wrong.
    """

    def __init__(self, name: str, *, keeps: bool = True) -> None:
        self.name = name
        self.keeps = keeps
        self.ops: list[Op] = []
        self.before: Callable[[str, str], None] = _nothing
        super().__init__(name, base="")

    def xOpen(self, name: Any, flags: list[int]) -> apsw.VFSFile:  # noqa: N802
        return _File(self, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: N802
        self.before("delete", filename)
        super().xDelete(filename, syncdir)
        self.note(Op("delete", Path(filename).name))

    def note(self, op: Op) -> None:
        """Keep an operation in the journal."""
        if self.keeps:
            self.ops.append(op)


class _File(apsw.VFSFile):
    def __init__(self, disk: Disk, name: Any, flags: list[int]) -> None:
        self._disk = disk
        path = name.filename() if isinstance(name, apsw.URIFilename) else name
        self._name = Path(path or "").name
        super().__init__("", name, flags)

    def xRead(self, amount: int, offset: int) -> bytes:  # noqa: N802
        self._disk.before("read", self._name)
        return super().xRead(amount, offset)

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        self._disk.before("write", self._name)
        super().xWrite(data, offset)
        self._disk.note(Op("write", self._name, offset, bytes(data)))

    def xTruncate(self, newsize: int) -> None:  # noqa: N802
        self._disk.before("truncate", self._name)
        super().xTruncate(newsize)
        self._disk.note(Op("truncate", self._name, newsize))

    def xSync(self, flags: int) -> None:  # noqa: N802
        self._disk.before("sync", self._name)
        super().xSync(flags)
        self._disk.note(Op("sync", self._name))


class Platter:
    """What is on the disk for certain, and what was only written so far."""

    def __init__(self) -> None:
        self.files: dict[str, bytearray] = {}
        self.waiting: dict[str, list[Op]] = {}

    def take(self, op: Op) -> None:
        """One more operation; a sync makes all before it of its file certain."""
        if op.what == "sync":
            is_new = op.name not in self.files or any(
                one.what == "delete" for one in self.waiting.get(op.name, ())
            )
            self._settle(op.name)
            if is_new:  # SQLite syncs the folder with a new file, and so all that was deleted in it
                deleted = [n for n, ops in self.waiting.items() if ops[-1].what == "delete"]
                for name in deleted:
                    self._settle(name)
        elif op.what != "ack":
            self.waiting.setdefault(op.name, []).append(op)

    def _settle(self, name: str) -> None:
        for one in self.waiting.pop(name, ()):
            _apply(self.files, one)

    def image(self, chance: Random) -> dict[str, bytearray]:
        """The files as they may be found when the current comes back."""
        files = {name: bytearray(data) for name, data in self.files.items()}
        for ops in self.waiting.values():
            for op in _survivors(ops, chance):
                _apply(files, op)
        return files


def _survivors(ops: Sequence[Op], chance: Random) -> Iterator[Op]:
    """A random part of what was not synced; some writes in part, by sectors."""
    for op in ops:
        fate = chance.randrange(5)
        if op.what == "delete" and fate < 2:
            return  # the old file is back, and what was made in its place never was
        if op.what == "delete" or fate < 2:
            yield op
        elif op.what == "write" and fate == 2:
            yield from _torn(op, chance)


def _torn(op: Op, chance: Random) -> Iterator[Op]:
    """Some of the sectors of a write."""
    start = op.offset
    end = op.offset + len(op.data)
    while start < end:
        stop = min(end, (start // SECTOR + 1) * SECTOR)
        if chance.random() < 1 / 2:
            yield op._replace(offset=start, data=op.data[start - op.offset : stop - op.offset])
        start = stop


def _apply(files: dict[str, bytearray], op: Op) -> None:
    if op.what == "delete":
        files.pop(op.name, None)
        return
    file = files.setdefault(op.name, bytearray())
    if op.what == "truncate":
        del file[op.offset :]
        return
    file.extend(bytes(max(0, op.offset - len(file))))
    file[op.offset : op.offset + len(op.data)] = op.data
