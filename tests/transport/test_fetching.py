"""What is fetched is all there is and as it was sent, whatever goes wrong on the way."""

from __future__ import annotations

import hashlib
import tempfile
from datetime import timedelta
from pathlib import Path

import attrs
import pytest
from Crypto.PublicKey import ECC
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters import venues as parsers
from adapters.port import Batch, RawPage
from adapters.transport.credentials import Credentials
from adapters.transport.errors import CredentialsError, FetchError, NotReadyError, TryLaterError
from adapters.transport.reading import pages_of
from adapters.transport.request import Request
from adapters.transport.venues import NAMES, binance, venue_of
from ledger.domain.events import FillBooked
from tests.brokers import bybit
from tests.brokers.venues import coinbase
from tests.transport.running import Clock, fetched, manifest
from tests.transport.server import Asked, Fault, Reply, serving
from tests.transport.venues import (
    END,
    NOW,
    START,
    TIMES,
    VENUES,
    Venue,
    flex_error,
    said,
)

EACH = pytest.mark.parametrize("venue", VENUES, ids=lambda venue: venue.name)
BY_NAME = {venue.name: venue for venue in VENUES}


def parsed(venue: Venue, pages: list[RawPage]) -> Batch:
    return parsers.parser_of(venue.name)(pages, venue.config)


def in_window(batch: Batch, venue: Venue) -> list[str]:
    """The ids of the fills in the time asked for; of the sample statement, of all."""
    is_sample = venue.name == "ibkr_flex"
    found = {
        f"{record.event.instrument_id} {record.event.exec_id}"
        for record in batch.records
        if isinstance(record.event, FillBooked) and (is_sample or START <= record.occurred_at < END)
    }
    return sorted(found)


def test_every_venue_that_is_fetched_is_tried() -> None:
    assert {venue.name for venue in VENUES} == set(NAMES)


@attrs.frozen
class Whole:
    """A fetch of all, with nothing that fails."""

    pages: list[RawPage]
    out: Path
    sent: set[bytes]
    requests: int
    clock: Clock


def _whole(venue: Venue, out: Path) -> Whole:
    sent, clock, answering = set[bytes](), Clock(), venue.answering()

    def keeping(asked: Asked) -> Reply:
        reply = answering(asked)
        sent.add(reply.body)
        return reply

    with serving(keeping) as server:
        pages = fetched(venue, server, out, clock)
        return Whole(pages, out, sent, len(server.asked), clock)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Whole]:
    return {venue.name: _whole(venue, tmp_path_factory.mktemp(venue.name)) for venue in VENUES}


@EACH
def test_all_of_the_window_is_fetched_and_its_parser_reads_it(
    venue: Venue, whole: dict[str, Whole]
) -> None:
    batch = parsed(venue, whole[venue.name].pages)
    assert len(in_window(batch, venue)) == venue.fills
    assert (batch.quarantine, batch.coverage.missing) == ((), ())


def test_orders_of_one_instant_at_the_end_of_a_page_are_all_fetched(tmp_path: Path) -> None:
    venue = BY_NAME["alpaca"]
    later = attrs.evolve(venue.request, start=START + timedelta(days=6))
    with serving(venue.answering()) as server:
        batch = parsed(venue, fetched(venue, server, tmp_path, request=later))
    found = {order.order_id for order in batch.orders}
    assert {f"order-{n}" for n in range(2, len(TIMES) + 1)} <= found


@EACH
def test_pages_are_the_bytes_that_were_sent(venue: Venue, whole: dict[str, Whole]) -> None:
    found = whole[venue.name]
    assert {page.content for page in found.pages} <= found.sent


@EACH
def test_the_manifest_says_what_was_fetched(venue: Venue, whole: dict[str, Whole]) -> None:
    found = whole[venue.name]
    told = manifest(found.out)
    assert [(page["name"], page["sha256"], page["bytes"]) for page in told["pages"]] == [
        (page.name, hashlib.sha256(page.content).hexdigest(), len(page.content))
        for page in found.pages
    ]
    assert (told["complete"], told["missing"]) == (True, [])
    assert told["window"] == {"from": START.isoformat(), "to": END.isoformat()}
    assert found.pages == pages_of(found.out)


