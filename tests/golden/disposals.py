"""Lots in accounting cases: those that a trade names, and those that a disposal took."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import ledger
from ledger.domain.numbers import ZERO, add, negate, quantize, ratio, subtract
from ledger.domain.watching import Disposal
from tests.golden.compare import check, exact, same

Place = tuple[str, str, int | None]
"""Account, instrument, and the number of the lot (None: the pool)."""


def check_disposal(ours: Disposal, wanted: dict[str, Any]) -> None:
    """One disposal and its matches; of a short, the cost is what covering took."""
    name = f"event {ours.exec_id}"
    proceeds = subtract(ours.proceeds, ours.closing_charges)
    cost = add(ours.basis, ours.charges)
    covers = ours.qty > ZERO
    if covers:
        proceeds, cost = negate(cost), negate(proceeds)
    check(f"{name} qty", ours.qty.copy_abs(), wanted["qty"])
    if "proceeds" in wanted:
        check(f"{name} proceeds", quantize(proceeds), wanted["proceeds"])
    check(f"{name} cost", quantize(cost), wanted["cost"])
    check(f"{name} gain", quantize(ours.net_gain), wanted["gain"])
    _check_matches(name, ours, wanted["matches"])


def _check_matches(name: str, ours: Disposal, wanted: list[dict[str, Any]]) -> None:
    """Each lot once: one that came in parts counts as one."""
    slices = _taken(ours)
    matches: dict[int, dict[str, Fraction]] = {}
    for match in wanted:
        sums = matches.setdefault(match["lot"], {})
        for figure in ("qty", "cost", "gain"):
            sums[figure] = sums.get(figure, Fraction(0)) + exact(match[figure])
    same(f"{name} lots", list(slices), list(matches))
    total = ours.qty.copy_abs()
    for lot, (units, carried) in slices.items():
        share = ratio(subtract(ours.proceeds, ours.closing_charges), units, total)
        paid = negate(share) if ours.qty > ZERO else carried
        match = matches[lot]
        check(f"{name} lot {lot} qty", units, match["qty"])
        check(f"{name} lot {lot} cost", quantize(paid), match["cost"])
        check(f"{name} lot {lot} gain", quantize(subtract(share, carried)), match["gain"])


def _taken(ours: Disposal) -> dict[int, tuple[Decimal, Decimal]]:
    """By the number of the lot: units (unsigned), and what they had cost."""
    taken: dict[int, tuple[Decimal, Decimal]] = {}
    for lot in ours.slices:
        units, carried = taken.get(int(lot.exec_id), (ZERO, ZERO))
        cost = add(lot.basis, lot.charges)
        taken[int(lot.exec_id)] = add(units, lot.qty.copy_abs()), add(carried, cost)
    return taken


def selector_of(lot: dict[str, Any]) -> ledger.LotSelector:
    """Which lot a case's trade means."""
    return ledger.LotSelector(
        exec_id=str(lot["event"]) if "event" in lot else None,
        unit_cost=Decimal(lot["cost"]) if "cost" in lot else None,
        opened_on=date.fromisoformat(lot["date"]) if "date" in lot else None,
        label=lot.get("label"),
        qty=Decimal(lot["qty"]) if "qty" in lot else None,
    )


def listed(one: Any) -> list[dict[str, Any]]:
    """One or several, or none."""
    return [] if one is None else one if isinstance(one, list) else [one]


def add_to(sums: dict[Place, list[Any]], place: Place, figures: list[Any]) -> None:
    """A lot that was transferred in parts, and came together again, is one lot."""
    known = sums.get(place)
    sums[place] = (
        figures if known is None else [one + two for one, two in zip(known, figures, strict=True)]
    )
