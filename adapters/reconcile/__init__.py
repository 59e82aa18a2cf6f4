"""Reconciliation: the books beside a broker's report. It finds; it never edits."""

from adapters.reconcile.breaks import Break
from adapters.reconcile.kinds import Cause, Kind, Severity
from adapters.reconcile.outcome import Figure, Outcome, Verdict
from adapters.reconcile.pairing import Match, Pass
from adapters.reconcile.run import reconcile
from adapters.reconcile.start_up import StartUp, start_up

__all__ = [
    "Break", "Cause", "Figure", "Kind", "Match", "Outcome", "Pass", "Severity", "StartUp",
    "Verdict", "reconcile", "start_up",
]  # fmt: skip
