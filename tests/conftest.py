"""Tests run against a real PostgreSQL and a real Valkey: the embedded ones, unless the environment names others."""

import os
from collections.abc import Iterator

import hypothesis
import pytest
from django.conf import settings

from config import embedded

# The same stories every time, so that a run says something of the change and not of the day; `make test-crowds` tells others.
hypothesis.settings.register_profile("repeatable", derandomize=True)
if int(os.environ.get("CROWDS", "1")) == 1:
    hypothesis.settings.load_profile("repeatable")


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
