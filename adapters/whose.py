"""Whose books an account is, and whether a report is of another of the venue's accounts."""

from __future__ import annotations

from adapters.port import Batch
from ledger.domain.events import AccountOpened, Identity, Recorded
from ledger.errors import BadFileError
from ledger.store.port import EventStore


def opening_of(store: EventStore, account: str) -> Recorded | None:
    """The record by which an account was opened; None if it never was."""
    key = Identity("", "", "account", "opened").key(account)
    return store.by_key([key]).get(key)


def opened(store: EventStore, account: str) -> AccountOpened | None:
    """The fact by which an account began; None if it was never opened."""
    found = opening_of(store, account)
    return found.event if found and isinstance(found.event, AccountOpened) else None


def other_account(opening: AccountOpened | None, batch: Batch) -> str:
    """How a report is of another account of the venue than these books are, in words; empty where
    it is not, or nobody knows."""
    ours = opening.venue_account if opening else None
    names = {batch.whose, *(f"{batch.venue}:{name}" for name in batch.also_called)}
    if ours is None or batch.whose is None or ours in names:
        return ""
    if not ours.startswith(f"{batch.venue}:"):
        return ""
    return f"the report is of {batch.whose}, and account {batch.account} is the books of {ours}"


def require_ours(opening: AccountOpened | None, batch: Batch) -> None:
    """``BadFileError`` for a report of another account of the venue."""
    apart = other_account(opening, batch)
    if apart:
        raise BadFileError(
            f"{apart}; nothing was recorded: name the account of this report, or say that it is "
            "meant (--other-account) if the venue calls it otherwise now"
        )
