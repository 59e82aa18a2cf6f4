"""The catalogue of breaks in the documentation is the one in the code."""

from __future__ import annotations

import re

from adapters.reconcile.kinds import Kind
from adapters.reconcile.pairing import Pass
from tests.architecture.sources import ROOT

PAGE = (ROOT / "docs/explanation/reconciliation.md").read_text("utf-8")
ROW = re.compile(
    r"^\| `(?P<kind>[a-z._]+)` \| (?P<severity>[a-z]+) \| (?P<amount>[a-z ]+) \| \S", re.MULTILINE
)


def test_every_kind_is_told_with_its_severity_and_amount_in_order():
    told = [(found["kind"], found["severity"], found["amount"]) for found in ROW.finditer(PAGE)]
    assert told == [(kind.value, kind.severity.value, kind.amount.value) for kind in Kind]


def test_every_pass_is_told():
    told = re.findall(r"^\| ([a-z]+) \| [^|]+ \|$", PAGE, re.MULTILINE)
    assert told == ["pass", *(one.name.lower() for one in Pass)]
