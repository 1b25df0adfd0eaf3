"""What the page of one person shows, as plain dictionaries: how they stand, their figures and pictures, what was said and
decided, and what an admin may decide now."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from annotation import ratings
from annotation.models import Annotator, ProjectEvent, Sample
from annotation.review import said as saying
from annotation.review.charts import kinds as charts
from annotation.review.charts.kinds import Chart
from annotation.review.people import listed as people
from annotation.review.second_looks.page import rate_text
from annotation.services import qualification, second_looks, set_aside
from annotation.statistics import reading
from annotation.web.person import standing_of
from consensus.estimates import Estimate

State = Annotator.State
SHOWN_AT_MOST = 100
EVENTS = {
    "annotator_paused": gettext_lazy("Paused"),
    "annotator_resumed": gettext_lazy("Resumed"),
    "annotator_requalified": gettext_lazy("Asked to take the test again"),
    "annotator_withdrawn": gettext_lazy("Withdrawn"),
    "annotator_left": gettext_lazy("Left"),
    "annotator_messaged": gettext_lazy("Message"),
    "annotator_changed": gettext_lazy("Changed what they may be given"),
    "work_set_aside": gettext_lazy("Work set aside"),
    "proposal_accepted": gettext_lazy("Proposal accepted"),
    "proposal_declined": gettext_lazy("Proposal declined"),
    "test_allowed_again": gettext_lazy("Test allowed again"),
    "sensitive_chosen": gettext_lazy("Chose sensitive samples"),
    "sensitive_declined": gettext_lazy("Chose no sensitive samples"),
}


def person_page(person: Annotator, *, is_admin: bool, at: datetime, considers: bool = False) -> dict[str, Any]:
    """One person. `considers`: with a dry run of setting their work aside."""
    notices = person.notices.select_related("annotator__project", "closed_by").order_by("-pk")[:SHOWN_AT_MOST]
    names = people.names_in(person.project, [person])
    in_hand = people.in_hand_of([person])[person.pk]
    kept = people.beside_of(person)
    return {
        "project": person.project,
        "person": people.row(person, in_hand, at, names),
        "reasons": people.reasons_of(person, names),
        "skills_text": ", ".join(person.skills),
        "cap": person.cap,
        "bias": _bias(kept),
        "weeks": _weeks(kept),
        "confusions": _confusions(person),
        "second_look": _second_look(person),
        "examples": _examples(person, kept),
        "notices": [people.notice_row(notice) for notice in notices],
        "events": [_event(event) for event in person.events.select_related("actor").order_by("-pk")[:SHOWN_AT_MOST]],
        "is_admin": is_admin,
        "actions": _actions(person, len(in_hand), at),
        "why_no_test": qualification.why_no_test(person),
        "can_be_written_to": person.user_id is not None,
        "under_way": set_aside.under_way().filter(annotator=person).exists(),
        "outlook": set_aside.what_would_happen(annotator=person, at=at) if considers else None,
    }


# --- pictures ---------------------------------------------------------------------------------------------------
def _bias(kept: Mapping[str, Any]) -> Chart | None:
    """How far above or below the others, by attribute."""
    rows = [
        charts.Row(of["title"], Estimate(**_estimate(of["bias"])), "people")
        for of in kept.get("attributes", [])
        if of["bias"]["value"] is not None
    ]
    if not rows:
        return None
    return charts.intervals(
        _("Above or below the others"),
        rows,
        heading=_("Attribute"),
        of=_("Points"),
        reference=charts.Mark(0, _("as the others")),
        caption=_("Mean difference to the others of the same samples, in points of the scale, with 95 % intervals."),
    )


def _estimate(kept: Mapping[str, Any]) -> dict[str, Any]:
    return {name: kept[name] for name in ("value", "low", "high", "count", "clusters", "undefined")}


def _weeks(kept: Mapping[str, Any]) -> list[Chart]:
    """Pace and agreement over the weeks; nothing of a single week."""
    weeks: Sequence[Mapping[str, Any]] = kept.get("weeks") or []
    if len(weeks) < 2:
        return []
    at = [date.fromisoformat(week["week"]) for week in weeks]
    pace = charts.lines(
        _("Time beside the others"),
        at,
        {_("Times what the others take"): [week["pace"] for week in weeks]},
        heading=_("Week of"),
        reference=charts.Mark(1, _("as the others")),
        caption=_("For the same samples, the others allowed for their own pace; 0.5 is half the time."),
    )
    agreement = charts.lines(
        _("Agreement beside the others"),
        at,
        {_("More or less than the others among themselves"): [week["agreement"] for week in weeks]},
        heading=_("Week of"),
        reference=charts.Mark(0, _("as the others")),
        caption=_("Share of values equal to another's, less the share among the others of the same samples."),
    )
    return [pace, agreement]


def _second_look(person: Annotator) -> dict[str, Any] | None:
    """What reviewers would return of theirs; None before any was looked at."""
    found = second_looks.found(person.project, person)
    return {"rate": found.rate, "text": rate_text(found.rate), "looked": found.looked} if found.looked else None


def _confusions(person: Annotator) -> list[Chart]:
    """What they say against what the others of the same samples say, an attribute each."""
    statistics = reading.of(person.project)
    counted = statistics.attributes
    return [
        charts.heat(
            place.title,
            [saying.word(place, level) for level in place.levels],
            [saying.word(place, level) for level in place.levels],
            _rows(table),
            heading=_("This person"),
            across=_("Others"),
            empty=_("Nobody else has judged the same samples yet."),
            key=place.name,
        )
        for place in (ratings.Place(attribute, None) for attribute in person.project.rubric.attributes)
        if place.name in counted and (table := statistics.person(person.pk, place.name)).any()
    ]


def _rows(table: Any) -> list[list[float]]:
    return [[float(cell) for cell in row] for row in table]


def _examples(person: Annotator, kept: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The samples on which they are farthest from the others, with the way there."""
    found: Sequence[Mapping[str, Any]] = kept.get("examples") or []
    names = dict(Sample.objects.filter(pk__in=[of["sample"] for of in found]).values_list("pk", "external_id"))
    return [
        {
            "sample": names[of["sample"]],
            "url": reverse("annotation:review", args=[person.project.slug, of["sample"]]),
            "apart": _("%(share).0f %% of the scale") % {"share": 100 * of["apart"]},
            "others": of["others"],
        }
        for of in found
        if of["sample"] in names
    ]


