"""Reader: the questions, asked of the resident state or of the log at a past moment."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from datetime import datetime
from types import TracebackType
from typing import Any, Self

from ledger import history, rebuilding
from ledger.comparing import Diff, diff
from ledger.deciding import find_order
from ledger.domain.accounts import Account
from ledger.domain.events import NET, Recorded
from ledger.domain.gates import require_time
from ledger.domain.lots import Lot
from ledger.domain.order_view import OrderView
from ledger.domain.positions import PositionKey
from ledger.domain.postings import JournalEntry
from ledger.domain.skimmed import Skimmed
from ledger.domain.views import BalanceView, PositionView
from ledger.domain.watching import Record
from ledger.errors import UnknownAccountError, UnknownInstrumentError, UnknownOrderError
from ledger.explaining import Step, explain_position
from ledger.history import KnownAt
from ledger.journal import journal
from ledger.pricing import PriceReader
from ledger.store.port import Digest, EventStore, Verification


class Reader(PriceReader):
    """Answers about the accounts of a store. Every question takes ``as_of`` (when it happened)
    and ``known_at`` (when we had learned it: a time, or a log number); without both it is asked
    of the state kept in memory, caught up with the store. A time without a zone raises
    ``NaiveTimeError``, a number that the log has not reached ``UnknownNumberError``."""

    def __init__(self, store: EventStore) -> None:
        self.store = store
        self._accounts: dict[str, Account] = {}
        self._lock = threading.RLock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the store; nothing can be asked after that."""
        self.store.close()

    # -- the resident state -------------------------------------------------------------

    def account(self, name: str) -> Account:
        """The resident account, caught up with the store. Owned by the book: do not change it."""
        with self._lock:
            account = self._accounts.get(name)
            if account is None:
                account = self.store.checkpoints.account(name, self.store.head())
            self._catch_up(account, self.store.skim(name, after=account.version))
            return account

    def _catch_up(self, account: Account, news: Iterable[Recorded | Skimmed]) -> None:
        """Fold what is new, and what it made stale. An account whose fold was interrupted (an
        error of the store, a signal) is not kept half folded: it is read anew when asked for."""
        self._accounts.pop(account.name, None)
        keeper = history.Keeper(self.store.checkpoints)
        if history.fold(account, news, keeper):
            rebuilding.complete(self.store, account)
            keeper.look(account)
            keeper.flush()
        self._accounts[account.name] = account

    # -- questions ----------------------------------------------------------------------

    def at(self, name: str, *, as_of: datetime | None = None, known_at: KnownAt = None) -> Account:
        """The account as it was at a moment in each of the two times; ``UnknownAccountError`` if
        the store has never heard of it."""
        if as_of is None and known_at is None:
            state = self.account(name)
        else:
            state = history.account_at(self.store, name, as_of=as_of, known_at=known_at)
        if not state.version and not self.store.version(name):
            known = ", ".join(self.store.streams()[:10]) or "none"
            raise UnknownAccountError(f"no account {name} in this store; it has: {known}")
        return state

    def position(
        self,
        account: str,
        instrument: str,
        position_id: str = NET,
        *,
        as_of: datetime | None = None,
        known_at: KnownAt = None,
    ) -> PositionView:
        """One position, by instrument id or symbol; flat if there never was one, and
        ``UnknownInstrumentError`` if the account has never heard of the instrument."""
        state = self._position_state(account, instrument, position_id, as_of, known_at)
        return state.view(PositionKey(self._instrument(state, instrument), position_id))

    def _position_state(
        self, name: str, instrument: str, book: str, as_of: datetime | None, known_at: KnownAt
    ) -> Account:
        """An account that knows one of its positions; of a past moment no more than that, where
        that can be told from the position's own facts."""
        if as_of is not None or known_at is not None:
            upto = history.resolve(self.store, known_at)
            as_of = as_of if as_of is None else require_time("as_of", as_of)
            present = self.account(name)
            state = history.rules_at(present, as_of, upto) if present.is_plain else None
            if state is not None and state.has_heard_of(instrument):
                key = PositionKey(state.resolve(instrument), book)
                state.positions[key] = rebuilding.rebuild_position(self.store, state, key, upto)
                return state
        return self.at(name, as_of=as_of, known_at=known_at)

    def _instrument(self, state: Account, name: str) -> str:
        """The id behind a name that the account knows, if only by now."""
        if state.has_heard_of(name):
            return state.resolve(name)
        present = self.account(state.name)
        if present.has_heard_of(name):
            return present.resolve(name)
        raise UnknownInstrumentError(
            f"no instrument {name} in account {state.name}; define it with book.define first"
        )

    def positions(
        self, account: str, *, as_of: datetime | None = None, known_at: KnownAt = None
    ) -> list[PositionView]:
        """All positions that anything ever moved, by instrument and book."""
        state = self.at(account, as_of=as_of, known_at=known_at)
        moved = (key for key, one in state.positions.items() if one.holding.last_at is not None)
        return [state.view(key) for key in sorted(moved)]

    def lots(
        self, account: str, instrument: str, position_id: str = NET, **when: Any
    ) -> tuple[Lot, ...]:
        """The open lots of a position, oldest first."""
        return self.position(account, instrument, position_id, **when).lots

    def balances(
        self, account: str, *, as_of: datetime | None = None, known_at: KnownAt = None
    ) -> list[BalanceView]:
        """Every currency of the account: total, held, free, and what has settled by the day of
        ``as_of`` (without one: of the last fact), in the account's zone."""
        state = self.at(account, as_of=as_of, known_at=known_at)
        return state.balances(state.day_of(as_of) if as_of else None)

    def order(
        self,
        account: str,
        cl_ord_id: str,
        *,
        as_of: datetime | None = None,
        known_at: KnownAt = None,
    ) -> OrderView:
        """One order, open or closed, under any of its ids; ``UnknownOrderError`` if none."""
        state = self.at(account, as_of=as_of, known_at=known_at)
        order = find_order(self.store, state, cl_ord_id)
        if order is None:
            raise UnknownOrderError(
                f"account {account} has no order {cl_ord_id}; book.open_orders lists the open ones"
            )
        return order.view()

    def open_orders(
        self, account: str, *, as_of: datetime | None = None, known_at: KnownAt = None
    ) -> list[OrderView]:
        """The orders that may still fill, by id."""
        state = self.at(account, as_of=as_of, known_at=known_at)
        return sorted((one.view() for one in state.orders.open()), key=lambda one: one.cl_ord_id)

    def log(self, account: str | None = None, *, known_at: KnownAt = None) -> Iterator[Recorded]:
        """The facts as they were recorded, of one account or of all."""
        upto = history.resolve(self.store, known_at)
        if account is None:
            return self.store.read_all(upto=upto)
        return self.store.read(account, upto=upto)

    def explain(
        self, account: str, instrument: str, position_id: str = NET, **when: Any
    ) -> list[Step]:
        """Every fact that made a position's numbers, with the arithmetic."""
        state = self.at(account, **when)
        key = PositionKey(self._instrument(state, instrument), position_id)
        return explain_position(self.store, state, key)

    def results(self, account: str, instrument: str, position_id: str = NET, **when: Any) -> Record:
        """A position's disposals, closed cycles and open issues, folded from its own facts."""
        state, heard = self.at(account, **when), Record()
        key = PositionKey(self._instrument(state, instrument), position_id)
        rebuilding.rebuild_position(self.store, state, key, state.number, heard)
        return heard

    def journal(self, account: str, *, known_at: KnownAt = None) -> Iterator[JournalEntry]:
        """The balanced postings of every fact, in recorded order."""
        return journal(self.store, account, known_at=history.resolve(self.store, known_at))

    def diff(
        self,
        account: str,
        *,
        known_from: KnownAt,
        known_to: KnownAt = None,
        as_of: datetime | None = None,
    ) -> Diff:
        """What changed between two knowledge times, and the facts learned in between."""
        return diff(self.store, account, known_from=known_from, known_to=known_to, as_of=as_of)

    def verify(self, against: Digest | None = None) -> Verification:
        """Check the hash chain, and with a digest kept elsewhere also the tail."""
        return self.store.verify(against)

    def digest(self) -> Digest:
        """The last number and every account's head hash, to be kept elsewhere."""
        return self.store.digest()
