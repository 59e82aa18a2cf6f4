"""Interactive Brokers Flex statements (XML, Activity queries): ``parse(pages, config) -> Batch``.

Attributes are read here, row by row, and not through the ``ibflex`` package, which the tests use
as a second opinion on every number of real statements. Measured on real files, it cannot be the
reader of a ledger: an unknown code (``notes``, a cash type, a currency such as USDC) raises for
what it stands in although nothing here depends on it, a zone such as "-0400" is dropped and the
time kept as if it had none, and dd/mm/yyyy is read as mm/dd/yyyy. What a row needs is few
attributes, each through the ledger's own gates.

What is read: ``Trades/Trade`` (executions), ``CashTransactions``, splits among
``CorporateActions``, ``OpenPositions`` and ``CashReport``. What else moves money or units is
quarantined with its reason. Times carry no zone in these files: the account's is configured.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Final, TypeVar

from adapters.brokers.ibkr_flex.actions import (
    UNBOOKED,
    is_summary,
    legs,
    read_action,
    refuse_unbooked,
)
from adapters.brokers.ibkr_flex.cash import read_cash, without_twins
from adapters.brokers.ibkr_flex.frame import RawStatement, read_frame
from adapters.brokers.ibkr_flex.instruments import VENUE, instrument
from adapters.brokers.ibkr_flex.row import ABSENT, Row
from adapters.brokers.ibkr_flex.stated import balance, controls, is_balance, is_position, position
from adapters.brokers.ibkr_flex.trades import Trades, is_execution
from adapters.port import (
    AccountConfig,
    Batch,
    Control,
    Coverage,
    Ordinals,
    Page,
    Quarantined,
    RawPage,
    Record,
    digest_of,
)
from adapters.text import UNREADABLE, day
from ledger.domain.events import InstrumentDefined, StatedBalance, StatedPosition
from ledger.domain.gates import changed
from ledger.domain.instruments import Instrument
from ledger.errors import BadFileError, BadRowError

__all__ = ["NAME", "VENUE", "VERSION", "accounts", "parse"]

NAME = "ibkr_flex"
VERSION = "1"

READ: Final = ("Trades", "CashTransactions", "CorporateActions", "OpenPositions", "CashReport",
               *UNBOOKED)  # fmt: skip

T = TypeVar("T")


def parse(pages: Sequence[RawPage], config: AccountConfig) -> Batch:
    """Read one or more Flex files of one account; ``BadFileError`` refuses them as a whole."""
    held = [(page, statement) for page in pages for statement in read_frame(page)]
    account = _account([statement for _, statement in held], config)
    read = [
        _Statement(Page(number, page.name), raw, config)
        for number, (page, raw) in enumerate(held)
        if raw.account == account
    ]
    for statement in read:
        statement.read()
    return _batch(read, account, config, pages)


def accounts(pages: Sequence[RawPage]) -> list[str]:
    """The venue's accounts that the files hold statements of, sorted."""
    return sorted({statement.account for page in pages for statement in read_frame(page)})


def _account(statements: list[RawStatement], config: AccountConfig) -> str:
    """The account asked for, or the only one there is."""
    held = sorted({statement.account for statement in statements})
    if config.venue_account in held:
        return config.venue_account
    if config.venue_account is None and len(held) == 1 and held[0]:
        return held[0]
    asked = f"not of {config.venue_account}" if config.venue_account else "which one is not said"
    raise BadFileError(
        f"the statements are of {', '.join(held) or 'no account'}, {asked}; "
        "name one of them as the venue's account"
    )


def _batch(
    read: list[_Statement], account: str, config: AccountConfig, pages: Sequence[RawPage]
) -> Batch:
    """All statements together; what is stated is the last one's, its opening the first one's."""
    in_order = sorted(read, key=lambda statement: statement.period)
    first, last = in_order[0], in_order[-1]
    records = [record for statement in in_order for record in statement.records]
    instruments: dict[str, Instrument] = {}
    for statement in in_order:
        instruments = {**statement.instruments, **instruments}
    return Batch(
        venue=VENUE,
        account=config.account or account,
        parser=NAME,
        parser_version=VERSION,
        digest=pages[0].digest if len(pages) == 1 else digest_of(p.digest for p in pages),
        statement_id=f"{account}:{first.period[0]}:{last.period[1]}",
        coverage=_coverage(in_order, config),
        instruments=tuple(InstrumentDefined(instrument=i) for i in instruments.values()),
        records=tuple(records),
        positions=tuple(last.positions),
        balances=tuple(_since(first.balances, last.balances)),
        quarantine=tuple(row for statement in in_order for row in statement.quarantine),
    )


def _coverage(read: list[_Statement], config: AccountConfig) -> Coverage:
    rows: Counter[str] = Counter()
    for statement in read:
        rows.update(statement.counts)
    begins, ends = read[0].period[0], read[-1].period[1]
    return Coverage(
        covers_from=_midnight(begins, config),
        covers_to=_midnight(ends + timedelta(days=1), config),
        sections=tuple(sorted({name for statement in read for name in statement.sections})),
        rows=tuple(sorted(rows.items())),
        controls=tuple(control for statement in read for control in statement.controls()),
        lists_positions=read[-1].lists_positions,
        lists_balances=read[-1].lists_balances,
    )


