"""A store that proves its history: every event and every price read, and digests of both."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from ledger.errors import CorruptEventError
from ledger.store.chain import ChainCheck
from ledger.store.codec import Codec
from ledger.store.port import Digest, Finding, Mark, StreamHead, Verification, heads_of
from ledger.store.price_check import PriceCheck, found
from ledger.store.prices import PAGE, PricedStore
from ledger.store.refs_check import RefsCheck
from ledger.store.rows import Row

MAX_FINDINGS: Final = 100


class VerifiedStore(PricedStore):
    """The part of a store that checks itself; see the port."""

    _codec: Codec
    between_pages: Callable[[], None]

    def verify(self, against: Digest | Mark | None = None) -> Verification:
        """Read everything and check the chain and the index of references; at most 100 findings
        of the chain, the earliest first."""
        check, events, findings = ChainCheck(against, self._priced(against)), 0, list[Finding]()
        index = RefsCheck(self.log, self._codec)
        for row in self._audit(findings):
            events += 1
            finding = check.step(row)
            index.step(row, is_sound=finding is None)
            if finding is not None and len(findings) < MAX_FINDINGS:
                findings.append(finding)
        findings.extend(check.rest())
        prices = self._check_prices(against, findings)
        findings.extend(self.log.faults())
        findings.extend(index.findings())
        return Verification(events, tuple(findings), prices)

    def _audit(self, findings: list[Finding]) -> Iterator[Row]:
        """Every row that can be read; the first that cannot is a finding and the end."""
        number, limit = 0, PAGE
        while True:
            try:
                rows = self.log.audit_page(gt=number, limit=limit)
            except CorruptEventError as error:
                if limit == 1:
                    findings.append(Finding(number + 1, "", str(error)))
                    return
                limit = 1  # somewhere in this page: go on one by one
                continue
            yield from rows
            if len(rows) < limit:
                return
            number = rows[-1].number
            self.between_pages()

    def digest(self) -> Digest:
        """The present heads of all streams."""
        with self.log.reading():
            heads = {stream: self.log.head_of(stream) for stream in self.log.streams()}
            prices = self.log.price_head()
            last = StreamHead(prices.number, prices.hash.hex()) if prices.number else None
            return Digest(self.log.head(), heads_of(heads), last)

    def _check_prices(self, against: Digest | Mark | None, findings: list[Finding]) -> int:
        """Read all prices and add what is wrong with them; how many there are."""
        check = PriceCheck(against)
        try:
            for row in self.price_rows():
                finding = check.step(row)
                if finding is not None and len(findings) < MAX_FINDINGS:
                    findings.append(finding)
        except CorruptEventError as error:
            findings.append(found(check.number + 1, "", str(error)))
            return check.count
        findings.extend(check.rest())
        return check.count

    def _priced(self, against: Digest | Mark | None) -> StreamHead | None:
        """The price that a digest in short counts up to, as it is stored now."""
        number = against.prices if isinstance(against, Mark) else 0
        try:
            rows = list(self.price_rows(after=number - 1, upto=number)) if number else []
        except CorruptEventError:
            return None
        return StreamHead(number, rows[0].hash.hex()) if rows else None


__all__ = ["MAX_FINDINGS", "VerifiedStore"]
