"""A log being read: whose reports, in which order, and what of each becomes a fact."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Final

from adapters.brokers.fix44.captures import Captures
from adapters.brokers.fix44.dialect import Dialect
from adapters.brokers.fix44.instruments import instrument, instrument_id, name_at_venue
from adapters.brokers.fix44.message import Message
from adapters.brokers.fix44.reports import (
    Newest,
    Reports,
    further_ids,
    is_ours,
    require_no_fills,
)
from adapters.brokers.fix44.sessions import REFUSALS, missing, refusal
from adapters.fix_frames import frames
from adapters.gathering import Gathering
from adapters.port import AccountConfig, Batch, Finding, RawPage
from adapters.sharing import taken
from adapters.text import UNREADABLE
from ledger.domain.events import Event, FillBooked, FillBusted, FillCorrected
from ledger.errors import BadFileError, BadRowError

REPORT: Final = "8"
CAPTURE: Final = "AE"


class Log:
    """The pages of one account's log, message by message."""

    def __init__(self, pages: Sequence[RawPage], config: AccountConfig, dialect: Dialect) -> None:
        self._g = Gathering(pages, config)
        self._dialect = dialect
        self._pages = [(page.name, [*self._whole(page)]) for page in pages]
        every = [message for _, messages in self._pages for message in messages]
        self._named = accounts_in(every)
        self.account = self._whose(every)
        self._reports = Reports(dialect, every)
        self._captures = Captures(dialect, self._is_of, self._reports, every)
        self._g.missing += missing(every)
        self._orders = Newest()
        self._undefined: set[str] = set()

    def read(self) -> None:
        """Read every message, and let go of it; what is no report is counted, a refusal is a
        finding."""
        for name, messages in self._pages:
            self._g.file = name
            for message in taken(messages):
                self._message(message)
        if self._named and self.account not in self._named:
            what = f"no report of {self.account}: they are of {', '.join(self._named)}"
            self._g.findings.append(Finding(file=self._pages[0][0], row="", what=what))
        self._g.orders += self._orders.orders()

    def batch(self, *, parser: str, version: str) -> Batch:
        """Everything read."""
        account, venue = self._g.account(self.account), self._dialect.venue
        self._g.venue_account = self.account if self.account in self._named else ""
        return self._g.batch(venue=venue, account=account, parser=parser, version=version)

    def _whole(self, page: RawPage) -> Iterator[Message]:
        """The page's messages; those that are garbled are set aside. A page that ends in one, and
        in no end of a line, was cut: what came after it is not here."""
        self._g.file, fault = page.name, ""
        for frame in frames(page):
            message, fault = Message.of(frame), frame.fault
            if frame.fault:
                self._g.set_aside(message, BadRowError("message", message.raw[:80], frame.fault))
            else:
                yield message
        if fault and not page.content.endswith(b"\n"):
            self._g.missing.append(f"the end of {page.name}, which was cut in a message")

    def _whose(self, every: Iterable[Message]) -> str:
        """The account meant: the one configured, else the only one named, else the receiver (56)
        of execution reports, else of trade reports."""
        asked = self._g.config.venue_account
        if asked is None and len(self._named) > 1:
            held = ", ".join(self._named)
            raise BadFileError(f"reports of {held}; name one of them as the venue's account")
        if asked is None:
            told = sorted((m for m in every if m.kind in {REPORT, CAPTURE}), key=_is_capture)
            receivers = (str(m.values.get("56", "")) for m in told)
            return self._named[0] if self._named else next(receivers, "")
        return asked

    def _message(self, message: Message) -> None:
        g, kind = self._g, f"35={message.kind[:20]}"
        g.sections.add(kind)
        g.counts[kind] += 1
        if message.kind in REFUSALS:
            g.find(message, refusal(message))
        elif message.kind == REPORT:
            g.guarded(message, lambda _: self._report(message))
        elif message.kind == CAPTURE and self._dialect.trade_reports:
            g.guarded(message, lambda _: self._capture(message))

    def _report(self, message: Message) -> None:
        """One execution report, if it is of our account."""
        if not is_ours(message, self.account, self._named):
            return
        event = self._reports.event(message)
        if event is None:
            self._order(message)
            require_no_fills(message)
            return
        at = (
            message.utc("60")
            if isinstance(event, FillBooked)
            else self._reports.amended_at(message)
        )
        self._record(message, event, at)
        try:
            self._order(message)
        except UNREADABLE as error:
            self._g.find(message, f"its execution is booked, its order's state cannot be: {error}")

    def _is_of(self, side: Message) -> bool:
        return is_ours(side, self.account, self._named)

    def _order(self, message: Message) -> None:
        order = self._reports.order(message)
        if order is not None:
            self._orders.add(self._reports.first_told_at(message), order)

    def _capture(self, message: Message) -> None:
        for event, at in self._captures.events(message):
            self._record(message, event, at)

    def _record(self, message: Message, event: Event, at: datetime) -> None:
        """A fact; a trade report tells its execution another time."""
        venue = self._dialect.venue
        also = further_ids(message, venue, self._reports.scope(message))
        if isinstance(event, FillBusted | FillCorrected):
            also += self._reports.amended_on_some_day(message, venue)
        self._define(message)
        is_again = message.is_repeated or message.kind == CAPTURE
        self._g.record(message, event, at, also, again=is_again)

    def _define(self, message: Message) -> None:
        """The instrument, when the message tells enough; else somebody has to define it."""
        named = instrument_id(message, self._dialect.venue)
        if named in self._g.instruments:
            return
        dialect = self._dialect
        found = instrument(
            message, dialect.venue, dialect.currency_of(message), dialect.terms(message)
        )
        if found is not None:
            self._g.define(found)
        elif named not in self._undefined:
            self._undefined.add(named)
            self._g.find(
                message,
                f"{named}: no message tells its kind (167), currency (15) and multiplier (231); "
                "until the settings of the venue do, the value of its fills is unknown: write "
                f'[instruments."{name_at_venue(message)}"] with what is not told',
            )


def _is_capture(message: Message) -> bool:
    return message.kind == CAPTURE


def accounts_in(messages: Iterable[Message]) -> list[str]:
    """The accounts that execution reports name; those of trade reports where there are none,
    since these name the other side's too."""
    named: dict[str, set[str]] = {REPORT: set(), CAPTURE: set()}
    for message in messages:
        if message.kind in named:
            named[message.kind].update(value for tag, value in message.fields if tag == "1")
    return sorted(named[REPORT] or named[CAPTURE])
