"""Interactive Brokers Flex statements (XML, Activity queries): ``parse(pages, config) -> Batch``.

Attributes are read here, row by row, and not through the ``ibflex`` package, which the tests use
as a second opinion on every number of real statements. Measured on real files, it cannot be the
reader of a ledger: an unknown code (``notes``, a cash type, a currency such as USDC) raises for
what it stands in although nothing here depends on it, a zone such as "-0400" is dropped and the
time kept as if it had none, and dd/mm/yyyy is read as mm/dd/yyyy. What a row needs is few
attributes, each through the ledger's own gates.

What is read: ``Trades/Trade`` (executions), ``CashTransactions``, ``SalesTaxes``,
``TransactionTaxes``, ``CorporateActions``, ``Transfers``, ``OptionEAE``, ``StmtFunds``,
``OpenPositions`` and ``CashReport``, each movement once however often the file tells it. What else
moves money or units is quarantined with its reason. Times carry no zone in these files: the
account's is configured.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta

from adapters.brokers.ibkr_flex.frame import RawStatement, read_frame
from adapters.brokers.ibkr_flex.instruments import VENUE, standing
from adapters.brokers.ibkr_flex.reading import Statement
from adapters.brokers.ibkr_flex.stated import COST
from adapters.gathering import joined
from adapters.port import AccountConfig, Batch, Coverage, Page, RawPage, digest_of
from ledger.domain.events import InstrumentDefined, StatedBalance
from ledger.domain.gates import changed, require_text, require_time
from ledger.domain.instruments import Instrument
from ledger.errors import BadFileError, BadTextError, NaiveTimeError

__all__ = ["NAME", "VENUE", "VERSION", "accounts", "parse"]

NAME = "ibkr_flex"
VERSION = "1"


def parse(pages: Sequence[RawPage], config: AccountConfig) -> Batch:
    """Read one or more Flex files of one account; ``BadFileError`` refuses them as a whole."""
    held = [raw for page in pages for raw in read_frame(page, with_rows=False)]
    account = _account(held, config)
    # Read twice, since which account is meant is told by all files, and their rows are many.
    framed = ((page, raw) for page in pages for raw in read_frame(page))
    read = [
        _read(Page(number, page.name), raw, config)
        for number, (page, raw) in enumerate(framed)
        if raw.account == account
    ]
    return _batch(read, account, config, pages)


def _read(page: Page, raw: RawStatement, config: AccountConfig) -> Statement:
    statement = Statement(page, raw, config)
    statement.read()
    return statement


def accounts(pages: Sequence[RawPage]) -> list[str]:
    """The venue's accounts that the files hold statements of, sorted."""
    return sorted(
        {statement.account for page in pages for statement in read_frame(page, with_rows=False)}
    )


def _account(statements: list[RawStatement], config: AccountConfig) -> str:
    """The account asked for, or the only one there is."""
    held = sorted({statement.account for statement in statements})
    try:
        for name in held:
            require_text("accountId", name)
    except BadTextError as error:
        raise BadFileError(f"the account of a statement cannot be kept: {error}") from None
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
    read: list[Statement], account: str, config: AccountConfig, pages: Sequence[RawPage]
) -> Batch:
    """All statements together; what is stated is the last one's, its opening the first one's."""
    in_order = sorted(read, key=lambda statement: statement.period)
    first, last = in_order[0], in_order[-1]
    instruments: dict[str, Instrument] = {}
    for statement in in_order:
        for id_, defined in statement.instruments.items():
            instruments[id_] = standing(instruments.get(id_), defined)
    return Batch(
        venue=VENUE,
        account=config.account or account,
        parser=NAME,
        parser_version=VERSION,
        digest=pages[0].digest if len(pages) == 1 else digest_of(p.digest for p in pages),
        venue_account=account,
        base_currency=last.base_currency,
        statement_id=f"{account}:{first.period[0]}:{last.period[1]}",
        coverage=_coverage(in_order, config),
        instruments=tuple(InstrumentDefined(instrument=i) for i in instruments.values()),
        records=joined([statement.records for statement in in_order]),
        positions=tuple(last.positions),
        balances=tuple(_since(first.balances, last.balances)),
        quarantine=tuple(row for statement in in_order for row in statement.quarantine),
        findings=tuple(found for statement in in_order for found in statement.findings),
    )


def _coverage(read: list[Statement], config: AccountConfig) -> Coverage:
    rows: Counter[str] = Counter()
    for statement in read:
        rows.update(statement.counts)
    begins, ends = read[0].period[0], read[-1].period[1]
    return Coverage(
        covers_from=_midnight(begins, config),
        covers_to=_midnight(ends, config) + timedelta(days=1),
        sections=tuple(sorted({name for statement in read for name in statement.sections})),
        rows=tuple(sorted(rows.items())),
        controls=tuple(control for statement in read for control in statement.controls),
        lists_positions=read[-1].lists_positions,
        lists_balances=read[-1].lists_balances,
        cost=COST,
    )


def _midnight(on: date, config: AccountConfig) -> datetime:
    """The beginning of a day that the ledger can keep; else ``BadFileError``."""
    begins = datetime(on.year, on.month, on.day, tzinfo=config.zone)
    try:
        require_time("period", begins)
    except NaiveTimeError as error:
        raise BadFileError(f"the days of the statement cannot be kept: {error}") from None
    return begins


def _since(first: list[StatedBalance], last: list[StatedBalance]) -> Iterable[StatedBalance]:
    """The last balances, opening where the first statement opened."""
    opened = {balance.currency: balance.opening for balance in first}
    for stated in last:
        yield changed(stated, opening=opened.get(stated.currency, stated.opening))
