"""Valuation: what an account is worth at a moment, by recorded marks and rates.

No mark, no number: a position without a mark (or with one that is too old) is named, and nothing
is counted for it. Currencies are added only by recorded rates; without one a currency stays by
itself, and the total in base currency says so.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

import attrs

from ledger.domain.accounts import Account
from ledger.domain.events import AccountOpened
from ledger.domain.holding import Holding
from ledger.domain.instruments import Instrument, Settles
from ledger.domain.numbers import ZERO, add, multiply, quantize, subtract, total
from ledger.domain.positions import PositionKey
from ledger.domain.postings import delivers
from ledger.domain.prices import Price, PriceKind, Rate
from ledger.domain.views import PositionView
from ledger.history import KnownAt, account_at
from ledger.reading import Reader
from projections.calendars import SessionCalendar


class Moment(NamedTuple):
    """What is valued when: as of a time, as known at a log number (which is what ``known_at`` comes
    to); marks of a kind (any, without one), which may be so old at most: before that time, or with
    a ``calendar`` before the last close up to it."""

    as_of: datetime | None
    number: int
    known_at: KnownAt
    kind: PriceKind | None = None
    max_age: timedelta | None = None
    calendar: SessionCalendar | None = None


@attrs.frozen(kw_only=True)
class ValuedPosition:
    """A position at its mark; money is in ``currency``. ``value`` is what it is worth beyond the
    cash it has moved: the full value where that was paid, the unpaid result on margin, nothing
    where the units are themselves a balance (``is_balance``). ``value`` and ``unrealized_pnl`` are
    None without a mark, and ``why`` says what is missing."""

    account: str
    number: int
    instrument_id: str
    position_id: str
    currency: str | None
    net_qty: Decimal
    cost_basis: Decimal
    realized_pnl: Decimal
    mark_px: Decimal | None
    mark_source: str | None
    mark_at: datetime | None
    mark_known_at: datetime | None
    unrealized_pnl: Decimal | None
    value: Decimal | None
    is_balance: bool
    why: str

    def age(self, at: datetime) -> timedelta | None:
        """How old the mark is at a time."""
        return None if self.mark_at is None else at - self.mark_at


@attrs.frozen(kw_only=True)
class EquityLine:
    """What an account is worth in one currency: cash, and positions beyond it. In base currency
    by ``rate``; None where that is missing. ``unpriced`` are the instruments left out."""

    account: str
    number: int
    currency: str
    cash: Decimal
    positions: Decimal
    unrealized_pnl: Decimal
    unpriced: tuple[str, ...]
    base_currency: str
    rate: Decimal | None
    rate_source: str | None
    rate_at: datetime | None
    rate_known_at: datetime | None

    @property
    def equity(self) -> Decimal:
        """Cash and positions."""
        return add(self.cash, self.positions)

    @property
    def in_base(self) -> Decimal | None:
        """Equity in base currency; None without a rate."""
        return None if self.rate is None else quantize(multiply(self.equity, self.rate))


@attrs.frozen(kw_only=True)
class EquityTotal:
    """Equity in base currency; ``unconverted`` and ``unpriced`` say what is not in it."""

    account: str
    number: int
    base_currency: str
    equity: Decimal
    unconverted: tuple[str, ...]
    unpriced: tuple[str, ...]

    @property
    def is_whole(self) -> bool:
        """Whether everything is in it."""
        return not (self.unconverted or self.unpriced)


def told_at(at: datetime) -> str:
    """A time in UTC, as it is written in words."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def opening(account: Account) -> AccountOpened | None:
    """The fact that an account began with, if it is known."""
    rules = (rule.event for rule in account.rules)
    return next((rule for rule in rules if isinstance(rule, AccountOpened)), None)


def state_at(book: Reader, account: str, moment: Moment) -> Account:
    """The account as it was."""
    return account_at(book.store, account, as_of=moment.as_of, known_at=moment.number)


def valued(book: Reader, state: Account, moment: Moment) -> list[ValuedPosition]:
    """All positions that hold something or have ever moved, at their marks."""
    moved = (key for key, one in state.positions.items() if one.holding.last_at is not None)
    return [_valued(book, state, key, moment) for key in sorted(moved)]


