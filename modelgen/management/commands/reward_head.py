"""Ask for a reward head in a project, or let it rest (docs/judges.md)."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from annotation.management.options import named_account, named_project
from annotation.models import Project, User
from modelgen.management import terminal
from modelgen.management.asked import add_watching_options, console_of, say_who_is_missing
from modelgen.models import RewardHeadPlan, Run
from modelgen.running import hidden_states, reward_heads
from modelgen.running.reward_heads.fitting import LEAST, labelled_count
from modelgen.running.reward_heads.plans import HeadRefused


class Command(BaseCommand):
    help = "Fit a reward head to a project's labels, and refit it whenever they have grown by a fifth."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("project", help="the project's short name")
        parser.add_argument(
            "--model",
            default=RewardHeadPlan.EMBEDDED,
            help="whose hidden states it sees, as MODEL_SERVERS names it; without it, features of the text",
        )
        parser.add_argument("--revision", default="", help="of the model: its commit or date")
        parser.add_argument("--off", action="store_true", help="let it rest; what it said stays and counts no more")
        parser.add_argument("--by", help="the account that decided it")
        add_watching_options(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        project, by = named_project(options["project"]), named_account(options["by"])
        if options["off"]:
            self._let_rest(project, options["model"])
            return
        try:
            plan = reward_heads.plan_for(project, model=options["model"], revision=options["revision"])
        except HeadRefused as refusal:
            raise CommandError(f"Nothing was started. {refusal}") from refusal
        if not plan.reads_text_only and not self._read(plan, by, options):
            return
        if not options["look_on"]:
            reward_heads.serve(plan.pk)
        plan.refresh_from_db()
        self.stdout.write(_how_it_stands(plan))

    def _let_rest(self, project: Project, model: str) -> None:
        plans = list(project.reward_head_plans.filter(model=model, is_enabled=True))
        if not plans:
            raise CommandError(f"{project.slug} has no reward head on {model} at work.")
        for plan in plans:
            reward_heads.rest(plan)
        self.stdout.write(f"The reward head on {model} rests. What it said stays and has no part in labels.")

    def _read(self, plan: RewardHeadPlan, by: User | None, options: dict[str, Any]) -> bool:
        """Look on, or help, until the model has read every sample; False when somebody looked away before."""
        run = hidden_states.run_of(plan, by=by, at=timezone.now())
        say_who_is_missing(self, run)
        console = console_of(self)
        try:
            far = terminal.watch(run, console, hands=0 if options["look_on"] else options["at_once"], now=timezone.now)
        except KeyboardInterrupt:
            self.stdout.write(f"Run {run.pk} goes on wherever a worker serves its model; see `manage.py runs`.")
            return False
        console.print(terminal.drawn(far))
        if far.run.state != Run.State.RUNNING:
            raise CommandError(f"Run {run.pk} is {far.run.state}. {far.run.problem}")
        return True


def _how_it_stands(plan: RewardHeadPlan) -> str:
    if plan.judge is None:
        return (
            f"There is no head yet: {labelled_count(plan)} samples have labels, and the first fit needs {LEAST}. It is made "
            "when they are there, wherever a worker runs."
        )
    notes = [f"  {attribute}: {note}" for attribute, note in plan.judge.configuration["notes"].items()]
    return "\n".join([f"Fitted to {plan.fitted_to} labelled samples; it judges every sample out of fold.", *notes])
