"""No credential is shown: in no output, log, traceback, repr or file, by no way of failing."""

from __future__ import annotations

import base64
import json
import logging
import os
import traceback
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest
from Crypto.PublicKey import ECC

from adapters.transport.credentials import Credentials, checked, read_file, variable
from adapters.transport.errors import CredentialsError, FetchError
from adapters.transport.session import Call
from adapters.transport.venues import venue_of
from tests.cli.running import run_process
from tests.transport.running import fetched
from tests.transport.server import Asked, Fault, Reply, serving
from tests.transport.venues import (
    COINBASE_SECRET,
    KEY,
    KRAKEN_SECRET,
    SECRET,
    TOKEN,
    VENUES,
    Venue,
)

COINBASE = next(one for one in VENUES if one.name == "coinbase")
SECRET_NUMBER = int.from_bytes(SECRET.encode())
EACH = pytest.mark.parametrize("venue", VENUES, ids=lambda venue: venue.name)
_SOME = 9  # characters; a part of a credential is too much
SECRETS = (KEY, SECRET, KRAKEN_SECRET, TOKEN)


def shown(text: str, *held: str) -> list[str]:
    """The credentials in a text, also in another spelling."""
    spelled = {
        one
        for secret in held or SECRETS
        for one in (secret, quote(secret, safe=""), base64.b64encode(secret.encode()).decode())
    }
    return sorted(one for one in spelled if one[:_SOME] in text)


def echoing(asked: Asked) -> Reply:
    """An error that tells everything it was asked with."""
    told = f"{asked.query} {dict(asked.headers)} {asked.body.decode()}"
    return Reply(told.encode(), 400)


def echoing_as_refusal(asked: Asked) -> Reply:
    told = f"{asked.query} {dict(asked.headers)} {asked.body.decode()}"
    errors = {"error": [told], "retCode": 10003, "retMsg": told, "code": -2015, "msg": told,
              "message": told, "success": False, "errorCode": 3, "errorMessage": told}  # fmt: skip
    return Reply(json.dumps(errors).encode())


WAYS: dict[str, Callable[[Asked], Reply]] = {
    "refused": echoing,
    "refused in the answer": echoing_as_refusal,
    "not allowed": lambda asked: Reply(echoing(asked).body, 403),
    "throttled": lambda asked: Reply(echoing(asked).body, 429),
    "away": lambda asked: Reply(echoing(asked).body, 503),
    "at length": lambda asked: Reply(b"x" * 280 + echoing(asked).body, 400),
    "redirected": lambda asked: Reply(b"", 302, {"Location": f"/?{asked.query}"}),
    "another document": lambda asked: Reply(echoing(asked).body),
    "twice": lambda _: Reply(f'{{"{SECRET}": 1, "{SECRET}": 2, "{KEY}": 1, "{KEY}": 1}}'.encode()),
    "xml": lambda asked: Reply(
        f"<R><ErrorCode>1012</ErrorCode><ErrorMessage>{asked.params.get('t')}</ErrorMessage></R>"
        .encode()
    ),
}  # fmt: skip


def told_by(error: BaseException) -> str:
    """All that a traceback may show of an error: chained ones, and every variable on the way."""
    found = traceback.TracebackException.from_exception(error, capture_locals=True)
    own = [frame for frame in found.stack if "tests" not in frame.filename]
    assert own
    chained = [error.__cause__, error.__context__]
    return "\n".join([
        str(error), repr(error), *(str(frame.locals) for frame in own),
        *(told_by_chain(one) for one in chained if one is not None),
    ])  # fmt: skip


def told_by_chain(error: BaseException) -> str:
    found = traceback.TracebackException.from_exception(error, capture_locals=True)
    return "".join(found.format())


def files_in(folder: Path) -> str:
    paths = [path for path in folder.rglob("*") if path.is_file()]
    return "".join(f"{path.name} {path.read_text('utf-8')}" for path in paths)


@EACH
@pytest.mark.parametrize("way", WAYS)
def test_no_way_of_failing_shows_a_credential(
    venue: Venue, way: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with serving(WAYS[way]) as server, pytest.raises(FetchError) as failed:
        fetched(venue, server, tmp_path, patience=3)
    told = told_by(failed.value) + caplog.text + files_in(tmp_path)
    assert shown(told, TOKEN, *venue.credentials.values()) == []


@EACH
@pytest.mark.parametrize("fault", [Fault.CUT, Fault.CLOSED])
def test_no_lost_connection_shows_a_credential(
    venue: Venue, fault: Fault, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with serving(venue.answering()) as server:
        server.faults = dict.fromkeys(range(1, 99), fault)
        with pytest.raises(FetchError) as failed:
            fetched(venue, server, tmp_path, patience=0)
    assert shown(told_by(failed.value)) == []
    assert shown(caplog.text) == []


@EACH
def test_what_is_kept_of_a_fetch_shows_no_credential(
    venue: Venue, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with serving(venue.answering()) as server:
        held = venue.held()
        pages = fetched(venue, server, tmp_path, held=held)
    assert shown(files_in(tmp_path) + caplog.text + repr(pages) + repr(held) + str(vars(pages[0])))\
        == []  # fmt: skip


def test_the_check_sees_a_credential_that_is_shown(tmp_path: Path) -> None:
    def failing(key: str) -> None:
        raise FetchError("no")

    with pytest.raises(FetchError) as failed:
        failing(KEY)
    assert shown(told_by_chain(failed.value)) == [KEY]
    assert shown(f"t={SECRET}") == [SECRET]


def test_a_call_is_shown_without_what_it_holds() -> None:
    call = Call("GET", f"https://x/?t={SECRET}", {"Authorization": TOKEN}, KEY)
    assert shown(repr(call)) == []


# -------------------------------------------------------------------------------------- files


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "credentials.toml"
    path.write_text(f'[bybit]\nkey = "{KEY}"\nsecret = "{SECRET}"\n', "utf-8")
    path.chmod(0o600)
    return path


def test_a_file_of_ones_own_is_read(file: Path) -> None:
    held = checked("bybit", ("key", "secret"), read_file(file, "bybit"))
    assert (held["key"], held["secret"]) == (KEY, SECRET)


@pytest.mark.skipif(os.name == "nt", reason="no such modes there")
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o610, 0o644, 0o666])
def test_a_file_that_others_can_read_is_refused(file: Path, mode: int) -> None:
    file.chmod(mode)
    with pytest.raises(CredentialsError, match="chmod 600") as failed:
        read_file(file, "bybit")
    assert shown(told_by(failed.value)) == []


@pytest.mark.parametrize(
    "content",
    [f"[bybit]\nkey = {KEY}\n", f"{SECRET}", f'[bybit]\nkey = "{KEY}', f'key = "{SECRET}"\n'],
)
def test_a_file_that_is_not_as_it_should_be_is_not_quoted(file: Path, content: str) -> None:
    file.write_text(content, "utf-8")
    with pytest.raises(CredentialsError) as failed:
        checked("bybit", ("key", "secret"), read_file(file, "bybit"))
    assert shown(str(failed.value) + repr(failed.value)) == []
    assert failed.value.__context__ is None


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CredentialsError, match="cannot be read"):
        read_file(tmp_path / "nowhere.toml", "bybit")


