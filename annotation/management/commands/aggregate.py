import csv
from pathlib import Path
from typing import Any

import numpy as np
from django.core.management.base import BaseCommand, CommandError, CommandParser

from annotation.datasets import label_file
from annotation.datasets.bad_row import BadRow
from annotation.datasets.pilot import JUDGMENTS, LABELS, PilotFolder
from annotation.datasets.rating_sets import read_ratings
from annotation.datasets.whole_file import NotWritable, written_whole
from annotation.management.progress import every_two_seconds
from consensus.rating_set import RatingSet
from consensus.set_rules import SET_RULES, SetLabels, label_set


class Command(BaseCommand):
    help = "Make one label of what people said of each sample of a pilot folder. Needs no database."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", help="the folder: rubric.json, samples.jsonl, labels.csv")
        parser.add_argument("--rule", required=True, help="one of: " + ", ".join(SET_RULES))
        parser.add_argument(
            "--judgments", action="store_true", help=f"let the judges of {JUDGMENTS} have their word too"
        )
        parser.add_argument("--probabilities", action="store_true", help="a column for the probability of each level")
        parser.add_argument("--out", required=True, type=Path, help="the CSV file to write")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["rule"] not in SET_RULES:
            raise CommandError(f"There is no label rule {options['rule']!r}. Use one of: {', '.join(SET_RULES)}.")
        with_probabilities = options["probabilities"]
        try:
            folder = self._folder(options["folder"], with_judges=options["judgments"])
            with written_whole(options["out"]) as file:
                ratings = self._ratings(folder, with_judges=options["judgments"])
                labels = self._labels(options["rule"], ratings, with_judges=options["judgments"])
                writer = csv.writer(file, lineterminator="\n")  # ids as they are: another program looks them up
                writer.writerow(label_file.header(ratings, with_probabilities=with_probabilities))
                writer.writerows(label_file.rows(ratings, labels, with_probabilities=with_probabilities))
        except (BadRow, NotWritable, OSError) as refusal:
            raise CommandError(f"Nothing was written. {refusal}") from refusal
        self._say(options["out"], labels)

    def _folder(self, path: str, *, with_judges: bool) -> PilotFolder:
        folder = PilotFolder.open(path)
        if not folder.has(LABELS):
            raise CommandError(f"Nothing was written. {path} has no {LABELS}, so there is nothing to make labels of.")
        if with_judges and not folder.has(JUDGMENTS):
            raise CommandError(
                f"Nothing was written. {path} has no {JUDGMENTS}. Put it there, or leave --judgments out."
            )
        return folder

    def _ratings(self, folder: PilotFolder, *, with_judges: bool) -> RatingSet:
        say = every_two_seconds(self.stderr.write, "rows read")
        return read_ratings(folder, with_judges=with_judges, progress=lambda rows: say(rows, rows))

    def _labels(self, rule: str, ratings: RatingSet, *, with_judges: bool) -> dict[str, SetLabels]:
        what = "samples labelled" if rule == "closest-three" else "attributes labelled"
        say = every_two_seconds(self.stderr.write, what)
        return label_set(rule, ratings, with_judges=with_judges, progress=say)

    def _say(self, out: Path, labels: dict[str, SetLabels]) -> None:
        count = sum(len(of.value) for of in labels.values())
        empty = sum(int(np.isnan(of.value).sum()) for of in labels.values())
        lacking = f", {empty} of them without a value" if empty else ""
        self.stdout.write(f"{out}: {count} labels{lacking}.")
        for name, of in labels.items():
            if of.panel is not None:
                self.stdout.write(
                    f"{name}: the judges weigh {of.panel.weight:g} ({of.panel.reason.replace('_', ' ')})."
                )
