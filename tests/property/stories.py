"""Random histories of one account: facts in the order they might have been told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

import attrs
from hypothesis import strategies as st

from ledger.domain.events import (
    AccountOpened,
    BalanceAdjusted,
    Booking,
    BookingMethodChanged,
    CashDeposited,
    CashWithdrawn,
    DividendPaid,
    Event,
    Fact,
    FeeCharged,
    FillBooked,
    FillBusted,
    FillCorrected,
    FundingPaid,
    InstrumentDefined,
    InterestPaid,
    Leg,
    LotCarried,
    OptionExpired,
    OrderAccepted,
    OrderCancelled,
    OrderPlaced,
    PositionAdjusted,
    PositionOpenedMidLife,
    PositionTransferred,
    Side,
    SpinOffReceived,
    SplitApplied,
    UnitsDelivered,
    UnitsReason,
    UnitsReceived,
    VariationMarginPaid,
    make_fact,
)
from ledger.domain.instruments import Instrument
from tests.property.worlds import (
    ACCOUNT,
    INSTRUMENTS,
    SECONDS,
    START,
    TOLD,
    charges,
    definitions,
    fee_currencies,
    fee_lists,
    moments,
    policies,
    prices,
    signed_cents,
    units,
)

MAX_MOVES = 14


class Chain(NamedTuple):
    """A fill, the ids under which it may be amended, and whether it was busted."""

    fill: FillBooked
    ids: list[str]
    is_open: bool = True


class Story(NamedTuple):
    """A history: the rules, what is traded, and every fact in the order it was made."""

    opened: AccountOpened
    instruments: tuple[Instrument, ...]
    facts: tuple[Fact, ...]

    def __repr__(self) -> str:
        traded = " ".join(one.instrument_id for one in self.instruments)
        return "\n  ".join([f"Story of {traded}", *map(told_briefly, self.facts)])


def told_briefly(fact: Fact) -> str:
    """A fact in a line: what differs from its class's defaults."""
    fields = attrs.fields(type(fact.event))
    values = {field.name: getattr(fact.event, field.name) for field in fields}
    said = {
        field.name: str(values[field.name])
        for field in fields
        if values[field.name] != field.default and field.name not in {"instrument", "base_currency"}
    }
    seconds = (fact.occurred_at - START).seconds
    text = ", ".join(f"{name}={value}" for name, value in said.items())
    return f"{seconds}s {type(fact.event).__name__}({text})"


