"""The errors of the read models.

::

    ProjectionError (a LedgerError)
    ├── OvertakenError        another runner has written to the same tables
    ├── ForeignTablesError    the tables are of another log
    ├── UnknownProjectionError  there is no projection of that name
    ├── UnknownDatabaseError  the url names no database that read models can be kept in
    ├── NotThereYetError      the tables have not come as far as the question
    ├── BadCursorError        a cursor that no answer gave
    ├── NoSuchSnapshotError   no snapshot of that day was taken
    ├── UnknownCalendarError  there is no calendar of that name, or of that time
    └── ExtraMissingError     a library of the reader's choice is not installed
"""

from __future__ import annotations

from ledger.errors import LedgerError


class ProjectionError(LedgerError):
    """A read model cannot go on, or cannot answer."""


class OvertakenError(ProjectionError):
    """Another runner has written to the same tables meanwhile; nothing of the batch was kept."""


class ForeignTablesError(ProjectionError):
    """The tables were made from another log, or from one that has been cut since."""


class UnknownProjectionError(ProjectionError):
    """There is no projection of that name."""


class UnknownDatabaseError(ProjectionError):
    """The url names no database that read models can be kept in."""


class NotThereYetError(ProjectionError):
    """The tables have not come as far as the question asks, and who asks may not bring them."""


class BadCursorError(ProjectionError):
    """A cursor that no answer gave."""


class NoSuchSnapshotError(ProjectionError):
    """No snapshot of that day was taken."""


class UnknownCalendarError(ProjectionError):
    """There is no calendar of that name, or it has no sessions of that time."""


class ExtraMissingError(ProjectionError):
    """A library of the reader's choice is not installed."""
