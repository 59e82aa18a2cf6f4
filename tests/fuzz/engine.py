"""The loop: change a report, parse it, keep it when it reached new code, save it when it failed.

Atheris, which does this too, has wheels for Linux alone, ends at the first failure, and changes
bytes that JSON, XML and checksums then refuse unless it is given what ``mutating`` does.
"""

from __future__ import annotations

import hashlib
import linecache
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from random import Random

import attrs

from adapters.port import RawPage
from ledger.errors import BadFileError
from tests.architecture.sources import ROOT
from tests.fuzz.guards import HungError, ending_when_stuck, still_alive, watched
from tests.fuzz.mutating import Mutator, Pages
from tests.fuzz.targets import BROKERS, Target
from tests.fuzz.tracing import Arcs

TRACED = (ROOT / "adapters", ROOT / "tests" / "fuzz" / "planted.py")
MAX_KEPT = 8_000
"""Larger reports are tried, and not begun from again: they would slow the others down."""
CHECKED_EVERY = 50
SMALLER_TRIES = 200


@attrs.frozen
class Failure:
    """What a parser did that it must not: which error, where; and the report that makes it."""

    error: str
    where: str
    pages: Pages
    config: int
    text: str = attrs.field(repr=False, eq=False)

    @property
    def signature(self) -> tuple[str, str]:
        """Two reports that fail alike are one finding."""
        return self.error, self.where


@attrs.define
class Found:
    """What a run came to."""

    runs: int = 0
    kept: int = 0
    arcs: int = 0
    failures: list[Failure] = attrs.Factory(list)


class Fuzzer:
    """Everything is decided by the seed, so that a number of runs finds the same again."""

    def __init__(self, target: Target, seed: int, *, guided: bool = True) -> None:
        self._target = target
        self._guided = guided
        self._random = Random(f"{target.name}:{seed}")
        self._mutator = Mutator(self._random, target.words)
        self._arcs = Arcs(TRACED)
        self._corpus: list[tuple[Pages, int]] = []
        self._lent = tuple(page for pages in target.seeds for page in pages)
        self.found = Found()

    def run(self, *, runs: int = 0, seconds: int = 0) -> Found:
        """So many runs, or for so long; the seeds come first and are always tried. What hangs
        ends it, since each input that does so again would cost its second."""
        with ending_when_stuck():
            self._run(runs, seconds)
        self.found.arcs, self.found.kept = len(self._arcs), len(self._corpus)
        return self.found

    def _run(self, runs: int, seconds: int) -> None:
        ends = time.monotonic() + seconds
        for pages in self._target.seeds:
            self._corpus.append((pages, 0))
            for config in range(len(self._target.configs)):
                self._tried(pages, config)
        while self.found.runs < runs or (seconds and time.monotonic() < ends):
            self._tried(*self._next())
            if any(failure.error == HungError.__name__ for failure in self.found.failures):
                break

    def _next(self) -> tuple[Pages, int]:
        """A kept report, changed: one of the latest as often as any."""
        lately = self._corpus[-self._random.choice((1, 3, 20, 1000, 1000)) :]
        several = self._random.choices(lately, k=self._random.choice((1, 2)))
        pages, config = min(several, key=lambda one: _size(one[0]))
        if self._random.random() < 0.05:
            config = self._random.randrange(len(self._target.configs))
        changed = self._mutator.mutated(pages, self._lent)
        if self._random.random() < 0.9:
            changed = self._sealed(changed)
        return changed, config

    def _sealed(self, pages: Pages) -> Pages:
        sealed = self._target.sealed
        return tuple(RawPage(name=page.name, content=sealed(page.content)) for page in pages)

    def _tried(self, pages: Pages, config: int) -> None:
        if self.found.runs % CHECKED_EVERY == 0:
            still_alive()
        self.found.runs += 1
        before = len(self._arcs)
        with self._arcs.traced():
            failure = tried(self._target, pages, config)
        if failure:
            self._failed(failure)
        elif self._guided and len(self._arcs) > before and _size(pages) < (MAX_KEPT,):
            self._corpus.append((pages, config))

    def _failed(self, failure: Failure) -> None:
        if failure.signature not in {known.signature for known in self.found.failures}:
            self.found.failures.append(self._smallest(failure))

    def _smallest(self, failure: Failure) -> Failure:
        """The same failure of a report that is smaller; of one that takes long, a few tries."""
        for _ in range(SMALLER_TRIES if failure.error != HungError.__name__ else 3):
            pages = self._sealed(self._mutator.smaller(failure.pages))
            if _size(pages) < _size(failure.pages):
                again = tried(self._target, pages, failure.config)
                failure = again if again and again.signature == failure.signature else failure
        return failure


def tried(target: Target, pages: Pages, config: int) -> Failure | None:
    """The failure of a parser on a report, if it is one: all but a batch and ``BadFileError``."""
    try:
        with watched():
            target.parse(pages, target.configs[config]).statement()
    except BadFileError:
        return None
    except (Exception, HungError) as error:  # noqa: BLE001 - each of them is a finding
        return Failure(type(error).__name__, _where(error), pages, config, _told(error))
    return None


def _where(error: BaseException) -> str:
    """The innermost line of a parser, else of ours; of what comes at any time, none."""
    if isinstance(error, HungError | RecursionError | MemoryError):
        return ""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [one for one in frames if one.filename.startswith(str(ROOT))]
    parsers = [one for one in ours if one.filename.startswith(str(BROKERS))]
    at = (parsers or ours)[-1]
    return f"{Path(at.filename).relative_to(ROOT).as_posix()}:{at.lineno} {at.name}"


def _told(error: BaseException) -> str:
    linecache.clearcache()
    return "".join(traceback.format_exception(error, limit=-20))


def _size(pages: Pages) -> tuple[int, int]:
    return sum(len(page.content) for page in pages), len(pages)


# ---------------------------------------------------------------------------------- on disk


def save(target: Target, failure: Failure, folder: Path) -> Path:
    """The report in a folder of its own, pages in order, with the error; where it is."""
    digest = hashlib.sha256("".join(failure.signature).encode()).hexdigest()[:8]
    kept = folder / target.name / digest
    kept.mkdir(parents=True, exist_ok=True)
    for old in kept.iterdir():
        old.unlink()
    for number, page in enumerate(failure.pages):
        (kept / f"{number}-{page.name}").write_bytes(page.content)
    (kept / "config").write_text(f"{failure.config}\n", "ascii")
    (kept / "error.txt").write_text(failure.text, "utf-8", "backslashreplace")
    return kept


def saved(folder: Path) -> tuple[Pages, int]:
    """What ``save`` has written: the pages, and which of the target's configurations."""
    files = sorted(path for path in folder.iterdir() if path.name[0].isdigit())
    pages = tuple(_pages(files))
    return pages, int((folder / "config").read_text("ascii"))


def _pages(files: list[Path]) -> Iterator[RawPage]:
    for path in files:
        yield RawPage(name=path.name.partition("-")[2], content=path.read_bytes())
