"""What the venue says is there: positions, balances; and the position ledger's chains."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from adapters.brokers.polymarket_us.chains import Step
from adapters.brokers.polymarket_us.executions import VENUE, instrument_id
from adapters.brokers.polymarket_us.scales import Scale, whole
from adapters.rows import Row
from ledger.domain.events import OptionExpired, StatedBalance, StatedPosition
from ledger.domain.numbers import subtract
from ledger.errors import BadRowError

STATE: Final = (
    ("netPosition", "quantityChange"),
    ("cost", "costChange"),
    ("realized", "realizedChange"),
)
"""The state after an entry, and its change, in the instrument's whole numbers."""

UNKNOWN_SCALE: Final = "its scale is not told: hand over the instruments answer with it"


class Newest:
    """Positions as they were told last: by the time of each, else in the order they came in."""

    def __init__(self) -> None:
        self._told: dict[str, tuple[datetime | None, StatedPosition]] = {}

    def note(self, found: StatedPosition, at: datetime | None) -> None:
        """What a list, a change or an entry says, and when that was so; None if it is not told."""
        last, _ = self._told.get(found.instrument_id, (None, found))
        if at is None or last is None or at >= last:
            self._told[found.instrument_id] = (at or last, found)

    def __contains__(self, name: str) -> bool:
        return name in self._told

    def held(self) -> list[StatedPosition]:
        """One of each instrument."""
        return [self._told[name][1] for name in sorted(self._told)]


def scale_for(scales: dict[str, Scale], symbol: str) -> Scale:
    """The scale of a symbol; ``BadRowError`` when no answer tells it."""
    if symbol not in scales:
        raise BadRowError("symbol", symbol, UNKNOWN_SCALE)
    return scales[symbol]


def position(row: Row, scales: dict[str, Scale]) -> StatedPosition:
    """A position of the list, or the one an entry of the ledger leaves: signed, YES is positive."""
    symbol = row.required("symbol")
    scale = scale_for(scales, symbol)
    return StatedPosition(
        instrument_id=instrument_id(symbol),
        qty=scale.units(row, "netPosition"),
        cost_basis=scale.money(row, "cost"),
    )


def balance(row: Row) -> StatedBalance:
    """One currency of the balances. What is unsettled is not said to be in it or beside it."""
    return StatedBalance(currency=row.required("currency"), ending=row.decimal("balance"))


def nameless(row: Row) -> None:
    """The answer for one currency."""
    rule = "an answer for one currency does not say which: ask for all balances"
    raise BadRowError("currency", row.text("currency"), rule)


def step(row: Row) -> Step:
    """An entry of the position ledger as a link of its symbol's chain."""
    after = tuple(whole(row, name) for name, _ in STATE)
    changes = tuple(whole(row, name) for _, name in STATE)
    before = tuple(map(subtract, after, changes))
    return Step(row.required("id"), row.instant("updateTime", UTC), before, after)


def is_worthless(row: Row) -> bool:
    """Whether units went for nothing: what the change realizes is what it cost, so that no money
    came. No order has a price of zero, so it is no trade."""
    change = whole(row, "quantityChange")
    cash = subtract(whole(row, "realizedChange"), whole(row, "costChange"))
    return bool(change) and not cash and not whole(row, "netPosition")


def expiry(row: Row, scales: dict[str, Scale], is_settled_at_zero: bool) -> OptionExpired:
    """A contract that was settled at zero: what is held of it closes without money."""
    symbol = row.required("symbol")
    if not is_settled_at_zero:
        rule = "units went without money, and no settlement at 0 of it is in these answers"
        raise BadRowError("quantityChange", row.text("quantityChange"), rule)
    return OptionExpired(
        id=row.required("id"),
        instrument_id=instrument_id(symbol),
        qty=scale_for(scales, symbol).units(row, "quantityChange").copy_abs(),
        venue=VENUE,
    )


def ends(currency: str, chain: Sequence[Step]) -> StatedBalance:
    """A currency's balance before its first entry and after its last."""
    (opening,), (ending,) = chain[0].before, chain[-1].after
    return StatedBalance(currency=currency, ending=ending, opening=opening)
