"""OFX statements (1.x SGML and 2.x XML) of brokers and banks: ``parse(pages, config) -> Batch``.

One tolerant reader of tags takes both generations; no library does. ``ofxtools`` is GPL and
refuses headers that banks really send; ``ofxparse`` (2021) drops what a ledger needs: the row that
a reversal undoes, taxes, the currency of a row, and the zone of its times. An XML parser would
read a part of the 2.x files only, since some hold SGML under an XML header.

What is read: the transactions of investment, bank and card statements, positions and balances. An
answer that reports an error, and one without a statement, is refused as a whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from adapters.brokers.ofx.frame import Owner, Statement, listed_securities, statements
from adapters.brokers.ofx.reading import Reading, Source
from adapters.brokers.ofx.row import OfxRow, end_of, moment
from adapters.brokers.ofx.securities import VENUE, Securities
from adapters.brokers.ofx.tags import Node, read_tags
from adapters.gathering import Gathering
from adapters.port import AccountConfig, Batch, RawPage
from adapters.text import UNREADABLE
from ledger.errors import BadFileError

__all__ = ["NAME", "VENUE", "VERSION", "accounts", "parse"]

NAME: Final = "ofx"
VERSION: Final = "1"


def parse(pages: Sequence[RawPage], config: AccountConfig) -> Batch:
    """Read OFX files of one account; ``BadFileError`` refuses them as a whole."""
    held = [
        (number, page.name, root, one)
        for number, (page, root) in enumerate(_roots(pages))
        for one in statements(page.name, root)
    ]
    owner = _owner([one.owner for *_, one in held], config)
    held = [entry for entry in held if entry[-1].owner == owner]
    gathering = Gathering(pages, config)
    known = Securities(owner.institution)
    for file, root in {number: (file, root) for number, file, root, _ in held}.values():
        _list(gathering, file, root, known)
    reading = Reading(gathering, known)
    for number, file, _, statement in held:
        reading.statement(Source(number, file, statement, *_covered(statement, config)))
    reading.finish()
    account = gathering.account(owner.account, owner.scope)
    return gathering.batch(venue=VENUE, account=account, parser=NAME, version=VERSION)


def accounts(pages: Sequence[RawPage]) -> list[str]:
    """The accounts that the files hold statements of, sorted."""
    held = [one for page, root in _roots(pages) for one in statements(page.name, root)]
    return sorted({one.owner.scope for one in held})


def _roots(pages: Sequence[RawPage]) -> list[tuple[RawPage, Node]]:
    if not pages:
        raise BadFileError("no file was given: name at least one OFX file")
    return [(page, read_tags(page)) for page in pages]


def _owner(held: Sequence[Owner], config: AccountConfig) -> Owner:
    """The account asked for, by its number or with its institution, or the only one there is."""
    asked = config.venue_account
    meant = sorted({one for one in held if asked in {None, one.account, one.scope}})
    if len(meant) == 1:
        return meant[0]
    named = ", ".join(sorted({one.scope for one in held}))
    rest = f"not one of {asked}" if asked else "which one is meant is not said"
    raise BadFileError(f"the statements are of {named}, {rest}; name one as the venue's account")


def _list(gathering: Gathering, file: str, root: Node, known: Securities) -> None:
    """Take in what a file says of the securities it names."""
    gathering.file = file
    nodes = list(listed_securities(root))
    if not nodes:
        return
    zone = gathering.config.zone
    rows = [OfxRow(node, f"{node.tag}[{n}]", zone) for n, node in enumerate(nodes, start=1)]

    def add(row: OfxRow) -> None:
        if not known.add(row):
            gathering.find(row, "two securities under one id: the first one listed is meant")

    gathering.section("SECLIST", rows, add)


def _covered(
    statement: Statement, config: AccountConfig
) -> tuple[datetime | None, datetime | None]:
    """The times the statement covers; a day that ends it is covered."""
    node = statement.node
    lists = [one for tag in ("INVTRANLIST", "BANKTRANLIST") for one in node.all(tag)]
    begins = next((one.value("DTSTART") for one in lists if one.value("DTSTART")), "")
    ends = next((one.value("DTEND") for one in lists if one.value("DTEND")), "")
    ends = ends or node.value("DTASOF") or node.value("LEDGERBAL", "DTASOF")
    try:
        return (
            moment("DTSTART", begins, config.zone) if begins else None,
            end_of("DTEND", ends, config.zone) if ends else None,
        )
    except UNREADABLE as error:
        raise BadFileError(
            f"a statement of {statement.owner.scope} does not say what it covers: {error}"
        ) from None
