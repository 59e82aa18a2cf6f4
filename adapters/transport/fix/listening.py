"""Listening to a venue: connections, one after the other, until it is done or no use."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, Final

import attrs
import tenacity

from adapters.transport.credentials import Credentials
from adapters.transport.errors import TryLaterError, VenueRefusedError
from adapters.transport.fix.kept import Kept, Names, kept_in
from adapters.transport.fix.session import Means, Session
from adapters.transport.fix.wire import Field, Splitter

MAX_WAIT: Final = 60
_FAREWELL: Final = 1_000  # milliseconds
_PIECE: Final = 1 << 16
_GLANCE: Final = 100  # milliseconds between looks at the clock
_CONNECTING: Final = 10  # seconds


@attrs.frozen(kw_only=True)
class Place:
    """Where the venue is. ``tls`` verifies its certificate; None sends in the clear."""

    host: str
    port: int
    tls: ssl.SSLContext | None = attrs.field(repr=False)


@attrs.frozen(kw_only=True)
class Bounds:
    """When it is enough. ``idle`` milliseconds without a report end it (None: only the venue
    does); ``patience`` seconds are waited in all while nothing can be had."""

    idle: int | None = None
    patience: int = 300
    sleep: Callable[[int], None] = attrs.field(repr=False)


@attrs.frozen
class Listened:
    """What a run came to: the logs of the folder, in order, how many messages they have in all,
    how many reports this run added, and the venue's next number."""

    logs: list[Path]
    messages: int
    reports: int
    expected: int


def listen(
    place: Place, names: Names, credentials: Credentials, *, out: Path, means: Means, bounds: Bounds
) -> Listened:
    """Keep in the folder ``out`` what the venue tells, until it logs us out or is idle.

    ``TryLaterError`` when it cannot be reached or was lost, and waiting did not help, or when
    messages are still missing; ``VenueRefusedError`` when it says no, or is not whom it should be.
    What came until then is kept, and the next run goes on there.
    """
    with kept_in(out, names) as kept:
        listener = _Listener(place, names, credentials, kept, means, bounds)
        listener.run()
        expected = kept.counting.expected
        return Listened(kept.logs(), kept.messages, listener.reports, expected)


class _Listener:
    """Connects again after a loss, later each time, as long as the patience lasts."""

    def __init__(
        self, place: Place, names: Names, credentials: Credentials, kept: Kept, means: Means,
        bounds: Bounds,
    ) -> None:  # fmt: skip
        self._place, self._names, self._credentials = place, names, credentials
        self._kept, self._means, self._bounds = kept, means, bounds
        self._waited = self._failures = 0
        self.reports = 0

    def run(self) -> None:
        """Until a session comes to its end with nothing missing."""
        retrying = tenacity.Retrying(
            sleep=self._wait,
            wait=lambda _: min(2**self._failures, MAX_WAIT),
            stop=lambda state: self._waited + state.upcoming_sleep > self._bounds.patience,
            retry=tenacity.retry_if_exception_type(TryLaterError),
            reraise=True,
        )
        retrying(self._attempt)

    def _wait(self, seconds: Any) -> None:
        self._waited += int(seconds)
        self._failures += 1
        self._bounds.sleep(int(seconds) * 1000)

    def _attempt(self) -> None:
        with closing(self._connected()) as wire:
            session = Session(self._names, self._kept, self._credentials, self._means)
            try:
                self._converse(wire, session)
            except VenueRefusedError as error:
                self._leave(wire, session, str(error))
                raise
            except TryLaterError as error:
                self._means.told(f"lost: {error}")
                raise
            except KeyboardInterrupt:
                self._leave(wire, session, "")
                raise
            finally:
                self.reports += session.reports
                if session.is_sound:
                    self._waited = self._failures = 0
        if self._kept.counting.is_open:
            gap = self._kept.counting.gap
            raise TryLaterError(f"{gap} were asked for and have not come; listen again")

    def _converse(self, wire: socket.socket, session: Session) -> None:
        session.logon(self._login())
        splitter, idle = Splitter(), self._bounds.idle
        while not session.is_over:
            _send(wire, session)
            self._hear(wire, session, splitter)
            session.beat()
            is_idle = idle is not None and self._means.tick() - session.fresh_at >= idle
            if is_idle and session.is_logged_on:
                session.logout()
        _send(wire, session)

    def _hear(self, wire: socket.socket, session: Session, splitter: Splitter) -> None:
        try:
            piece = wire.recv(_PIECE)
        except TimeoutError:
            return
        except OSError as error:
            return session.lose(_why(error))
        if not piece:
            return session.lose("it closed the connection without a logout")
        try:
            for frame in splitter.feed(piece):
                session.receive(frame)
        finally:
            self._kept.sync()

    def _leave(self, wire: socket.socket, session: Session, why: str) -> None:
        """A last word, if it can be said."""
        session.logout(why[:200])
        with suppress(TryLaterError):
            _send(wire, session)
        self._see_off(wire)

    def _see_off(self, wire: socket.socket) -> None:
        """Wait a little until the venue hangs up: who closes a connection from which something was
        not read takes back the last word that he sent."""
        until = self._means.tick() + _FAREWELL
        with suppress(OSError):
            wire.shutdown(socket.SHUT_WR)
            while self._means.tick() < until:
                with suppress(TimeoutError):
                    if not wire.recv(_PIECE):
                        return

    def _login(self) -> list[Field]:
        """User (553) and password (554), if there are any."""
        names = (("553", "username"), ("554", "password"))
        return [(tag, self._credentials[name]) for tag, name in names if name in self._credentials]

    def _connected(self) -> socket.socket:
        place = self._place
        try:
            plain = socket.create_connection((place.host, place.port), timeout=_CONNECTING)
            wire = place.tls.wrap_socket(plain, server_hostname=place.host) if place.tls else plain
        except ssl.SSLCertVerificationError as error:
            why = error.verify_message
        except OSError as error:
            raise TryLaterError(
                f"{place.host}:{place.port} cannot be reached: {_why(error)}"
            ) from None
        else:
            wire.settimeout(_GLANCE / 1000)
            return wire
        raise VenueRefusedError(f"the certificate of {place.host} does not hold: {why}")


def _send(wire: socket.socket, session: Session) -> None:
    """Send what waits; what was received before is on the disk by now."""
    while session.outbox:
        try:
            wire.sendall(session.outbox.pop(0))
        except OSError as error:
            return session.lose(_why(error))


def _why(error: OSError) -> str:
    return error.strerror or type(error).__name__
