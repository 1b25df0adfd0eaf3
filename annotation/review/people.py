"""What the pages about a project's people show, as plain dictionaries."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from annotation.models import Annotator, Assignment, Notice, Project, QualityRule
from annotation.services import quality_rules, set_aside
from annotation.web.person import figures_of, notice_of, standing_of

SHOWN_AT_MOST = 100
LOOKED_AT_MOST = 20
State = Annotator.State


def list_page(project: Project, *, is_admin: bool, at: datetime, after: str = "", wanted: str = "") -> dict[str, Any]:
    """What waits for an admin, everybody with their figures, and the rules. People come by name, a page at a time."""
    people = project.annotators.select_related("figures", "user").order_by("external_id")
    if wanted:
        people = people.filter(Q(external_id__icontains=wanted) | Q(user__username__icontains=wanted))
    found = list(people.filter(external_id__gt=after)[: SHOWN_AT_MOST + 1])
    shown = found[:SHOWN_AT_MOST]
    in_hand = _in_hand(shown)
    rows = [_row(person, in_hand[person.pk], at) for person in shown]
    return {
        "project": project,
        "is_admin": is_admin,
        "waiting": [_notice(notice) for notice in _waiting(project)],
        "to_look_at": [_to_look_at(person) for person in _worth_a_look(project)],
        "people": rows,
        "as_of": max((row["figures"]["as_of"] for row in rows if row["figures"]["as_of"]), default=None),
        "next_after": shown[-1].external_id if len(found) > SHOWN_AT_MOST else "",
        "wanted": wanted,
        "rules": [_rule(rule) for rule in project.quality_rules.order_by("pk")],
        "measures": [{"value": value, "label": label} for value, label in QualityRule.Measure.choices],
        "actions": [
            {"value": QualityRule.Action.WARN, "label": _("warn the person")},
            {"value": QualityRule.Action.HOLD, "label": _("hand out nothing new for a while")},
            {"value": QualityRule.Action.PROPOSE, "label": _("propose that an admin looks")},
        ],
    }


def person_page(person: Annotator, *, is_admin: bool, at: datetime, considers: bool = False) -> dict[str, Any]:
    """One person: how they stand, what they were told and said, and what an admin may decide.

    `considers`: with a dry run of setting their work aside.
    """
    notices = person.notices.select_related("annotator__project", "closed_by").order_by("-pk")[:SHOWN_AT_MOST]
    return {
        "project": person.project,
        "person": _row(person, _in_hand([person])[person.pk], at),
        "skills_text": ", ".join(person.skills),
        "cap": person.cap,
        "notices": [_notice(notice) for notice in notices],
        "is_admin": is_admin,
        "actions": _actions(person, at),
        "under_way": set_aside.under_way().filter(annotator=person).exists(),
        "outlook": set_aside.what_would_happen(annotator=person, at=at) if considers else None,
    }


def _notice(notice: Notice) -> dict[str, Any]:
    """With whom it is about: admins see the notices of many people."""
    url = reverse("annotation:person", args=[notice.annotator.project.slug, notice.annotator_id])
    return {**notice_of(notice), "person": str(notice.annotator), "person_url": url}


def _waiting(project: Project) -> QuerySet[Notice]:
    """Open proposals about people who are not out, and answers without a reply, oldest first."""
    proposals = Q(kind=Notice.Kind.PROPOSAL, closed_at=None) & ~Q(annotator__state=State.WITHDRAWN)
    answers = Q(answered_at__isnull=False, reply="")
    waiting = Notice.objects.filter(proposals | answers, annotator__project=project)
    return waiting.select_related("annotator__project", "closed_by").order_by("pk")[:SHOWN_AT_MOST]


def _worth_a_look(project: Project) -> QuerySet[Annotator]:
    """Who stands out beside the others, the most urgent first; nobody who is out."""
    people = project.annotators.exclude(state=State.WITHDRAWN).filter(figures__figures__among_others__urgency__gte=1)
    return people.select_related("figures", "project").order_by("figures__figures__among_others__urgency")[
        :LOOKED_AT_MOST
    ]


def _to_look_at(person: Annotator) -> dict[str, Any]:
    return {
        "name": person.external_id,
        "url": reverse("annotation:person", args=[person.project.slug, person.pk]),
        "reasons": figures_of(person)["beside"]["concerns"],
    }


def _in_hand(people: Sequence[Annotator]) -> dict[int, list[dict[str, Any]]]:
    """The leases of these people, by person."""
    held: dict[int, list[dict[str, Any]]] = defaultdict(list)
    leases = Assignment.objects.filter(annotator__in=people, state=Assignment.State.LEASED)
    for lease in leases.select_related("sample").order_by("claimed_at"):
        held[lease.annotator_id].append(
            {
                "pk": lease.pk,
                "sample_id": lease.sample.external_id,
                "since": lease.claimed_at,
                "until": lease.lease_expires_at,
            }
        )
    return held


def _row(person: Annotator, in_hand: list[dict[str, Any]], at: datetime) -> dict[str, Any]:
    return {
        "pk": person.pk,
        "url": reverse("annotation:person", args=[person.project.slug, person.pk]),
        "name": person.external_id,
        "account": person.user.get_username() if person.user else "",
        **standing_of(person, at),
        "in_hand": in_hand,
        "figures": figures_of(person),
    }


def _rule(rule: QualityRule) -> dict[str, Any]:
    return {"pk": rule.pk, "text": quality_rules.sentence(rule), "is_enabled": rule.is_enabled}


def _actions(person: Annotator, at: datetime) -> list[dict[str, Any]]:
    """What an admin may decide now, each with what it changes: said before it is decided."""
    pause = {
        "value": "pause",
        "label": _("Pause"),
        "effect": _("They get nothing more until somebody resumes them. What they hold goes to others."),
    }
    resume = {"value": "resume", "label": _("Resume"), "effect": _("They get samples again. Work set aside stays so.")}
    lift = {**resume, "label": _("Lift the hold"), "effect": _("They get samples again at once.")}
    withdraw = {
        "value": "withdraw",
        "label": _("Withdraw"),
        "effect": _("They are out. Their work goes on counting; what they hold goes to others."),
    }
    return {
        State.ACTIVE: [*([lift] if standing_of(person, at)["held_until"] else []), pause, withdraw],
        State.PAUSED: [resume, withdraw],
        State.WITHDRAWN: [resume],
    }[State(person.state)]
