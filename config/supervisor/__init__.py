"""Start several programs, keep them running, show what they say, and stop them in order.

    status = Supervisor([Process("web", ["granian", ...]), Process("worker", ["celery", ...])]).run_forever()

One thread owns all of it: `run_forever` is that thread, `start` makes one for a caller with other work. Every program leads a
session of its own, so that Ctrl-C in the terminal reaches the supervisor alone, and it ends with a supervisor that is killed.
"""

from .child import Patience, Process
from .errors import SupervisorError
from .ports import PortTaken, port_is_free, require_port
from .supervisor import KeepsDying, NotReady, ProgramMissing, Supervisor

__all__ = [
    "KeepsDying",
    "NotReady",
    "Patience",
    "PortTaken",
    "Process",
    "ProgramMissing",
    "Supervisor",
    "SupervisorError",
    "port_is_free",
    "require_port",
]
