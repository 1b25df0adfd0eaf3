"""What Django loads as the database engine (settings.DATABASES)."""

import select
from typing import Any

from django.db.backends.postgresql import base

# A prepared statement is planned once a connection. PostgreSQL would go on planning some of ours with every run, at twice the
# cost of running them, in the hope of a better plan: but each has only one good one (docs/query-plans.md).
PLAN_ONCE = "SET plan_cache_mode = force_generic_plan"


class DatabaseWrapper(base.DatabaseWrapper):
    """Plans prepared statements once, and asks the socket, and not the server, whether a kept connection is usable.

    Django sends SELECT 1 before the first query of every request. A server that went away has closed the socket, and
    that is seen without a round trip: an idle connection on which there is something to read is one that has ended (or was
    told so). A network that swallows packets is not noticed by either.
    """

    def get_connection_params(self) -> dict[str, Any]:
        # Django switches prepared statements off for the whole connection; its own cursors bind in the client and never
        # prepare, so that this is for those of annotation/statements/ alone.
        return {**super().get_connection_params(), "prepare_threshold": 0}

    def init_connection_state(self) -> None:
        super().init_connection_state()
        with self.connection.cursor() as cursor:
            cursor.execute(PLAN_ONCE)

    def is_usable(self) -> bool:
        if self.connection is None or self.connection.closed:
            return False
        poll = select.poll()
        poll.register(self.connection.fileno(), select.POLLIN | select.POLLHUP | select.POLLERR)
        return not poll.poll(0)
