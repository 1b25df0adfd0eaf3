"""The explorer in words: its form, the filters that are on, and what orders do and cannot do."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from annotation.explorer import finding, orders, tokens
from annotation.explorer.filters import DIFFERS, FLAGS, JUDGED, SKIPPED, Filters, attribute_and_points, day_of, widest
from annotation.models import Annotator, Decision, Judge, Project, Sample
from annotation.ratings import Place
from annotation.web import questions

Row = dict[str, Any]
PEOPLE_SHOWN = 200


# --- the form ---------------------------------------------------------------------------------------------------
def form(project: Project, filters: Filters) -> Row:
    """The choices of every field, with what is chosen."""
    return {
        "states": _choices(Sample.State.choices, filters.state),
        "purposes": _choices(Sample.Purpose.choices, filters.purpose),
        "flags": _choices(((flag, flag_word(flag)) for flag in FLAGS), filters.has),
        "labels": [_groups(project, _levels, chosen) for chosen in (*filters.label, "")],
        "spreads": [_groups(project, _spreads, chosen) for chosen in (*filters.spread, "")],
        "metadata": [*filters.field, ""],
        "did": _choices(((JUDGED, _("judged it")), (SKIPPED, _("skipped it"))), filters.did or JUDGED),
        "judges": _choices(((str(judge.pk), judge.name) for judge in _judges(project)), filters.judge),
        "said": _choices(
            ((JUDGED, _("has judged it")), (DIFFERS, _("disagrees with the label"))), filters.said or JUDGED
        ),
        "people": _names(project),
        "has_more": any(name not in ("text", "state") for name, _value in filters.pairs()),
    }


def _choices(choices: Iterable[tuple[Any, Any]], chosen: Any) -> list[Row]:
    """`chosen`: one value or several."""
    several = chosen if isinstance(chosen, tuple) else (chosen,)
    return [{"value": value, "label": label, "chosen": value in several} for value, label in choices]


def _groups(project: Project, choices_of: Any, chosen: str) -> list[Row]:
    """Choices by attribute."""
    places = [Place(attribute, None) for attribute in project.rubric.attributes]
    return [
        {
            "title": place.title,
            "choices": _choices(
                ((value, f"{place.title}: {said}") for value, said in choices_of(project, place)), chosen
            ),
        }
        for place in places
    ]


def _levels(_project: Project, place: Place) -> list[tuple[str, str]]:
    return [(f"{place.name}={level}", level_word(place, level)) for level in place.levels]


def _spreads(project: Project, place: Place) -> list[tuple[str, str]]:
    """How far apart a first round can be."""
    ranges = range(widest(project, place.name) + 1)
    exactly = [(f"{place.name}={steps}", spread_word(place, "=", steps)) for steps in ranges]
    return exactly + [(f"{place.name}>={steps}", spread_word(place, ">=", steps)) for steps in ranges[1:-1]]


def _judges(project: Project) -> Iterable[Judge]:
    return Judge.objects.filter(project_judges__project=project).order_by("name", "pk")


def _names(project: Project) -> list[str]:
    """For the list beside the field; where there are more, a name is typed."""
    names = Annotator.objects.filter(project=project).order_by("external_id").values_list("external_id", flat=True)
    return list(names[:PEOPLE_SHOWN])


def page_orders() -> list[tuple[str, str]]:
    words = {
        "newest": _("Newest first"),
        "id": _("Oldest first"),
        "disagreement": _("Most disagreement first"),
        "priority": _("Highest priority first"),
    }
    return [(name, words[name]) for name in finding.ORDERS]


# --- filters that are on ----------------------------------------------------------------------------------------
def flag_word(flag: str) -> str:
    return {
        tokens.COMMENT: _("has a comment"),
        tokens.LATE: _("has a late annotation"),
        tokens.SENSITIVE: _("sensitive"),
        tokens.SLICE: _("in the random slice"),
        tokens.JUDGES: _("settled by judges"),
        tokens.REVIEWER: _("label set by a reviewer"),
    }[flag]


def level_word(place: Place, level: int) -> str:
    """A level with its word, where it has one."""
    word = place.word_for(level)
    return str(level) if word == str(level) else f"{level} · {word}"


def spread_word(place: Place, sign: str, steps: int) -> str:
    if place.scale.is_nominal:
        return _("not unanimous") if steps else _("unanimous")
    if not steps:
        return _("all the same")
    if sign == ">=":
        return ngettext("%(count)d point or more apart", "%(count)d points or more apart", steps) % {"count": steps}
    return ngettext("%(count)d point apart", "%(count)d points apart", steps) % {"count": steps}


def chip(project: Project, name: str, value: str) -> str:
    """One filter that is on, as it is read."""
    if name == "label":
        attribute, _sign, level = attribute_and_points(value)
        return f"{_title(project, attribute)}: {_word(project, attribute, level)}"
    if name == "spread":
        attribute, sign, steps = attribute_and_points(value)
        place = _place(project, attribute)
        return f"{attribute if place is None else place.title}: {spread_word(place, sign, steps) if place else value}"
    return _said(project, name, value)


def _said(project: Project, name: str, value: str) -> str:
    match name:
        case "state":
            return str(Sample.State(value).label)
        case "purpose":
            return str(Sample.Purpose(value).label)
        case "has":
            return flag_word(value)
        case "judge":
            return _("judge %(name)s") % {"name": next((j.name for j in _judges(project) if str(j.pk) == value), value)}
        case "did":
            return _("skipped it") if value == SKIPPED else _("judged it")
        case "said":
            return _("disagrees with the label") if value == DIFFERS else _("has judged it")
        case "field":
            field, _sign, said = value.partition("=")
            return f"{field}: {said}"
    return _typed(name, value)


def _typed(name: str, value: str) -> str:
    day = date_format(day_of(value), "DATE_FORMAT") if "_from" in name or "_to" in name else ""
    return {
        "text": _("text: %(value)s"),
        "id": _("id: %(value)s"),
        "person": _("person: %(value)s"),
        "imported_from": _("imported from %(day)s"),
        "imported_to": _("imported up to %(day)s"),
        "decided_from": _("decided from %(day)s"),
        "decided_to": _("decided up to %(day)s"),
    }[name] % {"value": value, "day": day}


def _place(project: Project, attribute: str) -> Place | None:
    return next((Place(of, None) for of in project.rubric.attributes if of["name"] == attribute), None)


def _title(project: Project, attribute: str) -> str:
    place = _place(project, attribute)
    return place.title if place else attribute


def _word(project: Project, attribute: str, level: int) -> str:
    place = _place(project, attribute)
    return level_word(place, level) if place else str(level)


def number(count: int) -> str:
    """With its thousands apart."""
    return str(number_format(count, force_grouping=True))


# --- what was found ---------------------------------------------------------------------------------------------
def count(found: int | None) -> str:
    """How many, as far as it was counted."""
    if found is None:
        return _("many samples; counting them all would take too long")
    if found > finding.COUNTED_AT_MOST:
        return _("more than %(count)s samples") % {"count": number(finding.COUNTED_AT_MOST)}
    said = ngettext("%(count)s sample", "%(count)s samples", found)
    return said % {"count": number(found)}


def value(attribute: Mapping[str, Any], level: int | None) -> str:
    """A label in a character or two: that of a comparison as the letter that it favours, with its strength."""
    place = Place(attribute, None)
    if level is None:
        return "-"
    if not place.is_comparison or place.scale.is_nominal:
        return str(level)
    strength = str(abs(level)) if max(place.levels) > 1 else ""
    return f"{questions.favoured_letter(place, level)}{strength}" if level else "="


def share(disagreement: float | None) -> str:
    """A disagreement as a share of the scale."""
    return "" if disagreement is None else f"{100 * disagreement:.0f} %"


def too_wide(name: str) -> str:
    """Which filter it was, and what would help."""
    named = {
        "id": _("A piece from the middle of an id is looked for in every sample. Write how the id begins, as in abc*."),
        "text": _("The words in “text” stand in too many samples. Add a rarer word."),
        "judge": _("The judge has spoken of too many samples."),
    }
    helps = _("Add a state, a person, a level, a metadata field or a time, or take another order.")
    return f"{named.get(name, '')} {helps}".strip()


# --- orders -----------------------------------------------------------------------------------------------------
def order_title(kind: str, size: int) -> str:
    return {
        "prioritise": ngettext("Give %(count)s sample a priority", "Give %(count)s samples a priority", size),
        "send": ngettext("Offer %(count)s sample to people", "Offer %(count)s samples to people", size),
        "exclude": ngettext("Exclude %(count)s sample", "Exclude %(count)s samples", size),
        "take_back": ngettext("Take %(count)s sample back in", "Take %(count)s samples back in", size),
    }[kind] % {"count": number(size)}


def order_explains(kind: str) -> str:
    return {
        "prioritise": _(
            "Above 0 they are handed out before all others, the highest first; below 0 after all others. 0 is the usual one."
        ),
        "send": _(
            "Each of these people is given these samples before other work, as far as they still may have them when they ask. "
            "Nobody else is kept from them, and as many people judge each as the policy asks. They are not told."
        ),
        "exclude": _("They leave the data: no label, no further annotation. What was said of them is kept."),
        "take_back": _("They are contested then, and wait for a reviewer's decision."),
    }[kind]


def refusals(counted: Mapping[str, int]) -> list[Row]:
    """Why samples are left as they are, with how many."""
    words = {
        orders.NOT_WORK: _("gold or training samples"),
        orders.DECIDED: _("decided or contested: nobody is asked about them now"),
        orders.SAME: _("have this priority already"),
        orders.NO_SLOT: _("have all the people they need in hand"),
        orders.NOBODY: _("none of these people may have them: they had them, lack a skill or do not work here now"),
        orders.EXCLUDED: _("excluded already"),
        orders.NOT_EXCLUDED: _("not excluded"),
        orders.MOVED: _("changed meanwhile"),
    }
    return [
        {"count": number(many), "text": words.get(why, why)}
        for why, many in sorted(counted.items(), key=lambda item: -item[1])
    ]


def people(project: Project, chosen: set[int]) -> list[Row]:
    """Who could be named: those who work in the project now."""
    working = Annotator.objects.filter(project=project, state=Annotator.State.ACTIVE, is_qualified=True)
    return [
        {"pk": person.pk, "name": str(person), "chosen": person.pk in chosen}
        for person in working.select_related("user").order_by("external_id")[:PEOPLE_SHOWN]
    ]


def causes() -> Sequence[Row]:
    return [{"value": value, "label": label} for value, label in Decision.Cause.choices]