@EACH
def test_each_field_is_wanted(venue: Venue) -> None:
    fields = venue_of(venue.name).FIELDS
    for field in fields:
        values = {name: "value" for name in fields if name != field}
        with pytest.raises(CredentialsError, match=variable(venue.name, field)):
            checked(venue.name, fields, values)


@pytest.mark.parametrize("value", ["two words", "line\nbreak", "café", "x" * 5000])
def test_what_no_credential_is_gets_refused_unquoted(value: str) -> None:
    with pytest.raises(CredentialsError) as failed:
        checked("bybit", ("key", "secret"), {"key": value, "secret": "s"})
    assert value not in str(failed.value)


# A curve that is not the venue's, no private key, none at all.
_OTHERS = ECC.construct(curve="P-384", d=SECRET_NUMBER).export_key(format="PEM")
_PUBLIC = ECC.construct(curve="P-256", d=SECRET_NUMBER).public_key().export_key(format="PEM")
_TORN = COINBASE_SECRET.replace("MHc", "MHd")


@pytest.mark.parametrize("secret", [_OTHERS, _PUBLIC, _TORN, SECRET])
def test_a_coinbase_secret_that_is_no_key_of_its_kind_is_not_quoted(
    secret: str, tmp_path: Path
) -> None:
    held = Credentials({"key": KEY, "secret": secret})
    with serving(COINBASE.answering()) as server:
        with pytest.raises(CredentialsError, match="ECDSA") as failed:
            fetched(COINBASE, server, tmp_path, held=held)
        assert server.asked == []
    lines = secret.splitlines()[1:-1] or [secret]
    assert shown(told_by(failed.value), *lines) == []


@pytest.mark.parametrize("end", ["\n", "\\n"])
def test_a_private_key_is_taken_in_lines_or_in_one(end: str, tmp_path: Path) -> None:
    values = {"key": KEY, "secret": end.join(COINBASE_SECRET.splitlines())}
    with serving(COINBASE.answering()) as server:
        fetched(COINBASE, server, tmp_path, held=checked("coinbase", ("key", "secret"), values))


@pytest.mark.parametrize("way", WAYS)
def test_no_token_and_no_line_of_a_private_key_is_shown(way: str, tmp_path: Path) -> None:
    with serving(WAYS[way]) as server, pytest.raises(FetchError) as failed:
        fetched(COINBASE, server, tmp_path, patience=3)
    token = server.asked[0].headers["authorization"].removeprefix("Bearer ")
    assert len(token.split(".")) == 3
    lines = COINBASE_SECRET.splitlines()[1:-1]
    assert shown(told_by(failed.value) + files_in(tmp_path), *token.split("."), *lines) == []


def test_a_kraken_secret_that_is_no_base64_is_not_quoted(tmp_path: Path) -> None:
    venue = next(one for one in VENUES if one.name == "kraken")
    held = Credentials({"key": KEY, "secret": SECRET})
    with serving(venue.answering()) as server, pytest.raises(CredentialsError) as failed:
        fetched(venue, server, tmp_path, held=held)
    assert shown(str(failed.value) + repr(failed.value.__context__)) == []


# ------------------------------------------------------------------------------- the program


def asking(url: str, *more: str) -> list[str]:
    return ["--debug", "fetch", "bybit", "--account", "A", "--from", "2026-01-01", "--to",
            "2026-01-03", "--out", "out", "--url", url, "--patience", "0s", *more]  # fmt: skip


def test_the_program_shows_no_credential(tmp_path: Path) -> None:
    given = {"TRADELEDGER_BYBIT_KEY": KEY, "TRADELEDGER_BYBIT_SECRET": SECRET}
    with serving(WAYS["not allowed"]) as server:
        ran = run_process(*asking(server.url), folder=tmp_path, **given)
    assert ran.code == 2, ran.err
    assert "Traceback" in ran.err
    assert shown(ran.out + ran.err + files_in(tmp_path)) == []
