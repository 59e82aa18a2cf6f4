"""Settings of a venue's parser: what a table of TOML may say, and what each wrong word is told."""

from __future__ import annotations

from contextlib import suppress
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters import venues
from adapters.brokers.fix44 import SETTINGS, Dialect, Terms
from adapters.port import AccountConfig, Batch, Parser, RawPage
from adapters.venue_settings import read_table, settings_of
from ledger.domain.instruments import InstrumentKind
from ledger.errors import BadFileError
from tests.brokers.fix import fill, lines, read

WHOLE = """
venue = "ACME"
sender = "ACMEFIX"
currency = "USD"
negative_charges = true
trade_reports = false

[instruments.ES]
kind = "linear"
multiplier = 50

[instruments."MES:202612"]
multiplier = 0.1
currency = "EUR"
"""
FUTURE = {"t55": "ES", "t200": "202612", "t167": "FUT", "t12": ""}


def dialect(toml: str) -> Dialect:
    made = settings_of("fix44", SETTINGS, read_table("acme.toml", toml.encode()))
    assert isinstance(made, Dialect)
    return made


def page(*messages: bytes) -> list[RawPage]:
    return [RawPage(name="fix.log", content=lines(*messages))]


def test_a_table_becomes_the_venues_own_class():
    assert dialect(WHOLE) == Dialect(
        venue="ACME", sender="ACMEFIX", currency="USD", negative_charges=True,
        trade_reports=False, instruments={
            "ES": Terms(kind=InstrumentKind.LINEAR, multiplier=Decimal(50)),
            "MES:202612": Terms(multiplier=Decimal("0.1"), currency="EUR"),
        },
    )  # fmt: skip


def test_an_empty_table_is_the_standard():
    assert dialect("") == Dialect()


@pytest.mark.parametrize(
    ("toml", "told"),
    [
        ('curency = "USD"', "curency: no such setting; there are venue, sender, currency"),
        ("currency = 1", 'currency: write a text, such as "ACME"'),
        ('currency = ""', 'currency: write a text, such as "ACME"'),
        ('currency = "U\\u0007"', "currency: it holds characters that do not print"),
        ('negative_charges = "true"', "negative_charges: write true or false"),
        ("negative_charges = 1", "negative_charges: write true or false"),
        ("instruments = 1", "instruments: write a table, [instruments]"),
        ("instruments.ES = 1", 'instruments."ES": write a table, [instruments."ES"]'),
        ("instruments.ES.x = 1", 'instruments."ES".x: no such setting; there are kind, currency'),
        ('instruments.ES.kind = "future"', 'instruments."ES".kind: write one of spot, equity'),
        ('instruments.ES.kind = "spot"', 'instruments."ES".kind: write one of equity, linear'),
        ("instruments.ES.multiplier = true", 'instruments."ES".multiplier: write a number'),
        ("instruments.ES.multiplier = inf", 'instruments."ES".multiplier: '),
        ('instruments.ES.multiplier = "fifty"', 'instruments."ES".multiplier: '),
        ("instruments.ES.multiplier = 0", 'instruments."ES".multiplier: it is not above zero'),
        ("instruments.ES.multiplier = -5", 'instruments."ES".multiplier: it is not above zero'),
    ],
)
def test_a_wrong_word_is_named_with_what_to_write(toml, told):
    with pytest.raises(BadFileError) as refused:
        dialect(toml)
    assert str(refused.value).startswith(f"settings of fix44: {told}")


@pytest.mark.parametrize(
    "content", [b"venue", b"\xff", b"a = " + b"[" * 5000, b"a = " + b"9" * 5000]
)
def test_what_is_no_toml_is_refused(content):
    with pytest.raises(BadFileError, match=r"acme\.toml is not TOML"):
        read_table("acme.toml", content)


SIMPLE = st.none() | st.booleans() | st.integers() | st.decimals() | st.text(max_size=5)
TABLES = st.recursive(
    SIMPLE,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)
NAMES = st.sampled_from([*Dialect.__annotations__, *Terms.__annotations__, "ES"])


@given(st.dictionaries(NAMES, TABLES | st.dictionaries(NAMES, TABLES), max_size=3))
def test_any_table_is_read_or_refused(table):
    with suppress(BadFileError):
        assert isinstance(settings_of("fix44", SETTINGS, table), Dialect)


# ------------------------------------------------------------------------------ instruments


def test_a_future_whose_multiplier_is_declared_is_defined():
    batch = read(fill(**FUTURE), dialect=dialect("[instruments.ES]\nmultiplier = 50"))
    (defined,) = batch.instruments
    told = defined.instrument
    assert (told.instrument_id, told.kind, told.multiplier, told.currency, told.expiry) == (
        "FIX:ES:202612", InstrumentKind.LINEAR, 50, "USD", "202612",
    )  # fmt: skip
    assert not batch.findings


def test_without_it_somebody_is_told_what_to_write():
    batch = read(fill(**FUTURE))
    (finding,) = batch.findings
    assert (batch.instruments, '[instruments."ES:202612"]' in finding.what) == ((), True)


def test_one_contract_goes_before_its_symbol():
    both = dialect('[instruments.ES]\nmultiplier=50\n[instruments."ES:202612"]\nmultiplier=5')
    first, second = fill(**FUTURE), fill(**{**FUTURE, "t200": "202703", "t17": "E2", "t34": "3"})
    found = [one.instrument.multiplier for one in read(first, second, dialect=both).instruments]
    assert found == [5, 50]


def test_what_the_message_tells_goes_before_what_is_declared():
    declared = dialect('[instruments.ES]\nkind="equity"\nmultiplier=50\ncurrency="EUR"')
    (defined,) = read(fill(**FUTURE, t231="20"), dialect=declared).instruments
    told = defined.instrument
    assert (told.kind, told.multiplier, told.currency) == (InstrumentKind.LINEAR, 20, "USD")


def test_a_kind_and_a_currency_that_no_message_tells():
    declared = dialect('[instruments.ACME]\nkind="equity"\ncurrency="CHF"')
    batch = read(fill(t167="", t15="", t479=""), dialect=declared)
    (defined,) = batch.instruments
    told: Any = batch.records[0].event
    assert (defined.instrument.kind, defined.instrument.currency) == (InstrumentKind.EQUITY, "CHF")
    assert (told.currency, told.fees[0].currency) == ("CHF", "CHF")


# ------------------------------------------------------------------------------ venues


def test_a_venue_that_takes_none_says_so():
    with pytest.raises(BadFileError, match="kraken takes no settings, and is given currency"):
        venues.parser_of("kraken", {"currency": "USD"})


@attrs.frozen(kw_only=True)
class Ways:
    name: str


def parse(pages: Any, config: AccountConfig, *, name: str = "nobody") -> Batch:
    return Batch(venue=name, account="A", parser="x", parser_version="1", digest="")


def parser_for(ways: Ways) -> Parser:
    return lambda pages, config: parse(pages, config, name=ways.name)


def test_a_venue_of_another_distribution_declares_its_own(monkeypatch):
    module = SimpleNamespace(parse=parse, SETTINGS=Ways, parser_for=parser_for)
    entry = SimpleNamespace(load=lambda: module)
    monkeypatch.setattr(venues, "others", lambda: {"elsewhere": entry})
    made = venues.parser_of("elsewhere", {"name": "ACME"})
    assert made([], AccountConfig()).venue == "ACME"
    assert venues.parser_of("elsewhere")([], AccountConfig()).venue == "nobody"
    with pytest.raises(BadFileError, match="settings of elsewhere: name: is missing; add it"):
        settings_of("elsewhere", Ways, {})
