"""The reference page of the command line, made from its own help.

``python -m adapters.cli.reference > docs/reference/cli.md`` brings the page up to date.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from adapters.cli.catalogue import COMMANDS
from adapters.cli.root import root

WIDTH = 88
_INTRODUCTION = """# Command line

Made from `--help`. Data goes to standard output, everything else to standard error. Without
`--json` or `--csv` an answer is a table for people: with the currency's digits, aligned where it
is piped, drawn where it is read on a terminal. JSON and CSV are exact: decimals are texts, times
are UTC. In CSV a text that a spreadsheet would calculate begins with an apostrophe.

A day stands for its last moment in `--zone` (UTC without one). A time needs a zone of its own, or
`--zone`. A state of knowledge is a time or a log number; every answer says its number.

| exit | meaning |
|---|---|
| 0 | done, nothing found |
| 1 | done, with findings: rows set aside, conflicts, figures not as stated, open issues, \
tables that are behind, positions without a mark, sums that do not add up, warnings |
| 2 | could not run: usage, configuration, a file that was refused, no such store |
| 70 | a bug |
| 75 | try later: another process holds the store, or its server is away; a venue throttles, is \
away or has no report yet; a report to reconcile with is missing, cut, partial or of an earlier \
day |
| 130 | interrupted |

Settings come from options, then from the environment (`TRADELEDGER_STORE`, `TRADELEDGER_ACCOUNT`,
`TRADELEDGER_ZONE`, `TRADELEDGER_REPORTS`; an option of a command as `TRADELEDGER_INGEST_KIND`),
then from `tradeledger.toml` here, then from `tradeledger/config.toml` under `$XDG_CONFIG_HOME`:

```toml
store = "sqlite:///books.db"
account = "U1234567"

[ingest]
zone = "America/New_York"
booking = "average"

[venue.fix44]
currency = "USD"
```

A table `[venue.NAME]` says what the reports of that venue do not; `--venue-settings FILE` goes
before it as a whole. Which there are, the venue's page says, such as
[that of FIX](brokers/fix44.md#one-counterpartys-ways-the-settings).
"""


def page() -> str:
    """The whole page."""
    return "\n".join([_INTRODUCTION, *sections()])


def sections() -> Iterator[str]:
    """The program, and each command, as a heading and its help."""
    how: dict[str, Any] = {**root.context_settings, "terminal_width": WIDTH}
    context = click.Context(root, info_name="tradeledger", **how)
    yield _section("tradeledger", root.get_help(context))
    for name in COMMANDS:
        command = root.get_command(context, name)
        if command is not None:
            inner = click.Context(command, context, info_name=name, **how)
            yield _section(name, command.get_help(inner))
            if isinstance(command, click.Group):
                yield from _parts(command, inner, how)


def _parts(group: click.Group, context: click.Context, how: dict[str, Any]) -> Iterator[str]:
    """The commands of a group."""
    for name, command in group.commands.items():
        inner = click.Context(command, context, info_name=name, **how)
        yield _section(f"{context.info_name} {name}", command.get_help(inner))


def _section(name: str, text: str) -> str:
    return f"## {name}\n\n```text\n{text}\n```\n"


if __name__ == "__main__":
    click.echo(page(), nl=False)
