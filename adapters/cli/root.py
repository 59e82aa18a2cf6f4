"""The program itself: its options, and its commands, each loaded when it is called."""

from __future__ import annotations

from importlib import import_module
from keyword import iskeyword
from typing import Any

import click

from adapters.cli.catalogue import COMMANDS
from adapters.cli.settings import DEFAULT_STORE, Settings

EPILOG = """\b
Exit codes: 0 fine, 1 findings, 2 could not run, 70 a bug, 75 try later, 130 interrupted.
Settings: options, then TRADELEDGER_* in the environment, then ./tradeledger.toml,
then $XDG_CONFIG_HOME/tradeledger/config.toml."""


_PREFIX = "TRADELEDGER"


class LazyGroup(click.Group):
    """A group that imports a command's module only when that command is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, in the order in which one meets them."""
        return [*COMMANDS, *sorted(self.commands)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, once its configuration was found to name options it has."""
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return super().get_command(ctx, cmd_name)
        try:
            module = import_module(f"adapters.cli.commands.{entry.module}")
        except ModuleNotFoundError as error:
            raise click.UsageError(
                f"{cmd_name} needs a library that is not there ({error.name}); "
                "install tradeledger[projections]"
            ) from error
        command: click.Command = getattr(module, _attribute(cmd_name))
        _check_config(ctx, command, cmd_name)
        _hear_environment(command, f"{_PREFIX}_{cmd_name.replace('-', '_').upper()}")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands, from the catalogue."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.help) for name, entry in COMMANDS.items()])


def _attribute(name: str) -> str:
    """What a command is called in its module.

    >>> _attribute("open-account"), _attribute("break")
    ('open_account', 'break_')
    """
    return f"{name}_" if iskeyword(name) else name.replace("-", "_")


def _check_config(ctx: click.Context, command: click.Command, name: str) -> None:
    """Values of the configuration under the names that options have on the command line, handed
    on under those that they have in the program."""
    given: dict[str, Any] = (ctx.default_map or {}).get(name) or {}
    options = {_said(one): one for one in command.params}
    known = options.keys() | {one.name for one in command.params}
    for key in given:
        if key not in known:
            raise click.UsageError(f"configuration: [{name}] has no option {key}", ctx)
    for key in given.keys() & options.keys():
        one = options[key]
        value = [given[key]] if one.multiple and isinstance(given[key], str) else given[key]
        given[str(one.name)] = value


def _hear_environment(command: click.Command, prefix: str) -> None:
    """Variables have the names of options, too, also where the program has another for one."""
    for one in command.params:
        if isinstance(one, click.Option) and _said(one) != one.name and one.envvar is None:
            one.envvar = f"{prefix}_{_said(one).upper()}"
    for name, inner in getattr(command, "commands", {}).items():
        _hear_environment(inner, f"{prefix}_{name.replace('-', '_').upper()}")


def _said(one: click.Parameter) -> str:
    """What an option is called on the command line, as a key.

    >>> _said(click.Option(["--tolerance", "tolerances"])), _said(click.Option(["-a", "--as-of"]))
    ('tolerance', 'as_of')
    """
    long = max(
        (name for name in one.opts if name.startswith("--")), key=len, default=one.name or ""
    )
    return long.removeprefix("--").replace("-", "_")


def _version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted:
        from importlib import metadata

        try:
            found = metadata.version("tradeledger")
        except metadata.PackageNotFoundError:
            found = "not installed, run from its source"
        click.echo(f"tradeledger {found}")
        ctx.exit()


@click.group(
    cls=LazyGroup,
    epilog=EPILOG,
    context_settings={
        "auto_envvar_prefix": _PREFIX,
        "help_option_names": ["-h", "--help"],
    },
)
@click.option(
    "--store",
    metavar="URL",
    default=DEFAULT_STORE,
    show_default=True,
    help="Where the books are: sqlite:///relative.db, sqlite:////absolute.db.",
)
@click.option("--account", "-a", metavar="NAME", help="The account; may be left out if only one.")
@click.option("--zone", metavar="ZONE", help="Zone of times and days given without one.")
@click.option("--reports", metavar="URL", help="Where the tables of the read models are.")
@click.option("--debug", is_flag=True, help="Show where an error came from.")
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_version,
    help="Show the version and end.",
)
@click.pass_obj
def root(
    settings: Settings,
    store: str,
    account: str | None,
    zone: str | None,
    reports: str | None,
    debug: bool,
) -> None:
    """Books of orders, positions and cash, made of facts, exact and provable.

    Every question can be asked of a past moment: --as-of, what had happened by then, and
    --known-at, what had been learned by then.
    """
    settings.guard.debug = debug
    settings.store, settings.account, settings.zone = store, account, zone
    settings.reports = reports
