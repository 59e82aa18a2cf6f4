"""The page on drop copies, from the venue to a clean night, against a venue that is here."""

from __future__ import annotations

import re
from pathlib import Path

from tests.architecture.markdown import blocks
from tests.architecture.sources import ROOT
from tests.cli.running import Run
from tests.cli.test_documented_commands import require_shown, shown
from tests.transport.fix.venue import Venue, running

PAGE = ROOT / "docs" / "how-to" / "drop-copy.md"
PLACE = re.compile(r"--host \S+ --port \d+")


def test_the_page_shows_what_is_said(run: Run) -> None:
    text = PAGE.read_text("utf-8").replace("```console skip", "```console")
    done = 0
    with running(Venue(ends=True)) as venue:
        here = f"--host 127.0.0.1 --port {venue.port} --no-tls"
        for block in blocks(text):
            if block.file:
                Path(block.file).write_text(block.body, "utf-8")
            for one in shown(block) if block.language == "console" else ():
                require_shown(run, one._replace(line=PLACE.sub(here, one.line)))
                done += 1
    assert done == 5
