"""What a counting follows: the project's newest rubric, and the fields whose values make slices."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db.models import QuerySet

from annotation.models import Project, Rubric, Sample, SampleContent
from annotation.ratings import Place, layout
from consensus.scales import Scale

VERSION = 1  # another number counts every project anew: raise it when the way of counting changes
LOOKED_AT = 2000  # samples by random rank in which fields and their values are found
MOST_FIELDS = 6
MOST_VALUES = 50  # of a field; the rarer ones count together
LONGEST_VALUE = 60
OTHER = "other"
MODELS = "models"  # the models of a sample's responses


@dataclass(frozen=True)
class Rules:
    """rubric: its id; fields: name -> the values that have a slice of their own, the commonest first."""

    rubric: int
    fields: Mapping[str, Sequence[str]]
    chosen: Sequence[str] = ()
    version: int = VERSION

    def to_json(self) -> dict[str, Any]:
        fields = [[name, list(values)] for name, values in self.fields.items()]
        return {"rubric": self.rubric, "fields": fields, "chosen": list(self.chosen), "version": self.version}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Rules:
        return cls(kept["rubric"], dict(kept["fields"]), tuple(kept["chosen"]), kept["version"])

    @cached_property
    def layouts(self) -> Layouts:
        return Layouts(self.rubric)

    def slices(self, values: Sequence[str | None]) -> list[str]:
        """The slices of a sample with these values of the fields; all samples are in the slice without a name."""
        known = zip(self.fields.items(), values, strict=True)
        own = [f"{name}={value if value in of else OTHER}" for (name, of), value in known if value is not None]
        return ["", *own]


class Layouts:
    """Where the attributes of a rubric's versions stand in packed ratings."""

    def __init__(self, rubric: int) -> None:
        newest = Rubric.objects.get(pk=rubric)
        self.rubric, self.attributes = newest.pk, newest.attributes
        self._versions = {of.pk: of.attributes for of in Rubric.objects.filter(project_id=newest.project_id)}
        self.names = [str(attribute["name"]) for attribute in newest.attributes]
        self.scales: list[Scale] = [Place(attribute, None).scale for attribute in newest.attributes]
        self._attributes = {
            (str(attribute["name"]), attribute["scope"] == "response"): place
            for place, attribute in enumerate(newest.attributes)
        }
        self.scopes = [str(attribute["scope"]) for attribute in newest.attributes]

    def attribute_at(self, name: str, response: int | None) -> int | None:
        """The attribute of the newest rubric that a position is of; None where it has no such attribute any more."""
        return self._attributes.get((name, response is not None))

    def places(self, rubric: int, responses: int) -> list[Place]:
        """The positions of ratings under one version; of a version that came since, read now."""
        if rubric not in self._versions:
            self._versions[rubric] = Rubric.objects.get(pk=rubric).attributes
        return layout(self._versions[rubric], responses)


def of_now(project: Project) -> Rules:
    """The rules that the project's samples should be counted by. Fields are looked for in some samples, drawn by their rank."""
    chosen = list(Project.objects.values_list("slice_fields", flat=True).get(pk=project.pk))
    rubric = project.rubrics.order_by("-version").values_list("pk", flat=True).first()
    looked_at = list(_some_contents(project))
    fields = _values(looked_at)
    names = chosen or _short_and_few(fields, len(looked_at))
    return Rules(
        rubric or 0,
        {name: [v for v, _ in fields.get(name, Counter()).most_common(MOST_VALUES)] for name in names},
        chosen,
    )


def are_outdated(rules: Rules, project: Project) -> bool:
    """Whether the project is to be counted anew: another rubric, other fields, another way of counting."""
    chosen = Project.objects.values_list("slice_fields", flat=True).get(pk=project.pk)
    rubric = project.rubrics.order_by("-version").values_list("pk", flat=True).first()
    return (rules.version, rules.rubric, list(rules.chosen)) != (VERSION, rubric, list(chosen))


def _some_contents(project: Project) -> Iterable[tuple[dict[str, Any], Any]]:
    work: QuerySet[Sample] = Sample.objects.filter(project=project, purpose=Sample.Purpose.WORK)
    some = work.order_by("id").values("pk")[:LOOKED_AT]
    return SampleContent.objects.filter(sample__in=some).values_list("metadata", "responses")


def _values(looked_at: Sequence[tuple[dict[str, Any], Any]]) -> dict[str, Counter[str]]:
    """How often each short value of each field was seen. What is no short text, number or truth is no value."""
    seen: dict[str, Counter[str]] = {}
    for metadata, responses in looked_at:
        said = dict(metadata) if isinstance(metadata, dict) else {}
        if models := models_of(responses):
            said.setdefault(MODELS, models)
        for name, value in said.items():
            if isinstance(value, str) and 0 < len(value) <= LONGEST_VALUE and len(name) <= LONGEST_VALUE:
                seen.setdefault(name, Counter())[value] += 1
    return seen


def _short_and_few(fields: Mapping[str, Counter[str]], looked_at: int) -> list[str]:
    """Fields that tell groups of samples apart: two values or more, hardly any of which is one sample's own."""
    telling = {
        name: values
        for name, values in fields.items()
        if 2 <= len(values) <= max(MOST_VALUES, 2) and sum(values.values()) >= 2 * len(values) and "=" not in name
    }
    return sorted(sorted(telling, key=lambda name: (-sum(telling[name].values()), name))[:MOST_FIELDS])


def models_of(responses: Any) -> str:
    """The models of a sample's responses in one line; empty where one is not known."""
    rows = responses if isinstance(responses, list) else []
    models = [row.get("model") if isinstance(row, dict) else None for row in rows]
    known = [model for model in models if isinstance(model, str) and model]
    return " + ".join(sorted(known)) if known and len(known) == len(models) else ""
