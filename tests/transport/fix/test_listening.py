"""A venue's drop copy over real connections: whatever goes wrong, the log tells all of it, once."""

from __future__ import annotations

import errno
import re
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import attrs
import pytest

from adapters.brokers.fix44 import parse
from adapters.fix_frames import frames
from adapters.port import AccountConfig, Batch, RawPage
from adapters.transport.credentials import Credentials
from adapters.transport.errors import FetchError, TryLaterError, VenueRefusedError
from adapters.transport.fix.kept import Kept, Names
from adapters.transport.fix.listening import Bounds, Listened, Place, listen
from adapters.transport.fix.session import Means
from adapters.transport.fix.wire import without_secrets
from tests.brokers.fix import sent
from tests.transport.fix.venue import REPORTS, SENDER, TARGET, Venue, report, running

NAMES = Names("FIX.4.4", SENDER, TARGET)
IDLE = 60


@attrs.define
class Listener:
    """Listens into one folder, and remembers what it was told."""

    out: Path
    told: list[str] = attrs.field(factory=list)
    slept: list[int] = attrs.field(factory=list)

    def listen(self, venue: Venue, **given: Any) -> Listened:
        held = Credentials(given.pop("login", {}))
        names = given.pop("names", attrs.evolve(NAMES, begin=venue.begin))
        speed = given.pop("speed", 1)
        place = Place(host="127.0.0.1", port=venue.port, tls=None)
        means = Means(
            now=lambda: datetime.now(UTC),
            tick=lambda: time.monotonic_ns() * speed // 1_000_000,
            told=self.told.append,
            heartbeat=given.pop("heartbeat", 5),
        )
        bounds = Bounds(**{"idle": IDLE, "patience": 5, "sleep": self.slept.append, **given})
        return listen(place, names, held, out=self.out, means=means, bounds=bounds)

    def log(self) -> bytes:
        return b"".join(path.read_bytes() for path in sorted(self.out.glob("messages-*.log")))

    def batch(self) -> Batch:
        return parse([RawPage(name="a.log", content=self.log())], AccountConfig(account="A"))


