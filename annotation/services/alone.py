"""One process at a time does a thing; another that comes meanwhile leaves it to that one."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

MERGING, LEARNING, APPLYING, ROUTING = 1, 2, 3, 4
SEARCHING, ORDERING = 80, 81


@contextmanager
def alone(subject: int, key: int) -> Iterator[bool]:
    """True inside, unless another process holds the same lock. The database lets go of a dead process's lock.

    subject: one of the constants above, so that two kinds of work never wait for each other.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [subject, key])
        (taken,) = cursor.fetchone()
        try:
            yield bool(taken)
        finally:
            if taken:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [subject, key])
