"""Read models over the ledger's log: tables in a database beside it, and the questions they answer.

>>> import ledger, projections
>>> book = ledger.open("memory://")
>>> _ = book.open_account("paper", base_currency="USD")
>>> reports = projections.Reports(book, projections.connect("sqlite://"))
>>> reports.balance_ledger("paper").rows()
[]
"""

from __future__ import annotations

from projections.answers import Answer
from projections.database import connect
from projections.reports import Reports
from projections.runner import Runner

__all__ = ["Answer", "Reports", "Runner", "connect"]
