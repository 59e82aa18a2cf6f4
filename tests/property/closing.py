"""Stories that end with nothing held."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from ledger.domain.events import Fact, FillBooked, Side, make_fact
from tests.property import model
from tests.property.stories import Story, stories
from tests.property.worlds import ACCOUNT, SECONDS, START

END = START + timedelta(seconds=SECONDS + 1)


def closed_stories(**how: Any) -> st.SearchStrategy[Story]:
    """Trading, all closed at the end."""
    return _closed(stories(**how))


@st.composite
def _closed(draw: st.DrawFn, told: st.SearchStrategy[Story]) -> Story:
    story = draw(told)
    return story._replace(facts=(*story.facts, *closing(story)))


def closing(story: Story) -> list[Fact]:
    """Fills that end every position, whatever is held."""
    found, left = [], model.held(story.facts, story.instruments)
    for (instrument_id, position_id), held in sorted(left.items()):
        qty = Decimal(held.numerator) / Decimal(held.denominator)
        if qty:
            fill = FillBooked(
                exec_id=f"close {instrument_id} {position_id}",
                instrument_id=instrument_id,
                position_id=position_id,
                side=Side.SELL if qty > 0 else Side.BUY,
                last_qty=abs(qty),
                last_px=Decimal("101.07"),
            )
            found.append(make_fact(ACCOUNT, fill, END))
    return found
