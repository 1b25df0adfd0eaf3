"""The review queue as its page shows it: one ordered list of everything that waits for a reviewer, a page at a time."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from annotation import querysets, ratings
from annotation.models import Annotation, Decision, GoldDispute, Project, Question, QueueEntry, Sample, SampleEvent
from annotation.review import said as saying
from annotation.review.queue.decisions import SEVERAL
from annotation.services import review_queue, second_looks
from annotation.services.review_queue import COUNTED_UP_TO, OF_SAMPLES, PAGE, Place, Wanted
from annotation.web import questions
from annotation.web.asking import beginning

Kind = QueueEntry.Kind
Row = dict[str, Any]


def page(project: Project, wanted: Wanted, *, after: Place | None = None) -> Row:
    """What waits, worth most first, from this place on."""
    entries = review_queue.after(review_queue.waiting(project, wanted), after)
    found = list(entries.select_related("sample__content")[: PAGE + 1])
    shown = found[:PAGE]
    counts = review_queue.counts(project)
    total = sum(counts.values())
    return {
        "project": project,
        "rows": _rows(project, shown, wanted),
        "count": total,
        "count_text": _count_text(total),
        "kinds": _kinds(project, wanted, counts),
        "attributes": _attributes(project, wanted),
        "causes": _causes(wanted),
        "wanted": wanted,
        "is_narrowed": bool(wanted.as_fields),
        "is_first": after is None,
        "more_url": _more_url(project, wanted, shown) if len(found) > PAGE else "",
        "several": SEVERAL,
        "second_looks": second_looks.waiting(project)[:COUNTED_UP_TO].count(),
    }


def url(project: Project, wanted: Wanted, **more: str) -> str:
    """The address of the queue, or of a part of it."""
    return _with(reverse("annotation:queue", args=[project.slug]), wanted, **more)


def url_of(project: Project, entry: QueueEntry, wanted: Wanted) -> str:
    """Where this entry is settled. The part of the queue that is gone through stays in the address."""
    if entry.kind == Kind.QUESTION:
        return reverse("annotation:question", args=[project.slug, entry.source_id])
    if entry.kind == Kind.GOLD_DISPUTE:
        return reverse("annotation:gold-sample", args=[project.slug, entry.sample_id])
    return _with(reverse("annotation:review", args=[project.slug, entry.sample_id]), wanted)


def _with(address: str, wanted: Wanted, **more: str) -> str:
    fields = {**wanted.as_fields, **more}
    return f"{address}?{urlencode(fields)}" if fields else address


def _more_url(project: Project, wanted: Wanted, shown: Sequence[QueueEntry]) -> str:
    return url(project, wanted, after=str(Place.of(shown[-1])))


# --- the rows ---------------------------------------------------------------------------------------------------
def _rows(project: Project, entries: Sequence[QueueEntry], wanted: Wanted) -> list[Row]:
    samples = {entry.sample_id: entry.sample for entry in entries if entry.kind in OF_SAMPLES}
    said, reasons = _said(samples), _reasons(samples)
    words = _words(entries)
    return [
        {
            "url": url_of(project, entry, wanted),
            "sample_pk": entry.sample_id,
            "sample_id": entry.sample.external_id,
            "kind": entry.kind,
            "kind_text": entry.get_kind_display(),
            "state": entry.sample.state if entry.kind in OF_SAMPLES else "",
            "can_be_chosen": entry.kind in OF_SAMPLES,
            "text": words.get(entry.pk) or reasons.get(entry.sample_id, ""),
            "beginning": beginning(entry.sample.content),
            "opened_at": entry.opened_at,
            "worth_text": _worth_text(entry),
            "cause_text": entry.get_likely_cause_display() if entry.likely_cause else "",
            "count": len(said[entry.sample_id]),
            "disagreement": spreads(project, entry.sample, said[entry.sample_id]),
        }
        for entry in entries
    ]


def _worth_text(entry: QueueEntry) -> str:
    """In label values; while beat has not weighed it, a guess from its kind."""
    worth = number_format(round(entry.worth, 1), 1)
    return worth if entry.is_weighed else _("about %(worth)s") % {"worth": worth}


def _said(samples: Mapping[int, Sample]) -> dict[int, list[Annotation]]:
    counted: dict[int, list[Annotation]] = defaultdict(list)
    of_samples = querysets.counted_annotations().filter(assignment__sample__in=samples)
    for annotation in of_samples.select_related("assignment", "rubric"):
        counted[annotation.assignment.sample_id].append(annotation)
    return counted


def _reasons(samples: Mapping[int, Sample]) -> dict[int, str]:
    """What the last event of each sample says."""
    events = SampleEvent.objects.filter(sample__in=samples).order_by("sample_id", "-pk").distinct("sample_id")
    return {event.sample_id: event.text for event in events}


def _words(entries: Sequence[QueueEntry]) -> dict[int, str]:
    """What people wrote: questions and disputes, by entry."""
    by_kind = {
        kind: {e.source_id: e.pk for e in entries if e.kind == kind} for kind in (Kind.QUESTION, Kind.GOLD_DISPUTE)
    }
    asked = Question.objects.filter(pk__in=by_kind[Kind.QUESTION])
    disputed = GoldDispute.objects.filter(pk__in=by_kind[Kind.GOLD_DISPUTE])
    return {
        by_kind[kind][one.pk]: f"{one.assignment.annotator}: {one.text}"
        for kind, rows in ((Kind.QUESTION, asked), (Kind.GOLD_DISPUTE, disputed))
        for one in rows.select_related("assignment__annotator")
    }


def spreads(project: Project, sample: Sample, annotations: Sequence[Annotation]) -> list[Row]:
    """The values that people gave on the attributes that trigger."""
    places = ratings.layout(project.rubric.attributes, sample.response_count)
    given = [saying.packed(annotation, places, sample) for annotation in annotations]
    return [
        {
            "attribute": saying.title(place, sample),
            "words": " ".join(_short(place, value) for value in values),
            "values": values,
            "span_low": place.levels[0],
            "span_high": place.levels[-1],
        }
        for at, place in enumerate(places)
        for values in [[said[at] for said in given if said[at] is not None]]
        if place.name in project.policy.triggers and values
    ]


def _short(place: ratings.Place, value: int | None) -> str:
    """A value in a character or two: a comparison's as the letter that it favours, with its strength where it has one."""
    if not place.is_comparison or value is None:
        return str(value)
    strength = str(abs(value)) if max(place.levels) > 1 else ""
    return f"{questions.favoured_letter(place, value)}{strength}" if value else "="


