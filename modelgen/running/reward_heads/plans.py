"""Ask for a reward head in a project, and let it rest."""

from django.db import transaction

from annotation.models import Project
from annotation.services import judging
from modelgen.models import RewardHeadPlan


class HeadRefused(ValueError):
    """Such a reward head cannot be asked for; the message says why."""


@transaction.atomic
def plan_for(project: Project, *, model: str = RewardHeadPlan.EMBEDDED, revision: str = "") -> RewardHeadPlan:
    """Ask for a reward head on this model's hidden states; `embedded`: on features of the text. Twice is once.

    A head that rested works again. One on another revision of the same model rests from now on. Raises HeadRefused.
    """
    if revision and model == RewardHeadPlan.EMBEDDED:
        raise HeadRefused("Features of the text have a revision of their own. Leave the revision out, or name a model.")
    Project.objects.select_for_update().get(pk=project.pk)  # one plan at a time
    for other in project.reward_head_plans.filter(model=model, is_enabled=True).exclude(revision=revision):
        rest(other)
    plan, _ = RewardHeadPlan.objects.get_or_create(project=project, model=model, revision=revision)
    if not plan.is_enabled:
        _switch(plan, is_enabled=True)
    return plan


def rest(plan: RewardHeadPlan) -> None:
    """No fit, no judgment and nothing read any more; what was said stays, and has no part in any label meanwhile."""
    _switch(plan, is_enabled=False)


@transaction.atomic
def _switch(plan: RewardHeadPlan, *, is_enabled: bool) -> None:
    """With its judge of this moment: a fit that is under way is waited for."""
    now = RewardHeadPlan.objects.select_for_update(of=("self",)).select_related("project", "judge").get(pk=plan.pk)
    now.is_enabled = plan.is_enabled = is_enabled
    now.save(update_fields=["is_enabled"])
    if now.judge:
        judging.switch(project=now.project, judge=now.judge, is_enabled=is_enabled)
