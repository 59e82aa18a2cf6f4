"""Run accounting cases: ``python -m tests.golden.accounting FILE``.

Trades are entered by hand under the crossing policy ``refuse`` where the case says ``error``;
its ``error`` is the exception that the entry raises. Tax rules (SECTION104, FIFO_WASH) and
books over several accounts (scope global, and more accounts than one) are out of scope and
counted as such.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import ledger
from ledger import errors
from ledger.domain.events import (
    FeeCharged,
    SplitApplied,
    UnitsDelivered,
    UnitsReason,
    UnitsReceived,
)
from ledger.domain.numbers import ONE, ZERO, add, quantize, ratio
from ledger.domain.views import PositionView
from ledger.domain.watching import Disposal
from tests.golden.compare import DisagreementError, argument, check, exact, read, run, same
from tests.golden.disposals import Place, add_to, check_disposal, listed, selector_of

OUT_OF_SCOPE = {"SECTION104", "FIFO_WASH"}
ERRORS = {
    "insufficient_lots": errors.InsufficientLotsError,
    "ambiguous_lots": errors.AmbiguousLotsError,
    "no_matching_lot": errors.NoMatchingLotError,
    "not_the_lot_the_method_takes": errors.NotTheLotTheMethodTakesError,
}
UNITS_OUT = {
    "gift": UnitsReason.GIFT,
    "donate": UnitsReason.DONATION,
    "fee": UnitsReason.PAYMENT,
}


def in_scope(case: dict[str, Any]) -> bool:
    """Whether a case is about what this ledger does."""
    if case["method"] in OUT_OF_SCOPE:
        return False
    if case.get("scope", "account") == "account":
        return True
    places = ("account", "from", "to")
    return len({one[p] for one in case.get("events", ()) for p in places if p in one}) == 1


class Case:
    """One case being played into a book."""

    def __init__(self, case: dict[str, Any]) -> None:
        self.case = case
        self.book = ledger.open("memory://")
        self.held: set[tuple[str, str]] = set()
        self.error: dict[str, Any] | None = None

    def play(self) -> None:
        """Record every event in order of its number."""
        for event in sorted(self.case["events"], key=lambda one: one["n"]):
            at = datetime.combine(date.fromisoformat(event["date"]), datetime.min.time(), UTC)
            if event["type"] not in {"trade", "transfer", "split"}:
                raise DisagreementError(f"events of type {event['type']} are not known")
            try:
                getattr(self, event["type"])(event, at)
            except errors.RefusedError as refused:
                self._refused(event, refused)

    def _refused(self, event: dict[str, Any], refused: errors.RefusedError) -> None:
        kinds = [kind for kind, error in ERRORS.items() if type(refused) is error]
        self.error = {"event": event["n"], "kind": kinds[0] if kinds else repr(refused)}

    def account(self, name: str, instrument: str) -> str:
        """The account, opened and with the instrument defined on first use."""
        currency = self.case["currency"]
        self.book.open_account(
            name,
            base_currency=currency,
            booking=ledger.Booking(self.case["method"].lower()),
            crossing=(
                ledger.Crossing.REFUSE if self.case["cross"] == "error" else ledger.Crossing.ALLOW
            ),
            fee_rule=(
                ledger.FeeRule.IN_COST
                if self.case["fee_rule"] == "in_cost"
                else ledger.FeeRule.EXPENSED
            ),
        )
        defined = ledger.Instrument(
            instrument_id=instrument,
            symbol=instrument,
            kind=ledger.InstrumentKind.EQUITY,
            currency=currency,
        )
        self.book.define(name, defined)
        self.held.add((name, instrument))
        return name

    # -- the kinds of events --------------------------------------------------------------

    def trade(self, event: dict[str, Any], at: datetime) -> None:
        """A trade by hand; income and gifts are units without a trade, as long as nothing about
        them is to be refused, named or charged to a cost."""
        account = self.account(event["account"], event["instrument"])
        kind = event.get("kind")
        if kind == "income" and ("fee" not in event or self.case["fee_rule"] != "in_cost"):
            self._income(account, event, at)
        elif kind in UNITS_OUT and not {"fee", "lot"} & event.keys() and self._may(account, event):
            self._given(account, event, at)
        else:
            self._traded(account, event, at)

    def _may(self, account: str, event: dict[str, Any]) -> bool:
        """Whether that many units are held, and the method takes them unasked."""
        held = self.book.position(account, event["instrument"]).net_qty
        return Decimal(event["qty"]) <= held and not self.case["method"].startswith("STRICT")

    def _value(self, event: dict[str, Any]) -> Decimal:
        if "gross" in event:
            return Decimal(event["gross"])
        return ratio(Decimal(event["price"]), Decimal(event["qty"]), Decimal(1))

    def _income(self, account: str, event: dict[str, Any], at: datetime) -> None:
        received = UnitsReceived(
            id=str(event["n"]),
            instrument_id=event["instrument"],
            qty=Decimal(event["qty"]),
            reason=UnitsReason.INCOME,
            basis=quantize(self._value(event)),
            label=event.get("label"),
            seq=event["n"],
        )
        self.book.record(account, received, occurred_at=at)
        if "fee" in event:
            fee = {"amount": Decimal(event["fee"]), "currency": self.case["currency"]}
            charged = FeeCharged(id=f"{event['n']} fee", instrument_id=event["instrument"], **fee)
            self.book.record(account, charged, occurred_at=at)

    def _given(self, account: str, event: dict[str, Any], at: datetime) -> None:
        delivered = UnitsDelivered(
            id=str(event["n"]),
            instrument_id=event["instrument"],
            qty=Decimal(event["qty"]),
            reason=UNITS_OUT[event["kind"]],
            value=quantize(self._value(event)),
            seq=event["n"],
        )
        self.book.record(account, delivered, occurred_at=at)

    def _traded(self, account: str, event: dict[str, Any], at: datetime) -> None:
        fee = event.get("fee")
        self.book.trade(
            account,
            exec_id=str(event["n"]),
            instrument_id=event["instrument"],
            side=ledger.Side(event["side"]),
            last_qty=Decimal(event["qty"]),
            last_px=Decimal(event["price"]) if "price" in event else None,
            gross_trade_amt=Decimal(event["gross"]) if "gross" in event else None,
            fees=(ledger.Fee(amount=Decimal(fee), currency=self.case["currency"]),) if fee else (),
            lots=(selector_of(event["lot"]),) if "lot" in event else (),
            label=event.get("label"),
            seq=event["n"],
            occurred_at=at,
        )

    def transfer(self, event: dict[str, Any], at: datetime) -> None:
        """Units between two accounts."""
        self.book.transfer(
            self.account(event["from"], event["instrument"]),
            self.account(event["to"], event["instrument"]),
            id=str(event["n"]),
            instrument_id=event["instrument"],
            qty=Decimal(event["qty"]),
            seq=event["n"],
            occurred_at=at,
        )

    def split(self, event: dict[str, Any], at: datetime) -> None:
        """A split reaches every account that holds the instrument."""
        new, _, old = event["ratio"].partition("/")
        for account, instrument in sorted(self.held):
            if instrument == event["instrument"]:
                applied = SplitApplied(
                    id=str(event["n"]),
                    instrument_id=instrument,
                    numerator=Decimal(new),
                    denominator=Decimal(old or 1),
                    seq=event["n"],
                )
                self.book.record(account, applied, occurred_at=at)

    # -- what is expected -----------------------------------------------------------------

    def check(self) -> None:
        """Compare disposals, totals, remaining lots, marks, income, fees and the error."""
        expected = self.case["expected"]
        same("error", self.error, expected.get("error"))
        ours = list(self._disposals())
        wanted = {one["event"]: one for one in expected["disposals"]}
        same("events that close", sorted(int(one.exec_id) for one in ours), sorted(wanted))
        realized = ZERO
        for disposal in ours:
            realized = add(realized, disposal.net_gain)
            check_disposal(disposal, wanted[int(disposal.exec_id)])
        check("realized total", quantize(realized), expected["realized_total"])
        self._check_remaining(expected["remaining"])
        self._check_sums(expected)

    def _disposals(self) -> Iterator[Disposal]:
        for account, instrument in sorted(self.held):
            yield from self.book.results(account, instrument).disposals

    def _check_remaining(self, wanted: list[dict[str, Any]]) -> None:
        ours: dict[Place, list[Decimal]] = {}
        average: dict[Place, Decimal | None] = {}
        for account, instrument in self.held:
            view = self.book.position(account, instrument)
            if self.case["method"] == "AVERAGE" and not view.is_flat:
                ours[account, instrument, None] = [view.net_qty, view.cost_basis.copy_abs()]
                average[account, instrument, None] = view.avg_cost
            elif not view.is_flat:
                for lot in view.lots:
                    cost = add(lot.basis, lot.charges).copy_abs()
                    add_to(ours, (account, instrument, int(lot.exec_id)), [lot.qty, cost])
        names: dict[Place, list[Fraction]] = {}
        for one in wanted:
            account = one["account"] or next(iter(self.held))[0]
            name = (account, one["instrument"], one["lot"])
            add_to(names, name, [exact(one["qty"]), exact(one["cost"])])
            if "avg" in one:
                check(f"lot {name} avg", average.get(name), one["avg"])
        same("open lots", sorted(map(str, ours)), sorted(map(str, names)))
        for name, wants in names.items():
            check(f"lot {name} qty", ours[name][0], wants[0])
            check(f"lot {name} cost", ours[name][1], wants[1])

    def _check_sums(self, expected: dict[str, Any]) -> None:
        views = [self.book.position(account, name) for account, name in sorted(self.held)]
        if "income_total" in expected:
            income = ZERO
            for view in views:
                income = add(income, view.unit_income)
            check("income total", income, expected["income_total"])
        if "fees_total" in expected:
            fees = ZERO
            for view in views:
                fees = add(fees, view.fees.get(self.case["currency"], ZERO))
            check("fees total", fees, expected["fees_total"])
        if "unrealized" in expected:
            self._check_mark(expected["unrealized"], views)
        for one in listed(expected.get("position")):
            name = (one["account"], one["instrument"])
            view = self.book.position(*name)
            check(f"position {name} qty", view.net_qty, one["qty"])
            check(f"position {name} cost", view.cost_basis.copy_abs(), one["cost"])
            if "avg" in one:
                check(f"position {name} avg", view.avg_cost, one["avg"])

    def _check_mark(self, mark: dict[str, Any], views: list[PositionView]) -> None:
        """The instrument's value at a price, over all accounts, and what is gained by it."""
        px, value, gain = Decimal(mark["price"]), ZERO, ZERO
        for view in views:
            if mark.get("instrument", view.instrument_id) == view.instrument_id:
                gain = add(gain, view.unrealized_pnl(px))
                value = add(value, ratio(px, view.net_qty, ONE))
        check("unrealized", gain, mark["gain"], len(views))
        if "value" in mark:
            check("value", value, mark["value"], len(views))


def check_case(case: dict[str, Any]) -> None:
    """Play a case and compare."""
    played = Case(case)
    try:
        played.play()
    except errors.LedgerError as error:
        raise DisagreementError(f"raised {error}") from error
    played.check()


def main(path: str) -> int:
    """Run a file."""
    return run(read(path)["cases"], check_case, in_scope)


if __name__ == "__main__":
    raise SystemExit(main(argument()))
