"""What is left after all passes: executions that are nearly the same, and on which field not."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Hashable, Iterator
from datetime import timedelta
from typing import Final, NamedTuple

from adapters.reconcile.executions import Execution, fee_sums
from adapters.reconcile.kinds import Kind
from adapters.reconcile.pairing import WINDOW


class Differs(NamedTuple):
    """A field on which the books and the broker tell one execution otherwise."""

    kind: Kind
    here: Execution
    there: Execution
    ledger_value: str
    broker_value: str


Fields = tuple[str, ...]

# Each way in which two executions may be one, the sure ones first: what has to be equal.
_ALIKE: Final[tuple[Fields, ...]] = (
    ("order", "instrument_id", "side", "at"),
    ("order", "instrument_id", "side", "qty"),
    ("order", "instrument_id", "side", "px"),
    ("instrument_id", "side", "px", "at"),
    ("instrument_id", "side", "qty", "at"),
    ("instrument_id", "qty", "px", "at"),
    ("side", "qty", "px", "at"),
    ("instrument_id", "side", "qty", "px"),
)

_KINDS: Final = (
    (Kind.INSTRUMENT, "instrument_id"),
    (Kind.SIDE, "side"),
    (Kind.QUANTITY, "qty"),
    (Kind.PRICE, "px"),
)


def differences(
    here: Execution, there: Execution, *, with_fees: bool, window: timedelta = WINDOW
) -> Iterator[Differs]:
    """Every field that is told otherwise. Clocks may be ``window`` apart; a price or a settlement
    date that one side does not tell is no difference."""
    for kind, name in _KINDS:
        ours, theirs = getattr(here, name), getattr(there, name)
        if ours != theirs and (kind is not Kind.PRICE or (ours and theirs)):
            yield Differs(kind, here, there, ours, theirs)
    if here.day != there.day and _apart(here, there) > window:
        yield Differs(Kind.TRADE_DATE, here, there, here.at, there.at)
    if here.settl_date and there.settl_date and here.settl_date != there.settl_date:
        yield Differs(Kind.SETTLE_DATE, here, there, here.settl_date, there.settl_date)
    yield from fee_differences(here, there, with_fees=with_fees)


def fee_differences(here: Execution, there: Execution, *, with_fees: bool) -> Iterator[Differs]:
    """Charges that are told otherwise, if the report tells any."""
    if with_fees and here.fees != there.fees:
        is_other = fee_sums(here.fees).keys() != fee_sums(there.fees).keys()
        kind = Kind.FEE_CURRENCY if is_other and here.fees and there.fees else Kind.FEE
        yield Differs(kind, here, there, here.fees or "none", there.fees or "none")


def nearly_the_same(
    here: list[Execution], there: list[Execution]
) -> tuple[list[tuple[Execution, Execution]], list[Execution], list[Execution]]:
    """Pairs in which one field differs, and what is left on either side without a likeness.
    Pairs are made one to one, in the order of time."""
    pairs: list[tuple[Execution, Execution]] = []
    for fields in _ALIKE:
        here, there = _paired(here, there, _reader(fields), pairs)
    return pairs, here, there


def _paired(
    here: list[Execution],
    there: list[Execution],
    read: Callable[[Execution], Hashable | None],
    pairs: list[tuple[Execution, Execution]],
) -> tuple[list[Execution], list[Execution]]:
    waiting: dict[Hashable, deque[Execution]] = defaultdict(deque)
    for one in here:
        name = read(one)
        if name is not None:
            waiting[name].append(one)
    used: set[int] = set()
    left = []
    for one in there:
        queue = waiting.get(read(one))
        if queue:
            found = queue.popleft()
            used.add(id(found))
            pairs.append((found, one))
        else:
            left.append(one)
    return [one for one in here if id(one) not in used], left


def _reader(fields: Fields) -> Callable[[Execution], Hashable | None]:
    def read(one: Execution) -> Hashable | None:
        found = tuple(_field(one, name) for name in fields)
        return found if all(found) else None

    return read


def _field(one: Execution, name: str) -> str:
    if name == "order":
        return one.order_id or one.cl_ord_id
    return str(getattr(one, name))


def _apart(here: Execution, there: Execution) -> timedelta:
    first, second = sorted((here.moment, there.moment))
    return second - first
