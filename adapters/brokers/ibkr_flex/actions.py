"""``CorporateActions``: the rows of one action together, booked by what they did.

The rows of an action share its id (else its description and day) and the day they entered the
statement. Those with the code ``Ca`` cancel it and are an action of their own, with the signs
turned. Options and CFDs that a split of their underlying changes share its id too, and are apart.
What an action is, its type says, else the words of its description; where both are there and
differ, or where the rows do not make what the type means, all its rows are set aside.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Final

import attrs

from adapters.brokers.ibkr_flex.instruments import VENUE, instrument_id
from adapters.brokers.ibkr_flex.legs import (
    BY_HAND,
    CANCELED,
    TIMES,
    Moved,
    come,
    given,
    gone,
    is_cancel,
    lost,
    moved,
    place,
    renamed,
    reported,
    sold,
    spun_off,
)
from adapters.brokers.ibkr_flex.row import Row
from adapters.brokers.ibkr_flex.sections import details
from adapters.port import Ordinals, Record
from ledger.domain.events import SplitApplied
from ledger.domain.instruments import Instrument
from ledger.domain.numbers import ONE, ZERO, add, parse, quantize, ratio, subtract, text, total
from ledger.errors import BadRowError

SPLIT, SPIN_OFF, DIVIDEND, WORTHLESS, EXCHANGE = (
    "a split", "a spin-off", "a dividend in units", "a loss of all value", "an exchange",
)  # fmt: skip
TYPES: Final = {
    **dict.fromkeys(("FS", "RS"), SPLIT),
    **dict.fromkeys(("SO", "RI", "DI"), SPIN_OFF),
    **dict.fromkeys(("SD", "HD", "HI"), DIVIDEND),
    **dict.fromkeys(("DW", "ED"), WORTHLESS),
    **dict.fromkeys(("BC", "BM", "IC", "OR", "PI", "SR", "TC", "TI", "TM", "TO"), EXCHANGE),
}
ISSUE: Final = "HI"
"""The issue of a dividend of choice: of which of its forms, its words alone say."""
_RATIO = re.compile(r"\bSPLIT ([0-9]{1,9}) FOR ([0-9]{1,9})\b", re.ASCII | re.IGNORECASE)
_WORDS: Final = (
    (re.compile(r"\) SPLIT ", re.IGNORECASE), SPLIT),
    (re.compile(r"\) SPIN-?OFF ", re.IGNORECASE), SPIN_OFF),
    (re.compile(r"[),] STOCK DIVIDEND ", re.IGNORECASE), DIVIDEND),
    (re.compile(r"\b(?:DELISTED|WORTHLESS)\b", re.IGNORECASE), WORTHLESS),
    (re.compile(r"\) (?:TENDERED TO|MERGED\(|CUSIP/ISIN CHANGE|CASH AND STOCK MERGER)",
                re.IGNORECASE), EXCHANGE),
)  # fmt: skip
MOST_TRIED: Final = 1000
OPTIONS: Final = "options"
DERIVED: Final = {"OPT": OPTIONS, "FOP": OPTIONS, "CFD": "CFD"}
# "BRK B(US0000000001) SPLIT ...": the contract that the action is about.
_ABOUT = re.compile(r"([^(]+?) ?\(([A-Za-z0-9]{6,20})\)", re.ASCII)


@attrs.frozen
class Read:
    """What one action's rows say: the contracts they are of, and the facts."""

    defined: tuple[tuple[Row, Instrument], ...]
    records: tuple[Record, ...]


def actions(rows: Iterable[Row]) -> list[list[Row]]:
    """The rows by action, the summaries left out where there are details. A summary has the day
    where its details have the time."""
    found: dict[tuple[str, str, bool, str], list[Row]] = {}
    for row in rows:
        described = row.values.get("description", "").rpartition(" (")[0]
        day = row.values.get("dateTime", "")[:10].replace("-", "")[:8]
        name = row.values.get("actionID") or f"{described} {day}"
        group = (name, row.values.get("reportDate", ""), is_cancel(row), derived(row))
        found.setdefault(group, []).append(row)
    return [details(rows) for rows in found.values()]