@pytest.fixture
def listener(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Listener:
    monkeypatch.setattr("adapters.transport.fix.listening._GLANCE", 20)
    return Listener(tmp_path / "dropcopy")


def facts(batch: Batch) -> list[Any]:
    """Each fact once, in the order of telling, without its place in it, which a lost message
    of the session moves."""
    found: dict[str, Any] = {}
    for record in batch.records:
        event: Any = record.event
        found.setdefault(event.exec_id, (attrs.evolve(event, seq=None), record.occurred_at))
    return [found[key] for key in sorted(found)]


def whole() -> list[Any]:
    """What an uncut log of all reports says."""
    told = [sent({**one, "34": str(place)}) for place, one in enumerate(REPORTS, start=2)]
    page = RawPage(name="a.log", content=b"\n".join(told))
    return facts(parse([page], AccountConfig(account="A")))


def require_whole(listener: Listener) -> None:
    """All facts, no number missing, nothing set aside, each message once or marked as repeated."""
    batch = listener.batch()
    assert facts(batch) == whole()
    assert (batch.coverage.missing, batch.quarantine) == ((), ())
    once = [
        number
        for line in listener.log().split(b"\n")
        if line and b"\x0143=Y" not in line
        for number in re.findall(rb"\x0134=([0-9]+)", line)
    ]
    assert len(once) == len(set(once))


def test_the_yardstick_tells_a_lost_report(listener):
    told = [sent({**one, "34": str(place)}) for place, one in enumerate(REPORTS[1:], start=3)]
    listener.out.mkdir()
    (listener.out / "messages-0001.log").write_bytes(b"\n".join(told))
    with pytest.raises(AssertionError):
        require_whole(listener)


@pytest.mark.parametrize("begin", ["FIX.4.4", "FIX.4.2"])
def test_a_session_is_kept_whole(listener, begin):
    with running(Venue(begin=begin)) as venue:
        done = listener.listen(venue, idle=300)
    require_whole(listener)
    assert (done.reports, done.expected, listener.told) == (6, 9, [])
    assert [one.kind for one in venue.heard] == ["A", "5"]
    logon = venue.heard[0]
    assert [logon.text(tag) for tag in ("34", "98", "108", "141", "553")] == [
        "1",
        "0",
        "5",
        "N",
        "",
    ]


def test_the_venue_may_end_the_session(listener):
    with running(Venue(ends=True)) as venue:
        listener.listen(venue, idle=None)
    require_whole(listener)
    assert listener.told == ["the venue logged us out: end of day"]


HARMS = ["lose", "garble", "cut", "hang", "twice"]


@pytest.mark.parametrize("harm", HARMS)
@pytest.mark.parametrize("number", [1, 4, 7])
def test_after_any_harm_the_log_is_that_of_an_uncut_session(listener, harm, number):
    with running(Venue(harm={number: harm}, probes=True)) as venue:
        listener.listen(venue)
    require_whole(listener)


def test_harm_upon_harm(listener):
    harm = {2: "lose", 3: "garble", 5: "cut", 6: "lose", 7: "garble", 9: "hang"}
    with running(Venue(harm=harm)) as venue:
        listener.listen(venue, patience=60)
    require_whole(listener)
    assert venue.harm == {}


def test_a_gap_is_asked_for_once(listener):
    with running(Venue(harm={3: "lose"})) as venue:
        listener.listen(venue, idle=300)
    wishes = [(m.text("7"), m.text("16")) for m in venue.heard if m.kind == "2"]
    assert wishes == [("3", "0")]
    assert listener.told == ["messages 3 to 4 are missing, or came early; asking for them"]


def test_a_gap_that_is_never_filled_is_told(listener):
    with (
        running(Venue(harm={3: "lose"}, is_deaf=True)) as venue,
        pytest.raises(TryLaterError, match="messages 3 to 8 were asked for"),
    ):
        listener.listen(venue, patience=0)
    assert "messages 3 to 3 of BROKER to DESK" in listener.batch().coverage.missing


def test_one_that_is_never_filled_is_given_up(listener):
    with (
        running(Venue(harm={3: "lose"}, is_deaf=True)) as venue,
        pytest.raises(TryLaterError),
    ):
        listener.listen(venue, patience=3)
    assert (venue.logons, sum(listener.slept)) == (3, 3000)


def test_a_message_sent_twice_is_marked_and_counts_once(listener):
    with running(Venue(harm={4: "twice"})) as venue:
        assert listener.listen(venue).reports == 6
    require_whole(listener)


def test_a_reset_that_passes_over_messages_is_told(listener):
    reset = {"35": "4", "36": "20"}
    with (
        running(Venue(reports=[report(1), reset])) as venue,
        pytest.raises(VenueRefusedError),
    ):
        listener.listen(venue)  # whose next message is not number 20
    assert listener.told[0] == "the venue passed over its messages 3 to 19, and will not send them"


# ------------------------------------------------------------------------------ signs of life


def test_signs_of_life_are_given_and_asked_for(listener):
    with running(Venue(reports=[])) as venue:
        listener.listen(venue, heartbeat=5, idle=20_000, speed=25)
    kinds = [one.kind for one in venue.heard]
    assert kinds[0] + kinds[-1] == "A5"
    assert {"0", "1"} <= set(kinds)


def test_a_venue_that_asks_for_one_gets_it(listener):
    with running(Venue(probes=True)) as venue:
        listener.listen(venue)
    assert [one.text("112") for one in venue.heard if one.kind == "0"] == ["are you there"]


def test_a_silent_venue_is_lost(listener):
    with (
        running(Venue(reports=[], is_deaf=True)) as venue,
        pytest.raises(TryLaterError, match="fell silent"),
    ):
        listener.listen(venue, heartbeat=5, idle=None, patience=0, speed=50)


# ------------------------------------------------------------------------------ going on


def test_the_next_run_goes_on_with_both_numbers(listener):
    with running(Venue()) as venue:
        listener.listen(venue)
        venue.reports = [*REPORTS[:5], report(6), report(7)]
        listener.listen(venue)
    assert [one.text("34") for one in venue.heard] == ["1", "2", "3", "4"]
    assert len(facts(listener.batch())) == 7
    assert listener.batch().coverage.missing == ()


def test_what_the_venue_told_nobody_is_sent_again(listener):
    with running(Venue(reports=REPORTS[:3])) as venue:
        listener.listen(venue)
        for number, one in enumerate(REPORTS[3:], start=max(venue.store) + 1):
            venue.store[number] = {"52": "20260302-15:30:00", **one, "49": TARGET, "56": SENDER}
        listener.listen(venue)
    require_whole(listener)


def test_a_number_that_was_used_up_and_never_sent_is_filled(listener):
    with running(Venue()) as venue:
        listener.listen(venue)
        path = listener.out / "session.json"
        path.write_text(path.read_text().replace('"next": 3', '"next": 6'))
        listener.listen(venue)
    fills = [(m.text("34"), m.text("43"), m.text("123"), m.text("36")) for m in venue.heard
             if m.kind == "4"]  # fmt: skip
    assert fills == [("3", "Y", "Y", "7")]
    assert venue.next_in == 8


@pytest.mark.parametrize("cut", [1, 8, 60])
def test_a_message_that_was_not_written_to_its_end_is_asked_for_again(listener, cut):
    with running(Venue()) as venue:
        listener.listen(venue)
        (path,) = listener.out.glob("messages-*.log")
        path.write_bytes(path.read_bytes()[:-cut])
        listener.listen(venue)
    require_whole(listener)


@pytest.mark.parametrize("tail", [b"8=F", b"\0" * 300, b"8=FIX.4.4\x019=100\x01" + b"\0" * 300])
def test_what_a_loss_of_power_leaves_is_cut_off(listener, tail):
    with running(Venue()) as venue:
        listener.listen(venue)
        (path,) = listener.out.glob("messages-*.log")
        before = path.read_bytes()
        path.write_bytes(before + tail)
        listener.listen(venue)
    assert path.read_bytes().startswith(before)
    require_whole(listener)


def test_a_log_that_is_damaged_is_refused(listener):
    with running(Venue()) as venue:
        listener.listen(venue)
        (path,) = listener.out.glob("messages-*.log")
        path.write_bytes(path.read_bytes().replace(b"17=E3", b"17=E4"))
        with pytest.raises(FetchError, match=r"message 4 is damaged.*listen into a new one"):
            listener.listen(venue)


def test_a_large_log_is_followed_by_another(listener, monkeypatch):
    monkeypatch.setattr("adapters.transport.fix.kept.MAX_LOG", 800)
    with running(Venue()) as venue:
        done = listener.listen(venue)
        listener.listen(venue)
    assert len(done.logs) > 1
    require_whole(listener)


def test_one_process_at_a_time(listener):
    with running(Venue(ends=True)) as venue:

        def meanwhile(_: int) -> None:
            with pytest.raises(TryLaterError, match="another process listens into"):
                Listener(listener.out).listen(venue)

        venue.harm[4] = "hang"
        listener.listen(venue, sleep=meanwhile)
    require_whole(listener)


# ------------------------------------------------------------------------------ refusals


@pytest.mark.parametrize("delay", [0, 0.1])
def test_a_stranger_is_refused_and_not_kept_and_hears_that_we_leave(listener, delay):
    with (
        running(Venue(harm={4: "name"}, delay=delay)) as venue,
        pytest.raises(VenueRefusedError, match="a message from STRANGER to DESK"),
    ):
        listener.listen(venue, idle=5_000)
    assert b"STRANGER" not in listener.log()
    assert venue.heard[-1].kind == "5"


def test_a_number_that_comes_again_unmarked_is_refused(listener):
    with (
        running(Venue(harm={4: "low"})) as venue,
        pytest.raises(VenueRefusedError, match=r"number 1, and 4 is the next one.*new folder"),
    ):
        listener.listen(venue)
    assert listener.log().count(b"\n") == 3


def test_a_venue_that_began_anew_wants_a_new_folder(listener):
    with running(Venue()) as venue:
        listener.listen(venue)
        venue.store.clear()
        with pytest.raises(VenueRefusedError, match="name a new folder"):
            listener.listen(venue)


def test_a_refused_logon_says_why(listener):
    with (
        running(Venue(refusal="not a trading day")) as venue,
        pytest.raises(VenueRefusedError, match="refused the logon: not a trading day"),
    ):
        listener.listen(venue)


def test_another_session_wants_another_folder(listener):
    with running(Venue()) as venue:
        listener.listen(venue)
        with pytest.raises(FetchError, match="of the session of DESK with BROKER"):
            listener.listen(venue, names=Names("FIX.4.4", SENDER, "OTHER"))


def test_a_venue_that_is_not_there_is_tried_again_as_long_as_patience_lasts(listener):
    with running(Venue()) as venue:
        pass
    with pytest.raises(TryLaterError, match=rf"127\.0\.0\.1:{venue.port} cannot be reached"):
        listener.listen(venue, patience=20)
    assert listener.slept == [1000, 2000, 4000, 8000]


# ------------------------------------------------------------------------------ credentials

CANARY = {"username": "canary-user-7", "password": "canary-pass-9"}


def test_credentials_are_told_the_venue_and_nobody_else(listener):
    with running(Venue(login=(CANARY["username"], CANARY["password"]))) as venue:
        listener.listen(venue, login=CANARY)
    require_whole(listener)
    assert venue.heard[0].text("554") == CANARY["password"]
    kept = b"".join(path.read_bytes() for path in listener.out.iterdir())
    assert b"554=***" in kept  # which the venue had repeated
    assert b"canary" not in kept


def test_a_user_who_is_called_as_the_session_is_costs_no_report(listener):
    held = {"username": SENDER, "password": "1000"}
    with running(Venue(login=(SENDER, "1000"))) as venue:
        listener.listen(venue, login=held)
    require_whole(listener)
    page = RawPage(name="a.log", content=listener.log())
    found = [dict(frame.fields) for frame in frames(page)]
    assert ({one["56"] for one in found}, found[0]["553"], found[0]["554"]) == (
        {SENDER}, "***", "***",
    )  # fmt: skip


def test_a_venue_that_repeats_them_in_its_refusal_is_masked(listener):
    with (
        running(Venue(login=("other", "other"))) as venue,
        pytest.raises(VenueRefusedError) as refused,
    ):
        listener.listen(venue, login=CANARY)
    assert "user *** with password *** is not known" in str(refused.value)
    assert not any(b"canary" in path.read_bytes() for path in listener.out.iterdir())


def test_the_mask_keeps_a_message_whole():
    raw = sent({"35": "A", "34": "1", "553": "me", "554": "canary-pass-9", "58": "canary-pass-9?"})
    masked = without_secrets(raw, Credentials(CANARY))
    (frame,) = frames(RawPage(name="a", content=masked))
    assert (frame.fault, dict(frame.fields)["554"], dict(frame.fields)["58"]) == ("", "***", "***?")


def test_a_report_stays_as_it_is():
    raw = sent({"35": "8", "34": "1", "1": "canary-user-7", "58": "canary-pass-9"})
    assert without_secrets(raw, Credentials(CANARY)) is raw


def test_nothing_is_acknowledged_that_is_not_on_the_disk(listener, monkeypatch):
    real = Kept.sync

    def sync(kept: Kept) -> None:
        real(kept)
        if b"\x0134=2\x01" in listener.log():
            raise OSError(errno.EIO, "the disk is broken")

    monkeypatch.setattr(Kept, "sync", sync)
    with running(Venue(probes=True)) as venue, pytest.raises(OSError, match="the disk is broken"):
        listener.listen(venue)
    assert [one.kind for one in venue.heard] == ["A"]  # no answer to its test request, number 2
