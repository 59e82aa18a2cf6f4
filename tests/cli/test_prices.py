"""``tradeledger prices``: a file in, an answer out, and nothing lost in between."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import ledger
from tests.cli.running import Run

HEADER = "instrument,pair,at,px,kind,source"
GOOD = "ESZ6,,2026-03-04T21:00:00Z,5000.25,settlement,CME"
RATE = ",EUR/USD,2026-03-04T16:00:00+01:00,1.08,,ECB"
BAD = {
    "zone": ("ESZ6,,2026-03-04T21:00:00,1,,CME", "at"),
    "time": ("ESZ6,,2026-02-30T21:00:00Z,1,,CME", "at"),
    "year": ("ESZ6,,1969-03-04T21:00:00Z,1,,CME", "at"),
    "both": ("ESZ6,EUR/USD,2026-03-04T21:00:00Z,1,,CME", "instrument"),
    "neither": (",,2026-03-04T21:00:00Z,1,,CME", "instrument"),
    "number": ("ESZ6,,2026-03-04T21:00:00Z,1e999,,CME", "px"),
    "empty px": ("ESZ6,,2026-03-04T21:00:00Z,,,CME", "px"),
    "kind": ("ESZ6,,2026-03-04T21:00:00Z,1,close,CME", "kind"),
    "source": ("ESZ6,,2026-03-04T21:00:00Z,1,,", "source"),
    "pair": (",EURUSD,2026-03-04T21:00:00Z,1,,CME", "pair"),
    "itself": (",EUR/EUR,2026-03-04T21:00:00Z,1,,CME", "quote"),
    "negative rate": (",EUR/USD,2026-03-04T21:00:00Z,-1,,CME", "px"),
    "short": ("ESZ6,,2026-03-04T21:00:00Z,1", "row"),
    "name": ("é" * 1001 + ",,2026-03-04T21:00:00Z,1,,CME", "instrument"),
    "hidden": ("ES\x07,,2026-03-04T21:00:00Z,1,,CME", "instrument_id"),
}


def written(*rows: str, header: str = HEADER) -> str:
    Path("prices.csv").write_text("\n".join((header, *rows, "")), "utf-8")
    return "prices.csv"


def kept() -> list[Any]:
    with ledger.open("sqlite:///tradeledger.db") as book:
        return list(book.store.prices())


def test_prices_are_imported(run: Run) -> None:
    done = run("prices", "import", written(GOOD, RATE))
    assert (done.code, done.out.splitlines()[-1]) == (0, "2 prices added, 0 rows set aside")
    assert [one.subject.name for one in kept()] == ["ESZ6", "EUR/USD"]


def test_the_same_file_again_has_no_effect(run: Run) -> None:
    restated = GOOD.replace("5000.25", "5001")
    name = written(GOOD, restated)
    run("prices", "import", name)
    done = run("prices", "import", name, "--json")
    assert done.json["prices"] == [{"new": "0", "restated": "0", "known": "2", "set_aside": "0"}]
    assert len(kept()) == 2


def test_a_restated_price_can_be_reinstated(run: Run) -> None:
    run("prices", "import", written(GOOD, GOOD.replace("5000.25", "5001")))
    run("prices", "import", written(GOOD), "--reinstate")
    assert [str(one.px) for one in kept()] == ["5000.25", "5001", "5000.25"]


@pytest.mark.parametrize(("row", "field"), BAD.values(), ids=BAD)
def test_a_bad_row_is_set_aside_and_the_others_are_not(run: Run, row: str, field: str) -> None:
    done = run("prices", "import", written(GOOD, row, RATE), "--json")
    [aside] = done.json["quarantine"]
    assert (done.code, aside["row"], aside["field"]) == (1, "line 3", field)
    assert len(kept()) == 2


@pytest.mark.parametrize(
    "header",
    ["instrument,at", "at,px", "instrument,at,px", "instrument,at,px,source,close",
     "instrument,at,px,source,px", ""],
)  # fmt: skip
def test_a_file_of_another_kind_is_refused(run: Run, header: str) -> None:
    done = run("prices", "import", written(header=header))
    assert done.code == 2
    assert "nothing of it was recorded" in done.err
    assert not Path("tradeledger.db").exists()


@pytest.mark.parametrize("end", [b'"never closed', b"\xff\xfe"])
def test_a_file_that_breaks_off_leaves_nothing(run: Run, end: bytes) -> None:
    rows = [GOOD.replace("21:00:00", f"21:{n // 60:02}:{n % 60:02}") for n in range(1500)]
    with Path(written(*rows)).open("ab") as file:
        file.write(end)
    done = run("prices", "import", "prices.csv")
    assert done.code == 2
    assert not Path("tradeledger.db").exists() or not kept()


def test_a_dry_run_says_the_same_and_keeps_nothing(run: Run) -> None:
    name = written(GOOD, GOOD, GOOD.replace("5000.25", "1"))
    done = run("prices", "import", name, "--dry-run", "--json")
    assert done.json["prices"] == [{"new": "1", "restated": "1", "known": "1", "set_aside": "0"}]
    assert not Path("tradeledger.db").exists()
    run("prices", "import", written(RATE))
    run("prices", "import", written(GOOD), "--dry-run")
    assert len(kept()) == 1


def test_what_rows_do_not_say_is_said_once(run: Run) -> None:
    name = written("ESZ6,2026-03-04T17:00:00,5000", header="instrument,at,px")
    options = ("--source", "CME", "--kind", "mid", "--zone", "America/New_York")
    assert run("prices", "import", name, *options).code == 0
    [price] = kept()
    assert (price.kind.value, price.source, price.at.hour) == ("mid", "CME", 22)


def test_what_holds_is_shown(run: Run) -> None:
    later = GOOD.replace("03-04", "03-05").replace("5000.25", "5010")
    run("prices", "import", written(GOOD, later, GOOD.replace("settlement", "mid")))
    shown = run("prices", "show", "ESZ6", "--json").json["prices"]
    assert [(one["kind"], one["px"]) for one in shown] == [
        ("mid", "5000.25"), ("settlement", "5010"),
    ]  # fmt: skip
    early = run("prices", "show", "ESZ6", "--as-of", "2026-03-04", "--kind", "settlement", "--csv")
    assert "5000.25" in early.out


def test_a_pair_is_shown_both_ways_round(run: Run) -> None:
    run("prices", "import", written(RATE))
    [straight] = run("prices", "show", "EUR/USD", "--json").json["prices"]
    [inverse] = run("prices", "show", "USD/EUR", "--json").json["prices"]
    assert (straight["px"], straight["about"]) == ("1.08", "rate")
    assert (inverse["px"], inverse["about"]) == ("0.925925925925925926", "rate (inverted)")


def test_all_that_was_recorded_is_shown(run: Run) -> None:
    run("prices", "import", written(GOOD, GOOD.replace("5000.25", "1")))
    shown = run("prices", "show", "ESZ6", "--all", "--json").json["prices"]
    assert [one["px"] for one in shown] == ["5000.25", "1"]
    assert run("prices", "show", "ESZ6", "--all", "--kind", "mid").code == 2


def test_what_was_known_at_a_number(run: Run) -> None:
    run("open-account", "U1", "--base-currency", "USD")
    run("prices", "import", written(GOOD))
    done = run("prices", "show", "ESZ6", "--known-at", "1")
    assert done.out == "no price of ESZ6 is known then\n"
    assert run("prices", "show", "ESZ6", "--known-at", "9").code == 2


def test_an_instrument_without_any_price_is_an_error(run: Run) -> None:
    run("prices", "import", written(GOOD))
    done = run("prices", "show", "NQZ6")
    assert (done.code, done.out) == (2, "")
    assert "no price of NQZ6 was ever recorded" in done.err


def test_proofs_count_prices(run: Run) -> None:
    run("prices", "import", written(GOOD))
    brief = run("digest", "--brief").out.strip()
    run("prices", "import", written(RATE))
    done = run("verify", "--against", brief)
    assert (done.code, done.out) == (0, "clean in 0 events and 2 prices\n")
