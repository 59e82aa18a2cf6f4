"""One conversation with a venue: requests at its pace, repeated while that may help.

The bytes of an answer are handed on as they came. Whatever goes wrong becomes an error of ours,
raised outside of the handler that caught it, so that no traceback leads to a request with its
credentials.
"""

from __future__ import annotations

import logging
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from contextvars import ContextVar
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Any, Final
from urllib.parse import urlsplit

import attrs
import httpx
import tenacity

from adapters.json_page import Json, read_json
from adapters.port import RawPage
from adapters.transport.credentials import Credentials
from adapters.transport.errors import (
    CredentialsError,
    FetchError,
    NotReadyError,
    TryLaterError,
    VenueRefusedError,
)
from adapters.transport.request import milliseconds
from ledger.errors import BadFileError

MAX_BYTES: Final = 64 * 1024 * 1024
MAX_WAIT: Final = 60
SLOWEST: Final = timedelta(minutes=5)
_PASSING: Final = frozenset({408, 418, 425, 429})
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
_SECOND: Final = timedelta(seconds=1)


@attrs.frozen
class Call:
    """A request, signed. It is not shown: its url and headers hold credentials."""

    method: str
    url: str = attrs.field(repr=False)
    headers: Mapping[str, str] = attrs.field(repr=False, factory=dict)
    body: str = attrs.field(repr=False, default="")


@attrs.frozen
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str] = attrs.field(repr=False)
    content: bytes = attrs.field(repr=False)


@attrs.frozen
class Problem:
    """Why an answer is no report: ``error`` says whether, ``wait`` when, to ask again."""

    told: str = attrs.field(repr=False)
    error: type[FetchError] = VenueRefusedError
    wait: int | None = None


@attrs.define
class _Found:
    """A value that was read, not to be shown."""

    value: Json = attrs.field(repr=False, default=None)


def problem(told: str, *, passing: bool) -> Problem:
    """A problem that passes, or one that stays."""
    return Problem(told, TryLaterError if passing else VenueRefusedError)


Judge = Callable[[Answer], Problem | None]
JudgeJson = Callable[[Json], Problem | None]


