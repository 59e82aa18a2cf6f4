"""What is there by the latest that any answer or event of a report says of it."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Final, TypeVar

from adapters.gathering import Gathering
from adapters.port import StatedOrder
from ledger.domain.events import StatedBalance, StatedPosition
from ledger.domain.numbers import ZERO, add

K = TypeVar("K")
V = TypeVar("V")

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Standing:
    """Orders by id, positions by book, balances by wallet and asset."""

    def __init__(self) -> None:
        self._orders: dict[tuple[str, str], tuple[datetime, StatedOrder]] = {}
        self._positions: dict[tuple[str, str], tuple[datetime, StatedPosition]] = {}
        self._balances: dict[tuple[str, str], tuple[datetime, StatedBalance]] = {}
        self._told_at: datetime | None = None
        self._is_untimed = False

    def order(self, order: StatedOrder, at: datetime | None = None) -> None:
        """An order's state, at its own time unless another is given."""
        key = (order.instrument_id, order.order_id)
        _keep(self._orders, key, at or order.updated_at or _EPOCH, order)

    def position(self, book: str, held: StatedPosition, at: datetime) -> None:
        """A position, of a hedged account one of a book."""
        _keep(self._positions, (held.instrument_id, book), at, held)

    def balance(self, wallet: str, held: StatedBalance, at: datetime) -> None:
        """A balance of one of the wallets."""
        _keep(self._balances, (wallet, held.currency), at, held)

    def told_at(self, at: datetime) -> None:
        """Something was stated as of this time."""
        self._told_at = at if self._told_at is None else max(self._told_at, at)

    def untimed(self) -> None:
        """Something was stated that does not say as of when."""
        self._is_untimed = True

    def tell(self, gathered: Gathering) -> None:
        """Hand over all of it; an asset that several wallets hold is one balance."""
        gathered.orders += [order for _, order in self._orders.values()]
        gathered.positions += [held for _, held in self._positions.values()]
        sums: dict[str, Decimal] = {}
        for _, held in self._balances.values():
            sums[held.currency] = add(sums.get(held.currency, ZERO), held.ending)
        gathered.balances += [StatedBalance(currency=c, ending=e) for c, e in sums.items()]
        if not self._is_untimed:
            gathered.covers_to = self._told_at


def _keep(held: dict[K, tuple[datetime, V]], key: K, at: datetime, value: V) -> None:
    """Keep the latest, of equal times the one told last."""
    if key not in held or held[key][0] <= at:
        held[key] = (at, value)
