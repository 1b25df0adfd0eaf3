"""Recorded people of `demo/pandalm`, and three among them who do not judge: one who answers at random, one who always prefers
what is shown first, and one who says what another has just said.

All of them work as anybody does: they claim and submit through the services. What the recorded people say is what real
people said of these samples; who of them is asked first is arranged, because the planted need a place.
"""

import random
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import islice, permutations
from pathlib import Path
from typing import Any

import krippendorff
from django.db import connection

from annotation.datasets.pilot import PilotFolder, recorded_annotations
from annotation.models import Assignment, Project, Sample
from annotation.services import claiming, people, submission
from annotation.services.submission import Answer

FOLDER = Path(__file__).parents[2] / "demo" / "pandalm"
HONEST = ("h1", "h2", "h3")
GUESSES, PREFERS_FIRST, COPIES = "mila", "noor", "otto"
PLANTED = {GUESSES, PREFERS_FIRST, COPIES}
COPIED = PREFERS_FIRST  # a second account of theirs; who copies a recorded person here agrees with all of them, as that one does
# Who is asked first of every twenty samples, beside recorded people: as many as it takes to be found (docs/people.md).
TWENTY = [PREFERS_FIRST] * 7 + [GUESSES] * 8 + [COPIES] * 4 + [""]
LEVELS = (-1, 0, 1)
SEED = 7
BETWEEN_SAMPLES, BETWEEN_PEOPLE = timedelta(seconds=45), timedelta(seconds=10)


class Replay:
    """The crowd at work on a project's samples, in the order of the file; `begin` is when the first of them sits down."""

    def __init__(self, project: Project, begin: datetime) -> None:
        people.add_outside_people(project=project, external_ids=[*HONEST, *sorted(PLANTED)], at=begin)
        self.crowd = {person.external_id: person for person in project.annotators.select_related("project")}
        self.samples = list(project.samples.select_related("project").order_by("pk"))
        self.recorded = _recorded()
        self.begin = begin
        self.chance = random.Random(SEED)  # noqa: S311

    def play(self, samples: slice) -> int:
        """These samples until each closes; returns how many annotations were submitted."""
        return sum(self._sample(at, self.samples[at]) for at in range(len(self.samples))[samples])

    def _sample(self, place: int, sample: Sample) -> int:
        """The k-th in the row is asked while the sample wants somebody."""
        when, said = self.begin + place * BETWEEN_SAMPLES, dict[str, int]()
        for number, name in enumerate(asked(place)):
            at = when + number * BETWEEN_PEOPLE
            _draw_the_same_order(SEED + place * len(TWENTY) + number)
            try:
                hand = claiming.claim_sample(annotator=self.crowd[name], sample=sample, at=at)
            except claiming.NotClaimable:
                break
            said[name] = self._says(name, sample, hand, said)
            submission.submit(assignment_id=hand.pk, answer=_answer(said[name]), at=at + BETWEEN_PEOPLE / 2)
        return len(said)

    def _says(self, name: str, sample: Sample, hand: Assignment, said: dict[str, int]) -> int:
        if name == GUESSES:
            return self.chance.choice((-1, 0, 1))
        if name == PREFERS_FIRST:
            return -1 if hand.shown_order[0] == 0 else 1
        if name == COPIES:
            return said.get(COPIED) or self.chance.choice((-1, 1))
        return self.recorded[sample.external_id][name]


def _draw_the_same_order(seed: int) -> None:
    """Which response is shown first is drawn by the database: in every run the same, whatever else was drawn before."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT setseed(%s)", [seed % 1000 / 1000])


def asked(place: int) -> Iterator[str]:
    """The row of people for a sample: three for the first round, and whoever would come next."""
    planted = TWENTY[place % len(TWENTY)]
    honest = [HONEST[(place + turn) % 3] for turn in range(3)]
    beside = COPIED if planted == COPIES else honest[1]
    first = [honest[0], beside, planted or honest[2]]
    yield from first
    yield from (name for name in (*honest, *sorted(PLANTED)) if name not in first)


def file_of(how_many: int) -> bytes:
    """The first samples of the recorded set, as a file to import."""
    with (FOLDER / "samples.jsonl").open("rb") as lines:
        return b"".join(islice(lines, how_many))


def _recorded() -> dict[str, dict[str, int]]:
    """What each recorded person said of each sample."""
    said: dict[str, dict[str, int]] = {}
    for one in recorded_annotations(PilotFolder.open(FOLDER)):
        [(_response, _attribute, value)] = one.ratings
        said.setdefault(one.sample_id, {})[one.annotator_id] = value
    return said


def _answer(value: int) -> Answer:
    remarks = {"preference": "both_bad"} if value == 0 else {}  # the recorded people were not asked which
    return Answer(given=[{"attribute": "preference", "value": value}], client_key="replay", remarks=remarks)


# --- computed anew ----------------------------------------------------------------------------------------------
class Recomputed:
    """What the pages say of a project, from the votes file of a version and nothing else.

    The file has the votes of each sample in the order in which they came; the first three are its first round.
    """

    def __init__(self, rows: Iterable[dict[str, Any]]) -> None:
        self.votes: dict[str, list[int]] = {}
        for row in rows:
            [rating] = row["ratings"]
            self.votes.setdefault(row["sample_id"], []).append(rating["value"])
        self.first = {name: given[:3] for name, given in self.votes.items()}

    @property
    def annotations(self) -> int:
        return sum(map(len, self.votes.values()))

    @property
    def a_sample(self) -> str:
        return f"{self.annotations / len(self.votes):.2f}"

    @property
    def escalated(self) -> str:
        return self._share(len(given) > 3 for given in self.votes.values())

    @property
    def levels(self) -> list[int]:
        return [sum(given.count(level) for given in self.first.values()) for level in LEVELS]

    @property
    def spread(self) -> list[int]:
        """How many first rounds are 0, 1, 2 points apart; those that there are."""
        apart = [max(given) - min(given) for given in self.first.values()]
        return [count for points in range(3) if (count := apart.count(points))]

    @property
    def confusion(self) -> list[list[str]]:
        """Ordered pairs of two people of one first round: who says a row's level, what the other says."""
        pairs = [pair for given in self.first.values() for pair in permutations(given, 2)]
        return [[str(pairs.count((one, other))) for other in LEVELS] for one in LEVELS]

    @property
    def alpha(self) -> float:
        table = [[given[place] for given in self.first.values()] for place in range(3)]
        return float(krippendorff.alpha(reliability_data=table, level_of_measurement="ordinal"))

    def _share(self, these: Iterable[bool]) -> str:
        return f"{100 * sum(these) / len(self.votes):.1f} %"
