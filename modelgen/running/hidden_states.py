"""Hidden states of a project's samples: read by a model in a run without an end, kept, and given out as arrays.

A sample without its states is the work, as a sample without a judgment is a judge's: nothing is asked for twice, whoever
was killed in between, and a refitted head asks nothing at all.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import cast

import numpy as np
import numpy.typing as npt
from django.db import transaction
from django.db.models import CharField, Exists, OuterRef, QuerySet
from django.db.models.functions import Cast

from annotation.models import Sample, User
from modelgen.judges.head.representing import ROLE, STORED, Floats16, representing
from modelgen.models import Chunk, HiddenState, RewardHeadPlan, Run, RunStage, Stage, Unanswered
from modelgen.running.control import ENDED
from modelgen.running.work import Answered, Asked

Floats32 = npt.NDArray[np.float32]
CHUNK_ROWS = 64


@transaction.atomic
def run_of(plan: RewardHeadPlan, *, by: User | None, at: datetime) -> Run:
    """The run in which the plan's model reads, begun when there is none or somebody has cancelled it."""
    locked = RewardHeadPlan.objects.select_for_update(of=("self",)).select_related("run", "project").get(pk=plan.pk)
    if locked.run is None or locked.run.state in ENDED:
        locked.run = _begin(locked, by, at)
        locked.save(update_fields=["run"])
    plan.run = locked.run
    return locked.run


def begin_missing(*, at: datetime) -> None:
    """Runs for plans that were made elsewhere."""
    without = RewardHeadPlan.objects.filter(is_enabled=True, run=None).exclude(model=RewardHeadPlan.EMBEDDED)
    for plan in without.select_related("project"):
        run_of(plan, by=None, at=at)


def _begin(plan: RewardHeadPlan, by: User | None, at: datetime) -> Run:
    configuration = {"models": {ROLE: {"name": plan.model, "revision": plan.revision}}}
    digest = hashlib.sha256(json.dumps([Stage.HIDDEN_STATES, configuration], sort_keys=True).encode()).hexdigest()
    run = Run.objects.create(
        project=plan.project,
        kind=Run.Kind.HIDDEN_STATES,
        title=f"hidden states of {plan.model}"[:200],
        digest=digest,
        started_by=by,
        started_at=at,
        chunk_rows=CHUNK_ROWS,
    )
    about = {"kind": Stage.HIDDEN_STATES, "configuration": configuration, "models_asked": [plan.model]}
    stage, _ = Stage.objects.get_or_create(
        project=plan.project, digest=digest, defaults={**about, "state": Stage.State.ASKING}
    )
    RunStage.objects.create(run=run, stage=stage, position=0, name=Stage.HIDDEN_STATES)
    return run


# --- what is there and what is not ----------------------------------------------------------------------------------
def of_model(model: str, revision: str) -> QuerySet[HiddenState]:
    """The states that this model has read."""
    return HiddenState.objects.filter(model=model, revision=revision)


def samples_lacking(plan: RewardHeadPlan) -> QuerySet[Sample]:
    """Samples whose states are not there."""
    work = Sample.objects.filter(project=plan.project_id, purpose=Sample.Purpose.WORK)
    states = of_model(plan.model, plan.revision).filter(sample=OuterRef("pk"))
    return work.exclude(state=Sample.State.EXCLUDED).filter(~Exists(states)).order_by("pk")


def is_reading(plan: RewardHeadPlan, among: Sequence[int] | None = None) -> bool:
    """Whether states of samples (of these ids) are still to come: not those that were refused, nor any while the run is paused."""
    if plan.reads_text_only or (plan.run and plan.run.state != Run.State.RUNNING):
        return False
    refused = Unanswered.objects.filter(stage__places__run=plan.run, key=Cast(OuterRef("pk"), CharField()))
    lacking = samples_lacking(plan).filter(~Exists(refused))
    return (lacking if among is None else lacking.filter(pk__in=among)).exists()


def stored(states: QuerySet[HiddenState], sample_ids: Iterable[int]) -> Iterator[tuple[int, Floats32]]:
    """(sample id, states (R, F)) of those samples that have them."""
    found = states.filter(sample__in=list(sample_ids)).values_list("sample_id", "width", "content")
    for sample_id, width, content in found:
        yield sample_id, np.frombuffer(content, dtype=STORED).reshape(-1, width).astype(np.float32)


# --- reading --------------------------------------------------------------------------------------------------------
class Reading:
    """The undertaking of one run: a chunk of samples, each with all of its responses."""

    def __init__(self, run: Run) -> None:
        self._plan = run.reward_head_plan
        self.roles = {ROLE: self._plan.model}

    def asked(self, chunk: Chunk) -> Sequence[Asked]:
        wanted = samples_lacking(self._plan).filter(pk__in=chunk.rows).select_related("content")
        return [Asked(str(each.pk), representing(each.content.messages, each.content.responses)) for each in wanted]

    def keep(self, chunk: Chunk, answered: Sequence[Answered]) -> None:
        del chunk
        still_there = set(Sample.objects.filter(pk__in=[row.key for row in answered]).values_list("pk", flat=True))
        HiddenState.objects.bulk_create(
            [self._state(row) for row in answered if int(row.key) in still_there], ignore_conflicts=True
        )

    def keep_silences(self, keys: Sequence[str]) -> None:
        """A sample without a response has no states, and nobody waits for them."""

    def _state(self, row: Answered) -> HiddenState:
        states = cast(Floats16, row.outcome.value)
        return HiddenState(
            sample_id=int(row.key),
            model=self._plan.model,
            revision=self._plan.revision,
            width=states.shape[1],
            content=states.tobytes(),
        )
