"""What the review pages show, as plain dictionaries."""

from collections import defaultdict
from collections.abc import Sequence
from string import ascii_uppercase
from typing import Any

import numpy as np
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format

from annotation import querysets, ratings
from annotation.models import Annotation, Assignment, ConsensusLabel, Judgment, Project, ReviewItem, Sample
from annotation.services import judging, labels
from annotation.web import cards
from consensus import aggregate

SHOWN_AT_MOST = 100
CAUSES = [
    {"value": "", "label": "Choose a cause"},
    {"value": "prompt unclear", "label": "The prompt is unclear"},
    {"value": "taste", "label": "A matter of taste"},
    {"value": "refusal", "label": "About a refusal"},
    {"value": "error", "label": "Somebody's error"},
    {"value": "bad sample", "label": "A bad sample"},
]


def queue(project: Project) -> list[dict[str, Any]]:
    """The samples that wait for a reviewer, oldest reason first."""
    samples = list(
        querysets.samples_under_review(project)
        .prefetch_related("events", "review_items")
        .order_by("pk")[:SHOWN_AT_MOST]
    )
    counted = defaultdict(list)
    for annotation in (
        querysets.counted_annotations().filter(assignment__sample__in=samples).select_related("assignment")
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
    return [
        {
            "attribute": _title(place, sample),
            "values": [a.ratings[at] for a in annotations if a.ratings[at] is not None],
            "span_low": place.levels[0],
            "span_high": place.levels[-1],
        }
        for at, place in enumerate(ratings.layout(project.rubric.attributes, sample.response_count))
        if place.name in triggers
    ]


def _title(place: ratings.Place, sample: Sample) -> str:
    letter = f"{_letter(place, sample)}: " if _letter(place, sample) else ""
    return f"{letter}{place.title}"


def _letter(place: ratings.Place, sample: Sample) -> str | None:
    return None if place.response is None or sample.response_count == 1 else ascii_uppercase[place.response]


def sample_page(project: Project, sample: Sample) -> dict[str, Any]:
    """Everything about one sample: its texts, who said what, the proposed label, judges, history."""
    places = ratings.layout(project.rubric.attributes, sample.response_count)
    annotations = list(
        Annotation.objects.filter(assignment__sample=sample, is_current=True)
        .select_related("assignment__annotator")
        .order_by("assignment__finished_at", "assignment_id")
    )
    counted = [a for a in annotations if a.assignment.state == Assignment.State.SUBMITTED]
    proposed = proposal(project, sample, counted)
    events = list(sample.events.select_related("actor").order_by("pk"))
    return {
        "project": project,
        "sample": _sample(sample, events[-1].text if events else ""),
        "annotations": [_annotation(a, places, sample) for a in annotations],
        "scales": [_scale(at, place, sample, counted, proposed) for at, place in enumerate(places)],
        "judges": [_judge(judgment, places) for judgment in _judgments(project, sample)],
        "events": [
            {"at": e.at, "source": e.source, "target": e.target, "reason": e.text or e.reason.replace("_", " ")}
            for e in events
        ],
        "causes": CAUSES,
        "effects": effects(project, sample),
        "decision": _decision(sample, events),
        "decide_url": reverse("annotation:decide", args=[project.slug, sample.pk]),
    }


def _judgments(project: Project, sample: Sample) -> QuerySet[Judgment]:
    return Judgment.objects.filter(sample=sample, judge__in=judging.enabled_judges(project)).select_related("judge")


def _sample(sample: Sample, reason_text: str) -> dict[str, Any]:
    content = sample.content
    return {
        "external_id": sample.external_id,
        "state": sample.state,
        "reason_text": reason_text,
        "conversation": [cards.turn(message) for message in content.messages],
        "responses": [
            {"id": response["id"], "letter": ascii_uppercase[at], "turns": cards.turns(response)}
            for at, response in enumerate(content.responses)
        ],
    }


def _annotation(annotation: Annotation, places: Sequence[ratings.Place], sample: Sample) -> dict[str, Any]:
    assignment = annotation.assignment
    order = ", ".join(ascii_uppercase[place] for place in assignment.shown_order)
    return {
        "name": str(assignment.annotator),
        "round": annotation.round,
        "when": date_format(timezone.localtime(annotation.submitted_at), "DATETIME_FORMAT"),
        "shown_order_text": f"saw {order}" if sample.response_count > 1 else "",
        "comment": annotation.comment,
        "counted": assignment.state == Assignment.State.SUBMITTED,
        "values": [
            {
                "attribute": place.title,
                "response": _letter(place, sample),
                "value": value,
                "label": place.word_for(value),
            }
            for place, value in zip(places, annotation.ratings, strict=True)
        ],
    }


def proposal(project: Project, sample: Sample, counted: Sequence[Annotation]) -> list[int | None]:
    """The label that the policy's rule would give, settled or not; empty places where it has none."""
    places = ratings.layout(project.rubric.attributes, sample.response_count)
    policy = project.policy
    given = ratings.matrix([annotation.ratings for annotation in counted], places)
    try:
        label = aggregate.label(policy.label_rule, given, ratings.slots(places, policy))
    except aggregate.TooFewUsable:
        return [None] * len(places)
    return [None if np.isnan(value) else int(value) for value in label.values]


def _scale(
    at: int, place: ratings.Place, sample: Sample, counted: Sequence[Annotation], proposed: Sequence[int | None]
) -> dict[str, Any]:
    return {
        "field": cards.field_name(at),
        "attribute": place.name,
        "title": place.title,
        "response_letter": _letter(place, sample),
        "levels": [{"value": value, "label": place.word_for(value)} for value in place.levels],
        "dots": [
            {"value": a.ratings[at], "name": str(a.assignment.annotator)} for a in counted if a.ratings[at] is not None
        ],
        "proposed": proposed[at],
        "chosen": None,
        "error": "",
    }


def _judge(judgment: Judgment, places: Sequence[ratings.Place]) -> dict[str, str]:
    said = [
        f"{place.title}: {place.word_for(value)}"
        for place, value in zip(places, judgment.ratings, strict=True)
        if value is not None
    ]
    return {"name": judgment.judge.name, "values": ", ".join(said)}


def effects(project: Project, sample: Sample) -> dict[str, str]:
    """What each decision changes, said before it is taken."""
    left = querysets.people_who_may_be_asked(sample)[:2].count()
    asked = f"It goes to {left} more, then is decided again." if left else "Nobody is left to ask in this project."
    return {
        "accept": "The proposed label becomes the sample's label. It is resolved.",
        "set": "What is chosen above becomes the sample's label. It is resolved.",
        "escalate": asked,
        "exclude": "It leaves the data set and is given to nobody.",
    }


def _decision(sample: Sample, events: Sequence[Any]) -> dict[str, Any] | None:
    """Who settled the sample, when a reviewer did or nothing waits for one."""
    label = ConsensusLabel.objects.filter(sample=sample, is_current=True, method=labels.ADJUDICATION).first()
    if label:
        by = str(label.decided_by or "a reviewer")
        return {"by": by, "at": label.created_at, "text": "A reviewer gave this sample its label."}
    if sample.state == Sample.State.EXCLUDED and events:
        last = events[-1]
        return {"by": str(last.actor or "people"), "at": last.at, "text": last.text or "Excluded."}
    return None
