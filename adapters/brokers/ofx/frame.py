"""What an OFX file holds: whose statements, what they cover, and whether the answer is an error."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

import attrs

from adapters.brokers.ofx.tags import HELP, Node
from ledger.errors import BadFileError

# The answers that are statements: element of the answer, of the statement, of its account.
_KINDS: Final = (
    ("INVSTMTTRNRS", "INVSTMTRS", "INVACCTFROM"),
    ("STMTTRNRS", "STMTRS", "BANKACCTFROM"),
    ("CCSTMTTRNRS", "CCSTMTRS", "CCACCTFROM"),
)


class Owner(NamedTuple):
    """Whose statement it is: the institution, its account, and the account's type at a bank."""

    institution: str
    account: str
    type: str

    @property
    def scope(self) -> str:
        """What makes a FITID unique: no institution promises more than one account."""
        return "/".join(part for part in self if part)


@attrs.frozen
class Statement:
    """One account's statement in one file."""

    owner: Owner
    node: Node
    is_investment: bool

    @property
    def currency(self) -> str:
        """What its amounts are in, unless a row says otherwise."""
        return self.node.value("CURDEF").upper()


def statements(file: str, root: Node) -> list[Statement]:
    """The statements of a file; ``BadFileError`` for an answer that reports an error, and for one
    without any."""
    _require_fine(file, root.first("SIGNONMSGSRSV1", "SONRS"))
    found = list(_statements(file, root))
    if not found:
        held = ", ".join(child.tag for child in root.children) or "nothing"
        raise BadFileError(f"{file} holds no statement, but {held}; {HELP}")
    return found


def _statements(file: str, root: Node) -> Iterator[Statement]:
    institution = root.value("SIGNONMSGSRSV1", "SONRS", "FI", "ORG")
    for messages in root.children:
        for answer, statement, account in _KINDS:
            for one in messages.all(answer):
                _require_fine(file, one)
                for node in one.all(statement):
                    owner = _owner(node.first(account), institution)
                    if not owner.account or not owner.scope.isprintable():
                        raise BadFileError(f"{file} does not say whose account it is of; {HELP}")
                    yield Statement(owner, node, statement == "INVSTMTRS")


def _owner(node: Node | None, institution: str) -> Owner:
    if node is None:
        return Owner("", "", "")
    named = node.value("BROKERID") or node.value("BANKID") or institution
    return Owner(named, node.value("ACCTID"), node.value("ACCTTYPE"))


def _require_fine(file: str, answer: Node | None) -> None:
    """``BadFileError`` if the answer is an error: it says nothing about the account."""
    status = answer.first("STATUS") if answer else None
    if status is None or status.value("SEVERITY").upper() != "ERROR":
        return
    told = " ".join(filter(None, (status.value("CODE"), status.value("MESSAGE"))))
    raise BadFileError(f"{file} is an error and no statement: {told}; nothing of it was recorded")


def listed_securities(root: Node) -> Iterator[Node]:
    """What the file says of the securities it names."""
    for messages in root.all("SECLISTMSGSRSV1"):
        for listed in messages.all("SECLIST"):
            yield from listed.children
