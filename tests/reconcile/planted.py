"""Two sides that agree but for what was planted: the breaks to be found are known by kind."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random

import attrs

from adapters.port import Batch, Coverage, Record
from adapters.reconcile.kinds import Kind
from adapters.reconcile.trades import Trades
from ledger.domain.events import (
    Fact,
    Fee,
    FillBooked,
    FillBusted,
    FillCorrected,
    InstrumentDefined,
    Side,
    make_fact,
)
from ledger.domain.gates import changed
from ledger.domain.instruments import Instrument, InstrumentKind

ACCOUNT, OTHER, VENUE = "A", "B", "V"
DAY = datetime(2026, 3, 2, tzinfo=UTC)
INSTRUMENTS = [f"V:I{nth:02}" for nth in range(20)]

Dated = tuple[FillBooked, datetime]


@attrs.define
class Planted:
    """Facts of the books by account, the broker's records, and the breaks by kind and fill."""

    facts: list[Fact] = attrs.field(factory=list)
    records: list[Record] = attrs.field(factory=list)
    expected: set[tuple[str, str]] = attrs.field(factory=set)

    def booked(self, fill: FillBooked, at: datetime, account: str = ACCOUNT) -> None:
        self.facts.append(make_fact(account, fill, at))

    def told(self, event: FillBooked | FillBusted | FillCorrected, at: datetime) -> None:
        row = f"row {len(self.records) + 1}"
        self.records.append(Record(event=event, occurred_at=at, row=row, digest=row))

    def both(self, fill: FillBooked, at: datetime) -> None:
        self.booked(fill, at)
        self.told(fill, at)

    def found(self, kind: Kind, exec_id: str) -> None:
        self.expected.add((kind.value, exec_id))

    def batch(self) -> Batch:
        coverage = Coverage(covers_from=DAY, covers_to=DAY + timedelta(days=1))
        return Batch(venue=VENUE, account=ACCOUNT, parser="t", parser_version="1", digest="d",
                     coverage=coverage, records=tuple(self.records))  # fmt: skip


def definitions() -> list[Fact]:
    return [
        make_fact(
            account,
            InstrumentDefined(
                instrument=Instrument(
                    instrument_id=name, symbol=name[2:], kind=InstrumentKind.EQUITY, currency="USD"
                )
            ),
            DAY - timedelta(days=9),
        )
        for account in (ACCOUNT, OTHER)
        for name in INSTRUMENTS
    ]


def fills(draw: Random, count: int) -> Iterator[Dated]:
    """Fills one after the other; one in ten has a twin that differs in nothing but its id."""
    at = DAY + timedelta(hours=1)
    step = timedelta(hours=20) / (count + 1)
    for nth in range(count):
        at += step
        fill = FillBooked(
            exec_id=f"x{nth:07}", venue=VENUE, instrument_id=draw.choice(INSTRUMENTS),
            side=draw.choice([Side.BUY, Side.SELL]), last_qty=Decimal(draw.randrange(1, 500)),
            last_px=Decimal(draw.randrange(100, 99999)) / 100, order_id=f"o{nth // 4}",
            fees=(Fee(amount=Decimal(draw.randrange(1, 300)) / 100, currency="USD"),),
            settl_date=date(2026, 3, 4),
        )  # fmt: skip
        yield fill, at
        if not nth % 10:
            yield changed(fill, exec_id=f"y{nth:07}"), at


