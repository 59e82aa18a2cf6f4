"""``listen``: the program keeps a drop copy, says how it ended, and goes on after any end."""

from __future__ import annotations

import shutil
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.brokers.fix44 import parse
from adapters.port import AccountConfig, Batch, RawPage
from tests.cli.running import Ran, Run, process
from tests.transport.fix.venue import REPORTS, SENDER, TARGET, Venue, running

OUT = Path("dropcopy")
USER, SECRET = "canary-user-7", "canary-pass-9"


def asked(venue: Venue, *more: str, tls: bool = False, host: str = "127.0.0.1") -> list[str]:
    place = ["--host", host, "--port", str(venue.port), "--out", str(OUT)]
    names = ["--sender", SENDER, "--target", TARGET, *([] if tls else ["--no-tls"])]
    return ["listen", "fix", *place, *names, *more]


@pytest.fixture
def venue() -> Iterator[Venue]:
    with running(Venue(ends=True)) as started:
        yield started


@pytest.fixture
def login(folder: Path, venue: Venue, monkeypatch: pytest.MonkeyPatch) -> None:
    venue.login = (USER, SECRET)
    monkeypatch.setenv("TRADELEDGER_FIX_USERNAME", USER)
    monkeypatch.setenv("TRADELEDGER_FIX_PASSWORD", SECRET)


def batch() -> Batch:
    logs = sorted(OUT.glob("messages-*.log"))
    return parse([RawPage(name=path.name, content=path.read_bytes()) for path in logs],
                 AccountConfig(account="A"))  # fmt: skip


def require_secret(done: Ran, venue: Venue) -> None:
    """The venue was told the credentials; neither is in what was said, nor in any file."""
    assert (venue.heard[0].text("553"), venue.heard[0].text("554")) == (USER, SECRET)
    files = b"".join(path.read_bytes() for path in Path().rglob("*") if path.is_file())
    for canary in (USER, SECRET):
        assert canary not in done.out + done.err
        assert canary.encode() not in files


def test_what_was_kept_is_ingested(run: Run, venue: Venue) -> None:
    done = run(*asked(venue))
    assert (done.code, done.out) == (
        0, "6 reports came, 8 messages in dropcopy; the venue's next number is 9\n",
    )  # fmt: skip
    log = str(OUT / "messages-0001.log")
    done = run("ingest", "fix44", log, "--account", "A")
    assert (done.code, "8 events added" in done.out) == (0, True), done.out + done.err
    assert run("reconcile", "fix44", log, "--out", "night").code == 0


def test_as_json(run: Run, venue: Venue) -> None:
    told = run(*asked(venue), "--json").json
    assert (told["reports"], told["next_number"]) == (6, 9)
    assert [one["log"] for one in told["logs"]] == ["dropcopy/messages-0001.log"]


@pytest.mark.usefixtures("login")
def test_credentials_are_shown_and_kept_nowhere(run: Run, venue: Venue) -> None:
    done = run("--debug", *asked(venue))
    assert done.code == 0
    require_secret(done, venue)


@pytest.mark.usefixtures("login")
@pytest.mark.parametrize("harm", [{1: "hang"}, {2: "name"}, {1: "lose"}])
def test_not_when_it_fails_either(run: Run, venue: Venue, harm: dict[int, str]) -> None:
    venue.harm = harm
    done = run("--debug", *asked(venue, "--patience", "0s"))
    assert done.code in {2, 75}
    assert "Traceback" in done.err
    require_secret(done, venue)


@pytest.mark.usefixtures("login")
def test_nor_when_the_venue_repeats_them(run: Run, venue: Venue) -> None:
    venue.login = ("other", "other")
    done = run("--debug", *asked(venue))
    assert (done.code, "user *** with password *** is not known" in done.err) == (2, True)
    require_secret(done, venue)


