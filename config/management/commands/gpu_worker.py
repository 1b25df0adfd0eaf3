import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from config import supervisor
from modelgen.engines.addresses import with_address
from modelgen.engines.serving import RUNNERS, NoVllm, Serving, WrongServing, how_to_start, own_name, split_arguments

# A server loads its model for minutes and may die at the end of it: that is still a quick death.
PATIENCE = supervisor.Patience(
    first_pause_seconds=1.0, longest_pause_seconds=60.0, steady_after_seconds=900.0, quick_deaths=5
)
STOP_SECONDS = 60.0  # a chunk that is being asked may end
SECONDS_BETWEEN_SIGNS = 10.0
SECONDS_BETWEEN_LOOKS = 0.5


class Command(BaseCommand):
    help = "Serve a model with vLLM, and work on the queue gpu with it. Ctrl-C stops both."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--model", required=True, help="a folder, or a name of the hub")
        parser.add_argument(
            "--served-as", default="", help="the name that recipes and judges use (default: the model's)"
        )
        parser.add_argument("--host", default="127.0.0.1", help="the address that the server listens on")
        parser.add_argument("--port", type=int, default=8100)
        parser.add_argument("--runner", choices=RUNNERS, default="generate", help="pooling: scores and hidden states")
        parser.add_argument("--serve-arguments", default="", metavar="'...'", help="vLLM's own, in quotation marks")
        parser.add_argument("--chunks", type=int, default=2, help="in work at once, at least 2: the batch never drains")
        parser.add_argument("--python", default=sys.executable, help="an interpreter that has vLLM")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["chunks"] < 2:
            raise CommandError(f"--chunks is {options['chunks']}; with fewer than 2 the server waits between chunks.")
        try:
            serving = serving_from(options)
            start = how_to_start(options["python"])
        except (NoVllm, WrongServing) as error:
            raise CommandError(str(error)) from error
        supervisor.require_port(serving.host, serving.port)
        processes = [server(serving, start), worker(serving, options["chunks"], self.stdout.write)]
        self.stdout.write(f"{serving.served_as} will be at {serving.address} - Ctrl-C stops it.")
        logs = settings.VAR_DIR / "log"
        if supervisor.Supervisor(processes, self.stdout.write, log_folder=logs, patience=PATIENCE).run_forever():
            raise SystemExit(1)


def serving_from(options: dict[str, Any]) -> Serving:
    return Serving(
        model=options["model"],
        served_as=options["served_as"] or own_name(options["model"]),
        port=options["port"],
        host=options["host"],
        runner=options["runner"],
        arguments=split_arguments(options["serve_arguments"]),
    )


def server(serving: Serving, start: list[str]) -> supervisor.Process:
    """vLLM, which by default reports its use to its makers; here it does not."""
    env = {"VLLM_NO_USAGE_STATS": "1"}
    return supervisor.Process("vllm", serving.command(start), env=env, stop_after_seconds=STOP_SECONDS)


def worker(serving: Serving, chunks: int, say: Callable[[str], None]) -> supervisor.Process:
    """A Celery worker that knows the server; started when the server is well."""
    argv = [
        *(sys.executable, "-m", "celery", "--app", "config", "worker", "--queues", "gpu"),
        *("--concurrency", str(chunks), "--hostname", f"gpu-{serving.port}@%h"),
        *("--loglevel", "WARNING", "--without-gossip", "--without-mingle"),
    ]
    env = {"MODEL_SERVERS": with_address(settings.MODEL_SERVERS, serving.served_as, serving.address)}
    ready = once_well(f"{serving.address}/health", say)
    return supervisor.Process("worker", argv, env=env, stop_after_seconds=STOP_SECONDS, may_start=ready)


def once_well(address: str, say: Callable[[str], None]) -> Callable[[], bool]:
    """Asks whether the server is well, not too often, and says now and then that it is waited for."""
    began = said_at = looked_at = time.monotonic()

    def is_well() -> bool:
        nonlocal said_at, looked_at
        now = time.monotonic()
        if now - looked_at < SECONDS_BETWEEN_LOOKS:
            return False
        looked_at = now
        if now - said_at >= SECONDS_BETWEEN_SIGNS:
            said_at = now
            say(f"Waiting for the model to be loaded: {now - began:.0f} s.")
        return answers(address)

    return is_well


def answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=1) as answer:  # noqa: S310  our own http address
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
