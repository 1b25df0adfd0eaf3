"""What the list of runs and the page of one run show, as plain dictionaries."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from annotation.models import DatasetVersion, Project, ProjectJudge
from modelgen.models import Run, RunStage, Stage
from modelgen.pipeline.recipe import RecipeRefused
from modelgen.running import control, progress, recipes
from modelgen.running.progress import Progress, StageProgress
from modelgen.web import failures, flow, states, words

Row = dict[str, Any]
State = Run.State

RUNS_A_PAGE = 20
SECONDS_WHILE_RUNNING, SECONDS_AT_REST = 4, 30


# --- the list -------------------------------------------------------------------------------------------------------
def list_now(project: Project, *, is_admin: bool, at: datetime, before: int | None = None) -> Row:
    """The part of the list that changes by itself: runs, newest first. before: the number of the last one on the page before."""
    runs = project.runs.select_related("project", "judge", "started_by").order_by("-pk")
    found = list((runs if before is None else runs.filter(pk__lt=before))[: RUNS_A_PAGE + 1])
    shown = found[:RUNS_A_PAGE]
    known = states.known_of(project, shown)
    rows = [_summary(far, known, is_admin=is_admin) for far in progress.of_runs(shown, at=at)]
    return {
        "project": project,
        "runs": rows,
        "at": at,
        "before": before,
        "next_before": shown[-1].pk if len(found) > RUNS_A_PAGE else None,
        "every": _seconds_between_looks(row["state"]["name"] for row in rows),
    }


def list_page(project: Project, *, is_admin: bool, at: datetime, before: int | None = None) -> Row:
    """The whole page: runs, and the judges of the project with their switches."""
    now = list_now(project, is_admin=is_admin, at=at, before=before)
    return {**now, "judges": judges(project), "is_admin": is_admin}


def judges(project: Project) -> list[Row]:
    """Every judge that is or was at work here, the ones at work first."""
    at_work = ProjectJudge.objects.filter(project=project).select_related("judge").order_by("-is_enabled", "-pk")
    runs = dict(project.runs.filter(kind=Run.Kind.JUDGING).values_list("judge_id", "pk"))
    return [
        {
            "pk": each.judge_id,
            "name": each.judge.name,
            "kind": each.judge.kind,
            "is_enabled": each.is_enabled,
            "url": reverse("annotation:judge", args=[project.slug, each.judge_id]),
            "run_url": _run_url(project, runs[each.judge_id]) if each.judge_id in runs else "",
        }
        for each in at_work
    ]


def _summary(far: Progress, known: states.Known, *, is_admin: bool) -> Row:
    silent = sum(stage.silent for stage in far.stages)
    return {
        **_head(far, known, is_admin=is_admin),
        "share": _share(far),
        "where": _where(far),
        "failed": words.count(far.failed) if far.failed else "",
        "silent": words.count(silent) if silent else "",
        "figures": [{**figure, "is_empty": figure["value"] == words.NOTHING} for figure in _short_figures(far)],
    }


def _short_figures(far: Progress) -> list[Row]:
    tokens = {"label": _("Tokens"), "value": words.count(far.prompt_tokens + far.completion_tokens)}
    return [*_pace(far), tokens, _cost(far)]


def _share(far: Progress) -> int:
    """Of a thousand; every stage of a recipe counts alike, since nobody knows how long the later ones will take."""
    return round(1000 * sum(stage.share for stage in far.stages) / max(len(far.stages), 1))


def _where(far: Progress) -> str:
    """How far it is, in a few words."""
    if far.run.has_no_end:
        return _rows_text(far.stages[0]) if far.stages else ""
    finished = sum(stage.state == Stage.State.FINISHED for stage in far.stages)
    asking = next((stage for stage in far.stages if stage.state == Stage.State.ASKING), None)
    if asking is None:
        return ngettext("%(done)d of %(all)d stage", "%(done)d of %(all)d stages", len(far.stages)) % {
            "done": finished, "all": len(far.stages),
        }  # fmt: skip
    return _("stage %(place)d of %(all)d, %(name)s: %(rows)s") % {
        "place": finished + 1, "all": len(far.stages), "name": asking.name, "rows": _rows_text(asking),
    }  # fmt: skip


# --- one run --------------------------------------------------------------------------------------------------------
def run_now(run: Run, *, is_admin: bool, at: datetime) -> Row:
    """The part of a run's page that changes by itself."""
    far = progress.of_run(run, at=at)
    head = _head(far, states.known_of(run.project, [run]), is_admin=is_admin)
    places = list(run.places.select_related("stage").order_by("position"))
    return {
        "project": run.project,
        "run": head,
        "figures": _figures(far),
        "stages": _stages(run, far.stages),
        "actions": _actions(far) if is_admin else [],
        "is_all_asked": all(stage.state == Stage.State.FINISHED for stage in far.stages),
        "failures": failures.latest(run, places),
        "failed": far.failed,
        "landed": _landed(run),
        "at": at,
        "every": _seconds_between_looks([head["state"]["name"]]),
    }


