from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from annotation.datasets.bad_row import BadRow
from annotation.datasets.pilot import PilotFolder, validate
from annotation.services import importing
from annotation.services.gold import GoldRefused
from annotation.services.projects import ProjectRefused


class Command(BaseCommand):
    help = "Import a pilot folder (rubric.json, samples.jsonl, and optionally labels.csv, judgments.csv) as a project."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", help="the folder")
        parser.add_argument("--slug", help="the project's short name; by default the rubric's name")
        parser.add_argument("--directed", action="store_true", help="let claims name their sample, for replays")
        parser.add_argument(
            "--gold",
            action="store_true",
            help="make gold samples of those in gold.csv: they measure people and are no work",
        )
        parser.add_argument(
            "--training",
            action="store_true",
            help="make training samples of those in training.csv: newcomers get them first, and are told at once",
        )
        parser.add_argument(
            "--check", action="store_true", help="read everything, name every bad row, and write nothing"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["check"]:
            return self._check(options["folder"])
        try:
            folder = PilotFolder.open(options["folder"])
            settings = {"allows_directed_claims": True} if options["directed"] else {}
            slug = options["slug"] or folder.name
            new = importing.import_pilot(
                folder=folder,
                slug=slug,
                at=timezone.now(),
                with_gold=options["gold"],
                with_training=options["training"],
                **settings,
            )
        except (BadRow, ProjectRefused, GoldRefused) as refusal:
            raise CommandError(f"Nothing was imported. {refusal}") from refusal
        self.stdout.write(
            f"{slug}: {new.samples} samples ({new.gold} of them gold, {new.training} for training), {new.people} people "
            f"and {new.judgments} recorded judgments are new."
        )

    def _check(self, folder: str) -> None:
        bad = validate(folder)
        for row in bad:
            self.stdout.write(str(row))
        if bad:
            raise CommandError(f"{len(bad)} bad rows (at most 100 are named). Nothing was imported.")
        self.stdout.write("Every row is good.")
