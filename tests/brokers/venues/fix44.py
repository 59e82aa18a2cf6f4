"""FIX: two parts of a day's log with fills, one sent again, a bust, a correction and a rebate."""

from __future__ import annotations

from adapters.brokers.fix44 import parse
from adapters.port import RawPage
from tests.brokers.fix import fill, lines
from tests.brokers.sampling import Sample

MORNING = (
    fill(),
    fill(t34="3", t17="E2", t32="40", t31="17.5", t54="2", t12="-0.25", t479="EUR", t14="140"),
    fill(t34="4", t17="E2", t32="40", t31="17.5", t54="2", t12="-0.25", t479="EUR", t14="140",
         t97="Y"),
    fill(t34="5", t17="E3", t32="60", t31="16.25", t14="200"),
)  # fmt: skip
AFTERNOON = (
    fill(t34="6", t17="E4", t19="E3", t150="H", t52="20260302-19:00:00", t14="140"),
    fill(t34="7", t17="E5", t19="E1", t150="G", t31="16.05", t52="20260302-19:00:01"),
    fill(t34="8", t17="E6", t32="10", t31="18.5", t54="5", t60="20260302-19:30:00", t14="150"),
)

SAMPLE = Sample(
    venue="fix44",
    parse=parse,
    pages=(
        RawPage(name="morning.log", content=lines(*MORNING)),
        RawPage(name="afternoon.log", content=lines(*AFTERNOON, bar="\x01", before="")),
    ),
    # Another price whose digits have the same sum, so that the checksum holds.
    change=("31=18.5\x0132=10\x01", "31=17.6\x0132=10\x01"),
)