def run_page(run: Run, *, is_admin: bool, at: datetime) -> Row:
    """The whole page: what changes, and what was decided when it began."""
    places = list(run.places.select_related("stage").order_by("position"))
    return {
        **run_now(run, is_admin=is_admin, at=at),
        "is_admin": is_admin,
        "configuration": [_configuration(place) for place in places],
        "lineage": _lineage(run),
        "recipe": run.recipe,
    }


def _head(far: Progress, known: states.Known, *, is_admin: bool) -> Row:
    run = far.run
    return {
        "pk": run.pk,
        "title": run.title,
        "kind": _kind_word(run),
        "is_judge": run.judge_id is not None,
        "judge_url": reverse("annotation:judge", args=[run.project.slug, run.judge_id]) if run.judge_id else "",
        "url": _run_url(run.project, run.pk),
        "state": states.state_of(far, known),
        "problem": states.reason_of(far, known, is_admin=is_admin),
        "started_at": run.started_at,
        "ended_at": run.ended_at,
        "started_by": run.started_by,
    }


def _run_url(project: Project, pk: int) -> str:
    return reverse("modelgen:run", args=[project.slug, pk])


def _kind_word(run: Run) -> str:
    kinds = {Run.Kind.RECIPE: _("recipe"), Run.Kind.JUDGING: _("judge"), Run.Kind.HIDDEN_STATES: _("hidden states")}
    return kinds[Run.Kind(run.kind)]


def _seconds_between_looks(states: Any) -> int:
    return SECONDS_WHILE_RUNNING if {"running", "waiting"} & set(states) else SECONDS_AT_REST


def _figures(far: Progress) -> list[Row]:
    """The same figures in the same places whatever the state, so that nothing jumps."""
    rows = sum(stage.done for stage in far.stages)
    return [
        {"label": _("Rows asked"), "value": words.count(rows)},
        {"label": _("Without an answer"), "value": words.count(far.failed)},
        *_pace(far),
        {"label": _("Tokens read"), "value": words.count(far.prompt_tokens)},
        {"label": _("Tokens written"), "value": words.count(far.completion_tokens)},
        _cost(far),
    ]


def _pace(far: Progress) -> list[Row]:
    """How fast it is and how long it will take; nothing to say of a run that does not go on."""
    is_running = far.run.state == State.RUNNING
    return [
        {"label": _("Tokens a second"), "value": words.speed(far.tokens_a_second) if is_running else words.NOTHING},
        {"label": _("Time left"), "value": words.duration(far.seconds_left if is_running else None)},
    ]


def _cost(far: Progress) -> Row:
    is_any_done = any(stage.done for stage in far.stages)
    return {"label": _("Cost"), "value": words.cost(far.cost, is_any_done=is_any_done)}


# --- stages ---------------------------------------------------------------------------------------------------------
def _stages(run: Run, stages: Sequence[StageProgress]) -> list[Row]:
    sources = _sources(run, stages)
    drawn = flow.draw(sources)
    return [
        {
            "name": stage.name,
            "kind": stage.kind,
            "models": stage.models,
            "sources": sources[stage.name],
            "drawn": drawn[stage.name],
            "state": stage.state,
            "thousandths": round(1000 * stage.share),
            "rows": _rows_text(stage),
            "made": _made_text(stage),
            "failed": words.count(stage.failed) if stage.failed else "",
            "silent": words.count(stage.silent) if stage.silent else "",
            "left": words.duration(stage.seconds_left) if stage.seconds_left and run.state == State.RUNNING else "",
            "url": reverse("modelgen:run-outputs", args=[run.project.slug, run.pk, stage.name]),
        }
        for stage in stages
    ]


