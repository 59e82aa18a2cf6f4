"""ProjectX: six half turns of three contracts, one voided, and an order beside them."""

from __future__ import annotations

from adapters.brokers.projectx import parse
from tests.brokers.projectx import page
from tests.brokers.sampling import Sample

CRUDE = {"contractId": "CON.F.US.CLE.J25", "price": 71.13}

SAMPLE = Sample(
    venue="projectx",
    parse=parse,
    pages=(
        page("contracts", {}),
        page(
            "trades",
            {"id": 11, **CRUDE, "voided": True, "fees": 1.62},
            {"id": 12, **CRUDE, "size": 2, "fees": 3.24, "commissions": 0.5},
            {"id": 13, **CRUDE, "size": 2, "side": 1, "price": 71.2, "profitAndLoss": 140},
            name="crude.json",
        ),
        page(
            "trades",
            {"id": 14},
            {"id": 15, "side": 1, "price": 6065.25, "profitAndLoss": 50, "fees": 1.37},
            name="index.json",
        ),
        page("trades", {"id": 16, "contractId": "CON.F.US.GCE.J25", "price": 2741.3}),
        page("orders", {}),
    ),
    change=('"price": 6065.25', '"price": 6065.5'),
)
