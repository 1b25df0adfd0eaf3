"""What the review pages show, as plain dictionaries."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from string import ascii_uppercase
from typing import Any

import numpy as np
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from annotation import querysets, ratings, remarks
from annotation.models import Annotation, Assignment, ConsensusLabel, Judgment, Project, ReviewItem, Sample, SampleEvent
from annotation.review import decisions
from annotation.review import questions as asked
from annotation.services import judging, labels
from annotation.web import questions, reading
from consensus.aggregate import TooFewUsable

SHOWN_AT_MOST = 100


def queue(project: Project) -> list[dict[str, Any]]:
    """The samples that wait for a reviewer, oldest reason first."""
    samples = list(
        querysets.samples_under_review(project)
        .prefetch_related("events", "review_items")
        .order_by("pk")[:SHOWN_AT_MOST]
    )
    counted = defaultdict(list)
    for annotation in (
        querysets.counted_annotations().filter(assignment__sample__in=samples).select_related("assignment", "rubric")
    ):
        counted[annotation.assignment.sample_id].append(annotation)
    return [_queue_item(project, sample, counted[sample.pk]) for sample in samples]


def _queue_item(project: Project, sample: Sample, annotations: Sequence[Annotation]) -> dict[str, Any]:
    last = max(sample.events.all(), key=lambda event: event.pk, default=None)
    opened = [item for item in sample.review_items.all() if item.closed_at is None]
    return {
        "url": reverse("annotation:review", args=[project.slug, sample.pk]),
        "sample_id": sample.external_id,
        "state": sample.state,
        "reason_text": " ".join([*(_item_text(item) for item in opened), last.text if last else ""]).strip(),
        "opened_at": opened[0].opened_at if opened else last.at if last else sample.created_at,
        "disagreement": _spreads(project, sample, annotations),
        "count": len(annotations),
    }


def _item_text(item: ReviewItem) -> str:
    return f"{item.get_kind_display()}."


def _spreads(project: Project, sample: Sample, annotations: Sequence[Annotation]) -> list[dict[str, Any]]:
    """The values that people gave on the attributes that trigger."""
    triggers = project.policy.triggers
    places = ratings.layout(project.rubric.attributes, sample.response_count)
    given = [_ratings(annotation, places, sample) for annotation in annotations]
    return [
        {
            "attribute": _title(place, sample),
            "words": " ".join(_short(place, value) for value in values),
            "values": values,
            "span_low": place.levels[0],
            "span_high": place.levels[-1],
        }
        for at, place in enumerate(places)
        for values in [[packed[at] for packed in given if packed[at] is not None]]
        if place.name in triggers
    ]


def _ratings(annotation: Annotation, places: Sequence[ratings.Place], sample: Sample) -> ratings.Packed:
    """What a person gave, in the places of the rubric as it is now; they may have answered an older version."""
    return ratings.translated(annotation.ratings, annotation.rubric.attributes, places, sample.response_count)


def _short(place: ratings.Place, value: int | None) -> str:
    """A value in a character or two: a comparison's as the letter that it favours, with its strength where it has one."""
    if not place.is_comparison or value is None:
        return str(value)
    strength = str(abs(value)) if max(place.levels) > 1 else ""
    return f"{questions.favoured_letter(place, value)}{strength}" if value else "="


def _title(place: ratings.Place, sample: Sample) -> str:
    of_response = letter(place, sample)
    return f"{of_response}: {place.title}" if of_response else place.title


def letter(place: ratings.Place, sample: Sample) -> str | None:
    return None if place.response is None or sample.response_count == 1 else ascii_uppercase[place.response]