@attrs.define(kw_only=True)
class Session:
    """Asks one venue. ``sleep`` waits so many milliseconds; ``gap`` of them lie between requests;
    ``patience`` bounds the seconds waited for one answer, ``silence`` the milliseconds in which
    nothing comes. ``base`` replaces the venue's address.
    """

    venue: str
    credentials: Credentials
    now: Callable[[], datetime] = attrs.field(repr=False)
    sleep: Callable[[int], None] = attrs.field(repr=False)
    http: httpx.BaseTransport = attrs.field(repr=False)
    gap: int = 0
    patience: int = 300
    silence: int = 30_000
    base: str | None = None
    _asked: bool = False
    _nonce: int = 0

    def ask(self, make: Callable[[], Call], judge: Judge) -> Answer:
        """The answer to a request, which is made (and signed) anew for each attempt."""
        retrying = tenacity.Retrying(
            sleep=self._wait,
            wait=_seconds,
            stop=self._is_enough,
            retry=tenacity.retry_if_exception(_is_passing),
            reraise=True,
        )
        return retrying(self._attempt, make, judge)

    def ask_json(self, make: Callable[[], Call], judge: JudgeJson) -> tuple[bytes, Json]:
        """The answer's bytes, and its value; a cut one is asked for again."""
        found = _Found()

        def judged(answer: Answer) -> Problem | None:
            try:
                found.value = read_json(RawPage(name="the answer", content=answer.content))
            except BadFileError:
                # Its message quotes a cut piece of the answer, and half a secret is not masked.
                return Problem("an answer that is no whole JSON", TryLaterError)
            return judge(found.value)

        answer = self.ask(make, judged)
        return answer.content, found.value

    def url(self, base: str, path: str) -> str:
        """The address of a path at the venue, or at the address that replaces it."""
        return (self.base or base).rstrip("/") + path

    def milliseconds(self) -> int:
        """The present moment."""
        return milliseconds(self.now())

    def nonce(self) -> int:
        """A number above all before it."""
        self._nonce = max(self._nonce + 1, self.milliseconds() * 1000)
        return self._nonce

    def error(self, problem: Problem) -> FetchError:
        """The error of a problem; what the venue said is cut, and its credentials masked."""
        told = self.credentials.redacted(f"{self.venue}: {problem.told}")
        shown = "".join(c if c.isprintable() else "?" for c in told[:400])
        if issubclass(problem.error, TryLaterError):
            return problem.error(shown, problem.wait)
        return problem.error(shown)

    def _attempt(self, make: Callable[[], Call], judge: Judge) -> Answer:
        if self._asked and self.gap:
            self.sleep(self.gap)
        self._asked = True
        answer = self._send(make())
        problem = self._of_status(answer) or judge(answer)
        if problem is not None:
            raise self.error(problem)
        return answer

    def _send(self, call: Call) -> Answer:
        try:
            # Below the client, which follows redirects and writes every url, tokens too, to a log.
            with (
                _unlogged(),
                closing(self.http.handle_request(_wire(call, self.silence))) as response,
            ):
                return self._read(response)
        except (httpx.RequestError, httpx.InvalidURL) as error:
            why = type(error).__name__
        raise TryLaterError(f"{self.venue}: no whole answer came ({why}); try again later")

    def _read(self, response: httpx.Response) -> Answer:
        """The whole body; one that is too large or comes too slowly is given up."""
        began, content = self.now(), bytearray()
        for piece in response.iter_bytes():
            content += piece
            if len(content) > MAX_BYTES:
                raise self.error(Problem(f"an answer of more than {MAX_BYTES} bytes came"))
            if self.now() - began > SLOWEST:
                raise TryLaterError(f"{self.venue}: an answer took longer than {SLOWEST}")
        return Answer(response.status_code, dict(response.headers), bytes(content))

    def _of_status(self, answer: Answer) -> Problem | None:
        status, said = answer.status, answer.content.decode("utf-8", "replace")
        if status == 200:
            return None
        told = f"HTTP {status}: {said}"
        if status in _PASSING or status >= 500 or "too frequent" in said:
            return Problem(told, TryLaterError, self._retry_after(answer))
        if status in {401, 403}:
            return Problem(
                f"{told}; are the credentials valid, and may they read?", CredentialsError
            )
        return Problem(told)

    def _retry_after(self, answer: Answer) -> int | None:
        """The seconds that a ``Retry-After`` wants, told as seconds or as a time."""
        told = answer.headers.get("retry-after", "").strip()
        if told.isascii() and told.isdigit():
            return int(told[:9])
        try:
            return max((parsedate_to_datetime(told) - self.now()) // _SECOND + 1, 0)
        except (ValueError, TypeError):
            return None

    def _wait(self, seconds: Any) -> None:
        self.sleep(int(seconds) * 1000)

    def _is_enough(self, state: tenacity.RetryCallState) -> bool:
        return state.idle_for + state.upcoming_sleep > self.patience


def _seconds(state: tenacity.RetryCallState) -> int:
    """As long as the venue wants; else 1, 2, 4 ... up to ``MAX_WAIT``."""
    error = state.outcome.exception() if state.outcome else None
    told = error.wait if isinstance(error, TryLaterError) else None
    doubled = 2 ** min(state.attempt_number - 1, 9)
    return min(doubled, MAX_WAIT) if told is None else max(told, 1)


def _is_passing(error: BaseException) -> bool:
    return isinstance(error, TryLaterError) and not isinstance(error, NotReadyError)


def _wire(call: Call, silence: int) -> httpx.Request:
    """The request as it is sent, asking for the bytes as they are."""
    plain = {"User-Agent": "tradeledger", "Accept-Encoding": "identity"}
    return httpx.Request(
        call.method,
        call.url,
        headers={**plain, **call.headers},
        content=call.body or None,
        extensions={"timeout": httpx.Timeout(silence / 1000).as_dict()},
    )


_is_ours: Final = ContextVar("_is_ours", default=False)


def _is_logged(_: logging.LogRecord) -> bool:
    """Whether a record of the library below is somebody else's: ours would tell headers, and a
    venue may write what it was asked with into one of its own."""
    return not _is_ours.get()


for _name in ("connection", "http11", "http2", "proxy"):
    logging.getLogger(f"httpcore.{_name}").addFilter(_is_logged)


@contextmanager
def _unlogged() -> Iterator[None]:
    token = _is_ours.set(True)
    try:
        yield
    finally:
        _is_ours.reset(token)


@cache
def _certificates() -> ssl.SSLContext:
    return httpx.create_ssl_context(trust_env=False)


def connections() -> httpx.HTTPTransport:
    """Connections that verify certificates and read no environment: no proxies, no own roots."""
    return httpx.HTTPTransport(verify=_certificates(), trust_env=False)


def checked_base(url: str) -> str:
    """An address to ask instead of the venue's; ``FetchError`` unless it is https (or this very
    machine) and holds neither credentials nor a query."""
    told = urlsplit(url)
    is_safe = told.scheme == "https" or (told.scheme == "http" and told.hostname in _LOOPBACK)
    if not is_safe or not told.hostname or told.username or told.password or told.query:
        raise FetchError("--url: only https://HOST[:PORT][/PATH] is asked; write such an address")
    return url
