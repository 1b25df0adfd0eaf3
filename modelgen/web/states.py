"""What a run is doing, finer than what is stored: which of the running ones wait, and for whom."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from annotation.models import Project, ProjectJudge
from modelgen.models import Chunk, RewardHeadPlan, Run, RunStage, Stage
from modelgen.running.progress import Progress, StageProgress
from modelgen.web import served

Row = dict[str, Any]
State = Run.State


@dataclass(frozen=True)
class Known:
    """What the states of several runs are told from. begun: (run, stage's name) of all that anybody ever began to ask."""

    off: frozenset[int]
    begun: frozenset[tuple[int, str]]
    served: frozenset[str] = field(default_factory=served.served_models)


def known_of(project: Project, runs: Sequence[Run]) -> Known:
    """Two queries, however many runs there are."""
    off = ProjectJudge.objects.filter(project=project, is_enabled=False).values_list("judge_id", flat=True)
    begun = RunStage.objects.filter(run__in=runs, stage__state=Stage.State.ASKING).filter(
        Exists(Chunk.objects.filter(stage=OuterRef("stage"), attempts__gt=0))
    )
    return Known(frozenset(off), frozenset(begun.values_list("run_id", "name")))


def state_of(far: Progress, known: Known) -> Row:
    """Its name, for its look, and its word."""
    name = _name(far, known)
    return {"name": name, "word": _words()[name]}


def _name(far: Progress, known: Known) -> str:
    run = far.run
    if run.state != State.RUNNING:
        return str(run.state)
    if run.judge_id in known.off or _is_of_no_plan(run):
        return "off"
    if run.problem or unserved(far, known):
        return "waiting"
    if run.has_no_end and all(stage.rows is not None and stage.done >= stage.rows for stage in far.stages):
        return "resting"
    return "running"


def unserved(far: Progress, known: Known) -> list[str]:
    """Models of rows that nobody ever began to ask, and that are not served as far as this process knows.

    Workers may have servers of their own: where one has begun, somebody serves them.
    """
    asking = [stage for stage in far.stages if stage.state == Stage.State.ASKING]
    if not asking or not all(_is_untouched(far.run, stage, known) for stage in asking):
        return []
    return sorted({model for stage in asking for model in stage.models} - known.served)


def _is_untouched(run: Run, stage: StageProgress, known: Known) -> bool:
    return bool(stage.rows) and not stage.done and (run.pk, stage.name) not in known.begun


def reason_of(far: Progress, known: Known, *, is_admin: bool) -> str:
    """Why it stopped or what it waits for. What a server says, with its address, is for admins alone."""
    run, name = far.run, _name(far, known)
    if name == "waiting" and not run.problem:
        return _("No worker serves %s yet.") % ", ".join(unserved(far, known))
    if name != "waiting" or is_admin:
        return run.problem
    return _("Waiting: no server of %s answers.") % ", ".join(_asked_now(far))


def _asked_now(far: Progress) -> Iterable[str]:
    return sorted({model for stage in far.stages if stage.state != Stage.State.FINISHED for model in stage.models})


def _words() -> Mapping[str, str]:
    return {
        "running": _("Running"),
        "waiting": _("Waiting"),
        "resting": _("Up to date"),
        "off": _("Switched off"),
        "paused": _("Paused"),
        "stopped": _("Stopped"),
        "cancelled": _("Cancelled"),
        "finished": _("Finished"),
    }


def _is_of_no_plan(run: Run) -> bool:
    """Whether it reads for a reward head that was switched off."""
    return run.kind == Run.Kind.HIDDEN_STATES and not RewardHeadPlan.objects.filter(run=run, is_enabled=True).exists()
