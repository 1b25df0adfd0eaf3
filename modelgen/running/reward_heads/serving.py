"""Looking after plans: fit what is due, judge what lacks a word, and touch nothing where nothing has happened."""

from django.db import transaction

from annotation.models import Annotation, Project, ProjectJudge
from annotation.services import changes
from annotation.services.changes import Mark
from modelgen.models import HiddenState, RewardHeadPlan
from modelgen.running import hidden_states
from modelgen.running.reward_heads import fitting, judging


def judge_all_projects() -> int:
    """Serve every plan that nobody else is serving; returns how many judgments are new."""
    plans = RewardHeadPlan.objects.filter(is_enabled=True, project__state=Project.State.ACTIVE).order_by("pk")
    return sum(serve(plan_id) for plan_id in list(plans.values_list("pk", flat=True)))


@transaction.atomic
def serve(plan_id: int) -> int:
    """The plan's row is held while it is served: another worker passes it over, and a killed one lets it go.

    No model is asked here: what a head sees is computed from texts, or was read before and is stored.
    """
    plan = RewardHeadPlan.objects.select_for_update(skip_locked=True, of=("self",)).filter(pk=plan_id).first()
    if plan is None or _rests(plan):
        return 0
    is_new, mark = changes.look(plan.project, WATCHED, Mark.parse(plan.basis))
    judged = 0
    if is_new:
        if fitting.is_due(plan):
            fitting.refit(plan)
        judged = judging.judge_missing(plan, plan.judge) if plan.judge else 0
    # What the model refuses to read leaves no mark: while it reads, the plan is looked at every time.
    RewardHeadPlan.objects.filter(pk=plan_id).update(basis="" if hidden_states.is_reading(plan) else str(mark))
    return judged


# Annotations and what the model has read make a fit due; samples that came, came back or were read are to be judged.
WATCHED = changes.Watch(
    growing=(
        (Annotation.objects.all(), "assignment__sample__project"),
        (HiddenState.objects.all(), "sample__project"),
    ),
    small=lambda project: [project.rubric.pk],
    slots=True,
)


def is_idle(project: Project) -> bool:
    """True when there is nothing to read, to fit or to judge at this moment."""
    return all(map(_is_idle, project.reward_head_plans.filter(is_enabled=True)))


def _is_idle(plan: RewardHeadPlan) -> bool:
    if _rests(plan):
        return True
    if fitting.is_due(plan) or hidden_states.is_reading(plan):
        return False
    return plan.judge is None or not judging.lacking(plan, plan.judge).exists()


def _rests(plan: RewardHeadPlan) -> bool:
    """Switched off, or its judge was."""
    is_off = ProjectJudge.objects.filter(project=plan.project, judge=plan.judge, is_enabled=False)
    return not plan.is_enabled or (plan.judge is not None and is_off.exists())
