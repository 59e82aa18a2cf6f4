"""Fetching from a small venue, with a clock and a sleep that take no time."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import attrs

from adapters.port import RawPage
from adapters.transport.credentials import Credentials
from adapters.transport.fetching import Means, fetch
from tests.transport.server import Server
from tests.transport.venues import NOW, Venue


@attrs.define
class Clock:
    """Time that passes only by waiting, and a little by each look at it."""

    moment: datetime = NOW
    slept: list[int] = attrs.field(factory=list)

    def now(self) -> datetime:
        self.moment += timedelta(milliseconds=1)
        return self.moment

    def sleep(self, milliseconds: int) -> None:
        self.slept.append(milliseconds)
        self.moment += timedelta(milliseconds=milliseconds)

    def waited(self, gap: int) -> list[int]:
        """The seconds waited, but for the gaps between requests."""
        return [one // 1000 for one in self.slept if one != gap]


def fetched(
    venue: Venue,
    server: Server,
    out: Path,
    clock: Clock | None = None,
    held: Credentials | None = None,
    **given: Any,
) -> list[RawPage]:
    clock = clock or Clock()
    request = given.pop("request", venue.request)
    given = {"silence": 2000, "base": server.url, **given}
    means = Means(now=clock.now, sleep=clock.sleep, **given)
    return fetch(venue.name, request, held or venue.held(), out=out, means=means)


def manifest(out: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads((out / "manifest.json").read_text("utf-8"))
    return told
