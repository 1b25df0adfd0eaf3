"""What Concord itself reads of the details that come with a judgment; everything else in them is kept as it came.

`comparisons`: by attribute, what the judge said in both orders: `given`, when it was shown the responses in the sample's own
order, and `swapped`, each with the probabilities of `first` and `second` (the sample's own, whichever was shown first) and,
where that could be said, of `neither`. `relatives`: the places of the responses by models of the judge's own family.
"""

import json
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from django.db.models import BooleanField, F, Func, Value

from annotation.models import Judge, SampleContent

COMPARISONS, RELATIVES = "comparisons", "relatives"
GIVEN, SWAPPED = "given", "swapped"
FIRST, SECOND, NEITHER = "first", "second", "neither"
Verdicts = tuple[int, int]

LONGEST_RAW_TEXT = 200 * 1024  # characters
LARGEST = 64 * 1024  # bytes of the details as JSON
DEEPEST = 8


def problem_of(details: Mapping[str, Any], response_count: int, attributes: Collection[str]) -> str:
    """What is wrong with the details, in words with a remedy; empty when nothing is. attributes: those of the rubric."""
    comparisons, relatives = details.get(COMPARISONS), details.get(RELATIVES)
    if comparisons is not None and not _are_comparisons(comparisons):
        return (
            f"{COMPARISONS} are {comparisons!r:.200}. Give {GIVEN} and {SWAPPED} for each attribute, "
            f"each with the probabilities of {FIRST} and {SECOND}."
        )
    if unknown := sorted(set(comparisons or ()) - set(attributes)):
        return (
            f"{COMPARISONS} name {unknown[0]!r:.200}, which the rubric does not have; it has: {', '.join(attributes)}."
        )
    if relatives is not None and not _are_places(relatives, response_count):
        return f"{RELATIVES} are {relatives!r:.200}. List places of its {response_count} response(s), counted from 0, each once."
    return ""


def problem_of_size(given: Mapping[str, Any]) -> str:
    """Why this is too much to keep of what was posted from outside; empty when it is not."""
    if _is_deeper(given, DEEPEST):
        return f"Nested deeper than {DEEPEST}. Flatten it."
    size = len(json.dumps(given, ensure_ascii=False).encode("utf-8", "surrogatepass"))
    return f"{size} bytes as JSON, and {LARGEST} are kept. Leave out what nobody will read." if size > LARGEST else ""


def _is_deeper(value: Any, levels: int) -> bool:
    inside = value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else None
    return inside is not None and (levels == 0 or any(_is_deeper(each, levels - 1) for each in inside))


def _are_comparisons(comparisons: Any) -> bool:
    return isinstance(comparisons, Mapping) and all(
        isinstance(both, Mapping) and all(_is_order(both.get(order)) for order in (GIVEN, SWAPPED))
        for both in comparisons.values()
    )


def _is_order(order: Any) -> bool:
    return isinstance(order, Mapping) and all(
        _is_probability(order.get(side, 0.0 if side == NEITHER else None)) for side in (FIRST, SECOND, NEITHER)
    )


def _is_probability(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1


def verdicts_by_position(both: Mapping[str, Any]) -> Verdicts:
    """What a judge preferred in either order, by where it was shown: 1 the response shown first, -1 the other, 0 neither."""
    return _winner(both[GIVEN]), -_winner(both[SWAPPED])


def _winner(order: Mapping[str, float]) -> int:
    """1 the sample's first response, -1 its second, 0 neither: the likeliest; torn between the two, it is neither."""
    first, second = order[FIRST], order[SECOND]
    if first == second or order.get(NEITHER, 0.0) >= max(first, second):
        return 0
    return 1 if first > second else -1


def _are_places(relatives: Any, response_count: int) -> bool:
    return (
        isinstance(relatives, list | tuple)
        and all(isinstance(place, int) and not isinstance(place, bool) for place in relatives)
        and all(0 <= place < response_count for place in relatives)
        and len(set(relatives)) == len(relatives)
    )


def places_by_relatives(judge: Judge, sample_ids: Iterable[int]) -> dict[int, list[int]]:
    """Of each sample that has any, the places of the responses whose own `family` is the judge's; capitals do not matter."""
    family = _name(judge.family)
    if not family:
        return {}
    names_families = Func(
        F("responses"), Value("$[*].family"), function="jsonb_path_exists", template="%(function)s(%(expressions)s::jsonpath)",
        output_field=BooleanField(),
    )  # fmt: skip
    named = SampleContent.objects.filter(names_families, sample_id__in=sample_ids)
    found = {
        sample_id: [place for place, response in enumerate(responses) if _name(response.get("family")) == family]
        for sample_id, responses in named.values_list("sample_id", "responses")
    }
    return {sample_id: places for sample_id, places in found.items() if places}


def _name(family: Any) -> str:
    return family.strip().casefold() if isinstance(family, str) else ""
