"""The file of "My data": everything that is kept of a person in a project, as JSON, part by part.

It holds no more than their own pages show at the same moment, so that nothing can be read from it sooner: of gold only what
the record tells already, of others nothing. Responses bear the letters that this person saw. Times are ISO 8601 in UTC.
"""

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from string import ascii_uppercase
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder

from annotation import ratings, remarks
from annotation.models import Annotation, Annotator, Assignment, GoldDispute, Notice, ProjectEvent, Question, SecondLook
from annotation.services import disputes, own_data, pay, questions, returned, standing
from annotation.services.disputes import GoldResult
from annotation.services.pay import Period
from annotation.web import questions as asked
from annotation.web.person import figures_of

EVER = Period(datetime(2000, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC))
SHOWN_FIGURES = ("answered", "late", "set_aside", "skipped", "last_seen")
# What is kept too and told to nobody, the person included, because others' votes or a gold sample could be read from it.
LEFT_OUT = (
    "the weight that your answers to samples with a known answer have earned",
    "which of your answers of the last ten minutes were to samples with a known answer",
    "whether a sample was given to you before or after others were found to disagree about it",
    "which of your answers a reviewer has read again and let stand, or is to read again",
    "which samples you are to be offered before others, until they are in your hands",
)
Part = tuple[str, Any]


def parts(me: Annotator, at: datetime) -> Iterator[Part]:
    """The file's parts by name. One that is long is an iterator, and read from the database while it is sent."""
    yield "made_at", at
    yield "project", {"name": me.project.slug, "title": me.project.title}
    yield "account", _account(me)
    yield "person", _person(me)
    yield "figures", _figures(me)
    yield "known_answers", _known_answers(me, at)
    yield "pay", _pay(me, at)
    yield "notices", [_notice(notice) for notice in standing.notices_for(me)]
    yield "trail", [_event(event) for event in standing.trail_of(me)]
    yield "second_looks", [_came_back(look) for look in returned.ever_to(me)]
    yield "questions", [_question(question) for question in questions.asked_by(me)]
    yield "samples", (_sample(assignment) for assignment in own_data.assignments_of(me))
    yield "kept_and_not_told", LEFT_OUT


def as_json(of: Iterable[Part]) -> Iterator[str]:
    """One JSON object, a part at a time; of a long part an entry at a time, each on a line."""
    for at, (name, value) in enumerate(of):
        yield ("{\n" if at == 0 else ",\n") + json.dumps(name) + ": "
        yield from _lines(value) if isinstance(value, Iterator) else [_text(value)]
    yield "\n}\n"


def _lines(entries: Iterator[Any]) -> Iterator[str]:
    yield "["
    for at, entry in enumerate(entries):
        yield (",\n" if at else "\n") + _text(entry)
    yield "\n]"


def _text(value: Any) -> str:
    return json.dumps(value, cls=_Encoder, ensure_ascii=False)


class _Encoder(DjangoJSONEncoder):
    """Times in UTC whatever zone the page speaks of; amounts with their last digit."""

    def default(self, o: Any) -> Any:
        return o.astimezone(UTC).isoformat() if isinstance(o, datetime) else super().default(o)


# --- the person ---------------------------------------------------------------------------------------------------
def _account(me: Annotator) -> dict[str, Any]:
    names = ("username", "first_name", "last_name", "email", "language", "time_zone", "date_joined", "last_login")
    tokens = me.user.api_tokens.order_by("pk").values("name", "scopes", "created_at", "revoked_at") if me.user else []
    roles = own_data.roles_of(me).values("role", "created_at")
    return {**{name: getattr(me.user, name) for name in names}, "tokens": list(tokens), "roles": list(roles)}


def _person(me: Annotator) -> dict[str, Any]:
    names = (
        *("external_id", "state", "is_qualified", "tested_at", "trained_at", "guideline_read", "rubric_read"),
        *("cap", "skills", "held_until", "given_count", "joined_at"),
    )
    return {name: getattr(me, name) for name in names}


def _figures(me: Annotator) -> dict[str, Any]:
    """As the record shows them, with what sets the person beside the others in the same words."""
    shown = figures_of(me)
    kept = me.figures.figures if hasattr(me, "figures") else {}
    numbers = {"median_seconds": kept.get("median_seconds"), "skip_share": kept.get("skip_share")}
    beside = shown["beside"]
    others = {"as_of": beside["as_of"]}
    if beside.get("is_enough"):
        rows, attributes, concerns = beside["rows"], beside["attributes"], beside["own_concerns"]
        others |= {
            "samples": beside["samples"],
            "rows": rows,
            "attributes": attributes,
            "stands_out": concerns,
        }
    return {
        "as_of": shown["as_of"],
        **{name: shown[name] for name in SHOWN_FIGURES},
        **numbers,
        "beside_the_others": others,
    }


