"""Reads what rubric.json asks beside ratings: "remarks", the kinds of a tie, and what a comparison follows."""

from collections.abc import Sequence
from typing import Any

from .bad_row import Place
from .fields import expect, identifier, is_integer
from .reading import JsonObject

KINDS = ("words", "sources", "reasons", "confidence")
SCOPES = ("sample", "response")
LIMITED = ("words", "sources")
FEWEST_KINDS = 2


def parse_remarks(written: Any, attributes: Sequence[JsonObject], at: Place) -> list[JsonObject]:
    """The remarks with every default filled in; unknown keys stay. `attributes`: parsed already. Raises BadRow.

    Returns [{"name", "title", "description", "kind", "scope", "optional": bool}], and by kind "minimum" and "maximum",
    "options": [{"name", "label"}] and "attribute", or "values": [{"value", "label"}].
    """
    if written is None:
        return []
    expect(written, list, "remarks", at, "List what is asked beside ratings, or leave it out.")
    remarks = [_remark(item, attributes, f"remarks[{i}]", at) for i, item in enumerate(written)]
    taken = [attribute["name"] for attribute in attributes]
    for i, remark in enumerate(remarks):
        if remark["name"] in taken:
            problem = "an attribute or another remark is named {value} too"
            raise at.bad(f"remarks[{i}].name", remark["name"], problem, "Rename one of them.")
        taken.append(remark["name"])
    return remarks


def _remark(item: Any, attributes: Sequence[JsonObject], where: str, at: Place) -> JsonObject:
    expect(item, dict, where, at, 'Write {"name": ..., "kind": ...}.')
    name = identifier(item.get("name"), f"{where}.name", at)
    kind = _one_of(item.get("kind"), KINDS, f"{where}.kind", at)
    beside = _beside(item, kind, attributes, where, at)
    usual = "response" if beside and beside["scope"] == "response" else "sample"
    scope = _one_of(item.get("scope", usual), SCOPES, f"{where}.scope", at)
    if beside and scope != usual:
        problem = f"it stands beside {beside['name']}, which is asked of the {usual}; got {{value}}"
        raise at.bad(f"{where}.scope", scope, problem, "Leave the scope out: it is that of the attribute.")
    common = {"name": name, "kind": kind, "scope": scope, "optional": _flag(item, "optional", True, where, at)}
    texts = {key: text(item, key, default, where, at) for key, default in (("title", name), ("description", ""))}
    return {**item, **common, **texts, **_of_kind(item, kind, where, at)}


def _beside(item: JsonObject, kind: str, attributes: Sequence[JsonObject], where: str, at: Place) -> JsonObject | None:
    """The attribute that a remark stands beside."""
    named = item.get("attribute")
    if named is None:
        return None
    if kind != "reasons":
        raise at.bad(f"{where}.attribute", named, "only reasons stand beside an attribute", "Leave it out.")
    for attribute in attributes:
        if attribute["name"] == named:
            return attribute
    known = ", ".join(attribute["name"] for attribute in attributes)
    raise at.bad(f"{where}.attribute", named, "there is no attribute {value}", f"Name one of {known}.")


def _of_kind(item: JsonObject, kind: str, where: str, at: Place) -> JsonObject:
    if kind in LIMITED:
        _check_limits(item, where, at)
        return {}
    if kind == "reasons":
        return {"options": named_options(item.get("options"), 1, f"{where}.options", at)}
    return {"values": confidence_values(item.get("values"), f"{where}.values", at)}


def _check_limits(item: JsonObject, where: str, at: Place) -> None:
    for key, least in (("minimum", 0), ("maximum", 1)):
        limit = item.get(key)
        if limit is not None and not (is_integer(limit) and least <= limit <= 10_000):
            problem = f"expected a whole number from {least} to 10000, got {{value}}"
            raise at.bad(f"{where}.{key}", limit, problem, "Give it as a number, or leave it out.")
    minimum, maximum = item.get("minimum"), item.get("maximum")
    if minimum is not None and maximum is not None and minimum > maximum:
        problem = f"the maximum {{value}} is under the minimum {minimum}"
        raise at.bad(f"{where}.maximum", maximum, problem, "Nobody could write so much and so little.")


