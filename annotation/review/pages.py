"""One sample as a reviewer sees it: texts, people beside each other, the proposed label, decisions, history."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from string import ascii_uppercase
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from annotation import ratings, remarks
from annotation.models import Annotation, Assignment, ConsensusLabel, DatasetVersion, Decision, Project, Sample, User
from annotation.review.judges import said as judges_said
from annotation.review.queue import decisions, history
from annotation.review.queue import questions as asked
from annotation.review.said import letter, packed, words
from annotation.services import decisions_made, proposing, review_queue
from annotation.services.proposing import Proposal
from annotation.web import questions, reading

Row = dict[str, Any]


def sample_page(
    project: Project, sample: Sample, *, reviewer: User, posted: Mapping[str, Any] | None = None, again: bool = False
) -> Row:
    """Everything about one sample; of judges only how many spoke, until this reviewer asked to see them.

    `posted`: the fields of a decision that was refused, to be shown again. `again`: a settled sample is decided anew.
    """
    sample.project, posted = project, posted or {}
    as_of = decisions_made.seen_now(sample)
    annotations = _annotations(sample)
    proposed = proposing.proposal(sample, [a for a in annotations if counts(a.assignment)])
    told = _sample(sample)
    settled = settled_by(sample)
    is_settled = settled is not None and not told["waiting"] and not again
    return {
        "project": project,
        "sample": told,
        "annotations": [_annotation(a, sample, number) for number, a in enumerate(annotations, start=1)],
        "orders": _orders(annotations, sample),
        "scales": _scales(sample, annotations, proposed, posted, is_settled=is_settled),
        "history": history.of_sample(sample),
        "questions": asked.of_sample(project, sample),
        "decision": settled,
        "is_settled": is_settled,
        "as_of": as_of,
        **_judges(sample, reviewer),
        **_urls(project, sample),
        **_decide(sample, proposed, posted),
    }


def _decide(sample: Sample, proposed: Proposal, posted: Mapping[str, Any]) -> Row:
    """What can be decided, and what was chosen of it."""
    has_versions = DatasetVersion.objects.filter(project=sample.project, state=DatasetVersion.State.READY).exists()
    return {
        "causes": decisions.causes(posted.get("cause", "")),
        "chosen_cause": posted.get("cause", ""),
        "likely_cause": _likely_cause(sample),
        "note": posted.get("note", ""),
        "actions": decisions.actions(sample, proposed, has_versions=has_versions),
        "is_excluded": sample.state == Sample.State.EXCLUDED,
    }


def _likely_cause(sample: Sample) -> str:
    """What the rows point to; a hint and never a choice, so that whoever accepts with one key names no cause unasked."""
    entry = sample.queue_entries.exclude(likely_cause="").order_by("-worth").first()
    return str(entry.get_likely_cause_display()) if entry else ""


def _judges(sample: Sample, reviewer: User) -> Row:
    """How many judges spoke; what they said only after this reviewer asked for it."""
    is_open = decisions_made.has_opened_judges(sample, reviewer)
    return {
        "judge_count": judges_said.how_many(sample),
        "judges": judges_said.of_sample(sample) if is_open else [],
        "judges_are_open": is_open,
        "is_told_of_judges": decisions_made.is_told_of_judges(sample),
    }


def counts(assignment: Assignment) -> bool:
    """An answer that was given to a promoted sample as gold measures the person and decides nothing."""
    return assignment.state == Assignment.State.SUBMITTED and not assignment.is_gold


def settled_by(sample: Sample) -> Row | None:
    """Who settled the sample, when a reviewer did or nothing waits for one."""
    label = ConsensusLabel.objects.filter(sample=sample, is_current=True, method="adjudication").first()
    last = decisions_made.last_of(sample)
    if label:
        by = last.by_name if last else str(label.decided_by or _("a reviewer"))
        return {
            "by": by,
            "at": label.created_at,
            "text": _("A reviewer gave this sample its label."),
            **_because(last),
        }
    event = sample.events.select_related("actor").order_by("pk").last()
    if sample.state == Sample.State.EXCLUDED and event:
        by_reviewer = last if last and last.at == event.at else None
        text = event.text or _("Excluded.")
        return {"by": str(event.actor or _("people")), "at": event.at, "text": text, **_because(by_reviewer)}
    return None


def _because(decision: Decision | None) -> Row:
    if decision is None:
        return {"cause": "", "note": "", "saw_judges": False}
    cause = decision.get_cause_display() if decision.cause else ""
    return {"cause": cause, "note": decision.note, "saw_judges": decision.saw_judges}


# --- the sample -------------------------------------------------------------------------------------------------
def _sample(sample: Sample) -> Row:
    content, event = sample.content, sample.events.order_by("pk").last()
    return {
        "external_id": sample.external_id,
        "state": sample.state,
        "reason_text": event.text if event else "",
        "waiting": [
            {"kind": entry.kind, "text": entry.get_kind_display()}
            for entry in sample.queue_entries.filter(kind__in=review_queue.OF_SAMPLES[1:]).order_by("kind")
        ],
        "conversation": [reading.turn(message) for message in content.messages],
        "responses": [
            {"id": response["id"], "letter": ascii_uppercase[at], "turns": reading.turns(response)}
            for at, response in enumerate(content.responses)
        ],
    }


# --- people -----------------------------------------------------------------------------------------------------
def _annotations(sample: Sample) -> list[Annotation]:
    """Everybody's current annotation, in order of arrival."""
    current = Annotation.objects.filter(assignment__sample=sample, is_current=True)
    current = current.select_related("assignment__annotator", "rubric")
    return list(current.order_by("assignment__finished_at", "assignment_id"))


