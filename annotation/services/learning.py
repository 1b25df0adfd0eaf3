"""Learn from a project's annotations how far each person can be relied on, for whoever goes by it.

A project goes by it when its policy asks until the posterior is sure, or its label rule is the posterior. What was learned is
kept as rows that never change; the newest is in force. When it changes, labels that come out otherwise are written anew,
and the sample's history says so.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from string import ascii_uppercase

from django.db import transaction

from annotation import transitions
from annotation.models import Annotation, ConsensusLabel, Policy, PosteriorFit, Project, Sample, SampleEvent
from annotation.services import changes, evidence, handing, labels, posteriors
from annotation.services.alone import LEARNING, alone
from annotation.services.changes import Mark
from annotation.services.evidence import Evidence
from annotation.services.retrying import in_one_transaction
from consensus.posterior import Posterior, fit_posterior
from consensus.votes import Votes

LABEL_LEARNED = "label_learned"
KEPT_FITS = 20  # of each attribute: what was known of people can be looked up that far back


def learn(*, project: Project, at: datetime, at_once: bool = False) -> int:
    """Learn anew when something was added, and not too soon after the last time; returns how many samples got other labels.

    After a time that was long it rests ten times as long, unless it is wanted `at_once`. Each sample is labelled in a
    transaction of its own, so that nobody who works waits.
    """
    if not posteriors.are_wanted(project.policy):
        return 0
    with alone(LEARNING, project.pk) as is_alone:
        if not is_alone:
            return 0
        before = _mark(project)
        if before and before.rests(at) and not at_once:
            return 0
        is_new, mark = changes.look(project, WATCHED, before)
        if not is_new:
            PosteriorFit.objects.filter(project=project, is_current=True).update(basis=str(mark))
            return 0
        begun = time.perf_counter()
        learned = [_learn(of) for of in evidence.counted(project)]
        fits = [_row(project, of, at) for of in learned]
        _put_in_force(project, fits, mark.after_computing(at=at, seconds=time.perf_counter() - begun))
        return _label_anew(project, learned, at)


@dataclass(frozen=True, eq=False)
class _Learned:
    """What was said of one attribute, by whom, and what that tells of them."""

    of: Evidence
    votes: Votes
    people: list[int]
    posterior: Posterior


def _learn(of: Evidence) -> _Learned:
    votes, people = evidence.votes(of)
    return _Learned(of, votes, people, fit_posterior(votes, of.scale))


def _mark(project: Project) -> Mark | None:
    fit = PosteriorFit.objects.filter(project=project, is_current=True).order_by("pk").only("basis").first()
    return Mark.parse(fit.basis) if fit else None


def _small(project: Project) -> Iterator[object]:
    yield project.rubric.pk, project.policy.pk


# Events tell of annotations that count no longer; those that learning writes itself are no news to it.
WATCHED = changes.Watch(
    growing=(
        (Annotation.objects.all(), "assignment__sample__project"),
        (SampleEvent.objects.exclude(reason=LABEL_LEARNED), "sample__project"),
    ),
    small=_small,
)


def _row(project: Project, learned: _Learned, at: datetime) -> PosteriorFit:
    return PosteriorFit(
        project=project,
        attribute=learned.of.attribute,
        rubric=project.rubric,
        people=learned.people,
        parameters=learned.posterior.to_json(),
        annotation_count=len(learned.votes),
        created_at=at,
    )


@transaction.atomic
def _put_in_force(project: Project, fits: Sequence[PosteriorFit], mark: Mark) -> None:
    """All attributes at once, so that a decision never goes by two generations."""
    PosteriorFit.objects.filter(project=project, is_current=True).update(is_current=False)
    for fit in fits:
        fit.basis = str(mark)
    PosteriorFit.objects.bulk_create(fits)
    for fit in fits:
        old = PosteriorFit.objects.filter(project=project, attribute=fit.attribute).order_by("-pk")
        PosteriorFit.objects.filter(pk__in=list(old.values_list("pk", flat=True)[KEPT_FITS:])).delete()


def _label_anew(project: Project, learned: Sequence[_Learned], at: datetime) -> int:
    """Write the labels that come out otherwise now. Those of a reviewer stand, and so do those of other rules."""
    if project.policy.label_rule != Policy.LabelRule.POSTERIOR:
        return 0
    return sum(_labelled_anew(sample_id, at) for sample_id in sorted(_moved(project, learned)))


def _moved(project: Project, learned: Sequence[_Learned]) -> set[int]:
    """The samples whose label has another value now, by what stands there and what would."""
    stands = ConsensusLabel.objects.filter(
        sample__project=project, is_current=True, method__startswith=posteriors.RULE
    ).values_list("sample_id", "response", "attribute", "human_value")
    values = {(sample, response, attribute): value for sample, response, attribute, value in stands}
    moved = set()
    for one in learned:
        would = one.posterior.values_of(one.posterior.probabilities(one.votes))
        for (sample_id, response), value in zip(one.of.keys, would.tolist(), strict=True):
            if values.get((sample_id, response, one.of.attribute), value) != value:
                moved.add(sample_id)
    return moved


@in_one_transaction
def _labelled_anew(sample_id: int, at: datetime) -> bool:
    """Whether the sample got other labels; not when it was decided otherwise meanwhile."""
    sample = Sample.objects.select_for_update(no_key=True, of=("self",)).select_related("project").get(pk=sample_id)
    standing = ConsensusLabel.objects.filter(sample=sample, is_current=True).select_related("policy").first()
    annotations = handing.counted_annotations(sample)
    if sample.state != Sample.State.RESOLVED or standing is None or not annotations:
        return False
    if not standing.method.startswith(posteriors.RULE):
        return False
    before = _values(sample)
    labels.write(sample=sample, annotations=annotations, policy=standing.policy, at=at)
    after = _values(sample)
    moved = [place for place in after if before.get(place) != after[place]]
    if moved:
        said = "; ".join(f"{_where(sample, place)} {before.get(place)} -> {after[place]}" for place in moved)
        text = f"What was learned of people gives another label: {said}."
        transitions.record(sample=sample, reason=LABEL_LEARNED, text=text, actor=None, policy=standing.policy, at=at)
    return bool(moved)


LabelPlace = tuple[int | None, str]  # the response and the attribute


def _values(sample: Sample) -> dict[LabelPlace, int | None]:
    """The labels as they stand."""
    current = ConsensusLabel.objects.filter(sample=sample, is_current=True).order_by("pk")
    return {(label.response, label.attribute): label.human_value for label in current}


def _where(sample: Sample, place: LabelPlace) -> str:
    response, attribute = place
    return (
        attribute if response is None or sample.response_count == 1 else f"{attribute} of {ascii_uppercase[response]}"
    )


def projects_that_learn() -> list[Project]:
    """The projects that are worked in and go by what is learned of people."""
    return [p for p in Project.objects.exclude(state=Project.State.ARCHIVED) if posteriors.are_wanted(p.policy)]
