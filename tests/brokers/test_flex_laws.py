"""Whatever a file says: a batch or a refusal, and one bad value costs no other section."""

from __future__ import annotations

import re
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from adapters.brokers.ibkr_flex import parse
from adapters.port import AccountConfig, RawPage
from ledger.errors import BadFileError
from tests.brokers.flex import cash as cash_row
from tests.brokers.flex import cash_rows, file, trade, trades
from tests.brokers.venues.ibkr_flex import CASH, TRADES

WHOLE = file({**TRADES, **CASH})
VALUES = [match.span(1) for match in re.finditer(rb'[A-Za-z]="([^"]*)"', WHOLE)]
JUNK = st.one_of(
    st.sampled_from(["", "-", "--", "N/A", "0", "-0", "1e400", "NaN", "9" * 60, "0.5", "-7",
                     "2026-13-45", "20260306", "IN", "OUT", "BUY", "Expiration", "Ca", "SUMMARY",
                     "BaseCurrency", "TradeCancel", "TC", "RS", "STK", "CASH", "\u202e"]),
    st.decimals(allow_nan=False, allow_infinity=False).map(str),
    st.text(st.characters(exclude_characters='<&"', exclude_categories=["C", "Z"]), max_size=20),
)  # fmt: skip


def read(content: bytes) -> Any:
    return parse([RawPage(name="x.xml", content=content)], AccountConfig())


TOLD = read(WHOLE)


def of_section(batch: Any, section: str) -> set[tuple[Any, ...]]:
    return {(r.event, r.occurred_at) for r in batch.records if r.row.startswith(section)}


@given(where=st.sampled_from(VALUES), value=JUNK)
def test_one_bad_value_costs_no_other_section(where: tuple[int, int], value: str) -> None:
    start, end = where
    try:
        batch = read(WHOLE[:start] + value.encode() + WHOLE[end:])
    except BadFileError:
        return
    if b"<FlexStatement " in WHOLE[start:]:
        return
    element = re.findall(rb"<([A-Za-z]+) [^<>]*$", WHOLE[:start])[0].decode()
    for other in ("Trade[", "CashTransaction[", "SalesTax[", "CorporateAction[", "Transfer["):
        if not other.startswith(element) and element not in {"OptionEAE", "StatementOfFundsLine"}:
            assert of_section(batch, other) == of_section(TOLD, other)


@given(st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.binary(max_size=3)), max_size=4))
def test_any_bytes_are_a_batch_or_a_refusal(edits: list[tuple[int, bytes]]) -> None:
    content = bytearray(WHOLE)
    for place, new in edits:
        content[place : place + 1] = new
    try:
        batch = read(bytes(content))
    except BadFileError:
        return
    assert batch.coverage.rows


@given(st.decimals(-10_000, 10_000, places=4))
def test_a_charge_keeps_its_amount_and_turns_its_sign(written: Any) -> None:
    (record,) = trades(trade(transactionID="1", ibCommission=str(written))).records
    assert [fee.amount for fee in record.event.fees] == ([-written] if written else [])
    (charged,) = cash_rows(cash_row(type="Other Fees", amount=str(written))).records
    assert charged.event.amount == -written
