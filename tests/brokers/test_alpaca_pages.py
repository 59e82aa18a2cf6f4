"""Alpaca's pages as a whole: what they state, whose they are, what is missing; real ones."""

from __future__ import annotations

import contextlib
import json
from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.brokers.alpaca import parse
from adapters.port import AccountConfig, RawPage
from ledger.domain.events import (
    FeeCharged,
    FillBooked,
)
from ledger.domain.order_status import OrdStatus
from ledger.errors import BadFileError
from tests.brokers.alpaca import read
from tests.brokers.venues.alpaca import (
    ACTIVITIES,
    EVENTS,
    HELD,
    ORDER,
    SAMPLE,
    entry,
    event,
    fill,
    page,
    uuid,
    v2,
)

D = Decimal


# ------------------------------------------------------------------------------ what is stated


def test_of_several_states_of_an_order_the_last_stands():
    later = {**ORDER, "status": "replaced", "updated_at": "2026-03-02T15:01:00Z"}
    for rows in ([ORDER, later], [later, ORDER]):
        (stated,) = read(*rows).orders
        assert (stated.status, stated.cum_qty, stated.is_open) == (OrdStatus.CANCELED, 4, False)


def test_an_order_of_legs_is_its_legs():
    legs = [{**ORDER, "id": f"leg-{n}", "legs": None} for n in (1, 2)]
    batch = read({"id": "o9", "client_order_id": "c9", "order_class": "mleg", "symbol": "",
                  "qty": "1", "side": "", "status": "new", "legs": legs})  # fmt: skip
    assert [stated.order_id for stated in batch.orders] == ["leg-1", "leg-2"]


def test_an_order_that_cannot_be_read_does_not_keep_its_fill_out():
    batch = read(event("fill", 1, order={"status": "melted"}))
    assert len(batch.records) == 1
    assert [(aside.row, aside.field) for aside in batch.quarantine] == [("row[1].order", "status")]


def test_a_short_position_is_negative_however_it_is_written():
    for qty, basis in (("-5", "-50"), ("5", "50")):
        batch = read({**HELD, "side": "short", "qty": qty, "cost_basis": basis})
        assert [(p.qty, p.cost_basis) for p in batch.positions] == [(-5, -50)]


def test_the_list_of_positions_is_whole_when_every_row_is_read():
    assert read(HELD).coverage.lists_positions
    assert not read(HELD, {**HELD, "side": "sideways"}).coverage.lists_positions
    alone = RawPage(name="one.json", content=json.dumps(HELD).encode())
    assert not parse([alone], AccountConfig(account="A")).coverage.lists_positions


def test_an_empty_list_claims_nothing():
    batch = read()
    assert batch.coverage.sections == ()
    assert not batch.coverage.lists_positions


# ------------------------------------------------------------------------------ whole pages


def test_a_full_page_of_activities_wants_the_next_one():
    full = page(*[entry("CSD", n, net_amount="1") for n in range(100)])
    config = AccountConfig(account="A")
    assert parse([full], config).coverage.missing
    assert not parse([full, page()], config).coverage.missing
    assert not parse([full, page(entry("CSD", 100, net_amount="1"))], config).coverage.missing


def test_an_error_is_refused_and_says_what_alpaca_said():
    error = RawPage(name="e.json", content=b'{"code": 40110000, "message": "access key not found"}')
    with pytest.raises(BadFileError, match="access key not found"):
        parse([error], AccountConfig(account="A"))


@pytest.mark.parametrize("text", ["{}", '{"result": []}', "[1]", '"text"', "null", '[{"a": 1}]'])
def test_another_kind_of_document_is_refused(text):
    with pytest.raises(BadFileError, match="no answer of Alpaca"):
        parse([RawPage(name="x.json", content=text.encode())], AccountConfig(account="A"))


def test_rows_of_another_account_are_left_out():
    rows = [fill(1, account_id="one"), fill(2, account_id="two")]
    with pytest.raises(BadFileError, match="one, two, which one is not said"):
        read(*rows)
    assert [r.event.exec_id for r in read(*rows, venue_account="two").records] == [uuid(2)]
    with pytest.raises(BadFileError, match="not of three"):
        read(*rows, venue_account="three")


def test_an_account_is_known_by_its_number_too():
    account = {"id": "uuid-1", "account_number": "PA1", "cash": "-23140.2", "currency": "USD"}
    batch = read(account, fill(1, account_id="uuid-1"), venue_account="PA1", account=None)
    assert (batch.account, len(batch.records)) == ("PA1", 1)
    assert [(b.currency, b.ending) for b in batch.balances] == [("USD", D("-23140.2"))]
    assert (batch.venue_account, batch.also_called) == ("uuid-1", ("PA1",))


def test_the_split_in_two_pages_of_one_report_is_read():
    pages = [page(row) for row in ACTIVITIES if row["activity_type"] == "SPLIT"]
    assert len(parse(pages, AccountConfig(account="A")).records) == 1


