"""Recipes carried out: a run begun or taken up again, its stages planned when those that they build on are finished."""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.db import transaction

from annotation.models import Project, User
from annotation.services.versions import VersionFailed
from modelgen.chance import chance
from modelgen.models import Chunk, Output, Run, RunFile, RunStage, Stage
from modelgen.pipeline.recipe import Recipe, RecipeStage, parse_recipe
from modelgen.pipeline.rows import WrongRows
from modelgen.pipeline.stage import Row
from modelgen.running import control, landing
from modelgen.running.texts import all_storable
from modelgen.running.work import Answered, Asked, add_chunks

BATCH = 2000
_RUN_NUMBER = re.compile(r"[0-9]{1,18}")  # what a row's id can be
State = Stage.State


@transaction.atomic
def start(*, recipe: Recipe, project: Project, by: User | None, at: datetime) -> Run:
    """Begin a run of a recipe, or take up the one that did not come to its end. A finished one is finished.

    Stages that another run of this project has made are not made again. Raises RunRefused when the recipe is for another
    project.
    """
    _check_project(recipe, project)
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)  # two who start the same start one run
    digest = recipe.digest()
    before = Run.objects.filter(project=project, kind=Run.Kind.RECIPE, digest=digest)
    before = before.exclude(state=Run.State.CANCELLED).order_by("-pk")
    if (run := before.first()) is not None:
        if run.state in (Run.State.PAUSED, Run.State.STOPPED):
            control.resume(run)
        return run
    run = Run.objects.create(
        project=project,
        kind=Run.Kind.RECIPE,
        title=recipe.header.title or recipe.name,
        recipe=recipe.text,
        digest=digest,
        chunk_rows=recipe.header.chunk,
        most_failures=recipe.header.most_failures,
        failures_after=recipe.header.failures_after,
        previous=_previous(recipe, project),
        lineage=_lineage(recipe),
        started_by=by,
        started_at=at,
    )
    RunFile.objects.bulk_create(RunFile(run=run, name=name, content=content) for name, content in recipe.files.items())
    for position, (name, stage_digest) in enumerate(recipe.digests().items()):
        stage = _stage(project, recipe.stage(name), stage_digest)
        RunStage.objects.create(run=run, stage=stage, position=position, name=name)
    return run


def _check_project(recipe: Recipe, project: Project) -> None:
    named = recipe.header.result.project if recipe.header.result else ""
    if named not in ("", project.slug):
        raise control.RunRefused(
            f"The recipe's result is for project {named!r}, and it was to be started in {project.slug!r}. Start it there, or "
            "leave `project` out of its `result`."
        )


def _stage(project: Project, of_recipe: RecipeStage, digest: str) -> Stage:
    return Stage.objects.get_or_create(
        project=project,
        digest=digest,
        defaults={
            "kind": of_recipe.kind,
            "configuration": of_recipe.configuration(),
            "models_asked": sorted({use.name for use in of_recipe.roles.values()}),
        },
    )[0]


def _previous(recipe: Recipe, project: Project) -> Run | None:
    """The last round's run, by its number or its title."""
    named = recipe.header.previous.run if recipe.header.previous else ""
    if not named:
        return None
    runs = project.runs.filter(kind=Run.Kind.RECIPE).order_by("-pk")
    if _RUN_NUMBER.fullmatch(named):
        return runs.filter(pk=int(named)).first()
    return runs.filter(title=named).first()


def _lineage(recipe: Recipe) -> dict[str, str]:
    previous = recipe.header.previous
    return {"run": previous.run, "model": previous.model, "version": previous.version} if previous else {}


def recipe_of(run: Run) -> Recipe:
    """The recipe as it was read when the run began."""
    return _parsed(run.pk, run.digest)


@lru_cache(maxsize=32)
def _parsed(run_id: int, digest: str) -> Recipe:
    del digest  # tells runs of different databases apart, as tests have them
    files = RunFile.objects.filter(run=run_id).values_list("name", "content")
    return parse_recipe(
        Run.objects.values_list("recipe", flat=True).get(pk=run_id), {name: bytes(content) for name, content in files}
    )


