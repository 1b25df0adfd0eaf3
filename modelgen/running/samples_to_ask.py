"""Which samples a run that has no end has still to ask about: their absence elsewhere is the work."""

from django.db.models import QuerySet

from annotation.models import Sample
from annotation.services import judging
from modelgen.models import RewardHeadPlan, Run
from modelgen.running import hidden_states


def samples_lacking(run: Run) -> QuerySet[Sample]:
    """Samples without the judge's word, or without the hidden states, that the run is for. By id."""
    if run.judge is not None:
        return judging.samples_lacking(run.project, run.judge)
    plan = RewardHeadPlan.objects.filter(run=run).first()
    return hidden_states.samples_lacking(plan) if plan else Sample.objects.none()  # a later run took its place
