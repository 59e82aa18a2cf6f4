"""Ledger rows as entries, the balances that they chain, and rows that stand for a later one."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from itertools import groupby, pairwise
from typing import Final, NamedTuple

import attrs

from adapters.brokers.kraken.assets import coin
from adapters.port import Control
from adapters.rows import Row
from ledger.domain.numbers import subtract, text, total

_SECONDS = re.compile(r"[0-9]+(?:\.[0-9]+)?", re.ASCII)
SPOT_MAIN: Final = "spot / main"


@attrs.frozen(kw_only=True, eq=False)
class Entry:
    """One ledger row: ``amount`` is signed, ``fee`` is charged on top of it, in ``fee_coin``."""

    row: Row
    file: str
    txid: str
    refid: str
    at: datetime
    kind: str
    subtype: str
    asset: str
    coin: str
    wallet: str
    amount: Decimal
    fee: Decimal
    fee_coin: str
    balance: Decimal | None

    @property
    def change(self) -> Decimal:
        """By how much the balance of its own asset moved."""
        own = self.fee_coin == self.coin
        return subtract(self.amount, self.fee) if own else self.amount

    @property
    def is_pending(self) -> bool:
        """Whether it is only announced: the complete row comes with an id and a balance."""
        return not self.txid

    def tells_the_same(self, other: Entry) -> bool:
        """Whether two rows under one id say the same."""
        mine, theirs = (
            (e.refid, e.kind, e.coin, e.amount, e.fee, e.balance) for e in (self, other)
        )
        return mine == theirs


def entry(row: Row, file: str) -> Entry:
    """A row of ``Ledgers`` or ``ledgers.csv``."""
    asset, balance = row.required("asset"), row.decimal_or_none("balance")
    txid = row.text("txid")
    return Entry(
        row=row,
        file=file,
        txid=txid,
        refid=row.text("refid"),
        at=happened(row),
        kind=row.required("type"),
        subtype=row.text("subtype"),
        asset=asset,
        coin=coin(asset),
        wallet=row.text("wallet") or SPOT_MAIN,
        amount=row.decimal("amount"),
        fee=row.decimal_or_zero("fee"),
        fee_coin=coin(row.text("feecurrency") or asset),
        balance=balance,
    )


def happened(row: Row, name: str = "time") -> datetime:
    """Seconds since 1970 (the API) or a time in UTC without a zone (the exports)."""
    written = row.required(name)
    return row.seconds(name) if _SECONDS.fullmatch(written) else row.instant(name, UTC)


class Link(NamedTuple):
    """An entry with the balance it found and the one it left."""

    entry: Entry
    opening: Decimal
    closing: Decimal


class Chain:
    """The entries of one asset in one wallet, in the order in which their balances follow."""

    def __init__(self, links: list[Link]) -> None:
        groups = [list(group) for _, group in groupby(sorted(links, key=_time), key=_time)]
        self._links: list[Link] = []
        held = _found_first(groups)
        for group in groups:
            self._links += _following(group, held)
            held = self._links[-1].closing

    def breaks(self) -> Iterator[tuple[Entry, str]]:
        """The entries whose balance does not follow from the one before."""
        for before, link in pairwise(self._links):
            if link.opening != before.closing:
                yield (
                    link.entry,
                    (
                        f"{link.entry.asset}: {text(before.closing)} before it and "
                        f"{text(link.entry.change)} do not make the {text(link.closing)} stated: "
                        "rows are missing, or one is wrong"
                    ),
                )

    def control(self) -> Control:
        """What the balance moved by from first to last, beside the sum of the rows."""
        first, last = self._links[0], self._links[-1]
        wallet = first.entry.wallet
        return Control(
            name=f"Ledgers {first.entry.asset}{'' if wallet == SPOT_MAIN else f' {wallet}'}",
            currency=first.entry.coin,
            stated=subtract(last.closing, first.opening),
            rows=total([link.entry.change for link in self._links]),
        )


def chains(entries: Iterable[Entry]) -> Iterator[Chain]:
    """One chain an asset and wallet, of the entries that state a balance."""
    apart: dict[tuple[str, str], list[Link]] = defaultdict(list)
    for one in entries:
        if one.balance is not None:
            link = Link(one, subtract(one.balance, one.change), one.balance)
            apart[one.asset, one.wallet].append(link)
    yield from (Chain(links) for _, links in sorted(apart.items()))


def _time(link: Link) -> datetime:
    return link.entry.at


def _starts(group: list[Link]) -> list[Decimal]:
    """The balances that are found more often than left: where the rows of an instant begin."""
    left = Counter(link.closing for link in group)
    left.subtract(link.opening for link in group)
    return [balance for balance, surplus in left.items() if surplus < 0]


def _found_first(groups: list[list[Link]]) -> Decimal:
    """The balance before all. Rows of one instant that lead back to where they began could begin
    anywhere on their way; where the instants after them begin tells."""
    shared = {link.opening for link in groups[0]}
    for group in groups:
        begins = _starts(group)
        if begins:
            return begins[0]
        shared = shared & {link.opening for link in group} or shared
    return min(shared)


def _following(group: list[Link], held: Decimal) -> list[Link]:
    """The rows of one instant, each after one that left the balance it found, if there is such
    an order (a way over every row once, by Hierholzer); else as few pieces as may be."""
    by_opening: dict[Decimal, list[Link]] = defaultdict(list)
    for link in group:
        by_opening[link.opening].append(link)
    ordered: list[Link] = []
    for start in (held, *_starts(group), *[link.opening for link in group]):
        ordered += _way(start, by_opening)
    return ordered


def _way(start: Decimal, by_opening: dict[Decimal, list[Link]]) -> list[Link]:
    """The rows that can be reached from a balance, in order; they are taken out."""
    stack: list[Link] = []
    behind: list[Link] = []
    at = start
    while by_opening[at] or stack:
        if by_opening[at]:
            stack.append(by_opening[at].pop())
            at = stack[-1].closing
        else:
            behind.append(stack.pop())
            at = stack[-1].closing if stack else start
    return behind[::-1]
