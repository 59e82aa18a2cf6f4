"""Run position cases: ``python -m tests.golden.positions FILE``.

Each case becomes an account of its own in a fresh book. What is expected of an order is checked
on an order placed with the expected quantity, since the cases give fills without orders (of
several, a fill says by ``order`` whose it is); where the expected status is Canceled the cancel
is recorded after the first fill. A fill that comes again under its id is ignored, whatever it says.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from ledger.domain.numbers import ZERO, add, quantize
from tests.golden.compare import argument, check, read, run, same
from tests.golden.position_events import Played

FIGURES = {
    "realized_gross": "realized_pnl",
    "realized_net_settle": "net_realized_pnl",
    "base_fee_cost_settle": "base_fee_cost",
}


class Case(Played):
    """One case that was played into a book, and what is expected of it."""

    def check(self) -> None:
        """Compare positions, results, fees, balances, orders and cycles."""
        expected = self.case["expected"]
        views = {view.position_id: view for view in self.book.positions("A")}
        for name, wanted in expected["positions"].items():
            view = views.get(name) or self.book.position("A", self.symbol, name)
            check(f"{name} qty", view.net_qty, wanted["qty"])
            check(f"{name} avg", view.avg_cost, wanted["avg_px"])
            for figure in FIGURES.keys() & wanted.keys():
                check(f"{name} {figure}", getattr(view, FIGURES[figure]), wanted[figure])
        for name in FIGURES.keys() & expected.keys():
            ours = ZERO
            for view in views.values():
                ours = add(ours, getattr(view, FIGURES[name]))
            check(name, ours, expected[name], len(views))
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
            mark, ours, views = Decimal(self.case["mark"]), ZERO, self.book.positions("A")
            for view in views:
                ours = add(ours, view.unrealized_pnl(mark))
            check("unrealized", ours, self.case["expected"]["unrealized"], len(views))

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
            check(f"cycle {cycle.number} net", quantize(cycle.net_realized_pnl), expected["net"])
            check(f"cycle {cycle.number} fees", quantize(cycle.fees), expected["fees"])
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
