"""JSON in SQL: the items of a list, and the fields of one, on SQLite and PostgreSQL alike."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement


class JsonItems(FunctionElement[Any]):
    """The items of a JSON list that is kept as text, as a table of one column, ``value``."""

    inherit_cache = True
    name = "json_items"


class JsonField(FunctionElement[str]):
    """A field of an item, by name, as text."""

    inherit_cache = True
    name = "json_field"
    type = Text()


@compiles(JsonItems)
def _each(element: JsonItems, compiler: Any, **kw: Any) -> str:
    return f"json_each({compiler.process(element.clauses, **kw)})"


@compiles(JsonItems, "postgresql")
def _elements(element: JsonItems, compiler: Any, **kw: Any) -> str:
    return f"json_array_elements(CAST({compiler.process(element.clauses, **kw)} AS json))"


@compiles(JsonField)
def _extract(element: JsonField, compiler: Any, **kw: Any) -> str:
    value, name = (compiler.process(one, **kw) for one in element.clauses)
    return f"json_extract({value}, '$.' || {name})"


@compiles(JsonField, "postgresql")
def _arrow(element: JsonField, compiler: Any, **kw: Any) -> str:
    value, name = (compiler.process(one, **kw) for one in element.clauses)
    return f"({value} ->> {name})"
