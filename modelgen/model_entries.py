"""What is known of models: the entries of a YAML file, read with care, and looked up by a model's name. Pure.

    licences:
      apache-2.0: {outputs_may_train_others: "yes", source: https://..., looked_at: "2026-11-23"}
    models:
      - {names: ["Qwen/Qwen2.5-7B*"], family: qwen, licence: apache-2.0}

What an entry does not say of its licence, the licence's own entry says; what neither says is unknown.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fnmatch import fnmatchcase
from typing import Annotated, Literal

from modelgen.options import Between, OptionRefused, read_options
from modelgen.pipeline.yaml_source import RecipeRefused, YamlSource, read_yaml

UNKNOWN: Literal["unknown"] = "unknown"
MayTrain = Literal["yes", "no", "under conditions", "unknown"]


class ModelsFileWrong(ValueError):
    """A file of models cannot be used; the message names the file and the line."""


@dataclass(frozen=True)
class LicenceEntry:
    outputs_may_train_others: Annotated[MayTrain | None, "whether outputs may train other models"] = None
    conditions: Annotated[str, "under which conditions, in words"] = ""
    source: Annotated[str, "where the licence's text is"] = ""
    looked_at: Annotated[str, "when it was last looked at, as a date"] = ""


@dataclass(frozen=True)
class ModelEntry(LicenceEntry):
    names: Annotated[
        tuple[Annotated[str, Between(1, 200)], ...], Between(1, 100), "exact names, or patterns with *"
    ] = ()
    family: Annotated[str, "whose line it is"] = UNKNOWN
    parent: Annotated[str, "the name of the model that it was made from"] = ""
    licence: Annotated[str, "its licence"] = UNKNOWN
    note: Annotated[str, "anything else to know"] = ""
    price: Annotated["Price | None", "for a million tokens"] = None
    max_context: Annotated[int | None, Between(1), "tokens"] = None


@dataclass(frozen=True)
class Price:
    """For a million tokens, in the currency of the project's bills."""

    prompt: Annotated[float, Between(0)]
    completion: Annotated[float, Between(0)]


@dataclass(frozen=True)
class ModelsFile:
    licences: Annotated[Mapping[str, LicenceEntry], "what licences say"] = field(default_factory=dict)
    models: Annotated[tuple[ModelEntry, ...], "what is known of models"] = ()


@dataclass(frozen=True)
class Model:
    """What is known of one model. family and licence are "unknown" where they are; conditions, note and source in words."""

    name: str
    family: str = UNKNOWN
    parent: str = ""
    licence: str = UNKNOWN
    outputs_may_train_others: MayTrain = UNKNOWN
    conditions: str = ""
    note: str = ""
    source: str = ""
    looked_at: str = ""
    price: Price | None = None
    max_context: int | None = None

    def cost(self, prompt_tokens: int, completion_tokens: int) -> Decimal | None:
        """At its price; None when that is not known."""
        if self.price is None:
            return None
        prompt, completion = Decimal(str(self.price.prompt)), Decimal(str(self.price.completion))
        return (prompt * prompt_tokens + completion * completion_tokens) / 1_000_000


@dataclass(frozen=True)
class Registry:
    """Entries in which models are looked up: the project's own before those that are shipped."""

    files: tuple[ModelsFile, ...]

    def model(self, name: str) -> Model:
        """What is known of it. An exact name goes before patterns, and of those the longest; names are compared in any case."""
        entry = next((found for file in self.files if (found := _entry(file.models, name))), None)
        if entry is None:
            return Model(name)
        licence = next((file.licences[entry.licence] for file in self.files if entry.licence in file.licences), None)
        of = licence or LicenceEntry()
        return Model(
            name=name,
            family=entry.family,
            parent=entry.parent,
            licence=entry.licence,
            outputs_may_train_others=entry.outputs_may_train_others or of.outputs_may_train_others or UNKNOWN,
            conditions=entry.conditions or of.conditions,
            note=entry.note,
            source=entry.source or of.source,
            looked_at=entry.looked_at or of.looked_at,
            price=entry.price,
            max_context=entry.max_context,
        )

    def are_related(self, one: str, other: str) -> bool:
        """Whether they are the same model, of one family, or one was made from the other's family (or both from a third)."""
        return one.casefold() == other.casefold() or bool(self._families(one) & self._families(other))

    def names(self) -> list[tuple[str, ...]]:
        """The names and patterns of every entry, in the order of the files."""
        return [entry.names for file in self.files for entry in file.models]

    def _families(self, name: str) -> frozenset[str]:
        """The families of a model and of those it was made from, as far back as is known."""
        families, seen = set(), set[str]()
        while name and name not in seen:
            seen.add(name)
            known = self.model(name)
            families.add(known.family)
            name = known.parent
        return frozenset(families - {UNKNOWN})


def _entry(entries: Iterable[ModelEntry], name: str) -> ModelEntry | None:
    wanted = name.casefold()
    matches = [
        (pattern.casefold() == wanted, len(pattern), -place, entry)
        for place, entry in enumerate(entries)
        for pattern in entry.names
        if fnmatchcase(wanted, pattern.casefold())
    ]
    return max(matches, key=lambda match: match[:3])[3] if matches else None


def read_models(text: str, *, file_name: str) -> ModelsFile:
    """Raises ModelsFileWrong."""
    try:
        source = read_yaml(text)
        read = read_options(ModelsFile, source.value if source.value is not None else {})
        _check(read, source)
    except OptionRefused as refusal:
        raise ModelsFileWrong(f"{file_name}: {source.refusal(refusal.path, refusal.problem)}") from refusal
    except RecipeRefused as refusal:
        raise ModelsFileWrong(f"{file_name}: {refusal}") from refusal
    return read


def _check(read: ModelsFile, source: YamlSource) -> None:
    seen: set[str] = set()
    for place, entry in enumerate(read.models):
        if not entry.names:
            raise source.refusal(("models", place), "This model has no names.")
        for name in entry.names:
            if name.casefold() in seen:
                raise source.refusal(("models", place, "names"), f"The name {name!r} stands here for the second time.")
            seen.add(name.casefold())
    for path, each in _statements(read):
        if each.outputs_may_train_others == "under conditions" and not each.conditions:
            raise source.refusal(path, "Say the conditions in words, as conditions.")


def _statements(read: ModelsFile) -> list[tuple[tuple[str | int, ...], LicenceEntry]]:
    return [
        *((("licences", name), licence) for name, licence in read.licences.items()),
        *((("models", place), entry) for place, entry in enumerate(read.models)),
    ]
