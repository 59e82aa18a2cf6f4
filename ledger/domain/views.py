"""What leaves the ledger: frozen views of positions, lots and balances."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType

import attrs

from ledger.domain.holding import Holding
from ledger.domain.instruments import Instrument, InstrumentKind
from ledger.domain.lots import Lot
from ledger.domain.numbers import ZERO, add, check, quantize, subtract
from ledger.domain.watching import Cycle
from ledger.errors import BadNumberError, UnknownInstrumentError


@attrs.frozen(kw_only=True)
class PositionView:
    """A position at a moment. Quantities are signed; money is in the settlement currency but
    for ``fees``, ``funding`` and ``income``, which are by currency.

    ``realized_pnl`` is gross; ``net_realized_pnl`` is it less settlement-currency fees and the
    cost of base-currency fees, plus funding; under ``in_cost`` the charges of what is still
    held stay in ``cost_basis``. ``number`` is the log number the answer was known at: asked
    again for it, the answer never changes. ``unknown_basis`` marks results on an unknown cost.
    """

    account: str
    number: int
    instrument_id: str
    position_id: str
    net_qty: Decimal
    cost_basis: Decimal
    avg_cost: Decimal | None
    realized_pnl: Decimal
    net_realized_pnl: Decimal
    fees: Mapping[str, Decimal]
    base_fee_cost: Decimal
    funding: Mapping[str, Decimal]
    income: Mapping[str, Decimal]
    unit_income: Decimal
    suspense_qty: Decimal
    suspense_flow: Decimal
    currency: str | None
    instrument: Instrument | None
    unknown_basis: bool
    unvalued_fills: int
    opened_at: datetime | None
    last_at: datetime | None
    cycle: Cycle
    lots: tuple[Lot, ...]

    @property
    def is_flat(self) -> bool:
        """Whether nothing is held."""
        return not self.net_qty

    @property
    def is_long(self) -> bool:
        """Whether more was bought than sold."""
        return self.net_qty > ZERO

    @property
    def is_short(self) -> bool:
        """Whether more was sold than bought."""
        return self.net_qty < ZERO

    def unrealized_pnl(self, mark_px: Decimal) -> Decimal:
        """What the open quantity is worth at the mark, less its basis.

        Raises ``BadNumberError`` for a mark that does not pass the gate, or at which there is no
        value (zero, for an inverse contract).
        """
        check("mark_px", mark_px)
        if self.instrument is None:
            raise UnknownInstrumentError(
                f"{self.instrument_id} is not defined in {self.account}, so it has no value; "
                "record its InstrumentDefined first"
            )
        if not mark_px and self.instrument.kind is InstrumentKind.INVERSE:
            raise BadNumberError(
                "mark_px", "0", "an inverse contract has no value there", "give another mark"
            )
        value = quantize(self.instrument.value(self.net_qty, mark_px))
        return subtract(value, self.cost_basis)


def position_view(
    account: str,
    number: int,
    key: tuple[str, str],
    holding: Holding,
    instrument: Instrument | None,
) -> PositionView:
    """A frozen view of a holding, as known at a log number."""
    cost = add(holding.basis, holding.charges)
    return PositionView(
        account=account,
        number=number,
        instrument_id=key[0],
        position_id=key[1],
        net_qty=quantize(holding.qty),
        cost_basis=quantize(cost),
        avg_cost=instrument.average(holding.qty, cost) if instrument else None,
        realized_pnl=quantize(holding.realized),
        net_realized_pnl=quantize(net_realized(holding, instrument)),
        fees=MappingProxyType(holding.fees.copy()),
        base_fee_cost=quantize(holding.base_fee_cost),
        funding=MappingProxyType(holding.funding.copy()),
        income=MappingProxyType(holding.income.copy()),
        unit_income=holding.unit_income,
        suspense_qty=quantize(holding.suspense_qty),
        suspense_flow=quantize(holding.suspense_flow),
        currency=instrument.currency if instrument else None,
        instrument=instrument,
        unknown_basis=holding.unknown_basis,
        unvalued_fills=holding.unvalued,
        opened_at=holding.opened_at if holding.qty else None,
        last_at=holding.last_at,
        cycle=holding.cycle(instrument),
        lots=tuple(map(_reported, holding.lot_list())),
    )


def _reported(lot: Lot) -> Lot:
    """A lot with its amounts at the 18 decimals that are reported."""
    return lot._replace(
        qty=quantize(lot.qty), basis=quantize(lot.basis), charges=quantize(lot.charges)
    )


def net_realized(holding: Holding, instrument: Instrument | None) -> Decimal:
    """Gross realized less the charges not still in the cost of what is held, plus funding."""
    held_back = add(holding.charges, holding.transferred_charges)
    charged = subtract(holding.settled_fees(instrument), held_back)
    charged = add(charged, holding.base_fee_cost)
    return add(subtract(holding.realized, charged), holding.settled_funding(instrument))


@attrs.frozen(kw_only=True)
class BalanceView:
    """One currency of an account: total = free + held; ``settled`` is what has changed hands."""

    account: str
    number: int
    currency: str
    total: Decimal
    held: Decimal
    settled: Decimal

    @property
    def free(self) -> Decimal:
        """What no order holds."""
        return subtract(self.total, self.held)
