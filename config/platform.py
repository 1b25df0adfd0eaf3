"""The platform as processes: web server, worker, beat, above the two servers. `up` and `demo` start the same ones."""

import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command

from config import embedded
from config.celery import app
from config.supervisor import Process, Supervisor, require_port

Say = Callable[[str], None]
WEB_READY_SECONDS = 60.0


def address() -> str:
    """Where the pages are."""
    host = "127.0.0.1" if settings.HOST in ("0.0.0.0", "::") else settings.HOST  # noqa: S104  every address: also this one
    return f"http://{host}:{settings.PORT}"


@contextmanager
def servers(say: Say) -> Iterator[None]:
    """PostgreSQL and Valkey: embedded ones, kept alive, or those that the settings name."""
    if not settings.USES_EMBEDDED_SERVERS:
        yield
        return
    with embedded.running(settings.EMBEDDED, on_progress=say, keep_alive=True):
        yield


def require_address() -> None:
    """Refuse to start anything when the web server's port is taken. Raises PortTaken."""
    require_port(settings.HOST, settings.PORT)


def prepare(say: Say) -> None:
    """Bring the database and the static files up to date, and see that what is needed later is there."""
    _require_files_folder()
    with app.connection_for_write() as broker:
        broker.ensure_connection(max_retries=1, interval_start=0.2)
    say("Bringing the database up to date.")
    call_command("migrate", interactive=False, verbosity=0)
    say("Collecting static files.")
    call_command("collectstatic", interactive=False, verbosity=0)


def _require_files_folder() -> None:
    try:
        settings.MEDIA_ROOT.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=settings.MEDIA_ROOT):
            pass
    except OSError as error:
        raise ImproperlyConfigured(
            f"{settings.MEDIA_ROOT} cannot be written ({error.strerror}): data set versions go there. Make it writable, or "
            "point CONCORD_FILES at a folder that is."
        ) from error


def supervisor(*, say: Say, quiet: bool = False) -> Supervisor:
    """The web server, a worker for each queue, and beat; started in this order, stopped in the opposite one."""
    return Supervisor(
        [web(), _worker("worker", "platform"), _worker("models", "gpu"), _beat()],
        say,
        log_folder=settings.VAR_DIR / "log",
        quiet=quiet,
    )


def answers() -> bool:
    """Whether the web server is up and reaches its database."""
    try:
        with urllib.request.urlopen(f"{address()}/health/", timeout=2) as answer:  # noqa: S310  our own http address
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def web() -> Process:
    """The web server alone."""
    argv = [
        *(sys.executable, "-m", "granian", "--interface", "wsgi", "config.wsgi:application"),
        *("--host", settings.HOST, "--port", str(settings.PORT), "--no-ws", "--log-level", "warning"),
        *("--workers", str(settings.WEB_WORKERS), "--blocking-threads", "4", "--respawn-failed-workers"),
    ]
    return Process("web", argv)


def _worker(name: str, queue: str) -> Process:
    """Each queue has its own: a model that takes minutes over a chunk keeps nobody's label waiting."""
    argv = [
        *(sys.executable, "-m", "celery", "--app", "config", "worker", "--queues", queue, "--hostname", f"{name}@%h"),
        *("--concurrency", "2", "--loglevel", "WARNING", "--without-gossip", "--without-mingle"),
    ]
    return Process(name, argv)


def _beat() -> Process:
    pidfile = settings.VAR_DIR / "celerybeat.pid"
    pidfile.unlink(missing_ok=True)  # left by a beat that was killed; the port makes sure that there is one platform
    argv = [
        *(sys.executable, "-m", "celery", "--app", "config", "beat"),
        "--loglevel",
        "WARNING",
        "--pidfile",
        str(pidfile),
    ]
    return Process("beat", argv)