class Teller:
    """Makes the facts of a story, one move after the other."""

    def __init__(self, draw: Any, instruments: tuple[Instrument, ...], **how: Any) -> None:
        self.draw = draw
        self.instruments = instruments
        self.books: tuple[str, ...] = how.get("books", ("net",))
        self.currencies: tuple[str, ...] = how.get("currencies", ())
        self.orders: tuple[str, ...] = how.get("orders", ())
        self.is_terse: bool = how.get("terse", False)
        self.chains: list[Chain] = []
        self.facts: list[Fact] = []

    def tell(self, event: Event, at: datetime | None = None) -> None:
        """Add a fact, unless one stands under its key."""
        moment = at if at is not None else self.draw(moments)
        fact = make_fact(ACCOUNT, event, moment)
        if all(fact.key != told.key for told in self.facts):
            self.facts.append(fact)

    def id(self) -> str:
        """An id that sorts with or against the order of arrival."""
        return f"{self.draw(st.sampled_from('ab'))}{len(self.facts)}"

    def place(self) -> dict[str, Any]:
        """An instrument and a book of it."""
        instrument = self.draw(st.sampled_from(self.instruments))
        book = self.draw(st.sampled_from(self.books))
        return {"instrument_id": instrument.instrument_id, "position_id": book}

    def instrument(self, instrument_id: str) -> Instrument:
        """One of those that are traded."""
        return next(one for one in self.instruments if one.instrument_id == instrument_id)

    # -- executions ---------------------------------------------------------------------

    def fill(self) -> None:
        """An execution; its venue may or may not number what shares an instant."""
        place = self.place()
        traded = self.instrument(place["instrument_id"])
        event = FillBooked(
            exec_id=self.id(),
            side=self.draw(st.sampled_from(Side)),
            last_qty=self.draw(units),
            last_px=self.draw(prices(traded)),
            fees=self.draw(fee_lists(traded, self.currencies)),
            seq=self.draw(st.none() | st.integers(0, 3)),
            settl_date=self.draw(st.none() | st.just(START.date() + timedelta(days=2))),
            cl_ord_id=self.draw(st.sampled_from((None, *self.orders))),
            **place,
        )
        self.chains.append(Chain(event, [event.exec_id]))
        self.tell(event)

    def named(self, fill: FillBooked) -> dict[str, Any]:
        """Where an amendment says its fill is: some venues say, some do not."""
        told = {"instrument_id": fill.instrument_id, "position_id": fill.position_id}
        return {} if self.is_terse and self.draw(st.booleans()) else told

    def chain(self) -> int | None:
        """The place of a chain that may still be amended."""
        live = [place for place, chain in enumerate(self.chains) if chain.is_open]
        return self.draw(st.sampled_from(live)) if live else None

    def bust(self) -> None:
        """The latest edition of a fill is undone."""
        place = self.chain()
        if place is None:
            return
        chain = self.chains[place]
        self.chains[place] = chain._replace(is_open=False)
        self.tell(
            FillBusted(exec_id=self.id(), exec_ref_id=chain.ids[-1], **self.named(chain.fill))
        )

    def correct(self) -> None:
        """The latest edition of a fill is amended."""
        place = self.chain()
        if place is None:
            return
        chain = self.chains[place]
        traded = self.instrument(chain.fill.instrument_id)
        event = FillCorrected(
            exec_id=self.id(),
            exec_ref_id=chain.ids[-1],
            last_qty=self.draw(units),
            last_px=self.draw(prices(traded)),
            side=self.draw(st.none() | st.sampled_from(Side)),
            fees=self.draw(st.none() | fee_lists(traded, self.currencies)),
            **self.named(chain.fill),
        )
        chain.ids.append(event.exec_id)
        self.tell(event)

    def late_fee(self) -> None:
        """A charge for a fill, told by itself."""
        place = self.chain()
        if place is not None:
            fill = self.chains[place].fill
            currency = self.fee_currency(fill.instrument_id)
            amount = self.draw(charges)
            ref = self.draw(st.sampled_from(self.chains[place].ids))
            told = self.named(fill)
            self.tell(
                FeeCharged(id=self.id(), amount=amount, currency=currency, exec_id=ref, **told)
            )

    def fee_currency(self, instrument_id: str) -> str:
        """A currency that a fee may be charged in."""
        names = fee_currencies(self.instrument(instrument_id), self.currencies)
        return str(self.draw(st.sampled_from(names)))

    # -- positions ----------------------------------------------------------------------

    def mid_life(self) -> None:
        """Units that were there before the books."""
        qty = self.draw(units) * self.draw(st.sampled_from([1, -1]))
        basis = self.draw(st.none() | signed_cents)
        self.tell(PositionOpenedMidLife(id=self.id(), qty=qty, cost_basis=basis, **self.place()))

    def units_in(self) -> None:
        """Units that nobody paid for."""
        event = UnitsReceived(
            id=self.id(),
            qty=self.draw(units),
            reason=UnitsReason.AIRDROP,
            basis=self.draw(st.none() | signed_cents),
            **self.place(),
        )
        self.tell(event)

    def units_out(self) -> None:
        """Units that went for their fair value."""
        event = UnitsDelivered(
            id=self.id(),
            qty=self.draw(units),
            reason=UnitsReason.PAYMENT,
            value=self.draw(signed_cents),
            **self.place(),
        )
        self.tell(event)

    def transfer_out(self) -> None:
        """The giving leg of a transfer."""
        event = PositionTransferred(
            id=self.id(), leg=Leg.OUT, qty=self.draw(units), counterparty="B", **self.place()
        )
        self.tell(event)

    def transfer_in(self) -> None:
        """The receiving leg, with the lots it carries."""
        sign = self.draw(st.sampled_from([1, -1]))
        qtys = self.draw(st.lists(units, min_size=1, max_size=2))
        lots = tuple(
            LotCarried(qty=qty * sign, basis=self.draw(signed_cents), opened_at=START, exec_id="x")
            for qty in qtys
        )
        event = PositionTransferred(
            id=self.id(),
            leg=Leg.IN,
            qty=sum(qtys, Decimal(0)),
            counterparty="B",
            lots=lots,
            **self.place(),
        )
        self.tell(event)

    def split(self) -> None:
        """New units for old; sometimes the fraction is paid out."""
        whole = self.draw(st.booleans())
        event = SplitApplied(
            id=self.id(),
            numerator=self.draw(st.sampled_from([1, 2, 3])) * Decimal(1),
            denominator=self.draw(st.sampled_from([1, 2, 3])) * Decimal(1),
            whole=whole,
            cash_in_lieu_px=self.draw(st.none() | signed_cents) if whole else None,
            **self.place(),
        )
        self.tell(event)

    def spin_off(self) -> None:
        """Units of one instrument out of another's basis."""
        place = self.place()
        parent = self.draw(st.sampled_from(self.instruments)).instrument_id
        if parent != place["instrument_id"]:
            basis = self.draw(signed_cents)
            self.tell(
                SpinOffReceived(
                    id=self.id(), parent_id=parent, qty=self.draw(units), basis=basis, **place
                )
            )

    def expiry(self) -> None:
        """An option runs out."""
        self.tell(OptionExpired(id=self.id(), qty=self.draw(units), **self.place()))

    def adjust(self) -> None:
        """A correction by hand."""
        qty = self.draw(st.just(Decimal(0)) | units) * self.draw(st.sampled_from([1, -1]))
        basis = self.draw(signed_cents)
        self.tell(
            PositionAdjusted(
                id=self.id(), qty=qty, basis=basis, reason="count", who="ops", **self.place()
            )
        )

    def rebook(self) -> None:
        """Another booking method, after everything that happened."""
        booking = self.draw(st.sampled_from(Booking))
        which = self.draw(st.none() | st.sampled_from([i.instrument_id for i in self.instruments]))
        later = START + timedelta(seconds=SECONDS + 1 + len(self.facts))
        self.tell(BookingMethodChanged(booking=booking, instrument_id=which), later)

    def redefine(self) -> None:
        """The contract is another one from a moment on."""
        traded, since = self.draw(st.sampled_from(self.instruments)), self.draw(moments)
        multiplier = self.draw(st.sampled_from([1, 5, 10])) * Decimal(1)
        changed = attrs.evolve(traded, multiplier=multiplier)
        self.tell(InstrumentDefined(instrument=changed, effective_from=since), since)

    # -- cash ---------------------------------------------------------------------------

    def money(self) -> None:
        """Money of the account itself."""
        kind = self.draw(st.sampled_from([CashDeposited, CashWithdrawn, InterestPaid]))
        self.tell(kind(id=self.id(), amount=self.draw(signed_cents), currency="USD"))

    def adjust_cash(self) -> None:
        """A correction by hand."""
        event = BalanceAdjusted(
            id=self.id(), amount=self.draw(signed_cents), currency="EUR", reason="count", who="ops"
        )
        self.tell(event)

    def carry(self) -> None:
        """Money of a position: funding, a dividend."""
        kind = self.draw(st.sampled_from([FundingPaid, DividendPaid]))
        place = self.place()
        currency = self.instrument(place["instrument_id"]).currency
        self.tell(kind(id=self.id(), amount=self.draw(signed_cents), currency=currency, **place))

    def variation(self) -> None:
        """Daily cash of a future, where one is traded."""
        if not any(one.instrument_id == "DAILY" for one in self.instruments):
            return
        event = VariationMarginPaid(
            id=self.id(),
            amount=self.draw(signed_cents),
            currency="USD",
            instrument_id="DAILY",
        )
        self.tell(event)

    def lone_fee(self) -> None:
        """A charge for no fill."""
        place = self.place()
        currency = self.fee_currency(place["instrument_id"])
        told = self.draw(st.sampled_from([place, {}]))
        self.tell(FeeCharged(id=self.id(), amount=self.draw(charges), currency=currency, **told))

    # -- orders -------------------------------------------------------------------------

    def order(self) -> None:
        """What we and the venue say of an order."""
        cl_ord_id = self.draw(st.sampled_from(self.orders))
        if any(fact.key.endswith(f"/order/{cl_ord_id}/") for fact in self.facts):
            kind = self.draw(st.sampled_from([OrderAccepted, OrderCancelled]))
            self.tell(kind(cl_ord_id=cl_ord_id), START + timedelta(seconds=len(self.facts)))
            return
        event = OrderPlaced(
            cl_ord_id=cl_ord_id,
            instrument_id=self.instruments[0].instrument_id,
            side=Side.BUY,
            order_qty=self.draw(units),
        )
        self.tell(event, START)


