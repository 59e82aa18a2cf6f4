"""The history that the store is measured with: one account's orders, fills, fees and amendments.

Of a hundred facts 30 are orders placed, 20 accepted, 30 fills, 8 fees for a fill, 6 stop moves,
4 cancels, and 2 come late or change what was: a late fill, a bust, a correction. Everything is
drawn from a seed; facts are made as they are asked for, so that a million take no memory.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count, islice
from typing import Any

from ledger.domain.events import (
    AccountOpened,
    Event,
    Fact,
    FeeCharged,
    FeeKind,
    FillBooked,
    FillBusted,
    FillCorrected,
    InstrumentDefined,
    OrderAccepted,
    OrderCancelled,
    OrderPlaced,
    OrdType,
    Side,
    StopMoved,
    StopReason,
    make_fact,
)
from ledger.domain.instruments import Instrument, InstrumentKind

START = datetime(2026, 1, 2, tzinfo=UTC)
INSTRUMENTS = 20
BEHIND = 100
HELD = 500
VENUE = "XSIM"

# The thirty orders of a round: how many of them are accepted, cancelled, charged for, have their
# stop moved. As many as are cancelled have two fills.
ORDERS, ACCEPTED, CANCELLED, CHARGED, MOVED = 30, 20, 4, 8, 6


class Mix:
    """The facts of one account, told in the order in which they are recorded."""

    def __init__(self, account: str = "A", seed: int = 7) -> None:
        self.account = account
        self.draw = random.Random(seed)
        self.numbers = count()
        self.held = [0] * INSTRUMENTS
        self.recent: deque[tuple[datetime, FillBooked]] = deque(maxlen=BEHIND)
        self.at = START

    def opening(self) -> Iterator[Fact]:
        """The account and its instruments."""
        yield self._fact(AccountOpened(base_currency="USD"))
        for nth in range(INSTRUMENTS):
            what = Instrument(
                instrument_id=f"I{nth:02}",
                symbol=f"SYM{nth}",
                kind=InstrumentKind.EQUITY,
                currency="USD",
            )
            yield self._fact(InstrumentDefined(instrument=what))

    def rounds(self) -> Iterator[Fact]:
        """Without end: rounds of a hundred facts."""
        while True:
            yield from self._round()

    def _round(self) -> Iterator[Fact]:
        """A hundred facts. Of the four cancels one may end an order that a bust opened again."""
        busts = self.draw.random() < 0.5
        for nth in range(ORDERS):
            yield from self._order(nth, cancelled=CANCELLED - busts)
        yield self._late()
        fill = self._recent_fill()
        yield self._bust(fill) if busts else self._correction(fill)
        if busts and fill.cl_ord_id is not None:
            yield self._fact(OrderCancelled(cl_ord_id=fill.cl_ord_id))

    def _order(self, nth: int, cancelled: int) -> Iterator[Fact]:
        """One order from its placing to its end."""
        cl_ord_id, what = self.name("o"), self.draw.randrange(INSTRUMENTS)
        side, qty = self._wanted(what)
        px = Decimal(self.draw.randint(5000, 10000)).scaleb(-2)
        yield self._fact(
            OrderPlaced(
                cl_ord_id=cl_ord_id,
                instrument_id=f"I{what:02}",
                side=side,
                order_qty=Decimal(qty),
                ord_type=OrdType.LIMIT,
                limit_px=px,
                stop_px=px - 5 if nth < MOVED else None,
            )
        )
        if nth < ACCEPTED:
            yield self._fact(OrderAccepted(cl_ord_id=cl_ord_id, order_id=f"v{cl_ord_id}"))
        if nth < MOVED:
            yield self._fact(
                StopMoved(cl_ord_id=cl_ord_id, stop_px=px - 4, reason=StopReason.TRAILING)
            )
        if nth >= ORDERS - cancelled:
            yield self._fact(OrderCancelled(cl_ord_id=cl_ord_id))
            return
        parts = (qty - qty // 2, qty // 2) if nth < cancelled else (qty,)
        for part in parts:
            yield self._fill(what, side, part, px, cl_ord_id)
        if nth < CHARGED:
            yield self._fee()

    def _wanted(self, what: int) -> tuple[Side, int]:
        """Buy towards 500 units held, sell above; never short, so that no sum is of much."""
        held = self.held[what]
        buys = held < 100 or self.draw.random() < (0.6 if held < HELD else 0.4)
        qty = self.draw.randint(2, 60 if buys else min(60, held))
        self.held[what] += qty if buys else -qty
        return (Side.BUY if buys else Side.SELL), qty

    def _fill(self, what: int, side: Side, qty: int, px: Decimal, cl_ord_id: str | None) -> Fact:
        fill = FillBooked(
            exec_id=self.name("e"),
            venue=VENUE,
            instrument_id=f"I{what:02}",
            side=side,
            last_qty=Decimal(qty),
            last_px=px,
            cl_ord_id=cl_ord_id,
        )
        fact = self._fact(fill)
        self.recent.append((fact.occurred_at, fill))
        return fact

    def _fee(self) -> Fact:
        _, fill = self.recent[-1]
        return self._fact(
            FeeCharged(
                id=self.name("f"),
                venue=VENUE,
                kind=FeeKind.COMMISSION,
                amount=Decimal(self.draw.randint(10, 200)).scaleb(-2),
                currency="USD",
                exec_id=fill.exec_id,
                instrument_id=fill.instrument_id,
            )
        )

    def _late(self) -> Fact:
        """A fill of up to a hundred fills ago."""
        at, like = self.draw.choice(self.recent)
        fill = FillBooked(
            exec_id=self.name("l"),
            venue=VENUE,
            instrument_id=like.instrument_id,
            side=Side.BUY,
            last_qty=Decimal(1),
            last_px=like.last_px,
        )
        self.held[int(like.instrument_id[1:])] += 1
        return make_fact(self.account, fill, at + timedelta(milliseconds=1))

    def _recent_fill(self) -> FillBooked:
        """One of the last hundred fills, each drawn once."""
        index = self.draw.randrange(len(self.recent))
        _, fill = self.recent[index]
        del self.recent[index]
        return fill

    def _bust(self, fill: FillBooked) -> Fact:
        self.held[int(fill.instrument_id[1:])] -= int(fill.signed_qty)
        return self._fact(FillBusted(exec_id=self.name("b"), **_naming(fill)))

    def _correction(self, fill: FillBooked) -> Fact:
        px = Decimal(self.draw.randint(5000, 10000)).scaleb(-2)
        event = FillCorrected(
            exec_id=self.name("c"), last_qty=fill.last_qty, last_px=px, **_naming(fill)
        )
        return self._fact(event)

    def name(self, letter: str) -> str:
        """An id that was not used yet; those of a kind ascend."""
        return f"{letter}{next(self.numbers):08}"

    def _fact(self, event: Event) -> Fact:
        self.at += timedelta(milliseconds=100)
        return make_fact(self.account, event, self.at)


def _naming(fill: FillBooked) -> dict[str, Any]:
    """How an amendment names its fill."""
    return {
        "exec_ref_id": fill.exec_id,
        "venue": fill.venue,
        "instrument_id": fill.instrument_id,
        "cl_ord_id": fill.cl_ord_id,
    }


def history(size: int, account: str = "A", seed: int = 7) -> Iterator[Fact]:
    """The first facts of an account."""
    mix = Mix(account, seed)
    yield from mix.opening()
    yield from islice(mix.rounds(), size - INSTRUMENTS - 1)
