"""The command line, ``tradeledger``: ingest reports, ask the books, prove them.

Data goes to standard output and everything else to standard error. This is the only package that
reads environment variables, and a configuration file.
"""

from __future__ import annotations

from adapters.cli.run import main

__all__ = ["main"]
