"""Change how samples are decided, mid-way (docs/changes/policy.md)."""

import json
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from annotation.management.options import add_change_options, named_account, named_project, read_json
from annotation.models import Policy, Project
from annotation.services import applying, projects
from annotation.services.people import ReasonMissing
from annotation.services.projects import ChangeRefused


class Command(BaseCommand):
    help = "Write the next version of a project's policy. What is not given stays as it is."

    def add_arguments(self, parser: CommandParser) -> None:
        add_change_options(parser)
        parser.add_argument("--file", help="a JSON object with any of: " + ", ".join(projects.CHANGEABLE))
        parser.add_argument("--name", choices=Policy.Name.values, help="how it decides")
        parser.add_argument("--target", type=float, help="confidence: how probable a trigger value must be")
        parser.add_argument(
            "--hopeless-below", type=float, help="confidence: the chance below which nobody more is asked"
        )
        parser.add_argument("--first-round", type=int, help="people who are asked at first")
        parser.add_argument("--extra", type=int, help="people who are asked where they disagree")
        parser.add_argument("--label-rule", choices=Policy.LabelRule.values)
        parser.add_argument("--unsettled", choices=Policy.Unsettled.values)
        parser.add_argument(
            "--judges-weight-at-most",
            type=float,
            help="judges weigh in the merge what they earned, and no more, 0 to 1",
        )
        parser.add_argument("--slice-share", type=float, help="share of the random slice, 0 to 1")
        parser.add_argument("--slice-overlap", type=int, help="people whom a sample of the slice gets")
        parser.add_argument(
            "--triggers", type=json.loads, help='{"attribute": {"escalate_above": 2, "settle_within": 1}}'
        )
        parser.add_argument("--apply-now", action="store_true", help="undecided samples do not wait for a submission")

    def handle(self, *args: Any, **options: Any) -> None:
        project, by = named_project(options["project"]), named_account(options["by"])
        content = read_json(options["file"]) if options["file"] else {}
        content |= {name: options[name] for name in projects.CHANGEABLE if options[name] is not None}
        try:
            with transaction.atomic():
                about = {"by": by, "at": timezone.now(), "reason": options["reason"]}
                policy = projects.change_policy(project=project, **about, **content)
                self.stdout.write(f"Policy {policy.version} of {project.slug}.")
                if options["dry_run"]:
                    self._rehearse(project)
                    transaction.set_rollback(True)
                elif options["apply_now"]:
                    projects.apply_policy_now(project=project, by=by, at=timezone.now())
        except (ChangeRefused, ReasonMissing) as refusal:
            raise CommandError(f"Nothing was changed. {refusal}") from refusal
        if options["apply_now"] and not options["dry_run"]:
            self.stdout.write("Beat lets undecided samples follow it within seconds (the project's history says when).")

    def _rehearse(self, project: Project) -> None:
        changes = asdict(applying.rehearse(project=project, at=timezone.now()))
        self.stdout.write("Applied now it would change these undecided samples:")
        for name, count in changes.items():
            self.stdout.write(f"  {name.replace('_', ' ')}: {count}")
        self.stdout.write("Dry run: nothing was changed.")
