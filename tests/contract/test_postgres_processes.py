"""Several processes on one PostgreSQL store: nothing skipped, nothing twice, nothing missing."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psycopg

from ledger.store.postgres import PostgresStore
from ledger.store.postgres_connection import target_of
from tests.contract.helpers import Clock, fill
from tests.postgres import BOT, Place

ROOT = Path(__file__).resolve().parents[2]
WRITERS, APPENDS, SIZE = 8, 125, 10
EVENTS = WRITERS * APPENDS * SIZE

Pull = Callable[[int], list[int]]


def started(*words: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.contract.postgres_writer", *map(str, words)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def missed(how: str, url: str, pull: Pull) -> int:
    """How many events a reader that always asks for what comes next never got to see."""
    writers = [started(how, url, f"U{n}", APPENDS, SIZE) for n in range(WRITERS)]
    seen, last = 0, 0
    while True:
        have_ended = all(writer.poll() is not None for writer in writers)
        page = pull(last)
        seen, last = seen + len(page), page[-1] if page else last
        if have_ended and not page:
            break
    for writer in writers:
        writer.communicate()
        assert writer.returncode == 0
    return EVENTS - seen


def test_no_tailing_reader_skips_an_event(url: str) -> None:
    with PostgresStore(url, Clock()) as store:

        def pull(last: int) -> list[int]:
            page = store.recorder.select_notifications(last, 500, inclusive_of_start=False)
            return [notification.id for notification in page]

        assert missed("chained", url, pull) == 0
        assert store.head() == EVENTS
        assert store.verify().ok


def test_a_naive_table_makes_its_reader_skip(place: Place, url: str) -> None:
    """The negative control: numbers that are given before the commit are passed by."""
    schema = target_of(url).schema
    with psycopg.connect(place.owner, autocommit=True) as owner:
        owner.execute(f"SET search_path = {schema}".encode())
        owner.execute("CREATE TABLE naive (id bigserial PRIMARY KEY, account text, n int)")
        owner.execute(f"GRANT SELECT, INSERT ON naive TO {BOT}".encode())
        owner.execute(f"GRANT USAGE ON SEQUENCE naive_id_seq TO {BOT}".encode())

        def pull(last: int) -> list[int]:
            query = "SELECT id FROM naive WHERE id > %s ORDER BY id LIMIT 500"
            return [id for (id,) in owner.execute(query, [last])]

        assert missed("naive", url, pull) > 0
        assert owner.execute("SELECT count(*) FROM naive").fetchone() == (EVENTS,)


def test_what_another_process_wrote_is_seen_at_once(url: str) -> None:
    with PostgresStore(url, Clock()) as one, PostgresStore(url, Clock()) as two:
        one.append([fill(1)])
        assert two.head() == 1
        two.append([fill(2)])
        assert [o.recorded.version for o in one.append([fill(3)])] == [3]
