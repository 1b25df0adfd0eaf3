"""One decision on several samples as its pages show it: what it would do, and what became of each."""

from collections.abc import Sequence
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from annotation.models import Decision, Project, Sample
from annotation.review import said as saying
from annotation.review.queue import decisions
from annotation.services import adjudication, handing, proposing
from annotation.services.deciding_several import Outlook, Told

Action = Decision.Action
Row = dict[str, Any]


def page(project: Project, action: str, outlook: Outlook) -> Row:
    """What it would do to how many, and why not to the others."""
    return {
        "project": project,
        "action": action,
        "title": _title(action),
        "what": _what(action, len(outlook.can)),
        "can": [
            {**_sample(project, sample), "as_of": as_of, **_change(action, sample)} for sample, as_of in outlook.can
        ],
        "cannot": [{**_sample(project, sample), "text": why} for sample, why in outlook.cannot],
        "causes": decisions.causes(),
    }


def told_page(project: Project, action: str, told: Sequence[Told]) -> Row:
    """What became of each."""
    rows = [{**_sample(project, one.sample), "text": one.text, "is_decided": one.is_decided} for one in told]
    return {
        "project": project,
        "title": _title(action),
        "what": _done(action, sum(one.is_decided for one in told)),
        "refused": [row for row in rows if not row["is_decided"]],
        "decided": [row for row in rows if row["is_decided"]],
    }


def _sample(project: Project, sample: Sample) -> Row:
    url = reverse("annotation:review", args=[project.slug, sample.pk])
    return {"pk": sample.pk, "sample_id": sample.external_id, "url": url, "state": sample.state}


def _change(action: str, sample: Sample) -> Row:
    """What happens to one sample, in short."""
    if action == Action.ACCEPT:
        proposed = proposing.proposal(sample, handing.counted_annotations(sample))
        values = zip(proposed.places, proposed.values, strict=True)
        words = [f"{saying.title(place, sample)} {saying.word(place, value)}" for place, value in values]
        return {"change": " · ".join(words), "becomes": Sample.State.RESOLVED}
    if action == Action.ESCALATE:
        return {"change": decisions.people_asked(sample), "becomes": Sample.State.ESCALATED}
    return {"change": _("It leaves the data set and is given to nobody."), "becomes": Sample.State.EXCLUDED}


def _title(action: str) -> str:
    return {
        Action.ACCEPT: _("Accept as proposed"),
        Action.ESCALATE: _("Ask two more"),
        Action.EXCLUDE: _("Exclude"),
    }[Action(action)]


def _what(action: str, count: int) -> str:
    said = {
        Action.ACCEPT: ngettext("%d label is accepted as proposed.", "%d labels are accepted as proposed.", count),
        Action.ESCALATE: ngettext(
            "%(count)d sample goes to up to %(people)d more people.",
            "%(count)d samples go to up to %(people)d more people each.",
            count,
        ),
        Action.EXCLUDE: ngettext("%d sample is excluded.", "%d samples are excluded.", count),
    }[Action(action)]
    return said % ({"count": count, "people": adjudication.MORE_PEOPLE} if action == Action.ESCALATE else count)


def _done(action: str, count: int) -> str:
    return {
        Action.ACCEPT: ngettext("%d label was accepted.", "%d labels were accepted.", count),
        Action.ESCALATE: ngettext("%d sample was sent to more people.", "%d samples were sent to more people.", count),
        Action.EXCLUDE: ngettext("%d sample was excluded.", "%d samples were excluded.", count),
    }[Action(action)] % count
