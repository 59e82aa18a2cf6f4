"""Ledger rows that are money by themselves: deposits, transfers, income, charges.

Each moves the balance of its coin by its amount, and its fee on top is a fact of its own, so that
a row is one movement whatever other rows it belongs to: the two legs of a transfer into staking
cancel out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Final

from adapters.brokers.kraken.assets import VENUE
from adapters.brokers.kraken.entries import Entry
from ledger.domain.events import (
    BalanceAdjusted,
    CashDeposited,
    CashEvent,
    CashTransferred,
    CashWithdrawn,
    FeeCharged,
    FeeKind,
    InterestPaid,
)
from ledger.domain.numbers import negate
from ledger.errors import BadRowError

TRANSFERS: Final = frozenset(
    {"", "spottofutures", "spotfromfutures", "futurestospot", "futuresfromspot", "spottostaking",
     "stakingfromspot", "stakingtospot", "spotfromstaking"}
)  # fmt: skip
EARN_MOVES: Final = frozenset(
    {"allocation", "deallocation", "autoallocation", "autoallocate", "migration"}
)
DELISTED: Final = "delistingconversion"
AIRDROP: Final = "airdrop"
UNBOOKED: Final = {
    "margin": "the result or fee of a trade on margin, which its trade makes: hand over the trades",
    "settled": "a margin position that was settled by delivery: not booked until that is read",
    "credit": "its meaning is not known: not booked until it is",
    "sale": "its meaning is not known: not booked until it is",
}


def movements(one: Entry) -> Iterator[CashEvent]:
    """What the row did to the balances; ``BadRowError`` for a kind that is not known."""
    made = _maker(one)(one)
    if made is not None:
        yield made
    if one.fee and one.kind != "rollover":
        yield _charged(one, f"{one.txid}:fee", one.fee, one.fee_coin, FeeKind.OTHER)


def carried(one: Entry) -> Iterator[CashEvent]:
    """A row of a group in which every coin only went to another wallet, and its fee."""
    made = moved(one)
    if made is not None:
        yield made
    if one.fee:
        yield _charged(one, f"{one.txid}:fee", one.fee, one.fee_coin, FeeKind.OTHER)


def moved(one: Entry) -> CashEvent | None:
    """A row that only moves a coin to another wallet: signed; None for no amount."""
    if not one.amount:
        return None
    return CashTransferred(
        id=one.txid,
        amount=one.amount,
        currency=one.coin,
        counterparty=f"Kraken {one.kind} {one.subtype}".strip(),
        venue=VENUE,
    )


def _maker(one: Entry) -> Callable[[Entry], CashEvent | None]:
    if one.kind == "earn":
        makers: dict[str, Callable[[Entry], CashEvent | None]] = {
            **dict.fromkeys(EARN_MOVES, moved),
            "reward": _income,
            AIRDROP: _income,
            DELISTED: _adjusted,
        }
        return _known(makers, "subtype", one.subtype)
    if one.kind == "transfer":
        makers = {
            **dict.fromkeys(TRANSFERS, moved),
            AIRDROP: _income,
            DELISTED: _adjusted,
        }
        return _known(makers, "subtype", one.subtype)
    kind = "margin" if one.kind == "margin trade" else one.kind
    if kind in UNBOOKED:
        raise BadRowError("type", one.kind, UNBOOKED[kind])
    return _known(MAKERS, "type", kind)


def _known(
    makers: dict[str, Callable[[Entry], CashEvent | None]], field: str, word: str
) -> Callable[[Entry], CashEvent | None]:
    if word not in makers:
        raise BadRowError(field, word, "unknown kind of ledger row: not booked until it is known")
    return makers[word]


def _funding(one: Entry) -> CashEvent | None:
    """Money from or to outside, by the sign: a withdrawal that failed comes back positive."""
    if not one.amount:
        return None
    cls = CashWithdrawn if one.amount < 0 else CashDeposited
    amount = one.amount.copy_abs()
    return cls(id=one.txid, amount=amount, currency=one.coin, venue=VENUE, description=one.kind)


def _income(one: Entry) -> CashEvent | None:
    told = f"{one.kind} {one.subtype}".strip()
    return InterestPaid(
        id=one.txid, amount=one.amount, currency=one.coin, venue=VENUE, description=told
    )


def _adjusted(one: Entry) -> CashEvent | None:
    """Coins put right, or taken and given at a delisting, whose two rows name nothing in common."""
    reason = f"{one.kind} {one.subtype}".strip()
    return BalanceAdjusted(
        id=one.txid, amount=one.amount, currency=one.coin, reason=reason, who="Kraken", venue=VENUE
    )


def _rolled_over(one: Entry) -> CashEvent | None:
    """What borrowing for a margin position cost: a charge, positive."""
    return _charged(one, one.txid, negate(one.change), one.coin, FeeKind.BORROW)


def _charged(one: Entry, id_: str, amount: Decimal, currency: str, kind: FeeKind) -> CashEvent:
    return FeeCharged(
        id=id_, amount=amount, currency=currency, kind=kind, venue=VENUE, description=one.kind
    )


MAKERS: Final[dict[str, Callable[[Entry], CashEvent | None]]] = {
    "deposit": _funding,
    "withdrawal": _funding,
    "staking": _income,
    "reward": _income,
    "dividend": _income,
    "invite bonus": _income,
    "adjustment": _adjusted,
    **dict.fromkeys(("hybridearndeposit", "hybridearnwithdrawal"), moved),
    "rollover": _rolled_over,
}
