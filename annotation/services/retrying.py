"""A transaction that lost a race is run once more; the second time it finds what the first one met."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from django.db import IntegrityError, OperationalError, transaction
from psycopg import errors

P = ParamSpec("P")
R = TypeVar("R")
RACES = (errors.UniqueViolation, errors.DeadlockDetected, errors.SerializationFailure)


def in_one_transaction(service: Callable[P, R]) -> Callable[P, R]:
    """Run a service atomically; after a deadlock or a unique violation, run it once again."""
    atomic = transaction.atomic(service)

    @wraps(service)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return atomic(*args, **kwargs)
        except (IntegrityError, OperationalError) as error:
            if not isinstance(error.__cause__, RACES) or transaction.get_connection().in_atomic_block:
                raise
            return atomic(*args, **kwargs)

    return run
