"""One fact of each kind that a map can declare, made from a row's cells."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from adapters.brokers.csv_map.cells import Cells
from adapters.brokers.csv_map.fields import Fields, required
from adapters.brokers.csv_map.fills import Fills
from ledger.domain.events import (
    CashDeposited,
    CashWithdrawn,
    DividendPaid,
    Event,
    FeeCharged,
    FeeKind,
    InterestPaid,
    Side,
    UnitsReason,
    UnitsReceived,
)
from ledger.domain.numbers import negate
from ledger.errors import BadRowError

Maker = Callable[[Cells, int | None, str], Event]


class Facts:
    """Makes the fact of a row; ``kinds`` are those it can make."""

    def __init__(self, fields: Fields) -> None:
        self._fields = fields
        self._fills = Fills(fields)
        columns = fields.map
        self._is_charge_negative = (columns.charge_sign or columns.fee_sign) == "charged-negative"
        self._told, self._withheld = map(fields.cell, ("description", "withheld"))
        self._withheld_in, self._side = map(fields.cell, ("withheld_currency", "side"))
        self._makers = self._all_makers()
        self.kinds = self._makers.keys()

    @property
    def differs(self) -> str:
        """What somebody has to look at in the fill that was made last; empty for nothing."""
        return self._fills.differs

    def make(self, kind: str, row: Cells, place: int | None) -> Event:
        """The fact of a row of this kind."""
        scope = kind if self._fields.map.id_scope and self._fields.id(row) else ""
        return self._makers[kind](row, place, scope)

    def _all_makers(self) -> dict[str, Maker]:
        return {
            "fill": self._fills.of,
            "buy": partial(self._fills.of, side=Side.BUY),
            "sell": partial(self._fills.of, side=Side.SELL),
            "deposit": partial(self._moved, sign=1),
            "withdrawal": partial(self._moved, sign=-1),
            "cash": partial(self._moved, sign=0),
            "dividend": partial(self._dividend, in_lieu=False),
            "in_lieu": partial(self._dividend, in_lieu=True),
            "interest": self._interest,
            "fee": partial(self._charge, kind=FeeKind.OTHER),
            "tax": partial(self._charge, kind=FeeKind.WITHHOLDING_TAX),
            "gift": partial(self._units, reason=UnitsReason.GIFT),
            "award": partial(self._units, reason=UnitsReason.INCOME),
        }

    def _units(self, row: Cells, _: int | None, scope: str, reason: UnitsReason) -> Event:
        """Units that were not bought; the amount, if one is stated, is what they are worth."""
        qty = self._fields.number("qty", self._fields.qty(row))
        side = self._side(row)
        if side and not self._fields.map.sides.get(side, Side.BUY).is_buy:
            raise BadRowError("side", side, "units that were received are not sold by their row")
        worth = self._fields.optional("amount", self._fields.amount(row))
        return UnitsReceived(
            id=self._fields.row_id(row),
            instrument_id=self._fields.instrument(
                row, required("currency", self._fields.currency(row))
            ).instrument_id,
            qty=qty,
            reason=reason,
            basis=worth.copy_abs() if worth is not None else None,
            venue=self._fields.map.venue,
            scope=scope,
        )

    def _moved(self, row: Cells, _: int | None, scope: str, sign: int) -> Event:
        """A deposit or withdrawal: by its kind, or, for ``cash``, by the amount's sign."""
        amount = self._fields.number("amount", self._fields.amount(row))
        if not amount and self._fields.optional("qty", self._fields.qty(row)):
            rule = "units and no money, by a kind that moves money: enter what it moved by hand"
            raise BadRowError("qty", self._fields.qty(row), rule)
        cls = CashWithdrawn if sign < 0 or (sign == 0 and amount < 0) else CashDeposited
        return cls(
            id=self._fields.row_id(row),
            amount=amount.copy_abs(),
            currency=self._fields.currency(row),
            venue=self._fields.map.venue,
            scope=scope,
            description=self._description(row),
        )

    def _dividend(self, row: Cells, _: int | None, scope: str, in_lieu: bool) -> Event:
        return DividendPaid(
            id=self._fields.row_id(row),
            amount=self._fields.number("amount", self._fields.amount(row)),
            currency=self._fields.currency(row),
            instrument_id=self._fields.map.prefix + self._fields.name(row),
            venue=self._fields.map.venue,
            scope=scope,
            in_lieu=in_lieu,
            description=self._description(row),
        )

    def _interest(self, row: Cells, _: int | None, scope: str) -> Event:
        return InterestPaid(
            id=self._fields.row_id(row),
            amount=self._fields.number("amount", self._fields.amount(row)),
            currency=self._fields.currency(row),
            venue=self._fields.map.venue,
            scope=scope,
            description=self._description(row),
        )

    def _charge(self, row: Cells, _: int | None, scope: str, kind: FeeKind) -> Event:
        amount = self._fields.number("amount", self._fields.amount(row))
        return FeeCharged(
            id=self._fields.row_id(row),
            amount=negate(amount) if self._is_charge_negative else amount,
            currency=self._fields.currency(row),
            kind=kind,
            venue=self._fields.map.venue,
            scope=scope,
            description=self._description(row),
        )

    def _description(self, row: Cells) -> str:
        """The file's words, and the tax that was withheld before the amount came."""
        withheld = self._fields.optional("withheld", self._withheld(row))
        if not withheld:
            return self._told(row)
        before = f"{self._withheld(row)} {self._withheld_in(row)}".strip()
        return "; ".join(filter(None, (self._told(row), f"{before} withheld before it")))
