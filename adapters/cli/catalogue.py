"""The commands: where each lives and what it is for, so that help need not load them all."""

from __future__ import annotations

from typing import Final, NamedTuple


class Entry(NamedTuple):
    """A command's module under ``adapters.cli.commands``, and its help in a line."""

    module: str
    help: str


COMMANDS: Final[dict[str, Entry]] = {
    "ingest": Entry("ingest", "Record what a broker's report says."),
    "fetch": Entry("fetch", "Ask a venue for its report, page by page."),
    "listen": Entry("listen", "Keep a venue's FIX drop copy as it comes."),
    "reconcile": Entry("reconcile", "Compare a broker's report with the books."),
    "positions": Entry("holdings", "What is held, at what cost, with what result."),
    "lots": Entry("holdings", "The open lots behind the positions."),
    "balances": Entry("holdings", "Cash by currency: total, held, free, settled."),
    "orders": Entry("orders", "Open orders, or all there ever were."),
    "fills": Entry("fills", "Executions, and what became of each."),
    "issues": Entry("issues", "What is open, and what would close it."),
    "breaks": Entry("breaks", "Differences between books and broker, and how old."),
    "break": Entry("breaks", "One difference: its life, and what is done about it."),
    "why": Entry("why", "Every step that made a number, with its arithmetic."),
    "diff": Entry("diff", "What changed between two states of knowledge."),
    "report": Entry("report", "Ledgers, blotters, trades, P&L by day and value."),
    "snapshot": Entry("snapshot", "What the account was at the end of a day, kept."),
    "export": Entry("export", "The books as a journal, or as Parquet files."),
    "project": Entry("project", "Bring the tables of the read models up to the log."),
    "log": Entry("log", "The facts as they were recorded."),
    "accounts": Entry("accounts", "The accounts in the store and their rules."),
    "open-account": Entry("accounts", "Begin the books of an account."),
    "record": Entry("record", "Enter by hand what no report says, signed."),
    "prices": Entry("prices", "Marks and rates: import them, show which hold."),
    "verify": Entry("proof", "Check that the history is what was recorded."),
    "digest": Entry("proof", "A digest to keep elsewhere, for verify --against."),
    "backup": Entry("backup", "The whole store as one file, verified."),
    "restore": Entry("backup", "Fill an empty store from a backup."),
    "doctor": Entry("doctor", "Versions, settings and what may go wrong."),
    "demo": Entry("demo", "Real fills become books that explain themselves."),
}