def _annotation(annotation: Annotation, sample: Sample, mark: int) -> Row:
    places = ratings.layout(annotation.rubric.attributes, sample.response_count)
    assignment = annotation.assignment
    return {
        "name": str(assignment.annotator),
        "mark": mark,
        "round": annotation.round,
        "when": date_format(timezone.localtime(annotation.submitted_at), "DATETIME_FORMAT"),
        "order": _order(assignment) if sample.response_count > 1 else "",
        "comment": annotation.comment,
        "remarks": _remarks(annotation, sample),
        "counted": counts(assignment),
        "why_not_counted": _why_not_counted(assignment),
        "neither_valid": annotation.neither_valid,
        "values": words(places, annotation.ratings, sample),
    }


def _why_not_counted(assignment: Assignment) -> str:
    if assignment.is_gold:
        return _("given as gold")
    return {
        Assignment.State.LATE: _("came late"),
        Assignment.State.WITHDRAWN: _("withdrawn"),
    }.get(Assignment.State(assignment.state), "")


def _order(assignment: Assignment) -> str:
    return ", ".join(ascii_uppercase[place] for place in assignment.shown_order)


def _orders(annotations: Sequence[Annotation], sample: Sample) -> list[Row]:
    """The orders in which the responses were seen, each with who saw it; the sample's own first."""
    if sample.response_count < 2:
        return []
    own = ", ".join(ascii_uppercase[: sample.response_count])
    saw: dict[str, list[str]] = defaultdict(list)
    for annotation in annotations:
        saw[_order(annotation.assignment)].append(str(annotation.assignment.annotator))
    orders = [own, *sorted(order for order in saw if order != own)]
    return [{"order": order, "people": ", ".join(saw[order]), "count": len(saw[order])} for order in orders]


def _remarks(annotation: Annotation, sample: Sample) -> list[Row]:
    """What one person said beside the ratings."""
    rows = remarks.in_words(annotation.remarks, rubric=annotation.rubric, response_count=sample.response_count)
    return [{**row, "letter": "" if row["response"] is None else ascii_uppercase[row["response"]]} for row in rows]


# --- scales -----------------------------------------------------------------------------------------------------
def _scales(
    sample: Sample,
    annotations: Sequence[Annotation],
    proposed: Proposal,
    posted: Mapping[str, Any],
    *,
    is_settled: bool,
) -> list[Row]:
    """Each place as a scale: people as dots, and in brackets the label that stands or is proposed."""
    stands = _standing(sample, proposed.places)
    bracketed = stands if is_settled else proposed.values
    dots = _dots(proposed.places, annotations, sample)
    return [
        {
            "field": questions.field_name(at),
            "title": place.title,
            "response_letter": letter(place, sample),
            "levels": [
                {"value": value, "label": place.word_for(value), "favours": questions.favoured_letter(place, value)}
                for value in place.levels
            ],
            "dots": dots[at],
            "proposed": bracketed[at],
            "confidence_text": "" if is_settled else _confidence(proposed.confidences[at]),
            "was": stands[at],
            "checked": posted.get(questions.field_name(at), "" if bracketed[at] is None else str(bracketed[at])),
        }
        for at, place in enumerate(proposed.places)
    ]


def _confidence(chance: float | None) -> str:
    return "" if chance is None else f"{chance:.0%}".replace("%", " %")


def _dots(places: Sequence[ratings.Place], annotations: Sequence[Annotation], sample: Sample) -> list[list[Row]]:
    """For each place the people who count, each by the number under which the page lists them."""
    numbered = [(number, a) for number, a in enumerate(annotations, start=1) if counts(a.assignment)]
    given = [(number, str(a.assignment.annotator), packed(a, places, sample)) for number, a in numbered]
    return [
        [
            {"value": said[at], "word": place.word_for(said[at]), "name": name, "mark": number}
            for number, name, said in given
            if said[at] is not None
        ]
        for at, place in enumerate(places)
    ]


def _standing(sample: Sample, places: Sequence[ratings.Place]) -> list[int | None]:
    """The label as it stands, place by place."""
    current = ConsensusLabel.objects.filter(sample=sample, is_current=True)
    held = {(label.attribute, label.response): label.human_value for label in current}
    return [held.get((place.name, place.response)) for place in places]


def _urls(project: Project, sample: Sample) -> Row:
    """Where the forms of the page go."""
    names = {"decide_url": "decide", "judges_url": "review-judges", "reopen_url": "reopen"}
    return {name: reverse(f"annotation:{address}", args=[project.slug, sample.pk]) for name, address in names.items()}
