"""Looks: what two executions have in common, and how they are told in words."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from adapters.port import HASH_ID
from adapters.reconcile.differing import Differs
from adapters.reconcile.executions import Execution, fee_sums, fees_text
from adapters.reconcile.kinds import Cause, Kind


def named(one: Execution, place: int) -> Execution:
    """An execution that is equal to this one, where the books have it."""
    return one._replace(where=str(place))


def value_of(one: Execution | None) -> str:
    """An execution in words."""
    if one is None:
        return "none"
    return f"{one.side} {one.qty} @ {one.px or 'no price'} at {one.at}"


def told_of(executions: Iterable[Execution]) -> str:
    """Several executions in words."""
    return " + ".join(f"{one.qty} @ {one.px}" for one in executions)


def charged(executions: Iterable[Execution]) -> str:
    """What several executions are charged together, in the words of ``fees_text``."""
    return fees_text(fee for one in executions for fee in fee_sums(one.fees).items())


def place_of(one: Execution) -> str:
    """Where an execution of the books is."""
    return f"ledger: {one.where} {one.key}"


def evidence_of(ours: Execution | None, theirs: Execution | None) -> tuple[str, ...]:
    """Where to look on either side."""
    here = () if ours is None else (place_of(ours),)
    return here if theirs is None else (*here, f"broker: {theirs.where} {theirs.key}")


def is_weak(one: Execution) -> bool:
    """Whether its id was made from its content."""
    return one.exec_id.startswith(HASH_ID)


Look = tuple[str, ...]


def look_of(one: Execution) -> Look:
    """What makes two executions look the same."""
    return one.instrument_id, one.side, one.qty, one.px, one.at


def by_look(executions: Iterable[Execution]) -> defaultdict[Look, list[Execution]]:
    """Executions by how they look."""
    found: defaultdict[Look, list[Execution]] = defaultdict(list)
    for one in executions:
        found[look_of(one)].append(one)
    return found


def is_same_id(one: Execution, twin: Execution) -> bool:
    """Whether two ids are of one execution: the venue's id of the trade, or the one id is the
    other with something behind it, or was made from the content."""
    if one.trade_id and one.trade_id == twin.trade_id:
        return True
    short, long = sorted((one.exec_id, twin.exec_id), key=len)
    return is_weak(one) is not is_weak(twin) or long.startswith(short)


def likeness(alike: Sequence[Execution]) -> str:
    """What an execution on one side alone looks like."""
    return f"looks like {alike[0].key}" if alike else ""


def cause_of(one: Differs) -> Cause:
    """What a field that is told otherwise is likely to come from."""
    if one.kind is Kind.FEE and not one.here.fees:
        return Cause.FEE_NEXT_DAY
    return Cause.CORRECTION if one.kind in {Kind.QUANTITY, Kind.PRICE} else Cause.UNKNOWN
