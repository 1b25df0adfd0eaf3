"""Tests run against a real PostgreSQL and a real Valkey: the embedded ones, unless the environment names others."""

import os
from collections.abc import Iterator
from typing import Any

import hypothesis
import pytest
from django.conf import settings
from django.core.management.commands import flush

from config import embedded

# The same stories every time, so that a run says something of the change and not of the day; `make test-crowds` tells others.
# A busy machine is no reason to fail either.
SLOW_IS_WELL = {"deadline": None, "suppress_health_check": [hypothesis.HealthCheck.too_slow]}
hypothesis.settings.register_profile("repeatable", derandomize=True, **SLOW_IS_WELL)
hypothesis.settings.register_profile("other stories", **SLOW_IS_WELL)
hypothesis.settings.load_profile("repeatable" if int(os.environ.get("CROWDS", "1")) == 1 else "other stories")


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None, servers: None) -> None:
    """Start the servers before the test database is made."""


@pytest.fixture(scope="session")
def servers() -> Iterator[None]:
    if not settings.USES_EMBEDDED_SERVERS:
        yield
        return
    with embedded.running(settings.EMBEDDED):
        yield


# What Django's migrations write beside the tables. It stays: to write it again takes longer than to empty all the others.
WRITTEN_BY_MIGRATIONS = {"django_content_type", "auth_permission"}


@pytest.fixture(scope="session", autouse=True)
def emptied_quickly() -> Iterator[None]:
    """After a test with transactions of its own the rows are deleted: to truncate seventy tables makes four hundred files."""
    with pytest.MonkeyPatch.context() as patch:
        if settings.USES_EMBEDDED_SERVERS:  # where a test's role may switch triggers and foreign keys off
            patch.setattr(flush, "sql_flush", _deletions)
            patch.setattr(flush, "emit_post_migrate_signal", lambda *_, **__: None)
        yield


def _deletions(_style: object, connection: Any, **_options: object) -> list[str]:
    tables = connection.introspection.django_table_names(only_existing=True, include_views=False)
    names = (connection.ops.quote_name(table) for table in tables if table not in WRITTEN_BY_MIGRATIONS)
    return ["SET LOCAL session_replication_role = replica", *(f"DELETE FROM {name}" for name in names)]  # noqa: S608
