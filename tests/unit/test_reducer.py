"""A saved state is good for as long as facts fold as they did when it was made.

Whoever changes a module that folds must say whether saved states still hold: if not, give
``REDUCER`` in ledger/store/checkpoints.py another number; then note the new fingerprint here.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import ledger
from ledger.store.checkpoints import REDUCER

FINGERPRINT = ("4", "91f17a365e18e721")
DOMAIN = Path(ledger.__file__).parent / "domain"
ASIDE = {"views.py", "order_view.py", "postings.py", "watching.py", "placing.py", "prices.py"}


def fingerprint() -> str:
    """A hash over the sources that make a state."""
    made = hashlib.sha256()
    for path in sorted(DOMAIN.rglob("*.py")):
        if path.name not in ASIDE:
            made.update(path.read_bytes())
    return made.hexdigest()[:16]


def test_who_changes_the_fold_says_whether_saved_states_hold() -> None:
    assert (REDUCER, fingerprint()) == FINGERPRINT, "see the top of this file"
