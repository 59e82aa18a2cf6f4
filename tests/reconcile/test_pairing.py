"""Laws of matching: nothing is used twice, nothing is lost, and only what is the same is paired."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from adapters.reconcile.differing import nearly_the_same
from adapters.reconcile.executions import Execution
from adapters.reconcile.index import Index
from adapters.reconcile.pairing import WINDOW, Pairing, Pass

DAYS = ("2026-03-02T10:00:00.000000Z", "2026-03-02T10:00:30.000000Z", "2026-03-03T10:00:00.000000Z")


@st.composite
def sides(draw: st.DrawFn, most: int = 12) -> tuple[list[Execution], list[Execution]]:
    """Few values, so that many look alike."""

    def execution(nth: int, side: str) -> Execution:
        return Execution(
            key=f"A/V//fill/{side}{nth}/",
            exec_id=f"{side}{nth}",
            order_id=draw(st.sampled_from(["", "o1", "o2"])),
            trade_id=draw(st.sampled_from(["", "", "t1"])),
            cl_ord_id="",
            instrument_id=draw(st.sampled_from(["X", "Y"])),
            side=draw(st.sampled_from(["buy", "sell"])),
            qty=draw(st.sampled_from(["1", "2", "3"])),
            px=draw(st.sampled_from(["10", "11", ""])),
            fees="",
            at=draw(st.sampled_from(DAYS)),
            settl_date="",
            where=str(nth + 1),
        )

    def several(side: str) -> list[Execution]:
        return [execution(nth, side) for nth in range(draw(st.integers(0, most)))]

    return several("h"), several("t")


def run(here: list[Execution], there: list[Execution]) -> Pairing:
    pairing = Pairing(here, there)
    pairing.run()
    return pairing


@given(sides())
def test_each_execution_is_in_one_match_or_left(both) -> None:
    here, there = both
    pairing = run(here, there)
    for side, left, given_ in (("here", pairing.here, here), ("there", pairing.there, there)):
        used = [one.key for match in pairing.matches for one in getattr(match, side)]
        assert sorted([*used, *(one.key for one in left)]) == sorted(one.key for one in given_)


@given(sides())
def test_only_the_same_is_matched(both) -> None:
    for match in run(*both).matches:
        ours, theirs = match.here, match.there
        assert len({(one.instrument_id, one.side) for one in (*ours, *theirs)}) == 1
        quantities = [sum(Decimal(one.qty) for one in side) for side in (ours, theirs)]
        assert quantities[0] == quantities[1]
        if match.by is not Pass.SUMS:
            assert len(ours) == len(theirs) == 1
            assert ours[0].px == theirs[0].px
            if match.by is Pass.ECONOMIC:
                assert -WINDOW <= ours[0].moment - theirs[0].moment <= WINDOW
        else:
            assert sorted(map(len, (ours, theirs)))[0] == 1


@given(sides(), st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(both, random) -> None:
    here, there = both
    pairing = run(here, there)
    shuffled_here, shuffled_there = list(here), list(there)
    random.shuffle(shuffled_here)
    random.shuffle(shuffled_there)
    again = run(shuffled_here, shuffled_there)
    assert again.matches == pairing.matches
    assert (again.here, again.there) == (pairing.here, pairing.there)


@given(sides())
def test_what_is_equal_on_both_sides_is_always_matched(both) -> None:
    here, _ = both
    there = [one._replace(key=f"{one.key}t") for one in here]
    pairing = run(here, there)
    assert (pairing.here, pairing.there) == ([], [])


@given(sides())
def test_near_pairs_use_nothing_twice(both) -> None:
    here, there = both
    pairs, ours, theirs = nearly_the_same(here, there)
    assert Counter([*(one for one, _ in pairs), *ours]) == Counter(here)
    assert Counter([*(one for _, one in pairs), *theirs]) == Counter(there)


@given(sides())
def test_the_index_finds_by_key_and_tells_what_differs(both) -> None:
    here, there = both
    index = Index(here, with_fees=True)
    for nth, one in enumerate(here):
        other = one._replace(qty="9") if nth % 2 else one
        place = int(one.where)
        assert index.match(other) == (-place if nth % 2 else place)
        assert index.match(one) is None  # each once
    assert list(index.unmatched()) == []
    assert all(index.match(one) is None for one in there)
