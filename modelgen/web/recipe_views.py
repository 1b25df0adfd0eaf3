"""Starting a recipe: choose a ready one or give one's own, look at what it would ask, start it."""

import json
from collections.abc import Mapping
from functools import lru_cache
from itertools import takewhile
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from annotation.models import Project
from annotation.web import forms
from annotation.web.access import STAFF, is_admin, project_for
from modelgen.models import Run
from modelgen.pipeline.recipe import Recipe, RecipeRefused, parse_recipe
from modelgen.pipeline.yaml_source import LONGEST_SOURCE
from modelgen.running import ready_recipes, recipes
from modelgen.running.control import RunRefused
from modelgen.web import previews, served
from modelgen.web.run_views import ADMINS

MODEL = "model."
LONGEST_NAME, LONGEST_SETTINGS = 200, 5_000


@login_required
@require_GET
def recipe_list(request: HttpRequest, slug: str) -> HttpResponse:
    """The ready recipes, each in a few words."""
    project = project_for(request, slug, STAFF)
    ready = [{"name": name, "recipe": shipped(name)} for name in ready_recipes.names()]
    context = {"project": project, "ready": ready, "is_admin": is_admin(request, project)}
    return render(request, "modelgen/recipes.html", context)


@lru_cache(maxsize=64)
def shipped(name: str) -> Recipe:
    """A ready recipe as it ships: nobody changes it while the process lives."""
    return ready_recipes.read(name)


@lru_cache(maxsize=64)
def opening_words(name: str) -> str:
    """What a ready recipe says of itself before its first key: which row of the seed pipeline it follows, and why."""
    lines = (ready_recipes.FOLDER / f"{name}.yaml").read_text(encoding="utf-8").splitlines()
    return " ".join(line.lstrip("# ") for line in takewhile(lambda line: line.startswith("#"), lines))


@login_required
@require_http_methods(["GET", "POST"])
def ready_recipe(request: HttpRequest, slug: str, name: str) -> HttpResponse:
    """One ready recipe with models of one's choice: GET shows what it would ask, POST starts just that."""
    project = project_for(request, slug, ADMINS if request.method == "POST" else STAFF)
    if name not in ready_recipes.names():
        raise Http404(f"There is no ready recipe {name!r}.")
    as_shipped = shipped(name)
    given = request.POST if request.method == "POST" else request.GET
    chosen = {
        role: given.get(f"{MODEL}{role}", use.name).strip()[:LONGEST_NAME] for role, use in as_shipped.models.items()
    }
    further = given.get("settings", "").replace("\x00", "")[:LONGEST_SETTINGS]
    context = {
        "project": project,
        "name": name,
        "is_admin": is_admin(request, project),
        "shipped": as_shipped,
        "opening_words": opening_words(name),
        "roles": [_role(role, model, as_shipped) for role, model in chosen.items()],
        "settings": further,
        "served": served.suggestions(),
    }
    try:
        recipe = ready_recipes.read(name, _settings(chosen, as_shipped, further))
        if request.method == "POST":
            return _start(request, project, recipe)
    except (RecipeRefused, RunRefused) as refusal:
        return render(request, "modelgen/ready_recipe.html", {**context, "error": str(refusal)}, status=422)
    return render(request, "modelgen/ready_recipe.html", {**context, "preview": previews.preview(recipe, project)})


def _role(role: str, model: str, recipe: Recipe) -> dict[str, Any]:
    """One role with the model behind it, and the stages that ask it."""
    stages = [stage.name for stage in recipe.stages if role in stage.roles]
    return {"role": role, "field": f"{MODEL}{role}", "model": model, "stages": stages}


def _settings(chosen: Mapping[str, str], as_shipped: Recipe, further: str) -> list[str]:
    """What is set over the recipe as it ships, as the command's --set takes it; a name is quoted, whatever it holds."""
    models = [
        f"models.{role}={json.dumps(model)}" for role, model in chosen.items() if model != as_shipped.models[role].name
    ]
    return [*models, *(line.strip() for line in further.splitlines() if line.strip())]


@login_required
@require_http_methods(["GET", "POST"])
def own_recipe(request: HttpRequest, slug: str) -> HttpResponse:
    """A recipe of one's own, pasted or as a file: looked at first, then started."""
    project = project_for(request, slug, ADMINS)
    text = _given_text(request)
    context: dict[str, Any] = {"project": project, "text": text, "is_admin": True, "most": LONGEST_SOURCE}
    if request.method == "GET":
        return render(request, "modelgen/own_recipe.html", context)
    try:
        recipe = parse_recipe(text, None)
        if request.POST.get("action") == "start":
            return _start(request, project, recipe)
    except RecipeRefused as error:
        refusal = previews.refusal(error, text)
        return render(request, "modelgen/own_recipe.html", {**context, "refusal": refusal}, status=422)
    except RunRefused as error:
        refusal = {"message": str(error), "lines": []}
        return render(request, "modelgen/own_recipe.html", {**context, "refusal": refusal}, status=422)
    return render(request, "modelgen/own_recipe.html", {**context, "preview": previews.preview(recipe, project)})


def _given_text(request: HttpRequest) -> str:
    """The file if there is one, else what was pasted; for a first look a ready recipe that one begins with."""
    if (file := request.FILES.get("file")) is not None:
        return file.read(4 * LONGEST_SOURCE + 1).decode("utf-8-sig", errors="replace").replace("\x00", "\ufffd")
    if request.method == "POST":
        return forms.text(request, "recipe", longest=LONGEST_SOURCE + 1).replace("\r\n", "\n")
    name = request.GET.get("like", "")
    return shipped(name).text if name in ready_recipes.names() else ""


def _start(request: HttpRequest, project: Project, recipe: Recipe) -> HttpResponse:
    """Raises RecipeRefused, RunRefused."""
    run = recipes.start(recipe=recipe, project=project, by=request.user, at=timezone.now())  # type: ignore[arg-type]
    if run.state == Run.State.FINISHED:
        messages.info(request, _("This very recipe has run here before and is finished. Nothing is asked again."))
    else:
        messages.success(request, _("Started. It goes on wherever a worker serves its models."))
    return redirect("modelgen:run", project.slug, run.pk)
