"""Fetch a venue's report into a folder."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import attrs

from adapters.port import RawPage
from adapters.transport.credentials import Credentials
from adapters.transport.errors import FetchError, NotReadyError, VenueRefusedError
from adapters.transport.folder import Folder, again_from, opened
from adapters.transport.reading import pages_of
from adapters.transport.request import Part, Request
from adapters.transport.session import Problem, Session, checked_base, connections
from adapters.transport.venues import venue_of

OVERLAP: Final = timedelta(days=3)
MAX_PAGES: Final = 100_000


def _silent(_: str) -> None:
    """Tell nobody."""


@attrs.frozen(kw_only=True)
class Means:
    """What a fetch works with. ``sleep`` waits milliseconds; ``patience`` is in seconds, for one
    answer, ``silence`` in milliseconds, in which nothing comes; ``base`` replaces the venue's
    address; ``told`` hears the name of each part begun.
    """

    now: Callable[[], datetime]
    sleep: Callable[[int], None]
    overlap: timedelta = OVERLAP
    patience: int = 300
    silence: int = 30_000
    base: str | None = None
    told: Callable[[str], None] = _silent


def fetch(
    venue: str, request: Request, credentials: Credentials, *, out: Path, means: Means
) -> list[RawPage]:
    """The raw pages of an account's report, kept in the folder ``out`` with a manifest.

    A time that lies ahead is asked for up to now. What an earlier run into the same folder has is
    kept, except for the states of now and what ends within the overlap, which are read again; a
    run that was cut goes on where it stopped. ``FetchError`` and those below it say why nothing
    complete was fetched; the manifest then says so too.
    """
    module, now = venue_of(venue), means.now()
    if request.start >= min(request.end, now):
        raise FetchError("the time asked for is empty, or has not begun; mend --from and --to")
    base = checked_base(means.base) if means.base else None
    with (
        opened(out, _about(venue, request, base), request, now) as (folder, before),
        closing(connections()) as http,
    ):
        session = Session(
            venue=venue,
            credentials=credentials,
            now=means.now,
            sleep=means.sleep,
            http=http,
            gap=module.GAP,
            patience=means.patience,
            silence=means.silence,
            base=base,
        )
        parts = list(module.parts(attrs.evolve(request, end=folder.end), session))
        folder.tell()  # before anything of a complete fetch is moved
        folder.plan(parts, again_from(before, means.overlap))
        _run(folder, parts, session, means)
    return pages_of(out)


def _run(folder: Folder, parts: list[Part], session: Session, means: Means) -> None:
    """Read what is missing; complete is only what came to its end. A run that fails leaves a
    manifest that names the lists which did not; one that is killed, one that names more."""
    folder.close(complete=False)
    try:
        for part in parts:
            means.told(part.name)
            _begun(folder, part, session)
    finally:
        folder.tell()
    folder.close(complete=True)


def _begun(folder: Folder, part: Part, session: Session) -> None:
    """One part to its end. A cursor may be what was refused: then the next run begins it anew."""
    try:
        _read(folder, part, session)
    except (VenueRefusedError, NotReadyError):
        folder.forget(part.name)
        folder.begin(part)
        folder.save()
        raise


def _read(folder: Folder, part: Part, session: Session) -> None:
    """One part from its cursor to its end; ``FetchError`` when its paging goes in circles."""
    cursor = folder.begin(part)
    seen = {cursor}
    while cursor is not None:
        step = part.read(cursor)
        folder.add(part, step.content, step.following, session.now())
        cursor = step.following
        if cursor is not None and (cursor in seen or len(seen) > MAX_PAGES):
            raise session.error(Problem(f"the pages of {part.name} do not come to an end"))
        seen.add(cursor)


def _about(venue: str, request: Request, base: str | None) -> dict[str, Any]:
    """What makes two fetches the same one, so that one may go on with the other."""
    return {
        "venue": venue,
        "url": base,
        "account": request.account,
        "venue_account": request.venue_account,
        "symbols": sorted(set(request.symbols)),
        "query": request.query,
        "from": request.start.astimezone(UTC).isoformat(),
        "zone": request.zone.key,
    }
