"""Where the tables of the read models live: beside the log, unless somebody says otherwise."""

from __future__ import annotations

from pathlib import PurePath
from typing import Final
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

SQLITE: Final = "sqlite://"
POSTGRES: Final = "postgresql"
_SCHEMA: Final = "tradeledger"
_BESIDE: Final = "reports"


def beside(store: str) -> str:
    """The url of the tables of a log: of a file a file beside it, of a schema a schema of the same
    database, of a log in memory memory.

    >>> beside("sqlite:///books.db"), beside("sqlite:////data/2026.books")
    ('sqlite:///books.reports.db', 'sqlite:////data/2026.reports.books')
    >>> beside("postgresql://me@db/books?schema=desk&sslmode=require")
    'postgresql://me@db/books?sslmode=require&schema=desk_reports'
    >>> beside("memory://")
    'sqlite://'
    """
    if store.startswith(f"{SQLITE}/"):
        suffix = PurePath(store).suffix
        return f"{store.removesuffix(suffix)}.{_BESIDE}{suffix}"
    if store.startswith(f"{POSTGRES}://"):
        parts = urlsplit(store)
        options = dict(parse_qsl(parts.query))
        options["schema"] = f"{options.pop('schema', _SCHEMA)}_{_BESIDE}"
        query = urlencode(options, quote_via=quote)
        return f"{POSTGRES}://{parts.netloc}{parts.path}?{query}"
    return SQLITE


def _path(url: str) -> PurePath:
    return PurePath(url.removeprefix(f"{SQLITE}/"))


def is_inside(tables: str, store: str) -> bool:
    """Whether a url of tables is the log's own place, where they must not be.

    >>> is_inside("sqlite:///books.db", "sqlite:///./books.db")
    True
    >>> is_inside("postgresql://me@db/books", "postgresql://me@db/books")
    False
    """
    if store.startswith(f"{SQLITE}/"):
        return _path(tables) == _path(store)
    if not store.startswith(f"{POSTGRES}://"):
        return False
    theirs, ours = urlsplit(tables), urlsplit(store)
    schemas = [dict(parse_qsl(one.query)).get("schema") for one in (theirs, ours)]
    is_same = (theirs.netloc, theirs.path) == (ours.netloc, ours.path)
    return is_same and schemas[0] is not None and schemas[0] == (schemas[1] or _SCHEMA)
