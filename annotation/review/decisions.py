"""What a reviewer may decide of a sample, and what each decision changes: said before it is taken."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from annotation.models import Sample
from annotation.services import adjudication, asking, routing

CAUSES = [
    {"value": "", "label": gettext_lazy("Choose a cause")},
    {"value": "prompt unclear", "label": gettext_lazy("The prompt is unclear")},
    {"value": "taste", "label": gettext_lazy("A matter of taste")},
    {"value": "refusal", "label": gettext_lazy("About a refusal")},
    {"value": "error", "label": gettext_lazy("Somebody's error")},
    {"value": "bad sample", "label": gettext_lazy("A bad sample")},
]


def actions(sample: Sample, *, has_proposal: bool) -> list[dict[str, Any]]:
    """The decisions that a reviewer has, each with what it changes, said before it is taken."""
    people = asking.people_left(sample, at_most=adjudication.MORE_PEOPLE)
    asks = ngettext(
        "%d more person is asked, then it is decided anew.", "%d more are asked, then it is decided anew.", people
    )
    first = _("Judges settled it. It gets its first round of people, and their label counts.")
    asked = first if routing.is_settled_by_judges(sample) else asks % people
    accept = {
        "value": "accept",
        "label": _("Accept"),
        "key": "a",
        "effect": _("The proposed label becomes the sample's label. It is resolved."),
    }
    others: list[dict[str, Any]] = [
        {
            "value": "set",
            "label": _("Set chosen"),
            "effect": _("What is chosen above becomes the sample's label. It is resolved."),
        },
        {
            "value": "escalate",
            "label": _("Ask again"),
            "effect": asked if people else _("Nobody is left to ask in this project."),
            "impossible": not people,
        },
        {"value": "exclude", "label": _("Exclude"), "effect": _("It leaves the data set and is given to nobody.")},
    ]
    return [accept, *others] if has_proposal else others
