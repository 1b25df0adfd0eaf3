"""What is known of a sample's right values, by the fit in force: read when a decision or a label goes by it.

Before anything was learned every person is as good as another, and two who agree are believed to a certain extent.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from annotation import ratings
from annotation.models import Annotation, Policy, PosteriorFit, Project
from annotation.ratings import Place
from consensus.aggregate import Label
from consensus.policy import Belief
from consensus.posterior import Posterior, fit_posterior, posterior_from_json
from consensus.scales import Scale, Slot
from consensus.votes import Votes

RULE = "posterior"
VERSION = 1


def are_wanted(policy: Policy) -> bool:
    """Whether this policy goes by what is learned of people."""
    return policy.label_rule == Policy.LabelRule.POSTERIOR or policy.name == Policy.Name.CONFIDENCE


def beliefs(
    project: Project, annotations: Sequence[Annotation], places: Sequence[Place], slots: Sequence[Slot]
) -> list[Belief | None]:
    """One belief for each slot that triggers, None for the others."""
    known = _Known(project, annotations)
    return [
        known.belief(place, column) if slot.is_trigger else None
        for place, slot, column in zip(places, slots, known.columns(places), strict=True)
    ]


def label(project: Project, annotations: Sequence[Annotation], places: Sequence[Place]) -> Label:
    """The label of a sample by the posterior rule; every rating counts, each as far as its person is relied on."""
    known = _Known(project, annotations)
    made = [known.value(place, column) for place, column in zip(places, known.columns(places), strict=True)]
    values, expected = np.array(made, dtype=float).reshape(-1, 2).T
    matrix = np.array(known.columns(places), dtype=float).reshape(len(places), -1)
    given = ~np.isnan(matrix)
    return Label(
        values=values,
        expected=expected,
        counts=given.sum(axis=1),
        no_preference=np.array([place.scale.lacks_zero for place in places], dtype=bool) & (values == 0),
        chosen=tuple(np.flatnonzero(given.any(axis=0)).tolist()),
        rule=RULE,
        version=VERSION,
    )


class _Known:
    """A sample's annotations, and the fits in force by which they are read."""

    def __init__(self, project: Project, annotations: Sequence[Annotation]) -> None:
        self._fits = in_force(project)
        self._annotations = annotations
        self._people = [annotation.assignment.annotator_id for annotation in annotations]

    def columns(self, places: Sequence[Place]) -> list[np.ndarray]:
        """What was said in each place, (M,) floats, NaN = nothing."""
        response_count = 1 + max((place.response or 0 for place in places), default=0)
        return list(ratings.matrix(self._annotations, places, response_count).T)

    def belief(self, place: Place, column: np.ndarray) -> Belief:
        posterior, probabilities = self._probabilities(place, column)
        return Belief(probabilities, posterior.pooled)

    def value(self, place: Place, column: np.ndarray) -> tuple[float, float]:
        """The value and the expectation; NaN where nobody said anything."""
        if np.isnan(column).all():
            return float("nan"), float("nan")
        posterior, probabilities = self._probabilities(place, column)
        row = probabilities[None]
        return float(posterior.values_of(row)[0]), float(posterior.expected_of(row)[0])

    def _probabilities(self, place: Place, column: np.ndarray) -> tuple[Posterior, np.ndarray]:
        fit = self._fits.get(place.name)
        posterior, seats = _read(fit, place.scale) if fit else (_nobody(place.scale), {})
        spoke = np.flatnonzero(~np.isnan(column))
        people = [seats.get(self._people[row], -1) for row in spoke]
        return posterior, posterior.of_sample(people, place.scale.codes(column[spoke]))


def in_force(project: Project) -> Mapping[str, int]:
    """Attribute -> the key of its current fit, where there is one that was learned under the newest rubric."""
    current = PosteriorFit.objects.filter(project=project, is_current=True, rubric=project.rubric)
    return dict(current.values_list("attribute", "pk"))


@lru_cache(maxsize=256)
def _read(pk: int, scale: Scale) -> tuple[Posterior, dict[int, int]]:
    """A fit never changes, so a process reads each once: with the place of every person in it."""
    fit = PosteriorFit.objects.get(pk=pk)
    seats = {person: place for place, person in enumerate(fit.people)}
    return posterior_from_json(fit.parameters, scale), seats


@lru_cache(maxsize=256)
def _nobody(scale: Scale) -> Posterior:
    nothing: list[Any] = []
    return fit_posterior(Votes.of(nothing, nothing, nothing, level_count=len(scale.levels)), scale)
