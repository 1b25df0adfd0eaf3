"""The answer to a what-if: replays of the project's own annotations, the judges' weight, and a rehearsal of each candidate."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

import numpy as np
from django.utils.translation import gettext as _

from annotation.models import MergeFit, Policy, Project, Sample, WhatIf
from annotation.services import deciding, merging, projects, rehearsing, replaying
from annotation.services.replaying import Part
from consensus import calibration
from consensus.policy import PolicyNotValid
from consensus.simulate import NothingToSimulate
from consensus.weights_tried import weights_tried
from consensus.what_if import Candidate, costs, least_people, qualities

Json = dict[str, Any]
Progress = Callable[[int, int], None]
SEED = 20260101  # the same answer every time it is computed from the same rows
DRAWS = 20
FEW = 20  # samples below which nothing is said about quality
COMPARED_AT_MOST = 2000  # samples of which labels are compared
WEIGHTS = (0.0, 0.25, 0.5, 0.75, 1.0)
RANDOM_SLICE, GOLD, ENOUGH_PEOPLE = "random_slice", "gold", "enough_people"


class NothingToReplay(ValueError):
    """The project has no annotations that could be replayed; the message says what is missing."""


def found(what_if: WhatIf, *, at: datetime, progress: Progress) -> Json:
    """Everything that the page shows. Raises NothingToReplay, ChangeRefused, and whatever `progress` raises."""
    project = Project.objects.get(pk=what_if.project_id)
    now = project.policy
    contents = [{}, *what_if.candidates]
    candidates = [_candidate(project, now, content) for content in contents]
    work = _Work(project, len(candidates), progress)
    part = replaying.decided(project, now)
    return {
        "policy": now.version,
        "as_of": at.isoformat(),
        "cost": _cost(part, candidates, work),
        "quality": _quality(project, now, part, candidates, work),
        "judges": list(_judges(project, now, what_if.candidates, work)),
        "rehearsals": [_rehearsal(project, content, at, work) for content in what_if.candidates],
        "open": Sample.objects.filter(
            project=project, purpose=Sample.Purpose.WORK, state=Sample.State.OPEN, is_fixed_overlap=False
        ).count(),
        "price": None if project.price_per_annotation is None else str(project.price_per_annotation),
    }


class _Work:
    """How much there is to do, in steps of about the same length, and how much of it is done."""

    def __init__(self, project: Project, candidates: int, progress: Progress) -> None:
        self._progress, self._done = progress, 0
        rehearsed = (candidates - 1) * (1 + rehearsing.how_many(project) // rehearsing.AT_A_TIME)
        self._of = candidates * (1 + DRAWS) + rehearsed + 1
        progress(0, self._of)

    def step(self, *_anything: int) -> None:
        self._done = min(self._done + 1, self._of)
        self._progress(self._done, self._of)


def _candidate(project: Project, now: Policy, content: Json) -> Candidate:
    policy = projects.drafted_policy(project=project, now=now, content=content)
    limits = {name: (of["escalate_above"], of["settle_within"]) for name, of in policy.triggers.items()}
    return Candidate(deciding.as_rules(policy), policy.label_rule, limits)


def _cost(part: Part, candidates: Sequence[Candidate], work: _Work) -> Json:
    try:
        found = costs(part.ratings, candidates, np.random.default_rng(SEED), progress=work.step)
    except (NothingToSimulate, PolicyNotValid) as nothing:
        raise NothingToReplay(
            _("No sample has its first round yet, so there is nothing to replay. Ask again when some have.")
        ) from nothing
    return {
        "samples": part.size,
        "of": part.of,
        "prompts": len({sample.prompt for sample in part.ratings.samples}),
        "results": [asdict(one) for one in found],
    }


def _quality(project: Project, now: Policy, part: Part, candidates: Sequence[Candidate], work: _Work) -> Json:
    """Measured on the first of these that there is enough of; which, and how much, is said."""
    tried: dict[str, int] = {}
    for basis, there in _bases(project, now, part):
        least = least_people(candidates, with_gold=bool(there.gold))
        tried[basis] = sum(len(sample.people) >= least for sample in there.ratings.samples)
        if tried[basis] >= FEW:
            rng = np.random.default_rng(SEED)
            found = qualities(there.ratings, candidates, rng, gold=there.gold, draws=DRAWS, progress=work.step)
            return {"basis": basis, "of": there.of, **asdict(found)}
    return {"basis": "", "tried": tried, "least": least_people(candidates, with_gold=False), "few": FEW}


def _bases(project: Project, now: Policy, part: Part) -> Iterator[tuple[str, Part]]:
    yield RANDOM_SLICE, replaying.random_slice(project, now, at_most=COMPARED_AT_MOST)
    yield GOLD, replaying.gold(project, now, at_most=COMPARED_AT_MOST)
    yield ENOUGH_PEOPLE, replaying.at_most(part, COMPARED_AT_MOST)


def _judges(project: Project, now: Policy, contents: Sequence[Json], work: _Work) -> Iterator[Json]:
    """For each attribute of which judges spoke: how right merged labels would be at several weights of the panel."""
    fits = {fit.attribute: fit for fit in MergeFit.objects.filter(project=project, is_current=True)}
    asked = [content["judges_weight_at_most"] for content in contents]
    for first, panel in merging.first_round_panels(project, replaying.decided_ids(project)):
        fit = fits.get(first.attribute)
        if panel is None or fit is None or not fit.sample_count:
            continue
        tried = weights_tried(
            first.ratings,
            panel,
            first.scale,
            frequencies=calibration.frequencies_elsewhere(first.ratings, first.scale, first.prompts),
            prompts=first.prompts,
            weights=sorted({*WEIGHTS, fit.weight, *(min(fit.weight, most) for most in asked)}),
            now=fit.weight,
            rng=np.random.default_rng(SEED),
        )
        yield {
            "attribute": first.attribute,
            "weight": fit.weight,
            "samples": fit.sample_count,
            "tried": [asdict(one) for one in tried],
        }
    work.step()


def _rehearsal(project: Project, content: Json, at: datetime, work: _Work) -> Json:
    return rehearsing.rehearse(project=project, content=content, at=at, progress=work.step).as_json()
