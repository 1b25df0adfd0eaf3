"""Change what people are asked, mid-way (docs/changes/rubric.md)."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from annotation.management.options import add_change_options, named_account, named_project, read_json
from annotation.services import projects
from annotation.services.people import ReasonMissing
from annotation.services.projects import ChangeRefused


class Command(BaseCommand):
    help = "Write the next version of a project's rubric from a rubric.json."

    def add_arguments(self, parser: CommandParser) -> None:
        add_change_options(parser)
        parser.add_argument(
            "file", help='a rubric.json, or any JSON object with "attributes" and, where some are asked, "remarks"'
        )

    def handle(self, *args: Any, **options: Any) -> None:
        project, by = named_project(options["project"]), named_account(options["by"])
        asked = read_json(options["file"])
        attributes: Any = asked.get("attributes")
        remarks: Any = asked.get("remarks", [])
        try:
            with transaction.atomic():
                before = project.policy.version
                about = {"by": by, "at": timezone.now(), "reason": options["reason"]}
                rubric = projects.change_rubric(project=project, attributes=attributes, remarks=remarks, **about)
                self.stdout.write(project.events.filter(kind=projects.RUBRIC_CHANGED).latest("pk").text)
                if project.policy.version > before:
                    self.stdout.write(f"Policy {project.policy.version} goes with it: other attributes trigger.")
                transaction.set_rollback(options["dry_run"])
        except (ChangeRefused, ReasonMissing) as refusal:
            raise CommandError(f"Nothing was changed. {refusal}") from refusal
        said = (
            "Dry run: nothing was changed." if options["dry_run"] else f"Rubric {rubric.version} is what is asked now."
        )
        self.stdout.write(said)
