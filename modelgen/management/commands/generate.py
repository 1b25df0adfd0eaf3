"""Carry a recipe out (docs/pipeline.md)."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from rich.console import Console

from annotation.management.options import named_account, named_project
from modelgen.management import terminal
from modelgen.management.asked import add_watching_options, console_of, say_who_is_missing
from modelgen.models import Run
from modelgen.pipeline.recipe import Recipe, RecipeRefused
from modelgen.running import control, ready_recipes, recipes


class Command(BaseCommand):
    help = "Carry a recipe out: begin it, or go on where it was cut off. What is finished is not asked again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "recipe", help=f"a YAML file, or the name of a ready recipe: {', '.join(ready_recipes.names())}"
        )
        parser.add_argument("--project", help="the project's short name, where the recipe names none")
        parser.add_argument(
            "--set", action="append", default=[], metavar="KEY=VALUE", help="for example stages.topics.count=5"
        )
        parser.add_argument("--by", help="the account that starts it")
        parser.add_argument("--check", action="store_true", help="read the recipe, say what it would ask, and stop")
        add_watching_options(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        recipe = self._read(options["recipe"], options["set"])
        console = console_of(self)
        if options["check"]:
            self._say_what_it_asks(recipe, console)
            return
        slug = options["project"] or (recipe.header.result.project if recipe.header.result else "")
        if not slug:
            raise CommandError("Nothing was started: neither --project nor the recipe's result names a project.")
        try:
            run = recipes.start(
                recipe=recipe, project=named_project(slug), by=named_account(options["by"]), at=timezone.now()
            )
        except (RecipeRefused, control.RunRefused) as refusal:
            raise CommandError(f"Nothing was started. {refusal}") from refusal
        if run.state == Run.State.FINISHED:
            self.stdout.write(f"Run {run.pk} of this recipe is finished. Nothing is asked again.")
        say_who_is_missing(self, run)
        self._watch(run, console, options)

    def _read(self, named: str, settings: list[str]) -> Recipe:
        try:
            return (
                ready_recipes.read(named, settings) if named in ready_recipes.names() else self._file(named, settings)
            )
        except RecipeRefused as refusal:
            raise CommandError(f"Nothing was started. {named}: {refusal}") from refusal

    def _file(self, named: str, settings: list[str]) -> Recipe:
        path = Path(named)
        if not path.is_file():
            raise CommandError(
                f"There is no file {named!r}, and no ready recipe of that name: {', '.join(ready_recipes.names())}."
            )
        return ready_recipes.read_file(path, settings)

    def _say_what_it_asks(self, recipe: Recipe, console: Console) -> None:
        for stage in recipe.stages:
            models = ", ".join(f"{role}: {use.name}" for role, use in stage.roles.items()) or "asks nobody"
            console.print(f"{stage.name} ({stage.kind}) - {models}", highlight=False)

    def _watch(self, run: Run, console: Console, options: dict[str, Any]) -> None:
        hands = 0 if options["look_on"] else options["at_once"]
        try:
            far = terminal.watch(run, console, hands=hands, now=timezone.now)
        except KeyboardInterrupt:
            self.stdout.write(f"Run {run.pk} goes on wherever a worker serves its models; see `manage.py runs`.")
            return
        console.print(terminal.drawn(far))
        if far.run.landed:
            self.stdout.write("Landed: " + ", ".join(f"{what} {value}" for what, value in far.run.landed.items()))
        if far.run.state != Run.State.FINISHED:
            raise CommandError(f"Run {run.pk} is {far.run.state}. {far.run.problem}")
