"""What the list of a project's people shows, as plain dictionaries."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Page, Paginator
from django.db.models import F, Max, Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from annotation.models import Annotator, AnnotatorFigures, Assignment, Notice, Project, QualityRule
from annotation.services import quality_rules, standing
from annotation.web.person import figures_of, notice_of, standing_of

SHOWN_AT_MOST = 50
WAITING_AT_MOST = 100
LOOKED_AT_MOST = 20
State = Annotator.State
# What the table may be ordered by: its name in the address, the column, the head, and whether the least comes first.
ORDERS = {
    "name": ("external_id", gettext_lazy("Person"), True),
    "urgency": ("figures__urgency", gettext_lazy("Stands out"), True),
    "weight": ("figures__weight", gettext_lazy("Weight"), True),
    "agreement": ("figures__agreement", gettext_lazy("Agreement"), True),
    "gold": ("figures__gold_accuracy", gettext_lazy("Gold accuracy"), True),
    "answered": ("figures__answered", gettext_lazy("Answered"), False),
    "time": ("figures__median_seconds", gettext_lazy("Median time"), True),
    "skipped": ("figures__skip_share", gettext_lazy("Skipped"), False),
    "seen": ("figures__last_seen", gettext_lazy("Last seen"), False),
}
SHORTLY = {  # what stands out, in the two or three words that fit into a row
    "copying": gettext_lazy("may copy another"),
    "words": gettext_lazy("another's words"),
    "agreement": gettext_lazy("answers say little"),
    "gold": gettext_lazy("wrong on gold"),
    "pace": gettext_lazy("very quick"),
    "unread": gettext_lazy("quicker than reading"),
    "sameness": gettext_lazy("one value everywhere"),
    "shift": gettext_lazy("changed"),
    "position": gettext_lazy("favours a place"),
    "bias": gettext_lazy("rates high or low"),
}
ACCEPTING = {
    "message": gettext_lazy("write it to the person"),
    "pause": gettext_lazy("pause them"),
    "requalify": gettext_lazy("ask them to take the test again"),
    "withdraw": gettext_lazy("withdraw them; their work counts"),
}


def list_page(
    project: Project, *, is_admin: bool, at: datetime, wanted: str = "", sort: str = "", page: str = ""
) -> dict[str, Any]:
    """What waits for an admin, who is worth a look, everybody with their figures, and the rules."""
    sort = sort if sort.removeprefix("-") in ORDERS else "urgency"
    shown = Paginator(_ordered(project, wanted, sort), SHOWN_AT_MOST).get_page(page)
    people, looks = list(shown), list(_worth_a_look(project))
    in_hand, names = in_hand_of(people), names_in(project, [*people, *looks])
    return {
        "project": project,
        "is_admin": is_admin,
        "waiting": [notice_row(notice) for notice in _waiting(project)],
        "to_look_at": [_to_look_at(person, names) for person in looks],
        "people": [row(person, in_hand[person.pk], at, names) for person in people],
        "as_of": AnnotatorFigures.objects.filter(annotator__project=project).aggregate(at=Max("computed_at"))["at"],
        "columns": [_column(name, sort, wanted) for name in ORDERS],
        "pages": _pages(shown, sort, wanted),
        "wanted": wanted,
        **_rules(project),
    }


def row(
    person: Annotator, in_hand: list[dict[str, Any]], at: datetime, names: dict[int, str] | None = None
) -> dict[str, Any]:
    """One person with their figures in words."""
    return {
        "pk": person.pk,
        "url": reverse("annotation:person", args=[person.project.slug, person.pk]),
        "name": person.external_id,
        "account": person.user.get_username() if person.user else "",
        **standing_of(person, at),
        "in_hand": in_hand,
        "figures": figures_of(person, names),
        "others_agreement": (beside_of(person).get("everybody") or {}).get("agreement"),
        "stands_out": list(dict.fromkeys(SHORTLY[of["kind"]] for of in concerns_of(person))),
    }


def beside_of(person: Annotator) -> dict[str, Any]:
    """What is kept of a person beside the others; empty before the first."""
    return (person.figures.figures.get("among_others") or {}) if hasattr(person, "figures") else {}


def concerns_of(person: Annotator) -> list[dict[str, Any]]:
    """The kept reasons to look, the most urgent first."""
    return list(beside_of(person).get("concerns") or [])


def names_in(project: Project, people: Iterable[Annotator]) -> dict[int, str]:
    """Of whom else the reasons about these people speak."""
    others = {of["other"] for person in people for of in concerns_of(person) if "other" in of}
    return dict(project.annotators.filter(pk__in=others).values_list("pk", "external_id")) if others else {}


def in_hand_of(people: Sequence[Annotator]) -> dict[int, list[dict[str, Any]]]:
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


def notice_row(notice: Notice) -> dict[str, Any]:
    """With whom it is about, since admins see the notices of many people; and with what a proposal may be followed."""
    url = reverse("annotation:person", args=[notice.annotator.project.slug, notice.annotator_id])
    accepting = [{"value": value, "label": ACCEPTING[value]} for value in standing.ACCEPTED_WITH]
    return {**notice_of(notice), "person": str(notice.annotator), "person_url": url, "accepting": accepting}


def _ordered(project: Project, wanted: str, sort: str) -> QuerySet[Annotator]:
    """Who has no figure comes last, whichever way the table is ordered; equals by name."""
    people = project.annotators.select_related("figures", "user", "project")
    if wanted:
        people = people.filter(Q(external_id__icontains=wanted) | Q(user__username__icontains=wanted))
    column, _head, is_upwards = ORDERS[sort.removeprefix("-")]
    by = F(column).asc(nulls_last=True) if is_upwards != sort.startswith("-") else F(column).desc(nulls_last=True)
    return people.order_by(by, "external_id")


def _column(name: str, sort: str, wanted: str) -> dict[str, Any]:
    """A head of the table: a link that orders by it, and back again when it is the order already."""
    is_here, is_turned = sort.removeprefix("-") == name, sort.startswith("-")
    upwards = ORDERS[name][2] != is_turned
    address = urlencode(
        {"sort": f"-{name}" if is_here and not is_turned else name, **({"q": wanted} if wanted else {})}
    )
    direction = ("ascending" if upwards else "descending") if is_here else ""
    about = {"name": name, "label": ORDERS[name][1], "is_number": name in ("answered", "time", "skipped")}
    return {**about, "url": f"?{address}#people-title", "sorted": direction}


def _pages(shown: Page[Annotator], sort: str, wanted: str) -> dict[str, Any]:
    """Where the page stands among all, and the addresses of the one before and after."""

    def address(number: int) -> str:
        about = {"page": str(number), "sort": sort, **({"q": wanted} if wanted else {})}
        return f"?{urlencode(about)}#people-title"

    return {
        "first": shown.start_index(),
        "last": shown.end_index(),
        "of": shown.paginator.count,
        "is_one": not shown.has_other_pages(),
        "before": address(shown.previous_page_number()) if shown.has_previous() else "",
        "after": address(shown.next_page_number()) if shown.has_next() else "",
    }


def _waiting(project: Project) -> QuerySet[Notice]:
    """Open proposals about people who are not out, and answers without a reply, oldest first."""
    proposals = Q(kind=Notice.Kind.PROPOSAL, closed_at=None) & ~Q(annotator__state=State.WITHDRAWN)
    answers = Q(answered_at__isnull=False, reply="")
    waiting = Notice.objects.filter(proposals | answers, annotator__project=project)
    return waiting.select_related("annotator__project", "closed_by").order_by("pk")[:WAITING_AT_MOST]


def _worth_a_look(project: Project) -> QuerySet[Annotator]:
    """Who stands out beside the others, the most urgent first; nobody who is out."""
    people = project.annotators.exclude(state=State.WITHDRAWN).filter(figures__urgency__gte=1)
    return people.select_related("figures", "project").order_by("figures__urgency")[:LOOKED_AT_MOST]


def _to_look_at(person: Annotator, names: dict[int, str]) -> dict[str, Any]:
    return {
        "name": person.external_id,
        "url": reverse("annotation:person", args=[person.project.slug, person.pk]),
        "reasons": reasons_of(person, names),
    }


def reasons_of(person: Annotator, names: dict[int, str]) -> list[dict[str, Any]]:
    """Every reason to look: shortly, in words with its numbers, and how sure it is."""
    texts = figures_of(person, names)["beside"]["concerns"]
    kept = concerns_of(person)
    return [
        {"short": SHORTLY[of["kind"]], "text": text, "sure": _how_sure(of["false_alarm"])}
        for of, text in zip(kept, texts, strict=True)
    ]


def _how_sure(false_alarm: float) -> str:
    """In words, how many of such reasons are chance, everybody and every figure looked at together."""
    if false_alarm < 0.0001:
        return _("Fewer than one in 10,000 such reasons is chance.")
    return _("About one in %(many)s such reasons is chance.") % {"many": f"{float(f'{1 / false_alarm:.1g}'):,.0f}"}


def _rules(project: Project) -> dict[str, Any]:
    return {
        "rules": [
            {"pk": rule.pk, "text": quality_rules.sentence(rule), "is_enabled": rule.is_enabled}
            for rule in project.quality_rules.order_by("pk")
        ],
        "measures": [{"value": value, "label": label} for value, label in QualityRule.Measure.choices],
        "actions": [
            {"value": QualityRule.Action.WARN, "label": _("warn the person")},
            {"value": QualityRule.Action.HOLD, "label": _("hand out nothing new for a while")},
            {"value": QualityRule.Action.PROPOSE, "label": _("propose that an admin looks")},
        ],
    }
