"""The orders an account keeps in memory: those that are open, by each of their ids.

A closed order leaves memory. A late fact that names it, or one that cannot be told apart from a
new order's, marks it in ``stale``; the owner of the store rebuilds it from its own facts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ledger.domain.events import FillBooked, OrderPlaced, Recorded
from ledger.domain.orders import Order

# Ids that had facts and no placing are remembered up to this many; beyond, whatever is placed is
# looked up in the store.
MOST_UNPLACED = 10_000


class ResidentOrders(Mapping[str, Order]):
    """Orders under the first id they were known by. An open order is always here, with all its
    facts, unless it is marked as stale."""

    __slots__ = (
        "_by_root", "_has_forgotten", "_roots", "_saw_external", "_touched", "_unplaced", "stale",
    )  # fmt: skip

    def __init__(self) -> None:
        self._by_root: dict[str, Order] = {}
        self._roots: dict[str, str] = {}
        self._touched: set[str] = set()
        self._has_forgotten = self._saw_external = False
        self._unplaced: set[str] | None = set()
        self.stale: set[str] = set()

    def __getitem__(self, root: str) -> Order:
        return self._by_root[root]

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_root)

    def __len__(self) -> int:
        return len(self._by_root)

    def find(self, cl_ord_id: str) -> Order | None:
        """The order under any of its ids, if it is in memory."""
        root = self._roots.get(cl_ord_id)
        return self._by_root.get(root) if root is not None else None

    def open(self) -> Iterator[Order]:
        """The orders that may still fill."""
        return (order for order in self._by_root.values() if order.is_open)

    def evolve(self, ids: tuple[str, ...], recorded: Recorded, *, is_late: bool) -> None:
        """Let the order under these ids fold a fact; where that cannot be told from here, it is
        marked to be rebuilt."""
        roots = {self._roots[one] for one in ids if one in self._roots}
        if len(roots) == 1:
            self._to_resident(roots.pop(), ids, recorded)
        elif roots:
            for root in roots:
                self._drop(root)
            self.stale.update(roots)
        else:
            self._to_absent(ids, recorded, is_late)

    def _to_resident(self, root: str, ids: tuple[str, ...], recorded: Recorded) -> None:
        """A new id of a known order may have had facts before it was known whose they are."""
        new = tuple(one for one in ids if one not in self._roots)
        if new and self._had(new):
            self.stale.add(root)
        self._roots.update(dict.fromkeys(ids, root))
        self._by_root[root].evolve(recorded)
        self._touched.add(root)

    def _to_absent(self, ids: tuple[str, ...], recorded: Recorded, is_late: bool) -> None:
        """A fill cannot open an order that is not here; other facts may. One that is placed now
        begins here, unless some of its facts came, or happened, before it was placed."""
        if isinstance(recorded.event, FillBooked):
            self._saw_external = True
            self._remember(ids)
            return
        begins = isinstance(recorded.event, OrderPlaced) and not (is_late or self._had(ids))
        if (self._has_forgotten or self._saw_external) and not begins:
            self.stale.add(ids[-1])
            return
        order = self._by_root[ids[-1]] = Order()
        self._roots.update(dict.fromkeys(ids, ids[-1]))
        order.evolve(recorded)
        self._touched.add(ids[-1])

    def adopt(self, cl_ord_id: str, order: Order) -> None:
        """Take in an order that was rebuilt from the store, if it is open."""
        self.stale.discard(cl_ord_id)
        names = (cl_ord_id, *order.cl_ord_ids)
        for name in names:
            self._by_root.pop(self._roots.pop(name, name), None)
        if order.is_open:
            self._by_root[cl_ord_id] = order
            self._roots.update(dict.fromkeys(names, cl_ord_id))
        elif order.placed_at is None:
            self._remember(names)

    def slim(self) -> None:
        """Let the orders go that were closed since the last time."""
        for root in self._touched & self._by_root.keys():
            if not self._by_root[root].is_open:
                self._drop(root)
        self._touched.clear()

    def _drop(self, root: str) -> None:
        order = self._by_root.pop(root)
        self._has_forgotten = True
        names = (root, *order.cl_ord_ids)
        if order.placed_at is None:
            self._remember(names)
        for name in names:
            self._roots.pop(name, None)

    def _remember(self, ids: tuple[str, ...]) -> None:
        """Facts of these ids are known that no order here has, and no placing yet."""
        if self._unplaced is not None:
            self._unplaced.update(ids)
            if len(self._unplaced) > MOST_UNPLACED:
                self._unplaced = None

    def _had(self, ids: tuple[str, ...]) -> bool:
        """Whether there may be such facts; past a number of ids, of any order."""
        return self._unplaced is None or not self._unplaced.isdisjoint(ids)