def named_options(written: Any, fewest: int, field: str, at: Place) -> list[JsonObject]:
    """Options as {"name", "label"}, each name once; a bare text is a name. Raises BadRow."""
    remedy = 'Write each as {"name": "key_info_missing", "label": "Key information missing"}.'
    if not isinstance(written, list) or len(written) < fewest:
        raise at.bad(field, written, f"expected a list of at least {fewest}, got {{value}}", remedy)
    options: list[JsonObject] = []
    for i, item in enumerate(written):
        option = item if isinstance(item, dict) else {"name": item}
        name = identifier(option.get("name"), f"{field}[{i}].name", at)
        if name in [earlier["name"] for earlier in options]:
            raise at.bad(f"{field}[{i}].name", name, "{value} stands twice", "Give each once.")
        options.append({**option, "name": name, "label": text(option, "label", name, f"{field}[{i}]", at)})
    return options


def confidence_values(written: Any, field: str, at: Place) -> list[JsonObject]:
    """The levels of a confidence, ascending. Raises BadRow."""
    remedy = 'Write at least two, each {"value": 1, "label": "unsure"} or just the number.'
    if not isinstance(written, list) or len(written) < FEWEST_KINDS:
        raise at.bad(field, written, "expected a list of at least two values, got {value}", remedy)
    levels: list[JsonObject] = []
    for i, item in enumerate(written):
        level = item if isinstance(item, dict) else {"value": item}
        value: Any = level.get("value")
        if not is_integer(value) or abs(value) > 1000 or value in [other["value"] for other in levels]:
            problem = "expected whole numbers from -1000 to 1000, each once; got {value}"
            raise at.bad(f"{field}[{i}].value", value, problem, remedy)
        levels.append({**level, "label": text(level, "label", str(value), f"{field}[{i}]", at)})
    return sorted(levels, key=lambda level: int(level["value"]))


def parse_kinds(level: JsonObject, scope: str, field: str, at: Place) -> JsonObject:
    """What a level adds: the kinds of a tie, which belong to the 0 of a comparison. Raises BadRow."""
    if level.get("kinds") is None:
        return {}
    if scope != "comparison" or level["value"] != 0:
        problem = "only the level 0 of a comparison has kinds, got {value}"
        raise at.bad(f"{field}.kinds", level["kinds"], problem, "Take them out.")
    return {"kinds": named_options(level["kinds"], FEWEST_KINDS, f"{field}.kinds", at)}


def check_follows(attributes: Sequence[JsonObject], at: Place) -> None:
    """A comparison may follow a rating of each response, so that a page can ask when the two contradict. Raises BadRow."""
    known = [a["name"] for a in attributes if a["scope"] == "response" and a["level"] != "nominal"]
    for i, attribute in enumerate(attributes):
        named = attribute.get("follows")
        if named is not None and (attribute["scope"] != "comparison" or named not in known):
            problem = "a comparison follows an ordered attribute of each response, got {value}"
            remedy = f"Name one of {', '.join(known)}." if known else "Take it out: there is no such attribute."
            raise at.bad(f"attributes[{i}].follows", named, problem, remedy)


def _one_of(value: Any, allowed: tuple[str, ...], field: str, at: Place) -> str:
    if value not in allowed:
        raise at.bad(field, value, f"expected one of {', '.join(allowed)}, got {{value}}", "Choose one of them.")
    return str(value)


def text(item: JsonObject, key: str, default: str, where: str, at: Place) -> str:
    value = item.get(key)
    return default if value is None else str(expect(value, str, f"{where}.{key}", at, "Write it as text."))


def _flag(item: JsonObject, key: str, default: bool, where: str, at: Place) -> bool:
    value = item.get(key)
    return default if value is None else bool(expect(value, bool, f"{where}.{key}", at, "Write true or false."))