TRADING = ("fill", "fill", "fill", "bust", "correct", "late_fee")
CASH = ("money", "adjust_cash", "carry", "lone_fee", "variation")
CORPORATE = (
    *("mid_life", "units_in", "units_out", "transfer_out", "transfer_in", "split"),
    *("spin_off", "expiry", "adjust"),
)
EVERYTHING = (*TRADING, *TRADING, *CASH, *CORPORATE, "rebook", "redefine", "order")


def tell(teller: Teller, moves: list[str]) -> None:
    """Make every move in turn."""
    known: dict[str, Callable[[], None]] = {name: getattr(teller, name) for name in set(moves)}
    for name in moves:
        known[name]()


@st.composite
def stories(
    draw: st.DrawFn,
    *,
    moves: tuple[str, ...] = EVERYTHING,
    instruments: tuple[Instrument, ...] = INSTRUMENTS,
    how_many: int = 2,
    max_moves: int = MAX_MOVES,
    opened: st.SearchStrategy[AccountOpened] | None = None,
    **how: Any,
) -> Story:
    """A history of at most ``how_many`` instruments, made of the named moves."""
    chosen = st.lists(st.sampled_from(instruments), min_size=1, max_size=how_many, unique=True)
    traded = tuple(draw(chosen))
    rules = draw(opened if opened is not None else policies())
    teller = Teller(draw, traded, **({"orders": ("c1", "c2")} | how))
    size = draw(st.integers(0, max_moves))
    tell(teller, draw(st.lists(st.sampled_from(moves), min_size=size, max_size=size)))
    began = make_fact(ACCOUNT, rules, TOLD)
    return Story(rules, traded, (began, *definitions(traded), *teller.facts))
