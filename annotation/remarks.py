"""What is asked beside ratings and decides nothing: words, sources, reasons, a confidence, and which kind of tie is meant.

`Annotation.remarks` keeps them by name: of the whole sample one value, of the responses a list in canonical order with null
where nothing was given; under a comparison's name the kind of its tie. The database checks names, shapes, options and kinds
by a trigger (migration 0018); how many words and links are wanted is checked here.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from annotation.models import Rubric
from annotation.ratings import Packed, RatingsRefused
from annotation.ratings import layout as places_of

Key = tuple[str, int | None]  # a remark's name and the response that it is about
Given = Mapping[str, Any] | Iterable[Mapping[str, Any]]

LONGEST_TEXT = 20_000
LONGEST_LINK = 2_000
MOST_LINKS = 10  # where the rubric says nothing
# Scripts that put no spaces between words: each character counts as one, as word processors count. Korean has spaces.
UNSPACED = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9d\U00020000-\U0003ffff]")


def count_words(text: str) -> int:
    """What stands between spaces and has a letter or a digit; of Chinese and Japanese every character.

    >>> count_words("The sky - well, it's blue."), count_words("하늘은 파랗다"), count_words("天は青い。")
    (5, 2, 4)
    """
    parts = UNSPACED.sub(r" \g<0> ", text).split()
    return sum(any(map(str.isalnum, part)) for part in parts)


@dataclass(frozen=True)
class Asked:
    """One remark that is asked, of one response or of the whole sample."""

    remark: Mapping[str, Any]
    response: int | None  # canonical place of the response; None for the whole sample

    @property
    def key(self) -> Key:
        return self.name, self.response

    @property
    def name(self) -> str:
        return str(self.remark["name"])

    @property
    def title(self) -> str:
        return str(self.remark.get("title") or self.name)

    @property
    def kind(self) -> str:
        return str(self.remark["kind"])

    @property
    def is_optional(self) -> bool:
        return bool(self.remark.get("optional", True))


def layout(remarks: Sequence[Mapping[str, Any]], response_count: int) -> list[Asked]:
    """Everything that is asked beside the ratings of a sample with so many responses, in the rubric's order."""
    return [
        Asked(remark, response)
        for remark in remarks
        for response in (range(response_count) if remark.get("scope") == "response" else (None,))
    ]


