"""The history of one sample: its moves, what reviewers decided, how its label changed, and who revised an answer."""

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _

from annotation import ratings
from annotation.models import Annotation, Decision, Sample, SampleEvent
from annotation.review import said as saying

Row = dict[str, Any]
WRITTEN_BY_DECISIONS = ("adjudicated", "sent_back", "sent_to_people", "reopened", "excluded")


def of_sample(sample: Sample) -> list[Row]:
    """Everything that happened, the earliest first."""
    taken = list(Decision.objects.filter(sample=sample).order_by("pk"))
    told = {(decision.at, decision.by_id) for decision in taken}  # a decision says more than the events that it wrote
    events = [
        event
        for event in sample.events.select_related("actor").order_by("pk")
        if event.reason not in WRITTEN_BY_DECISIONS or (event.at, event.actor_id) not in told
    ]
    rows = [*map(_event, events), *(_decision(one, sample) for one in taken), *_revisions(sample)]
    return sorted(rows, key=lambda row: row["at"])


def _event(event: SampleEvent) -> Row:
    return {
        "kind": "event",
        "at": event.at,
        "source": "" if event.source == event.target else event.source,
        "target": event.target,
        "text": event.text or event.reason.replace("_", " "),
        "by": str(event.actor.username) if event.actor else "",
    }


def _decision(decision: Decision, sample: Sample) -> Row:
    before, after = decision.before.get("state", ""), decision.after.get("state", "")
    return {
        "kind": "decision",
        "at": decision.at,
        "source": "" if before == after else before,
        "target": after,
        "text": decision.get_action_display(),
        "cause": decision.get_cause_display() if decision.cause else "",
        "note": decision.note,
        "saw_judges": decision.saw_judges,
        "by": decision.by_name or _("a reviewer"),
        "changes": changes(decision, sample),
    }


def changes(decision: Decision, sample: Sample) -> list[Row]:
    """What the label was and became, of the places where it changed, in the words of the rubric as it is now."""
    before, after = (_values(kept.get("label", [])) for kept in (decision.before, decision.after))
    return [
        {"title": saying.title(place, sample), "was": saying.word(place, was), "becomes": saying.word(place, becomes)}
        for place in ratings.layout(sample.project.rubric.attributes, sample.response_count)
        for was, becomes in [(before.get((place.name, place.response)), after.get((place.name, place.response)))]
        if was != becomes
    ]


def _values(label: Sequence[Row]) -> dict[tuple[str, int | None], int | None]:
    return {(one["attribute"], one["response"]): one["value"] for one in label}


def _revisions(sample: Sample) -> list[Row]:
    revised = Annotation.objects.filter(assignment__sample=sample, revision__gt=1)
    return [
        {
            "kind": "revision",
            "at": annotation.submitted_at,
            "source": "",
            "target": "",
            "text": _("%(name)s revised their annotation (revision %(number)d).")
            % {"name": annotation.assignment.annotator, "number": annotation.revision},
            "by": "",
        }
        for annotation in revised.select_related("assignment__annotator").order_by("pk")
    ]