def _known_answers(me: Annotator, at: datetime) -> dict[str, Any]:
    """What the record tells of samples with a known answer, and since when it may: none that can still be corrected."""
    told = {"answers": [_result(result) for result in disputes.results_of(me, at=at, limit=None)]}
    if not me.project.shows_gold_accuracy:
        return told
    accuracy = disputes.told_accuracy(me, at=at)
    return {"accuracy": accuracy.value, "low": accuracy.low, "high": accuracy.high, "count": accuracy.count, **told}


def _result(result: GoldResult) -> dict[str, Any]:
    return {
        "assignment": result.assignment.pk,
        "share_right": result.score,
        "why": result.known.note if result.known else None,
        "dispute": _dispute(result.dispute),
    }


def _dispute(dispute: GoldDispute | None) -> dict[str, Any] | None:
    names = ("text", "opened_at", "outcome", "reply", "closed_at")
    return {name: getattr(dispute, name) for name in names} if dispute else None


def _pay(me: Annotator, at: datetime) -> list[dict[str, Any]]:
    """A line a price, of all that was ever credited."""
    names = ("credited", "late", "set_aside", "given_back", "active_seconds", "wall_seconds", "price", "due")
    lines = pay.statement(project=me.project, period=EVER, person=me, at=at)
    return [{name: getattr(line, name) for name in names} for line in lines]


def _notice(notice: Notice) -> dict[str, Any]:
    names = ("kind", "text", "by_name", "created_at", "until", "read_at", "answer", "answered_at", "reply")
    return {name: getattr(notice, name) for name in names}


def _event(event: ProjectEvent) -> dict[str, Any]:
    return {"kind": event.kind, "text": event.text, "by": str(event.actor or ""), "at": event.at}


def _came_back(look: SecondLook) -> dict[str, Any]:
    names = ("word", "reviewer_name", "decided_at", "read_at", "revised_at")
    return {"assignment": look.annotation.assignment_id, **{name: getattr(look, name) for name in names}}


def _question(question: Question) -> dict[str, Any]:
    names = ("text", "asked_at", "reply", "replied_at", "read_at")
    return {"assignment": question.assignment_id, **{name: getattr(question, name) for name in names}}


# --- their work ---------------------------------------------------------------------------------------------------
def _sample(assignment: Assignment) -> dict[str, Any]:
    """A sample that they were given, what became of it in their hands, and every revision of what they said."""
    return {
        "assignment": assignment.pk,
        "sample": assignment.sample.external_id,
        "state": assignment.state,
        "claimed_at": assignment.claimed_at,
        "lease_expires_at": assignment.lease_expires_at,
        "finished_at": assignment.finished_at,
        "skip_reason": assignment.skip_reason,
        "annotations": [_annotation(said, assignment) for said in _in_order(assignment.annotations.all())],
        "drafts": [{"fields": draft.fields, "saved_at": draft.saved_at} for draft in assignment.drafts.all()],
    }


def _in_order(annotations: Iterable[Annotation]) -> list[Annotation]:
    return sorted(annotations, key=lambda annotation: annotation.revision)


def _annotation(said: Annotation, assignment: Assignment) -> dict[str, Any]:
    return {
        "revision": said.revision,
        "submitted_at": said.submitted_at,
        "rubric": said.rubric.version,
        "ratings": _ratings(said, assignment),
        "remarks": _remarks(said, assignment),
        "neither_valid": said.neither_valid,
        "comment": said.comment,
        "active_seconds": said.active_seconds,
    }


def _ratings(said: Annotation, assignment: Assignment) -> list[dict[str, Any]]:
    """Values of responses as numbers too; of a comparison the word and whom it favours, as they stood on the card."""
    places = ratings.layout(said.rubric.attributes, assignment.sample.response_count)
    return [
        {
            "attribute": place.name,
            "response": None if place.response is None else _letter(place.response, assignment),
            **({} if place.is_comparison else {"value": value}),
            **asked.worded(place, value, assignment),
        }
        for place, value in zip(places, said.ratings, strict=True)
        if value is not None
    ]


def _remarks(said: Annotation, assignment: Assignment) -> list[dict[str, Any]]:
    rows = remarks.unpack(said.remarks, rubric=said.rubric, response_count=assignment.sample.response_count)
    return [
        row if row["response"] is None else {**row, "response": _letter(int(row["response"]), assignment)}
        for row in rows
    ]


def _letter(response: int, assignment: Assignment) -> str:
    return ascii_uppercase[assignment.shown_order.index(response)]
