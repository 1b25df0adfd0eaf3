from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from annotation.management.options import named_account, named_project
from annotation.management.progress import every_two_seconds
from annotation.services import closing


class Command(BaseCommand):
    help = "Archive a project: nothing is handed out any more, everything stays and can be read."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("project", help="the project's short name")
        parser.add_argument("--dry-run", action="store_true", help="say what would happen, and change nothing")
        parser.add_argument("--undo", action="store_true", help="take it up again; it is paused then")
        parser.add_argument("--reason", default="", help="kept in the project's history")
        parser.add_argument("--by", metavar="ACCOUNT", help="who decided it")

    def handle(self, *args: Any, **options: Any) -> None:
        project = named_project(options["project"])
        said = {"by": named_account(options["by"]), "reason": options["reason"], "at": timezone.now()}
        if options["undo"]:
            try:
                closing.unarchive(project=project, **said)
            except (closing.NotArchived, closing.BeingDeleted) as refusal:
                raise CommandError(str(refusal)) from refusal
            self.stdout.write(f"{project.slug} is paused. Make it active under /admin/ to hand out samples again.")
            return
        if options["dry_run"]:
            found = closing.archive_outlook(project)
            self.stdout.write(
                f"{project.slug} is {project.state}. Archiving gives {found.leases} samples back that are in people's hands; "
                f"{found.undecided} undecided samples are handed out to nobody. Nothing is deleted."
            )
            return
        progress = every_two_seconds(self.stdout.write, "samples given back")
        given_back = closing.archive(project=project, on_progress=progress, **said)
        self.stdout.write(f"{project.slug} is archived; {given_back} samples were given back. Everything can be read.")