# --- what was decided, and what may be --------------------------------------------------------------------------
def _event(event: ProjectEvent) -> dict[str, Any]:
    return {
        "title": EVENTS.get(event.kind, event.kind),
        "text": event.text,
        "by": str(event.actor or ""),
        "at": event.at,
    }


def _actions(person: Annotator, held: int, at: datetime) -> list[dict[str, Any]]:
    """What an admin may decide now, each with what it changes: said before it is decided."""
    goes = _goes_back(held)
    nothing_more = _("They get nothing more until somebody resumes them. Their work goes on counting.")
    pause = {"value": "pause", "label": _("Pause"), "effect": f"{nothing_more} {goes}"}
    resume = {"value": "resume", "label": _("Resume"), "effect": _("They get samples again. Work set aside stays so.")}
    lift = {**resume, "label": _("Lift the hold"), "effect": _("They get samples again at once.")}
    refused = qualification.why_no_test(person)
    again = _("They get only the %(many)s gold samples of the test until they pass it. What they hold stays with them.")
    requalify = {
        "value": "requalify",
        "label": _("Test again"),
        "effect": refused or again % {"many": person.project.test_size},
        "is_refused": bool(refused),
    }
    out = _("They are out. Their work goes on counting.")
    withdraw = {"value": "withdraw", "label": _("Withdraw"), "effect": f"{out} {goes}"}
    possible: dict[State, list[dict[str, Any]]] = {
        State.ACTIVE: [*([lift] if standing_of(person, at)["held_until"] else []), pause, requalify, withdraw],
        State.PAUSED: [resume, requalify, withdraw],
        State.WITHDRAWN: [resume],
    }
    return possible[State(person.state)]


def _goes_back(held: int) -> str:
    if not held:
        return _("They hold nothing now.")
    said = ngettext(
        "The %(count)d sample they hold goes to others.", "The %(count)d samples they hold go to others.", held
    )
    return said % {"count": held}
