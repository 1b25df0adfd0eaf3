"""What the pages of gold samples show, as plain dictionaries."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from string import ascii_uppercase
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.urls import reverse

from annotation import ratings
from annotation.models import Annotation, Assignment, GoldAnswer, GoldDispute, Project, Sample
from annotation.review.said import letter, words
from annotation.services import disputes, gold, gold_accuracy, qualification
from annotation.web import questions, reading
from consensus.reliability import Estimate

ON_A_PAGE = 50
FLAGGED_BELOW = 0.5
FLAGGED_FROM = 3  # answers; one person who is wrong says nothing of the gold


def list_page(project: Project, *, at: datetime, after: int | None, decides_tests: bool) -> dict[str, Any]:
    """The gold of a project, newest first: what is disputed, how often each was right, and how people stand in the test.

    `decides_tests`: whether whoever looks is an admin, who may let people take the test again.
    """
    answers = _answers(project).order_by("-pk")
    if after:
        answers = answers.filter(pk__lt=after)
    found = list(answers[: ON_A_PAGE + 1])
    shown = found[:ON_A_PAGE]
    count, is_whole = gold.promotable(project, at=at)
    return {
        "project": project,
        "disputes": [_dispute(project, of_one) for of_one in disputes.open_disputes(project)[:ON_A_PAGE]],
        "gold": rows(project, shown),
        "next_after": shown[-1].pk if len(found) > ON_A_PAGE else None,
        "is_first_page": after is None,
        "promotable": count,
        "promotable_is_whole": is_whole,
        "problem": qualification.problem(project),
        "failed": _failed(project) if decides_tests else [],
    }


def rows(project: Project, answers: Sequence[GoldAnswer]) -> list[dict[str, Any]]:
    """Known answers, with how often each was given and how right people were on it."""
    ids = [answer.sample_id for answer in answers]
    accuracies = gold_accuracy.accuracies_on(project, ids)
    handed = _handed_out(ids)
    return [_row(project, answer, accuracies.get(answer.sample_id), handed) for answer in answers]


def _row(project: Project, answer: GoldAnswer, accuracy: Estimate | None, handed: Mapping[int, int]) -> dict[str, Any]:
    answered = accuracy.count if accuracy else 0
    share = accuracy.value if accuracy else None
    return {
        "url": reverse("annotation:gold-sample", args=[project.slug, answer.sample_id]),
        "sample_id": answer.sample.external_id,
        "source": answer.get_source_display(),
        "words": _judged(answer),
        "is_served": answer.is_served,
        "teaches": answer.teaches,
        "handed_out": handed.get(answer.sample_id, 0),
        "answered": answered,
        "right_text": "" if share is None else f"{100 * share:.0f} %",
        "is_flagged": share is not None and answered >= FLAGGED_FROM and share < FLAGGED_BELOW,
    }


def _answers(project: Project) -> QuerySet[GoldAnswer]:
    return GoldAnswer.objects.filter(project=project, is_current=True).select_related("sample", "rubric", "written_by")


def _handed_out(sample_ids: Sequence[int]) -> dict[int, int]:
    given = Assignment.objects.filter(sample__in=sample_ids, is_gold=True).order_by().values("sample_id")
    given_back = Q(state__in=[Assignment.State.EXPIRED, Assignment.State.RELEASED])
    counted = given.annotate(count=Count("pk", filter=~given_back))
    return {row["sample_id"]: row["count"] for row in counted}


def _judged(answer: GoldAnswer) -> list[dict[str, Any]]:
    """The places that the answer judges, in words."""
    places = ratings.layout(answer.rubric.attributes, answer.sample.response_count)
    said = words(places, answer.ratings, answer.sample)
    return [word for word, value in zip(said, answer.ratings, strict=True) if value is not None]


def _failed(project: Project) -> list[dict[str, Any]]:
    people = qualification.failed(project)[:ON_A_PAGE]
    return [
        {
            "name": str(person),
            "tested_at": person.tested_at,
            "url": reverse("annotation:test-again", args=[project.slug, person.pk]),
        }
        for person in people
    ]


# --- one sample --------------------------------------------------------------------------------------------------
def sample_page(project: Project, sample: Sample, *, posted: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """One sample with its known answers, what people said of it unawares, and what they say against it.

    `posted`: the fields of a form that was refused, to be shown again.
    """
    answers = list(sample.gold_answers.select_related("rubric", "written_by").order_by("-revision"))
    current = next((answer for answer in answers if answer.is_current), None)
    said = list(_said(sample))
    places = ratings.layout(project.rubric.attributes, sample.response_count)
    return {
        "project": project,
        "sample": _texts(sample),
        "refusal": gold.why_not_gold(sample),
        "is_known": current is not None,
        "teaches": posted["use"] == "teach"
        if posted and "use" in posted
        else sample.purpose == Sample.Purpose.TRAINING,
        "may_choose_use": sample.purpose != Sample.Purpose.WORK or not answers,
        "can_change_use": gold.can_change_use(sample),
        "row": rows(project, [current])[0] if current else None,
        "answers": [_revision(answer, sample) for answer in answers],
        "people": [_person(number, annotation, sample) for number, annotation in enumerate(said, start=1)],
        "scales": _scales(places, sample, current, said, posted or {}),
        "note": (posted or {}).get("note", current.note if current else ""),
        "disputes": [
            _dispute(project, of_one) | {"reply": (posted or {}).get(f"reply-{of_one.pk}", "")}
            for of_one in disputes.open_disputes(project).filter(assignment__sample=sample)
        ],
    }


def _said(sample: Sample) -> QuerySet[Annotation]:
    answered = Annotation.objects.filter(
        assignment__sample=sample,
        assignment__is_gold=True,
        assignment__state__in=gold_accuracy.ANSWERED,
        is_current=True,
    )
    return answered.select_related("assignment__annotator", "rubric").order_by("assignment__finished_at", "pk")


def _person(number: int, annotation: Annotation, sample: Sample) -> dict[str, Any]:
    places = ratings.layout(annotation.rubric.attributes, sample.response_count)
    return {
        "mark": number,
        "name": str(annotation.assignment.annotator),
        "neither_valid": annotation.neither_valid,
        "comment": annotation.comment,
        "words": words(places, annotation.ratings, sample),
    }


def _scales(
    places: Sequence[ratings.Place],
    sample: Sample,
    current: GoldAnswer | None,
    said: Sequence[Annotation],
    posted: Mapping[str, Any],
) -> list[dict[str, Any]]:
    known = _now(current.ratings, current.rubric.attributes, places, sample) if current else [None] * len(places)
    given = [_now(annotation.ratings, annotation.rubric.attributes, places, sample) for annotation in said]
    return [
        {
            "field": questions.field_name(at),
            "title": place.title,
            "response_letter": letter(place, sample),
            "known": known[at],
            "checked": posted.get(questions.field_name(at), "" if known[at] is None else str(known[at])),
            "levels": [
                {
                    "value": value,
                    "label": place.word_for(value),
                    "favours": questions.favoured_letter(place, value),
                    "dots": [
                        {"mark": number, "name": str(annotation.assignment.annotator)}
                        for number, (annotation, packed) in enumerate(zip(said, given, strict=True), start=1)
                        if packed[at] == value
                    ],
                }
                for value in place.levels
            ],
        }
        for at, place in enumerate(places)
    ]


def _now(
    packed: Sequence[int | None],
    attributes: Sequence[Mapping[str, Any]],
    places: Sequence[ratings.Place],
    sample: Sample,
) -> ratings.Packed:
    return ratings.translated(packed, attributes, places, sample.response_count)


def _texts(sample: Sample) -> dict[str, Any]:
    content = sample.content
    return {
        "pk": sample.pk,
        "external_id": sample.external_id,
        "conversation": [reading.turn(message) for message in content.messages],
        "responses": [
            {"letter": ascii_uppercase[at], "turns": reading.turns(response)}
            for at, response in enumerate(content.responses)
        ],
    }


def _revision(answer: GoldAnswer, sample: Sample) -> dict[str, Any]:
    answer.sample = sample
    return {
        "number": answer.revision,
        "is_current": answer.is_current,
        "source": answer.get_source_display(),
        "by": answer.written_by.get_username() if answer.written_by else "",
        "at": answer.created_at,
        "note": answer.note,
        "words": _judged(answer),
    }


def _dispute(project: Project, of_one: GoldDispute) -> dict[str, Any]:
    sample = of_one.assignment.sample
    return {
        "pk": of_one.pk,
        "person": str(of_one.assignment.annotator),
        "text": of_one.text,
        "opened_at": of_one.opened_at,
        "sample_id": sample.external_id,
        "sample_url": reverse("annotation:gold-sample", args=[project.slug, sample.pk]),
        "close_url": reverse("annotation:gold-dispute", args=[project.slug, of_one.pk]),
    }
