"""A small venue with a drop copy: it keeps what it sent, sends it again, does harm when told."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import attrs

from adapters.transport.fix.wire import Heard, Splitter
from tests.brokers.fix import FILL, sent

SENDER, TARGET = "DESK", "BROKER"
OURS = {"49": TARGET, "56": SENDER}
SESSION_KINDS = {"0", "1", "2", "3", "4", "5", "A"}


def report(place: int, **tags: str) -> dict[str, str]:
    """The fill of that place: its own order, id and time."""
    about = {"17": f"E{place}", "37": f"O{place}", "11": f"C{place}", "39": "2", "151": "0",
             "38": "100", "60": f"20260302-15:00:{place:02d}.000"}  # fmt: skip
    return {**FILL, **about, **{tag.removeprefix("t"): value for tag, value in tags.items()}}


REPORTS = [report(place) for place in range(1, 7)]


@attrs.define(eq=False)
class Venue:
    """A session's other side. ``harm`` is done once to the message of that number: ``lose`` it,
    ``garble`` it, ``cut`` the line in the middle of it, ``hang`` up after it, send it ``twice``,
    under another ``name``, or under a number that is too ``low``. ``ends``: it logs out when all
    is told. ``delay``: seconds until it looks at what came."""

    reports: list[dict[str, str]] = attrs.field(factory=lambda: list(REPORTS))
    harm: dict[int, str] = attrs.field(factory=dict)
    login: tuple[str, str] | None = None
    refusal: str = ""
    begin: str = "FIX.4.4"
    ends: bool = False
    delay: float = 0
    is_mute: bool = False
    is_deaf: bool = False
    probes: bool = False
    tls: ssl.SSLContext | None = None
    port: int = 0
    next_in: int = 1
    store: dict[int, dict[str, str]] = attrs.field(factory=dict)
    heard: list[Heard] = attrs.field(factory=list)
    logons: int = 0
    _told: int = 0
    _stop: threading.Event = attrs.field(factory=threading.Event)

    # ---------------------------------------------------------------- being there

    def serve(self, listener: socket.socket) -> None:
        listener.settimeout(0.02)
        while not self._stop.is_set():
            with suppress(TimeoutError):
                wire, _ = listener.accept()
                with suppress(OSError), self._wrapped(wire) as connected:
                    self._session(connected)

    def _wrapped(self, wire: socket.socket) -> socket.socket:
        return self.tls.wrap_socket(wire, server_side=True) if self.tls else wire

    def stop(self) -> None:
        self._stop.set()

    # ---------------------------------------------------------------- a session

    def _session(self, wire: socket.socket) -> None:
        wire.settimeout(0.004)
        splitter, state = Splitter(), {"on": False, "left": False}
        quiet = time.monotonic()
        while not self._stop.is_set():
            piece = b""
            with suppress(TimeoutError):
                piece = wire.recv(65536)
                if not piece:
                    return
            for frame in splitter.feed(piece):
                assert not frame.fault, frame
                quiet = time.monotonic()
                if self._answer(wire, Heard.of(frame), state):
                    return
            if state["on"] and self._told < len(self.reports):
                self._told += 1
                if self._say(wire, self.reports[self._told - 1]):
                    return
                quiet = time.monotonic()
            elif self.ends and state["on"] and not state["left"]:
                state["left"] = time.monotonic() - quiet > 0.15
                if state["left"]:
                    self._say(wire, {"35": "5", "58": "end of day"})
            time.sleep(self.delay)

    def _answer(self, wire: socket.socket, message: Heard, state: dict[str, bool]) -> bool:
        """Whether the session is over."""
        self.heard.append(message)
        number = message.number("34") or 0
        if message.kind == "A":
            return self._logon(wire, message, number, state)
        if message.kind == "4":
            self.next_in = message.number("36") or 0
            return False
        self.next_in = max(self.next_in, number + 1)
        if message.kind == "2" and not self.is_deaf:
            return self._resend(wire, message.number("7") or 0)
        if message.kind == "1" and not self.is_deaf:
            return self._say(wire, {"35": "0", "112": message.text("112")})
        if message.kind == "5":
            if not state["left"]:
                self._say(wire, {"35": "5"})
            return True
        return False

    def _logon(self, wire: socket.socket, message: Heard, number: int, state: Any) -> bool:
        self.logons += 1
        if self.is_mute:
            return False
        given = (message.text("553"), message.text("554"))
        why = self.refusal
        if self.login and given != self.login:
            why = f"user {given[0]} with password {given[1]} is not known"
        if number < self.next_in:
            why = f"MsgSeqNum too low, expecting {self.next_in} but received {number}"
        if why:
            self._say(wire, {"35": "5", "58": why})
            return True
        echo = {"553": given[0], "554": given[1]} if given[0] else {}
        over = self._say(wire, {"35": "A", "98": "0", "108": message.text("108"), **echo})
        state["on"] = True
        if number > self.next_in:
            self._say(wire, {"35": "2", "7": str(self.next_in), "16": "0"})
        self.next_in = number + 1
        if self.probes:
            self._say(wire, {"35": "1", "112": "are you there"})
        return over

    def _resend(self, wire: socket.socket, first: int) -> bool:
        """Reports again, and a gap fill over what is of the session."""
        last = max(self.store)
        at = first
        while at <= last:
            fields = self.store[at]
            again = {"43": "Y", "122": fields["52"]}
            if fields["35"] not in SESSION_KINDS:
                if self._send(wire, at, {**fields, **again, "52": "20260302-16:00:00.000"}):
                    return True
                at += 1
                continue
            following = at
            while following <= last and self.store[following]["35"] in SESSION_KINDS:
                following += 1
            fill = {"35": "4", "52": "20260302-16:00:00.000", "123": "Y", "36": str(following)}
            self._send(wire, at, {**fill, **again})
            at = following
        return False

    def _say(self, wire: socket.socket, fields: Mapping[str, str]) -> bool:
        number = max(self.store, default=0) + 1
        self.store[number] = {"52": f"20260302-15:00:00.{number:03d}", **fields, **OURS}
        return self._send(wire, number, self.store[number])

    def _send(self, wire: socket.socket, number: int, fields: Mapping[str, str]) -> bool:
        """Send it, or do the harm that is meant for it; whether the line is cut."""
        harm = self.harm.pop(number, "")
        told = {"35": fields["35"], **OURS, **fields, "34": str(number)}
        if harm == "name":
            told["49"] = "STRANGER"
        if harm == "low":
            told["34"] = "1"
        raw = sent(told, self.begin)
        if harm == "garble":
            raw = raw[:-4] + b"%03d\x01" % ((int(raw[-4:-1]) + 1) % 256)
        if harm == "twice":
            raw += sent({**told, "43": "Y", "122": told["52"]}, self.begin)
        if harm == "cut":
            raw = raw[: len(raw) // 2]
        if harm != "lose":
            wire.sendall(raw)
        return harm in {"cut", "hang"}


@contextmanager
def running(venue: Venue) -> Iterator[Venue]:
    """The venue, on a port of this machine."""
    with socket.create_server(("127.0.0.1", venue.port)) as listener:
        venue.port = listener.getsockname()[1]
        thread = threading.Thread(target=venue.serve, args=(listener,), daemon=True)
        thread.start()
        try:
            yield venue
        finally:
            venue.stop()
            thread.join(5)
