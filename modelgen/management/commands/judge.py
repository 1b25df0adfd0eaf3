"""Put a judge to work in a project (docs/judges.md)."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from annotation.management.options import named_account, named_project
from annotation.services.judging import JudgmentRefused
from modelgen.judges.kinds import JudgeOptionsRefused
from modelgen.management import terminal
from modelgen.management.asked import add_watching_options, console_of, json_options, say_who_is_missing
from modelgen.running import judging


class Command(BaseCommand):
    help = "Put a judge to work in a project: it judges every sample that lacks its word, now and whenever some come."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("project", help="the project's short name")
        parser.add_argument("kind", choices=[str(kind) for kind in judging.KINDS])
        parser.add_argument(
            "--model", default="", help="as the registry and MODEL_SERVERS name it; none for a verifier"
        )
        parser.add_argument("--revision", default="", help="of the model: its commit or date")
        parser.add_argument("--seed", type=int, default=1, help="of what the judge draws, such as its principles (1)")
        parser.add_argument(
            "--option", action="append", default=[], metavar="KEY=VALUE", help="of this kind of judge; values as JSON"
        )
        parser.add_argument("--chunk", type=int, default=64, help="samples that are asked together (64)")
        parser.add_argument("--by", help="the account that decided it")
        add_watching_options(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        wanted = judging.JudgeWanted(
            kind=options["kind"],
            model=options["model"],
            options=json_options(options["option"]),
            revision=options["revision"],
            seed=options["seed"],
        )
        try:
            run = judging.put_to_work(
                project=named_project(options["project"]),
                wanted=wanted,
                by=named_account(options["by"]),
                at=timezone.now(),
                chunk_rows=options["chunk"],
            )
        except (JudgeOptionsRefused, JudgmentRefused, judging.JudgeRefused) as refusal:
            raise CommandError(f"Nothing was started. {refusal}") from refusal
        say_who_is_missing(self, run)
        console = console_of(self)
        try:
            far = terminal.watch(run, console, hands=0 if options["look_on"] else options["at_once"], now=timezone.now)
        except KeyboardInterrupt:
            self.stdout.write(f"Run {run.pk} goes on wherever a worker serves its model; see `manage.py runs`.")
            return
        console.print(terminal.drawn(far))
        if far.run.problem:
            raise CommandError(f"Run {run.pk} is {far.run.state}. {far.run.problem}")
