from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from annotation.management.options import named_project
from annotation.management.progress import every_two_seconds
from annotation.models import Project
from annotation.statistics import checking

MOST_TOLD = 50


class Command(BaseCommand):
    help = "Count the statistics of a project (or of all) from nothing, or check that what stands equals that. People may go on working."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("project", nargs="?", help="the project's short name; without it, every project")
        parser.add_argument(
            "--check", action="store_true", help="compare every number, change nothing; ends with 1 if any differs"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        projects = [named_project(options["project"])] if options["project"] else Project.objects.order_by("slug")
        wrong = sum(self._one(project, is_check=options["check"]) for project in projects)
        if wrong:
            raise CommandError(f"{wrong} numbers differ. Count anew: python manage.py recompute_statistics")

    def _one(self, project: Project, *, is_check: bool) -> int:
        """How many numbers differ."""
        progress = every_two_seconds(self.stdout.write, f"samples of {project.slug} counted")
        if not is_check:
            checking.recompute(project=project, at=timezone.now(), on_progress=progress)
            self.stdout.write(f"{project.slug} was counted anew.")
            return 0
        try:
            differences = checking.check(project=project, at=timezone.now(), on_progress=progress)
        except checking.NothingStands as refusal:
            self.stdout.write(str(refusal))
            return 0
        for difference in differences[:MOST_TOLD]:
            self.stdout.write(f"{project.slug}: {difference}")
        if len(differences) > MOST_TOLD:
            self.stdout.write(f"... and {len(differences) - MOST_TOLD} more")
        if not differences:
            self.stdout.write(f"{project.slug}: every number equals a full computation.")
        return len(differences)
