"""Fit a project's reward head when its labels have grown, and judge with it every sample that lacks its word.

The pure part is in heads.py. Nothing here remembers what is to be done: a plan whose labels grew is due for a fit, and
a sample without a judgment is due for one.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from django.db import transaction

from annotation import ratings
from annotation.models import Annotation, Judge, Project, Sample, SampleContent
from annotation.services import changes, evidence, judging
from annotation.services.changes import Mark
from annotation.services.evidence import Evidence
from modelgen.engines import embedded
from modelgen.heads import FittedHead, LevelsDoNotFit, NothingToHoldOut, TooFewLabels, fit_head
from modelgen.models import RewardHead, RewardHeadPlan

LEAST = 40  # labelled samples; nothing that is fitted to fewer could earn a weight in the merge
GROWTH = 1.2  # refit when there are a fifth more labelled samples
SEED = 1
CHUNK = 500


def plan_for(project: Project) -> RewardHeadPlan:
    """Ask for a reward head in this project. Twice is once."""
    return RewardHeadPlan.objects.get_or_create(project=project)[0]


def judge_all_projects() -> int:
    """Serve every plan that nobody else is serving; returns how many judgments are new."""
    plans = RewardHeadPlan.objects.filter(is_enabled=True, project__state=Project.State.ACTIVE).values_list(
        "pk", flat=True
    )
    return sum(_serve(plan_id) for plan_id in list(plans))


@transaction.atomic
def _serve(plan_id: int) -> int:
    """The plan's row is held while it is served: another worker passes it over, and a killed one lets it go."""
    plan = RewardHeadPlan.objects.select_for_update(skip_locked=True, of=("self",)).filter(pk=plan_id).first()
    if plan is None:
        return 0
    is_new, mark = changes.look(plan.project, WATCHED, Mark.parse(plan.basis))
    judged = 0
    if is_new:
        if _is_due(plan):
            _refit(plan, _judgeable(plan.project))
        judged = _judge_missing(plan.project, plan.judge) if plan.judge else 0
    RewardHeadPlan.objects.filter(pk=plan_id).update(basis=str(mark))
    return judged


# Annotations make a fit due; samples that came or came back are to be judged.
WATCHED = changes.Watch(
    growing=((Annotation.objects.all(), "assignment__sample__project"),),
    small=lambda project: [project.rubric.pk],
    slots=True,
)


def is_idle(project: Project) -> bool:
    """True when there is nothing to fit and nothing to judge at this moment."""
    plan = RewardHeadPlan.objects.filter(project=project, is_enabled=True).first()
    if plan is None:
        return True
    if _is_due(plan):
        return False
    return plan.judge is None or not judging.samples_lacking(project, plan.judge).exists()


def _judgeable(project: Project) -> list[Evidence]:
    """First-round ratings of the attributes that a head can learn: those whose levels have an order."""
    return [of for of in evidence.first_rounds(project) if not of.scale.is_nominal]


def _is_due(plan: RewardHeadPlan) -> bool:
    scales = [ratings.Place(attribute, None).scale for attribute in plan.project.rubric.attributes]
    if all(scale.is_nominal for scale in scales):
        return False
    return evidence.first_round_sample_count(plan.project) >= max(LEAST, plan.fitted_to * GROWTH)


def _labelled_count(first: Sequence[Evidence]) -> int:
    return len({sample_id for of in first for sample_id, _ in of.keys})


def _refit(plan: RewardHeadPlan, first: Sequence[Evidence]) -> None:
    contents = _contents({sample_id for of in first for sample_id, _ in of.keys})
    heads = {of.attribute: head for of in first if (head := _fit(of, contents))}
    plan.fitted_to = _labelled_count(first)
    if heads:
        judge = judging.enable(project=plan.project, identity=_identity(plan, heads), replacing=plan.judge)
        for attribute, head in heads.items():
            RewardHead.objects.get_or_create(judge=judge, attribute=attribute, defaults={"content": head.to_bytes()})
        plan.judge = judge
    plan.save(update_fields=["judge", "fitted_to"])


