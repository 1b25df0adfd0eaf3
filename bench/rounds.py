"""The rounds of `make bench-claims`: who works where for how long, and what is told of it."""

import argparse
import statistics
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

from annotation.models import Annotator, Project
from bench import crowd, floor, processor, stage
from bench.claims import Annotator as Somebody
from bench.crowd import Crowd, Tally, percentiles
from config import accounts, platform
from config.postgresql.base import PLAN_ONCE

WARM_UP = 1.0
SHARE_OF_SLOTS = 0.5  # every run ends before so much of a project's first rounds is gone
Cell = tuple[int, int]  # samples, people
AHEAD, NEWCOMER = "person-0", "person-1"


class Bench:
    """All rounds of one benchmark."""

    def __init__(self, wanted: argparse.Namespace, processes: Sequence[int], say: Callable[[str], None]) -> None:
        self._wanted, self._processes, self._say = wanted, processes, say
        self._tallies: dict[Cell, list[Tally]] = defaultdict(list)
        self._floors: list[floor.Floor] = []
        self._alone: dict[str, list[Tally]] = defaultdict(list)
        self._never: stage.Never | None = None
        self._projects: dict[int, Project] = {}

    def run(self) -> None:
        names = stage.people(max(*self._wanted.people, self._wanted.floor, 2))
        self._say(f"{len(names)} people log in.")
        somebody = partial(Somebody, in_one_trip=not self._wanted.two_trips)
        with crowd.gather(somebody, platform.address(), names) as people:
            for number in range(self._wanted.runs):
                for samples in self._wanted.samples:
                    self._prepare(samples, names, number)
                for samples in self._wanted.samples:
                    for size in self._wanted.people:
                        self._run(people, samples, size)
                if self._wanted.floor:
                    self._run_floor(number, names)
            if self._wanted.ahead:
                self._run_ahead(people, names)
        self._say("Asking the database for what must never happen.")
        told = (receipt for tally in self._all() for receipt in tally.acknowledged)
        self._never = stage.what_must_never_happen(told)

    def _prepare(self, samples: int, names: Sequence[str], number: int) -> None:
        """A small project is made anew for every round, because a round would use it up; a large one lasts."""
        a_round = len(self._wanted.people) * (self._wanted.seconds + WARM_UP) * 500
        if samples not in self._projects or a_round * self._wanted.runs > SHARE_OF_SLOTS * 3 * samples:
            self._say(f"A project of {samples:,} samples.")
            self._projects[samples] = stage.project(f"bench-{samples}-{number}", samples, names)

    def _run(self, people: Crowd, samples: int, size: int) -> None:
        most = int(SHARE_OF_SLOTS * 3 * samples / len(self._wanted.people))
        tally = self._shift(people, self._projects[samples], size, most)
        self._tallies[samples, size].append(tally)
        took = percentiles(tally.turn_ms)
        self._say(
            f"{samples:,} samples, {size} people: {tally.turns_a_second:.0f} loops/s, p95 {took.p95:.0f} ms, "
            f"{tally.server_ms_a_turn:.1f} ms of processor a loop"
        )

    def _shift(self, people: Crowd, project: Project, size: int, most: int | None = None) -> Tally:
        return people.work(
            people=size,
            seconds=self._wanted.seconds,
            warm_up=WARM_UP,
            most_turns=most,
            meter=lambda: processor.seconds(self._processes),
            place=project.slug,
        )

    def _run_floor(self, number: int, names: Sequence[str]) -> None:
        of = stage.project(f"floor-{number}", 20_000, names)
        annotators = list(Annotator.objects.filter(project=of).select_related("user").order_by("pk"))
        who = [
            floor.Person(annotator.pk, annotator.user_id or 0, stage.session_of(annotator))
            for annotator in annotators[: self._wanted.floor]
        ]
        reading = floor.Reading(accounts.SESSION, accounts.ACCOUNT, PLAN_ONCE)
        measured = floor.measure(stage.address(), reading, who, self._wanted.seconds)
        self._floors.append(measured)
        self._say(f"The floor, {measured.connections} connections: {measured.loops_a_second:.0f} loops/s")

    def _run_ahead(self, people: Crowd, names: Sequence[str]) -> None:
        """One person who has judged many samples that nobody else has come to, and a newcomer: in turns, alone."""
        of = stage.project("bench-ahead", 5 * self._wanted.ahead // 2, names)
        stage.send_ahead(of, AHEAD, self._wanted.ahead)
        at = platform.address()
        with crowd.gather(Somebody, at, [AHEAD]) as first, crowd.gather(Somebody, at, [NEWCOMER]) as second:
            for _ in range(self._wanted.runs):
                for name, alone in ((AHEAD, first), (NEWCOMER, second)):
                    self._alone[name].append(self._shift(alone, of, 1))

    def _all(self) -> Iterable[Tally]:
        yield from (tally for tallies in self._tallies.values() for tally in tallies)
        yield from (tally for tallies in self._alone.values() for tally in tallies)

    # --- what is told -------------------------------------------------------------------------------------------
    def report(self) -> str:
        lines = [
            "| samples | people | loops/s (min-max) | p50 / p95 / p99 ms | processor ms a loop | of the floor |",
            "|---|---|---|---|---|---|",
        ]
        for (samples, people), tallies in sorted(self._tallies.items()):
            rates = [tally.turns_a_second for tally in tallies]
            share = f"{statistics.median(rates) / self.floor:.2f}" if self._floors else ""
            lines.append(
                f"| {samples:,} | {people} | {statistics.median(rates):.0f} ({min(rates):.0f}-{max(rates):.0f}) "
                f"| {' / '.join(f'{self._took((samples, people), at):.1f}' for at in range(3))} "
                f"| {statistics.median(tally.server_ms_a_turn for tally in tallies):.2f} | {share} |"
            )
        return "\n".join([*lines, "", *self._remarks()])

    @property
    def floor(self) -> float:
        return statistics.median(floor.loops_a_second for floor in self._floors)

    def _took(self, cell: Cell, at: int) -> float:
        """Median over the rounds of one percentile of a loop's time."""
        return statistics.median(percentiles(tally.turn_ms)[at] for tally in self._tallies[cell])

    def _remarks(self) -> list[str]:
        remarks = []
        if self._floors:
            rates = [f"{measured.loops_a_second:.0f}" for measured in self._floors]
            remarks.append(
                f"The floor with {self._floors[0].connections} connections: {self.floor:.0f} loops/s ({', '.join(rates)})."
            )
        least, most = min(self._wanted.samples), max(self._wanted.samples)
        if least != most:
            ratios = (f"{p}: {self._took((most, p), 1) / self._took((least, p), 1):.2f}" for p in self._wanted.people)
            remarks.append(f"p95 at {most:,} over p95 at {least:,} samples, by people: {', '.join(ratios)}.")
        for name, tallies in self._alone.items():
            took = statistics.median(percentiles(tally.turn_ms).p50 for tally in tallies)
            late = statistics.median(percentiles(tally.turn_ms).p95 for tally in tallies)
            who = f"A person {self._wanted.ahead:,} samples ahead" if name == AHEAD else "A newcomer beside them"
            remarks.append(f"{who}: p50 {took:.1f} ms, p95 {late:.1f} ms.")
        return [*remarks, str(self._never), f"Told nothing was left: {self.told_nothing}. Refused: {self.refused}."]

    @property
    def told_nothing(self) -> int:
        """Every one of them wrongly: half of the slots were free."""
        return sum(tally.nothing_left.total() for tally in self._all())

    @property
    def refused(self) -> dict[str, int]:
        refused: dict[str, int] = defaultdict(int)
        for tally in self._all():
            for words, count in tally.refused.items():
                refused[words] += count
        return dict(refused)

    def what_went_wrong(self) -> int:
        """The exit status: 1 when something happened that must never happen."""
        return int(self._never is None or self._never.happened or bool(self.told_nothing) or bool(self.refused))

    def figures(self) -> dict[str, Any]:
        cells = {f"{samples}x{people}": tallies for (samples, people), tallies in self._tallies.items()}
        return {
            "cells": {name: [tally.figures() for tally in tallies] for name, tallies in cells.items()},
            "alone": {name: [tally.figures() for tally in tallies] for name, tallies in self._alone.items()},
            "floor": [floor.loops_a_second for floor in self._floors],
            "never": vars(self._never) if self._never else None,
        }