def derived(row: Row) -> str:
    """The kind of derivative that the row is of, or "" for what an action itself is about."""
    return DERIVED.get(row.values.get("assetCategory", ""), "")


class Actions:
    """Reads actions. ``contracts`` are the file's instruments by ISIN, for the one that a row only
    names in words."""

    def __init__(self, ids: Ordinals, contracts: Mapping[str, str]) -> None:
        self._ids = ids
        self._contracts = contracts
        self._booked: dict[str, Callable[[Sequence[Moved]], Sequence[Record]]] = {
            SPLIT: _split_into_another,
            SPIN_OFF: self._spin_off,
            DIVIDEND: lambda legs: _each(legs, DIVIDEND, given),
            WORTHLESS: lambda legs: _each(legs, WORTHLESS, lost),
            EXCHANGE: _exchange,
        }

    def read(self, rows: Sequence[Row]) -> Read:
        """The rows of one action; ``BadRowError`` and kin when they are not booked."""
        family = _family(rows[0])
        if any(_family(row) != family for row in rows):
            raise BadRowError("type", rows[-1].text("type"), f"rows of several kinds: {BY_HAND}")
        if derived(rows[0]) == OPTIONS and family in {SPLIT, SPIN_OFF, DIVIDEND}:
            return Read((), tuple(self._options(row, family) for row in rows))
        if family == SPLIT and len(rows) == 1:
            return Read((), tuple(self._split(rows[0])))
        try:
            legs = [moved(row, self._ids) for row in rows]
        except BadRowError as error:
            raise BadRowError(error.field, error.value, f"{error.rule}, or {BY_HAND}") from None
        is_undone = is_cancel(rows[0]) and family not in {SPLIT, EXCHANGE}
        records = _taken_back(legs, family) if is_undone else self._booked[family](legs)
        return Read(tuple((leg.row, leg.defined) for leg in legs), tuple(records))

    def _options(self, row: Row, family: str) -> Record:
        """A split into a whole number of units multiplies the contracts of its options by it. What
        other actions make of options, no row tells."""
        new, old = _ratio(row) if family == SPLIT else (ONE, ONE)
        times, rest = divmod(int(new), int(old))
        change = row.decimal("quantity")
        is_multiple = times > 1 and not rest and not change % 1 and not int(change) % (times - 1)
        if not change or not is_multiple:
            rule = f"what {family} made of an option, which the row does not tell: {BY_HAND}"
            raise BadRowError("quantity", text(change), rule)
        return self._split(row)[0]

    def _split(self, row: Row) -> list[Record]:
        """New units of the same contract for old ones, and the sale of a fraction for cash."""
        new, old = _ratio(row)[:: -1 if is_cancel(row) else 1]
        named = f"{text(new)} FOR {text(old)}"
        content = ["split", instrument_id(row), row.written(*TIMES), f"SPLIT {named}"]
        told = [row.id("actionID"), reported(row), *([CANCELED] if is_cancel(row) else [])]
        told += [instrument_id(row)] if derived(row) else []
        cash = row.decimal_or_zero("proceeds")
        split = SplitApplied(
            id=row.id("transactionID")
            or (":".join(told) if row.id("actionID") else self._ids.of([*content, *told])),
            instrument_id=instrument_id(row),
            numerator=new,
            denominator=old,
            venue=VENUE,
            seq=place(row),
        )
        at = row.happened(*TIMES)
        applied = Record(event=split, occurred_at=at, row=row.where, digest=row.digest)
        if not cash:
            return [applied]
        leg = attrs.evolve(moved(row, self._ids), id=split.id)
        fraction = _fraction_left(leg.qty, new, old)
        return [applied, sold(leg, fraction.copy_negate(), cash, ":cash-in-lieu")]

    def _spin_off(self, legs: Sequence[Moved]) -> Sequence[Record]:
        named = _ABOUT.match(legs[0].row.text("description"))
        if named is None:
            raise _refused(legs, SPIN_OFF, "of a contract that the row does not name")
        parent = self._contracts.get(named[2]) or f"{VENUE}:{named[2]}"
        return _each(legs, SPIN_OFF, lambda leg: spun_off(leg, parent))


