"""Buying power: what may still be opened, term by term, so that it can be added up by hand.

A **cash account** has its money, less what sales still have to bring in, less what open orders to
buy take: an order's hold where one was given, else quantity at the limit and the fees that the
rule declares. Positions are no part of it.

A **margin account** has its money and its collateral, which is what positions are worth beyond the
cash they have moved, less margin: of each position a declared share of its value at the mark; of
each open order its hold, else that share of what it would open, at its limit or else at the mark.
What an order closes takes no margin; of several orders the first by id close. Units of a currency
pair are money already. Orders linked to each other each count.

Nothing is guessed: what has no mark, no rate or no declared share is named, and there is no sum.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import attrs

from ledger.domain.numbers import (
    ONE,
    ZERO,
    check,
    multiply,
    quantize,
    ratio,
    text,
    total,
)
from ledger.errors import BadNumberError


def _share(_: object, field: attrs.Attribute[Decimal], value: Decimal) -> None:
    if check(field.name, value) < ZERO:
        raise BadNumberError(
            field.name,
            text(value),
            "a share of a value is not below zero",
            "give 0.25 for a quarter",
        )


def _shares(rule: object, field: attrs.Attribute[Any], value: Mapping[str, Decimal]) -> None:
    for share in value.values():
        _share(rule, field, share)


@attrs.frozen(kw_only=True)
class BuyingPowerRule:
    """What is declared of an account. Shares are of a value: 0.25 is a quarter.

    ``initial_margin`` is that of each instrument which ``by_instrument`` (by id) does not name;
    without either an instrument's margin is unknown. ``fee_rate`` is charged on an order's value.
    ``counts_unsettled``: a cash account may spend what its sales have not brought in yet.
    """

    initial_margin: Decimal | None = attrs.field(
        default=None, validator=attrs.validators.optional(_share)
    )
    by_instrument: Mapping[str, Decimal] = attrs.field(factory=dict, validator=_shares)
    fee_rate: Decimal = attrs.field(default=ZERO, validator=_share)
    counts_unsettled: bool = False

    def margin(self, instrument_id: str) -> Decimal | None:
        """The share that is declared for an instrument; None if none is."""
        return self.by_instrument.get(instrument_id, self.initial_margin)


@attrs.frozen(kw_only=True)
class PowerTerm:
    """A part of buying power: ``amount`` in ``currency``, negative where it takes from it; None
    where it cannot be told, and ``why`` says what is missing. ``what`` is cash, unsettled,
    collateral, margin or order, of a ``name``; ``source`` the arithmetic, or where it is from."""

    account: str
    number: int
    what: str
    name: str
    instrument_id: str | None
    amount: Decimal | None
    currency: str
    source: str
    why: str
    mark_known_at: datetime | None
    base_currency: str
    rate: Decimal | None
    rate_source: str | None
    rate_at: datetime | None
    rate_known_at: datetime | None

    @property
    def in_base(self) -> Decimal | None:
        """The amount in base currency; None without a rate. What is zero needs none."""
        if not self.amount:
            return self.amount
        return None if self.rate is None else quantize(multiply(self.amount, self.rate))


@attrs.frozen(kw_only=True)
class BuyingPower:
    """All terms in base currency. ``known`` is the sum of those that could be told; ``missing``
    names the others. Negative where more is taken than there is."""

    account: str
    number: int
    base_currency: str
    known: Decimal
    missing: tuple[str, ...]

    @property
    def buying_power(self) -> Decimal | None:
        """The sum, if nothing is missing: of a part it would be a guess."""
        return None if self.missing else self.known

    def opens(self, share: Decimal) -> Decimal | None:
        """The value of what may still be opened at an initial margin (0.25 opens four times as
        much); ``BadNumberError`` for a share that is not above zero."""
        if check("share", share) <= ZERO:
            raise BadNumberError(
                "share", text(share), "without margin there is no limit", "give 0.25 for a quarter"
            )
        power = self.buying_power
        return None if power is None else quantize(ratio(power, ONE, share))


def power_sum(terms: Sequence[PowerTerm], account: str, number: int) -> BuyingPower:
    """What the terms come to."""
    return BuyingPower(
        account=account,
        number=number,
        base_currency=terms[0].base_currency if terms else "",
        known=total(term.in_base or ZERO for term in terms),
        missing=tuple(f"{one.what} {one.name}" for one in terms if one.in_base is None),
    )
