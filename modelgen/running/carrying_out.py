"""What a message sets off: see what is to be done, and do the next chunk of it."""

import logging
from collections.abc import Callable
from datetime import datetime

from django.db import DatabaseError

from modelgen.engines.protocol import CannotBeAsked, EngineDown
from modelgen.models import Chunk, Run, RunStage, Stage
from modelgen.running import control, hidden_states, judging, leasing, recipes, work
from modelgen.running.at_hand import EnginesAtHand

Now = Callable[[], datetime]
MOST_MESSAGES = 64
logger = logging.getLogger(__name__)


def look(*, at: datetime) -> int:
    """Plan what can be planned, stop what cannot go on; returns how many workers could do something now and have not begun."""
    judging.follow_rubrics(at=at)
    judging.begin_missing(at=at)
    hidden_states.begin_missing(at=at)
    for run in Run.objects.filter(state=Run.State.RUNNING).select_related("project", "judge").order_by("pk"):
        _plan_or_stop(run, at)
    control.stop_for_hopeless_chunks(at=at)
    return leasing.to_do(at=at)[:MOST_MESSAGES].count()


def _plan_or_stop(run: Run, at: datetime) -> None:
    """A run that cannot be planned is stopped and says why; the others go on."""
    try:
        plan(run, at=at)
    except DatabaseError:
        raise  # is not the run's doing, and heals
    except Exception as mistake:
        logger.exception("Run %s could not be planned.", run.pk)
        control.stop(run, f"It cannot go on ({type(mistake).__name__}: {mistake}). The worker's log has more.")


def plan(run: Run, *, at: datetime) -> None:
    """Put what is to be asked next into chunks."""
    if run.has_no_end:
        judging.plan(run)
    else:
        recipes.advance(run, at=at)


def do_next(at_hand: EnginesAtHand, *, now: Now) -> bool:
    """Take the next chunk that can be served here, answer and land it; False when there is none.

    What no server of its model can answer stops its runs.

    Raises EngineDown when nobody answers; the runs then say so, and the chunk waits.
    """
    chunk = leasing.take(served=at_hand.served, at=now())
    if chunk is None:
        return False
    runs = Run.objects.filter(places__stage=chunk.stage)
    try:
        has_landed = work.answer(chunk, _undertaking(chunk), at_hand, now=now)
    except EngineDown as down:
        leasing.let_rest(chunk.stage, at=now())
        control.wait_for(runs, f"Waiting: {down}")
        raise
    except CannotBeAsked as refusal:
        for run in runs.filter(state=Run.State.RUNNING):
            control.stop(run, f"{refusal} Nothing was asked; change it, then resume the run.")
        return True
    control.wait_for(runs, "")
    if has_landed:
        _after(chunk, now())
    return True


def _undertaking(chunk: Chunk) -> work.Undertaking:
    place = RunStage.objects.filter(stage=chunk.stage, run__state=Run.State.RUNNING).select_related(
        "run__project", "run__judge", "stage"
    )
    of_run = place.order_by("run_id").first() or RunStage.objects.filter(stage=chunk.stage).latest("run_id")
    match of_run.run.kind:
        case Run.Kind.JUDGING:
            return judging.Judging(of_run.run)
        case Run.Kind.HIDDEN_STATES:
            return hidden_states.Reading(of_run.run)
        case _:
            return recipes.Making(of_run)


def _after(chunk: Chunk, at: datetime) -> None:
    """Failures are looked at after every chunk; the next stages, and the next samples, when there is room."""
    control.stop_for_failures(chunk.stage)
    is_of_samples = chunk.stage.kind in Stage.OF_SAMPLES
    left = chunk.stage.chunks.filter(is_done=False)[: judging.CHUNKS_AHEAD // 2].count()
    if left == 0 or (is_of_samples and left < judging.CHUNKS_AHEAD // 2):
        running = Run.objects.filter(places__stage=chunk.stage, state=Run.State.RUNNING)
        for run in running.select_related("project", "judge"):
            plan(run, at=at)
