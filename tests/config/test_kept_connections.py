"""A kept connection is asked at its socket, and replaced when the server has ended it."""

import pytest
from django.db import connection, connections

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_living_connection_is_usable_and_kept():
    connection.ensure_connection()
    before = connection.connection
    assert connection.is_usable()
    connection.health_check_enabled, connection.health_check_done = True, False
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    assert connection.connection is before


def test_a_connection_that_the_server_ended_is_replaced_before_the_next_query():
    connection.ensure_connection()
    before = connection.connection
    end(before.info.backend_pid)
    assert not connection.is_usable()
    connection.health_check_enabled, connection.health_check_done = True, False
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        assert cursor.fetchone() == (1,)
    assert connection.connection is not before


def test_a_closed_connection_is_not_usable():
    connection.ensure_connection()
    connection.connection.close()
    assert not connection.is_usable()
    connection.close()


def end(backend):
    """Terminate a connection from another one, and wait until it is gone."""
    other = connections.create_connection("default")
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [backend])
            assert cursor.fetchone() == (True,)
    finally:
        other.close()
