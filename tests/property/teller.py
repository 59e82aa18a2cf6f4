"""Who tells a story: the facts so far, and what the moves need to make another one."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from ledger.domain.events import Event, Fact, FillBooked, make_fact
from ledger.domain.instruments import Instrument
from tests.property.dice import Dice
from tests.property.worlds import ACCOUNT, START, fee_currencies, moment


class Chain(NamedTuple):
    """A fill, the ids under which it may be amended, what it holds, and whether it was busted."""

    fill: FillBooked
    ids: list[str]
    units: Decimal
    is_open: bool = True


class Teller:
    """Makes the facts of a story, one move after the other; each move has dice of its own.

    ``terse`` venues do not always say which fill an amendment concerns; with ``apart`` no two
    facts share a moment.
    """

    def __init__(
        self,
        instruments: tuple[Instrument, ...],
        *,
        books: tuple[str, ...] = ("net",),
        currencies: tuple[str, ...] = (),
        orders: tuple[str, ...] = ("c1", "c2"),
        terse: bool = False,
        apart: bool = False,
    ) -> None:
        self.dice = Dice(b"")
        self.instruments = instruments
        self.often = (*instruments[:1] * 3, *instruments)
        self.often_books = (*books[:1] * 3, *books)
        self.currencies = currencies
        self.orders = orders
        self.is_terse = terse
        self.is_apart = apart
        self.by_id = {one.instrument_id: one for one in instruments}
        self.chains: list[Chain] = []
        self.facts: list[Fact] = []
        self.keys: set[str] = set()
        self.moments: set[datetime] = set()

    def tell(self, event: Event, at: datetime | None = None) -> None:
        """Add a fact, unless one stands under its key."""
        fact = make_fact(ACCOUNT, event, at if at is not None else self.moment())
        if fact.key not in self.keys:
            self.keys.add(fact.key)
            self.facts.append(fact)

    def moment(self) -> datetime:
        """When something happened."""
        at = moment(self.dice)
        while self.is_apart and at in self.moments:
            at += timedelta(seconds=1)
        self.moments.add(at)
        return at

    def after(self, seconds: int) -> datetime:
        """A moment that is later with each fact."""
        return START + timedelta(seconds=seconds + len(self.facts))

    def id(self) -> str:
        """An id that sorts with or against the order of arrival."""
        return f"{self.dice.pick('ab')}{len(self.facts)}"

    def place(self) -> dict[str, Any]:
        """An instrument and a book of it: mostly the first, so that much happens to one holding."""
        instrument = self.dice.pick(self.often)
        return {
            "instrument_id": instrument.instrument_id,
            "position_id": self.dice.pick(self.often_books),
        }

    def fee_currency(self, instrument_id: str) -> str:
        """A currency that a fee may be charged in."""
        return self.dice.pick(fee_currencies(self.by_id[instrument_id], self.currencies))

    # -- fills that were told -----------------------------------------------------------

    def chain(self) -> int | None:
        """The place of a chain that may still be amended."""
        live = [place for place, chain in enumerate(self.chains) if chain.is_open]
        return self.dice.pick(live) if live else None

    def named(self, fill: FillBooked) -> dict[str, Any]:
        """Where an amendment says its fill is: some venues say, some do not."""
        told = {"instrument_id": fill.instrument_id, "position_id": fill.position_id}
        return {} if self.is_terse and self.dice.coin() else told

    def held(self, place: dict[str, Any]) -> Decimal:
        """What the fills told so far leave of an instrument in a book, charges in it paid."""
        return sum(
            (chain.units for chain in self.chains if chain.is_open and is_at(chain.fill, place)),
            Decimal(0),
        )


def is_at(fill: FillBooked, place: dict[str, Any]) -> bool:
    """Whether a fill is one of an instrument and book."""
    return (fill.instrument_id, fill.position_id) == (place["instrument_id"], place["position_id"])
