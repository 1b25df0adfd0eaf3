"""Set up a project: its first rubric and policy, and further versions of either."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max

from annotation.models import Policy, Project, Rubric
from annotation.ratings import Place


class ProjectRefused(ValueError):
    """The project cannot be made as asked; the message says what is wrong and what to do."""


@transaction.atomic
def create(
    *,
    slug: str,
    title: str,
    attributes: Sequence[Mapping[str, Any]],
    instructions: str = "",
    triggers: Mapping[str, Mapping[str, float]] | None = None,
    **settings: Any,
) -> Project:
    """Make a project with rubric 1 and policy 1. Raises ProjectRefused.

    `attributes`: name, title, scope, level, values, and optionally trigger, escalate_above, settle_within, optional.
    `triggers`: the limits of each trigger; left out, they are read from the attributes (and defaulted by scale).
    """
    if Project.objects.filter(slug=slug).exists():
        raise ProjectRefused(f"There is a project {slug!r} already. Choose another short name.")
    project = Project(slug=slug, title=title, instructions=instructions, **settings)
    try:
        project.full_clean()
    except ValidationError as error:
        raise ProjectRefused(" ".join(error.messages)) from error
    project.save()
    write_rubric(project=project, attributes=attributes)
    write_policy(project=project, triggers=triggers or limits_of(attributes))
    return project


def write_rubric(*, project: Project, attributes: Sequence[Mapping[str, Any]]) -> Rubric:
    """Freeze a further version of what is asked."""
    project.__dict__.pop("rubric", None)  # what this object read is no longer the latest
    return Rubric.objects.create(project=project, version=_next(project.rubrics), attributes=asked_of(attributes))


def asked_of(attributes: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What a rubric keeps of attributes: what is asked, without what decides."""
    return [{key: value for key, value in a.items() if key not in POLICY_KEYS} for a in attributes]


def write_policy(*, project: Project, **content: Any) -> Policy:
    """Freeze a further version of how samples are decided; undecided ones follow it at their next submission."""
    project.__dict__.pop("policy", None)
    return Policy.objects.create(project=project, version=_next(project.policies), **content)


# Limits decide, they do not ask: they belong to the policy, so that a policy can change without a new rubric.
POLICY_KEYS = ("trigger", "escalate_above", "settle_within")


def limits_of(attributes: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, float]]:
    """The two limits of every attribute that triggers; where the attribute gives none, those of its scale.

    When no attribute says that it triggers, every one does.
    """
    named = [attribute for attribute in attributes if attribute.get("trigger")] or list(attributes)
    return {attribute["name"]: _limits(attribute) for attribute in named}


def _limits(attribute: Mapping[str, Any]) -> dict[str, float]:
    scale = Place(attribute, None).scale
    return {
        "escalate_above": _given(attribute.get("escalate_above"), scale.default_escalate_above),
        "settle_within": _given(attribute.get("settle_within"), scale.default_settle_within),
    }


def _given(limit: float | None, default: float) -> float:
    return default if limit is None else limit


def _next(versions: Any) -> int:
    return (versions.aggregate(last=Max("version"))["last"] or 0) + 1
