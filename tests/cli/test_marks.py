"""What a figure is not: marked where it stands, and changes of orders and fees beside it."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import ledger
from ledger.domain.events import FillBusted
from tests.cli.running import Run


def test_units_of_a_pair_are_told_to_be_money(books: Run) -> None:
    rows = books("positions", "--json").json["positions"]
    notes = {row["symbol"]: row["note"] for row in rows}
    assert notes["EUR.USD"] == "units are the EUR balance"
    assert not any("units are" in notes[name] for name in ("ACME", "GLX", "INTK"))


UNKNOWN = ("record", "opening-position", "GLX", "--qty", "60", "--basis", "unknown", "--at",
           "2026-03-01", "--who", "A. Smith", "--reason", "letter")  # fmt: skip


def test_why_marks_what_it_does_not_know(books: Run) -> None:
    def told(figure: str) -> str:
        return books("why", "demo", "GLX", figure).out

    assert "unknown" not in told("cost_basis")
    assert books(*UNKNOWN).code == 0
    assert "basis unknown, counted as 0, for 60" in told("cost_basis")
    assert "on a cost that is unknown in part and counted as 0" in told("cost_basis")
    assert "on a cost that is unknown" not in told("net_qty")
    assert books("why", "demo", "GLX", "--json").json["unknown_basis"] is True


def test_what_changed_tells_fees_and_orders(folder: Path, run: Run) -> None:
    with ledger.open("sqlite:///tradeledger.db") as book:
        book.open_account("demo", base_currency="USD")
        book.define("demo", ledger.Instrument(instrument_id="X", symbol="X", currency="USD",
                                              kind=ledger.InstrumentKind.EQUITY))  # fmt: skip
        book.place("demo", cl_ord_id="o", instrument_id="X", side=ledger.Side.BUY,
                   order_qty=Decimal(2))  # fmt: skip
        book.accept("demo", "o")
        head = book.store.head()
        book.fill("demo", exec_id="e", cl_ord_id="o", instrument_id="X", side=ledger.Side.BUY,
                  last_qty=Decimal(1), last_px=Decimal(5), currency="USD",
                  fees=(ledger.Fee(amount=Decimal(1), currency="USD"),))  # fmt: skip
        filled = book.store.head()
        book.record("demo", FillBusted(exec_id="b", exec_ref_id="e"))
    told = changed(run, head, filled)
    assert told["order o", "status"] == ("new", "partially_filled")
    assert told["order o", "cum_qty"] == ("0", "1")
    assert told["position X", "fees USD"] == ("-", "1")
    assert changed(run, filled, filled + 1)["order o", "cum_qty"] == ("1", "0")


def changed(run: Run, first: int, last: int) -> dict[tuple[str, str], tuple[str, str]]:
    rows = run("diff", "--from", str(first), "--to", str(last), "--json").json["changes"]
    return {(one["subject"], one["figure"]): (one["before"], one["after"]) for one in rows}