def ties(attributes: Sequence[Mapping[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """The kinds of tie that comparisons tell apart, by the comparison's name."""
    kinds = {a["name"]: kinds_of(a) for a in attributes if a["scope"] == "comparison"}
    return {name: told_apart for name, told_apart in kinds.items() if told_apart}


def kinds_of(attribute: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The kinds of tie of one comparison; none where a tie is a tie."""
    return next((list(level.get("kinds", [])) for level in attribute["values"] if level["value"] == 0), [])


def pack(
    given: Given | None, *, rubric: Rubric, rated: Packed | None, response_count: int, neither_valid: bool = False
) -> dict[str, Any]:
    """Remarks as `{"remark", "response", "value"}` rows, or by name as they are kept; checked, in the rubric's order.

    `response` is a response's canonical place as text, "0"; it may be left out when the sample has one response. `rated`:
    the packed ratings beside them, None where these were refused. `neither_valid`: nothing has to be said. Raises RatingsRefused with a sentence by name.
    """
    if not given and not rubric.remarks:
        return {}
    asked, kinds = layout(rubric.remarks, response_count), ties(rubric.attributes)
    values: dict[Key, Any] = {}
    problems: dict[str, str] = {}
    for row in _rows(given or {}, asked):
        name = str(row.get("remark"))
        try:
            key, value = _kind(row, kinds[name]) if name in kinds else _remark(row, asked, response_count)
            if key in values:
                raise ValueError(_("%(name)s is given twice; give it once.") % {"name": name})
            values[key] = value
        except ValueError as refusal:
            problems.setdefault(name, str(refusal))
    if rated is not None:
        problems |= _ties_that_are_none(values, kinds, _rated(rubric, rated, response_count))
    if not neither_valid:
        problems |= _missing(values, asked, skip=problems)
    if problems:
        raise RatingsRefused(problems)
    return _kept(values, asked, kinds)


def unpack(kept: Mapping[str, Any], *, rubric: Rubric, response_count: int) -> list[dict[str, Any]]:
    """The inverse of `pack`: one row a given value."""
    asked = layout(rubric.remarks, response_count)
    rows = [
        {"remark": one.name, "response": None if one.response is None else str(one.response), "value": value}
        for one, value in zip(asked, values_of(kept, asked), strict=True)
        if value is not None
    ]
    told_apart = [name for name in ties(rubric.attributes) if kept.get(name) is not None]
    return rows + [{"remark": name, "response": None, "value": kept[name]} for name in told_apart]


def values_of(kept: Mapping[str, Any], asked: Sequence[Asked]) -> list[Any]:
    """What was said, in the places of what is asked: nothing where it does not fit, as after a change of the rubric."""
    return [_fitting(one, kept.get(one.name)) for one in asked]


def whole(kept: Mapping[str, Any], rubric: Rubric) -> dict[str, Any]:
    """Every remark that the rubric asks by name, with None for what was not given: rows of one shape, for files."""
    names = [remark["name"] for remark in rubric.remarks]
    return {name: kept.get(name) for name in [*names, *ties(rubric.attributes)]}


def in_words(kept: Mapping[str, Any], *, rubric: Rubric, response_count: int) -> list[dict[str, Any]]:
    """What was said as a person reads it: rows of a title, the canonical place of the response or None, and a text."""
    asked = layout(rubric.remarks, response_count)
    said = [
        {"title": one.title, "response": one.response, "text": _text(one, value)}
        for one, value in zip(asked, values_of(kept, asked), strict=True)
        if value is not None
    ]
    titles = {attribute["name"]: attribute.get("title") or attribute["name"] for attribute in rubric.attributes}
    meant = [
        {"title": titles[name], "response": None, "text": kind.get("label") or kind["name"]}
        for name, kinds in ties(rubric.attributes).items()
        for kind in kinds
        if kind["name"] == kept.get(name)
    ]
    return meant + said


def _text(asked: Asked, value: Any) -> str:
    if asked.kind == "reasons":
        return ", ".join(o.get("label") or o["name"] for o in asked.remark["options"] if o["name"] in value)
    if asked.kind == "confidence":
        return next(str(level.get("label", value)) for level in asked.remark["values"] if level["value"] == value)
    return "\n".join(value) if asked.kind == "sources" else str(value)


def cleaned(asked: Asked, value: Any) -> Any:
    """The value as it is kept, or None when nothing is said. Raises ValueError with a sentence."""
    return None if value is None else CHECKS[asked.kind](asked, value)


def problem_with(asked: Asked, value: Any) -> str:
    """What is wrong with one value where it was asked, in a sentence; empty when it can be kept."""
    try:
        said = cleaned(asked, value)
    except ValueError as refusal:
        return str(refusal)
    return "" if said is not None or asked.is_optional else _please(asked)


def _rows(given: Given, asked: Sequence[Asked]) -> Iterator[Mapping[str, Any]]:
    if not isinstance(given, Mapping):
        yield from given
        return
    of_responses = {one.name for one in asked if one.response is not None}
    for name, value in given.items():
        if name in of_responses and isinstance(value, list):
            yield from ({"remark": name, "response": str(at), "value": one} for at, one in enumerate(value))
        else:
            yield {"remark": name, "value": value}


def _remark(row: Mapping[str, Any], asked: Sequence[Asked], response_count: int) -> tuple[Key, Any]:
    one = _place(row, asked, response_count)
    return one.key, cleaned(one, row.get("value"))


def _place(row: Mapping[str, Any], asked: Sequence[Asked], response_count: int) -> Asked:
    name, response = str(row.get("remark")), row.get("response")
    own = [one for one in asked if one.name == name]
    if not own:
        known = ", ".join(dict.fromkeys(one.name for one in asked)) or _("none")
        raise ValueError(_("No remark %(name)r is asked here; asked are: %(known)s.") % {"name": name, "known": known})
    if own[0].response is None or (response is None and len(own) == 1):
        return own[0]
    for one in own:
        if str(one.response) == str(response):
            return one
    places = ", ".join(map(str, range(response_count)))
    about = {"name": name, "places": places, "response": response}
    raise ValueError(_("%(name)s needs one of the responses %(places)s; got %(response)r.") % about)


def _kind(row: Mapping[str, Any], kinds: Sequence[Mapping[str, Any]]) -> tuple[Key, str | None]:
    """Which kind of tie is meant, under the name of its comparison."""
    name, value, allowed = str(row["remark"]), row.get("value"), [kind["name"] for kind in kinds]
    if value is not None and value not in allowed:
        about = {"name": name, "value": value, "allowed": ", ".join(allowed)}
        raise ValueError(_("%(name)s: %(value)r is no kind of tie; there are: %(allowed)s.") % about)
    return (name, None), value


def _rated(rubric: Rubric, rated: Packed, response_count: int) -> dict[str, int | None]:
    """The values of the whole sample, by attribute."""
    places = places_of(rubric.attributes, response_count)
    return {place.name: value for place, value in zip(places, rated, strict=True) if place.response is None}


def _ties_that_are_none(
    values: Mapping[Key, Any], kinds: Mapping[str, Any], rated: Mapping[str, int | None]
) -> dict[str, str]:
    said = [name for name in kinds if values.get((name, None)) is not None and rated[name] != 0]
    sentence = _("%(name)s has a kind of tie, but its value is %(value)s. A kind goes with 0 only.")
    return {name: sentence % {"name": name, "value": rated[name]} for name in said}


def _missing(values: Mapping[Key, Any], asked: Sequence[Asked], *, skip: Mapping[str, str]) -> dict[str, str]:
    left_out = [one for one in asked if not one.is_optional and values.get(one.key) is None and one.name not in skip]
    return {one.name: _please(one) for one in left_out}


def _kept(values: Mapping[Key, Any], asked: Sequence[Asked], kinds: Mapping[str, Any]) -> dict[str, Any]:
    """By name, without what nobody said."""
    kept: dict[str, Any] = {}
    for one in asked:
        if one.response is None:
            kept[one.name] = values.get(one.key)
        else:
            kept.setdefault(one.name, []).append(values.get(one.key))
    kept |= {name: values.get((name, None)) for name in kinds}
    return {name: value for name, value in kept.items() if value is not None and not _is_all_none(value)}


def _is_all_none(value: Any) -> bool:
    return isinstance(value, list) and all(one is None for one in value)


def _fitting(asked: Asked, value: Any) -> Any:
    if asked.response is not None:
        value = value[asked.response] if isinstance(value, list) and asked.response < len(value) else None
    try:
        return cleaned(asked, value)
    except ValueError:
        return None


def _please(asked: Asked) -> str:
    """What to do about a remark that is missing."""
    wanted = {
        "words": _("%(title)s: write it in words."),
        "sources": _("%(title)s: give a link, https://…"),
        "reasons": _("%(title)s: choose what applies."),
        "confidence": _("%(title)s: choose a value."),
    }
    if asked.kind == "words" and asked.remark.get("minimum"):
        return _of_words(asked, 0)
    return wanted[asked.kind] % {"title": asked.title}


def _words(asked: Asked, value: Any) -> str | None:
    if not isinstance(value, str):
        raise ValueError(_("%(title)s: write it as text; got %(value)r.") % {"title": asked.title, "value": value})
    text = value.strip()
    if len(text) > LONGEST_TEXT:
        about = {"title": asked.title, "count": len(text), "most": LONGEST_TEXT}
        raise ValueError(_("%(title)s has %(count)s characters; at most %(most)s can be kept.") % about)
    count = count_words(text)
    least, most = asked.remark.get("minimum") or 0, asked.remark.get("maximum")
    if text and (count < least or (most is not None and count > most)):
        raise ValueError(_of_words(asked, count))
    return text or None


def _of_words(asked: Asked, count: int) -> str:
    """How many words there are, and how many are wanted."""
    there = ngettext("%(title)s: %(count)s word so far", "%(title)s: %(count)s words so far", count)
    least, most = asked.remark.get("minimum") or 0, asked.remark.get("maximum")
    if most is None:
        wanted = _("at least %(least)s are wanted.")
    elif least:
        wanted = _("%(least)s to %(most)s are wanted.")
    else:
        wanted = _("at most %(most)s are wanted.")
    return f"{there}; {wanted}" % {"title": asked.title, "count": count, "least": least, "most": most}


def _sources(asked: Asked, value: Any) -> list[str] | None:
    if not isinstance(value, list) or not all(isinstance(link, str) for link in value):
        raise ValueError(_("%(title)s: give a list of links; got %(value)r.") % {"title": asked.title, "value": value})
    links = list(dict.fromkeys(link.strip() for link in value if link.strip()))
    for link in links:
        if not is_link(link):
            about = {"title": asked.title, "link": link[:80]}
            raise ValueError(_("%(title)s: “%(link)s” is no link. It must begin with https:// or http://.") % about)
    least, most = asked.remark.get("minimum") or 0, asked.remark.get("maximum") or MOST_LINKS
    if links and not least <= len(links) <= most:
        about = {"title": asked.title, "count": len(links), "least": max(least, 1), "most": most}
        raise ValueError(_("%(title)s: links so far: %(count)s; %(least)s to %(most)s are wanted.") % about)
    return links or None


def is_link(text: str) -> bool:
    """Whether this is an address of the web, and nothing that a browser would run or open on the device."""
    if len(text) > LONGEST_LINK or any(character.isspace() or not character.isprintable() for character in text):
        return False
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return False


def _reasons(asked: Asked, value: Any) -> list[str] | None:
    known = [option["name"] for option in asked.remark["options"]]
    if not isinstance(value, list) or any(reason not in known for reason in value):
        about = {"title": asked.title, "value": value, "known": ", ".join(known)}
        raise ValueError(_("%(title)s: got %(value)r; choose among: %(known)s.") % about)
    return [reason for reason in known if reason in value] or None


def _confidence(asked: Asked, value: Any) -> int:
    levels = [level["value"] for level in asked.remark["values"]]
    if isinstance(value, bool) or not isinstance(value, int) or value not in levels:
        about = {"title": asked.title, "value": value, "levels": ", ".join(map(str, levels))}
        raise ValueError(_("%(title)s is %(value)r; choose one of %(levels)s.") % about)
    return value


CHECKS: Mapping[str, Callable[[Asked, Any], Any]] = {
    "words": _words,
    "sources": _sources,
    "reasons": _reasons,
    "confidence": _confidence,
}
