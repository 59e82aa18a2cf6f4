"""Why nothing may be said of a report: each reason is told once."""

from __future__ import annotations

from datetime import UTC, datetime

import attrs
import pytest

from adapters.port import Batch, Coverage
from adapters.reconcile.completeness import why_incomplete

END = datetime(2026, 3, 7, tzinfo=UTC)
LATER = datetime(2026, 3, 8, tzinfo=UTC)
BEGIN = datetime(2026, 3, 2, tzinfo=UTC)
WHOLE = Coverage(covers_from=BEGIN, covers_to=END, sections=("Trades",))
UNDATED = "the report is empty, and of no time: say --from and --to if nothing happened then"
EARLIER = "the report ends at 2026-03-07T00:00:00+00:00, before 2026-03-08T00:00:00+00:00: it is an earlier one"  # noqa: E501  # fmt: skip


@pytest.mark.parametrize(
    ("coverage", "as_of", "reasons"),
    [
        (WHOLE, None, ()),
        (WHOLE, END, ()),
        (WHOLE, LATER, (EARLIER,)),
        (attrs.evolve(WHOLE, missing=("page 2",)), None, ("page 2",)),
        (Coverage(missing=("there is no such file",)), LATER, ("there is no such file",)),
        (Coverage(sections=("fills",)), None, (UNDATED,)),
        (attrs.evolve(WHOLE, covers_from=None), None, (UNDATED,)),
        (Coverage(sections=("positions",), lists_positions=True), None, ()),
        (Coverage(), None, ("the report says nothing at all: an empty answer is taken for a failed one",)),  # noqa: E501
    ],
)  # fmt: skip
def test_each_reason_is_told_once(coverage, as_of, reasons):
    batch = Batch(venue="V", account="A", parser="p", parser_version="1", digest="d",
                  coverage=coverage)  # fmt: skip
    assert why_incomplete(batch, as_of) == reasons
