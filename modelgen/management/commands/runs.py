"""Runs of recipes and judges: how far they are, and pausing, resuming, cancelling."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from modelgen.management import terminal
from modelgen.management.asked import console_of
from modelgen.models import Run
from modelgen.running import control, progress


class Command(BaseCommand):
    help = "List the runs of recipes and judges, show one, or pause, resume or cancel it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("run", nargs="?", type=int, help="its number; without one, the latest are listed")
        what = parser.add_mutually_exclusive_group()
        what.add_argument("--pause", action="store_true", help="begin no more chunks of it")
        what.add_argument("--resume", action="store_true", help="go on where it is")
        what.add_argument("--cancel", action="store_true", help="end it; what it made stays")
        what.add_argument("--ask-failed-again", action="store_true", help="ask for the rows that have no usable answer")
        parser.add_argument("--project", help="list only those of this project")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["run"] is None:
            self._list(options["project"])
            return
        run = Run.objects.filter(pk=options["run"]).select_related("project", "judge").first()
        if run is None:
            raise CommandError(f"There is no run {options['run']}. `manage.py runs` lists them.")
        try:
            self._change(run, options)
        except control.RunRefused as refusal:
            raise CommandError(str(refusal)) from refusal
        run.refresh_from_db()
        console_of(self).print(terminal.drawn(progress.of_run(run, at=timezone.now())))

    def _change(self, run: Run, options: dict[str, Any]) -> None:
        if options["pause"]:
            control.pause(run)
        elif options["resume"]:
            control.resume(run)
        elif options["cancel"]:
            control.cancel(run, at=timezone.now())
        elif options["ask_failed_again"]:
            self.stdout.write(f"{control.ask_failed_again(run)} rows are asked again.")

    def _list(self, slug: str | None) -> None:
        runs = Run.objects.select_related("project", "judge").order_by("-pk")
        runs = runs.filter(project__slug=slug) if slug else runs
        for run in runs[:30]:
            self.stdout.write(f"{run.project.slug}: " + terminal.in_a_line(progress.of_run(run, at=timezone.now())))
