from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from annotation.datasets import safe_csv
from annotation.management.options import named_project
from annotation.services import pay


class Command(BaseCommand):
    help = "Print what people did in a period and what is due to them, as CSV."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("project", help="the project's short name")
        parser.add_argument("--person", help="only this person, by the id under which the project knows them")
        parser.add_argument(
            "--from", required=True, dest="since", metavar="DAY", help="the first day, as 2026-11-01 (UTC)"
        )
        parser.add_argument("--until", required=True, metavar="DAY", help="the day after the last")
        parser.add_argument("--items", action="store_true", help="a line an annotation instead of a line a person")

    def handle(self, *args: Any, **options: Any) -> None:
        project = named_project(options["project"])
        try:
            asked: dict[str, Any] = {
                "project": project,
                "period": pay.Period.parse(options["since"], options["until"]),
                "person": pay.person_in(project, options["person"]) if options["person"] else None,
                "at": timezone.now(),
            }
        except (pay.PeriodRefused, pay.UnknownPerson) as refusal:
            raise CommandError(str(refusal)) from refusal
        for line in safe_csv.lines(*pay.table(by_item=options["items"], **asked)):
            self.stdout.write(line, ending="")