def _sources(run: Run, stages: Sequence[StageProgress]) -> dict[str, tuple[str, ...]]:
    """What each stage builds on; a recipe that cannot be read any more is drawn as a list without lines."""
    try:
        recipe = None if run.has_no_end else recipes.recipe_of(run)
    except (RecipeRefused, OSError):
        recipe = None
    known = {stage.name: stage.sources for stage in recipe.stages} if recipe else {}
    return {stage.name: known.get(stage.name, ()) for stage in stages}


def _rows_text(stage: StageProgress) -> str:
    if stage.state == Stage.State.WAITING:
        return _("waits for the stages above")
    if stage.rows is None:
        return words.count(stage.done)
    if not stage.rows and stage.state == Stage.State.FINISHED:
        return _("asks nobody")
    return _("%(done)s of %(all)s") % {"done": words.count(stage.done), "all": words.count(stage.rows)}


def _made_text(stage: StageProgress) -> str:
    if stage.kind == Stage.HIDDEN_STATES:
        return ngettext("%s sample read", "%s samples read", stage.answered) % words.count(stage.answered)
    if stage.outputs is None:
        return ngettext("%s judgment", "%s judgments", stage.answered) % words.count(stage.answered)
    return ngettext("made %s row", "made %s rows", stage.outputs) % words.count(stage.outputs)


# --- what people may do ---------------------------------------------------------------------------------------------
def _actions(far: Progress) -> list[str]:
    """Names of the buttons that make sense now. What has no end is not cancelled but switched off: it can be switched on again."""
    run = far.run
    if run.state in control.ENDED:
        return []
    can_ask_again = any(stage.failed and stage.state != Stage.State.FINISHED for stage in far.stages)
    return [
        "pause" if run.state == State.RUNNING else "resume",
        *(["ask_failed_again"] if can_ask_again else []),
        *([] if run.has_no_end else ["cancel"]),
    ]


# --- where it comes from and what came of it ------------------------------------------------------------------------
def _configuration(place: RunStage) -> Row:
    """What decides a stage's outputs, part by part."""
    configuration = dict(place.stage.configuration)
    models = configuration.pop("models", None)
    return {
        "name": place.name,
        "kind": place.stage.kind,
        "digest": place.stage.digest,
        "models": _models(models) if isinstance(models, dict) else [],
        "values": sorted(configuration.items()),
    }


def _models(models: Mapping[str, Any]) -> list[Row]:
    return [
        {
            "role": role,
            "name": use.get("name", ""),
            "revision": use.get("revision", ""),
            "sampling": [(key, value) for key, value in (use.get("sampling") or {}).items() if value not in (None, [])],
        }
        for role, use in sorted(models.items())
        if isinstance(use, dict)
    ]


def _lineage(run: Run) -> Row:
    previous = run.previous
    return {
        "run": {"title": previous.title, "pk": previous.pk, "url": _run_url(run.project, previous.pk)}
        if previous
        else None,
        "named": [(key, value) for key, value in run.lineage.items() if value and not (key == "run" and previous)],
        "next": [
            {"title": each.title, "pk": each.pk, "url": _run_url(run.project, each.pk)}
            for each in run.next_rounds.filter(project=run.project).order_by("pk")
        ],
    }


def _landed(run: Run) -> list[Row]:
    """What came into the project, each with where to see it."""
    return [
        {"text": _landed_text(what, value), "url": _landed_url(run.project, what, value)}
        for what, value in run.landed.items()
    ]


def _landed_text(what: str, value: Any) -> str:
    match what:
        case "samples":
            return ngettext("%s new sample for people", "%s new samples for people", int(value)) % words.count(
                int(value)
            )
        case "version":
            return _("Data set version v%s, marked machine-generated") % value
        case "rows":
            return ngettext("%s row in it", "%s rows in it", int(value)) % words.count(int(value))
        case _:
            return f"{what}: {value}"


def _landed_url(project: Project, what: str, value: Any) -> str:
    if what == "samples":
        return reverse("annotation:overview", args=[project.slug])
    if what == "version" and DatasetVersion.objects.filter(project=project, number=value).exists():
        return reverse("annotation:version", args=[project.slug, value])
    return ""
