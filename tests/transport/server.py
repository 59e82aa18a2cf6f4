"""A venue's server on this machine: it answers by a function, and does harm where told to."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from enum import Enum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import attrs


@attrs.frozen
class Asked:
    """A request as it came."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def params(self) -> dict[str, str]:
        return dict(parse_qsl(self.query, keep_blank_values=True))


@attrs.frozen
class Reply:
    body: bytes
    status: int = 200
    headers: Mapping[str, str] = attrs.field(factory=dict)


class Fault(Enum):
    """What may go wrong with one answer."""

    THROTTLED = "429"
    THROTTLED_FOR = "429 with Retry-After"
    AWAY = "503"
    CUT = "cut in the body"
    CLOSED = "closed before the answer"
    TORN = "half of the body, as if it were whole"


Answering = Callable[[Asked], Reply]


class Server(ThreadingHTTPServer):
    """``faults`` are by the number of the request, from 0; ``hang`` those never answered."""

    daemon_threads = True

    def __init__(self, answering: Answering) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answering = answering
        self.faults: dict[int, Fault] = {}
        self.hang: set[int] = set()
        self.released = threading.Event()
        self.asked: list[Asked] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Server

    def do_GET(self) -> None:
        self._handle()

    def do_POST(self) -> None:
        self._handle()

    def log_message(self, *_: Any) -> None:
        """Quiet."""

    def _handle(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        told = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        number = len(self.server.asked)
        asked = Asked(self.command, told.path, told.query, headers, body)
        self.server.asked.append(asked)
        if number in self.server.hang:
            self.server.released.wait(10)
            self.close_connection = True
            return
        self._send(number, asked)

    def _send(self, number: int, asked: Asked) -> None:
        match self.server.faults.get(number):
            case None:
                self._reply(self.server.answering(asked))
            case Fault.THROTTLED:
                self._reply(Reply(b'{"code": -1003, "msg": "slow down"}', 429))
            case Fault.THROTTLED_FOR:
                self._reply(Reply(b"", 429, {"Retry-After": "17"}))
            case Fault.AWAY:
                self._reply(Reply(b"<html>away</html>", 503))
            case Fault.CUT:
                self._reply(self.server.answering(asked), cut=True)
            case Fault.TORN:
                whole = self.server.answering(asked).body
                self._reply(Reply(whole[: len(whole) // 2]))
            case Fault.CLOSED:
                self.close_connection = True

    def _reply(self, reply: Reply, *, cut: bool = False) -> None:
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        self.wfile.write(reply.body[: len(reply.body) // 2] if cut else reply.body)
        self.close_connection = self.close_connection or cut


@contextmanager
def serving(answering: Answering) -> Iterator[Server]:
    """A server, until the block ends."""
    with Server(answering) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.released.set()
            server.shutdown()
            thread.join()
