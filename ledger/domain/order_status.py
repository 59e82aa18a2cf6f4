"""Order status: FIX 39, and the precedence by which one of several true states is shown.

==============================================  ==========
state                                           precedence
==============================================  ==========
PendingCancel                                   12
PendingReplace                                  11
DoneForDay                                      10
Calculated                                      9
Filled                                          8
Stopped                                         7
Suspended                                       6
Canceled, Expired                               5
PartiallyFilled                                 4
New, Rejected, PendingNew                       2
==============================================  ==========

Only states that hold compete. The end of an order (cancelled, expired, rejected) answers every
open request and ends a guarantee and a suspension, so those no longer hold after it.
"""

from __future__ import annotations

from enum import Enum


class OrdStatus(Enum):
    """FIX 39; never stored, always derived. The value is FIX's own name for it.

    >>> OrdStatus.PARTIALLY_FILLED.fix_name
    'PartiallyFilled'
    """

    PENDING_CANCEL = "PendingCancel"
    PENDING_REPLACE = "PendingReplace"
    DONE_FOR_DAY = "DoneForDay"
    CALCULATED = "Calculated"
    FILLED = "Filled"
    STOPPED = "Stopped"
    SUSPENDED = "Suspended"
    CANCELED = "Canceled"
    EXPIRED = "Expired"
    PARTIALLY_FILLED = "PartiallyFilled"
    NEW = "New"
    REJECTED = "Rejected"
    PENDING_NEW = "PendingNew"

    @property
    def fix_name(self) -> str:
        """The name as FIX writes it."""
        return str(self.value)

    @property
    def precedence(self) -> int:
        """How strongly the state is shown when several hold: the higher wins.

        >>> OrdStatus.PENDING_CANCEL.precedence > OrdStatus.FILLED.precedence
        True
        """
        return _PRECEDENCE[self]


_PRECEDENCE = {
    OrdStatus.PENDING_CANCEL: 12,
    OrdStatus.PENDING_REPLACE: 11,
    OrdStatus.DONE_FOR_DAY: 10,
    OrdStatus.CALCULATED: 9,
    OrdStatus.FILLED: 8,
    OrdStatus.STOPPED: 7,
    OrdStatus.SUSPENDED: 6,
    OrdStatus.CANCELED: 5,
    OrdStatus.EXPIRED: 5,
    OrdStatus.PARTIALLY_FILLED: 4,
    OrdStatus.NEW: 2,
    OrdStatus.REJECTED: 2,
    OrdStatus.PENDING_NEW: 2,
}
