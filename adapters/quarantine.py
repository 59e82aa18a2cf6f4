"""Rows of a report that were not booked, and what is kept of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Final, Self
from unicodedata import normalize

import attrs

from ledger.domain.events import QuarantinedRow
from ledger.domain.gates import MAX_TEXT

MAX_QUARANTINED: Final = 100
"""So many of the rows set aside are recorded with their text; the others are counted."""

CUT: Final = "~"


@attrs.frozen(kw_only=True)
class Quarantined:
    """A row that was not booked: which field said what, and the rule it breaks; its text and the
    SHA-256 of that."""

    file: str
    row: str
    field: str
    value: str
    rule: str
    digest: str = ""
    raw: str = ""

    @classmethod
    def of(cls, error: Exception, *, file: str, row: str, digest: str, raw: str) -> Self:
        """A row that one of the errors of ``adapters.text.UNREADABLE`` is about."""
        return cls(
            file=file,
            row=row,
            field=str(getattr(error, "field", "")),
            value=str(getattr(error, "value", getattr(error, "text", ""))),
            rule=str(getattr(error, "rule", getattr(error, "why", error))),
            digest=digest,
            raw=raw,
        )


@attrs.frozen(kw_only=True)
class Finding:
    """Something about a report that somebody has to look at, although its rows were booked."""

    file: str
    row: str
    what: str


def digest_of(parts: Iterable[str]) -> str:
    r"""SHA-256 of texts, each ended so that ("a", "bc") is not ("ab", "c").

    >>> digest_of(["a", "bc"]) == digest_of(["ab", "c"])
    False
    """
    # Half of a pair of surrogates, which JSON can say, is no reason to lose the other rows.
    told = "\x1f".join([*parts, ""]).encode("utf-8", "surrogatepass")
    return hashlib.sha256(told).hexdigest()


def row_cause(digest: str) -> str:
    """The cause that is kept with a fact: the raw row it was read from, by its SHA-256."""
    return f"row:{digest}"


def words(aside: Quarantined) -> str:
    """A row that was set aside, as text."""
    return "|".join((aside.file, aside.row, aside.field, aside.value, aside.rule, aside.digest))


def recorded_row(aside: Quarantined) -> QuarantinedRow:
    """A row that was set aside, as it is recorded."""
    return QuarantinedRow(
        row=keepable(aside.row),
        reason=keepable(f"{aside.field}: {aside.value!r}: {aside.rule}"),
        digest=aside.digest or digest_of([words(aside)]),
        file=keepable(aside.file),
        raw=keepable(aside.raw),
    )


def keepable(value: str) -> str:
    r"""A text cut and escaped so that it passes the gate for texts.

    >>> keepable("a\tb"), len(keepable("x" * 3000))
    ('a\\tb', 2000)
    """
    told = normalize("NFC", value[: MAX_TEXT + 1])
    shown = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in told)
    return shown if len(shown) <= MAX_TEXT else shown[: MAX_TEXT - 1] + CUT