def _midnight(on: date, config: AccountConfig) -> datetime:
    return datetime(on.year, on.month, on.day, tzinfo=config.zone)


def _since(first: list[StatedBalance], last: list[StatedBalance]) -> Iterable[StatedBalance]:
    """The last balances, opening where the first statement opened."""
    opened = {balance.currency: balance.opening for balance in first}
    for stated in last:
        yield changed(stated, opening=opened.get(stated.currency, stated.opening))


class _Statement:
    """One ``FlexStatement`` being read: a bad row is set aside and the rest goes on."""

    def __init__(self, page: Page, raw: RawStatement, config: AccountConfig) -> None:
        self._page = page
        self._account = raw.account
        self._rows: dict[str, list[Row]] = {}
        for raw_row in raw.rows:
            self._rows.setdefault(raw_row.section, []).append(Row(raw_row, config.zone))
        self._ids = Ordinals()
        self.sections = raw.sections
        self.counts = Counter(raw_row.element for raw_row in raw.rows)
        self.period = _period(page.name, raw)
        self.records: list[Record] = []
        self.instruments: dict[str, Instrument] = {}
        self.positions: list[StatedPosition] = []
        self.balances: list[StatedBalance] = []
        self.lists_positions = self.lists_balances = False
        self.quarantine: list[Quarantined] = []
        self._incomplete: set[str] = set()

    def read(self) -> None:
        """Read every section that is known."""
        self._keep_own()
        self._trades()
        self._cash()
        self._actions()
        for section in UNBOOKED:
            for row in self._rows.get(section, ()):
                if not is_summary(row):
                    self._guarded(row, refuse_unbooked)
        self._stated()

    def _keep_own(self) -> None:
        """Set aside the rows that name another account than their statement does."""
        for section in READ:
            strangers = [row for row in self._rows.get(section, ()) if self._is_foreign(row)]
            for row in strangers:
                named = row.values["accountId"]
                rule = f"a row of another account than its statement's, {self._account}"
                self._set_aside(row, BadRowError("accountId", named, rule))
            if strangers:
                kept = [row for row in self._rows[section] if not self._is_foreign(row)]
                self._rows[section] = kept
                self._incomplete.add(section)

    def _is_foreign(self, row: Row) -> bool:
        return row.values.get("accountId", "") not in {self._account, *ABSENT}

    def controls(self) -> tuple[Control, ...]:
        """The control totals of this statement's cash report."""
        rows = [row for row in self._rows.get("CashReport", ()) if is_balance(row)]
        return controls(rows, self.records)

    def _trades(self) -> None:
        trades = Trades(self._ids, self._page)
        records = []
        for row in filter(is_execution, self._rows.get("Trades", ())):
            for defined, record in self._guarded(row, trades.read):
                self.instruments.setdefault(defined.instrument_id, defined)
                records.append(record)
        self.records += trades.link(records)

    def _cash(self) -> None:
        for row, contradicts in without_twins(self._rows.get("CashTransactions", ())):
            if contradicts:
                rule = "a summary that its details do not make: only the details are booked"
                self._set_aside(row, BadRowError("amount", row.values.get("amount", ""), rule))
            else:
                self.records += self._guarded(row, lambda row: read_cash(row, self._ids))

    def _actions(self) -> None:
        rows = self._rows.get("CorporateActions", [])
        counts = legs(rows)
        for row in rows:
            if not is_summary(row):
                self.records += self._guarded(row, lambda row: read_action(row, counts, self._ids))

    def _stated(self) -> None:
        """What is there at the end. A section with a row unread does not list all there is, nor
        one of lots alone, nor a cash report that has the base summary alone."""
        held = self._rows.get("OpenPositions", [])
        positions = [row for row in held if is_position(row)]
        for row in positions:
            self.positions += self._guarded(row, position)
            for defined in self._guarded(row, instrument):
                self.instruments.setdefault(defined.instrument_id, defined)
        balances = [*filter(is_balance, self._rows.get("CashReport", ()))]
        for row in balances:
            self.balances += self._guarded(row, balance)
        is_whole = len(self.positions) == len(positions) and bool(positions) == bool(held)
        is_whole = is_whole and "OpenPositions" not in self._incomplete
        self.lists_positions = "OpenPositions" in self.sections and is_whole
        is_whole = len(self.balances) == len(balances) and "CashReport" not in self._incomplete
        self.lists_balances = bool(balances) and is_whole

    def _guarded(self, row: Row, read: Callable[[Row], T]) -> list[T]:
        """What the row says, or nothing and a line in the quarantine."""
        try:
            return [read(row)]
        except UNREADABLE as error:
            self._set_aside(row, error)
            return []

    def _set_aside(self, row: Row, error: Exception) -> None:
        aside = Quarantined.of(
            error, file=self._page.name, row=row.where, digest=row.digest, raw=row.raw
        )
        self.quarantine.append(aside)


def _period(file: str, raw: RawStatement) -> tuple[date, date]:
    """The days the statement covers, both included."""
    try:
        return day("fromDate", raw.values.get("fromDate", "")), day(
            "toDate", raw.values.get("toDate", "")
        )
    except BadRowError as error:
        raise BadFileError(f"{file} does not say which days it covers: {error}") from None
