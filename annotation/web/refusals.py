"""Why somebody is handed no sample, said to them: what it is, what they can do, and whether the page looks again by itself."""

from collections.abc import Callable
from datetime import datetime

from django.utils.translation import gettext as _

from annotation import saying_times
from annotation.models import Annotator, Project
from annotation.services.claiming import NotClaimable
from annotation.web import cards
from annotation.web.cards import Card

# What passes by itself is looked at again, in seconds.
LOOKED_AT_AGAIN = {"paused": 60, "held": 60, "unqualified": 60, "holds_two": 20}


def card(refusal: NotClaimable, annotator: Annotator, at: datetime) -> Card:
    title, text = _WORDS.get(refusal.code, _other)(refusal, annotator)
    return cards.notice(text, title=title, icon="waiting", looked_at=at, again=LOOKED_AT_AGAIN.get(refusal.code, 0))


def _paused(refusal: NotClaimable, annotator: Annotator) -> tuple[str, str]:
    if annotator.project.state == Project.State.ARCHIVED:
        return _("The project is archived"), _(
            "It is over, and hands out no samples. Your record and your work stay here."
        )
    if annotator.project.state == Project.State.PAUSED:
        return _("The project is paused"), _("It hands out no samples now. What you submitted is kept and credited.")
    if annotator.state == Annotator.State.WITHDRAWN:
        return _("You are no longer in this project"), _(
            "Your record and your work stay here. What you did is credited."
        )
    return _("You are paused in this project"), _(
        "A person decided that, and wrote down why: it stands in your record, where you can answer."
    )


def _held(refusal: NotClaimable, annotator: Annotator) -> tuple[str, str]:
    until = saying_times.moment(annotator.held_until) if annotator.held_until else ""
    return _("Nothing new for you until %(until)s") % {"until": until}, _(
        "A rule of the project asks for this rest. The reason stands in your record, where you can answer it."
    )


def _unqualified(refusal: NotClaimable, annotator: Annotator) -> tuple[str, str]:
    if annotator.tested_at is not None:
        return _("The qualification test was not passed"), _(
            "A project admin can allow another. What you did is kept and credited."
        )
    return _("You are not qualified for this project yet"), _("A project admin can change that, or set a test for you.")


def _at_cap(refusal: NotClaimable, annotator: Annotator) -> tuple[str, str]:
    return _("You have had all samples that one person is given here"), _(
        "Thank you. Your answers are kept and credited."
    )


def _other(refusal: NotClaimable, annotator: Annotator) -> tuple[str, str]:
    return _("No sample for you just now"), str(refusal)


_WORDS: dict[str, Callable[[NotClaimable, Annotator], tuple[str, str]]] = {
    "paused": _paused,
    "held": _held,
    "unqualified": _unqualified,
    "at_cap": _at_cap,
}