def _fit(of: Evidence, contents: dict[int, SampleContent]) -> FittedHead | None:
    if not of.keys:
        return None
    try:
        return fit_head(
            np.stack([unit_features(contents[sample_id], response) for sample_id, response in of.keys]),
            of.ratings,
            list(of.prompts),
            levels=of.scale.levels,
            seed=SEED,
            comparison=of.keys[0][1] is None,
            column_scale=embedded.COLUMN_SCALE,
        )
    except (TooFewLabels, NothingToHoldOut, LevelsDoNotFit):
        return None  # this attribute goes without a head until it can have one


def _identity(plan: RewardHeadPlan, heads: dict[str, FittedHead]) -> judging.JudgeIdentity:
    return judging.JudgeIdentity(
        kind=Judge.Kind.REWARD_HEAD,
        name=f"reward head ({plan.engine})",
        configuration={
            "project": plan.project.slug,
            "engine": embedded.NAME,
            "revision": embedded.REVISION,
            "fitted_to": plan.fitted_to,
            "heads": {attribute: head.digest for attribute, head in heads.items()},
            "notes": {attribute: head.note for attribute, head in heads.items()},
        },
        family="linear on text features",
        licence="GPL-3.0-or-later",
    )


def _judge_missing(project: Project, judge: Judge) -> int:
    heads = {row.attribute: FittedHead.from_bytes(bytes(row.content)) for row in judge.reward_heads.all()}
    lacking = judging.samples_lacking(project, judge).select_related("content")
    judged = 0
    while chunk := list(lacking[:CHUNK]):  # what was judged is no longer lacking
        judged += judging.post(project=project, judge=judge, verdicts=_verdicts(project, heads, chunk))
    return judged


def _verdicts(project: Project, heads: dict[str, FittedHead], samples: Sequence[Sample]) -> Iterator[judging.Verdict]:
    """One verdict a sample; each head speaks once for all the places that it can judge."""
    attributes = project.rubric.attributes
    places = {sample.pk: ratings.layout(attributes, sample.response_count) for sample in samples}
    packed: dict[int, ratings.Packed] = {pk: [None] * len(of_sample) for pk, of_sample in places.items()}
    odds: dict[int, list[Any]] = {pk: [None] * len(of_sample) for pk, of_sample in places.items()}
    for (sample, position), probabilities in _spoken(heads, samples, places):
        place = places[sample.pk][position]
        odds[sample.pk][position] = [float(p) for p in probabilities]
        packed[sample.pk][position] = _value(place, probabilities)
    return (judging.Verdict(sample.pk, packed[sample.pk], odds[sample.pk]) for sample in samples)


def _spoken(
    heads: dict[str, FittedHead], samples: Sequence[Sample], places: dict[int, list[ratings.Place]]
) -> Iterator[tuple[tuple[Sample, int], np.ndarray]]:
    units: dict[str, list[tuple[Sample, int]]] = defaultdict(list)
    for sample in samples:
        for position, place in enumerate(places[sample.pk]):
            if place.name in heads and not (place.is_comparison and sample.response_count != 2):
                units[place.name].append((sample, position))
    for attribute, of_attribute in units.items():
        features = np.stack(
            [unit_features(sample.content, places[sample.pk][position].response) for sample, position in of_attribute]
        )
        prompts = [sample.content.prompt_digest for sample, _ in of_attribute]
        yield from zip(of_attribute, heads[attribute].predict_out_of_fold(features, prompts), strict=True)


def _value(place: ratings.Place, probabilities: np.ndarray) -> int:
    """The likeliest level: of weak heads it agrees better with people than the expectation (11 of 13 attributes tried)."""
    return place.levels[int(np.argmax(probabilities))]


def unit_features(content: SampleContent, response: int | None) -> np.ndarray:
    """What the head sees: a response's features, or of a comparison the second response's minus the first's."""
    if response is not None:
        return embedded.features(content.messages, [content.responses[response]])[0]
    first, second = embedded.features(content.messages, content.responses[:2])
    return second - first


def _contents(sample_ids: set[int]) -> dict[int, SampleContent]:
    return SampleContent.objects.in_bulk(sample_ids)