# --- which part of the queue ------------------------------------------------------------------------------------
def _kinds(project: Project, wanted: Wanted, counts: Mapping[str, int]) -> list[Row]:
    def choice(kind: str, label: str, count: int) -> Row:
        there = Wanted(kind=kind, attribute=wanted.attribute, cause=wanted.cause)
        return {
            "url": url(project, there),
            "label": label,
            "count_text": _count_text(count),
            "is_chosen": kind == wanted.kind,
        }

    everything = choice("", _("Everything"), sum(counts.values()))
    return [everything, *(choice(kind, SHORT[Kind(kind)](), count) for kind, count in counts.items() if count)]


# A word or two, where the whole sentence of the kind would be too long.
SHORT = {
    Kind.CONTESTED: lambda: _("Contested"),
    Kind.JUDGE_DISAGREES: lambda: _("Judge disagrees"),
    Kind.LATE_ANNOTATION: lambda: _("Late annotation"),
    Kind.GOLD_DISPUTE: lambda: _("Disputed gold"),
    Kind.QUESTION: lambda: _("Questions"),
}


def _attributes(project: Project, wanted: Wanted) -> list[Row]:
    named = {attribute["name"]: attribute for attribute in project.rubric.attributes}
    return [
        {"value": name, "label": named.get(name, {}).get("title") or name, "is_chosen": name == wanted.attribute}
        for name in project.policy.triggers
    ]


def _causes(wanted: Wanted) -> list[Row]:
    return [
        {"value": value, "label": label, "is_chosen": value == wanted.cause} for value, label in Decision.Cause.choices
    ]


def _count_text(count: int) -> str:
    if count > COUNTED_UP_TO:
        return _("more than %(count)s") % {"count": number_format(COUNTED_UP_TO, force_grouping=True)}
    return number_format(count, force_grouping=True)
