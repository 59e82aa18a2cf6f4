"""What is booked and yet has to be looked at ends with exit code 1, in every form."""

from __future__ import annotations

from pathlib import Path

from tests.cli.running import Run
from tests.cli.test_ingest import HEADER, MAP, ROW

INGEST = ("ingest", "csv", "fills.csv", "--map", "amounts.toml")


def with_amount(amount: str) -> None:
    text = Path(MAP).read_text("utf-8").replace('fee = "fee"', 'fee = "fee"\namount = "total"')
    Path("amounts.toml").write_text(text, "utf-8")
    content = HEADER.replace("currency", "currency,total") + ROW.replace("USD", f"USD,{amount}")
    Path("fills.csv").write_text(content, "utf-8")


def test_an_amount_that_is_not_made_is_a_finding(run: Run) -> None:
    with_amount("21.00")
    done = run(*INGEST, "--json")
    assert (done.code, done.json["counts"]["new"]) == (1, 2)
    assert done.json["findings"][0]["what"].startswith("amount 21 stated, 21.1 made of")


def test_an_amount_that_is_made_is_none(run: Run) -> None:
    with_amount("21.10")
    done = run(*INGEST, "--json")
    assert (done.code, "findings" in done.json) == (0, False)