def test_a_file_of_credentials_goes_first(run: Run, venue: Venue, login: None) -> None:
    path = Path("credentials.toml")
    path.write_text('[fix]\nusername = "other"\npassword = "other-one"\n', "utf-8")
    assert run(*asked(venue, "--credentials", str(path))).code == 2  # others can read it
    path.chmod(0o600)
    venue.login = ("other", "other-one")
    assert run(*asked(venue, "--credentials", str(path))).code == 0


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (["--heartbeat", "30"], "--heartbeat"),
        (["--sender", "a\x01b"], "--sender"),
        (["--ca", "text"], "--ca"),
        (["--out", "text"], "--out"),
        (["--begin", "FIX.5.0"], "--begin"),
    ],
)
def test_a_wrong_option_is_named(run: Run, venue: Venue, more: list[str], told: str) -> None:
    Path("text").write_text("no certificate", "utf-8")
    done = run(*asked(venue, *more))
    assert (done.code, told in done.err) == (2, True), done.err
    assert venue.logons == 0


def test_a_user_without_a_password_is_named(
    run: Run, venue: Venue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRADELEDGER_FIX_USERNAME", USER)
    done = run(*asked(venue))
    assert (done.code, "TRADELEDGER_FIX_PASSWORD" in done.err) == (2, True)


def test_a_venue_that_is_not_there_is_for_later(run: Run) -> None:
    with running(Venue()) as venue:
        pass
    done = run(*asked(venue, "--patience", "0s"))
    assert (done.code, "cannot be reached" in done.err) == (75, True)


def test_without_the_extra_it_says_what_to_install(
    run: Run, venue: Venue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "adapters.transport.fix.listening", raising=False)
    monkeypatch.setitem(sys.modules, "tenacity", None)
    done = run(*asked(venue))
    assert (done.code, "pip install 'tradeledger[listen]'" in done.err) == (2, True), done.err


# ------------------------------------------------------------------------------ ends of processes


def wait_for(text: bytes) -> None:
    """Until the log has it."""
    until = time.monotonic() + 20
    while time.monotonic() < until:
        if any(text in path.read_bytes() for path in OUT.glob("messages-*.log")):
            return
        time.sleep(0.01)
    raise AssertionError(text)


def test_a_killed_listener_goes_on_and_nothing_is_lost_or_new_twice(folder: Path) -> None:
    with running(Venue(reports=[])) as venue:
        for report in (REPORTS[0], REPORTS[3]):
            with process(*asked(venue), folder=folder) as listening:
                venue.reports += REPORTS[len(venue.reports) : REPORTS.index(report) + 1]
                wait_for(b"17=" + report["17"].encode())
                listening.send_signal(signal.SIGKILL)
        venue.reports += REPORTS[4:]
        venue.ends = True
        with process(*asked(venue), folder=folder) as listening:
            _, err = listening.communicate(timeout=20)
    assert (listening.returncode, venue.logons) == (0, 3), err
    found = batch()
    assert [one.event.identity() for one in found.records] == [
        one.event.identity() for one in whole().records
    ]
    assert (found.coverage.missing, found.quarantine) == ((), ())


def whole() -> Batch:
    """What one session that nothing cut would have said."""
    from tests.brokers.fix import sent

    content = b"\n".join(sent({**one, "34": str(n)}) for n, one in enumerate(REPORTS, start=2))
    return parse([RawPage(name="whole.log", content=content)], AccountConfig(account="A"))


def test_an_interrupted_one_logs_out(folder: Path) -> None:
    with (
        running(Venue()) as venue,
        process(*asked(venue), folder=folder) as listening,
    ):
        wait_for(b"17=E6")
        listening.send_signal(signal.SIGINT)
        _, err = listening.communicate(timeout=20)
        assert (listening.returncode, venue.heard[-1].kind) == (130, "5"), err


# ------------------------------------------------------------------------------ encrypted


@pytest.fixture
def certificate(folder: Path) -> Path:
    """A certificate of this machine that nobody has signed but itself, and its key."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("there is no openssl to make a certificate with")
    how = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    what = ["-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    files = ["-keyout", "key.pem", "-out", "cert.pem"]
    subprocess.run([openssl, "req", *how, *what, *files], check=True, capture_output=True)
    return folder / "cert.pem"


def test_encrypted_and_verified(run: Run, venue: Venue, certificate: Path) -> None:
    venue.tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    venue.tls.load_cert_chain(certificate, certificate.with_name("key.pem"))
    given = asked(venue, tls=True, host="localhost")
    done = run(*given)
    assert (done.code, "the certificate of localhost does not hold" in done.err) == (2, True)
    assert run(*given, "--ca", str(certificate)).code == 0
    assert venue.logons == 1
