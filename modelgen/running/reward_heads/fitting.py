"""When a project's head is due for a fit, and the fit: a new judge in its predecessor's place."""

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from annotation import ratings
from annotation.models import Judge
from annotation.services import evidence, judging
from annotation.services.evidence import Evidence
from modelgen import registry
from modelgen.judges.head.fitting import (
    MOST_SAMPLES,
    FittedHead,
    LevelsDoNotFit,
    NothingToHoldOut,
    TooFewLabels,
    drawn,
    fit_head,
)
from modelgen.models import RewardHead, RewardHeadPlan
from modelgen.running import hidden_states
from modelgen.running.reward_heads.features import Features, can_be_seen, features_of, matrix

LEAST = 40  # labelled samples; nothing that is fitted to fewer could earn a weight in the merge
GROWTH = 1.2  # refit when there are a fifth more labelled samples
SEED = 1


def is_due(plan: RewardHeadPlan) -> bool:
    """Whether labels have grown enough since the last fit, and the model has read every sample that has one."""
    if not _learnable(plan):
        return False
    return labelled_count(plan) >= max(LEAST, plan.fitted_to * GROWTH) and not _is_reading_labelled(plan)


def labelled_count(plan: RewardHeadPlan) -> int:
    """Samples with a label of the first round, and with features. Counted, not read."""
    if plan.reads_text_only:
        return evidence.first_round_sample_count(plan.project)
    # Ids and not a subquery: with statistics that are out of date the database would run it once for every sample.
    labelled = evidence.first_round_sample_ids(plan.project)
    return hidden_states.of_model(plan.model, plan.revision).filter(sample__in=labelled).count()


def _is_reading_labelled(plan: RewardHeadPlan) -> bool:
    """Or every chunk that is read would make a fit due."""
    return hidden_states.is_reading(plan) and hidden_states.is_reading(
        plan, among=evidence.first_round_sample_ids(plan.project)
    )


def _learnable(plan: RewardHeadPlan) -> set[str]:
    """Attributes whose levels have an order, of a response or of a comparison."""
    return {
        attribute["name"]
        for attribute in plan.project.rubric.attributes
        if attribute["scope"] in ("response", "comparison") and not ratings.Place(attribute, None).scale.is_nominal
    }


def refit(plan: RewardHeadPlan) -> None:
    """Fit a head for every attribute that can have one; the plan then has a new judge, if there is any."""
    features, first = features_of(plan), evidence.first_rounds(plan.project)
    known = features.known({sample_id for of in first for sample_id, _ in of.keys})
    names = _learnable(plan)
    heads = {of.attribute: head for of in first if of.attribute in names and (head := _fit(of, features, known))}
    plan.fitted_to = len(known)
    if heads:
        plan.judge = _appointed(plan, features, heads)
    plan.save(update_fields=["judge", "fitted_to"])


def _fit(of: Evidence, features: Features, known: Mapping[int, int]) -> FittedHead | None:
    rows = _rows_to_fit(of, known)
    if not len(rows):
        return None
    units = [of.keys[row] for row in rows]
    try:
        return fit_head(
            matrix(features, units),
            of.ratings[rows],
            of.prompts[rows].tolist(),
            levels=of.scale.levels,
            seed=SEED,
            comparison=units[0][1] is None,
            column_scale=features.column_scale,
        )
    except (TooFewLabels, NothingToHoldOut, LevelsDoNotFit):
        return None  # this attribute goes without a head until it can have one


def _rows_to_fit(of: Evidence, known: Mapping[int, int]) -> Sequence[int]:
    """Rated units whose features are at hand, no more than a head is fitted to: the others' features are never read."""
    is_rated = ~np.isnan(of.ratings).all(axis=1)
    rows = [row for row in np.flatnonzero(is_rated).tolist() if _is_seen(of, row, known)]
    kept = drawn(of.prompts[rows].tolist(), MOST_SAMPLES, np.random.default_rng(SEED))
    return [rows[row] for row in kept]


def _is_seen(of: Evidence, row: int, known: Mapping[int, int]) -> bool:
    sample_id, response = of.keys[row]
    return sample_id in known and can_be_seen(response, known[sample_id])


# --- the judge ------------------------------------------------------------------------------------------------------
def _appointed(plan: RewardHeadPlan, features: Features, heads: Mapping[str, FittedHead]) -> Judge:
    identity = _identity(plan, features.revision, heads)
    judge = judging.enable(project=plan.project, identity=identity, replacing=plan.judge)
    _keep(judge, heads.items())
    return judge


def _keep(judge: Judge, heads: Collection[tuple[str, FittedHead]]) -> None:
    for attribute, head in heads:
        RewardHead.objects.get_or_create(judge=judge, attribute=attribute, defaults={"content": head.to_bytes()})


def _identity(plan: RewardHeadPlan, revision: str, heads: Mapping[str, FittedHead]) -> judging.JudgeIdentity:
    known = None if plan.reads_text_only else registry.model(plan.model)
    return judging.JudgeIdentity(
        kind=Judge.Kind.REWARD_HEAD,
        name=f"reward head ({plan.model})"[:200],
        configuration={
            "project": plan.project.slug,
            "model": plan.model,
            "revision": revision,
            "fitted_to": plan.fitted_to,
            "heads": {attribute: head.digest for attribute, head in heads.items()},
            "notes": {attribute: head.note for attribute, head in heads.items()},
        },
        family=registry.family_of(plan.model) if known else "linear on text features",
        licence=known.licence if known else "GPL-3.0-or-later",
    )
