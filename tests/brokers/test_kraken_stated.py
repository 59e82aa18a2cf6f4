"""What Kraken says is there, its futures, and every recorded answer."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

import ledger
from adapters.ingest import ingest
from adapters.port import RawPage
from adapters.reconcile.costs import Costs
from adapters.statement import Comparison
from ledger.domain.events import Booking, FillBooked, Liquidity, Side
from ledger.domain.instruments import InstrumentKind
from ledger.domain.numbers import text
from ledger.domain.order_status import OrdStatus
from tests.brokers.kraken import FILL, ORDER, POSITION, page, read, result, trades
from tests.brokers.sampling import NOW

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def orders(*rows, where="open"):
    held = {f"O{n}": {**ORDER, **row} for n, row in enumerate(rows, start=1)}
    return read(result({where: held}))


def futures(kind, *rows):
    return page({"result": "success", "serverTime": "2023-04-07T16:00:00.000Z", kind: list(rows)})


# --------------------------------------------------------------------- balances, positions


def test_a_balance_is_of_a_coin_wherever_it_lies():
    batch = read(result({"DOT": "1.5", "DOT.S": "10", "DOT28.S": "2", "ZUSD": "5", "KFEE": "0"}))
    held = {stated.currency: stated.ending for stated in batch.balances}
    assert held == {"DOT": Decimal("13.5"), "USD": 5, "KFEE": 0}
    assert batch.coverage.lists_balances


def test_a_tokenised_share_is_stated_as_its_pair_names_it():
    batch = read(result({"AAPLx.T": "0.1", "BRK.Bx.T": "0.3"}))
    held = {stated.currency: stated.ending for stated in batch.balances}
    assert held == {"AAPLx": Decimal("0.1"), "BRK.Bx": Decimal("0.3")}


def test_the_extended_balance_is_read_too():
    batch = read(result({"ZUSD": {"balance": "25.43", "hold_trade": "8.2"}}))
    assert [stated.ending for stated in batch.balances] == [Decimal("25.43")]


def test_a_balance_that_cannot_be_read_leaves_the_list_open():
    batch = read(result({"ZUSD": "5", "XXBT": "many"}))
    assert (len(batch.balances), batch.coverage.lists_balances) == (1, False)


def test_margin_positions_are_summed_by_pair():
    short = {**POSITION, "type": "sell", "pair": "XETHZUSD", "cost": "900"}
    batch = read(result({"T1": POSITION, "T2": POSITION, "T3": short}))
    assert [(p.instrument_id, p.qty, p.cost_basis) for p in batch.positions] == [
        ("KRAKEN:margin:BTC/USD", 1, 100000),
        ("KRAKEN:margin:ETH/USD", Decimal("-0.5"), -900),
    ]
    assert batch.coverage.lists_positions


def test_a_position_closed_in_part_has_no_known_basis():
    batch = read(result({"T1": {**POSITION, "vol_closed": "0.1"}}))
    assert [(p.qty, p.cost_basis) for p in batch.positions] == [(Decimal("0.4"), None)]


@pytest.mark.parametrize(
    ("booking", "found"), [(Booking.FIFO, [("15000", "15000")]), (Booking.AVERAGE, [])]
)
def test_the_cost_of_what_is_left_is_that_of_the_last_opened_before_fees(booking, found):
    first = {"margin": "100", "misc": ""}
    batch = read(
        trades(
            T1=first,
            T2={**first, "time": 1688585841.5, "price": "30000", "cost": "15000"},
            T3={"time": 1688585842.5, "type": "sell", "misc": "closing"},
        ),
        result({"T2": {**POSITION, "cost": "15000"}}),
    )
    with ledger.open("memory://", clock=lambda: NOW) as book:
        book.open_account("A", base_currency="USD", booking=booking, occurred_at=LONG_AGO)
        ingest(book, batch)
        compared = Comparison(book, batch, book.store.head())
        costs = Costs(compared, batch, compared.lines(), book.store, NOW).found
    assert [(text(one.booked), text(one.stated)) for one in costs] == found


def test_a_list_of_spot_says_nothing_of_futures():
    batch = read(result({"T1": POSITION}), futures("fills", FILL))
    assert not batch.coverage.lists_positions


@pytest.mark.parametrize(("spot", "is_whole"), [({"T1": POSITION}, True), ({"ZUSD": "1"}, False)])
def test_spot_and_futures_each_need_their_own_list(spot, is_whole):
    held = {"side": "short", "symbol": "PI_XBTUSD", "price": 1, "size": 8}
    batch = read(result(spot), futures("openPositions", held))
    assert batch.coverage.lists_positions is is_whole
    assert not batch.coverage.lists_balances


# --------------------------------------------------------------------------------- orders


@pytest.mark.parametrize(("changes", "status", "filled"), [
    ({"status": "pending"}, OrdStatus.PENDING_NEW, "0"),
    ({}, OrdStatus.NEW, "0"),
    ({"vol_exec": "0.2"}, OrdStatus.PARTIALLY_FILLED, "0.2"),
    ({"status": "closed", "vol_exec": "0.5"}, OrdStatus.FILLED, "0.5"),
    ({"status": "closed", "vol_exec": "0.2"}, OrdStatus.CANCELED, "0.2"),
    ({"status": "canceled"}, OrdStatus.CANCELED, "0"),
    ({"status": "expired"}, OrdStatus.EXPIRED, "0"),
])  # fmt: skip
def test_orders_by_status(changes, status, filled):
    (order,) = orders(changes).orders
    assert (order.status, order.cum_qty) == (status, Decimal(filled))
    assert order.leaves_qty == (order.qty - order.cum_qty if order.is_open else 0)
    assert order.avg_px == (Decimal("29500.0") if order.cum_qty else None)


@pytest.mark.parametrize(("terms", "row", "limit", "stop"), [
    ({}, {}, "29500.0", None),
    ({"ordertype": "market", "price": "0"}, {}, None, None),
    ({"ordertype": "stop-loss", "price": "0"}, {"stopprice": "1800"}, None, "1800"),
    ({"ordertype": "stop-loss", "price": "1800"}, {}, None, "1800"),
    ({"ordertype": "stop-loss-limit", "price": "1800", "price2": "1790"}, {}, "1790", "1800"),
    ({"ordertype": "trailing-stop", "price": "+5.0%"}, {"stopprice": "1750"}, None, "1750"),
    ({"price": "-5%"}, {}, None, None),
])  # fmt: skip
def test_prices_of_an_order(terms, row, limit, stop):
    (order,) = orders({"descr": {**ORDER["descr"], **terms}, **row}).orders
    wanted = [None if px is None else Decimal(px) for px in (limit, stop)]
    assert [order.limit_px, order.stop_px] == wanted


def test_only_the_open_orders_are_all_there_are():
    assert orders({}).coverage.lists_orders
    assert not orders({}, {"status": "lost"}).coverage.lists_orders
    assert not orders({"status": "closed"}, where="closed").coverage.lists_orders


def test_a_closed_order_is_never_open_again():
    closed = {"O1": {**ORDER, "status": "canceled", "closetm": 1688583841.0}}
    for pages in (("open", "closed"), ("closed", "open")):
        held = {"open": {"O1": ORDER}, "closed": closed}
        batch = read(*(result({where: held[where]}) for where in pages))
        assert [order.status for order in batch.orders] == [OrdStatus.CANCELED]


@pytest.mark.parametrize("changes", [
    {"oflags": "viqc"}, {"vol_exec": "9"}, {"vol_exec": "-1"}, {"descr": None}, {"status": "?"},
])  # fmt: skip
def test_an_order_that_is_not_understood_is_set_aside(changes):
    batch = orders(changes)
    assert (len(batch.orders), len(batch.quarantine)) == (0, 1)


def test_an_order_on_margin_is_of_the_margin_instrument():
    (order,) = orders({"descr": {**ORDER["descr"], "leverage": "5:1"}}).orders
    assert order.instrument_id == "KRAKEN:margin:BTC/USDT"


# -------------------------------------------------------------------------------- futures


@pytest.mark.parametrize(("symbol", "kind", "currency"), [
    ("PI_XBTUSD", InstrumentKind.INVERSE, "BTC"),
    ("FI_ETHUSD_200925", InstrumentKind.INVERSE, "ETH"),
    ("PF_ETHUSD", InstrumentKind.LINEAR, "USD"), ("pf_xbtusd", InstrumentKind.LINEAR, "USD"),
    ("FF_XBTUSD_230929", InstrumentKind.LINEAR, "USD"),
])  # fmt: skip
def test_a_symbol_says_what_it_is(symbol, kind, currency):
    (defined,) = read(futures("fills", {**FILL, "symbol": symbol})).instruments
    assert (defined.instrument.kind, defined.instrument.currency) == (kind, currency)
    assert defined.instrument.multiplier == 1


@pytest.mark.parametrize("changes", [
    {"symbol": "PV_XRPXBT"}, {"symbol": "FI_XBTUSD_1"}, {"side": "flat"}, {"fillType": "gift"},
    {"fee_currency": None}, {"size": 0}, {"price": None}, {"fill_id": None}, {"fillTime": "now"},
])  # fmt: skip
def test_a_fill_that_is_not_understood_is_set_aside(changes):
    batch = read(futures("fills", FILL, {**FILL, **changes}))
    assert (len(batch.records), len(batch.quarantine)) == (1, 1)


def test_a_fill_of_the_answer_is_of_our_order_by_either_spelling():
    for name in ("cliOrdId", "cli_ord_id"):
        (record,) = read(futures("fills", {**FILL, name: "mine"})).records
        assert record.event.cl_ord_id == "mine"


def test_the_feeds_fill_is_the_answers_fill_and_a_rebate_is_negative():
    feed = {"instrument": "PI_XBTUSD", "time": 1680882310739, "price": 27937.5, "buy": True,
            "qty": 5000.0, "fill_id": "f1", "fill_type": "maker", "order_id": "o1", "seq": 36,
            "cli_ord_id": "mine", "fee_paid": -0.00002, "fee_currency": "BTC"}  # fmt: skip
    (one,) = read(futures("fills", FILL)).records
    (two,) = read(page({"feed": "fills", "account": "Demo", "fills": [feed]})).records
    assert (one.occurred_at, one.event.identity()) == (two.occurred_at, two.event.identity())
    assert (two.event.side, two.event.cl_ord_id) == (Side.BUY, "mine")
    assert (one.event.liquidity, two.event.liquidity) == (Liquidity.TAKER, Liquidity.MAKER)
    assert [one.event.fees[0].amount > 0, two.event.fees[0].amount < 0] == [True, True]


def test_the_feed_tells_whose_it_is():
    batch = read(page({"feed": "fills_snapshot", "account": "Demo", "fills": []}), account=None)
    assert (batch.account, batch.coverage.sections) == ("Demo", ("futures fills",))


def test_no_open_position_is_flat():
    assert read(futures("openPositions")).coverage.lists_positions
    assert not read(futures("fills")).coverage.lists_positions


# --------------------------------------------------------------------------- recorded answers

RECORDED = {
    "http_closed_orders.json": ("ClosedOrders", 2, 0, 0, 0, 2),
    "http_futures_fills.json": ("futures fills", 3, 3, 0, 0, 0),
    "http_futures_open_positions.json": ("futures openPositions", 2, 0, 2, 0, 0),
    "http_futures_order_events.json": ("futures orderEvents", 3, 0, 0, 0, 3),
    "http_open_orders.json": ("OpenOrders", 2, 0, 0, 0, 2),
    "http_spot_balance.json": ("Balance", 3, 0, 0, 3, 0),
    "http_spot_open_positions.json": ("OpenPositions", 1, 0, 1, 0, 0),
    "http_trades_history.json": ("TradesHistory", 2, 2, 0, 0, 0),
    "ws_futures_fills_delta.json": ("futures fills", 1, 1, 0, 0, 0),
    "ws_futures_fills_snapshot.json": ("futures fills", 2, 2, 0, 0, 0),
}


def test_every_recorded_answer_is_read_whole(shared):
    folder, seen = shared / "fixtures" / "kraken", {}
    for path in sorted(folder.glob("*.json")):
        batch = read(RawPage(name=path.name, content=path.read_bytes()))
        assert (batch.quarantine, batch.findings, batch.coverage.missing) == ((), (), ())
        ((kind, rows),) = batch.coverage.rows
        counts = map(len, (batch.records, batch.positions, batch.balances, batch.orders))
        seen[path.name] = (kind, rows, *counts)
    assert seen == RECORDED


def test_the_recorded_fills_to_the_digit(shared):
    folder = shared / "fixtures" / "kraken"
    names = ("http_trades_history.json", "ws_futures_fills_snapshot.json")
    pages = [RawPage(name=name, content=(folder / name).read_bytes()) for name in names]
    fills = [r.event for r in read(*pages).records if isinstance(r.event, FillBooked)]
    assert [(f.instrument_id, f.signed_qty, f.last_px, f.fees[0].amount, f.fees[0].currency)
            for f in fills] == [
        ("KRAKEN:BTC/USDT", Decimal("0.5"), Decimal("29500.5"), Decimal("23.6"), "USDT"),
        ("KRAKEN:ETH/USDT", -1, Decimal("1799.75"), Decimal("3.6"), "USDT"),
        ("KRAKEN:futures:FI_XBTUSD_200925", 5000, Decimal("10937.5"),
         Decimal("-0.00009142857"), "BTC"),
        ("KRAKEN:futures:PI_ETHUSD", 5000, Decimal("364.65"), Decimal("0.00685588921"), "ETH"),
    ]  # fmt: skip
