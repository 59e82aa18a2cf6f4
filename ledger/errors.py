"""Every error this library raises on purpose.

::

    LedgerError
    ├── BadNumberError            a number that is not a plain decimal of at most 20 + 18 digits
    ├── BadTextError              an id, symbol or text that cannot be kept
    ├── NaiveTimeError            a time without a zone, or outside 1970..2200
    ├── BadFileError              a report that cannot be read as a whole; nothing of it is recorded
    ├── BadRowError               one row of a report that says something unknown; it is quarantined
    ├── RefusedError              a command that today's rules refuse; nothing was recorded
    │   ├── UnknownOrderError         no such order in this account
    │   ├── OrderClosedError          the order can no longer be changed
    │   ├── InvalidOrderError         quantity, prices or times do not make an order of that type
    │   ├── MisalignedPriceError      the price is not on the instrument's tick grid
    │   ├── LimitExceededError        a limit of the account would be broken
    │   ├── InsufficientFundsError    the hold is larger than the free balance
    │   ├── AccountClosedError        the account is suspended or was never opened
    │   ├── UnknownInstrumentError    the instrument was never defined
    │   ├── InsufficientLotsError     a trade by hand closes more than is held
    │   ├── AmbiguousLotsError        STRICT booking: more than one lot fits
    │   ├── NoMatchingLotError        the lot that was named does not exist
    │   ├── NotTheLotTheMethodTakesError  the named lot is not the one the booking method takes
    │   ├── BookingChangeError        the booking method may change only while flat
    │   ├── DefinitionChangeError     what an instrument's money is stays as first defined
    │   └── InvalidTransferError      units would move from an account or instrument to itself
    ├── UnknownAccountError       the store has no account of this name
    ├── StoreError                what the event store could not do
    │   ├── ConflictError             the key is known with other content
    │   ├── StaleStreamError          others appended first, and the bounded retries ran out
    │   ├── UnknownTopicError         a stored row names a fact this version does not know
    │   ├── CorruptEventError         a stored row cannot be decoded
    │   ├── StoreBusyError            the writer's lock was not to be had in time
    │   ├── StoreClosedError          the store was closed
    │   ├── StoreUnavailableError     the database's server is away; nothing of the call was kept
    │   ├── InDoubtError              the answer to a commit was lost; a retry tells
    │   ├── StoreFullError            the disk is full; nothing of the append was kept
    │   ├── BadDigestError            a digest is cut, changed or of another format
    │   ├── BadBackupError            a backup, or what it was made of, does not verify
    │   ├── AlreadyThereError         what is written anew, a file or a store, is not empty
    │   └── StoreSettingsError        the database is not set up to keep what it acknowledged
    ├── HistoryError              a question about a moment that cannot be answered
    │   └── UnknownNumberError        a log number that the log has not reached, or a negative one
    └── UnknownStoreError         the url names no store this version has

Every message names the thing, the rule and the next step.
"""

from __future__ import annotations


class LedgerError(Exception):
    """Base of every error raised on purpose by this library."""


class BadNumberError(LedgerError, ValueError):
    """A number that does not pass the gate of ``ledger.domain.numbers``."""

    def __init__(
        self, field: str, text: str, why: str, instead: str = "write plain ASCII digits: -12.50"
    ) -> None:
        self.field = field
        self.text = text[:60]
        self.why = why
        super().__init__(
            f"{field}: {self.text!r} is not a number this ledger keeps: {why}; {instead}"
        )


class BadTextError(LedgerError, ValueError):
    """A text that cannot be kept: empty, too long or with characters that hide."""

    def __init__(self, field: str, text: str, why: str) -> None:
        self.field = field
        self.text = text[:60]
        self.why = why
        super().__init__(f"{field}: {self.text!r} cannot be kept: {why}")


class NaiveTimeError(LedgerError, ValueError):
    """A time without a zone, or one outside the years that are kept."""


class BadFileError(LedgerError, ValueError):
    """A report cannot be read as a whole: cut, hostile or of another kind; nothing is recorded."""


