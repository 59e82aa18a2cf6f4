"""FIX reports: each kind, each trap."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.brokers.fix44 import Dialect
from adapters.brokers.fix44.message import Message
from adapters.brokers.fix44.reports import Reports
from adapters.fix_frames import frames
from adapters.port import RawPage
from ledger.domain.events import (
    Fee,
    FeeKind,
    FillBooked,
    FillBusted,
    FillCorrected,
    Identity,
    Liquidity,
    Side,
)
from ledger.domain.instruments import InstrumentKind
from ledger.domain.order_status import OrdStatus
from tests.brokers.fix import (
    FILL,
    aside,
    events,
    fill,
    fills,
    lines,
    log,
    read,
    sent,
)
from tests.brokers.sampling import empty_books, told

# ------------------------------------------------------------------------------ executions


def test_a_fill_says_all_it_knows():
    (record,) = read(fill(t851="1", t880="M7", t527="S1", t198="SO1", t526="x")).records
    assert record.event == FillBooked(
        exec_id="E1", instrument_id="FIX:ACME", side=Side.BUY, last_qty=Decimal(100),
        last_px=Decimal(16), currency="USD", venue="FIX", scope="BROKER:20260302",
        cl_ord_id="C1", order_id="O1", fees=(Fee(amount=Decimal("1.50"), currency="USD"),), seq=2,
        trade_id="M7", settl_date=datetime(2026, 3, 4, tzinfo=UTC).date(),
        liquidity=Liquidity.MAKER,
    )  # fmt: skip
    assert record.occurred_at == datetime(2026, 3, 2, 15, tzinfo=UTC)
    assert record.also == (
        Identity("FIX", "BROKER:20260302", "secondary-execution", "S1"),
        Identity("FIX", "BROKER:20260302", "secondary-order", "SO1"),
    )


@pytest.mark.parametrize(
    ("code", "side"),
    [("1", Side.BUY), ("2", Side.SELL), ("3", Side.BUY), ("5", Side.SELL_SHORT),
     ("6", Side.SELL_SHORT)],
)  # fmt: skip
def test_the_sides(code, side):
    assert fills(read(fill(t54=code)))[0].side is side


@pytest.mark.parametrize(
    ("tag", "value"),
    [("54", "8"), ("150", "Z"), ("32", "1e2"), ("32", "0"), ("32", "-5"), ("31", "16,5"),
     ("17", ""), ("60", ""), ("60", "20260302"), ("60", "20260302-25:00:00"), ("75", "20261302"),
     ("442", "7"), ("423", "1"), ("13", "2"), ("13", ""), ("479", "US\u00a0D"), ("20", "7"),
     ("64", "2026-3-4")],
)  # fmt: skip
def test_what_is_not_known_is_set_aside_and_the_rest_goes_on(tag, value):
    batch = read(fill(**{f"t{tag}": value}), fill(t34="3", t17="E2"))
    assert [one.exec_id for one in fills(batch)] == ["E2"]
    assert [row.field for row in batch.quarantine] in ([tag], ["last_qty"], ["currency"])


def test_a_tag_that_stands_twice_is_not_understood():
    assert aside(log(sent([*FILL.items(), ("31", "99")]))) == [("31", "99")]


@given(st.sampled_from(["12", "31", "32"]), st.text("0123456789.-eE+", min_size=1, max_size=25))
def test_law_a_number_is_booked_as_it_stands_or_not_at_all(tag, written):
    batch = read(fill(**{f"t{tag}": written}))
    if batch.quarantine:
        return
    (booked,) = fills(batch)
    number = Decimal(written)
    assert not set(written) & set("eE+")
    fee = sum(one.amount for one in booked.fees)
    assert {"12": fee, "31": booked.last_px, "32": booked.last_qty}[tag] == number
    assert booked.last_qty > 0


def test_fix_42_tells_fills_by_type_and_busts_by_transaction():
    batch = read(
        fill(t150="1", t20="0"),
        fill(t34="3", t17="E2", t150="2", t39="2"),
        fill(t34="4", t17="E3", t19="E1", t150="1", t20="1"),
        fill(t34="5", t17="E4", t19="E2", t150="2", t20="2", t31="15"),
        fill(t34="6", t17="0", t150="1", t20="3"),
    )
    kinds = [FillBooked, FillBooked, FillBusted, FillCorrected]
    assert [type(event) for event in events(batch)] == kinds
    assert not batch.quarantine


def test_a_chain_of_corrections_and_a_bust_of_its_end():
    first = [
        fill(),
        fill(t34="3", t17="E2", t19="E1", t150="G", t31="15", t12=""),
        fill(t34="4", t17="E3", t19="E2", t150="G", t32="70"),
    ]
    with empty_books() as book:
        told(book, read(*first, account="A"))
        assert [(v.net_qty, v.cost_basis) for v in book.positions("A")] == [(70, 70 * 16)]
        told(book, read(fill(t34="5", t17="E4", t19="E3", t150="H"), account="A"))
        assert all(view.is_flat for view in book.positions("A"))
        assert [v.total for v in book.balances("A")] == [0]


def test_a_correction_without_commission_leaves_the_fee():
    (corrected,) = [
        event for event in events(read(fill(t17="E2", t19="E1", t150="G", t12="")))
        if isinstance(event, FillCorrected)
    ]  # fmt: skip
    assert corrected.fees is None


def test_a_correction_to_nothing_is_a_bust():
    batch = read(fill(), fill(t34="3", t17="E2", t19="E1", t150="G", t32="0"))
    assert isinstance(batch.records[1].event, FillBusted)


def test_a_bust_without_what_it_busts_is_set_aside():
    assert aside(read(fill(t150="H", t17="E2"))) == [("19", "")]


def test_a_bust_of_another_day_without_a_trade_date_has_its_fills():
    later = {"t75": "", "t60": "20260303-09:00:00", "t52": "20260303-09:00:00"}
    corrected = fill(t34="2", t17="E2", t19="E1", t150="G", **later)
    bust = fill(t34="3", t17="E3", t19="E2", t150="H", **later)
    scopes = {event.scope for event in events(read(fill(), corrected, bust))}
    assert scopes == {"BROKER:20260302"}
    told_alone = read(bust, account="A")
    with empty_books() as book:
        *_, report = told(book, read(fill(), account="A"), told_alone)
        assert report.counts["unlinked"] == 1


LATER = {"t75": "", "t60": "20260303-09:00:00", "t52": "20260303-09:00:00"}


def test_a_bust_told_alone_without_a_trade_date_finds_the_fill_of_its_order_in_the_books():
    bust = read(fill(t34="3", t17="E2", t19="E1", t150="H", **LATER), account="A")
    with empty_books() as book:
        *_, first, again = told(book, read(fill(), account="A"), bust, bust)
        assert (first.counts["reverses"], again.added) == (1, 0)
        assert all(view.is_flat for view in book.positions("A"))
        assert [view.total for view in book.balances("A")] == [0]


def test_so_does_one_of_a_correction_on_record():
    corrected = fill(t34="3", t17="E2", t19="E1", t150="G", t32="70")
    bust = read(fill(t34="3", t17="E3", t19="E2", t150="H", **LATER), account="A")
    with empty_books() as book:
        told(book, read(fill(), corrected, account="A"), bust)
        assert all(view.is_flat for view in book.positions("A"))


def test_and_a_correction_told_alone():
    corrected = fill(t34="3", t17="E2", t19="E1", t150="G", t32="70", **LATER)
    with empty_books() as book:
        told(book, read(fill(), account="A"), read(corrected, account="A"))
        assert [view.net_qty for view in book.positions("A")] == [70]


def test_a_correction_told_without_a_trade_date_and_what_amends_it_both_reach_the_fill():
    corrected = fill(t34="3", t17="E2", t19="E1", t150="G", t32="70", **LATER)
    last = LATER | {"t60": "20260304-09:00:00", "t52": "20260304-09:00:00"}
    bust = fill(t34="4", t17="E3", t19="E2", t150="H", **last)
    for later in ((corrected, bust), (bust, corrected)):
        with empty_books() as book:
            *_, report = told(book, read(fill(), account="A"), read(*later, account="A"))
            assert report.counts["unlinked"] == 0
            assert all(view.is_flat for view in book.positions("A"))


def test_an_order_replaced_all_day_is_walked_once():
    class Counted(dict[Any, Any]):
        looked = 0

        def __getitem__(self, key: Any) -> Any:
            Counted.looked += 1
            return super().__getitem__(key)

    chain = [fill(t34=str(n + 2), t17=f"E{n}", t11=f"C{n + 1}", t41=f"C{n}", t150="5", t32="0")
             for n in range(50)]  # fmt: skip
    messages = [Message.of(one) for one in frames(RawPage(name="a.log", content=lines(*chain)))]
    reports = Reports(Dialect(), messages)
    reports._replaced = Counted(reports._replaced)
    assert {reports.cl_ord_id(message) for message in messages} == {"C0"}
    assert Counted.looked <= 2 * len(messages)


def test_a_correction_told_again_after_the_bust_adds_nothing():
    corrected = read(fill(t34="3", t17="E2", t19="E1", t150="G", t32="70", **LATER), account="A")
    bust = read(fill(t34="4", t17="E3", t19="E2", t150="H", **LATER), account="A")
    with empty_books() as book:
        *_, report = told(book, read(fill(), account="A"), corrected, bust, corrected)
        assert (report.added, report.counts["unlinked"]) == (0, 0)


@pytest.mark.parametrize("values", [{"t37": "O2"}, {"t49": "OTHER"}, {"t19": "E9"}])
def test_a_bust_of_another_order_sender_or_id_finds_nothing(values):
    bust = fill(**{"t34": "3", "t17": "E2", "t19": "E1", "t150": "H"} | LATER | values)
    with empty_books() as book:
        *_, report = told(book, read(fill(), account="A"), read(bust, account="A"))
        assert report.counts["unlinked"] == 1


def test_a_bust_of_an_id_that_was_booked_on_two_days_finds_nothing():
    bust = fill(t34="3", t17="E2", t19="E1", t150="H", **LATER | {"t60": "20260304-09:00:00"})
    both = read(fill(), fill(t34="3", t75="20260303"), account="A")
    with empty_books() as book:
        *_, report = told(book, both, read(bust, account="A"))
        assert report.counts["unlinked"] == 1


def test_a_bust_of_an_id_used_on_two_days_is_not_guessed():
    bust = fill(t34="5", t17="E3", t19="E1", t150="H", t75="", t60="20260304-09:00:00")
    batch = read(fill(), fill(t34="3", t75="20260303"), bust)
    assert events(batch)[2].refers_to().scope == "BROKER:20260304"


def test_one_sent_again_is_one_fill_in_its_first_place():
    resent = fill(t34="9", t97="Y", t52="20260302-16:00:00")
    batch = read(fill(), fill(t34="3", t17="E2"), resent)
    assert [one.seq for one in fills(batch)] == [2, 3, 2]
    with empty_books() as book:
        (report,) = told(book, batch)
        assert (report.counts["new"], report.counts["same"]) == (3, 1)


def test_one_sent_again_is_no_later_word_on_its_order():
    late = fill(t34="3", t17="E2", t14="300", t39="2", t151="0", t52="20260302-15:30:00")
    resent = fill(t34="9", t97="Y", t52="20260302-16:00:00")
    (order,) = read(fill(), late, resent).orders
    assert (order.cum_qty, order.is_open) == (300, False)


def test_a_correction_sent_again_is_no_later_word_on_its_fill():
    first = {"t17": "E2", "t19": "E1", "t150": "G", "t31": "17"}
    second = fill(t34="4", t17="E3", t19="E1", t150="G", t31="18", t52="20260302-15:30:00")
    resent = fill(t34="9", t97="Y", t52="20260302-16:00:00", **first)
    batch = read(fill(), fill(t34="3", **first), second, resent)
    at = [one.occurred_at for one in batch.records if isinstance(one.event, FillCorrected)]
    assert at[0] == at[2] < at[1]


def test_ids_of_another_day_or_sender_are_others():
    batch = read(
        fill(), fill(t34="3", t75="20260303"), fill(t34="4", t49="OTHER"), fill(t34="5", t115="X")
    )
    assert len({event.identity() for event in fills(batch)}) == 4


def test_one_counterparty_may_have_several_senders():
    dialect = Dialect(venue="BRK", sender="BRK")
    batch = read(fill(), fill(t34="3", t49="BROKER-DC"), dialect=dialect)
    assert {event.identity() for event in fills(batch)} == {
        Identity("BRK", "BRK:20260302", "fill", "E1")
    }


def test_what_moves_no_units_is_an_orders_state():
    ended = fill(t34="3", t150="4", t39="4", t17="E2", t41="C1", t11="C2", t32="", t31="",
                 t151="0", t52="20260302-15:01:00")  # fmt: skip
    (order,) = read(ended, fill()).orders
    assert (order.order_id, order.cl_ord_id, order.status) == ("O1", "C1", OrdStatus.CANCELED)
    assert (order.qty, order.cum_qty, order.leaves_qty) == (300, 100, 0)


def test_fills_that_only_an_orders_report_tells_are_set_aside_and_its_state_stands():
    state = fill(t150="I", t17="", t32="", t31="", t1362="1", t1363="E9", t1364="20", t1365="100")
    batch = read(state)
    assert aside(batch) == [("1362", "1")]
    assert batch.orders[0].cum_qty == 100
    assert not aside(read(fill(t150="I", t17="E2", t1362="0")))
    assert not aside(read(fill(t1362="1", t1363="E9", t1364="20", t1365="100")))


def test_the_last_report_of_an_order_stands_whatever_the_order_of_files():
    early, late = fill(), fill(t34="3", t17="E2", t14="300", t39="2", t151="0")
    for messages in ([early, late], [late, early]):
        (order,) = read(*messages).orders
        assert (order.cum_qty, order.is_open) == (300, False)


def test_replacements_lead_back_to_the_first_id():
    batch = read(
        fill(),
        fill(t34="3", t17="E2", t150="5", t39="5", t11="C2", t41="C1", t32="", t31=""),
        fill(t34="4", t17="E3", t11="C2"),
        fill(t34="5", t17="E4", t150="5", t39="5", t11="C3", t41="C2", t32="", t31=""),
        fill(t34="6", t17="E5", t11="C3"),
        fill(t34="7", t17="E6", t11="C3", t37="O2"),
    )
    assert [one.cl_ord_id for one in fills(batch)] == ["C1", "C1", "C1", "C3"]


def test_a_state_that_cannot_be_read_does_not_keep_its_fill_out():
    batch = read(fill(t39="Z"))
    assert len(fills(batch)) == 1
    assert "its order's state cannot be" in batch.findings[0].what


# ------------------------------------------------------------------------------ legs


def test_legs_are_booked_and_their_sum_is_not():
    batch = read(
        fill(t442="3", t55="SPREAD"), fill(t34="3", t17="E2", t442="2"),
        fill(t34="4", t17="E3", t442="2", t54="2", t55="OTHER"),
    )  # fmt: skip
    assert [one.instrument_id for one in fills(batch)] == ["FIX:ACME", "FIX:OTHER"]
    assert not batch.quarantine


def test_a_sum_whose_legs_are_not_here_is_set_aside():
    assert aside(read(fill(t442="3"), fill(t34="3", t17="E2", t37="O2"))) == [("442", "3")]


# ------------------------------------------------------------------------------ fees


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({"t12": "1.50"}, [("1.50", "USD", FeeKind.COMMISSION)]),
        ({"t12": "-0.25", "t479": "EUR"}, [("-0.25", "EUR", FeeKind.COMMISSION)]),
        ({"t12": "0.01", "t13": "1"}, [("1.00", "USD", FeeKind.COMMISSION)]),
        ({"t12": "0", "t13": ""}, []),
        ({"t12": ""}, []),
        ({"t479": "", "t15": "GBP"}, [("1.50", "GBP", FeeKind.COMMISSION)]),
    ],
)
def test_commission(tags, expected):
    (booked,) = fills(read(fill(**tags)))
    assert [(str(fee.amount), fee.currency, fee.kind) for fee in booked.fees] == expected


def group(*entries: tuple[str, str], count: str = "") -> bytes:
    told = str(sum(tag == "137" for tag, _ in entries))
    return sent([*(FILL | {"12": ""}).items(), ("136", count or told), *entries])


def test_the_group_of_further_fees():
    (booked,) = fills(log(group(
        ("137", "0.12"), ("138", "USD"), ("139", "4"),
        ("137", "0.002"), ("138", "EUR"), ("139", "1"), ("891", "1"),
        ("137", "-3"), ("139", "2"),
    )))  # fmt: skip
    assert booked.fees == (
        Fee(amount=Decimal("0.12"), currency="USD", kind=FeeKind.EXCHANGE),
        Fee(amount=Decimal("0.200"), currency="EUR", kind=FeeKind.REGULATORY),
        Fee(amount=Decimal(-3), currency="USD", kind=FeeKind.TAX),
    )


@pytest.mark.parametrize(
    ("told", "kind"),
    [
        *((told, FeeKind.OTHER) for told in ("13", "18", "19", "20", "28", "29", "30")),
        *((told, FeeKind.EXCHANGE) for told in ("21", "24", "25", "26", "27")),
        *((told, FeeKind.TAX) for told in ("16", "17", "22", "23")),
        *((told, FeeKind.CLEARING) for told in ("31", "32")),
        ("14", FeeKind.BORROW),
        ("15", FeeKind.REGULATORY),
    ],
)
def test_a_kind_of_fee_that_later_versions_of_fix_added(told, kind):
    (booked,) = fills(log(group(("137", "0.12"), ("139", told))))
    assert booked.fees == (Fee(amount=Decimal("0.12"), currency="USD", kind=kind),)


@pytest.mark.parametrize(
    ("message", "field"),
    [
        (group(("137", "1"), ("139", "4"), count="2"), "136"),
        *((group(("137", "1"), ("139", told)), "139") for told in ("33", "34", "35", "36")),
        (group(("137", "1"), ("139", "99")), "139"),
        (group(("137", "1")), "139"),
        (group(("137", "1"), ("139", "4"), ("891", "2")), "891"),
        (fill(t479="", t15="", t167=""), "479"),
    ],
)
def test_a_fee_that_is_not_understood_sets_the_fill_aside(message, field):
    batch = log(message)
    assert [row.field for row in batch.quarantine] == [field]
    assert not batch.records


def test_a_venue_that_writes_charges_negative_says_so():
    (booked,) = fills(read(fill(t12="-1.50"), dialect=Dialect(negative_charges=True)))
    assert booked.fees[0].amount == Decimal("1.50")


# ------------------------------------------------------------------------------ instruments


@pytest.mark.parametrize(
    ("tags", "name", "kind", "multiplier"),
    [
        ({}, "FIX:ACME", InstrumentKind.EQUITY, 1),
        ({"t167": "", "t460": "5"}, "FIX:ACME", InstrumentKind.EQUITY, 1),
        ({"t167": "FUT", "t200": "202612", "t231": "50"}, "FIX:ACME:202612",
         InstrumentKind.LINEAR, 50),
        ({"t167": "OPT", "t541": "20261218", "t201": "1", "t202": "20", "t231": "100"},
         "FIX:ACME:20261218:C20", InstrumentKind.OPTION, 100),
        ({"t167": "FOR", "t55": "EUR/USD", "t15": "EUR"}, "FIX:EUR/USD", InstrumentKind.SPOT, 1),
        ({"t55": "[N/A]", "t48": "US0001"}, "FIX:US0001", InstrumentKind.EQUITY, 1),
    ],
)  # fmt: skip
def test_an_instrument_is_what_the_message_tells(tags, name, kind, multiplier):
    batch = read(fill(**tags))
    (defined,) = [one.instrument for one in batch.instruments]
    assert (defined.instrument_id, defined.kind, defined.multiplier) == (name, kind, multiplier)
    assert fills(batch)[0].instrument_id == name
    assert name.startswith(f"FIX:{defined.symbol}")
    assert fills(batch)[0].currency == defined.currency == "USD"


@pytest.mark.parametrize("tags", [{"t167": ""}, {"t167": "FUT"}, {"t167": "OPT"}, {"t167": "X"},
                                  {"t15": ""}])  # fmt: skip
def test_one_of_which_too_little_is_told_is_not_guessed(tags):
    batch = read(fill(**tags), fill(t34="3", t17="E2", **tags))
    assert not batch.instruments
    assert len(fills(batch)) == 2
    assert ["write [instruments." in one.what for one in batch.findings] == [True]


def test_a_quantity_in_the_second_currency_is_set_aside():
    assert aside(read(fill(t167="FOR", t55="EUR/USD", t15="USD"))) == [("15", "USD")]


@pytest.mark.parametrize("none", ["0", "NONE", "-1"])
def test_a_word_for_no_id_is_none(none):
    made = fill(t41=none), fill(t34="3", t17="E2", t11="C2", t37="O2", t41=none)
    assert [one.cl_ord_id for one in fills(read(*made))] == ["C1", "C2"]
    (nameless,) = fills(read(fill(t37=none, t11="")))
    assert (nameless.order_id, nameless.cl_ord_id) == (None, None)


@pytest.mark.parametrize("none", ["0", "NONE", "-1"])
def test_orders_that_were_refused_without_an_id_of_the_venue_are_told_apart(none):
    refused = [fill(t34=n, t17=f"R{n}", t11=f"C{n}", t37=none, t150="8", t39="8", t14="0", t32="",
                    t31="") for n in ("2", "3")]  # fmt: skip
    stated = read(*refused).orders
    assert [(one.order_id, one.cl_ord_id, one.status) for one in stated] == [
        ("C2", "C2", OrdStatus.REJECTED), ("C3", "C3", OrdStatus.REJECTED),
    ]  # fmt: skip
    assert not read(fill(t37=none, t11="", t442="2")).orders


def test_legs_are_those_of_a_sum_by_the_id_that_links_them():
    whole = fill(t442="3", t880="8", t55="ACME-ACNE")
    legs = [fill(t34=n, t17=f"L{n}", t37="-1", t11="", t442="2", t820="8") for n in ("3", "4")]
    batch = read(whole, *legs)
    assert ([one.exec_id for one in fills(batch)], batch.quarantine) == (["L3", "L4"], ())
    assert aside(read(whole, *(fill(t34="3", t17="L3", t37="-1", t442="2", t820="9"),)))


@pytest.mark.parametrize("kind", ["FUT", "OPT", "MLEG"])
def test_a_contract_without_its_maturity_is_known_by_its_id(kind):
    legs = [fill(t34=n, t17=f"L{n}", t167=kind, t55="90", t48=id_, t231="2500", t442="2")
            for n, id_ in (("2", "998490"), ("3", "998500"))]  # fmt: skip
    assert [one.instrument_id for one in fills(read(*legs))] == ["FIX:90:998490", "FIX:90:998500"]
    (dated,) = fills(read(fill(t167="FUT", t55="ES", t48="123", t200="202606")))
    assert dated.instrument_id == "FIX:ES:202606"
    (same,) = fills(read(fill(t167="FUT", t55="ESM6", t48="ESM6")))
    assert same.instrument_id == "FIX:ESM6"