def _family(row: Row) -> str:
    """What the action is by its type, or by the words of its description; both must agree."""
    typed, described = row.text("type"), row.text("description")
    worded = next((family for words, family in _WORDS if words.search(described)), "")
    family = TYPES.get(typed, "") if typed else worded
    is_untold = typed == ISSUE and not worded
    if not family or is_untold or (worded and worded != family):
        rule = f"a corporate action that is not booked by itself: {BY_HAND}"
        raise BadRowError("type", typed or described, rule)
    return family


def _ratio(row: Row) -> tuple[Decimal, Decimal]:
    """New units for old ones."""
    found = _RATIO.search(row.text("description"))
    if found is None or not int(found[1]) or not int(found[2]):
        rule = f"a split without its ratio in words: {BY_HAND}"
        raise BadRowError("description", row.text("description"), rule)
    return parse("numerator", found[1]), parse("denominator", found[2])


def _refused(legs: Sequence[Moved], family: str, why: str) -> BadRowError:
    row = legs[0].row
    return BadRowError("type", row.text("type") or row.text("description"),
                       f"{family} {why}: {BY_HAND}")  # fmt: skip


def _each(legs: Sequence[Moved], family: str, book: Callable[[Moved], Record]) -> Sequence[Record]:
    """Every leg by itself, where no money came with it."""
    if any(leg.proceeds for leg in legs) or not all(leg.qty for leg in legs):
        raise _refused(legs, family, "with money, or without units")
    return [book(leg) for leg in legs]


def _taken_back(legs: Sequence[Moved], family: str) -> Sequence[Record]:
    """A cancellation of what was given or lost: units go, or come back at an unknown cost."""

    def back(leg: Moved) -> Record:
        return come(leg, leg.qty, leg.about) if leg.qty > ZERO else gone(leg, leg.about)

    return _each(legs, f"a cancellation of {family}", back)


def _exchange(legs: Sequence[Moved]) -> Sequence[Record]:
    """Units for money, for other units, for both; or the same units under another symbol."""
    cash = total(leg.proceeds for leg in legs)
    if not all(leg.qty for leg in legs):
        raise _refused(legs, EXCHANGE, "with a leg without units")
    if len(legs) == 1 and cash:
        return [sold(legs[0], legs[0].qty, cash)]
    if len({leg.about for leg in legs}) == 1:
        return _same(legs)
    old, new = _sides(legs, EXCHANGE)
    if cash:
        return _for_both(old, new)
    return _for_units(old, new)


def _same(legs: Sequence[Moved]) -> Sequence[Record]:
    """Legs of one contract: a rename, where they take away what they give."""
    new = [leg for leg in legs if leg.qty > ZERO]
    if len(legs) != 2 or total(leg.qty for leg in legs) or any(leg.proceeds for leg in legs):
        raise _refused(legs, EXCHANGE, "whose other leg is not in this file")
    if len({leg.defined.symbol for leg in legs}) == 1:
        raise _refused(legs, EXCHANGE, "of a contract for itself")
    return [renamed(new[0])]


def _sides(legs: Sequence[Moved], family: str) -> tuple[list[Moved], list[Moved]]:
    """Those that go and those that come: the contract that the action is about goes, and comes
    back when it is cancelled; a short's units have the other sign. Where no leg is that contract,
    units less than none go."""
    about = _about(legs)
    if about is None and derived(legs[0].row) == OPTIONS:
        raise _refused(legs, family, "of options, of which is not told which go and which come")
    goes_positive = about is not None and (about.qty > ZERO) is not is_cancel(about.row)
    old = [leg for leg in legs if (leg.qty > ZERO) is goes_positive]
    new = [leg for leg in legs if (leg.qty > ZERO) is not goes_positive]
    if len(old) != 1 or not new:
        raise _refused(legs, family, "whose legs do not make one: not one goes and others come")
    return old, new


def _about(legs: Sequence[Moved]) -> Moved | None:
    """The leg of the contract that the action is about, by the code in its words. Its symbol tells
    only where no leg has an ISIN: of two contracts, the new one takes the symbol over, and the old
    one has ``.OLD`` behind it."""
    named = _ABOUT.match(legs[0].row.text("description"))
    if named is None:
        return None
    coded = [leg for leg in legs if any(_is_same(code, named[2]) for code in _codes(leg.row))]
    if coded or any(leg.row.text("isin") for leg in legs):
        return coded[0] if len(coded) == 1 else None
    by_symbol = {leg.defined.symbol: leg for leg in legs}
    return by_symbol.get(f"{named[1]}.OLD") or by_symbol.get(named[1])


