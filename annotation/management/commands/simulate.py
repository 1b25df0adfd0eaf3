import io
import json
from pathlib import Path
from typing import Any

import numpy as np
from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console

from annotation.datasets.bad_row import BadRow
from annotation.datasets.pilot import LABELS, PilotFolder
from annotation.datasets.rating_sets import read_gold, read_ratings
from annotation.datasets.whole_file import NotWritable, refuse_unwritable, written_whole
from annotation.management import simulation_report
from annotation.management.progress import every_two_seconds
from consensus.aggregate import UnknownRule
from consensus.policy import POLICIES, PolicyNotValid, policy_named
from consensus.posterior import is_line
from consensus.rating_set import RatingSet
from consensus.set_rules import SET_RULES
from consensus.simulate import NothingToSimulate, Simulation, SimulationNotValid, simulate

DEFAULT_POLICIES = ("spread", "confidence")
TABLE_WIDTH = 160  # where the output is no terminal


class Command(BaseCommand):
    help = (
        "Replay the recorded labels of a pilot folder under policies and label rules: what would they have cost, and how "
        "right would they have been? Needs no database."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", help="the folder: rubric.json, samples.jsonl, labels.csv and maybe gold.csv")
        parser.add_argument(
            "--policy",
            action="append",
            help=f"one of {', '.join(POLICIES)}, with settings as in confidence:target=.9,minimum=2,maximum=5; "
            f"may be given several times; {' and '.join(DEFAULT_POLICIES)} by default",
        )
        parser.add_argument(
            "--rule", action="append", help=f"one of {', '.join(SET_RULES)}; may be given several times"
        )
        parser.add_argument("--draws", type=int, default=20, help="orders of arrival to replay (20)")
        parser.add_argument("--seed", type=int, default=0, help="of what is drawn (0): the same seed, the same figures")
        parser.add_argument("--json", action="store_true", help="print JSON in place of the table")
        parser.add_argument("--picture", type=Path, help="an SVG file to write: labels a sample against quality")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["seed"] < 0:
            raise CommandError(f"Nothing was simulated. The seed is {options['seed']}. Give 0 or a larger number.")
        try:
            if options["picture"]:
                refuse_unwritable(options["picture"])
            found = self._simulated(options)
            if options["picture"]:
                self._draw(options["picture"], found, Path(options["folder"]).resolve().name)
        except (BadRow, PolicyNotValid, UnknownRule, NothingToSimulate, SimulationNotValid, NotWritable) as refusal:
            raise CommandError(f"Nothing was simulated. {refusal}") from refusal
        if options["json"]:
            self.stdout.write(json.dumps(simulation_report.as_json(found), indent=1))
        else:
            self._print(found)

    def _simulated(self, options: dict[str, Any]) -> Simulation:
        policies = [policy_named(text) for text in options["policy"] or DEFAULT_POLICIES]
        folder = PilotFolder.open(options["folder"])
        if not folder.has(LABELS):
            raise CommandError(f"Nothing was simulated. {options['folder']} has no {LABELS} to replay.")
        reading = every_two_seconds(self.stderr.write, "rows read")
        ratings = read_ratings(folder, with_judges=False, progress=lambda rows: reading(rows, rows))
        return simulate(
            ratings,
            policies,
            options["rule"] or _default_rules(ratings),
            np.random.default_rng(options["seed"]),
            gold=read_gold(folder, ratings),
            draws=options["draws"],
            ordered=folder.ordered,
            progress=every_two_seconds(self.stderr.write, "replays"),
        )

    def _draw(self, path: Path, found: Simulation, name: str) -> None:
        """One file; where the set has two measures, the second goes beside it under a name of its own."""
        for place, (measure, svg) in enumerate(simulation_report.pictures(found, name).items()):
            target = path if place == 0 else path.with_name(f"{path.stem}-{measure}{path.suffix}")
            with written_whole(target) as file:
                file.write(svg)
            self.stderr.write(f"{target} is written.")

    def _print(self, found: Simulation) -> None:
        is_terminal = self.stdout.isatty()
        console = Console(file=io.StringIO(), force_terminal=is_terminal, width=None if is_terminal else TABLE_WIDTH)
        with console.capture() as printed:
            console.print(simulation_report.table(found))
        self.stdout.write(printed.get())


def _default_rules(ratings: RatingSet) -> list[str]:
    """The posterior, and beside it the simple rule that suits the scales."""
    return ["posterior", "mean" if any(map(is_line, ratings.scales.values())) else "majority"]
