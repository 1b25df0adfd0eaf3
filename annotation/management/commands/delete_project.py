from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.template.defaultfilters import filesizeformat
from django.utils import timezone

from annotation.management.options import named_account, named_project
from annotation.management.progress import every_two_seconds
from annotation.models import Project
from annotation.services import closing


class Command(BaseCommand):
    help = "Delete a project with everything of it, for good. Without --yes-delete it only says what would go."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("project", help="the project's short name")
        parser.add_argument("--dry-run", action="store_true", help="say what would go, and change nothing")
        parser.add_argument("--yes-delete", metavar="SLUG", help="the short name once more: then it is deleted")
        parser.add_argument("--keep-files", action="store_true", help="leave the files of its data set versions")
        parser.add_argument("--reason", default="", help="kept in the project's history, until that goes too")
        parser.add_argument("--by", metavar="ACCOUNT", help="who decided it")

    def handle(self, *args: Any, **options: Any) -> None:
        project, typed = named_project(options["project"]), options["yes_delete"]
        by = named_account(options["by"])
        if typed not in (None, project.slug):
            raise CommandError(f"--yes-delete says {typed!r}, the project is {project.slug!r}. Nothing was deleted.")
        self._say_what_goes(project, keeps_files=options["keep_files"])
        if options["dry_run"] or typed is None:
            self.stdout.write(
                f"\nNothing was deleted. To delete it: delete_project {project.slug} --yes-delete {project.slug}"
            )
            return
        closing.delete(
            project=project,
            by=by,
            at=timezone.now(),
            reason=options["reason"],
            keep_files=options["keep_files"],
            on_progress=every_two_seconds(self.stdout.write, "samples deleted"),
        )
        self.stdout.write(f"{project.slug} is deleted.")

    def _say_what_goes(self, project: Project, *, keeps_files: bool) -> None:
        found = closing.delete_outlook(project)
        self.stdout.write(f"With {project.slug} go:")
        for table, count in sorted(found.rows.items(), key=lambda row: (-row[1], row[0])):
            self.stdout.write(f"  {count:>12,}  {table}")
        for judge in found.judges:
            self.stdout.write(f"  judge {judge}, which no other project uses")
        if not keeps_files and not found.keeps_files:
            self.stdout.write(f"  {found.files} files of data set versions, {filesizeformat(found.bytes)}")
            if found.published:
                warning = "PUBLISHED VERSIONS ARE DELETED. Whoever trained on them cannot look at them again:"
                self.stdout.write(self.style.ERROR("\n".join([warning, *(f"  {name}" for name in found.published)])))
                self.stdout.write("To leave their files: --keep-files")
        self.stdout.write("Statements of pay cannot be made afterwards. Make them first: manage.py statement")
        self.stdout.write("There stay: the accounts and their keys")
        for judge in found.judges_that_stay:
            self.stdout.write(f"  judge {judge}, which another project uses")
        if keeps_files or found.keeps_files:
            self.stdout.write(f"  {found.files} files of data set versions, {filesizeformat(found.bytes)}")
            for name in found.published:
                self.stdout.write(f"  {name}")