def _codes(row: Row) -> set[str]:
    """The codes of a leg's contract, the last word of its own description among them."""
    own = row.text("description").removesuffix(")").rpartition(", ")[2]
    return {own, *(row.id(name) for name in ("isin", "securityID", "cusip", "conid"))} - {""}


def _is_same(code: str, other: str) -> bool:
    """Whether two codes are one: an ISIN holds the national code behind its country."""
    return other in {code, code[2:-1]} or code == other[2:-1]


def _for_units(old: Sequence[Moved], new: Sequence[Moved]) -> Sequence[Record]:
    """One contract's units become others, at a cost that no row tells."""
    out = gone(old[0], new[0].about)
    return [out, *(come(leg, leg.qty, old[0].about) for leg in new)]


def _for_both(old: Sequence[Moved], new: Sequence[Moved]) -> Sequence[Record]:
    """Units and money for units: as if sold for the money and for what the new units are worth by
    IB's own value, and these bought for it."""
    leg = old[0]
    currencies = {one.defined.currency for one in (*old, *new)}
    if leg.qty > ZERO or len(currencies) > 1 or not all(one.value > ZERO for one in new):
        raise _refused([leg], EXCHANGE, "for units and money, whose values are not told")
    cash, worth = total(one.proceeds for one in (*old, *new)), total(one.value for one in new)
    bought = [sold(one, one.qty, one.value.copy_negate()) for one in new]
    return [sold(leg, leg.qty, add(cash, worth)), *bought]


def _split_into_another(legs: Sequence[Moved]) -> Sequence[Record]:
    """A split after which the units are of another contract; a fraction is sold for cash."""
    if len({leg.about for leg in legs}) != len(legs) or len(legs) != 2:
        raise _refused(legs, SPLIT, "whose legs are not one contract's for another's")
    old, new = _sides(legs, SPLIT)
    cash = total(leg.proceeds for leg in legs)
    if not cash and not _makes(old[0], new[0]):
        raise _refused(
            legs, SPLIT, "whose units of the one contract do not make those of the other"
        )
    if not cash:
        return _for_units(old, new)
    numerator, denominator = _ratio(legs[0].row)
    whole = quantize(ratio(old[0].units, numerator, denominator))
    fraction = subtract(whole, new[0].units)
    if new[0].qty < ZERO or not ZERO < fraction < ONE:
        raise _refused(legs, SPLIT, "with money that is not for a fraction of a unit")
    into = come(new[0], whole, old[0].about)
    sale = sold(new[0], fraction.copy_negate(), cash, ":cash-in-lieu")
    return [gone(old[0], new[0].about), into, sale]


def _makes(old: Moved, new: Moved) -> bool:
    """Whether the ratio in words makes so many new units of the old ones, up to a fraction; without
    a ratio, and where a split is cancelled, that is not asked."""
    if is_cancel(old.row) or _RATIO.search(old.row.text("description")) is None:
        return True
    made = ratio(old.units, *_ratio(old.row))
    return subtract(made, new.units).copy_abs() < ONE


def _fraction_left(change: Decimal, new: Decimal, old: Decimal) -> Decimal:
    """The fraction that was paid for, from the change in whole units alone: there must be one
    number of old units only that leaves a fraction and changes by so many."""
    found = []
    shrinks = int(subtract(old, new))
    if change < ZERO and shrinks > 0 and int(old) // shrinks <= MOST_TRIED:
        most = int(change.copy_abs()) * int(old) // shrinks
        for held in range(max(0, most - int(old) // shrinks - 1), most + 1):
            left = held * int(new) % int(old)
            if left and held * int(new) // int(old) - held == change:
                found.append(ratio(Decimal(left), ONE, old))
    if len(found) != 1:
        rule = f"cash in lieu of a fraction that the row does not tell: {BY_HAND}"
        raise BadRowError("quantity", text(change), rule)
    return quantize(found[0])
