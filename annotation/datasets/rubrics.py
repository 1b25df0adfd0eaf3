"""Reads rubric.json: the attributes that are rated, each with its scope, its scale and its level of measurement.

What is asked beside them is read by rubric_remarks.py.
"""

from typing import Any

from .bad_row import Place
from .fields import expect, identifier, is_integer
from .reading import JsonObject
from .rubric_remarks import check_follows, parse_kinds, parse_remarks

SCOPES = ("response", "comparison", "sample")
LEVELS = ("nominal", "ordinal", "interval")
LARGEST_VALUE = 1000


def parse_rubric(data: JsonObject, at: Place) -> JsonObject:
    """The rubric with every default filled in; unknown keys stay.

    Returns {"name", "title", "instructions", "ordered": bool, "attributes": [{"name", "title", "description", "scope",
    "level", "values": [{"value": int, "label": str}], "trigger": bool, "optional": bool}], "remarks": [...]}, and where the
    file gives them "escalate_above", "settle_within" and "follows". Values of ordinal and interval scales are sorted. When
    no attribute mentions "trigger", every attribute may escalate. Raises BadRow.
    """
    name = identifier(data.get("name"), "name", at)
    written = expect(data.get("attributes"), list, "attributes", at, "List the attributes that people rate.")
    if not written:
        raise at.bad("attributes", written, "expected at least one attribute, got {value}", "List what people rate.")
    attributes = [_attribute(item, f"attributes[{i}]", at) for i, item in enumerate(written)]
    _refuse_repeated_names(attributes, at)
    _fill_triggers(attributes, at)
    check_follows(attributes, at)
    return {
        **data,
        "name": name,
        "title": _text(data, "title", name, "title", at),
        "instructions": _text(data, "instructions", "", "instructions", at),
        "ordered": _flag(data, "ordered", False, "ordered", at),
        "attributes": attributes,
        "remarks": parse_remarks(data.get("remarks"), attributes, at),
    }


def _attribute(item: Any, where: str, at: Place) -> JsonObject:
    expect(item, dict, where, at, 'Write {"name": ..., "scope": ..., "level": ..., "values": [...]}.')
    name = identifier(item.get("name"), f"{where}.name", at)
    scope = _one_of(item, "scope", SCOPES, where, at)
    level = _one_of(item, "level", LEVELS, where, at)
    values = _values(item.get("values"), scope, f"{where}.values", at)
    if scope == "comparison":
        _refuse_one_sided(values, where, at)
    _check_limits(item, where, at)
    return {
        **item,
        "name": name,
        "title": _text(item, "title", name, f"{where}.title", at),
        "description": _text(item, "description", "", f"{where}.description", at),
        "scope": scope,
        "level": level,
        "values": values if level == "nominal" else sorted(values, key=lambda value: value["value"]),
        "optional": _flag(item, "optional", False, f"{where}.optional", at),
    }


def _one_of(item: JsonObject, key: str, allowed: tuple[str, ...], where: str, at: Place) -> str:
    value = item.get(key)
    if value not in allowed:
        problem = f"expected one of {', '.join(allowed)}, got {{value}}"
        raise at.bad(f"{where}.{key}", value, problem, "Choose one of them.")
    return str(value)


def _text(item: JsonObject, key: str, default: str, field: str, at: Place) -> str:
    value = item.get(key)
    return default if value is None else str(expect(value, str, field, at, "Write it as text, or leave it out."))


def _flag(item: JsonObject, key: str, default: bool, field: str, at: Place) -> bool:
    value = item.get(key)
    return default if value is None else bool(expect(value, bool, field, at, "Write true or false without quotes."))


def _values(written: Any, scope: str, field: str, at: Place) -> list[JsonObject]:
    remedy = 'Write at least two, each {"value": 1, "label": "poor"} or just the number.'
    if not isinstance(written, list) or len(written) < 2:
        raise at.bad(field, written, "expected a list of at least two values, got {value}", remedy)
    values = [_value(item, scope, f"{field}[{i}]", at) for i, item in enumerate(written)]
    numbers = [value["value"] for value in values]
    if len(set(numbers)) < len(numbers):
        raise at.bad(field, numbers, "a value stands twice in {value}", "Give each value once.")
    return values


def _value(item: Any, scope: str, field: str, at: Place) -> JsonObject:
    item = item if isinstance(item, dict) else {"value": item}
    number = item.get("value")
    if not is_integer(number) or abs(number) > LARGEST_VALUE:
        problem = f"expected a whole number from -{LARGEST_VALUE} to {LARGEST_VALUE}, got {{value}}"
        raise at.bad(field, number, problem, "Number the levels of the scale.")
    label = _text(item, "label", str(number), f"{field}.label", at)
    return {**item, "label": label, **parse_kinds(item, scope, field, at)}


def _refuse_one_sided(values: list[JsonObject], where: str, at: Place) -> None:
    numbers = [value["value"] for value in values]
    if min(numbers) >= 0 or max(numbers) <= 0:
        problem = "a comparison needs negative values (the first response is better) and positive ones, got {value}"
        raise at.bad(f"{where}.values", numbers, problem, "Write for instance -1, 0, 1.")


def _check_limits(item: JsonObject, where: str, at: Place) -> None:
    for key in ("escalate_above", "settle_within"):
        limit = item.get(key)
        is_number = is_integer(limit) or isinstance(limit, float)
        if limit is not None and not (is_number and limit >= 0):
            remedy = "Give it in points of the scale, or leave it out for the default."
            raise at.bad(f"{where}.{key}", limit, "expected a number of at least 0, got {value}", remedy)


def _refuse_repeated_names(attributes: list[JsonObject], at: Place) -> None:
    names = [attribute["name"] for attribute in attributes]
    for i, name in enumerate(names):
        if name in names[:i]:
            raise at.bad(f"attributes[{i}].name", name, "another attribute is named {value} too", "Rename one of them.")


def _fill_triggers(attributes: list[JsonObject], at: Place) -> None:
    """Set "trigger" everywhere: as written; all true when the file never mentions it."""
    default = all(attribute.get("trigger") is None for attribute in attributes)
    for i, attribute in enumerate(attributes):
        attribute["trigger"] = _flag(attribute, "trigger", default, f"attributes[{i}].trigger", at)
    if not any(attribute["trigger"] for attribute in attributes):
        remedy = 'Write "trigger": true on the attribute whose disagreement asks for more people.'
        raise at.bad("attributes", None, "no attribute is a trigger, so nothing could ever escalate", remedy)
