"""Polymarket US: each answer, each trap, and the ledgers that check the executions."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.brokers.polymarket_us import parse
from adapters.port import AccountConfig, Batch, RawPage
from adapters.rows import Row
from ledger.domain.events import (
    BalanceAdjusted,
    CashDeposited,
    CashWithdrawn,
    Fee,
    FillBooked,
    FillBusted,
    Liquidity,
    OptionExpired,
    Side,
    StatedBalance,
    StatedPosition,
)
from ledger.domain.order_status import OrdStatus
from ledger.errors import BadFileError
from tests.brokers.polymarket import (
    ACCOUNT,
    ORDER,
    SYMBOL,
    UNITS,
    entry,
    execution,
    ledger,
    page,
    read,
    trade,
)
from tests.brokers.sampling import empty_books, state, told
from tests.brokers.venues.polymarket_us import SAMPLE

NAME = f"POLYMARKET_US:{SYMBOL}"
SCALES = {"instruments": [{"symbol": SYMBOL, "priceScale": "100", "fractionalQtyScale": "100"}]}


def executions(*rows: dict[str, Any], **told: Any) -> dict[str, Any]:
    return {"executions": list(rows), **told}


def settled(px: str, **stats: Any) -> dict[str, Any]:
    return {"symbol": SYMBOL, "priceScale": "100", "stats": {"settlementPx": px, **stats}}


def events(batch: Batch) -> list[Any]:
    return [record.event for record in batch.records]


def aside(batch: Batch) -> list[tuple[str, str]]:
    return [(row.field, row.value) for row in batch.quarantine]


# ------------------------------------------------------------------------------ recorded frames


def test_the_recorded_frames_are_read_or_set_aside(shared):
    path = shared / "fixtures" / "polymarket_us" / "private_position_balance.json"
    content = path.read_bytes()
    batch = parse([RawPage(name="frames", content=content)], AccountConfig(account="A"))
    assert dict(batch.coverage.rows) == {"retail frames": 3}
    assert [(p.instrument_id, p.qty, p.cost_basis) for p in batch.positions] == [
        ("POLYMARKET_US:synthetic-combo", Decimal("2.25"), Decimal("0.5"))
    ]
    assert [(row.row, row.field) for row in batch.quarantine] == [
        ("answer[2].frame", "currency"), ("answer[3].frame", "currency")
    ]  # fmt: skip
    assert not batch.records


def moved(qty: str, at: str | None) -> dict[str, Any]:
    after = {"netPositionDecimal": qty, "marketMetadata": {"slug": SYMBOL}}
    told = {"beforePosition": None, "afterPosition": after, "updateTime": at}
    kind = "SUBSCRIPTION_TYPE_POSITION"
    return {"requestId": "1", "subscriptionType": kind, "positionSubscription": told}


def snapshot(amount: float) -> dict[str, Any]:
    told = {"balances": [{"currentBalance": amount, "currency": "USD", "buyingPower": 1}]}
    kind = "SUBSCRIPTION_TYPE_ACCOUNT_BALANCE"
    return {"requestId": "2", "subscriptionType": kind, "accountBalancesSnapshot": told}


def changed(before: float, after: float, **values: Any) -> dict[str, Any]:
    told = {"beforeBalance": {"currentBalance": before, "currency": "USD"},
            "afterBalance": {"currentBalance": after, "currency": "USD"}, "id": "b1",
            "updateTime": "2026-05-15T10:30:00Z", "entryType": "LEDGER_ENTRY_TYPE_DEPOSIT",
            "description": "Deposit", **values}  # fmt: skip
    kind = "SUBSCRIPTION_TYPE_ACCOUNT_BALANCE"
    update = {"balanceChange": told}
    return {"requestId": "2", "subscriptionType": kind, "accountBalancesUpdate": update}


@pytest.mark.parametrize(
    ("frames", "qty"),
    [
        ([moved("1", "2026-05-15T10:31:00Z"), moved("2.5", "2026-05-15T10:32:00Z")], "2.5"),
        ([moved("2.5", "2026-05-15T10:32:00Z"), moved("1", "2026-05-15T10:31:00Z")], "2.5"),
        ([moved("1", "2026-05-15T10:31:00Z"), moved("2.5", None)], "2.5"),
    ],
)
def test_of_a_streams_positions_the_newest_stands(frames, qty):
    batch = read(frames, account="A")
    assert [(p.instrument_id, p.qty) for p in batch.positions] == [(NAME, Decimal(qty))]


def test_what_a_stream_tells_of_positions_later_is_another_statement():
    early = [changed(0, 100), moved("1", "2026-05-15T10:31:00Z")]
    first = read(early, account="A")
    second = read([*early, moved("2", "2026-05-15T10:32:00Z")], account="A")
    assert first.statement_id != second.statement_id


@pytest.mark.parametrize(
    ("frames", "ending"),
    [
        ([snapshot(1000), changed(1000, 1100)], 1100),
        ([changed(1000, 1100), snapshot(1090)], 1090),
        ([snapshot(1000), changed(1000, 1100), snapshot(1090)], 1090),
        ([snapshot(1000), snapshot(1090)], 1090),
    ],
)
def test_of_a_streams_balances_the_last_stands(frames, ending):
    batch = read(frames, account="A")
    assert [(b.currency, b.ending) for b in batch.balances] == [("USD", ending)]


def test_a_snapshot_does_not_stand_when_a_change_after_it_cannot_be_read():
    batch = read([snapshot(1000), changed(1000, 1100, updateTime="never")], account="A")
    assert (batch.balances, aside(batch)) == ((), [("updateTime", "never")])


# ------------------------------------------------------------------------------ executions


def test_an_execution_says_all_it_knows():
    (record,) = read(executions(execution())).records
    assert record.event == FillBooked(
        exec_id="X1", instrument_id=NAME, side=Side.BUY, last_qty=Decimal(100),
        last_px=Decimal("0.6"), currency="USD", venue="POLYMARKET_US", cl_ord_id="C1",
        order_id="O1", fees=(Fee(amount=Decimal("1.67"), currency="USD"),),
        seq=789 * 10**15 + 10000, trade_id="T1", liquidity=Liquidity.TAKER,
    )  # fmt: skip
    assert record.occurred_at == datetime(2026, 5, 4, 14, 30, 15, 123456, tzinfo=UTC)


@pytest.mark.parametrize(
    ("price_scale", "qty_scale", "collected", "qty", "px", "fee"),
    [
        ("100", "100", "100", "3.12", "0.97", "0.01"),
        ("100", None, "20", "312", "0.97", "0.2"),
        ("100", "1", "-4", "312", "0.97", "-0.04"),
        ("1000", "100", None, "3.12", "0.097", None),
    ],
)
def test_the_worked_examples_of_the_venue(price_scale, qty_scale, collected, qty, px, fee):
    order = {"priceScale": price_scale, "fractionalQuantityScale": qty_scale}
    row = execution(order, lastShares="312", lastPx="97", commissionNotionalCollected=collected)
    (booked,) = events(read(executions(row)))
    assert (booked.last_qty, booked.last_px) == (Decimal(qty), Decimal(px))
    assert [one.amount for one in booked.fees] == ([Decimal(fee)] if fee else [])


@pytest.mark.parametrize(
    ("values", "order", "field"),
    [
        ({}, {"priceScale": "2"}, "priceScale"),
        ({}, {"priceScale": None}, "priceScale"),
        ({}, {"fractionalQuantityScale": "3"}, "fractionalQuantityScale"),
        ({}, {"side": "SIDE_CROSS"}, "side"),
        ({}, {"symbol": ""}, "symbol"),
        ({"type": "EXECUTION_TYPE_GIFT"}, {}, "type"),
        ({"type": "EXECUTION_TYPE_CANCELED"}, {}, "lastShares"),
        ({"lastShares": "1.5"}, {"cumQty": "0"}, "lastShares"),
        ({"lastPx": None}, {}, "lastPx"),
        ({"id": ""}, {}, "id"),
        ({"transactTime": ""}, {}, "transactTime"),
        ({"commissionSpreadPx": "61"}, {}, "commissionSpreadPx"),
        ({"commissionNotionalCollected": "0.5"}, {}, "commissionNotionalCollected"),
    ],
)
def test_what_is_not_known_is_set_aside_and_the_rest_goes_on(values, order, field):
    batch = read(executions(execution(order, **values), execution(id="X2")))
    assert [row.field for row in batch.quarantine] == [field]
    assert [event.exec_id for event in events(batch)] == ["X2"]


def test_a_spread_price_that_is_the_price_itself_leaves_nothing_to_choose():
    rows = (execution(commissionSpreadPx="60"), execution(id="X2", commissionSpreadPx="0"))
    batch = read(executions(*rows))
    assert [(one.exec_id, one.last_px) for one in events(batch)] == [
        ("X1", Decimal("0.6")), ("X2", Decimal("0.6"))
    ]  # fmt: skip
    assert not batch.quarantine


def test_no_is_the_other_side_of_yes():
    (sold,) = events(read(executions(execution({"side": "SIDE_SELL"}, lastPx="80"))))
    with empty_books() as book:
        told(book, read(executions(execution({"side": "SIDE_SELL"}, lastPx="80")), account="A"))
        (held,) = book.positions("A")
        assert (sold.side, held.net_qty, held.cost_basis) == (Side.SELL, -100, -80)
        assert [view.total for view in book.balances("A")] == [80 - Decimal("1.67")]


def test_orders_stand_as_they_were_told_last():
    ended = execution(
        {"state": "ORDER_STATE_CANCELED", "leavesQty": "0", "cumQty": "10000"}, id="X2",
        type="EXECUTION_TYPE_CANCELED", lastShares=None, transactTime="2026-05-04T14:31:00Z",
    )  # fmt: skip
    (order,) = read(executions(ended, execution())).orders
    assert (order.status, order.qty, order.cum_qty) == (OrdStatus.CANCELED, 300, 100)
    assert (order.limit_px, order.avg_px) == (Decimal("0.61"), Decimal("0.6"))


def test_open_orders_are_all_there_are():
    batch = read({"orders": [{**ORDER, "state": None, "cumQty": None}]})
    assert (batch.orders[0].status, batch.coverage.lists_orders) == (OrdStatus.NEW, True)
    assert not read({"order": [ORDER], "lastExecutions": []}).coverage.lists_orders
    assert not read({"orders": [{**ORDER, "side": "?"}]}).coverage.lists_orders
    assert not read({"orders": [{**ORDER, "orderQty": None, "cashOrderQty": "5"}]}).orders


# ------------------------------------------------------------------------------ trades


def test_a_trade_without_an_id_is_set_aside_alone():
    nameless = trade(execution(id="X2"), id=[])
    batch = read({"trades": [nameless, trade(execution())]}, venue_account=ACCOUNT)
    assert [event.exec_id for event in events(batch)] == ["X1"]
    assert aside(batch) == [("id", "[]")]


@pytest.mark.parametrize("first", [0, 1])
def test_the_execution_that_trades_tell_too_is_one(first):
    both = [executions(execution()), {"trade": [trade(execution())]}]
    with empty_books() as book:
        for answer in (both[first], both[1 - first]):
            told(book, read(answer, account="A", venue_account=ACCOUNT))
        (held,) = book.positions("A")
        assert (held.net_qty, dict(held.fees)) == (100, {"USD": Decimal("1.67")})


@pytest.mark.parametrize(
    "answers",
    [
        [executions(execution()), {"trade": [trade(execution(), state="TRADE_STATE_BUSTED")]}],
        [{"trade": [trade(execution(), state="TRADE_STATE_BUSTED")]}],
        [{"trade": [trade(execution(), state="TRADE_STATE_BUSTED")]}, executions(execution())],
        [{"tradeCaptureReports": [trade(execution()),
                                  trade(execution(), state="TRADE_STATE_BUSTED")]}],
    ],
)  # fmt: skip
def test_books_end_without_what_is_busted_whatever_came_before(answers):
    config = {"account": "A", "venue_account": ACCOUNT}
    with empty_books() as book:
        for answer in answers:
            told(book, read(answer, **config))
        assert all(view.is_flat for view in book.positions("A"))
        assert [view.total for view in book.balances("A")] == [0]
        (held,) = book.positions("A")
        assert held.instrument_id == NAME


def test_a_bust_is_under_the_fills_own_id():
    batch = read(
        {"trade": [trade(execution(), state="TRADE_STATE_BUSTED", text="error trade")]},
        venue_account=ACCOUNT,
    )
    booked, busted = events(batch)
    assert isinstance(busted, FillBusted)
    assert (busted.refers_to(), busted.reason) == (booked.identity(), "error trade")


@pytest.mark.parametrize("state_", ["TRADE_STATE_REJECTED", "TRADE_STATE_ODD", None])
def test_a_trade_that_may_not_stand_is_set_aside(state_):
    batch = read({"trade": [trade(execution(), state=state_)]}, venue_account=ACCOUNT)
    assert ([row.field for row in batch.quarantine], batch.records) == (["state"], ())


def test_both_sides_of_one_account_are_two_fills():
    sold = execution({"side": "SIDE_SELL", "id": "O2"}, id="X2")
    batch = read({"trade": [trade(execution(), passive=sold)]})
    assert [(e.exec_id, e.side, e.liquidity) for e in events(batch)] == [
        ("X1", Side.BUY, Liquidity.TAKER), ("X2", Side.SELL, Liquidity.MAKER)
    ]  # fmt: skip


# ------------------------------------------------------------------------------ cash


@pytest.mark.parametrize("form", ["{}", "LEDGER_ENTRY_TYPE_{}", "LEDGER_ENTRY_TYPE_BALANCE_{}"])
def test_every_spelling_of_an_entry_type(form):
    (moved,) = events(read(ledger(entry(entryType=form.format("DEPOSIT")))))
    assert moved == CashDeposited(
        id="b1", amount=Decimal(1000), currency="USD", venue="POLYMARKET_US",
        description="ACH deposit",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "after", "made"),
    [
        ("2", "-5", CashWithdrawn), ("PENDING_WITHDRAWAL_CREATION", "-5", CashWithdrawn),
        ("WITHDRAWAL_REJECTION", "5", CashDeposited), ("MANUAL_TRANSFER", "5", CashDeposited),
        ("17", "-5", CashWithdrawn), ("CORRECTION", "-5", BalanceAdjusted),
        ("MANUAL_ADJUSTMENT", "5", BalanceAdjusted), ("10", "5", BalanceAdjusted),
        ("WITHDRAWAL", "0", None), ("ORDER_EXECUTION", "-5", None), ("COMMISSION", "-5", None),
    ],
)  # fmt: skip
def test_each_entry_moves_what_its_balance_moved(kind, after, made):
    batch = read(ledger(entry(entryType=kind, beforeBalance="0", afterBalance=after)))
    assert [type(event) for event in events(batch)] == ([made] if made else [])
    assert not batch.quarantine
    assert batch.balances == (
        StatedBalance(currency="USD", ending=Decimal(after), opening=Decimal(0)),
    )


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"entryType": "NETTING"}, "entryType"), ({"entryType": "LEDGER_ENTRY_TYPE_UNDEFINED"},
         "entryType"), ({"afterBalance": "-1"}, "afterBalance"),
        ({"entryType": "WITHDRAWAL"}, "afterBalance"), ({"id": ""}, "id"),
        ({"currency": ""}, "currency"), ({"beforeBalance": "x"}, "beforeBalance"),
        ({"entryType": "CORRECTION", "symbol": SYMBOL}, "entryType"), ({"symbol": ["a"]}, "symbol"),
    ],
)  # fmt: skip
def test_an_entry_that_is_not_understood_is_set_aside(values, field):
    batch = read(ledger(entry(**values)))
    assert ([row.field for row in batch.quarantine], batch.records) == ([field], ())


def chain(*balances: str, at: str = "2026-05-04T09:00:00.001Z") -> list[dict[str, Any]]:
    return [
        entry(id=f"b{9 - n}", beforeBalance=old, afterBalance=new, updateTime=at, entryType="7")
        for n, (old, new) in enumerate(pairwise(balances))
    ]


def test_an_entry_that_is_delivered_again_is_one():
    rows = chain("0", "10", "25")
    with empty_books() as book:
        batch = read([ledger(*rows), ledger(), ledger(rows[1])], account="A")
        told(book, batch)
        assert batch.findings == ()
        assert [view.total for view in book.balances("A")] == [25]


@given(st.permutations(chain("0", "10", "25", "5", "10", "30")))
def test_law_a_chain_closes_in_any_order_of_one_instant(rows):
    batch = read(ledger(*rows))
    assert (batch.findings, batch.quarantine) == ((), ())
    assert batch.balances == (
        StatedBalance(currency="USD", ending=Decimal(30), opening=Decimal(0)),
    )


@given(st.lists(st.integers(-3, 3), min_size=1, max_size=12), st.randoms())
def test_law_any_chain_of_one_instant_is_found(states, chance):
    balances = list(map(str, [0, *states]))
    names = chance.sample(range(99), len(states))
    rows = [{**row, "id": f"b{name}"} for row, name in zip(chain(*balances), names, strict=True)]
    before = entry(id="a", beforeBalance="7", afterBalance="0", entryType="7")
    chance.shuffle(rows)
    assert read(ledger(*rows, before)).findings == ()


@given(
    st.lists(st.integers(-99, 99).filter(bool), min_size=2, max_size=8),
    st.integers(0, 6),
    st.integers(-50, 50).filter(bool),
)
def test_law_a_jump_is_always_found(steps, place, jump):
    place %= len(steps) - 1
    rows, balance = [], 0
    for number, step in enumerate(steps):
        rows.append(entry(id=f"b{number}", entryType="7", beforeBalance=str(balance),
                          afterBalance=str(balance + step),
                          updateTime=f"2026-05-04T09:00:{number:02d}Z"))  # fmt: skip
        balance += step + (jump if number == place else 0)
    (found,) = read(ledger(*reversed(rows))).findings
    assert found.what.startswith(f"{jump} USD moved before this entry")
    assert found.row == f"entries[{len(rows) - place - 1}]"


def test_executions_are_checked_against_the_ledgers():
    paid = entry(id="b2", entryType="ORDER_EXECUTION", beforeBalance="1000.00", symbol=SYMBOL,
                 afterBalance="938.33", updateTime="2026-05-04T14:30:15.124Z")  # fmt: skip
    whole = read(executions(execution()), ledger(entry(), paid), ledger(UNITS))
    assert [(c.stated, c.agrees) for c in whole.coverage.controls] == [
        (Decimal("-61.67"), True), (Decimal(100), True)
    ]  # fmt: skip
    assert len(whole.records) == 2
    wrong = read(executions(execution(lastPx="61")), ledger(entry(), paid), ledger(UNITS))
    assert [c.agrees for c in wrong.coverage.controls] == [False, True]
    assert not read(ledger(entry(), paid)).coverage.controls


def test_a_correction_of_what_is_busted_belongs_to_the_check():
    paid = entry(id="b2", entryType="3", beforeBalance="0", afterBalance="-61.67", symbol=SYMBOL)
    back = entry(id="b3", entryType="4", beforeBalance="-61.67", afterBalance="0", symbol=SYMBOL)
    batch = read(
        {"trade": [trade(execution(), state="TRADE_STATE_BUSTED")]}, ledger(paid, back),
        venue_account=ACCOUNT,
    )  # fmt: skip
    assert [(c.stated, c.rows) for c in batch.coverage.controls] == [(0, 0)]
    assert not batch.quarantine


# ------------------------------------------------------------------------------ settlement


def payout(amount: str) -> dict[str, Any]:
    return ledger(entry(id="r1", entryType="RESOLUTION", beforeBalance="0", afterBalance=amount,
                        symbol=SYMBOL))  # fmt: skip


@pytest.mark.parametrize(
    ("px", "amount", "side", "qty"),
    [("100", "60", Side.SELL, 60), ("100", "-60", Side.BUY, 60), ("50", "30", Side.SELL, 60)],
)
def test_a_resolution_closes_at_the_settlement_price(px, amount, side, qty):
    (closed,) = events(read(settled(px), payout(amount)))
    assert (closed.side, closed.last_qty, closed.scope) == (side, qty, "resolution")
    assert closed.last_px == Decimal(px) / 100


@pytest.mark.parametrize(
    "answers",
    [[payout("60")], [settled("0"), payout("60")], [settled("30"), payout("1")],
     [{"symbol": SYMBOL, "priceScale": "100"}, payout("60")]],
)  # fmt: skip
def test_a_payout_without_its_price_is_set_aside(answers):
    batch = read(*answers)
    assert (len(batch.quarantine), batch.records) == (1, ())


def test_the_newest_settlement_stands():
    old = settled("0", settlementSetTime="2026-05-06T00:00:00.5Z")
    new = settled("100", settlementSetTime="2026-05-06T00:00:00.51Z")
    for answers in ([old, new], [new, old]):
        assert len(read(*answers, payout("60")).records) == 1
    assert aside(read(settled("0"), settled("100"), account="A")) == [("settlementPx", "100")]
    batch = read(settled("100", settlementPreliminary=True), account="A")
    assert aside(batch) == [("settlementPreliminary", "true")]


GONE = {**UNITS, "id": "p2", "quantityChange": "-10000", "costChange": "-600000",
        "realizedChange": "-600000", "netPosition": "0", "cost": "0", "realized": "-600000",
        "updateTime": "2026-05-06T00:00:00Z"}  # fmt: skip


def test_a_contract_that_settles_at_zero_closes_without_money():
    answers = [executions(execution()), ledger(UNITS, GONE), settled("0")]
    batch = read(*answers, account="A")
    assert events(batch)[-1] == OptionExpired(
        id="p2", instrument_id=NAME, qty=Decimal(100), venue="POLYMARKET_US"
    )
    assert all(control.agrees for control in batch.coverage.controls[-1:])
    with empty_books() as book:
        told(book, batch)
        (held,) = book.positions("A")
        assert (held.net_qty, held.realized_pnl) == (0, -60)


def test_units_that_go_for_nothing_without_a_settlement_are_set_aside():
    batch = read(SCALES, ledger(UNITS, GONE))
    assert aside(batch) == [("quantityChange", "-10000")]
    assert (batch.findings, batch.records) == ((), ())


# ------------------------------------------------------------------------------ positions


def test_the_position_ledger_states_what_it_ends_with():
    more = {**UNITS, "id": "p2", "quantityChange": "-4000", "costChange": "-240000",
            "realizedChange": "40000", "netPosition": "6000", "cost": "360000",
            "realized": "40000", "updateTime": "2026-05-05T00:00:00Z"}  # fmt: skip
    batch = read(ledger(more, UNITS), SCALES)
    assert batch.positions == (
        StatedPosition(instrument_id=NAME, qty=Decimal(60), cost_basis=Decimal(36)),
    )
    assert (batch.findings, batch.coverage.lists_positions) == ((), False)
    wrong = read(ledger({**more, "netPosition": "6001"}, UNITS), SCALES)
    assert len(wrong.findings) == 1


def test_a_ledger_of_many_contracts_is_looked_through_once(monkeypatch):
    looked = []
    text = Row.text

    def looked_at(row, name):
        looked.append(name)
        return text(row, name)

    monkeypatch.setattr(Row, "text", looked_at)
    rows = [{**UNITS, "id": f"p{number}", "symbol": f"m-{number}"} for number in range(50)]
    scales = [{**SCALES["instruments"][0], "symbol": row["symbol"]} for row in rows]
    assert len(read({"instruments": scales}, ledger(*rows)).positions) == 50
    assert looked.count("symbol") <= 50 * 20


def test_a_position_without_its_scale_is_set_aside():
    held = {"account": ACCOUNT, "symbol": SYMBOL, "netPosition": "-500", "cost": "-30000"}
    answer = {"positions": [held], "availablePosition": ["0"], "eof": True}
    batch = read(answer)
    assert (aside(batch), batch.coverage.lists_positions) == ([("symbol", SYMBOL)], False)
    batch = read(SCALES, answer)
    assert (batch.positions[0].qty, batch.positions[0].cost_basis) == (-5, -3)
    assert batch.coverage.lists_positions
    assert not read(SCALES, {**answer, "eof": False, "nextPageToken": "x"}).coverage.lists_positions


def test_balances_are_those_of_every_currency():
    held = {"balances": {"USD": {"balance": "12.5", "buyingPower": "1", "unsettledFunds": "2"}}}
    batch = read(held, account="A")
    assert batch.balances == (StatedBalance(currency="USD", ending=Decimal("12.5")),)
    assert batch.coverage.lists_balances
    one = read({"balance": "12.5", "buyingPower": "1"}, account="A")
    assert (aside(one), one.coverage.lists_balances) == ([("currency", "")], False)


# ------------------------------------------------------------------------------ answers


@pytest.mark.parametrize(
    "answer",
    [{"code": 8, "message": "rate limit", "details": []}, {"error": "denied"}, {}, [[]], 5, "x",
     {"entries": {}}, {"executions": [1]}, {"balances": []}, [{"error": {"code": "7"}}]],
)  # fmt: skip
def test_an_error_or_another_document_is_refused(answer):
    with pytest.raises(BadFileError, match=r"page\.json"):
        read(answer, account="A")


def test_an_error_beside_an_empty_list_is_no_empty_answer():
    for answer in ({"error": "busy", "entries": []}, {"code": 8, "message": "x", "trade": []}):
        with pytest.raises(BadFileError, match="reports an error"):
            read(answer, account="A")


def test_an_empty_answer_says_none():
    for name in ("executions", "trade", "positions", "orders", "entries"):
        batch = read({name: []}, account="A")
        assert (len(batch.coverage.sections), batch.coverage.missing) == (1, ())
    assert read({"positions": []}, account="A").coverage.lists_positions


def test_an_announced_page_that_is_not_here_is_missing():
    more = ledger(entry(), more="eyJvZmZzZXQiOjEwMH0=")
    assert read(more).coverage.missing == ("the next page of balance ledger",)
    last = ledger(entry(id="b2", beforeBalance="1000.00", afterBalance="1001"))
    assert read(more, last).coverage.missing == ()


def test_several_accounts_need_a_name():
    other = {**entry(id="b9"), "account": "firms/F/accounts/other"}
    with pytest.raises(BadFileError, match="firms/F/accounts/other"):
        read(ledger(entry(), other))
    batch = read(ledger(entry(), other), venue_account="firms/F/accounts/other")
    assert [event.id for event in events(batch)] == ["b9"]
    with pytest.raises(BadFileError, match="name one of them"):
        read(ledger(entry()), venue_account="firms/F/accounts/other")


def test_the_books_of_the_sample():
    with empty_books() as book:
        told(book, SAMPLE.batch())
        assert all(view.is_flat for view in book.positions("A"))
        # 1000 in, 60 paid, 28 received, 1.67 of fees, 0.04 of rebate, 60 of payout.
        assert state(book)[-1] == ("USD", 1000 - 60 + 28 - Decimal("1.67") + Decimal("0.04") + 60)


# ------------------------------------------------------------------------------ any content

WHOLE = json.dumps([json.loads(one.content) for one in SAMPLE.pages]).encode()
VALUES: st.SearchStrategy[Any] = (
    st.none() | st.booleans() | st.text("0123456789.-eEx_", max_size=25) | st.just([{}])
)


def ours(answer: dict[str, Any]) -> Batch:
    """Beside a row that is ours, so that one of another account is passed over."""
    return parse([page([answer, ledger(UNITS)])], SAMPLE.config)


@given(st.binary(max_size=40), st.integers(0, len(WHOLE)), st.integers(0, len(WHOLE)))
def test_law_any_bytes_are_a_batch_or_refused(put, start, end):
    content = WHOLE[:start] + put + WHOLE[end:]
    try:
        batch = parse([RawPage(name="a", content=content)], SAMPLE.config)
    except BadFileError:
        return
    assert batch.account == "A"


@given(st.sampled_from(sorted(execution())), st.sampled_from(sorted(ORDER)), VALUES, st.booleans())
def test_law_any_value_is_booked_as_it_stands_or_set_aside(name, inner, value, is_inner):
    row = execution({inner: value}) if is_inner else {**execution(), name: value}
    for booked in events(ours(executions(row))):
        order = row["order"]
        scale = Decimal(order["priceScale"]) * Decimal(order["fractionalQuantityScale"] or 1)
        told_fee = Decimal(row["commissionNotionalCollected"] or 0) / scale
        assert sum(fee.amount for fee in booked.fees) == told_fee
        assert booked.last_px * Decimal(order["priceScale"]) == Decimal(row["lastPx"])
        assert booked.last_qty > 0


@given(st.sampled_from(sorted(entry())), VALUES)
def test_law_any_entry_moves_its_balance_or_is_set_aside(name, value):
    row = {**entry(), name: value}
    for moved in events(ours(ledger(row))):
        signed = -moved.amount if isinstance(moved, CashWithdrawn) else moved.amount
        assert signed == Decimal(row["afterBalance"]) - Decimal(row["beforeBalance"])
