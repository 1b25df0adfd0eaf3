"""Run a management command with the servers it needs, and say in one sentence what went wrong."""

import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

# Commands that touch no database, or that bring their own servers.
NEEDS_NO_SERVERS = {
    None,
    "aggregate",
    "models",
    "check",
    "collectstatic",
    "compilemessages",
    "demo",
    "help",
    "makemessages",
    "simulate",
    "spectacular",
    "up",
    "version",
    "--help",
    "--version",
}


def run(argv: Sequence[str]) -> int:
    """Run one command; returns its exit status. What a person can mend is a sentence, not a trace."""
    try:
        from django.core.management import execute_from_command_line
    except ModuleNotFoundError:
        return _say("Concord's requirements are not installed here. Run `make setup`, then use .venv/bin/python.")

    from celery.exceptions import ImproperlyConfigured as CeleryMisconfigured
    from django.core.exceptions import ImproperlyConfigured
    from django.db import OperationalError, ProgrammingError
    from kombu.exceptions import OperationalError as BrokerDown

    from config import embedded, supervisor

    # So that what was started is stopped, also by a script that started this in the background, where SIGINT is ignored.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with servers_for(argv[1] if len(argv) > 1 else None):
            execute_from_command_line(list(argv))
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except (embedded.EmbeddedError, supervisor.SupervisorError, ImproperlyConfigured, CeleryMisconfigured) as error:
        return _say(str(error))
    except OperationalError as error:
        return _say(f"PostgreSQL does not answer: {_first_line(error)}. Start it, or mend DATABASE_URL.")
    except BrokerDown as error:
        return _say(f"Redis or Valkey does not answer: {_first_line(error)}. Start it, or mend REDIS_URL.")
    except ProgrammingError as error:
        if "does not exist" in str(error):
            return _say(f"The database is not set up ({_first_line(error)}). Run `python manage.py migrate`.")
        raise
    return 0


@contextmanager
def servers_for(command: str | None) -> Iterator[None]:
    """Attach to the embedded servers, or start them and stop them afterwards, when the command needs them."""
    from django.conf import settings

    from config import embedded

    if command in NEEDS_NO_SERVERS or not settings.USES_EMBEDDED_SERVERS:
        yield
        return
    with embedded.running(settings.EMBEDDED, on_progress=_tell):
        yield


def _tell(sentence: str) -> None:
    print(sentence, file=sys.stderr)


def _say(sentence: str) -> int:
    print(sentence, file=sys.stderr)
    return 1


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0]
