"""What somebody looks for, as it stands in the address of the page, and as conditions that the database understands."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from annotation.explorer import tokens, words
from annotation.models import Annotator, Assignment, Judge, Project, Sample

LONGEST = 200
MOST_VALUES = 10
FLAGS = (tokens.COMMENT, tokens.LATE, tokens.SENSITIVE, tokens.SLICE, tokens.JUDGES, tokens.REVIEWER)
JUDGED, SKIPPED = "judged", "skipped"
DIFFERS = "differs"
DID = {
    JUDGED: [Assignment.State.SUBMITTED, Assignment.State.LATE, Assignment.State.WITHDRAWN],
    SKIPPED: [Assignment.State.SKIPPED],
}
PARTNERS = {"person": "did", "judge": "said"}
MANY = ("state", "label", "spread", "field", "has")
_LEVEL = re.compile(r"(.+?)(>?=)(-?\d{1,5})", re.DOTALL)


@dataclass(frozen=True)
class Filters:
    """Every filter by its name in the address; what is not asked is empty. Values that mean nothing are dropped."""

    state: tuple[str, ...] = ()
    purpose: str = ""
    id: str = ""
    text: str = ""
    label: tuple[str, ...] = ()  # attribute=level
    spread: tuple[str, ...] = ()  # attribute=points, attribute>=points
    person: str = ""
    did: str = ""
    judge: str = ""
    said: str = ""
    field: tuple[str, ...] = ()  # field=value
    has: tuple[str, ...] = ()
    imported_from: str = ""
    imported_to: str = ""
    decided_from: str = ""
    decided_to: str = ""

    @classmethod
    def read(cls, given: Mapping[str, Any]) -> "Filters":
        """From an address (anything with `getlist`)."""
        return cls(**{of.name: _read(given, of.name) for of in fields(cls)})

    @property
    def query(self) -> str:
        """The address again, with what is asked and no more."""
        return urlencode([(name, value) for name, value in self.pairs()])

    def pairs(self) -> Iterator[tuple[str, str]]:
        """Every filter that is on, in the order of the form."""
        for of in fields(self):
            asked = getattr(self, of.name)
            yield from ((of.name, value) for value in ([asked] if isinstance(asked, str) else asked) if value)

    def without(self, name: str, value: str) -> "Filters":
        """The same without one filter that is on."""
        asked = getattr(self, name)
        left: Any = "" if isinstance(asked, str) else tuple(one for one in asked if one != value)
        changes: dict[str, Any] = {name: left, **({PARTNERS[name]: ""} if name in PARTNERS else {})}
        return replace(self, **changes)

    @property
    def tells_what_a_judge_says(self) -> bool:
        """Whether who reads what it finds knows of each sample that a judge is far from its label."""
        return bool(self.judge) and self.said == DIFFERS

    @property
    def is_empty(self) -> bool:
        return not any(True for _ in self.pairs())


def _read(given: Any, name: str) -> Any:
    values = [value.replace("\x00", "").strip()[:LONGEST] for value in given.getlist(name)[:MOST_VALUES]]
    fitting = tuple(dict.fromkeys(value for value in values if value and FITS.get(name, bool)(value)))
    return fitting if name in MANY else next(iter(fitting), "")


def _is_date(value: str) -> bool:
    try:
        return 1 < date.fromisoformat(value).year < date.max.year  # a day before or after is a date too
    except ValueError:
        return False


def _is_about_a_level(value: str) -> bool:
    return _LEVEL.fullmatch(value) is not None


FITS: dict[str, Any] = {
    "state": Sample.State.values.__contains__,
    "purpose": Sample.Purpose.values.__contains__,
    "label": _is_about_a_level,
    "spread": _is_about_a_level,
    "field": lambda value: "=" in value[1:],
    "did": DID.__contains__,
    "judge": str.isdecimal,
    "said": (JUDGED, DIFFERS).__contains__,
    "has": FLAGS.__contains__,
    **dict.fromkeys(("imported_from", "imported_to", "decided_from", "decided_to"), _is_date),
}


def attribute_and_points(value: str) -> tuple[str, str, int]:
    """`attribute=2` or `attribute>=2` in its parts."""
    found = _LEVEL.fullmatch(value)
    name, sign, points = found.groups() if found else (value, "=", "0")
    return name, sign, int(points)


# --- as conditions ----------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Condition:
    """SQL over `sample`, and what it reads beside it; `every` and `any`: tokens that all, or one of which, must be there."""

    sql: str = ""
    values: Sequence[Any] = ()
    every: str = ""
    any: Sequence[str] = ()
    reads: str = ""  # facets, document, person, judgment
    joined: Sequence[Any] = ()  # the values of what is joined
    looks_at_all: bool = False  # no index serves it


@dataclass(frozen=True)
class Asked:
    """What is asked of a project's samples, as conditions by the name of their filter."""

    conditions: dict[str, list[Condition]] = field(default_factory=dict)
    states: tuple[str, ...] = ()
    nothing_fits: bool = False  # somebody or a word that is not there was asked for

    @property
    def all(self) -> list[Condition]:
        return [condition for of in self.conditions.values() for condition in of]


