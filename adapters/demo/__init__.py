"""The sample the project ships: a statement written here, with everything that makes books hard."""

from __future__ import annotations

from importlib import resources
from typing import Final

from adapters.port import AccountConfig, RawPage

CONFIG: Final = AccountConfig(account="demo", time_zone="America/New_York")


def statement() -> RawPage:
    """The sample: partial fills, a flip, a bust and rebook, a late row, dividends."""
    content = (resources.files(__package__) / "statement.xml").read_bytes()
    return RawPage(name="statement.xml", content=content)
