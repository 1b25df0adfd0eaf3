"""What was posted from a card, as the answer that the services take in."""

from django.http import HttpRequest

from annotation.models import Assignment, Rubric
from annotation.services import governing
from annotation.services.submission import Answer
from annotation.web import fields, forms


def answer(request: HttpRequest, assignment: Assignment) -> Answer:
    """The posted form. A value that is no number is passed on, for the service to refuse by name."""
    rubric = rubric_shown(request, assignment)
    order = assignment.shown_order
    neither = "neither_valid" in request.POST
    seconds = forms.number(request, "active_seconds")
    return Answer(
        given=[] if neither else fields.ratings_in(request.POST, rubric, order),
        remarks=fields.remarks_in(request.POST, rubric, order, neither_valid=neither),
        client_key=forms.text(request, "client_key", longest=64) or f"plain-{assignment.pk}",
        neither_valid=neither,
        comment=forms.text(request, "comment", longest=20_000),
        active_seconds=seconds if isinstance(seconds, int) and 0 <= seconds < 86_400 else None,
        rubric=rubric.version,
    )


def rubric_shown(request: HttpRequest, assignment: Assignment) -> Rubric:
    """The version of the rubric that the posted form shows: its fields are places, and mean nothing without it."""
    version = forms.number(request, "rubric")
    if isinstance(version, int) and (shown := assignment.sample.project.rubrics.filter(version=version).first()):
        return shown
    return governing.rubric_for(assignment)
