"""``issues``: what is open in the books."""

from __future__ import annotations

import click

from adapters.cli.answers import Row, Section, counted, numbers, texts
from adapters.cli.exits import FINDINGS, FINE
from adapters.cli.questions import Question, as_of_option, asks, known_at_option
from adapters.issues import OpenIssue, open_issues

_ISSUES = (
    *texts("issue", "name"),
    *numbers("qty", "number"),
    *texts("at", "what"),
    *texts("subject", wide=True),
    *texts("answer"),
)


@click.command()
@click.argument("name", metavar="[ACCOUNT]", required=False)
@as_of_option
@known_at_option
@asks
def issues(question: Question, name: str | None) -> int:
    """What is open in the books of an account, and what would close it.

    Figures that the last statement states otherwise, units in suspense, conflicting executions,
    unknown costs, fills without a value, busts of fills that nobody reported, overfilled orders,
    double exposure, requests without an answer, breaks. Exit code 1: there are some.
    """
    account = question.known(name) if name else question.account
    found = open_issues(question.book, account, **question.when)
    rows = [issue_row(one) for one in found]
    told = counted(len(rows), "open issue") if rows else "no open issues"
    question.answer(Section("issues", _ISSUES, rows), result=told, account=account)
    return FINDINGS if rows else FINE


def issue_row(issue: OpenIssue) -> Row:
    """An issue as a row."""
    names = ("name", "qty", "number", "at", "what", "subject")
    return {
        "issue": issue.kind.value,
        **{name: getattr(issue, name) for name in names},
        "answer": issue.kind.answer,
    }