# ------------------------------------------------------------------------------ laws


WORDS = st.sampled_from(["", "0", "-1", "1e-9", "1e30", "NaN", "fill", "BTCUSD", "2026-03-02",
                         "2026-02-30", "canceled", "\x00", "ACME260320C00010000"])  # fmt: skip
ROWS = st.sampled_from([*ACTIVITIES, *EVENTS, v2(1), ORDER, HELD])
JUNK: st.SearchStrategy[Any] = (
    WORDS | st.none() | st.booleans() | st.just([]) | st.just({"a": "1"}) | st.integers(-9, 9)
)


@st.composite
def changed_rows(draw):
    rows = draw(st.lists(ROWS, min_size=1, max_size=4))
    made = []
    for row in rows:
        names = draw(st.lists(st.sampled_from(sorted(row)), max_size=3))
        made.append({**row, **{name: draw(JUNK) for name in names}})
    return made


@given(changed_rows())
def test_no_value_breaks_the_parser_or_turns_a_sign(rows):
    try:
        batch = read(*rows)
    except BadFileError:
        return
    for record in batch.records:
        made, row = record.event, record.row
        source = rows[int(row.partition("[")[2].partition("]")[0]) - 1]
        if isinstance(made, FeeCharged) and not made.id.endswith(":canceled"):
            told_as = "net_amount" if D(str(source.get("net_amount") or 0)) else "qty"
            assert (made.amount > 0) is (D(str(source[told_as])) < 0)
        if isinstance(made, FillBooked):
            assert made.last_qty > 0


@given(st.data())
def test_bytes_that_were_changed_are_read_or_refused(data):
    content = bytearray(data.draw(st.sampled_from(SAMPLE.pages)).content)
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(BadFileError):
        parse([RawPage(name="x.json", content=bytes(content))], AccountConfig(account="A"))


# ------------------------------------------------------------------------------ real answers

ACTIVITY_FILES = "test_account_activities_routes."
PAGED = f"{ACTIVITY_FILES}setup_reqmock_for_paginated_account_activities_response."
SINGLE = f"{ACTIVITY_FILES}test_get_activities_for_account_max_items_and_single_request_date.0"


def real(shared, *names: str, **config: Any) -> Any:
    folder = shared / "fixtures" / "alpaca"
    pages = [RawPage(name=n, content=(folder / f"{n}.json").read_bytes()) for n in names]
    return parse(pages, AccountConfig(**config))


def test_every_real_answer_is_read_or_set_aside_with_its_reason(shared):
    names = sorted(p.stem for p in (shared / "fixtures" / "alpaca").glob("*.json"))
    assert len(names) == 29 - 1
    rows: Counter[str] = Counter()
    found: Counter[str] = Counter()
    for name in names:
        if not name.startswith(PAGED):
            batch = real(shared, name, account="A")
            rows.update(dict(batch.coverage.rows))
            parts = {"orders": batch.orders, "positions": batch.positions}
            parts |= {"balances": batch.balances, "records": batch.records}
            found.update({part: len(held) for part, held in parts.items()})
            found.update(aside.field for aside in batch.quarantine)
    assert rows == {"activities": 5, "orders": 10, "positions": 1, "account": 1, "journals": 9,
                    "answers to commands": 5, "corporate actions": 17,
                    "settings and states": 2}  # fmt: skip
    assert found == {"records": 5, "orders": 9, "positions": 1, "balances": 1, "notional": 2,
                     "status": 3}  # fmt: skip


def test_real_pages_of_several_accounts_are_read_one_account_at_a_time(shared):
    names = (f"{PAGED}0", f"{PAGED}1")
    with pytest.raises(BadFileError, match="which one is not said"):
        real(shared, *names, account="A")
    filled = real(shared, *names, venue_account="6e8cb861-e8b9-4278-8ed2-c8452535a165")
    (record,) = filled.records
    assert (record.event.instrument_id, record.event.last_qty) == ("ALPACA:GOOGL", 9)
    paid = real(shared, *names, venue_account="aba134b6-217d-4fd2-b460-e3c80bbfb9b4")
    assert [r.event.amount for r in paid.records] == [D("33324.35")]
    assert paid.account == "aba134b6-217d-4fd2-b460-e3c80bbfb9b4"


def test_the_time_in_a_real_id_is_new_yorks(shared):
    (first, *_) = real(shared, SINGLE).records
    assert first.occurred_at == datetime(2022, 3, 4, 18, 54, 20, 903569, tzinfo=UTC)
    assert first.event.exec_id == "047e252a-a8a3-4e35-84e2-29814cbf5057"


def test_half_of_a_pair_of_surrogates_costs_its_row_alone():
    batch = read(fill(1, symbol="\ud800"), fill(2))
    assert [record.event.exec_id for record in batch.records] == [uuid(2)]
    assert [row.field for row in batch.quarantine] == ["symbol"]
    assert batch.statement().quarantined[0].raw.count("\\ud800") == 1
