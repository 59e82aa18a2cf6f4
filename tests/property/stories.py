"""Random histories of one account: facts in the order they might have been told."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import attrs
from hypothesis import strategies as st

from ledger.domain.events import AccountOpened, Fact, make_fact
from ledger.domain.instruments import Instrument
from tests.property import cash, corporate, trading
from tests.property.dice import Dice, rolls
from tests.property.teller import Teller
from tests.property.worlds import (
    ACCOUNT,
    INSTRUMENTS,
    START,
    TOLD,
    definitions,
    one_or_two,
    policy,
)

MAX_MOVES = 24
ROLL = 24
MOVE = rolls(ROLL)

TRADING = ("fill", "fill", "fill", "fill", "close", "close", "bust", "correct", "late_fee")
CASH = ("money", "adjust_cash", "carry", "lone_fee", "variation")
CORPORATE = (
    *("mid_life", "units_in", "units_out", "transfer_out", "transfer_in", "split"),
    *("spin_off", "expiry", "adjust"),
)
EVERYTHING = (
    *TRADING,
    *TRADING,
    *TRADING,
    *CASH,
    *CORPORATE,
    "by_hand",
    "rebook",
    "redefine",
    "order",
)

_KNOWN: dict[str, Callable[[Teller], None]] = {
    name: getattr(module, name)
    for module, names in (
        (trading, {*TRADING, "by_hand", "order"}),
        (cash, CASH),
        (corporate, {*CORPORATE, "rebook", "redefine"}),
    )
    for name in names
}


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
    fields = attrs.fields(type(fact.event))  # type: ignore[arg-type]
    values = {field.name: getattr(fact.event, field.name) for field in fields}
    said = {
        field.name: str(values[field.name])
        for field in fields
        if values[field.name] != field.default and field.name not in {"instrument", "base_currency"}
    }
    seconds = (fact.occurred_at - START).seconds
    text = ", ".join(f"{name}={value}" for name, value in said.items())
    return f"{seconds}s {type(fact.event).__name__}({text})"


def tell(teller: Teller, moves: Sequence[str], rolled: Sequence[bytes]) -> None:
    """Make one move after the other, each with its own dice."""
    for one in rolled:
        teller.dice = Dice(one)
        _KNOWN[teller.dice.pick(moves)](teller)


def dice_for(max_moves: int) -> st.SearchStrategy[list[bytes]]:
    """The rolls of a story, in three parts, since one list would seldom be long.

    Of every six examples Hypothesis makes five by copying parts of the sixth, but for the
    elements of what has to be unique. A list is always another object, so that this excludes
    nothing, and the dice are rolled for each story.
    """
    part = st.lists(MOVE, max_size=max_moves // 3)
    parts = st.lists(part, min_size=3, max_size=3, unique_by=id)
    return parts.map(lambda lists: [roll for part in lists for roll in part])


def stories(
    *,
    moves: tuple[str, ...] = EVERYTHING,
    instruments: tuple[Instrument, ...] = INSTRUMENTS,
    how_many: int = 2,
    max_moves: int = MAX_MOVES,
    fixed: Mapping[str, Any] | None = None,
    **how: Any,
) -> st.SearchStrategy[Story]:
    """A history of at most ``how_many`` instruments, made of the named moves.

    ``fixed`` are fields of the account's rules, ``how`` is what the :class:`Teller` takes.
    """
    rolled_dice = dice_for(max_moves)

    @st.composite
    def drawn(draw: st.DrawFn) -> Story:
        begun, *rolled = draw(rolled_dice) or [bytes(ROLL)]
        dice = Dice(begun)
        traded, rules = one_or_two(dice, instruments, how_many), policy(dice, **(fixed or {}))
        teller = Teller(traded, **how)
        tell(teller, moves, rolled)
        began = make_fact(ACCOUNT, rules, TOLD)
        return Story(rules, traded, (began, *definitions(traded), *teller.facts))

    return drawn()