def _valued(book: Reader, state: Account, key: PositionKey, moment: Moment) -> ValuedPosition:
    view, holding = state.view(key), state.positions[key].holding
    mark, why = mark_of(book, key.instrument_id, view.instrument, moment)
    unrealized = value = None
    if not view.net_qty:
        unrealized, why = ZERO, ""
    elif mark is not None:
        unrealized = view.unrealized_pnl(mark.px)
    is_balance = delivers(view.instrument) is not None
    if is_balance:
        value = ZERO
    elif unrealized is not None and view.instrument is not None:
        value = _beyond_cash(view, holding, unrealized)
    return ValuedPosition(
        account=state.name,
        number=moment.number,
        instrument_id=key.instrument_id,
        position_id=key.position_id,
        currency=view.currency,
        net_qty=view.net_qty,
        cost_basis=view.cost_basis,
        realized_pnl=view.realized_pnl,
        mark_px=mark.px if mark else None,
        mark_source=mark.source if mark else None,
        mark_at=mark.at if mark else None,
        mark_known_at=mark.recorded_at if mark else None,
        unrealized_pnl=unrealized,
        value=value,
        is_balance=is_balance,
        why=why,
    )


def mark_of(
    book: Reader, instrument_id: str, instrument: Instrument | None, moment: Moment
) -> tuple[Price | None, str]:
    """The mark that holds, or what is missing."""
    if instrument is None:
        return None, "the instrument is not defined"
    mark = book.price(instrument_id, kind=moment.kind, as_of=moment.as_of, known_at=moment.known_at)
    if mark is None:
        return None, "no mark is recorded"
    why = _too_old(mark, moment)
    return (None, why) if why else (mark, "")


def _too_old(mark: Price, moment: Moment) -> str:
    """Why a mark is too old to count; nothing if it is not."""
    if moment.as_of is None:
        return ""
    if moment.calendar is None:
        age = moment.as_of - mark.at
        is_old = moment.max_age is not None and age > moment.max_age
        return f"the last mark is {age} old" if is_old else ""
    close = moment.calendar.previous_close(moment.as_of)
    if mark.at >= close - (moment.max_age or timedelta(0)):
        return ""
    return f"the last mark is {close - mark.at} older than the close of {told_at(close)}"


def _beyond_cash(view: PositionView, holding: Holding, unrealized: Decimal) -> Decimal:
    """What a position is worth beyond the cash that it has moved. Charges that are part of the
    cost were paid already."""
    instrument = view.instrument
    if instrument is None:
        return ZERO
    if instrument.settles_in_full:
        return add(view.cost_basis, unrealized)
    result = add(unrealized, holding.charges)
    if instrument.settles is Settles.VARIATION:
        result = subtract(add(holding.realized, result), holding.variation)
    return quantize(result)


def equity_lines(
    book: Reader, state: Account, positions: Iterable[ValuedPosition], moment: Moment
) -> list[EquityLine]:
    """What the account is worth, currency by currency."""
    positions = list(positions)
    cash = {currency: quantize(amount) for currency, amount in state.totals().items()}
    by_currency: dict[str, list[ValuedPosition]] = {currency: [] for currency in cash}
    for one in positions:
        by_currency.setdefault(one.currency or one.instrument_id, []).append(one)
    opened = opening(state)
    base = opened.base_currency if opened else ""
    return [
        _line(state, moment, currency, cash.get(currency, ZERO), mine, base, book)
        for currency, mine in sorted(by_currency.items())
    ]


def _line(
    state: Account,
    moment: Moment,
    currency: str,
    cash: Decimal,
    positions: list[ValuedPosition],
    base: str,
    book: Reader,
) -> EquityLine:
    rate = rate_of(book, currency, base, moment)
    known = [one for one in positions if one.value is not None]
    return EquityLine(
        account=state.name,
        number=moment.number,
        currency=currency,
        cash=cash,
        positions=total(one.value or ZERO for one in known),
        unrealized_pnl=total(one.unrealized_pnl or ZERO for one in known if not one.is_balance),
        unpriced=tuple(one.instrument_id for one in positions if one.value is None),
        base_currency=base,
        rate=Decimal(1) if currency == base else (rate.px if rate else None),
        rate_source=rate.source if rate else None,
        rate_at=rate.at if rate else None,
        rate_known_at=rate.recorded_at if rate else None,
    )


def rate_of(book: Reader, currency: str, base: str, moment: Moment) -> Rate | None:
    """The recorded rate of a currency to the base currency, which needs none itself."""
    if not (base and currency) or currency == base:
        return None
    return book.rate(currency, base, as_of=moment.as_of, known_at=moment.known_at)


def equity_total(lines: Iterable[EquityLine], account: str, moment: Moment) -> EquityTotal:
    """Everything that can be told in base currency, and what cannot."""
    lines = list(lines)
    worth = [line for line in lines if line.equity or line.unpriced]
    return EquityTotal(
        account=account,
        number=moment.number,
        base_currency=lines[0].base_currency if lines else "",
        equity=total(line.in_base or ZERO for line in worth),
        unconverted=tuple(line.currency for line in worth if line.rate is None),
        unpriced=tuple(name for line in worth for name in line.unpriced),
    )
