"""One ``FlexStatement`` being read: a bad row is set aside with its reason, the rest goes on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import date
from decimal import Decimal
from typing import TypeVar

from adapters.brokers.ibkr_flex import funds_chain, options
from adapters.brokers.ibkr_flex.actions import Actions, actions
from adapters.brokers.ibkr_flex.cash import read_cash, read_sales_tax, without_twins
from adapters.brokers.ibkr_flex.forex import commissions_taken
from adapters.brokers.ibkr_flex.frame import RawStatement
from adapters.brokers.ibkr_flex.funds import Funds, forex_commissions
from adapters.brokers.ibkr_flex.instruments import (
    LEFT_OUT,
    VENUE,
    instrument,
    is_untold,
    standing,
)
from adapters.brokers.ibkr_flex.revisions import superseding
from adapters.brokers.ibkr_flex.row import ABSENT, NO_ID, SEGMENT, Row
from adapters.brokers.ibkr_flex.sections import INFORMING, READ, details, refuse
from adapters.brokers.ibkr_flex.stated import (
    balance,
    base_currency,
    closing,
    controls,
    is_balance,
    is_position,
    position,
)
from adapters.brokers.ibkr_flex.taxes import TransactionTaxes, charges
from adapters.brokers.ibkr_flex.totals import disagreements, refuse_total
from adapters.brokers.ibkr_flex.trades import Trades, is_execution
from adapters.brokers.ibkr_flex.transfers import is_lot, read_transfer, refuse_lot
from adapters.port import (
    AccountConfig,
    Control,
    Finding,
    Ordinals,
    Page,
    Quarantined,
    Record,
)
from adapters.sharing import taken
from adapters.text import UNREADABLE, day
from ledger.domain.events import StatedBalance, StatedPosition
from ledger.domain.instruments import Instrument
from ledger.errors import BadFileError, BadRowError

T = TypeVar("T")


class Statement:
    """One ``FlexStatement``: what it says, once ``read``, by when its rows are given up."""

    def __init__(self, page: Page, raw: RawStatement, config: AccountConfig) -> None:
        self._page = page
        self._account = raw.account
        self._rows: dict[str, list[Row]] = {}
        self.counts = Counter(raw_row.element for raw_row in raw.rows)
        for raw_row in taken(raw.rows):
            self._rows.setdefault(raw_row.section, []).append(Row(raw_row, config.zone))
        self._ids = Ordinals()
        self.sections = raw.sections
        self.period = _period(page.name, raw)
        self.records: list[Record] = []
        self.instruments: dict[str, Instrument] = {}
        self.positions: list[StatedPosition] = []
        self.balances: list[StatedBalance] = []
        self.lists_positions = self.lists_balances = False
        self.base_currency = base_currency(self._rows.get("AccountInformation", ()))
        self.quarantine: list[Quarantined] = []
        self.findings: list[Finding] = []
        self.controls: list[Control] = []
        self._incomplete: set[str] = set()
        self._untold: dict[str, Row] = {}

    def read(self) -> None:
        """Read every section that is known, and set aside the rows of every other."""
        self._keep_own()
        self._trades()
        self._cash()
        self._taxes()
        self._actions()
        self._exercises()
        self._transfers()
        self._funds()
        for section in sorted(self._rows.keys() - INFORMING - set(READ)):
            for row in details(self._rows[section]):
                self._guarded(row, refuse)
        self._stated()
        self._tell_undefined()
        self._control()
        self._rows.clear()

    def _keep_own(self) -> None:
        """Set aside the rows that name another account than their statement does."""
        for section in sorted(self._rows.keys() - INFORMING):
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
        named = row.values.get("accountId", "")
        if row.section != "CashReport" and named == self._account + SEGMENT:
            return False
        return named not in {self._account, *ABSENT}

    def _lines(self) -> list[Row]:
        return self._rows.get("StmtFunds", [])

    def _executions(self) -> list[Row]:
        return [*filter(is_execution, self._rows.get("Trades", ()))]

    def _trades(self) -> None:
        records, executions = [], self._executions()
        trades = Trades(self._ids, self._page, self._charged(executions), executions)
        for row in executions:
            for defined, record in self._guarded(row, trades.read):
                self._define(row, defined)
                records.append(record)
        orders = {row.values.get("ibOrderID", "") for row in executions}
        for row in self._rows.get("Trades", ()):
            if not is_execution(row):
                self._guarded(row, lambda row: refuse_total(row, orders))
        self.findings += disagreements(self._rows.get("Trades", ()), self._page.name)
        records = [*trades.link(records)]
        self.records += [*records, *superseding(records)]

    def _charged(self, executions: list[Row]) -> dict[str, tuple[str, Decimal]]:
        """What the commissions of currency trades were taken in, where something tells."""
        others = [row for rows in self._rows.values() for row in rows]
        report = filter(is_balance, self._rows.get("CashReport", ()))
        told = forex_commissions(self._lines())
        return told or commissions_taken(executions, others, report)

    def _cash(self) -> None:
        for row, contradicts in without_twins(self._rows.get("CashTransactions", ())):
            if contradicts:
                rule = "a summary that its details do not make: only the details are booked"
                self._set_aside(row, BadRowError("amount", row.values.get("amount", ""), rule))
            else:
                self.records += self._guarded(row, lambda row: read_cash(row, self._ids))
        for row in details(self._rows.get("SalesTaxes", ())):
            self.records += self._guarded(row, lambda row: read_sales_tax(row, self._ids))

    def _taxes(self) -> None:
        """Each charge's rows together: where one cannot be read, none is booked."""
        reader = TransactionTaxes(self._executions(), self._ids)
        for rows in charges(self._rows.get("TransactionTaxes", ())):
            try:
                self.records += reader.read(rows)
            except UNREADABLE as error:
                for row in rows:
                    self._set_aside(row, error)

    def _actions(self) -> None:
        """Each action's rows together: where one cannot be read, none is booked."""
        reader = Actions(self._ids, self._contracts())
        for rows in actions(self._rows.get("CorporateActions", ())):
            try:
                read = reader.read(rows)
            except UNREADABLE as error:
                for row in rows:
                    self._set_aside(row, error)
                continue
            for row, defined in read.defined:
                self._define(row, defined)
            self.records += read.records

    def _contracts(self) -> dict[str, str]:
        """The instruments of the statement by ISIN, where one contract alone has it."""
        found: dict[str, set[str]] = {}
        for rows in self._rows.values():
            for row in rows:
                conid = row.values.get("conid", "")
                if row.values.get("isin") and conid not in NO_ID:
                    found.setdefault(row.values["isin"], set()).add(f"{VENUE}:{conid}")
        return {isin: min(ids) for isin, ids in found.items() if len(ids) == 1}

    def _exercises(self) -> None:
        trades = self._executions() if "Trades" in self.sections else None
        reader = options.Exercises(trades, self._ids)
        rows = details(self._rows.get("OptionEAE", ()))
        for row in rows:
            if row.values.get("transactionType") != options.CASH:
                for told in self._guarded(row, reader.read):
                    for defined, record in told:
                        self._define(row, defined)
                        self.records.append(record)
        settlements = options.Settlements(self.records, trades or [], self.instruments)
        for row in rows:
            if row.values.get("transactionType") == options.CASH:
                self._guarded(row, settlements.read)
        for row, error in settlements.settle():
            self._set_aside(row, error)
        self.records = settlements.records

    def _transfers(self) -> None:
        rows = self._rows.get("Transfers", [])
        whole = [row for row in rows if not is_lot(row)]
        told = {
            row.values.get("transactionID", "") for row in self._rows.get("CashTransactions", ())
        }
        for row in details(whole):
            if row.values.get("transactionID", "") in told - NO_ID:
                continue
            for defined, records in self._guarded(row, lambda row: read_transfer(row, self._ids)):
                for one in defined:
                    self._define(row, one)
                self.records += records
        if not whole:
            for row in rows:
                self._guarded(row, refuse_lot)

    def _funds(self) -> None:
        lines, cash = self._lines(), self._rows.get("CashTransactions", [])
        told = {name: self._rows.get(name, []) for name in self.sections}
        if "Trades" in told:
            told["Trades"] = self._executions()
        reader = Funds(told)
        is_repeated = not all(map(funds_chain.is_base, lines))
        for row in lines:
            for records in self._guarded(
                row, lambda row: reader.read(row, is_repeated=is_repeated)
            ):
                self.records += records
        chains = funds_chain.chains(lines)
        self.findings += funds_chain.breaks(chains.values(), self._page.name)
        self.findings += funds_chain.disagreements(lines, cash, self._page.name)

    def _stated(self) -> None:
        """What is there at the end. A section with a row unread does not list all there is, nor
        one of lots alone, nor a cash report that has the base summary alone."""
        held = self._rows.get("OpenPositions", [])
        positions = [row for row in held if is_position(row)]
        for row in positions:
            self.positions += self._guarded(row, position)
            for defined in self._guarded(row, instrument):
                self._define(row, defined)
        balances = [*filter(is_balance, self._rows.get("CashReport", ()))]
        for row in balances:
            self.balances += self._guarded(row, balance)
        is_whole = len(self.positions) == len(positions) and bool(positions) == bool(held)
        is_whole = is_whole and "OpenPositions" not in self._incomplete
        self.lists_positions = "OpenPositions" in self.sections and is_whole
        is_whole = len(self.balances) == len(balances) and "CashReport" not in self._incomplete
        self.lists_balances = bool(balances) and is_whole

    def _define(self, row: Row, defined: Instrument) -> None:
        """The first definition of a contract stands, but for a multiplier that its row left out. A
        row that does not tell the multiplier of an option or a future defines nothing."""
        if is_untold(row):
            self._untold.setdefault(defined.instrument_id, row)
            return
        known = self.instruments.get(defined.instrument_id)
        self.instruments[defined.instrument_id] = standing(known, defined)

    def _tell_undefined(self) -> None:
        """The contracts that no row defines: what is unknown is not made up. The row of a position
        is set aside with that; what others tell is booked, and needs no multiplier."""
        for named, row in self._untold.items():
            if named in self.instruments:
                continue
            if row.section == "OpenPositions":
                value = row.values.get("multiplier", "")
                self._set_aside(row, BadRowError("multiplier", value, LEFT_OUT))
                continue
            what = (
                f"{row.values.get('symbol', '')} ({named}) is not defined by this file, since its "
                "multiplier is missing: add multiplier to the Flex query"
            )
            self.findings.append(Finding(file=self._page.name, row=row.where, what=what))

    def _control(self) -> None:
        """The control totals of the cash report, each currency's, beside what the rows make."""
        chains = funds_chain.chains(self._lines())
        for row in filter(is_balance, self._rows.get("CashReport", ())):
            for found in self._guarded(row, lambda row: self._totals(row, chains)):
                self.controls += found

    def _totals(self, row: Row, chains: funds_chain.Chains) -> list[Control]:
        made = controls(row, self.records, self.instruments)
        return [*made, *closing(row), *_last_balance(chains, row)]

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


def _last_balance(chains: funds_chain.Chains, row: Row) -> Iterable[Control]:
    """What the statement of funds ends with, beside a currency of the cash report; nothing of one
    that a segment has too, since the report adds them up."""
    stated = row.decimal_or_none("endingCash")
    divided = {currency for _, currency, segment in chains if segment}
    for (level, currency, _), chain in chains.items():
        is_it = level != funds_chain.BASE_LEVEL and currency == row.text("currency")
        is_it = is_it and currency not in divided
        if is_it and stated is not None and len(chain.ends) == 1:
            yield Control(
                name="statement of funds", currency=currency, stated=stated, rows=chain.ends[0]
            )