def told_twice(seed: int, count: int, breaks: int) -> Iterator[tuple[Dated, Planted | None]]:
    """So many fills on both sides, and so many breaks, of each kind the same number: each fill,
    and what is planted in its place, if anything. The same again for the same seed."""
    draw = Random(seed)
    kinds = sorted(PLANTERS, key=lambda kind: kind.value)
    # Every planted fill is one that has no twin, and none is of an order with another one.
    places = draw.sample(range(1, count // 8), breaks)
    chosen = {f"x{place * 8 + 3:07}": kinds[nth % len(kinds)] for nth, place in enumerate(places)}
    for fill, at in fills(draw, count):
        kind = chosen.get(fill.exec_id)
        if kind is None:
            yield (fill, at), None
        else:
            planted = Planted()
            PLANTERS[kind](planted, changed(fill, order_id=f"own-{fill.exec_id}"), at)
            planted.found(kind, fill.exec_id)
            yield (fill, at), planted


def plant(seed: int, count: int, breaks: int) -> Planted:
    """The same, all together and the broker's rows in no order."""
    whole = Planted(facts=definitions())
    for (fill, at), planted in told_twice(seed, count, breaks):
        if planted is None:
            whole.both(fill, at)
        else:
            whole.facts += planted.facts
            whole.records += planted.records
            whole.expected |= planted.expected
    Random(seed).shuffle(whole.records)
    return whole


def _missing_in_ledger(planted: Planted, fill: FillBooked, at: datetime) -> None:
    planted.told(fill, at)


def _missing_at_broker(planted: Planted, fill: FillBooked, at: datetime) -> None:
    planted.booked(fill, at)


def _duplicate_in_ledger(planted: Planted, fill: FillBooked, at: datetime) -> None:
    planted.booked(fill, at)
    planted.both(changed(fill, exec_id=fill.exec_id[:-1]), at)


def _duplicate_at_broker(planted: Planted, fill: FillBooked, at: datetime) -> None:
    planted.both(fill, at)
    planted.told(fill, at)


def _quantity(planted: Planted, fill: FillBooked, at: datetime) -> None:
    planted.booked(fill, at)
    planted.told(changed(fill, last_qty=fill.last_qty + 1), at)


def _price(planted: Planted, fill: FillBooked, at: datetime) -> None:
    planted.booked(fill, at)
    planted.told(changed(fill, last_px=Decimal(100000)), at)


def _side(planted: Planted, fill: FillBooked, at: datetime) -> None:
    planted.booked(fill, at)
    planted.told(changed(fill, side=Side.SELL if fill.side is Side.BUY else Side.BUY), at)


def _instrument(planted: Planted, fill: FillBooked, at: datetime) -> None:
    planted.booked(fill, at)
    other = next(name for name in INSTRUMENTS if name != fill.instrument_id)
    planted.told(changed(fill, instrument_id=other), at)


def _account(planted: Planted, fill: FillBooked, at: datetime) -> None:
    planted.booked(fill, at, OTHER)
    planted.told(fill, at)


def _fee(planted: Planted, fill: FillBooked, at: datetime) -> None:
    planted.booked(changed(fill, fees=()), at)
    planted.told(fill, at)


def _fee_currency(planted: Planted, fill: FillBooked, at: datetime) -> None:
    planted.booked(changed(fill, fees=(changed(fill.fees[0], currency="EUR"),)), at)
    planted.told(fill, at)


def _trade_date(planted: Planted, fill: FillBooked, at: datetime) -> None:
    planted.booked(fill, at - timedelta(days=1))
    planted.told(fill, at)


def _settle_date(planted: Planted, fill: FillBooked, at: datetime) -> None:
    # The same execution under another id, since what the key finds is equal but for this.
    planted.booked(fill, at)
    planted.told(changed(fill, settl_date=date(2026, 3, 5)), at)


def _renumbered(planted: Planted, fill: FillBooked, at: datetime) -> None:
    planted.booked(changed(fill, exec_id=f"ours-{fill.exec_id}"), at)
    planted.told(fill, at)


def _aggregated(planted: Planted, fill: FillBooked, at: datetime) -> None:
    part = changed(fill, last_qty=fill.last_qty)
    planted.booked(changed(part, exec_id=f"1-{fill.exec_id}"), at)
    planted.booked(changed(part, exec_id=f"2-{fill.exec_id}"), at + timedelta(seconds=1))
    both = tuple(changed(fee, amount=fee.amount * 2) for fee in fill.fees)
    planted.told(changed(fill, last_qty=fill.last_qty * 2, fees=both), at)


def _busted(planted: Planted, fill: FillBooked, at: datetime) -> None:
    planted.booked(fill, at)
    planted.told(fill, at)
    planted.told(_bust(fill), at + timedelta(minutes=5))


def _reversed_only_here(planted: Planted, fill: FillBooked, at: datetime) -> None:
    planted.booked(fill, at)
    planted.facts.append(make_fact(ACCOUNT, _bust(fill), at + timedelta(minutes=5)))
    planted.told(fill, at)


def _corrected(planted: Planted, fill: FillBooked, at: datetime) -> None:
    planted.booked(fill, at)
    corrected = FillCorrected(
        exec_id=f"c-{fill.exec_id}", exec_ref_id=fill.exec_id, venue=VENUE,
        instrument_id=fill.instrument_id, last_qty=fill.last_qty + 3, last_px=fill.last_px,
    )  # fmt: skip
    planted.told(corrected, at + timedelta(minutes=5))


def _unlinked(planted: Planted, fill: FillBooked, at: datetime) -> None:
    planted.told(_bust(fill), at)


def _late(planted: Planted, fill: FillBooked, at: datetime) -> None:
    planted.told(fill, at - timedelta(days=3))


def _bust(fill: FillBooked) -> FillBusted:
    return FillBusted(
        exec_id=f"b-{fill.exec_id}", exec_ref_id=fill.exec_id, venue=VENUE,
        instrument_id=fill.instrument_id,
    )  # fmt: skip


PLANTERS = {
    Kind.MISSING_IN_LEDGER: _missing_in_ledger,
    Kind.MISSING_AT_BROKER: _missing_at_broker,
    Kind.DUPLICATE_IN_LEDGER: _duplicate_in_ledger,
    Kind.DUPLICATE_AT_BROKER: _duplicate_at_broker,
    Kind.QUANTITY: _quantity,
    Kind.PRICE: _price,
    Kind.SIDE: _side,
    Kind.INSTRUMENT: _instrument,
    Kind.ACCOUNT: _account,
    Kind.FEE: _fee,
    Kind.FEE_CURRENCY: _fee_currency,
    Kind.TRADE_DATE: _trade_date,
    Kind.SETTLE_DATE: _settle_date,
    Kind.RENUMBERED: _renumbered,
    Kind.AGGREGATED: _aggregated,
    Kind.BUSTED_NOT_REVERSED: _busted,
    Kind.REVERSED_ONLY_HERE: _reversed_only_here,
    Kind.CORRECTION_NOT_BOOKED: _corrected,
    Kind.UNLINKED_REVERSAL: _unlinked,
    Kind.LATE_REPORTED: _late,
}


def seen(trades: Trades) -> set[tuple[str, str]]:
    """The breaks that were found, by kind and by the fill they are of."""
    return {(one.kind.value, named(one.reference)) for one in trades.breaks}


def named(reference: str) -> str:
    """The execution's own id in a stored key."""
    return reference.split("/")[4].split("-")[-1]
