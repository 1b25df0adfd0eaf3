"""Straight to the tables, past every service and check of Python."""

from typing import Any

import pytest
from django.db import IntegrityError, connection, models, transaction


def refused(because: str) -> Any:
    """The database says no, and names the rule."""
    return pytest.raises(IntegrityError, match=because)


def sql(statement: str, *values: Any) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, values)


def change(row: models.Model, **columns: Any) -> int:
    with transaction.atomic():
        return type(row).objects.filter(pk=row.pk).update(**columns)


def add(model: Any, **columns: Any) -> Any:
    with transaction.atomic():
        return model.objects.create(**columns)
