from argparse import ArgumentTypeError
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from annotation.datasets.bad_row import BadRow
from demo import show
from demo.replay import ReplayStopped
from demo.settle_down import NotBuilt, StillBusy


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)


def _writable(path: str) -> str:
    try:
        open(path, "a").close()
    except OSError as error:
        raise ArgumentTypeError(f"{path} cannot be written ({error.strerror})") from error
    return path


class Command(BaseCommand):
    help = "Run the whole way of a sample on real data: import, replay people, judge, merge, report, export; then serve it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--exit", action="store_true", help="end after the report instead of serving")
        parser.add_argument(
            "--limit", type=_positive, default=None, help="replay at most this many samples of a project"
        )
        parser.add_argument(
            "--report", metavar="FILE", type=_writable, default=None, help="write the report's figures as JSON too"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            show.run(stay=not options["exit"], limit=options["limit"], report_file=options["report"])
        except (ReplayStopped, StillBusy, NotBuilt, BadRow) as problem:
            raise CommandError(f"{problem} Run the same command again: it goes on where it stopped.") from problem