@EACH
def test_requests_keep_the_pace_of_the_venue(venue: Venue, whole: dict[str, Whole]) -> None:
    found, gap = whole[venue.name], venue_of(venue.name).GAP
    assert found.clock.slept.count(gap) == found.requests - 1
    assert found.clock.waited(gap) == ([5, 5] if venue.name == "ibkr_flex" else [])


# --------------------------------------------------------------------------------- what fails


def a_week(venue: Venue) -> Request:
    """The first week alone; of a statement, all."""
    is_statement = venue.name == "ibkr_flex"
    return venue.request if is_statement else attrs.evolve(venue.request, end=TIMES[2])


@pytest.fixture(scope="module")
def week(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """What is fetched of a week, by its digests, when nothing fails."""
    found = {}
    for venue in VENUES:
        with serving(venue.answering()) as server:
            out = tmp_path_factory.mktemp(venue.name)
            pages = fetched(venue, server, out, request=a_week(venue))
            found[venue.name] = {page.digest for page in pages}
    return found


@EACH
@pytest.mark.parametrize("fault", Fault)
def test_an_answer_that_fails_once_is_asked_for_again(
    venue: Venue, fault: Fault, week: dict[str, set[str]], tmp_path: Path
) -> None:
    clock = Clock()
    with serving(venue.answering()) as server:
        server.faults = {1: fault}
        pages = fetched(venue, server, tmp_path, clock, request=a_week(venue))
    waited = clock.waited(venue_of(venue.name).GAP)
    assert {page.digest for page in pages} == week[venue.name]
    assert waited[0] == (17 if fault is Fault.THROTTLED_FOR else 1)


@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_faults_and_runs_that_are_cut_change_nothing_or_say_so(data: st.DataObject) -> None:
    venue = data.draw(st.sampled_from(VENUES))
    numbers = st.integers(0, 40)
    faults = data.draw(st.dictionaries(numbers, st.sampled_from(Fault), max_size=4))
    patience = data.draw(st.sampled_from([0, 2, 300]))
    with tempfile.TemporaryDirectory() as folder, serving(venue.answering()) as server:
        server.faults = faults
        # One clock for all runs: Kraken takes no nonce below the last one.
        out, clock = Path(folder), Clock()
        for _ in range(len(faults) + 3):
            try:
                pages = fetched(venue, server, out, clock, patience=patience)
                break
            except TryLaterError:
                assert manifest(out)["complete"] is False
                with pytest.raises(TryLaterError):
                    pages_of(out)
        batch = parsed(venue, pages)
    assert len(in_window(batch, venue)) == venue.fills
    assert not batch.coverage.missing


@EACH
def test_a_server_that_stays_away_is_left_and_nothing_is_complete(
    venue: Venue, tmp_path: Path
) -> None:
    clock = Clock()
    with serving(lambda _: Reply(b"", 503)) as server, pytest.raises(TryLaterError, match="503"):
        fetched(venue, server, tmp_path, clock)
    assert manifest(tmp_path)["complete"] is False
    waited = clock.waited(venue_of(venue.name).GAP)
    assert waited[:4] == [1, 2, 4, 8]
    assert sum(waited) <= 300


def test_a_silent_server_is_asked_again_and_left(tmp_path: Path) -> None:
    venue = BY_NAME["alpaca"]
    with serving(venue.answering()) as server:
        server.hang = {0}
        with pytest.raises(TryLaterError, match="ReadTimeout"):
            fetched(venue, server, tmp_path, patience=0, silence=200)


def test_a_wait_longer_than_the_patience_is_not_begun(tmp_path: Path) -> None:
    clock = Clock()
    reply = Reply(b"", 418, {"Retry-After": "7200"})
    with serving(lambda _: reply) as server, pytest.raises(TryLaterError, match="418"):
        fetched(BY_NAME["binance"], server, tmp_path, clock)
    assert clock.slept == []


def test_a_retry_after_may_be_a_time(tmp_path: Path) -> None:
    venue, clock = BY_NAME["alpaca"], Clock()
    answering, answers = venue.answering(), []
    when = f"{NOW + timedelta(seconds=40):%a, %d %b %Y %H:%M:%S} GMT"

    def throttling(asked: Asked) -> Reply:
        answers.append(asked)
        if len(answers) == 1:
            return Reply(b"", 429, {"Retry-After": when})
        return answering(asked)

    with serving(throttling) as server:
        fetched(venue, server, tmp_path, clock)
    assert clock.waited(venue_of("alpaca").GAP) == [40]


@EACH
def test_an_answer_that_is_cut_short_for_good_is_never_an_empty_one(
    venue: Venue, tmp_path: Path
) -> None:
    with serving(lambda _: Reply(b"")) as server, pytest.raises(TryLaterError):
        fetched(venue, server, tmp_path)
    assert not list(tmp_path.glob("page-*"))


# ------------------------------------------------------------------------- what venues refuse


@pytest.mark.parametrize(("code", "waits"), [(1001, [10]), (1018, [10]), (1019, [5]), (1021, [10])])
def test_flex_is_asked_again_as_it_wants(code: int, waits: list[int], tmp_path: Path) -> None:
    venue, clock, first = BY_NAME["ibkr_flex"], Clock(), []
    answering = venue.answering()

    def failing(asked: Asked) -> Reply:
        first.append(asked)
        return flex_error(code) if len(first) == 1 else answering(asked)

    with serving(failing) as server:
        fetched(venue, server, tmp_path, clock)
    assert clock.waited(venue_of("ibkr_flex").GAP) == [*waits, 5, 5]


@pytest.mark.parametrize("fault", [Fault.TORN, Fault.CUT])
def test_a_statement_that_is_cut_is_asked_for_again(fault: Fault, tmp_path: Path) -> None:
    venue = BY_NAME["ibkr_flex"]
    with serving(venue.answering()) as server:
        server.faults = {3: fault}  # the order, twice not ready, then the statement
        pages = fetched(venue, server, tmp_path)
        assert len(server.asked) == 5
    assert len(in_window(parsed(venue, pages), venue)) == venue.fills


def test_flex_without_a_statement_is_not_asked_again(tmp_path: Path) -> None:
    clock = Clock()
    with serving(lambda _: flex_error(1003, "Statement is not available.")) as server:
        with pytest.raises(NotReadyError, match="1003 Statement"):
            fetched(BY_NAME["ibkr_flex"], server, tmp_path, clock)
        assert len(server.asked) == 1


def test_flex_sends_its_token_nowhere_else(tmp_path: Path) -> None:
    order = (b"<R><Status>Success</Status><ReferenceCode>1</ReferenceCode>"
             b"<Url>https://interactivebrokers.com.evil.example/x</Url></R>")  # fmt: skip
    with serving(lambda _: Reply(order)) as server:
        with pytest.raises(FetchError, match="not IB's"):
            fetched(BY_NAME["ibkr_flex"], server, tmp_path)
        assert len(server.asked) == 1


def test_a_redirect_is_not_followed(tmp_path: Path) -> None:
    reply = Reply(b"", 302, {"Location": "http://127.0.0.1:9/elsewhere"})
    with serving(lambda _: reply) as server:
        with pytest.raises(FetchError, match="302"):
            fetched(BY_NAME["alpaca"], server, tmp_path)
        assert len(server.asked) == 1


def test_paging_that_goes_in_circles_ends(tmp_path: Path) -> None:
    endless = bybit.answer(bybit.EXECUTION, category="linear", cursor="again")
    with serving(lambda _: said(endless)) as server, pytest.raises(FetchError, match="to an end"):
        fetched(BY_NAME["bybit"], server, tmp_path)
    assert manifest(tmp_path)["complete"] is False


def test_kraken_that_ends_before_its_count_is_not_complete(tmp_path: Path) -> None:
    short = {"error": [], "result": {"trades": {}, "count": 3}}
    with serving(lambda _: said(short)) as server, pytest.raises(TryLaterError, match="0 of 3"):
        fetched(BY_NAME["kraken"], server, tmp_path)


def test_coinbase_that_announces_a_page_without_a_cursor_is_not_complete(tmp_path: Path) -> None:
    venue = BY_NAME["coinbase"]
    answering = venue.answering()

    def forgetting(asked: Asked) -> Reply:
        if asked.path.endswith("/accounts"):
            return said({"accounts": [], "has_next": True, "cursor": ""})
        return answering(asked)

    with serving(forgetting) as server, pytest.raises(TryLaterError, match="no cursor"):
        fetched(venue, server, tmp_path)
    assert manifest(tmp_path)["missing"] == ["accounts-now"]


def test_coinbase_does_not_take_a_token_of_another_key(tmp_path: Path) -> None:
    venue, other = BY_NAME["coinbase"], ECC.construct(curve="P-256", d=7).export_key(format="PEM")
    held = Credentials({**venue.credentials, "secret": other})
    with serving(venue.answering()) as server:
        with pytest.raises(CredentialsError, match="401"):
            fetched(venue, server, tmp_path, held=held)
        assert len(server.asked) == 1


def test_coinbase_is_asked_what_the_futures_are_that_are_named(tmp_path: Path) -> None:
    venue, name = BY_NAME["coinbase"], "BIP-20DEC30-CDE"
    answering, cash = venue.answering(), {"value": "7", "currency": "USD"}
    product = {"product_id": name, "product_type": "FUTURE",
               "future_product_details": {"contract_size": "0.01"}}  # fmt: skip
    amounts = ("total_usd_balance", "cbi_usd_balance", "cfm_usd_balance")
    none = {"value": "0", "currency": "USD"}
    summary = {"balance_summary": {**dict.fromkeys(amounts, cash), "cbi_usd_balance": none}}
    futures = {
        f"/products/{name}": product,
        "/cfm/positions": {"positions": [coinbase.held(product_id=name)]},
        "/cfm/balance_summary": summary,
    }

    def answer(asked: Asked) -> Reply:
        found = futures.get(asked.path.removeprefix("/api/v3/brokerage"))
        return said(found) if found else answering(asked)

    request = attrs.evolve(venue.request, symbols=(name,))
    with serving(answer) as server:
        batch = parsed(venue, fetched(venue, server, tmp_path, request=request))
    assert [(one.instrument_id, one.qty) for one in batch.positions] == [(f"COINBASE:{name}", 2)]
    assert (batch.coverage.missing, batch.quarantine) == ((), ())
    assert all(control.agrees for control in batch.coverage.controls)


def test_binance_that_has_more_rows_in_an_instant_than_it_lists_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(binance, "LIMIT", 2)  # as many as the instant that comes twice
    venue = BY_NAME["binance"]
    with serving(venue.answering()) as server, pytest.raises(FetchError, match="one millisecond"):
        fetched(venue, server, tmp_path)


def test_binance_without_symbols_is_refused(tmp_path: Path) -> None:
    venue = BY_NAME["binance"]
    with serving(venue.answering()) as server, pytest.raises(FetchError, match="by symbol only"):
        fetched(venue, server, tmp_path, request=attrs.evolve(venue.request, symbols=()))


@pytest.mark.parametrize("url", ["http://example.com", "https://me@example.com", "ftp://x", "x"])
def test_credentials_are_sent_over_https_alone(url: str, tmp_path: Path) -> None:
    venue = BY_NAME["alpaca"]
    with serving(venue.answering()) as server:
        with pytest.raises(FetchError, match="--url"):
            fetched(venue, server, tmp_path, base=url)
        assert not server.asked


def test_the_moments_tried_are_at_the_borders() -> None:
    assert len(set(TIMES)) < len(TIMES)
