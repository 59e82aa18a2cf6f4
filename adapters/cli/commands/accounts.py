"""``accounts`` and ``open-account``: whose books there are, and by which rules."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import click
from click.core import ParameterSource

from adapters.cli import output
from adapters.cli.answers import Answer, Row, Section, numbers, texts
from adapters.cli.opening import SINCE_EVER, account_opened, rules_apart
from adapters.cli.questions import Command, Question, asks, styles
from adapters.cli.settings import Settings
from adapters.whose import opened
from ledger.domain.events import AccountKind, Booking, Crossing, FeeRule, make_fact
from ledger.errors import ConflictError
from ledger.store.port import Appended, Conflict, EventStore

RULES: Final = (
    "base_currency", "kind", "booking", "crossing", "fee_rule", "time_zone",
)  # fmt: skip
_UNSAID: Final = (
    "note: nobody said whose books these are when the account was opened, which stays: reports of "
    "the venue's other accounts are not refused"
)
_ACCOUNTS = (
    *texts("account", *RULES, "venue_account"),
    *numbers("version", "last_number"),
    *texts("last_recorded_at"),
)
KINDS: Final = [kind.value for kind in reversed(AccountKind)]
BOOKINGS: Final = [booking.value for booking in Booking]
CROSSINGS: Final = [crossing.value for crossing in Crossing]
FEE_RULES: Final = [rule.value for rule in reversed(FeeRule)]


def rules(command: Command) -> Command:
    """The options that say by which rules an account's books are kept."""
    for option in (
        click.option("--fee-rule", type=click.Choice(FEE_RULES), default="expensed",
                     show_default=True, help="Whether fees stand beside the cost or in it."),
        click.option("--crossing", type=click.Choice(CROSSINGS),
                     help="What closes more than is held: by default, cash accounts keep it in "
                     "suspense and margin accounts go through zero."),
        click.option("--booking", type=click.Choice(BOOKINGS), default="fifo", show_default=True,
                     help="Which lot a reduction takes."),
        click.option("--kind", type=click.Choice(KINDS), default="margin", show_default=True,
                     help="What kind of account it is."),
    ):  # fmt: skip
        command = option(command)
    return command


def given_rules() -> dict[str, str]:
    """The rules that somebody asked for, by option, environment or configuration, by name."""
    context = click.get_current_context()
    asked = {name: context.get_parameter_source(name) for name in RULES if name in context.params}
    given = [name for name, source in asked.items() if source is not ParameterSource.DEFAULT]
    return {name: value for name in given if (value := context.params[name]) is not None}


@click.command()
@asks
def accounts(question: Question) -> None:
    """The accounts in the store, the rules of each, and how far it has come."""
    rows = list(account_rows(question.book.store))
    question.answer(Section("accounts", _ACCOUNTS, rows))


def account_rows(store: EventStore) -> Iterator[Row]:
    """Each account as a row."""
    for account in store.streams():
        version = store.version(account)
        last = next(store.read(account, after=version - 1))
        event = opened(store, account)
        yield {
            "account": account,
            **{name: getattr(event, name, None) for name in (*RULES, "venue_account")},
            "version": version,
            "last_number": last.number,
            "last_recorded_at": last.recorded_at,
        }


@click.command("open-account")
@click.argument("account")
@click.option("--base-currency", required=True, metavar="CODE", help="What it reports in.")
@rules
@click.option("--zone", metavar="ZONE", help="Zone of its days, and of its reports.")
@click.option("--venue-account", metavar="VENUE:ID", help="Whose books these are at the venue; "
              "its reports of another account are refused then.")  # fmt: skip
@click.option("--store", metavar="URL", help="Where the books are.")
@click.option("--dry-run", is_flag=True, help="Say what would be recorded, record nothing.")
@styles
@click.pass_obj
def open_account(
    settings: Settings,
    /,
    account: str,
    base_currency: str,
    zone: str | None,
    venue_account: str | None,
    store: str | None,
    dry_run: bool,
    style: str | None,
    **how: Any,
) -> None:
    """Begin the books of ACCOUNT by these rules. Again, with the same rules, has no effect."""
    settings.override(store, None, zone)
    zone_info = settings.zone_info
    if venue_account is not None and not all(venue_account.partition(":")):
        raise click.UsageError(f"--venue-account {venue_account}: write VENUE:ID, as IBKR:U1234567")
    zone_name = zone_info.key if zone_info else None
    event = account_opened(base_currency, zone_name, how, venue_account)
    with settings.open_for(dry_run=dry_run) as book:
        fact = make_fact(account, event, SINCE_EVER)
        outcome = book.record_all([fact], dry_run=dry_run)[0]
    if isinstance(outcome, Conflict):
        differing = rules_apart(outcome)
        raise ConflictError(f"account {account} is open by other rules: {differing}")
    is_new = isinstance(outcome, Appended)
    row = {"account": account, **{name: getattr(event, name) for name in RULES}}
    told = f"{account}: {_verb(is_new, dry_run)}"
    about = {"dry_run": dry_run, "opened": is_new}
    section = Section("accounts", texts("account", *RULES), [row] if style else [])
    output.write(Answer(about, (section,), told), style or output.TABLE)
    if venue_account and getattr(outcome.recorded.event, "venue_account", None) is None:
        click.echo(_UNSAID, err=True)


def _verb(is_new: bool, dry_run: bool) -> str:
    would = "would be opened" if dry_run else "opened"
    return would if is_new else "open already"
