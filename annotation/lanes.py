"""The returned lane's order: a sequence, so that two samples that come back never wait for each other."""

from django.db import connection


def next_lane_seq() -> int:
    """The next place in the returned lane."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('annotation_lane_seq')")
        (value,) = cursor.fetchone()
    return int(value)