class BadRowError(LedgerError, ValueError):
    """One row of a report cannot be read; the row is quarantined and the rest goes on."""

    def __init__(self, field: str, value: str, rule: str) -> None:
        self.field = field
        self.value = value[:60]
        self.rule = rule
        super().__init__(f"{field}: {self.value!r}: {rule}")


class RefusedError(LedgerError):
    """A command was refused by today's rules; nothing was recorded."""


class UnknownOrderError(RefusedError):
    """The account has no order under this id."""


class OrderClosedError(RefusedError):
    """The order is done and cannot be changed any more."""


class InvalidOrderError(RefusedError):
    """The quantity, prices or times asked for do not make an order of that type."""


class MisalignedPriceError(RefusedError):
    """The price is not a multiple of the instrument's tick."""


class LimitExceededError(RefusedError):
    """A limit set for the account would be broken."""


class InsufficientFundsError(RefusedError):
    """The hold asked for is larger than what is free."""


class AccountClosedError(RefusedError):
    """The account is suspended, or was never opened."""


class UnknownInstrumentError(RefusedError):
    """The instrument was never defined in this account."""


class UnknownAccountError(LedgerError):
    """The store has no account of this name."""


class DefinitionChangeError(RefusedError):
    """An instrument's kind, currencies or settlement would change under its id."""


class InvalidTransferError(RefusedError):
    """Units that would move from an account, or come out of an instrument, to itself."""


class InsufficientLotsError(RefusedError):
    """A trade entered by hand closes more than is held, and crossing is refused."""


class AmbiguousLotsError(RefusedError):
    """STRICT booking: more than one lot fits and the trade does not say which."""


class NoMatchingLotError(RefusedError):
    """The trade names a lot that is not there."""


class NotTheLotTheMethodTakesError(RefusedError):
    """The trade names a lot that the booking method in force would not take."""


class BookingChangeError(RefusedError):
    """A booking method may change only while the position is flat."""


class StoreError(LedgerError):
    """The event store could not do what was asked."""


class ConflictError(StoreError):
    """The key is already recorded with other content."""


class StaleStreamError(StoreError):
    """Others appended to the stream first, and the bounded retries ran out."""


class UnknownTopicError(StoreError):
    """A stored row names a fact that this version does not know."""


class CorruptEventError(StoreError):
    """A stored row cannot be decoded into the fact its topic names."""


class StoreBusyError(StoreError):
    """The writer's lock, or a turn or room in this process, could not be had in time; try again
    later."""


class StoreClosedError(StoreError):
    """The store was closed before the call, or before its turn came; nothing of it was kept."""


class StoreUnavailableError(StoreError):
    """The database's server cannot be reached, or went away before it was asked to commit."""


class InDoubtError(StoreError):
    """The server went away around the commit, the disk failed in it, or the thread that wrote was
    ended: recorded or not, both can be.

    Send the same facts again. Their keys answer: ``AlreadyAppended`` if they were recorded.
    """


class StoreFullError(StoreError):
    """There is no room on the disk; nothing of the append was kept."""


class BadDigestError(StoreError):
    """A digest is cut, changed or of another format, and proves nothing."""


class BadBackupError(StoreError):
    """A backup, or the store it was made of, does not verify; nothing was written.

    ``findings`` are what is wrong, each with its ``number``, ``stream`` and ``what``.
    """

    def __init__(self, message: str, findings: tuple[tuple[int, str, str], ...] = ()) -> None:
        self.findings = findings
        super().__init__(message)


class AlreadyThereError(StoreError):
    """The file of a backup exists, or the store to restore into has events; it was not touched."""


class StoreSettingsError(StoreError):
    """The database's settings would lose what it acknowledged."""


class HistoryError(LedgerError):
    """A question about a moment that cannot be answered."""


class UnknownNumberError(HistoryError):
    """The log has not come to this number yet, or never will: it is below zero."""

    def __init__(self, field: str, number: int, head: int) -> None:
        self.number = number
        self.head = head
        super().__init__(
            f"{field}: {number} is no number of this log, whose last is {head}; ask for one from "
            f"0 to {head}, or for a time"
        )


class UnknownStoreError(LedgerError):
    """The url names no store that this version has."""
