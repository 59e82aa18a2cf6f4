"""Credentials: read from a file that nobody else can read, and shown nowhere."""

from __future__ import annotations

import os
import re
import stat
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import quote

from adapters.transport.errors import CredentialsError

MASK: Final = "***"
_OTHERS: Final = 0o077
_SHORTEST: Final = 4  # a shorter text is no secret, and masking it would spoil every message
_PLAIN: Final = re.compile(r"[!-~]{1,4096}")
# A private key as it is handed out, its lines ended by themselves or by a backslash and an n.
_PEM: Final = re.compile(
    r"-----BEGIN ([A-Z ]{1,40})-----(?:\n|\\n)[A-Za-z0-9+/=\\\n]{1,4096}-----END \1-----(?:\n|\\n)?"
)


class Credentials:
    """Named texts that no repr, message or report shows.

    >>> held = Credentials({"key": "canary-1"})
    >>> held, held.redacted("no such key: canary-1")
    (Credentials(***), 'no such key: ***')
    """

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = dict(values)
        self._hidden: set[str] = set()
        for value in self._values.values():
            self.hide(value)

    def __repr__(self) -> str:
        return f"Credentials({MASK})"

    def __contains__(self, field: str) -> bool:
        return field in self._values

    def __getitem__(self, field: str) -> str:
        return self._values[field]

    def hide(self, value: str) -> None:
        """Keep another text out of messages, such as a token that a login gave."""
        if len(value) >= _SHORTEST:
            self._hidden |= {value, quote(value, safe="")}

    def redacted(self, text: str) -> str:
        """The text with every credential in it masked."""
        for value in sorted(self._hidden, key=len, reverse=True):
            text = text.replace(value, MASK)
        return text


def checked(venue: str, fields: Sequence[str], values: Mapping[str, str]) -> Credentials:
    """The venue's fields out of ``values``; ``CredentialsError`` for one that is missing, or that
    is not printable ASCII without spaces, nor a private key in its lines (PEM)."""
    missing = [field for field in fields if not values.get(field)]
    if missing:
        wanted = ", ".join(variable(venue, field) for field in missing)
        raise CredentialsError(
            f"{venue}: no {', '.join(missing)}; set {wanted} in the environment, or name a file "
            f"with a table [{venue}] by --credentials"
        )
    bad = [field for field in fields if not _is_credential(values[field])]
    if bad:
        raise CredentialsError(
            f"{venue}: {', '.join(bad)} has spaces or other characters that no credential has; "
            "copy it from the venue again"
        )
    return Credentials({field: values[field] for field in fields})


def _is_credential(value: str) -> bool:
    return bool(_PLAIN.fullmatch(value) or _PEM.fullmatch(value))


def variable(venue: str, field: str) -> str:
    """The environment variable of a field.

    >>> variable("ibkr_flex", "token")
    'TRADELEDGER_IBKR_FLEX_TOKEN'
    """
    return f"TRADELEDGER_{venue}_{field}".upper()


def read_file(path: Path, venue: str) -> Mapping[str, str]:
    """The texts in the table of the venue's name in a TOML file.

    ``CredentialsError`` when the file is not there, is no TOML, or others may read it: it must be
    its owner's alone (mode 0600). A message never quotes the file.
    """
    found = _table(path, _owned(path))
    table = found.get(venue)
    if not isinstance(table, dict):
        raise CredentialsError(f"{path} has no table [{venue}]; add it with the venue's fields")
    return {name: value for name, value in table.items() if isinstance(value, str)}


def _table(path: Path, content: bytes) -> dict[str, object]:
    try:
        return tomllib.loads(content.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        pass
    # Outside of the handler, so that no traceback leads to the error, which has the text.
    content = b""
    raise CredentialsError(f'{path} is not TOML in UTF-8; write lines such as key = "..."')


def _owned(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            _require_private(path, os.fstat(file.fileno()))
            return file.read()
    except OSError as error:
        why = error.strerror
    raise CredentialsError(f"{path} cannot be read: {why}; name a file of credentials")


def _require_private(path: Path, found: os.stat_result) -> None:
    """Refuse a file that others can read, where there are such permissions."""
    if os.name == "nt":
        return
    if not stat.S_ISREG(found.st_mode):
        raise CredentialsError(f"{path} is no plain file; name a file of credentials")
    if found.st_mode & _OTHERS or found.st_uid not in {os.getuid(), 0}:
        raise CredentialsError(
            f"{path} can be read by others (mode {stat.S_IMODE(found.st_mode):04o}): make it "
            f"yours alone, chmod 600, and change what stood in it"
        )
