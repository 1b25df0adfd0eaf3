"""A real PostgreSQL and a real Valkey from pip packages, for one machine, without any setting.

    instance = Instance(BASE_DIR / "var")          # starts nothing: instance.database_url, instance.redis_url
    with running(instance, on_progress=print):     # the first user starts the servers, the last one stops them
        ...

Both listen on unix sockets that only their owner can open, and on nothing else. See `identity.py` for what happens as root,
`paths.py` for where things lie, `server.py` for what happens after a crash.
"""

from .binaries import EmbeddedServersMissing, postgres_program
from .errors import EmbeddedError
from .identity import NoIdentity
from .lease import Lease, acquire, is_running, process_ids, running
from .paths import FolderNotOurs, FolderNotWritable, Instance, SocketPathTooLong
from .postgres import DataInUse, NotOurData, OtherMajorVersion
from .server import ServerDidNotStart, SocketInUse

__all__ = [
    "DataInUse",
    "EmbeddedError",
    "EmbeddedServersMissing",
    "FolderNotOurs",
    "FolderNotWritable",
    "Instance",
    "Lease",
    "NoIdentity",
    "NotOurData",
    "OtherMajorVersion",
    "ServerDidNotStart",
    "SocketInUse",
    "SocketPathTooLong",
    "acquire",
    "is_running",
    "postgres_program",
    "process_ids",
    "running",
]
