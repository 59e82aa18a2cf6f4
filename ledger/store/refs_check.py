"""Whether the index of references says what the log says: a part of ``verify``.

Streams: of each page of the log it is asked which references are not in the index, and at the
end how many the index has in all. So it takes no more memory than a page.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ledger.errors import CorruptEventError, UnknownTopicError
from ledger.store.codec import Codec
from ledger.store.log import Log, Ref
from ledger.store.port import Finding
from ledger.store.refs import refs_of
from ledger.store.rows import Row

_PAGE: Final = 3000
_REMEDY: Final = "it is a cache, not history: 'tradeledger doctor --rebuild-refs' makes it anew"


class RefsCheck:
    """One reading of the log beside the index, up to where the index had come at its beginning.

    An index that is gone, or is not trusted, is made anew by the next question, and so is not
    checked. It is held against whole history alone: what is wrong with that is said already.
    """

    def __init__(self, log: Log, codec: Codec) -> None:
        self._log = log
        self._codec = codec
        self._is_whole = True
        self._known = 0
        self._lacking = 0
        self._first: Ref | None = None
        self._page: list[Ref] = []
        self._upto = self._cursor()

    def _cursor(self) -> int:
        try:
            return self._log.refs_upto()
        except CorruptEventError:  # the check of the whole file says what is damaged
            return 0

    def step(self, row: Row, *, is_sound: bool) -> None:
        """Take the next row of the log; one that is not sound is no measure for the index."""
        if row.number > self._upto:
            return
        try:
            refs = refs_of(row, self._codec) if is_sound else None
        except (CorruptEventError, UnknownTopicError):
            refs = None
        if refs is None:
            self._is_whole = False
            return
        self._known += len(refs)
        self._page.extend(refs)
        if len(self._page) >= _PAGE:
            self._ask()

    def _ask(self) -> None:
        """Which references of the page are not in the index."""
        page, self._page = sorted(self._page), []
        try:
            lacking = self._log.lacking_refs(page)
        except CorruptEventError:
            self._upto = 0
            return
        self._lacking += len(lacking)
        if self._first is None and lacking:
            self._first = min(lacking, key=lambda ref: ref.number)

    def findings(self) -> Iterator[Finding]:
        """What the index lacks and what it adds."""
        if self._page:
            self._ask()
        try:
            with self._log.reading():
                if not 0 < self._upto <= self._log.refs_upto():
                    return  # it was made anew meanwhile
                within, beyond = self._log.count_refs(self._upto, self._log.refs_upto())
        except CorruptEventError:
            return
        if self._first is not None:
            yield self._lack(self._first)
        added = within - (self._known - self._lacking)
        if self._is_whole and added + beyond > 0:
            what = f"the index of references has {added + beyond} entries of nothing; {_REMEDY}"
            yield Finding(0, "", what)

    def _lack(self, first: Ref) -> Finding:
        what = (
            f"the index of references lacks {self._lacking} entries, the first of {first.kind} "
            f"{first.id}; {_REMEDY}"
        )
        return Finding(first.number, first.stream, what)


__all__ = ["RefsCheck"]
