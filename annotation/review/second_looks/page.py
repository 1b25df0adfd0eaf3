"""What the pages of second looks show, as plain dictionaries: one annotation to look at, and what was found so far."""

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from annotation.models import Project, SecondLook, User
from annotation.review.charts import kinds as charts
from annotation.services import second_looks
from annotation.services.second_looks import Found
from annotation.web import said
from annotation.web.person import pace
from consensus.estimates import Estimate

Row = dict[str, Any]
State, Why = SecondLook.State, SecondLook.Why
COUNTED_TO = 1000
PEOPLE_SHOWN = 200
DECIDED_WORDS = {
    State.ACCEPTED: gettext_lazy("You accepted it."),
    State.RETURNED: gettext_lazy("You returned it."),
    State.REVISED: gettext_lazy("You returned it, and the person has revised it."),
}
WHY_WORDS = {
    Why.RANDOM: gettext_lazy("drawn at random"),
    Why.FIRST_ONES: gettext_lazy("first ones of new people"),
}


def next_page(project: Project, reviewer: User, *, last: SecondLook | None) -> Row:
    """The next one, and a way back to the last one that this reviewer decided."""
    look = second_looks.next_for(project, reviewer)
    last_url = reverse("annotation:second-look-one", args=[project.slug, last.pk]) if last else ""
    return {
        "project": project,
        "look": _look(look) if look else None,
        "waiting_text": _waiting_text(project, reviewer) if look else "",
        "found_text": rate_text(second_looks.error_rate(project)),
        "last_url": last_url,
        "last_text": DECIDED_WORDS[State(last.state)] if last else "",
        "is_drawing": project.second_look_share > 0 or project.second_look_first > 0,
    }


def one_page(project: Project, look: SecondLook, *, posted: str | None = None, error: str = "") -> Row:
    """One look, to be decided or thought over again. `posted`: a word that was refused with the `error`."""
    shown = _look(look)
    return {
        "project": project,
        "look": {**shown, "word": shown["word"] if posted is None else posted},
        "waiting_text": "",
        "errors": [error] if error else [],
        "is_drawing": True,
    }


def _look(look: SecondLook) -> Row:
    """The sample as its annotator saw it, and what they said. Not who, not why it was drawn, and nobody else."""
    assignment, annotation = look.annotation.assignment, look.annotation
    groups = said.groups(assignment, annotation)
    seconds = annotation.active_seconds
    return {
        "pk": look.pk,
        "url": reverse("annotation:second-look-one", args=[look.project.slug, look.pk]),
        "groups": groups,
        "neither_valid": annotation.neither_valid,
        "comment": annotation.comment,
        "time_text": "" if seconds is None else pace(seconds),
        "decided_text": DECIDED_WORDS.get(State(look.state), ""),
        "is_closed": look.state == State.REVISED,
        "word": look.word,
        **said.beside_its_sample(assignment, groups),
    }


def _waiting_text(project: Project, reviewer: User) -> str:
    """How many wait, counted as far as anybody wants to know."""
    count = second_looks.waiting(project, besides=reviewer)[: COUNTED_TO + 1].count()
    if count > COUNTED_TO:
        return _("more than %(count)d wait") % {"count": COUNTED_TO}
    return ngettext("%(count)d waits", "%(count)d wait", count) % {"count": count}


# --- what was found ---------------------------------------------------------------------------------------------
def found_page(project: Project, *, is_admin: bool, errors: list[str] | None = None) -> Row:
    found = second_looks.found(project)
    return {
        "project": project,
        "found": _found_row("", found),
        "reasons": [_found_row(str(WHY_WORDS[Why(why)]), of) for why, of in found.by_why.items()],
        "people": _people_chart(project),
        "share": f"{100 * project.second_look_share:g}",
        "first": project.second_look_first,
        "is_admin": is_admin,
        "errors": errors or [],
    }


def _found_row(title: str, of: Found) -> Row:
    return {
        "title": title,
        "drawn": of.drawn,
        "looked": of.looked,
        "returned": of.returned,
        "rate_text": rate_text(of.rate),
        "estimate": of.rate,
    }


def _people_chart(project: Project) -> charts.Chart:
    """Everybody of whom at least one was looked at, the highest share first."""
    by_person = {pk: of for pk, of in second_looks.found_by_person(project).items() if of.looked}
    names = dict(project.annotators.filter(pk__in=by_person).values_list("pk", "external_id"))
    ordered = sorted(by_person, key=lambda pk: (-(by_person[pk].rate.low or 0), names[pk]))[:PEOPLE_SHOWN]
    words = {pk: f"{names[pk]} ({by_person[pk].returned}/{by_person[pk].looked})" for pk in ordered}
    return charts.intervals(
        _("Returned, by person"),
        [charts.Row(words[pk], by_person[pk].rate, "people") for pk in ordered],
        heading=_("Person (returned / looked at)"),
        of=_("Returned"),
        form="share",
        span=(0, 1),
        caption=_("Of all annotations of each, with 95 % intervals; who is most surely above stands first."),
        empty=_("Nothing has been looked at yet."),
    )


def rate_text(rate: Estimate) -> str:
    """A share with its interval in words."""
    if rate.value is None or rate.low is None or rate.high is None:
        return _(rate.undefined) if rate.undefined else _("undefined")
    ends = {"value": rate.value, "low": rate.low, "high": rate.high}
    return _("%(value)s %% (%(low)s to %(high)s)") % {name: f"{100 * end:.1f}" for name, end in ends.items()}
