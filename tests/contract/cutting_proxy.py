"""Stands between a store and its PostgreSQL server, and cuts the line when it is told to."""

from __future__ import annotations

import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import parse_qsl, urlsplit

COMMITTED: Final = b"C\x00\x00\x00\x0bCOMMIT\x00"
"""What the server answers to a COMMIT that it has kept."""


class CuttingProxy:
    """Passes bytes on between a socket of its own and the server's.

    While ``armed``, the server's answer to the next COMMIT is not passed on: both ends are
    closed instead. So the commit is kept, and whoever asked for it does not learn so.
    """

    def __init__(self, folder: str, server: str) -> None:
        self.folder = folder
        self.cuts = 0
        self.armed = False
        self._server = server
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(f"{folder}/.s.PGSQL.5432")
        self._listener.listen()
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX)
            server.connect(self._server)
            for source, target in ((client, server), (server, client)):
                thread = threading.Thread(target=self._pass_on, args=(source, target))
                self._threads.append(thread)
                thread.start()

    def is_hit(self, source: socket.socket, data: bytes) -> bool:
        """Whether these bytes of a source are those that are not passed on."""
        return COMMITTED in data

    def _pass_on(self, source: socket.socket, target: socket.socket) -> None:
        try:
            while data := source.recv(1 << 16):
                if self.armed and self.is_hit(source, data):
                    self.armed = False
                    self.cuts += 1
                    break
                target.sendall(data)
        except OSError:
            pass  # the other direction has closed both ends
        for end in (source, target):
            shut(end)

    def close(self) -> None:
        """End everything that is still going on."""
        shut(self._listener)
        for thread in self._threads:
            thread.join(10)


def shut(end: socket.socket) -> None:
    """Close a socket in a way that wakes whoever waits on it."""
    with suppress(OSError):  # it was closed by its peer
        end.shutdown(socket.SHUT_RDWR)
    end.close()


P = TypeVar("P", bound=CuttingProxy)


@contextmanager
def proxy_before(url: str, kind: type[P]) -> Iterator[tuple[P, str]]:
    """A proxy before the server of a url, and the url that leads through it."""
    host = dict(parse_qsl(urlsplit(url).query))["host"]
    with tempfile.TemporaryDirectory(prefix="tl-cut-", dir=Path("/tmp")) as folder:  # noqa: S108
        proxy = kind(folder, f"{host}/.s.PGSQL.5432")
        try:
            yield proxy, url.replace(host.replace("/", "%2F"), folder.replace("/", "%2F"))
        finally:
            proxy.close()


@contextmanager
def cutting_proxy(url: str) -> Iterator[tuple[CuttingProxy, str]]:
    """One that cuts the answer to a COMMIT."""
    with proxy_before(url, CuttingProxy) as (proxy, through):
        yield proxy, through
