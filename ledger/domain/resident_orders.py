"""The orders an account keeps in memory: those that are open, and the last that were closed.

An order that was closed for long leaves memory. A late fact that names it, or one that cannot be
told apart from a new order's, marks it in ``stale``; the owner of the store rebuilds it from its
own facts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import NamedTuple

from ledger.domain.events import FillBooked, OrderPlaced, Recorded
from ledger.domain.orders import Load, Order
from ledger.domain.skimmed import Skimmed, kind_of

# Ids that had facts and no placing are remembered up to this many; beyond, whatever is placed is
# looked up in the store.
MOST_UNPLACED = 10_000

# So many closed orders stay, for the late facts that follow soon.
RECENT = 256


# Of saved ids without a placing, too, since each saved state has all of them.
FEW = 1_000


class SavedOrder(NamedTuple):
    """An open order: its ids, the numbers of its facts, and whether it reserves cash."""

    root: str
    aliases: tuple[str, ...]
    numbers: tuple[int, ...]
    holds: bool


class SavedOrders(NamedTuple):
    """The open orders, and what must be known of those that are not here."""

    orders: tuple[SavedOrder, ...]
    unplaced: tuple[str, ...] | None
    saw_external: bool


class ResidentOrders(Mapping[str, Order]):
    """Orders under the first id they were known by. An open order is always here, with all its
    facts, unless it is marked as stale; one that was closed lately is found by its ids."""

    __slots__ = (
        "_aliases", "_by_root", "_closed", "_has_forgotten", "_roots", "_saw_external", "_touched",
        "_unplaced", "changed", "stale",
    )  # fmt: skip

    def __init__(self) -> None:
        self._by_root: dict[str, Order] = {}
        self._closed: dict[str, Order] = {}
        self._roots: dict[str, str] = {}
        self._aliases: dict[str, list[str]] = {}
        self._touched: dict[str, None] = {}  # in the order of the facts
        self._has_forgotten = self._saw_external = False
        self._unplaced: set[str] | None = set()
        self.stale: set[str] = set()
        self.changed: set[str] | None = None
        """The orders that facts came for, by the id they are kept under, if somebody asks."""

    def __getitem__(self, root: str) -> Order:
        return self._by_root[root]

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_root)

    def __len__(self) -> int:
        return len(self._by_root)

    def find(self, cl_ord_id: str) -> Order | None:
        """The order under any of its ids, if it is in memory."""
        root = self._roots.get(cl_ord_id)
        if root is None:
            return None
        return self._by_root.get(root) or self._closed.get(root)

    def open(self) -> Iterator[Order]:
        """The orders that may still fill."""
        return (order for order in self._by_root.values() if order.is_open)

    def evolve(self, ids: tuple[str, ...], recorded: Recorded | Skimmed, *, is_late: bool) -> None:
        """Let the order under these ids fold a fact; where that cannot be told from here, it is
        marked to be rebuilt."""
        roots = self._roots
        root = roots.get(ids[0])
        if root is not None and (len(ids) == 1 or roots.get(ids[1]) == root):
            self._fold(root, recorded)
            return
        known = {roots[one] for one in ids if one in roots}
        if len(known) == 1:
            self._to_resident(known.pop(), ids, recorded)
        elif known:
            for one in known:
                self._drop(one)
            self.stale.update(known)
        else:
            self._to_absent(ids, recorded, is_late)

    def _reopened(self, root: str) -> Order:
        """An order that was closed lately, among the others again."""
        order = self._by_root[root] = self._closed.pop(root)
        return order

    def _to_resident(self, root: str, ids: tuple[str, ...], recorded: Recorded | Skimmed) -> None:
        """A new id of a known order may have had facts before it was known whose they are."""
        new = tuple(one for one in ids if one not in self._roots)
        if self._had(new):
            self.stale.add(root)
        self._name(root, new)
        self._fold(root, recorded)

    def _fold(self, root: str, recorded: Recorded | Skimmed) -> None:
        """An order that is here takes in a fact."""
        order = self._by_root.get(root) or self._reopened(root)
        order.evolve(recorded)
        self._touched[root] = None
        if self.changed is not None:
            self.changed.add(root)

    def _name(self, root: str, ids: Sequence[str]) -> None:
        """An order goes by these ids, too."""
        for one in ids:
            self._roots[one] = root
        aliases = [one for one in ids if one != root]
        if aliases:
            self._aliases.setdefault(root, []).extend(aliases)

    def _forget(self, root: str) -> None:
        """No id leads to an order any more."""
        for one in (root, *self._aliases.pop(root, ())):
            self._roots.pop(one, None)

    def _to_absent(self, ids: tuple[str, ...], recorded: Recorded | Skimmed, is_late: bool) -> None:
        """A fill cannot open an order that is not here; other facts may. One that is placed now
        begins here, unless some of its facts came, or happened, before it was placed."""
        if kind_of(recorded) is FillBooked:
            self._saw_external = True
            self._remember(ids)
            if self.changed is not None:
                self.changed.add(ids[-1])
            return
        begins = kind_of(recorded) is OrderPlaced and not (is_late or self._had(ids))
        if (self._has_forgotten or self._saw_external) and not begins:
            self.stale.add(ids[-1])
            return
        self._by_root[ids[-1]] = Order()
        self._name(ids[-1], ids)
        self._fold(ids[-1], recorded)

    def adopt(self, cl_ord_id: str, order: Order) -> None:
        """Take in an order that was rebuilt from the store, unless it was closed for long."""
        self.stale.discard(cl_ord_id)
        if self.changed is not None:
            self.changed.add(cl_ord_id)
        names = (cl_ord_id, *order.cl_ord_ids)
        for name in names:
            root = self._roots.get(name, name)
            self._by_root.pop(root, None)
            self._closed.pop(root, None)
            self._forget(root)
        if order.is_open or order.is_placed:
            (self._by_root if order.is_open else self._closed)[cl_ord_id] = order
            self._name(cl_ord_id, sorted(set(names)))
        else:
            self._has_forgotten = True
            self._remember(names)

    def saved(self) -> SavedOrders:
        """What is needed to go on from here later, while no order has to be rebuilt."""
        orders = tuple(
            SavedOrder(root, tuple(self._aliases.get(root, ())), tuple(order.numbers), order.holds)
            for root, order in self._by_root.items()
            if order.is_open
        )
        unplaced = self._unplaced
        if unplaced is not None:
            unplaced = unplaced.union(self._ended_unplaced())
        few = tuple(sorted(unplaced)) if unplaced is not None and len(unplaced) <= FEW else None
        return SavedOrders(orders, few, self._saw_external)

    def _ended_unplaced(self) -> Iterator[str]:
        """The ids of orders here that ended before anybody told of their placing."""
        for order in (*self._by_root.values(), *self._closed.values()):
            if not order.is_open and not order.is_placed:
                yield from order.cl_ord_ids

    @classmethod
    def restored(cls, saved: SavedOrders, load: Load) -> ResidentOrders:
        """Orders that go on from there; ``load`` reads facts by number, for those it is asked."""
        orders = cls()
        orders._has_forgotten = True
        orders._saw_external = saved.saw_external
        orders._unplaced = None if saved.unplaced is None else set(saved.unplaced)
        for one in saved.orders:
            orders._by_root[one.root] = Order.asleep(list(one.numbers), one.holds, load)
            orders._name(one.root, (one.root, *one.aliases))
        return orders

    def slim(self) -> None:
        """Put away the orders that were closed since the last time, and let the oldest go."""
        resident, closed = self._by_root, self._closed
        for root in self._touched:
            order = resident.get(root)
            if order is not None and not order.is_open:
                closed[root] = resident.pop(root)
        self._touched.clear()
        for root in list(islice(self._closed, max(len(self._closed) - RECENT, 0))):
            self._drop(root)

    def _drop(self, root: str) -> None:
        order = self._by_root.pop(root, None) or self._closed.pop(root)
        self._has_forgotten = True
        if not order.is_placed:
            self._remember((root, *order.cl_ord_ids))
        self._forget(root)

    def _remember(self, ids: tuple[str, ...]) -> None:
        """Facts of these ids are known that no order here has, and no placing yet."""
        if self._unplaced is not None:
            self._unplaced.update(ids)
            if len(self._unplaced) > MOST_UNPLACED:
                self._unplaced = None

    def _had(self, ids: tuple[str, ...]) -> bool:
        """Whether there may be such facts; past a number of ids, of any order."""
        return self._unplaced is None or not self._unplaced.isdisjoint(ids)
