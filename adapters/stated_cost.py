"""What a venue calls the cost of a position: without it, its figure cannot be set beside ours."""

from __future__ import annotations

from decimal import Decimal

import attrs

from ledger.domain.events import Booking
from ledger.domain.numbers import ZERO


@attrs.frozen(kw_only=True)
class CostMeaning:
    """How a venue makes the cost that it states; the sign is the position's, as everywhere here.

    ``with_fees``: what was charged for opening is in it. ``methods``: the booking methods that
    choose the lots which the venue chooses; empty where the customer chooses one at the venue, so
    that it is whichever the account was opened with. ``rounding``: so much money may be lost in
    the figure as it is printed; unsigned.
    """

    with_fees: bool
    methods: frozenset[Booking] = frozenset()
    rounding: Decimal = ZERO
