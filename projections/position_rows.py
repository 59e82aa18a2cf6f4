"""The rows of positions: what a fact did to one, and what each of its facts did as far as known."""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from ledger.domain.canonical import Entry, SortKey, identifier
from ledger.domain.events import FeeCharged, FillBooked
from ledger.domain.numbers import ZERO, add, subtract, text
from ledger.domain.views import net_realized
from ledger.domain.watching import Cycle
from projections.following import Change, Moved, heading_of
from projections.hearing import Money, Passage, Step, change_text, grown, passage
from projections.types import IN_UNITS, amount_text, optional_amount, optional_moment


def ledger_values(change: Change, moved: Moved, whole: Passage, *, is_late: bool) -> list[Any]:
    """What an event did to a position, and where the position stands, in the order of the
    table's columns. The changes are new less old, also where what came was late."""
    holding, instrument = moved.holding, moved.instrument
    cost = add(holding.basis, holding.charges)
    return [
        *moved.key,
        instrument.currency if instrument else None,
        *change.heading,
        *whole.changes,
        whole.qty,
        whole.cost,
        optional_amount(instrument.average(holding.qty, cost) if instrument else None),
        whole.realized,
        amount_text(holding.settled_fees(instrument)),
        amount_text(holding.settled_funding(instrument)),
        amount_text(net_realized(holding, instrument)),
        holding.cycle_number,
        int(is_late),
        int(holding.unknown_basis),
    ]


def step_values(change: Change, moved: Moved, step: Step, whole: Passage) -> list[Any]:
    """What one effective fact did, in the order of the table's columns. Nearly always it is the
    whole of what an event did."""
    entry, before, after = step.entry, step.before, step.after
    is_whole = before is whole.begin and after is whole.end
    told = whole if is_whole else passage(before, after)
    instrument = change.account.policy.instrument(moved.key.instrument_id, entry.at)
    currency = instrument.currency if instrument else None
    in_units = instrument.base_currency if instrument else None
    fees, funding = grown(before.fees, after.fees), grown(before.funding, after.funding)
    income = grown(before.income, after.income)
    return [
        *moved.key,
        *_fact_values(change, entry),
        currency,
        *told.changes,
        _settled(fees, currency),
        _begun(step, currency),
        change_text(before.base_fees, after.base_fees),
        _settled(funding, currency),
        _settled(income, currency),
        _elsewhere((currency, in_units), fees, funding, income),
        _ended(step.ended),
        amount_text(step.closed),
        text(step.proceeds),
        text(step.basis),
        text(add(*step.carried)),
        told.qty,
        told.cost,
        told.realized,
        step.cycle,
    ]


def _fact_values(change: Change, entry: Entry) -> list[Any]:
    """The fact itself: as it was booked, and of a fill what is in effect."""
    recorded, booked = entry.recorded, entry.booked
    heading = change.heading if recorded is change.recorded else heading_of(recorded)
    event = entry.event if entry.event is not None else booked
    fill = event if isinstance(event, FillBooked) else None
    return [
        recorded.number,
        heading.event,
        heading.cause,
        heading.occurred_at,
        joined(entry.sort_key),
        identifier(booked),
        getattr(event, "cl_ord_id", None),
        fill.side.value if fill else None,
        amount_text(fill.last_qty) if fill else None,
        optional_amount(fill.last_px if fill else None),
        fill.liquidity.value if fill and fill.liquidity else None,
        fill.order_id if fill else None,
        fill.trade_id if fill else None,
        fill.settl_date.isoformat() if fill and fill.settl_date else None,
        _effect(entry),
    ]


def _ended(cycles: Sequence[Cycle]) -> str | None:
    """The cycles that ended in a step, with their own results: nearly always one or none."""
    if not cycles:
        return None
    told = [
        {
            "cycle": one.number,
            "opened_at": optional_moment(one.opened_at),
            "realized_pnl": amount_text(one.realized_pnl),
            "fees": amount_text(one.fees),
            "base_fee_cost": amount_text(one.base_fee_cost),
            "funding": amount_text(one.funding),
        }
        for one in cycles
    ]
    return json.dumps(told, separators=(",", ":"))


def _begun(step: Step, currency: str | None) -> str:
    """The part of a step's fees that belongs to the cycle it began."""
    if step.begun_fees is None:
        return "0"
    return amount_text(subtract(step.after.fees.get(currency or "", ZERO), step.begun_fees))


def _effect(entry: Entry) -> str:
    """Whether a fact stands as it was recorded."""
    if entry.event is None:
        return "busted"
    return "as booked" if entry.event is entry.booked else "corrected"


def _settled(amounts: Money, currency: str | None) -> str:
    return amount_text(amounts.get(currency or "", ZERO)) if amounts else "0"


def _elsewhere(
    own: tuple[str | None, str | None], fees: Money, funding: Money, income: Money
) -> str | None:
    """The amounts in other currencies than the instrument's, by what they are; fees in the units
    that a pair delivers by themselves, since their cost is in the row too."""
    if not (fees or funding or income):  # of most steps
        return None
    currency, in_units = own
    found: dict[str, dict[str, str]] = {}
    for what, by_currency in (("fees", fees), ("funding", funding), ("income", income)):
        for name, amount in by_currency.items():
            if name != currency:
                kind = IN_UNITS if what == "fees" and name == in_units else what
                found.setdefault(kind, {})[name] = amount_text(amount)
    return _told(found) if found else None


def with_fee(elsewhere: str | None, fee: FeeCharged, in_units: str | None) -> str:
    """Money in other currencies, and one more fee."""
    known = json.loads(elsewhere or "{}")
    kind = IN_UNITS if fee.currency == in_units else "fees"
    fees = {name: Decimal(amount) for name, amount in known.get(kind, {}).items()}
    fees[fee.currency] = add(fees.get(fee.currency, ZERO), fee.amount)
    return _told(known | {kind: {name: amount_text(one) for name, one in fees.items()}})


def _told(elsewhere: dict[str, dict[str, str]]) -> str:
    return json.dumps(elsewhere, sort_keys=True, separators=(",", ":"))


def joined(key: SortKey) -> str:
    """A place within an instant as one text that sorts alike."""
    return "\x1f".join(key[1:])
