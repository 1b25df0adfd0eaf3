"""What a recipe would ask, before anybody starts it."""

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _

from annotation.models import Project
from modelgen.pipeline.recipe import Recipe, RecipeRefused, RecipeStage
from modelgen.web import flow, served

Row = dict[str, Any]
LINES_AROUND = 4


def preview(recipe: Recipe, project: Project) -> Row:
    """Its stages in order, the models that they ask with their licences, and where the result would go."""
    drawn = flow.draw({stage.name: stage.sources for stage in recipe.stages})
    asked = [use.name for stage in recipe.stages for use in stage.roles.values()]
    models = served.words(asked)
    return {
        "title": recipe.header.title or recipe.name,
        "description": recipe.header.description,
        "stages": [{**_stage(stage), "drawn": drawn[stage.name]} for stage in recipe.stages],
        "models": models,
        "missing": [model["name"] for model in models if not (model["is_served"] or model["is_placeholder"])],
        "placeholders": [model["name"] for model in models if model["is_placeholder"]],
        "goes_to": _goes_to(recipe),
        "other_project": _other_project(recipe, project),
        "previous": recipe.header.previous,
    }


def _stage(stage: RecipeStage) -> Row:
    asks = [f"{role}: {use.name}" for role, use in sorted(stage.roles.items())]
    return {"name": stage.name, "kind": stage.kind, "asks": asks, "sources": stage.sources}


def _goes_to(recipe: Recipe) -> str:
    result = recipe.header.result
    if result is None:
        return _("The rows stay with the run: the recipe names no result.")
    if result.to == "samples":
        return _("The rows of stage %s become samples of this project, for people to annotate.") % recipe.last
    return _("The rows of stage %s become a data set version, marked machine-generated.") % recipe.last


def _other_project(recipe: Recipe, project: Project) -> str:
    named = recipe.header.result.project if recipe.header.result else ""
    return named if named != project.slug else ""


def refusal(error: RecipeRefused, text: str) -> Row:
    """Why a recipe is refused, with the lines around the place where it is wrong."""
    if error.line is None:
        return {"message": str(error), "lines": []}
    lines = text.splitlines() or [""]
    wrong = min(error.line, len(lines))  # the end of a text that breaks off stands on the line after its last one
    return {"message": error.problem, "line": wrong, "lines": _lines_around(lines, wrong)}


def _lines_around(lines: Sequence[str], wrong: int) -> list[Row]:
    first = max(wrong - LINES_AROUND, 1)
    around = enumerate(lines[first - 1 : wrong + LINES_AROUND], first)
    return [{"number": number, "text": line[:500], "is_wrong": number == wrong} for number, line in around]
