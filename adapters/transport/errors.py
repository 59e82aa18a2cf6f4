"""The errors of fetching. None of them says a credential, whatever the venue answered.

::

    FetchError (a LedgerError)
    ├── CredentialsError      a credential is missing, or its file can be read by others
    ├── VenueRefusedError     the venue said no, and would say so again
    └── TryLaterError         throttled, timed out, cut, or another process fetches
        └── NotReadyError     the report is not there yet, and waiting minutes would not help
"""

from __future__ import annotations

from ledger.errors import LedgerError


class FetchError(LedgerError):
    """Nothing complete was fetched; the message says what to change."""


class CredentialsError(FetchError):
    """A credential is missing or cannot be used."""


class VenueRefusedError(FetchError):
    """The venue refused the request."""


class TryLaterError(FetchError):
    """The same request may succeed later. ``wait`` is how many seconds the venue wants, if told."""

    def __init__(self, message: str, wait: int | None = None) -> None:
        self.wait = wait
        super().__init__(message)


class NotReadyError(TryLaterError):
    """The venue has not made the report yet; it is not asked again in this run."""
