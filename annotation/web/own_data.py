"""My data: what is kept about a person in a project, what it is used for and by which rule, and all of it as a file."""

from collections.abc import Iterator
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone, translation
from django.views.decorators.http import require_GET

from annotation.models import Annotator, Project
from annotation.services import drafts, quality_rules
from annotation.services.submission import CORRECTABLE_FOR
from annotation.web import own_file
from annotation.web.access import oneself_in


@login_required
@require_GET
def own_data(request: HttpRequest, slug: str) -> HttpResponse:
    """The page: in words, with the project's own rules."""
    me = oneself_in(request, slug)
    return render(request, "own_data.html", {"project": me.project, "me": _me(me), "rules": _rules(me.project)})


@login_required
@require_GET
def download(request: HttpRequest, slug: str) -> StreamingHttpResponse:
    """The file, written while it is sent: nobody's working life has to fit into memory."""
    me = oneself_in(request, slug)
    at = timezone.now()
    return StreamingHttpResponse(
        _as_the_reader_speaks(own_file.as_json(own_file.parts(me, at))),
        content_type="application/json",
        headers={
            "Content-Disposition": f'attachment; filename="{slug}-my-data-{at:%Y-%m-%d}.json"',
            "Cache-Control": "no-store",
        },
    )


def _as_the_reader_speaks(file: Iterator[str]) -> Iterator[str]:
    """The file is written after the request has ended, and with it the language and the zone of whoever asked."""
    language, zone = translation.get_language() or "en", timezone.get_current_timezone()

    def written() -> Iterator[str]:
        with translation.override(language), timezone.override(zone):
            yield from file

    return written()


def _me(me: Annotator) -> dict[str, Any]:
    return {"external_id": me.external_id, "is_out": me.state == Annotator.State.WITHDRAWN, "cap": me.cap}


def _rules(project: Project) -> dict[str, Any]:
    """What of the project's settings bears on a person."""
    enabled = project.quality_rules.filter(is_enabled=True).order_by("pk")
    return {
        "quality": [quality_rules.sentence(rule) for rule in enabled],
        "head_start_hours": project.head_start_hours,
        "test_size": project.test_size,
        "pass_percent": None if project.pass_mark is None else round(100 * project.pass_mark),
        "has_gold": project.gold_rate > 0 or project.test_size is not None,
        "shows_gold_accuracy": project.shows_gold_accuracy,
        "price": project.price_per_annotation,
        "correctable_minutes": CORRECTABLE_FOR.seconds // 60,
        "draft_days": drafts.KEPT_FOR.days,
    }
