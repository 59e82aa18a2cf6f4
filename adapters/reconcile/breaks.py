"""A break: a difference between the books and a broker, the same object every night."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

import attrs

from adapters.port import digest_of
from adapters.reconcile.kinds import Cause, Kind, Severity


@attrs.frozen(kw_only=True)
class Break:
    """What differs. ``subject`` is the instrument or currency, ``reference`` what of it: a key,
    an order, the statement. ``difference`` is the broker's less ours, in ``unit``: units of the
    instrument, or a currency.

    ``evidence`` says where to look on either side: ``ledger:`` a log number and a key,
    ``broker:`` a row. ``parted_after`` is the log number of the last event up to which both
    agreed, where that was looked for.
    """

    account: str
    kind: Kind
    subject: str
    reference: str
    ledger_value: str
    broker_value: str
    business_date: date
    instrument_id: str | None = None
    currency: str | None = None
    difference: Decimal | None = None
    unit: str = ""
    cause: Cause = Cause.UNKNOWN
    note: str = ""
    evidence: tuple[str, ...] = ()
    match_pass: int | None = None
    parted_after: int | None = None

    @property
    def break_id(self) -> str:
        """The stable key: of account, kind, subject and reference, and of no figure."""
        return digest_of([self.account, self.kind.value, self.subject, self.reference])[:16]

    @property
    def severity(self) -> Severity:
        """How much it matters."""
        return self.kind.severity


def in_order(breaks: Sequence[Break]) -> tuple[Break, ...]:
    """Breaks in the order of reports: by kind, subject and reference; each key once."""
    once = {one.break_id: one for one in breaks}
    return tuple(
        sorted(once.values(), key=lambda one: (one.kind.value, one.subject, one.reference))
    )
