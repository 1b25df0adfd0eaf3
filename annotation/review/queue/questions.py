"""Questions of annotators as reviewers see them: waiting in the queue, beside a sample, and one with its sample."""

from collections.abc import Iterable
from string import ascii_uppercase
from typing import Any

from django.urls import reverse

from annotation.models import Assignment, Project, Question, Sample
from annotation.services import questions, showing
from annotation.web import asking, reading

SHOWN_AT_MOST = 50


def waiting(project: Project) -> list[dict[str, Any]]:
    """What waits for a reply, the oldest first."""
    return _rows(project, questions.open_questions(project)[:SHOWN_AT_MOST])


def of_sample(project: Project, sample: Sample) -> list[dict[str, Any]]:
    """Everything that was asked about one sample, with the replies."""
    return _rows(project, questions.about(sample)[:SHOWN_AT_MOST])


def page(project: Project, asked: Question, *, posted: str = "") -> dict[str, Any]:
    """One question with the sample as its annotator saw it: in their order, blind. `posted`: a reply that was refused."""
    assignment = asked.assignment
    return {
        "project": project,
        "question": _row(project, asked),
        "conversation": [reading.turn(message) for message in showing.conversation(assignment.sample)],
        "responses": [
            {"letter": ascii_uppercase[at], "turns": reading.turns(response)}
            for at, response in enumerate(showing.responses_as_shown(assignment))
        ],
        "has_other_letters": list(assignment.shown_order) != sorted(assignment.shown_order),
        "is_in_hand": assignment.state == Assignment.State.LEASED,
        "sample_url": _sample_url(project, assignment),
        "reply": posted,
    }


def _rows(project: Project, asked: Iterable[Question]) -> list[dict[str, Any]]:
    return [_row(project, one) for one in asked]


def _row(project: Project, asked: Question) -> dict[str, Any]:
    assignment = asked.assignment
    return {
        "pk": asked.pk,
        "url": reverse("annotation:question", args=[project.slug, asked.pk]),
        "person": str(assignment.annotator),
        "text": asked.text,
        "asked_at": asked.asked_at,
        "reply": asked.reply,
        "by": asking.by_name(asked),
        "replied_at": asked.replied_at,
        "is_read": asked.read_at is not None,
        "sample_id": assignment.sample.external_id,
        "sample": asking.beginning(assignment.sample.content),
        "is_gold": assignment.is_gold,
    }


def _sample_url(project: Project, assignment: Assignment) -> str:
    """The page of the sample: of its known answer where it was given as gold, else of what people said of it."""
    page_of = "annotation:gold-sample" if assignment.is_gold else "annotation:review"
    return reverse(page_of, args=[project.slug, assignment.sample_id])
