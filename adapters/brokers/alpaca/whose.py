"""Whose rows are read, where answers of the Broker API hold those of several accounts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from adapters.brokers.alpaca.pages import ACCOUNT, Held
from adapters.port import AccountConfig
from adapters.rows import Row
from ledger.errors import BadFileError


class Whose:
    """The account that is asked for, or the only one that is named; ``BadFileError`` for several.

    An account has an id, by which its activities name it, and a number; its own answer has both.
    """

    def __init__(self, read: Sequence[Held], config: AccountConfig) -> None:
        groups, asked = _groups(read), config.venue_account
        chosen = [group for group in groups if asked is None or asked in group]
        if len(chosen) > 1 or (groups and not chosen):
            said = f"not of {asked}" if asked else "which one is not said"
            listed = ", ".join(group[0] for group in groups)[:400]
            raise BadFileError(
                f"the answers are of {listed}, {said}; name one of them as the venue's account"
            )
        self.names = chosen[0] if chosen else ()

    def owns(self, row: Row) -> bool:
        """Whether a row is of this account; one that names none is."""
        named = text_of(row, "account_id")
        return not named or named in self.names

    def states(self, row: Row) -> bool:
        """Whether an account's own answer is this account's."""
        return any(name in self.names for name in _names(row))


def text_of(row: Row, name: str) -> str:
    """A value where it is text, unchecked: for telling rows apart, not for the books."""
    value = row.values.get(name)
    return value if isinstance(value, str) else ""


def _groups(read: Iterable[Held]) -> list[tuple[str, ...]]:
    """The names of each account: those of its own answer, or the id in its rows."""
    held = list(read)
    own = [_names(row) for one in held for row in one.of(ACCOUNT)]
    named = {text_of(row, "account_id") for one in held for _, row in one.rows} - {""}
    alone = named.difference(*own)
    return [*dict.fromkeys(group for group in own if group), *((name,) for name in sorted(alone))]


def _names(row: Row) -> tuple[str, ...]:
    return tuple(filter(None, (text_of(row, "id"), text_of(row, "account_number"))))
