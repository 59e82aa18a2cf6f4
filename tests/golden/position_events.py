"""The events of a position case, recorded one after another in a book of its own."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import ledger
from ledger.domain.events import (
    CashDeposited,
    CashWithdrawn,
    DividendPaid,
    FeeCharged,
    FillBusted,
    FillCorrected,
    FundingPaid,
    InterestPaid,
    OrderCancelled,
    PositionOpenedMidLife,
    SplitApplied,
    VariationMarginPaid,
)
from ledger.domain.events.positions import ALL_BOOKS
from ledger.errors import ConflictError
from tests.golden.compare import DisagreementError

START = datetime(2026, 1, 1, tzinfo=UTC)
EVENTS = frozenset(
    {
        *("fill", "bust", "correct", "split", "open", "deposit", "withdraw"),
        *("fee", "funding", "dividend", "interest", "variation"),
    }
)
KINDS = {
    "linear": ledger.InstrumentKind.LINEAR,
    "future": ledger.InstrumentKind.LINEAR,
    "quanto": ledger.InstrumentKind.QUANTO,
    "inverse": ledger.InstrumentKind.INVERSE,
    "spot": ledger.InstrumentKind.SPOT,
    "equity": ledger.InstrumentKind.EQUITY,
    "option": ledger.InstrumentKind.OPTION,
    "bond": ledger.InstrumentKind.BOND,
}


def instrument_of(spec: dict[str, Any]) -> ledger.Instrument:
    """The instrument a case trades."""
    return ledger.Instrument(
        instrument_id=spec["symbol"],
        symbol=spec["symbol"],
        kind=KINDS[spec["kind"]],
        currency=spec["settle"],
        base_currency=spec.get("base"),
        multiplier=ledger.parse("multiplier", spec.get("multiplier", "1")),
    )


def _moment(event: dict[str, Any], n: int) -> datetime:
    """The second an event tells, else its place; inside one second they come as they are listed."""
    return START + timedelta(microseconds=int(Decimal(event.get("ts", n + 1)) * 10**6) + n)


class Played:
    """One case being played into a book."""

    def __init__(self, case: dict[str, Any]) -> None:
        self.case = case
        self.symbol = case["instrument"]["symbol"]
        self.currency = case["instrument"]["settle"]
        self.book = ledger.open("memory://", clock=lambda: START)
        self.orders = dict(case["expected"].get("orders", {}))
        self.root = next(iter(self.orders), "").partition("->")[0]
        self.times: dict[str, datetime] = {}
        self.before_late: int | None = None

    def play(self) -> None:
        """Open the account and record every event of the case."""
        self.book.open_account("A", base_currency=self.currency, booking=ledger.Booking.AVERAGE)
        self.book.define("A", instrument_of(self.case["instrument"]))
        for currency, amount in self.case.get("opening_balances", {}).items():
            opening = CashDeposited(
                id=f"opening {currency}", amount=Decimal(amount), currency=currency
            )
            self.book.record("A", opening, occurred_at=START)
        self._place()
        for n, event in enumerate(self.case["events"]):
            at = _moment(event, n)
            if at < max(self.times.values(), default=START):
                self.before_late = self.book.store.head()
            if event["type"] not in EVENTS:
                raise DisagreementError(f"events of type {event['type']} are not known")
            getattr(self, event["type"])(n, event, at)
            if n == 0:
                self._cancel(at)

    def _place(self) -> None:
        for name, expected in self.orders.items():
            qty = expected.get("order_qty", "1000000")
            self.book.place(
                "A",
                cl_ord_id=name.partition("->")[0],
                instrument_id=self.symbol,
                side=next(ledger.Side(e["side"]) for e in self.case["events"] if "side" in e),
                order_qty=Decimal(qty),
                occurred_at=START,
            )
            self.book.accept("A", name.partition("->")[0], occurred_at=START)

    def _cancel(self, at: datetime) -> None:
        for name, expected in self.orders.items():
            if expected["status"] == "Canceled":
                cancelled = OrderCancelled(cl_ord_id=name.partition("->")[0])
                self.book.record("A", cancelled, occurred_at=at)

    # -- the kinds of events --------------------------------------------------------------

    def fees(self, event: dict[str, Any]) -> tuple[ledger.Fee, ...]:
        """The fee an event carries, if any."""
        if "fee" not in event:
            return ()
        currency = event.get("fee_ccy", self.currency)
        return (ledger.Fee(amount=Decimal(event["fee"]), currency=currency),)

    def fill(self, n: int, event: dict[str, Any], at: datetime) -> None:
        """An execution; the first one under an id stands."""
        if event["id"] in self.times:
            self._again(event)
            return
        self.times[event["id"]] = at
        self.book.fill("A", **self._fill(event), seq=n, occurred_at=at)

    def _again(self, event: dict[str, Any]) -> None:
        """The same fill is known; another one under its id is refused, and changes nothing."""
        at = self.times[event["id"]]
        with suppress(ConflictError):
            self.book.fill("A", **self._fill(event), occurred_at=at)

    def _fill(self, event: dict[str, Any]) -> dict[str, Any]:
        return {
            "exec_id": event["id"],
            "instrument_id": self.symbol,
            "side": ledger.Side(event["side"]),
            "last_qty": Decimal(event["qty"]),
            "last_px": Decimal(event["px"]),
            "currency": self.currency,
            "position_id": event.get("pos", "net"),
            "fees": self.fees(event),
            "cl_ord_id": event.get("order", self.root).partition("->")[0] or None,
        }

    def bust(self, _: int, event: dict[str, Any], at: datetime) -> None:
        """The venue undid an execution."""
        busted = FillBusted(exec_id=event["id"], exec_ref_id=event["ref"])
        self.book.record("A", busted, occurred_at=at)

    def correct(self, _: int, event: dict[str, Any], at: datetime) -> None:
        """The venue amended an execution; what it does not tell stays."""
        corrected = FillCorrected(
            exec_id=event["id"],
            exec_ref_id=event["ref"],
            last_qty=Decimal(event["qty"]),
            last_px=Decimal(event["px"]) if "px" in event else None,
            side=ledger.Side(event["side"]) if "side" in event else None,
            fees=self.fees(event) or None,
        )
        self.book.record("A", corrected, occurred_at=at)

    def split(self, n: int, event: dict[str, Any], at: datetime) -> None:
        """New units for old, in the book it names or in all of them."""
        new, _, old = str(event["ratio"]).partition("/")
        px = event.get("cash_in_lieu_px")
        split = SplitApplied(
            id=f"split {n}",
            instrument_id=self.symbol,
            numerator=Decimal(new),
            denominator=Decimal(old or "1"),
            whole=event.get("whole", False),
            cash_in_lieu_px=Decimal(px) if px is not None else None,
            position_id=event.get("pos", ALL_BOOKS),
            seq=n,
        )
        self.book.record("A", split, occurred_at=at)

    def _money(self, n: int, event: dict[str, Any]) -> dict[str, Any]:
        currency = event.get("ccy", event.get("currency", self.currency))
        return {
            "id": f"{event['type']} {n}",
            "amount": Decimal(event["amount"]),
            "currency": currency,
        }

    def funding(self, n: int, event: dict[str, Any], at: datetime) -> None:
        """Funding: positive was received."""
        paid = FundingPaid(
            **self._money(n, event),
            instrument_id=self.symbol,
            position_id=event.get("pos", "net"),
        )
        self.book.record("A", paid, occurred_at=at)

    def dividend(self, n: int, event: dict[str, Any], at: datetime) -> None:
        """A dividend: positive was received."""
        paid = DividendPaid(**self._money(n, event), instrument_id=self.symbol)
        self.book.record("A", paid, occurred_at=at)

    def variation(self, n: int, event: dict[str, Any], at: datetime) -> None:
        """Variation margin."""
        paid = VariationMarginPaid(**self._money(n, event), instrument_id=self.symbol)
        self.book.record("A", paid, occurred_at=at)

    def interest(self, n: int, event: dict[str, Any], at: datetime) -> None:
        """Interest: positive was received."""
        self.book.record("A", InterestPaid(**self._money(n, event)), occurred_at=at)

    def fee(self, n: int, event: dict[str, Any], at: datetime) -> None:
        """A fee on its own, for a fill or for the instrument."""
        charged = FeeCharged(
            **self._money(n, event), instrument_id=self.symbol, exec_id=event.get("ref")
        )
        self.book.record("A", charged, occurred_at=at)

    def open(self, n: int, event: dict[str, Any], at: datetime) -> None:
        """A position that was there before the books began; signed quantity."""
        qty, px = Decimal(event["qty"]), event.get("px", event.get("avg_px"))
        basis = instrument_of(self.case["instrument"]).value(qty, Decimal(px)) if px else None
        opened = PositionOpenedMidLife(
            id=f"opening {n}",
            instrument_id=self.symbol,
            qty=qty,
            cost_basis=basis,
            position_id=event.get("pos", "net"),
            seq=n,
        )
        self.book.record("A", opened, occurred_at=at)

    def deposit(self, n: int, event: dict[str, Any], at: datetime) -> None:
        """Money came in."""
        self.book.record("A", CashDeposited(**self._money(n, event)), occurred_at=at)

    def withdraw(self, n: int, event: dict[str, Any], at: datetime) -> None:
        """Money went out."""
        self.book.record("A", CashWithdrawn(**self._money(n, event)), occurred_at=at)
