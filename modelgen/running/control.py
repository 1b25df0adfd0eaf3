"""What people do with a run: pause, resume, cancel, ask failed rows again; and what stops one by itself."""

from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet, Sum

from annotation.models import Project
from modelgen.models import Chunk, Run, RunStage, Stage, Unanswered
from modelgen.running import leasing
from modelgen.running.work import add_chunks, row_key

State = Run.State
ENDED = (State.CANCELLED, State.FINISHED)


class RunRefused(ValueError):
    """This cannot be done with the run as it is; the message says why."""


def pause(run: Run) -> None:
    """No chunk of it is begun any more. What is being asked at this moment is kept. Raises RunRefused."""
    _move(run, State.PAUSED, allowed=(State.RUNNING, State.STOPPED))


@transaction.atomic
def resume(run: Run) -> None:
    """Go on where it is. Failures up to now stop it no more: whoever resumes it has seen them. Raises RunRefused."""
    _move(run, State.RUNNING, allowed=(State.PAUSED, State.STOPPED))
    stages = Stage.objects.filter(places__run=run)
    Run.objects.filter(pk=run.pk).update(excused={str(stage.pk): list(_asked_and_failed(stage)) for stage in stages})
    Chunk.objects.filter(stage__in=stages, is_done=False, attempts__gte=leasing.MOST_ATTEMPTS).update(attempts=0)


def cancel(run: Run, *, at: datetime) -> None:
    """End a recipe's run for good. What was made stays, and a later run of the same recipe uses it. Raises RunRefused."""
    if run.kind == Run.Kind.JUDGING:
        raise RunRefused(f"Run {run.pk} is a judge's and has no end. Pause it, or switch the judge off in the project.")
    _move(run, State.CANCELLED, allowed=(State.RUNNING, State.PAUSED, State.STOPPED), ended_at=at)


def stop(run: Run, problem: str) -> bool:
    """A run ends up here by itself; False when somebody had paused or ended it before."""
    return bool(Run.objects.filter(pk=run.pk, state=State.RUNNING).update(state=State.STOPPED, problem=problem))


def wait_for(runs: QuerySet[Run], reason: str) -> None:
    """Say on running runs what they are waiting for; "" when they go on."""
    runs.filter(state=State.RUNNING).exclude(problem=reason).update(problem=reason)


def _move(run: Run, state: str, *, allowed: tuple[str, ...], **changed: object) -> None:
    if not Run.objects.filter(pk=run.pk, state__in=allowed).update(state=state, problem="", **changed):
        run.refresh_from_db(fields=["state"])
        raise RunRefused(f"Run {run.pk} is {run.state}. It can become {state} only while it is {' or '.join(allowed)}.")
    run.refresh_from_db(fields=["state", "problem", "ended_at"])


@transaction.atomic
def ask_failed_again(run: Run) -> int:
    """Put every row that failed into new chunks; returns how many rows. Raises RunRefused when the run is over."""
    if run.state in ENDED:
        raise RunRefused(f"Run {run.pk} is {run.state}. Run the recipe again: finished rows are not asked twice.")
    return sum(_ask_again(place.stage, run.chunk_rows) for place in run.places.select_related("stage"))


def _ask_again(stage: Stage, chunk_rows: int) -> int:
    """Within a stage that is not finished: what was built on a finished one would no longer fit it."""
    stage = Stage.objects.select_for_update().get(pk=stage.pk)
    failed = Unanswered.objects.filter(stage=stage, is_silent=False)
    if stage.state == Stage.State.FINISHED or not failed.exists():
        return 0
    rows = [row for chunk in Chunk.objects.filter(unanswered__in=failed).distinct() for row in _failed_rows(chunk)]
    failed.delete()
    add_chunks(stage, rows, size=chunk_rows)
    return len(rows)


def _failed_rows(chunk: Chunk) -> list[object]:
    """The failed rows of a chunk, which from now on is one without them. What models said to them stays with it."""
    said = dict(chunk.unanswered.filter(is_silent=False).values_list("key", "raw_text"))
    failed = [row for row in chunk.rows if row_key(row) in said]
    rest = [row for row in chunk.rows if row_key(row) not in said]
    counts = {"row_count": chunk.row_count - chunk.failed_count, "failed_count": 0}
    raw_texts = {**chunk.raw_texts, **{f"{key} (failed)": [text] for key, text in said.items() if text}}
    Chunk.objects.filter(pk=chunk.pk).update(rows=rest, raw_texts=raw_texts, **counts)
    return failed


def stop_for_failures(stage: Stage) -> bool:
    """Stop every run of a stage in which more rows failed than the run allows; returns whether one was."""
    was_stopped = False
    asked, failed = _asked_and_failed(stage)
    is_at_its_end = not stage.chunks.filter(is_done=False).exists()
    for place in RunStage.objects.filter(stage=stage, run__state=State.RUNNING).select_related("run"):
        seen = place.run.excused.get(str(stage.pk), [0, 0])
        new_asked, new_failed = asked - seen[0], failed - seen[1]
        if new_asked < place.run.failures_after and not is_at_its_end:
            continue
        if new_asked > 0 and new_failed > place.run.most_failures * new_asked:
            was_stopped |= stop(place.run, _too_many_failures(place, new_asked, new_failed))
    return was_stopped


def _too_many_failures(place: RunStage, asked: int, failed: int) -> str:
    example = Unanswered.objects.filter(stage=place.stage, is_silent=False).order_by("-pk").first()
    return (
        f"{failed} of {asked} rows of stage {place.name} have no usable answer, more than the "
        f"{place.run.most_failures:.0%} that the run allows. The last one: {example.problem if example else 'gone'} "
        "Look at what the model said, then change the recipe, or resume the run to go on all the same."
    )


def stop_for_hopeless_chunks(*, at: datetime) -> None:
    """Stop runs with a chunk that was begun several times and never came to its end."""
    hopeless = Chunk.objects.filter(
        is_done=False, attempts__gte=leasing.MOST_ATTEMPTS, stage__places__run__state=State.RUNNING
    ).exclude(leased_until__gte=at)
    for chunk in hopeless.select_related("stage").distinct():
        for run in Run.objects.filter(
            places__stage=chunk.stage, state=State.RUNNING, project__state=Project.State.ACTIVE
        ):
            stop(
                run,
                f"Chunk {chunk.number} of stage {chunk.stage.kind} was begun {chunk.attempts} times and never came to its "
                "end: the worker died or an error stopped it each time. Look at the worker's log, then resume the run.",
            )


def _asked_and_failed(stage: Stage) -> tuple[int, int]:
    """Rows with an answer or a failure, and the failures among them."""
    sums = stage.chunks.filter(is_done=True).aggregate(answered=Sum("answered_count"), failed=Sum("failed_count"))
    return (sums["answered"] or 0) + (sums["failed"] or 0), sums["failed"] or 0
