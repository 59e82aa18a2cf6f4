"""What is said in a session, and when: the protocol without its connection.

Bytes that are to be sent wait in ``outbox``; whoever sends them first brings to the disk what was
kept, so that nothing is acknowledged that could still be lost. Times are milliseconds of a clock
that only goes forward.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

import attrs

from adapters.fix_frames import Frame
from adapters.transport.credentials import Credentials
from adapters.transport.errors import TryLaterError, VenueRefusedError
from adapters.transport.fix.counting import Turn
from adapters.transport.fix.kept import Kept, Names
from adapters.transport.fix.wire import Field, Heard, encoded, without_secrets

OF_SESSION: Final = frozenset({"0", "1", "2", "3", "4", "5", "A"})
"""The kinds of messages (35) that tell of the session alone."""

PATIENCE: Final = 10_000
"""How long an answer to our logon, or to our logout, is waited for."""


@attrs.frozen(kw_only=True)
class Means:
    """What a session works with. ``now`` is the time that messages bear, ``tick`` milliseconds;
    ``heartbeat`` seconds between signs of life (108); ``told`` hears what somebody should know."""

    now: Callable[[], datetime] = attrs.field(repr=False)
    tick: Callable[[], int] = attrs.field(repr=False)
    told: Callable[[str], None] = attrs.field(repr=False)
    heartbeat: int = 30


class Session:
    """One connection's session, from our logon to somebody's logout."""

    def __init__(self, names: Names, kept: Kept, credentials: Credentials, means: Means) -> None:
        self._names, self._kept, self._means = names, kept, means
        self._credentials = credentials
        self._began = self._heard_at = self._sent_at = self.fresh_at = means.tick()
        self._asked_from = 0
        self._is_probed = False
        self._left_at: int | None = None
        self.is_logged_on = False
        self.is_over = False
        self.reports = 0
        self.outbox: list[bytes] = []

    def logon(self, login: list[Field]) -> None:
        """Ask to be let in; numbers go on where they were (141=N)."""
        told = [("98", "0"), ("108", str(self._means.heartbeat)), ("141", "N")]
        self._say("A", *told, *login)

    def logout(self, why: str = "") -> None:
        """Say that we leave, once."""
        if self._left_at is None:
            self._left_at = self._means.tick()
            self._say("5", *([("58", why)] if why else []))

    def receive(self, frame: Frame) -> None:
        """Keep a message and answer it. A garbled one is passed over: the next number tells that it
        is missing. ``VenueRefusedError`` ends the session."""
        self._heard_at, self._is_probed = self._means.tick(), False
        if frame.fault:
            self._tell(f"a message came garbled: {frame.fault}")
            return
        message = Heard.of(frame)
        self._require_ours(message)
        expected = self._kept.counting.expected
        turn = self._kept.counting.take(message)
        self._kept.add(without_secrets(message.raw, self._credentials))
        if turn is not Turn.AGAIN:
            self._answer(message)
        if message.kind not in OF_SESSION:
            self.fresh_at = self._means.tick()
            self.reports += turn is Turn.NEXT
        if turn is Turn.AHEAD:
            self._ask_again()
        elif self._kept.counting.expected > expected + 1 and message.text("123") != "Y":
            passed = f"{expected} to {self._kept.counting.expected - 1}"
            self._tell(f"the venue passed over its messages {passed}, and will not send them")

    def lose(self, why: str) -> None:
        """The connection ended: nothing is amiss once we said that we leave; ``TryLaterError``."""
        if self._left_at is None:
            raise TryLaterError(f"the venue was lost: {why}")
        self.is_over = True

    @property
    def is_sound(self) -> bool:
        """Whether it brought anything, so that another try after a loss is worth while."""
        lasted = self._means.tick() - self._began > self._means.heartbeat * 1000
        is_whole = self.is_logged_on and not self._kept.counting.is_open
        return self.reports > 0 or (lasted and is_whole)

    def beat(self) -> None:
        """Say that we are here, when it is time; ``TryLaterError`` when the venue is not."""
        at, interval = self._means.tick(), self._means.heartbeat * 1000
        if self._left_at is not None:
            self.is_over |= at - self._left_at > PATIENCE
        elif not self.is_logged_on and at - self._began > PATIENCE:
            raise TryLaterError("no answer to the logon came")
        elif at - self._heard_at > interval * 12 // 5:
            raise TryLaterError("the venue fell silent")
        elif self.is_logged_on and at - self._heard_at > interval * 6 // 5 and not self._is_probed:
            self._is_probed = True
            self._say("1", ("112", f"alive-{at}"))
        elif self.is_logged_on and at - self._sent_at >= interval:
            self._say("0")

    def _require_ours(self, message: Heard) -> None:
        named = Names(message.text("8"), message.text("56"), message.text("49"))
        if named != self._names:
            told = f"a message from {named.target} to {named.sender} in {named.begin}"
            wanted = f"{self._names.target} to {self._names.sender} in {self._names.begin}"
            raise self._refused(f"{told}, and this session is from {wanted}: mend --target, "
                                "--sender or --begin")  # fmt: skip
        if not self.is_logged_on and message.kind not in {"A", "3", "5"}:
            self.lose("its first message is no logon")

    def _answer(self, message: Heard) -> None:
        match message.kind:
            case "A":
                self.is_logged_on = True
            case "1":
                self._say("0", ("112", message.text("112")))
            case "2":
                self._fill(message)
            case "3" | "j":
                self._tell(f"the venue refused our message {message.text('45')}: {_why(message)}")
            case "5":
                self._part(message)

    def _part(self, message: Heard) -> None:
        """The venue's logout: the answer to ours, its own, or that it lets nobody in."""
        if not self.is_logged_on:
            raise self._refused(f"the venue refused the logon: {_why(message)}")
        if self._left_at is None:
            self._tell(f"the venue logged us out: {_why(message)}")
            self.logout()
        self.is_over = True

    def _fill(self, message: Heard) -> None:
        """Answer a wish for our messages: there were none but of the session, which no one wants
        again (35=4, 123=Y)."""
        wanted, following = message.number("7"), self._kept.next_number
        if wanted is None or not 0 < wanted < following:
            self._tell(f"the venue asks for our message {message.text('7')}, which never was")
            return
        again = [("43", "Y"), ("122", self._time()), ("123", "Y"), ("36", str(following))]
        self._put("4", wanted, *again)

    def _ask_again(self) -> None:
        """Have sent again what is missing, to the end; once for each place where it begins."""
        missing = self._kept.counting.expected
        if self._asked_from != missing:
            self._asked_from = missing
            self._tell(f"{self._kept.counting.gap} are missing, or came early; asking for them")
            self._say("2", ("7", str(missing)), ("16", "0"))

    def _say(self, kind: str, *fields: Field) -> None:
        self._put(kind, self._kept.number(), *fields)

    def _put(self, kind: str, number: int, *fields: Field) -> None:
        """A message into the outbox."""
        names = self._names
        head = [("35", kind), ("49", names.sender), ("56", names.target), ("34", str(number))]
        self._sent_at = self._means.tick()
        told = [*head, ("52", self._time()), *fields]
        self.outbox.append(encoded(names.begin, told))

    def _time(self) -> str:
        told = self._means.now().astimezone(UTC)
        return f"{told:%Y%m%d-%H:%M:%S}.{told.microsecond // 1000:03d}"

    def _tell(self, what: str) -> None:
        self._means.told(_plain(self._credentials.redacted(what)))

    def _refused(self, what: str) -> VenueRefusedError:
        return VenueRefusedError(_plain(self._credentials.redacted(what)))


def _why(message: Heard) -> str:
    """The text (58) of a message, or that there is none."""
    return message.text("58") or "it does not say why"


def _plain(told: str) -> str:
    """Printable, and no longer than a few lines."""
    return "".join(one if one.isprintable() else "?" for one in told[:400])
