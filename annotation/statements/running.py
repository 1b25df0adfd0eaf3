"""Run a named statement on Django's own connection, inside its transaction, as a prepared statement."""

from collections import namedtuple
from typing import Any

import psycopg
from django.db import connection
from psycopg.types.numeric import Int8

_shapes: dict[str, Any] = {}


def rows(statement: str, **values: Any) -> list[Any]:
    """The rows that a statement returns, as named tuples; raises Django's database errors.

    Integers are sent as bigint whatever their size, so that one statement is prepared once and not once a size.
    """
    with connection.wrap_database_errors:
        cursor = _executed(statement, values)
        return _named(statement, cursor) if cursor.rownumber is not None else []


def changed(statement: str, **values: Any) -> int:
    """How many rows a statement inserted or changed; otherwise as `rows`."""
    with connection.wrap_database_errors:
        return _executed(statement, values).rowcount


def _executed(statement: str, values: dict[str, Any]) -> psycopg.Cursor[Any]:
    connection.ensure_connection()
    sent = {name: Int8(value) if type(value) is int else value for name, value in values.items()}
    # A cursor of psycopg's own: Django's bind their values in the client, where nothing can be prepared.
    cursor = psycopg.Cursor(connection.connection)
    cursor.execute(statement, sent)
    return cursor


def row(statement: str, **values: Any) -> Any:
    """The one row that a statement returns, or None."""
    found = rows(statement, **values)
    return found[0] if found else None


def _named(statement: str, cursor: psycopg.Cursor[Any]) -> list[Any]:
    """The rows with the names of their columns, which a statement has once and for all."""
    if statement not in _shapes:
        _shapes[statement] = namedtuple("Row", [column.name for column in cursor.description or ()])
    return list(map(_shapes[statement]._make, cursor.fetchall()))
