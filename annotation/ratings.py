"""The packed form of ratings: where each attribute of each response stands in one short vector.

For each response in canonical order its response-scoped attributes in the rubric's order, then the attributes of the
whole sample (comparison, sample). The database checks the same layout by a trigger (migration 0002).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.utils.translation import gettext as _

from annotation.models import Annotation, Policy
from consensus.scales import Scale, Slot

Packed = list[int | None]


class RatingsRefused(ValueError):
    """Ratings that the rubric does not allow. `problems` has one sentence for each, by attribute."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        self.problems = dict(problems)
        super().__init__(" ".join(self.problems.values()))


@dataclass(frozen=True)
class Place:
    """One position of the packed vector."""

    attribute: Mapping[str, Any]
    response: int | None  # canonical place of the response; None for the whole sample

    @property
    def name(self) -> str:
        return str(self.attribute["name"])

    @property
    def title(self) -> str:
        return str(self.attribute.get("title") or self.name)

    @property
    def levels(self) -> list[int]:
        """Ascending; packed probabilities follow the same order."""
        return sorted(level["value"] for level in self.attribute["values"])

    @property
    def is_comparison(self) -> bool:
        return self.attribute["scope"] == "comparison"

    @property
    def scale(self) -> Scale:
        return Scale(levels=tuple(self.levels), measurement=self.attribute["level"])

    def word_for(self, value: int | None) -> str:
        labels = {level["value"]: str(level.get("label", level["value"])) for level in self.attribute["values"]}
        return _("not given") if value is None else labels.get(value, str(value))


def layout(attributes: Sequence[Mapping[str, Any]], response_count: int) -> list[Place]:
    """Every position of the packed vector of a sample with so many responses."""
    of_responses = [a for a in attributes if a["scope"] == "response"]
    of_sample = [a for a in attributes if a["scope"] != "response"]
    return [Place(a, r) for r in range(response_count) for a in of_responses] + [Place(a, None) for a in of_sample]


def slots(places: Sequence[Place], policy: Policy, annotations: Sequence[Annotation] = ()) -> list[Slot]:
    """The same positions as the numbers package knows them, with the policy's limits on its triggers.

    A trigger that somebody who gave one of these annotations was not asked decides nothing, unless that leaves none.
    """
    triggers = _asked_of_all(policy.triggers, places, annotations)

    def slot(place: Place) -> Slot:
        limits = triggers.get(place.name, {})
        name = place.name if place.response is None else f"{place.name} of response {place.response + 1}"
        return Slot(
            name=name,
            scale=place.scale,
            escalate_above=limits.get("escalate_above"),
            settle_within=limits.get("settle_within"),
        )

    return [slot(place) for place in places]


def _asked_of_all(
    triggers: Mapping[str, Mapping[str, float]], places: Sequence[Place], annotations: Sequence[Annotation]
) -> Mapping[str, Mapping[str, float]]:
    rubrics = {annotation.rubric_id: annotation.rubric for annotation in annotations}
    if len(rubrics) < 2:
        return triggers
    asked = [{attribute["name"] for attribute in rubric.attributes} for rubric in rubrics.values()]
    names = set.intersection({place.name for place in places}, *asked)
    return {name: limits for name, limits in triggers.items() if name in names} or triggers


def matrix(annotations: Sequence[Annotation], places: Sequence[Place], response_count: int) -> np.ndarray:
    """Several people's ratings in these places, as (people, places) floats; NaN = not given.

    Somebody may have answered an older version of the rubric: their ratings go where the same attribute stands now.
    """
    rows = [translated(a.ratings, a.rubric.attributes, places, response_count) for a in annotations]
    return np.array(rows, dtype=float).reshape(len(rows), len(places))


def translated(
    packed: Sequence[int | None],
    attributes: Sequence[Mapping[str, Any]],
    places: Sequence[Place],
    response_count: int,
) -> Packed:
    """Ratings given under a rubric with these attributes, in other places; empty where they have no value or another scale."""
    own = layout(attributes, response_count)
    if own == places:
        return list(packed)
    given = {(place.name, place.response): value for place, value in zip(own, packed, strict=True)}
    values = [given.get((place.name, place.response)) for place in places]
    return [value if value in place.levels else None for place, value in zip(places, values, strict=True)]


def pack(
    given: Iterable[Mapping[str, Any]],
    *,
    places: Sequence[Place],
    response_ids: Sequence[str],
    neither_valid: bool = False,
    partial: bool = False,
    no_preference: bool = False,
) -> Packed:
    """Ratings as `{"attribute", "value", "response"}` rows, put in their positions.

    `response` is a response's id; it may be left out when the sample has one response or the attribute has no response.
    `neither_valid`: the responses cannot be rated, so nothing has to be. `no_preference`: 0 is taken on a comparison without 0. `partial`: positions may be left out, as a judge does that speaks of some attributes only.
    Raises RatingsRefused naming every attribute that is unknown, missing, rated twice or off its scale.
    """
    where = {(place.name, place.response): position for position, place in enumerate(places)}
    packed: Packed = [None] * len(places)
    problems: dict[str, str] = {}
    seen: set[int] = set()
    for row in given:
        try:
            position = _position(row, places=places, where=where, response_ids=response_ids)
            is_none = no_preference and row.get("value") == 0 and places[position].scale.lacks_zero
            packed[position] = 0 if is_none else _checked_value(row.get("value"), places[position])
            if position in seen:
                raise ValueError(_("%(name)s is rated twice; give one value.") % {"name": places[position].name})
            seen.add(position)
        except ValueError as refusal:
            problems.setdefault(str(row.get("attribute")), str(refusal))
    if not partial and not neither_valid:
        problems |= _missing(packed, places, skip=problems)
    if problems:
        raise RatingsRefused(problems)
    return packed


def unpack(
    packed: Sequence[int | None], *, places: Sequence[Place], response_ids: Sequence[str]
) -> list[dict[str, Any]]:
    """The inverse of `pack`: one row a given value."""
    return [
        {
            "attribute": place.name,
            "response": None if place.response is None else response_ids[place.response],
            "value": value,
        }
        for place, value in zip(places, packed, strict=True)
        if value is not None
    ]


def _position(
    row: Mapping[str, Any],
    *,
    places: Sequence[Place],
    where: Mapping[tuple[str, int | None], int],
    response_ids: Sequence[str],
) -> int:
    name, response = str(row.get("attribute")), row.get("response")
    known = list(dict.fromkeys(place.name for place in places))
    if name not in known:
        said = _("No attribute %(name)r in this project; it has: %(known)s.")
        raise ValueError(said % {"name": name, "known": ", ".join(known)})
    if (name, None) in where:
        return where[name, None]
    if response is None and len(response_ids) == 1:
        return where[name, 0]
    if str(response) not in response_ids:
        said = _("%(name)s needs one of the responses %(known)s; got %(given)r.")
        raise ValueError(said % {"name": name, "known": ", ".join(response_ids), "given": response})
    return where[name, response_ids.index(str(response))]


def _checked_value(value: Any, place: Place) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value not in place.levels:
        allowed = ", ".join(str(level) for level in place.levels)
        said = _("%(name)s is %(given)r, which is off its scale; choose one of %(allowed)s.")
        raise ValueError(said % {"name": place.name, "given": value, "allowed": allowed})
    return value


def _missing(packed: Packed, places: Sequence[Place], *, skip: Mapping[str, str]) -> dict[str, str]:
    return {
        place.name: _("%(question)s: choose a value.") % {"question": place.title}
        for place, value in zip(places, packed, strict=True)
        if value is None and place.name not in skip and not place.attribute.get("optional")
    }
