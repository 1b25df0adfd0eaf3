"""How far a run is: rows, tokens a second, cost and time left, of each stage and of all. Read from its chunks."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Count, F, Min, Q, Sum

from modelgen.models import Chunk, Output, Run, RunStage, Stage
from modelgen.running.samples_to_ask import samples_lacking

LATELY = timedelta(minutes=2)


@dataclass(frozen=True)
class StageProgress:
    """Rows and tokens of one stage.

    rows: None while it is not known how many there will be. seconds_left: None where nothing tells.
    cost: at the prices of the models; None where no price is known. tokens_a_second, rows_a_second: over the last minutes.
    """

    name: str
    kind: str
    models: tuple[str, ...]
    state: str
    rows: int | None
    answered: int
    failed: int
    silent: int
    outputs: int | None
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int
    cost: Decimal | None
    rows_a_second: float
    tokens_a_second: float
    seconds_left: float | None

    @property
    def done(self) -> int:
        return self.answered + self.failed + self.silent

    @property
    def share(self) -> float:
        """Of its rows that are done, 0 to 1."""
        if self.state == Stage.State.FINISHED:
            return 1.0
        return min(self.done / self.rows, 1.0) if self.rows else 0.0


@dataclass(frozen=True)
class Progress:
    """A whole run."""

    run: Run
    stages: tuple[StageProgress, ...]

    @property
    def answered(self) -> int:
        return sum(stage.answered for stage in self.stages)

    @property
    def failed(self) -> int:
        return sum(stage.failed for stage in self.stages)

    @property
    def prompt_tokens(self) -> int:
        return sum(stage.prompt_tokens for stage in self.stages)

    @property
    def completion_tokens(self) -> int:
        return sum(stage.completion_tokens for stage in self.stages)

    @property
    def tokens_a_second(self) -> float:
        return sum(stage.tokens_a_second for stage in self.stages)

    @property
    def cost(self) -> Decimal | None:
        """None when the price of any model that was asked is not known."""
        costs = [stage.cost for stage in self.stages if stage.done]
        return None if not costs or None in costs else sum(filter(None, costs), Decimal(0))

    @property
    def seconds_left(self) -> float | None:
        """Of the stage that is being asked: what comes after it is not known yet."""
        return next((stage.seconds_left for stage in self.stages if stage.state == Stage.State.ASKING), None)


def of_run(run: Run, *, at: datetime) -> Progress:
    """How far it is at this moment."""
    return of_runs([run], at=at)[0]


def of_runs(runs: Sequence[Run], *, at: datetime) -> list[Progress]:
    """How far each is: a few queries for all of them, and one more for every judge."""
    places = defaultdict(list)
    for place in RunStage.objects.filter(run__in=runs).select_related("stage").order_by("position"):
        places[place.run_id].append(place)
    stages = {place.stage_id for each in places.values() for place in each}
    known = _Known(_sums(stages), _made(stages), _speeds(stages, at))
    return [Progress(run, tuple(_of_stage(run, place, known) for place in places[run.pk])) for run in runs]


@dataclass(frozen=True)
class _Known:
    """What the database says of stages, by their ids. A stage without chunks has no sums, one that rests has no speed."""

    sums: Mapping[int, Any]
    made: Mapping[int, int]
    speeds: Mapping[int, tuple[float, float]]


def _of_stage(run: Run, place: RunStage, known: _Known) -> StageProgress:
    stage = place.stage
    sums = known.sums.get(stage.pk, {})
    numbers = defaultdict(int, {name: value or 0 for name, value in sums.items()})
    rows = _row_count(run, stage, numbers["all_rows"])
    rows_a_second, tokens_a_second = known.speeds.get(stage.pk, (0.0, 0.0))
    left = None if rows is None else rows - numbers["answered"] - numbers["failed"] - numbers["silent"]
    return StageProgress(
        name=place.name,
        kind=stage.kind,
        models=tuple(stage.models_asked),
        state=stage.state,
        rows=rows,
        answered=numbers["answered"],
        failed=numbers["failed"],
        silent=numbers["silent"],
        outputs=None if stage.kind in Stage.OF_SAMPLES else known.made.get(stage.pk, 0),
        prompt_tokens=numbers["prompt"],
        completion_tokens=numbers["completion"],
        cached_tokens=numbers["cached"],
        cost=None if numbers["without_price"] else sums.get("spent"),
        rows_a_second=rows_a_second,
        tokens_a_second=tokens_a_second,
        seconds_left=left / rows_a_second if left and rows_a_second else None,
    )


def _row_count(run: Run, stage: Stage, in_chunks: int) -> int | None:
    """Of a run without an end all samples that it has or lacks, in a chunk already or not."""
    if stage.state == Stage.State.WAITING:
        return None
    if not run.has_no_end:
        return in_chunks
    unplanned = samples_lacking(run).filter(pk__gt=run.judged_up_to).count()
    return in_chunks + unplanned


def _sums(stages: Collection[int]) -> dict[int, Any]:
    """Of the chunks of each stage."""
    sums = Chunk.objects.filter(stage__in=stages).order_by().values("stage")
    return {
        each["stage"]: each
        for each in sums.annotate(
            all_rows=Sum("row_count"),
            answered=Sum("answered_count"),
            failed=Sum("failed_count"),
            silent=Sum("silent_count"),
            prompt=Sum("prompt_tokens"),
            completion=Sum("completion_tokens"),
            cached=Sum("cached_tokens"),
            spent=Sum("cost"),
            without_price=Count("pk", filter=Q(is_done=True, cost=None)),
        )
    }


def _made(stages: Collection[int]) -> dict[int, int]:
    """How many rows each stage made."""
    made = Output.objects.filter(stage__in=stages).order_by().values("stage").annotate(count=Count("pk"))
    return {each["stage"]: each["count"] for each in made}


def _speeds(stages: Collection[int], at: datetime) -> dict[int, tuple[float, float]]:
    """Rows and tokens a second, of the chunks that came to their end in the last minutes."""
    lately = Chunk.objects.filter(stage__in=stages, is_done=True, done_at__gt=at - LATELY)
    firsts = lately.order_by("stage", "done_at").distinct("stage").values_list("stage", "seconds")
    seconds_of_first = dict(firsts)
    sums = lately.order_by().values("stage")
    return {
        each["stage"]: _speed(each, seconds_of_first.get(each["stage"], 0.0), at)
        for each in sums.annotate(
            done=Sum("row_count"), tokens=Sum(F("prompt_tokens") + F("completion_tokens")), first=Min("done_at")
        )
    }


def _speed(lately: Mapping[str, Any], seconds_of_first: float, at: datetime) -> tuple[float, float]:
    """The clock starts when the first of them was begun."""
    seconds = max((at - lately["first"]).total_seconds() + seconds_of_first, 0.001)
    return lately["done"] / seconds, lately["tokens"] / seconds
