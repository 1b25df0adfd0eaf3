"""A policy in words: the one place where its codes become what people read."""

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from annotation.models import Policy, Project
from annotation.ratings import Place

NAMES: dict[str, Promise] = {
    Policy.Name.SPREAD: gettext_lazy("more people where the first differ by more than allowed"),
    Policy.Name.UNANIMOUS: gettext_lazy("more people where the first differ at all"),
    Policy.Name.SEQUENTIAL: gettext_lazy("one more at a time, until nobody could change the label"),
    Policy.Name.CONFIDENCE: gettext_lazy("one more at a time, until the label is sure enough"),
}
RULES: dict[str, Promise] = {
    Policy.LabelRule.CLOSEST_THREE: gettext_lazy("the mean of the three who differ least"),
    Policy.LabelRule.MEAN: gettext_lazy("the mean of all"),
    Policy.LabelRule.MEDIAN: gettext_lazy("the median of all"),
    Policy.LabelRule.MAJORITY: gettext_lazy("the commonest value"),
    Policy.LabelRule.POSTERIOR: gettext_lazy("the likeliest value, by how far each person can be relied on"),
}
UNSETTLED: dict[str, Promise] = {
    Policy.Unsettled.CONTESTED: gettext_lazy("go to a reviewer"),
    Policy.Unsettled.EXCLUDED: gettext_lazy("are excluded"),
    Policy.Unsettled.RESOLVED: gettext_lazy("keep their label, marked as ambiguous"),
}


def sentence(policy: Policy, project: Project) -> str:
    """What the policy does, in one sentence."""
    people = ngettext("%(people)d person", "%(people)d people", policy.first_round) % {"people": policy.first_round}
    said = (
        _("%(people)s; %(more)s; the label is %(rule)s; samples that stay unsettled %(unsettled)s.")
        if policy.judges_weight_at_most == 1
        else _(
            "%(people)s; %(more)s; the label is %(rule)s; samples that stay unsettled %(unsettled)s; judges weigh %(weight)s at most."
        )
    )
    return said % {
        "weight": f"{policy.judges_weight_at_most:g}",
        "people": people,
        "more": asking(policy, project),
        "rule": RULES[policy.label_rule],
        "unsettled": UNSETTLED[policy.unsettled],
    }


def asking(policy: Policy, project: Project) -> str:
    """Whom it asks after the first round, and when."""
    extra = {"extra": policy.extra}
    match policy.name:
        case Policy.Name.UNANIMOUS:
            return _("%(extra)d more where they differ at all on %(names)s") % {
                **extra,
                "names": _triggers(policy, project),
            }
        case Policy.Name.SEQUENTIAL:
            return _("then one at a time until nobody could change the label, %(extra)d more at most") % extra
        case Policy.Name.CONFIDENCE:
            said = ngettext(
                "then one at a time until %(names)s is at least %(target)s %% sure, %(extra)d more at most",
                "then one at a time until %(names)s are at least %(target)s %% sure, %(extra)d more at most",
                len(policy.triggers),
            )
            return said % {**extra, "names": _triggers(policy, project), "target": f"{100 * policy.target:g}"}
        case _:
            said = _("%(extra)d more where they differ by more than allowed (%(limits)s)")
            return said % {**extra, "limits": limits(policy, project)}


def limits(policy: Policy, project: Project) -> str:
    """Each trigger with the difference that is still allowed."""
    known = titles(project)
    allowed = _("%(name)s above %(limit)s")
    return ", ".join(
        allowed % {"name": known.get(name, name), "limit": f"{of['escalate_above']:g}"}
        for name, of in policy.triggers.items()
    )


def titles(project: Project) -> dict[str, str]:
    """What each attribute of the rubric is called."""
    return {attribute["name"]: Place(attribute, None).title for attribute in project.rubric.attributes}


def _triggers(policy: Policy, project: Project) -> str:
    known = titles(project)
    names = [known.get(name, name) for name in policy.triggers]
    return _(" and ").join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
