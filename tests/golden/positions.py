"""Run position cases: ``python -m tests.golden.positions FILE``.

Each case becomes an account of its own in a fresh book. What is expected of an order is checked
on an order placed with the expected quantity, since the cases give fills without orders; where
the expected status is Canceled the cancel is recorded after the first fill.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import ledger
from ledger.domain.events import (
    CashDeposited,
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
from ledger.domain.numbers import ZERO, add
from tests.golden.compare import argument, check, read, run, same

START = datetime(2026, 1, 1, tzinfo=UTC)
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


class Case:
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
            self.deposit(f"opening {currency}", currency, amount)
        self._place()
        for n, event in enumerate(self.case["events"]):
            at = START + timedelta(seconds=int(event.get("ts", n + 1)))
            if at < max(self.times.values(), default=START):
                self.before_late = self.book.store.head()
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
                side=ledger.Side(self.case["events"][0]["side"]),
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
        """An execution; one that comes again keeps the time it had."""
        at = self.times.setdefault(event["id"], at)
        self.book.fill(
            "A",
            exec_id=event["id"],
            instrument_id=self.symbol,
            side=ledger.Side(event["side"]),
            last_qty=Decimal(event["qty"]),
            last_px=Decimal(event["px"]),
            currency=self.currency,
            position_id=event.get("pos", "net"),
            fees=self.fees(event),
            cl_ord_id=self.root or None,
            seq=n,
            occurred_at=at,
        )

    def bust(self, _: int, event: dict[str, Any], at: datetime) -> None:
        """The venue undid an execution."""
        busted = FillBusted(exec_id=event["id"], exec_ref_id=event["ref"])
        self.book.record("A", busted, occurred_at=at)

    def correct(self, _: int, event: dict[str, Any], at: datetime) -> None:
        """The venue amended an execution."""
        corrected = FillCorrected(
            exec_id=event["id"],
            exec_ref_id=event["ref"],
            last_qty=Decimal(event["qty"]),
            last_px=Decimal(event["px"]),
            fees=self.fees(event) or None,
        )
        self.book.record("A", corrected, occurred_at=at)

    def split(self, n: int, event: dict[str, Any], at: datetime) -> None:
        """New units for old."""
        new, _, old = str(event["ratio"]).partition("/")
        px = event.get("cash_in_lieu_px")
        split = SplitApplied(
            id=f"split {n}",
            instrument_id=self.symbol,
            numerator=Decimal(new),
            denominator=Decimal(old or "1"),
            whole=event.get("whole", False),
            cash_in_lieu_px=Decimal(px) if px is not None else None,
            position_id=event.get("pos", "net"),
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
        )
        self.book.record("A", opened, occurred_at=at)

    def deposit(self, id: str, currency: str, amount: str) -> None:
        """Money that was there."""
        event = CashDeposited(id=id, amount=Decimal(amount), currency=currency)
        self.book.record("A", event, occurred_at=START)

    # -- what is expected -----------------------------------------------------------------

    def check(self) -> None:
        """Compare positions, results, fees, balances, orders and cycles."""
        expected = self.case["expected"]
        views = {view.position_id: view for view in self.book.positions("A")}
        for name, wanted in expected["positions"].items():
            view = views.get(name) or self.book.position("A", self.symbol, name)
            check(f"{name} qty", view.net_qty, wanted["qty"])
            check(f"{name} avg", view.avg_cost, wanted["avg_px"])
        figures = {
            "realized_gross": "realized_pnl",
            "realized_net_settle": "net_realized_pnl",
            "base_fee_cost_settle": "base_fee_cost",
        }
        for name, figure in figures.items():
            if name in expected:
                ours = ZERO
                for view in views.values():
                    ours = add(ours, getattr(view, figure))
                check(name, ours, expected[name])
        for name in ("fees", "funding"):
            for currency, wanted in expected.get(name, {}).items():
                ours = ZERO
                for view in views.values():
                    ours = add(ours, getattr(view, name).get(currency, ZERO))
                check(f"{name} {currency}", ours, wanted)
        self._check_money()
        self._check_rest()

    def _check_money(self) -> None:
        balances = {one.currency: one.total for one in self.book.balances("A")}
        for currency, wanted in self.case["expected"]["balances"].items():
            check(f"balance {currency}", balances.get(currency, ZERO), wanted)
        if "unrealized" in self.case["expected"]:
            mark, ours = Decimal(self.case["mark"]), ZERO
            for view in self.book.positions("A"):
                ours = add(ours, view.unrealized_pnl(mark))
            check("unrealized", ours, self.case["expected"]["unrealized"])

    def _check_rest(self) -> None:
        for name, wanted in self.orders.items():
            order = self.book.order("A", name.partition("->")[0])
            same(f"order {name} status", order.status.fix_name, wanted["status"])
            for figure in ("order_qty", "cum_qty", "leaves_qty", "overfill_qty"):
                if figure in wanted:
                    check(f"order {name} {figure}", getattr(order, figure), wanted[figure])
        if "expected_cycles" in self.case:
            self._check_cycles(self.case["expected_cycles"])
        if "as_known_before_late_fill" in self.case:
            wanted = self.case["as_known_before_late_fill"]
            view = self.book.position("A", self.symbol, known_at=self.before_late)
            check("qty known before", view.net_qty, wanted["qty"])
            check("realized known before", view.realized_pnl, wanted["realized_gross"])

    def _check_cycles(self, wanted: list[dict[str, Any]]) -> None:
        cycles = list(self.book.results("A", self.symbol).cycles)
        view = self.book.position("A", self.symbol)
        if not view.is_flat:
            cycles.append(view.cycle)
        same("number of cycles", len(cycles), len(wanted))
        for cycle, expected in zip(cycles, wanted, strict=True):
            check(f"cycle {cycle.number} net", cycle.net_realized_pnl, expected["net"])
            check(f"cycle {cycle.number} fees", cycle.fees, expected["fees"])
            same(f"cycle {cycle.number} open", cycle.closed_at is None, expected.get("open", False))


def check_case(case: dict[str, Any]) -> None:
    """Play a case and compare."""
    played = Case(case)
    played.play()
    played.check()


def main(path: str) -> int:
    """Run a file."""
    return run(read(path)["cases"], check_case, lambda _: True)


if __name__ == "__main__":
    raise SystemExit(main(argument()))
