"""What the commands of runs ask on the command line and say in the same words."""

import json
from typing import IO, Any, cast

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console

from modelgen.models import Run
from modelgen.running.at_hand import from_settings


def add_watching_options(parser: CommandParser) -> None:
    parser.add_argument("--look-on", action="store_true", help="ask nothing from here; only show what workers do")
    parser.add_argument("--at-once", type=int, default=2, help="chunks that are asked from here at the same time (2)")


def console_of(command: BaseCommand) -> Console:
    """A console on the command's own output."""
    return Console(file=cast(IO[str], command.stdout), soft_wrap=True)


def say_who_is_missing(command: BaseCommand, run: Run) -> None:
    """Models that no address is known for here: a worker elsewhere may have one."""
    at_hand = from_settings()
    asked = run.places.values_list("stage__models_asked", flat=True)
    missing = sorted({model for models in asked for model in models} - at_hand.served)
    at_hand.close()
    if missing and run.state == Run.State.RUNNING:
        command.stdout.write(
            f"MODEL_SERVERS names no address for {', '.join(missing)}: waiting for a worker that serves it. "
            "(`manage.py gpu_worker --model ...` starts one.)"
        )


def json_options(pairs: list[str]) -> dict[str, Any]:
    """KEY=VALUE, the value as JSON where it is JSON and as a text otherwise. Raises CommandError."""
    read = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals:
            raise CommandError(f"--option {pair!r} is not KEY=VALUE.")
        try:
            read[key] = json.loads(value)
        except ValueError:
            read[key] = value
    return read
