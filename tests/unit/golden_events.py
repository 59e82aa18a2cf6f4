"""The bytes of every released topic, decoded for ever.

``python -m tests.unit.golden_events`` adds the topics that are not in the file yet. It never
touches those that are: a change of shape is a new topic and an upcaster.
"""

from __future__ import annotations

import json
from pathlib import Path

from ledger.domain.events import FACTS
from ledger.store.codec import CODEC
from tests.unit.facts_by_type import full, minimal

FILE = Path(__file__).resolve().parents[1] / "golden" / "events" / "v1.json"

Golden = dict[str, dict[str, str]]
"""Topic to name of the example to stored state."""


def golden() -> Golden:
    """What is in the file."""
    return json.loads(FILE.read_text("utf-8")) if FILE.exists() else {}


def examples() -> Golden:
    """What the file would hold if it were written today."""
    return {
        cls.TOPIC: {make.__name__: CODEC.encode(make(cls))[1].decode() for make in (full, minimal)}
        for cls in FACTS
    }


if __name__ == "__main__":
    merged = examples() | golden()
    FILE.write_text(
        json.dumps(merged, indent=1, sort_keys=True, ensure_ascii=False) + "\n", "utf-8"
    )