def asked(project: Project, filters: Filters) -> Asked:
    """The conditions of filters in a project. People are named as the project knows them."""
    made = {name: list(make(project, filters)) for name, make in MAKERS.items() if getattr(filters, name)}
    return Asked(made, filters.state, nothing_fits=any(not of for of in made.values()))


def _state(project: Project, filters: Filters) -> Iterator[Condition]:
    """As it is now; by its facet too where others are asked, so that one index answers all of them."""
    of = [tokens.state(project.pk, value) for value in filters.state]
    yield Condition("sample.state = ANY(%s)", [list(filters.state)], any=of)


def _purpose(project: Project, filters: Filters) -> Iterator[Condition]:
    yield Condition(every=tokens.purpose(project.pk, filters.purpose), reads="facets")


def _id(_project: Project, filters: Filters) -> Iterator[Condition]:
    """The whole id, how it begins (`abc*`), or a piece of it (`*abc*`), which no index serves."""
    wanted, looks_at_all = filters.id, filters.id.startswith("*")
    if "*" not in wanted:
        yield Condition("sample.external_id = %s", [wanted])
        return
    pattern = wanted.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_").replace("*", "%")
    yield Condition("sample.external_id LIKE %s", [pattern], looks_at_all=looks_at_all)


def _text(project: Project, filters: Filters) -> Iterator[Condition]:
    if said := words.looked_for(filters.text):
        sql = "document.words @@ (%s::tsquery && to_tsquery('pg_catalog.simple', %s))"
        yield Condition(sql, [f"'§{project.pk}'", said], reads="document")


def _label(project: Project, filters: Filters) -> Iterator[Condition]:
    for value in filters.label:
        name, _, level = attribute_and_points(value)
        yield Condition(every=tokens.label(project.pk, name, level), reads="facets")


def _spread(project: Project, filters: Filters) -> Iterator[Condition]:
    for value in filters.spread:
        name, sign, points = attribute_and_points(value)
        if sign == "=":
            yield Condition(every=tokens.spread(project.pk, name, points), reads="facets")
        else:
            wider = [tokens.spread(project.pk, name, steps) for steps in range(points, widest(project, name) + 1)]
            yield Condition(any=wider or [""], reads="facets")


def widest(project: Project, attribute: str) -> int:
    """The largest range that ratings of an attribute can have."""
    levels = {
        of["name"]: [level["value"] for level in of["values"]] if of["level"] != "nominal" else [0, 1]
        for of in project.rubric.attributes
    }
    return max(levels[attribute]) - min(levels[attribute]) if attribute in levels else 0


def _person(project: Project, filters: Filters) -> Iterator[Condition]:
    person = Annotator.objects.filter(project=project, external_id=filters.person).values_list("pk", flat=True).first()
    if person is not None:
        yield Condition(reads="person", joined=[person, DID[filters.did or JUDGED]])


def _judge(project: Project, filters: Filters) -> Iterator[Condition]:
    judge = Judge.objects.filter(project_judges__project=project, pk=int(filters.judge)).first()
    if judge and filters.said == DIFFERS:
        yield Condition(every=tokens.differs(project.pk, judge.pk), reads="facets")
    elif judge:
        yield Condition(reads="judgment", joined=[judge.pk])


def _field(project: Project, filters: Filters) -> Iterator[Condition]:
    for value in filters.field:
        name, _, said = value.partition("=")
        yield Condition(every=tokens.field(project.pk, name.strip(), said.strip()), reads="facets")


def _has(project: Project, filters: Filters) -> Iterator[Condition]:
    for flag in filters.has:
        yield Condition(every=tokens.has(project.pk, flag), reads="facets")


def day_of(value: str, after: int = 0) -> datetime:
    """The beginning of a day (UTC), or so many days after it."""
    return datetime.combine(date.fromisoformat(value), datetime.min.time(), UTC) + timedelta(days=after)


def _dates(name: str, column: str, sign: str, after: int) -> Any:
    def make(_project: Project, filters: Filters) -> Iterator[Condition]:
        yield Condition(f"facets.{column} {sign} %s", [day_of(getattr(filters, name), after)], reads="facets")

    return make


MAKERS: dict[str, Any] = {
    "state": _state,
    "purpose": _purpose,
    "id": _id,
    "text": _text,
    "label": _label,
    "spread": _spread,
    "person": _person,
    "judge": _judge,
    "field": _field,
    "has": _has,
    "imported_from": _dates("imported_from", "imported_at", ">=", 0),
    "imported_to": _dates("imported_to", "imported_at", "<", 1),
    "decided_from": _dates("decided_from", "decided_at", ">=", 0),
    "decided_to": _dates("decided_to", "decided_at", "<", 1),
}
