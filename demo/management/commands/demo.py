from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from annotation.datasets.bad_row import BadRow
from demo import show
from demo.replay import ReplayStopped
from demo.settle_down import StillBusy


class Command(BaseCommand):
    help = "Run the whole way of a sample on real data: import, replay people, judge, merge, report, export; then serve it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--exit", action="store_true", help="end after the report instead of serving")
        parser.add_argument("--limit", type=int, default=None, help="replay at most this many samples of a project")
        parser.add_argument("--report", metavar="FILE", default=None, help="write the report's figures as JSON too")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            show.run(stay=not options["exit"], limit=options["limit"], report_file=options["report"])
        except (ReplayStopped, StillBusy, BadRow) as problem:
            raise CommandError(f"{problem} Run the same command again: it goes on where it stopped.") from problem