# --- planning -------------------------------------------------------------------------------------------------------
def advance(run: Run, *, at: datetime) -> None:
    """Plan every stage whose sources are finished; when all stages are, land the result and end the run.

    A stage that cannot work with the rows it is given, or a result that cannot land, stops the run and says why.
    """
    try:
        _advance(run, at)
    except (WrongRows, landing.CannotLand, VersionFailed) as problem:
        control.stop(run, str(problem))


@transaction.atomic
def _advance(run: Run, at: datetime) -> None:
    locked = Run.objects.select_for_update(skip_locked=True, of=("self",)).filter(pk=run.pk, state=Run.State.RUNNING)
    run_now = locked.select_related("project").first()
    if run_now is None:
        return  # somebody else is at it, or it is not to go on
    recipe = recipe_of(run_now)
    finished: dict[str, Stage] = {}
    for place in run_now.places.order_by("position"):
        stage = Stage.objects.select_for_update().get(pk=place.stage_id)
        of_recipe = recipe.stage(place.name)
        if stage.state == State.WAITING and all(name in finished for name in of_recipe.sources):
            _plan(run_now, stage, of_recipe, [finished[name] for name in of_recipe.sources], at)
        if stage.state == State.ASKING and not stage.chunks.filter(is_done=False).exists():
            if control.stop_for_failures(stage):  # whoever landed the last chunk may have died before it looked
                return
            _finish(stage, at)
        if stage.state == State.FINISHED:
            finished[place.name] = stage
    if len(finished) == len(recipe.stages):
        landed = landing.land(run_now, recipe.header.result, rows_of(finished[recipe.last]), at=at)
        Run.objects.filter(pk=run_now.pk).update(state=Run.State.FINISHED, ended_at=at, landed=landed, problem="")


def _plan(run: Run, stage: Stage, of_recipe: RecipeStage, sources: Sequence[Stage], at: datetime) -> None:
    """Put the rows that a stage asks about into chunks; one that asks nobody has its outputs at once."""
    rows = of_recipe.stage.prepare([list(rows_of(source)) for source in sources], chance(stage.digest))
    if not of_recipe.stage.models:
        keep_outputs(stage, rows, first_place=0)
        _finish(stage, at)
        return
    add_chunks(stage, all_storable(rows), size=run.chunk_rows)
    stage.state = State.ASKING
    stage.save(update_fields=["state"])


def _finish(stage: Stage, at: datetime) -> None:
    stage.state, stage.finished_at = State.FINISHED, at
    stage.save(update_fields=["state", "finished_at"])


def rows_of(stage: Stage) -> Iterator[Row]:
    """What a stage made, in the order of its rows, a batch at a time."""
    last = -1
    while batch := list(stage.outputs.filter(place__gt=last).order_by("place").values_list("place", "content")[:BATCH]):
        yield from (content for _, content in batch)
        last = batch[-1][0]


def keep_outputs(stage: Stage, rows: Iterable[Row], *, first_place: int) -> None:
    """Store rows as a stage's outputs. A row that was made twice is one row."""
    Output.objects.bulk_create(
        (
            Output(stage=stage, key=row["id"], place=first_place + at, content=all_storable(row))
            for at, row in enumerate(rows)
        ),
        batch_size=BATCH,
        ignore_conflicts=True,
    )


class Making:
    """The undertaking of one stage of a recipe."""

    PLACES_A_CHUNK = 2**32

    def __init__(self, place: RunStage) -> None:
        self._stage = place.stage
        self._of_recipe = recipe_of(place.run).stage(place.name)
        self.roles = {role: use.name for role, use in self._of_recipe.roles.items()}

    def asked(self, chunk: Chunk) -> Sequence[Asked]:
        return [self._asked(row) for row in chunk.rows]

    def _asked(self, row: dict[str, Any]) -> Asked:
        rng = chance(self._stage.digest, row["id"])
        return Asked(row["id"], self._of_recipe.stage.asking(row, rng))

    def keep(self, chunk: Chunk, answered: Sequence[Answered]) -> None:
        rows = [made for row in answered for made in row.outcome.value or ()]
        keep_outputs(self._stage, rows, first_place=chunk.number * self.PLACES_A_CHUNK)
        raw = {row.key: list(row.outcome.raw_texts) for row in answered}
        Chunk.objects.filter(pk=chunk.pk).update(raw_texts=all_storable(raw))

    def keep_silences(self, keys: Sequence[str]) -> None:
        """Nothing more than that such rows come to nothing."""
