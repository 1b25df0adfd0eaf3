"""Who has which chunk: taken with SKIP LOCKED, held by a lease that is renewed, and landed by its holder only."""

import threading
import uuid
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta

from django.db import OperationalError, connection, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from annotation.models import Project, ProjectJudge
from modelgen.models import Chunk, Run, RunStage, Stage

LEASE = timedelta(seconds=60)
REST = timedelta(seconds=15)
MOST_ATTEMPTS = 5


@transaction.atomic
def take(*, served: Collection[str], at: datetime) -> Chunk | None:
    """The next chunk that nobody has and whose models are served here, leased; None when there is none.

    Stages take turns: a judge with a million samples keeps no recipe waiting.
    """
    waiting = to_do(served=served, at=at)
    turns = Stage.objects.filter(pk__in=waiting.values("stage")).order_by(F("taken_at").asc(nulls_first=True), "pk")
    for stage in turns.select_related("project"):
        chunk = waiting.filter(stage=stage).order_by("number").select_for_update(skip_locked=True, of=("self",)).first()
        if chunk is not None:
            chunk.stage = stage
            return _leased(chunk, at)
    return None


def _leased(chunk: Chunk, at: datetime) -> Chunk:
    chunk.lease, chunk.leased_until, chunk.attempts = uuid.uuid4(), at + LEASE, chunk.attempts + 1
    chunk.save(update_fields=["lease", "leased_until", "attempts"])
    Stage.objects.filter(pk=chunk.stage_id).update(taken_at=at)
    return chunk


def let_rest(stage: Stage, *, at: datetime) -> None:
    """Nobody answered: give other stages their turn for a while."""
    Stage.objects.filter(pk=stage.pk).update(rests_until=at + REST)


def to_do(*, served: Collection[str] | None = None, at: datetime) -> QuerySet[Chunk]:
    """Chunks of running runs that nobody has at this moment; `served`: only those whose models are among these."""
    at_work = ProjectJudge.objects.filter(
        project=OuterRef("run__project"), judge=OuterRef("run__judge"), is_enabled=True
    )
    wanted = RunStage.objects.filter(
        Q(run__kind=Run.Kind.RECIPE) | Q(run__reward_head_plan__is_enabled=True) | Exists(at_work),
        stage=OuterRef("stage"),
        run__state=Run.State.RUNNING,
        run__project__state=Project.State.ACTIVE,
    )
    free = Q(leased_until=None) | Q(leased_until__lt=at)
    awake = Q(stage__rests_until=None) | Q(stage__rests_until__lt=at)
    chunks = Chunk.objects.filter(
        free, awake, Exists(wanted), is_done=False, attempts__lt=MOST_ATTEMPTS, stage__state=Stage.State.ASKING
    )
    return chunks if served is None else chunks.filter(stage__models_asked__contained_by=list(served))


def renew(chunk: Chunk, *, at: datetime) -> bool:
    """Keep it for another while; False when it was given to somebody else meanwhile."""
    return bool(_mine(chunk).update(leased_until=at + LEASE))


@contextmanager
def kept(chunk: Chunk, *, now: Callable[[], datetime]) -> Iterator[None]:
    """Renew the lease again and again while the block lasts, in a thread of its own: whatever the block is busy with.

    A lease that was lost all the same is noticed when the chunk is finished.
    """
    is_over = threading.Event()
    renewing = threading.Thread(target=_keep, args=(chunk, now, is_over), daemon=True)
    renewing.start()
    try:
        yield
    finally:
        is_over.set()
        renewing.join()


def _keep(chunk: Chunk, now: Callable[[], datetime], is_over: threading.Event) -> None:
    try:
        while not is_over.wait(LEASE.total_seconds() / 4):
            with suppress(OperationalError):  # a database that is away for a moment: the next time will do
                if not renew(chunk, at=now()):
                    return
    finally:
        connection.close()  # this thread's own; opened only when something was renewed


def give_back(chunk: Chunk, *, was_begun: bool = True) -> None:
    """Let somebody else take it. `was_begun` False: nothing was asked, and it does not count as an attempt."""
    attempts = chunk.attempts - (not was_begun)
    _mine(chunk).update(lease=None, leased_until=None, attempts=attempts)


def _mine(chunk: Chunk) -> QuerySet[Chunk]:
    return Chunk.objects.filter(pk=chunk.pk, lease=chunk.lease, is_done=False)


def finish(chunk: Chunk, **counts: object) -> bool:
    """Mark it done, in the transaction that keeps its outputs; False when another had it and its word stands."""
    return bool(_mine(chunk).update(is_done=True, lease=None, leased_until=None, **counts))