def sample_page(project: Project, sample: Sample, *, posted: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Everything about one sample: its texts, who said what, the proposed label, judges, history.

    `posted`: the fields of a decision that was refused, to be shown again.
    """
    posted = posted or {}
    places = ratings.layout(project.rubric.attributes, sample.response_count)
    annotations = list(
        Annotation.objects.filter(assignment__sample=sample, is_current=True)
        .select_related("assignment__annotator", "rubric")
        .order_by("assignment__finished_at", "assignment_id")
    )
    counted = [a for a in annotations if counts(a.assignment)]
    events = list(sample.events.select_related("actor").order_by("pk"))
    decision = _decision(sample, events)
    proposed = proposal(project, sample, counted)
    bracketed = _settled_values(sample, places) if decision else proposed
    marks = {annotation.pk: number for number, annotation in enumerate(annotations, start=1)}
    dots = _dots(places, counted, marks, sample)
    return {
        "project": project,
        "sample": _sample(sample, events[-1].text if events else ""),
        "annotations": [_annotation(a, sample, marks[a.pk]) for a in annotations],
        "scales": [_scale(at, place, sample, dots[at], bracketed[at], posted) for at, place in enumerate(places)],
        "judges": [_judge(project, judgment, sample) for judgment in _judgments(project, sample)],
        "events": [_event(event) for event in events],
        "causes": decisions.CAUSES,
        "chosen_cause": posted.get("cause", ""),
        "note": posted.get("note", ""),
        "actions": decisions.actions(sample, has_proposal=any(value is not None for value in proposed)),
        "decision": decision,
        "questions": asked.of_sample(project, sample),
        "decide_url": reverse("annotation:decide", args=[project.slug, sample.pk]),
    }


def counts(assignment: Assignment) -> bool:
    """An answer that was given to a promoted sample as gold measures the person and decides nothing."""
    return assignment.state == Assignment.State.SUBMITTED and not assignment.is_gold


def _event(event: SampleEvent) -> dict[str, Any]:
    return {
        "at": event.at,
        "source": event.source,
        "target": event.target,
        "reason": event.text or event.reason.replace("_", " "),
        "by": str(event.actor.username) if event.actor else "",
    }


def _judgments(project: Project, sample: Sample) -> QuerySet[Judgment]:
    return Judgment.objects.filter(sample=sample, judge__in=judging.enabled_judges(project)).select_related(
        "judge", "rubric"
    )


def _sample(sample: Sample, reason_text: str) -> dict[str, Any]:
    content = sample.content
    return {
        "external_id": sample.external_id,
        "state": sample.state,
        "reason_text": reason_text,
        "conversation": [reading.turn(message) for message in content.messages],
        "responses": [
            {"id": response["id"], "letter": ascii_uppercase[at], "turns": reading.turns(response)}
            for at, response in enumerate(content.responses)
        ],
    }


def _annotation(annotation: Annotation, sample: Sample, mark: int) -> dict[str, Any]:
    places = ratings.layout(annotation.rubric.attributes, sample.response_count)
    assignment = annotation.assignment
    order = ", ".join(ascii_uppercase[place] for place in assignment.shown_order)
    return {
        "name": str(assignment.annotator),
        "mark": mark,
        "round": annotation.round,
        "when": date_format(timezone.localtime(annotation.submitted_at), "DATETIME_FORMAT"),
        "shown_order_text": _("saw %(order)s") % {"order": order} if sample.response_count > 1 else "",
        "comment": annotation.comment,
        "remarks": _remarks(annotation, sample),
        "counted": counts(assignment),
        "neither_valid": annotation.neither_valid,
        "values": words(places, annotation.ratings, sample),
    }


def _remarks(annotation: Annotation, sample: Sample) -> list[dict[str, Any]]:
    """What one person said beside the ratings."""
    rows = remarks.in_words(annotation.remarks, rubric=annotation.rubric, response_count=sample.response_count)
    return [{**row, "letter": "" if row["response"] is None else ascii_uppercase[row["response"]]} for row in rows]


def words(places: Sequence[ratings.Place], values: Sequence[int | None], sample: Sample) -> list[dict[str, Any]]:
    """What one person or judge said, place by place, in the rubric's words."""
    return [
        {
            "attribute": place.title,
            "response": letter(place, sample),
            "favours": "" if value is None else questions.favoured_letter(place, value),
            "label": place.word_for(value),
            "is_given": value is not None,
        }
        for place, value in zip(places, values, strict=True)
    ]


def proposal(project: Project, sample: Sample, counted: Sequence[Annotation]) -> list[int | None]:
    """The label that the policy's rule would give, settled or not; empty places where it has none."""
    places = ratings.layout(project.rubric.attributes, sample.response_count)
    policy = project.policy
    try:
        label = labels.by_rule(sample, counted, places, policy)
    except TooFewUsable:
        return [None] * len(places)
    return [None if np.isnan(value) else int(value) for value in label.values]


def _scale(
    at: int,
    place: ratings.Place,
    sample: Sample,
    dots: Sequence[dict[str, Any]],
    proposed: int | None,
    posted: Mapping[str, Any],
) -> dict[str, Any]:
    field = questions.field_name(at)
    return {
        "field": field,
        "title": place.title,
        "response_letter": letter(place, sample),
        "levels": [
            {"value": value, "label": place.word_for(value), "favours": questions.favoured_letter(place, value)}
            for value in place.levels
        ],
        "dots": dots,
        "proposed": proposed,
        "checked": posted.get(field, "" if proposed is None else str(proposed)),
    }


def _dots(
    places: Sequence[ratings.Place], counted: Sequence[Annotation], marks: Mapping[int, int], sample: Sample
) -> list[list[dict[str, Any]]]:
    """For each place the people who count, each by the number under which the page lists them."""
    given = [(annotation, _ratings(annotation, places, sample)) for annotation in counted]
    return [
        [
            {
                "value": packed[at],
                "word": place.word_for(packed[at]),
                "name": str(a.assignment.annotator),
                "mark": marks[a.pk],
            }
            for a, packed in given
            if packed[at] is not None
        ]
        for at, place in enumerate(places)
    ]


def _judge(project: Project, judgment: Judgment, sample: Sample) -> dict[str, Any]:
    places = ratings.layout(judgment.rubric.attributes, sample.response_count)
    said = [word for word in words(places, judgment.ratings, sample) if word["is_given"]]
    without_vote = judgment.is_relative and not project.lets_relatives_vote
    return {
        "name": judgment.judge.name,
        "values": said,
        "is_unsure": judgment.is_unsure,
        "without_vote": without_vote,
    }


def _settled_values(sample: Sample, places: Sequence[ratings.Place]) -> list[int | None]:
    """The label as it stands, place by place."""
    current = ConsensusLabel.objects.filter(sample=sample, is_current=True)
    held = {(label.attribute, label.response): label.human_value for label in current}
    return [held.get((place.name, place.response)) for place in places]


def _decision(sample: Sample, events: Sequence[Any]) -> dict[str, Any] | None:
    """Who settled the sample, when a reviewer did or nothing waits for one."""
    label = ConsensusLabel.objects.filter(sample=sample, is_current=True, method=labels.ADJUDICATION).first()
    if label:
        by = str(label.decided_by or _("a reviewer"))
        return {"by": by, "at": label.created_at, "text": _("A reviewer gave this sample its label.")}
    if sample.state == Sample.State.EXCLUDED and events:
        last = events[-1]
        return {"by": str(last.actor or _("people")), "at": last.at, "text": last.text or _("Excluded.")}
    return None
