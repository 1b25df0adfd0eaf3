"""What models said, to be read: outputs of a stage, rows without an answer, the recipe. Paged by key, never by offset."""

from collections.abc import Mapping
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from annotation.models import Judgment
from annotation.web.access import STAFF, project_for
from modelgen.models import Output, Run, Stage, Unanswered
from modelgen.web import failures as without_answers
from modelgen.web import outputs as shown
from modelgen.web.query import whole_number
from modelgen.web.run_views import run_of

ROWS_A_PAGE = 20
FAILURES_A_PAGE = 20


@login_required
@require_GET
def outputs(request: HttpRequest, slug: str, pk: int, name: str) -> HttpResponse:
    """What one stage made, in the order of its rows; `?only=` one of them, in full length."""
    run = run_of(project_for(request, slug, STAFF), pk)
    place = get_object_or_404(run.places.select_related("stage"), name=name)
    context = _judgments(request, run) if run.judge else _rows(request, run, name, place.stage)
    about = {"project": run.project, "run": run, "stage": name, "kind": place.stage.kind}
    return render(request, "modelgen/outputs.html", {**about, **context})


def _rows(request: HttpRequest, run: Run, name: str, stage: Stage) -> dict[str, Any]:
    made = Output.objects.filter(stage=stage).order_by("place")
    if (only := whole_number(request, "only")) is not None:
        return {
            "rows": [shown.output_row(run, name, get_object_or_404(made, place=only), is_whole=True)],
            "is_one": True,
        }
    after = whole_number(request, "after")
    found = list((made if after is None else made.filter(place__gt=after))[: ROWS_A_PAGE + 1])
    page, rest = found[:ROWS_A_PAGE], found[ROWS_A_PAGE:]
    rows = [shown.output_row(run, name, output) for output in page]
    return {"rows": rows, "is_first": after is None, "next_after": page[-1].place if rest else None}


def _judgments(request: HttpRequest, run: Run) -> dict[str, Any]:
    said = Judgment.objects.filter(judge=run.judge, sample__project=run.project).select_related("sample", "rubric")
    said = said.order_by("sample_id")
    if (only := whole_number(request, "only")) is not None:
        one = get_object_or_404(said, sample=only)
        return {"judgments": [shown.judgment_row(run.project, one, is_whole=True)], "is_one": True}
    after = whole_number(request, "after")
    found = list((said if after is None else said.filter(sample_id__gt=after))[: ROWS_A_PAGE + 1])
    page, rest = found[:ROWS_A_PAGE], found[ROWS_A_PAGE:]
    rows = [shown.judgment_row(run.project, judgment) for judgment in page]
    return {"judgments": rows, "is_first": after is None, "next_after": page[-1].sample_id if rest else None}


@login_required
@require_GET
def failures(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Rows without a usable answer, the latest first."""
    run = run_of(project_for(request, slug, STAFF), pk)
    names = _stage_names(run)
    without = Unanswered.objects.filter(stage__in=names).order_by("-pk")
    before = whole_number(request, "before")
    found = list((without if before is None else without.filter(pk__lt=before))[: FAILURES_A_PAGE + 1])
    page, rest = found[:FAILURES_A_PAGE], found[FAILURES_A_PAGE:]
    context = {
        "failures": without_answers.rows(run, page, names),
        "kinds": without_answers.kinds(names) if before is None else [],
        "is_first": before is None,
        "next_before": page[-1].pk if rest else None,
    }
    return render(request, "modelgen/failures.html", {"project": run.project, "run": run, **context})


@login_required
@require_GET
def failure(request: HttpRequest, slug: str, pk: int, failure_pk: int) -> HttpResponse:
    """One row without a usable answer, with all that the models said."""
    run = run_of(project_for(request, slug, STAFF), pk)
    names = _stage_names(run)
    found = get_object_or_404(Unanswered, pk=failure_pk, stage__in=names)
    context = {"failures": without_answers.rows(run, [found], names, is_whole=True), "is_one": True}
    return render(request, "modelgen/failures.html", {"project": run.project, "run": run, **context})


@login_required
@require_GET
def recipe_text(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """The recipe of a run, as a file."""
    run = run_of(project_for(request, slug, STAFF), pk)
    if not run.recipe:
        raise Http404("A judge has no recipe.")
    headers = {"Content-Disposition": f'attachment; filename="run-{run.pk}.yaml"'}
    return HttpResponse(run.recipe, content_type="text/plain; charset=utf-8", headers=headers)


def _stage_names(run: Run) -> Mapping[int, str]:
    return dict(run.places.values_list("stage_id", "name"))
