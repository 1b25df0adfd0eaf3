from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from demo import show


class Command(BaseCommand):
    help = "Run the whole way of a sample on real data: import, replay people, judge, merge, report, export; then serve it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--exit", action="store_true", help="end after the report instead of serving")
        parser.add_argument("--limit", type=int, default=None, help="replay at most this many samples of a project")
        parser.add_argument("--report", metavar="FILE", default=None, help="write the report's figures as JSON too")

    def handle(self, *args: Any, **options: Any) -> None:
        show.run(stay=not options["exit"], limit=options["limit"], report_file=options["report"])
