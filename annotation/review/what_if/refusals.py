"""Why a policy cannot be so: what the database would refuse, said before it has to, with the values and what to do."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.translation import gettext as _

from annotation.models import Policy

Content = Mapping[str, Any]
Name, Rule = Policy.Name, Policy.LabelRule


def refusals(content: Content) -> Iterator[str]:
    yield from _of_people_and_rule(content)
    yield from _of_the_rest(content)


def _of_people_and_rule(content: Content) -> Iterator[str]:
    first, extra, name, rule = content["first_round"], content["extra"], content["name"], content["label_rule"]
    if name in (Name.SPREAD, Name.UNANIMOUS) and (first < 3 or extra < 1):
        yield _(
            "%(first)d people and %(extra)d more cannot settle a sample: a label rests on three who agree. Ask at least 3 at "
            "first and at least 1 more."
        ) % {"first": first, "extra": extra}
    if name == Name.SEQUENTIAL and rule not in (Rule.MAJORITY, Rule.MEDIAN):
        yield _(
            "Asking until nobody could change the label works with the commonest value and with the median: every further "
            "rating moves the others."
        )
    if name == Name.SEQUENTIAL and first != (first + extra + 1) // 2:
        yield _(
            "Of %(all)d people at most, %(half)d are asked at first: fewer can always be outvoted. Write %(half)d and %(rest)d."
        ) % {
            "all": first + extra,
            "half": (first + extra + 1) // 2,
            "rest": (first + extra) // 2,
        }
    if name == Name.CONFIDENCE and first < 1:
        yield _("Nobody would be asked. Ask at least 1 person at first.")
    if rule == Rule.CLOSEST_THREE and name == Name.CONFIDENCE and first < 3:
        yield _("The mean of the three who differ least needs 3 people at first, and %(first)d are asked.") % {
            "first": first
        }


def _of_the_rest(content: Content) -> Iterator[str]:
    all_of_them = content["first_round"] + content["extra"]
    if all_of_them > 100:
        yield _("%(all)d people for one sample is a slip of the pen. Ask at most 100.") % {"all": all_of_them}
    if content["unsettled"] == Policy.Unsettled.RESOLVED and content["name"] != Name.CONFIDENCE:
        yield _("Only a policy that asks until the label is sure can keep the label of unsettled samples.")
    if not 0 < content["target"] < 1:
        yield _("%(given)s %% sure cannot be. Write a number above 0 and below 100.") % {
            "given": f"{100 * content['target']:g}"
        }
    if content["judges_weight_at_most"] > 1:
        yield _("A weight of %(given)s cannot be. Write a number from 0 to 1.") % {
            "given": f"{content['judges_weight_at_most']:g}"
        }
    if not content["triggers"]:
        yield _("Nothing is ticked that decides, so nobody further would ever be asked. Tick an attribute.")
