"""Recipes: YAML that says which stages to run, on what, with which models, and where the result goes.

    name: open-questions
    models:
      writer: some-model              # or {name: some-model, temperature: 0.9}
    stages:
      - {kind: topics, count: 100}
      - {kind: subtopics}             # builds on the stage before it unless `from:` names others
      - {kind: questions, count: 5}
      - {kind: responses, models: [writer], samples: 2}
    result: {to: samples, prefix: open-}

What decides a stage's outputs is in its digest: two recipes that begin alike share the outputs of what they share.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml

from modelgen.options import Between, KeyPath, OptionRefused, digest, plain, read_options
from modelgen.pipeline.basis import ModelUse, StageBasis
from modelgen.pipeline.kinds import STAGE_KINDS
from modelgen.pipeline.yaml_source import RecipeRefused, YamlSource, read_yaml, with_settings

__all__ = ["ModelUse", "Recipe", "RecipeRefused", "RecipeStage", "Result", "parse_recipe"]

LARGEST_FILE = 64 * 1024 * 1024
MOST_STAGES = 200
_NAME = re.compile(r"[A-Za-z0-9_-]{1,60}")
_HIDDEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
_COMMON_KEYS = ("kind", "name", "from", "seed")


@dataclass(frozen=True, kw_only=True)
class Previous:
    """The last round, for the lineage: nothing is read from it."""

    run: Annotated[str, "name or number of the last round's run"] = ""
    model: Annotated[str, "the model that was trained on it"] = ""
    version: Annotated[str, "the data set version that it was trained on"] = ""


@dataclass(frozen=True, kw_only=True)
class Result:
    """Where the last stage's rows go."""

    to: Annotated[Literal["samples", "version"], "samples for people to annotate, or a data set version"]
    project: Annotated[str, "the project's slug, and it runs in no other; without it what starts the run names one"] = (
        ""
    )
    prefix: Annotated[str, Between(0, 60), "what the external id of every sample begins with"] = ""


@dataclass(frozen=True, kw_only=True)
class Header:
    """The plain options of a recipe; `models:`, `stages:` and the result's `from:` are read on their own."""

    name: Annotated[str, Between(1, 100), "what the recipe is called"]
    title: Annotated[str, Between(0, 200), "one line for people"] = ""
    description: Annotated[str, Between(0, 5000), "what it makes and why"] = ""
    seed: Annotated[int, Between(0, 2**32 - 1), "of everything that is drawn"] = 0
    most_failures: Annotated[
        float, Between(0, 1), "share of a stage's rows without a usable reply that stops the run"
    ] = 0.2
    failures_after: Annotated[int, Between(1), "rows of a stage that must be done before that share counts"] = 50
    chunk: Annotated[int, Between(1, 10_000), "rows that are asked together"] = 32
    result: Annotated[Result | None, "where the rows go; without it they stay with the run"] = None
    previous: Annotated[Previous | None, "the last round of several"] = None


@dataclass(frozen=True)
class RecipeStage:
    """One stage in its place: what it is, what it builds on, and the models behind the roles that it asks."""

    name: str
    sources: tuple[str, ...]
    stage: StageBasis[Any]
    roles: Mapping[str, ModelUse]
    seed: int

    @property
    def kind(self) -> str:
        return self.stage.kind

    def configuration(self) -> dict[str, Any]:
        """All that decides its outputs but the rows that it builds on, as JSON."""
        return {
            "kind": self.stage.kind,
            "version": self.stage.version,
            "options": plain(self.stage.options),
            "also": plain(self.stage.also_decides),
            "models": {
                role: {
                    "name": use.name,
                    "revision": use.revision,
                    "sampling": plain(self.stage.sampling_of(role)),
                }
                for role, use in sorted(self.roles.items())
            },
            "seed": self.seed,
        }

    def digest(self, upstream: Sequence[str]) -> str:
        """SHA-256 of all that decides its outputs. upstream: the digests of its sources, in their order."""
        return digest({**self.configuration(), "upstream": list(upstream)})


@dataclass(frozen=True)
class Recipe:
    """A recipe that was read and checked. text: as YAML, what was set included; files: what it named, with content."""

    header: Header
    models: Mapping[str, ModelUse]
    stages: tuple[RecipeStage, ...]
    last: str
    """The stage whose rows are the result."""
    text: str = field(repr=False)
    files: Mapping[str, bytes] = field(repr=False)

    @property
    def name(self) -> str:
        return self.header.name

    def stage(self, name: str) -> RecipeStage:
        return next(stage for stage in self.stages if stage.name == name)

    def digests(self) -> dict[str, str]:
        """The digest of every stage by its name."""
        known: dict[str, str] = {}
        for stage in self.stages:
            known[stage.name] = stage.digest([known[name] for name in stage.sources])
        return known

    def digest(self) -> str:
        """SHA-256 of what comes of the whole recipe and where it goes; its title and its chunks do not matter."""
        goes_to = plain(self.header.result), plain(self.header.previous), self.last
        return digest([list(self.digests().items()), goes_to])


def parse_recipe(
    text: str, base_folder: Path | Mapping[str, bytes] | None = None, settings: Sequence[str] = ()
) -> Recipe:
    """Read and check a recipe.

    base_folder: where the files lie that it names (none outside is read), or their contents by name; None: it may name none.
    settings: `key=value`, such as `stages.topics.count=5` or `models.writer=NAME`; they count before what is written.
    Raises RecipeRefused with the line.
    """
    source = with_settings(read_yaml(text), settings)
    files = _Files(base_folder)
    try:
        return _recipe(source, files)
    except OptionRefused as refused:
        raise source.refusal(refused.path, refused.problem) from refused


def _recipe(source: YamlSource, files: "_Files") -> Recipe:
    document = source.value
    if not isinstance(document, dict):
        raise RecipeRefused("A recipe is a mapping that begins with `name:`.", place="Line 1", line=1)
    rest = {key: value for key, value in document.items() if key not in ("models", "stages")}
    result, last = _without(rest.get("result"), "from")
    header = read_options(Header, {**rest, "result": result} if "result" in rest else rest)
    _check_visible(header)
    models = _models(document.get("models") or {})
    stages = _stages(document.get("stages"), models, header.seed, files)
    last = _last(last, stages)
    if header.result and header.result.to == "samples":
        _check_responses(stages, last)
    return Recipe(
        header=header,
        models=models,
        stages=stages,
        last=last,
        text=yaml.safe_dump(document, sort_keys=False, allow_unicode=True),
        files=files.read,
    )


def _check_visible(header: Header) -> None:
    """Names are shown beside other names: nothing in them may hide, or turn round what stands next to it."""
    shown: dict[KeyPath, str] = {("name",): header.name, ("title",): header.title}
    if header.result:
        shown |= {("result", "prefix"): header.result.prefix}
    for path, text in shown.items():
        if hidden := _HIDDEN.search(text):
            raise OptionRefused(path, f"{path[-1]!r} holds a control character (U+{ord(hidden[0]):04X}). Leave it out.")


def _check_responses(stages: Sequence[RecipeStage], last: str) -> None:
    """Rows keep what they came with, so that any stage on the way may have given them their responses."""
    having: set[str] = set()
    for stage in stages:
        if stage.stage.makes_responses or having.intersection(stage.sources):
            having.add(stage.name)
    if last not in having:
        raise OptionRefused(
            ("result",),
            f"The rows of {last!r} have no responses, so people would have nothing to judge. Add a `responses` stage, or "
            "write `to: version`.",
        )


def _without(given: Any, key: str) -> tuple[Any, Any]:
    if not isinstance(given, dict):
        return given, None
    return {name: value for name, value in given.items() if name != key}, given.get(key)


def _models(given: Any) -> dict[str, ModelUse]:
    if not isinstance(given, dict):
        raise OptionRefused(
            ("models",), "Write `models:` as roles with a model each, for example `writer: some-model`."
        )
    return {
        role: read_options(ModelUse, {"name": use} if isinstance(use, str) else use, path=("models", role))
        for role, use in given.items()
    }


def _last(given: Any, stages: Sequence[RecipeStage]) -> str:
    names = [stage.name for stage in stages]
    if given is not None and given not in names:
        raise OptionRefused(("result", "from"), f"There is no stage {given!r}; there are: {', '.join(names)}.")
    return given or names[-1]


# --- stages -------------------------------------------------------------------------------------------------------
def _stages(given: Any, models: Mapping[str, ModelUse], seed: int, files: "_Files") -> tuple[RecipeStage, ...]:
    if not isinstance(given, list) or not given:
        raise OptionRefused(("stages",), "A recipe needs `stages:`, a list with at least one stage.")
    if len(given) > MOST_STAGES:
        raise OptionRefused(("stages",), f"A recipe has at most {MOST_STAGES} stages; this one has {len(given)}.")
    stages: list[RecipeStage] = []
    for place, options in enumerate(given):
        stages.append(_stage(options, ("stages", place), [stage.name for stage in stages], models, seed, files))
    return tuple(stages)


def _stage(
    given: Any,
    path: tuple[str, int],
    above: Sequence[str],
    models: Mapping[str, ModelUse],
    seed: int,
    files: "_Files",
) -> RecipeStage:
    kind = _kind(given, path)
    options = {key: value for key, value in given.items() if key not in _COMMON_KEYS}
    read: Any = read_options(kind.options_type, options, read_file=files, path=path)
    stage = _made(kind, read, models, path)
    _check_roles(stage, options, models, path)
    return RecipeStage(
        name=_name(given, path, above),
        sources=_sources(given, kind, path, above),
        stage=stage,
        roles={role: models[role] for role in sorted(stage.models)},
        seed=read_options(_Seed, {"seed": given.get("seed", seed)}, path=path).seed,
    )


@dataclass(frozen=True)
class _Seed:
    seed: Annotated[int, Between(0, 2**32 - 1)]


def _kind(given: Any, path: tuple[str, int]) -> type[StageBasis[Any]]:
    if not isinstance(given, dict) or "kind" not in given:
        raise OptionRefused(path, "A stage is a mapping with a `kind:`.")
    kind = given["kind"]
    if not isinstance(kind, str) or kind not in STAGE_KINDS:
        raise OptionRefused((*path, "kind"), f"There is no stage kind {kind!r}; there are: {', '.join(STAGE_KINDS)}.")
    return STAGE_KINDS[kind]


def _made(
    kind: type[StageBasis[Any]], options: Any, models: Mapping[str, ModelUse], path: tuple[str, int]
) -> StageBasis[Any]:
    try:
        return kind(options, models)
    except OptionRefused as refused:
        raise OptionRefused((*path, *refused.path), refused.problem) from refused


def _name(given: Mapping[str, Any], path: tuple[str, int], above: Sequence[str]) -> str:
    name = given.get("name", given["kind"])
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise OptionRefused((*path, "name"), "A stage's name has 1 to 60 letters, digits, hyphens or underscores.")
    if name in above:
        raise OptionRefused(path, f"Two stages are called {name!r}; give one of them another `name:`.")
    return name


def _sources(
    given: Mapping[str, Any], kind: type[StageBasis[Any]], path: tuple[str, int], above: Sequence[str]
) -> tuple[str, ...]:
    """The stages that it builds on: those named, or the one before. They stand above it, so that there is no circle."""
    named = given.get("from")
    if not kind.takes_rows:
        if named:
            raise OptionRefused(
                (*path, "from"), f"A stage of the kind {kind.kind!r} builds on no other; leave `from:` out."
            )
        return ()
    named = [named] if isinstance(named, str) else above[-1:] if named is None else named
    if not isinstance(named, list) or not named:
        raise OptionRefused(
            (*path, "from"), f"The kind {kind.kind!r} builds on other stages; name some that stand above it."
        )
    for name in named:
        if name not in above:
            known = ", ".join(above) or "none"
            raise OptionRefused((*path, "from"), f"No stage {name!r} stands above this one; there are: {known}.")
    return tuple(named)


def _check_roles(
    stage: StageBasis[Any], given: Mapping[str, Any], models: Mapping[str, ModelUse], path: tuple[str, int]
) -> None:
    for role in sorted(stage.models - models.keys()):
        key = next(
            (key for key, value in given.items() if value == role or (isinstance(value, list) and role in value)),
            "kind",
        )
        known = ", ".join(models) or "none"
        raise OptionRefused(
            (*path, key), f"This stage asks the role {role!r}, which `models:` does not have; it has: {known}."
        )


# --- files --------------------------------------------------------------------------------------------------------
class _Files:
    """Reads the files that options name, and keeps what it read."""

    def __init__(self, base: Path | Mapping[str, bytes] | None) -> None:
        self._base = base
        self.read: dict[str, bytes] = {}

    def __call__(self, name: str) -> bytes:
        if name not in self.read:
            self.read[name] = self._content(name)
        return self.read[name]

    def _content(self, name: str) -> bytes:
        if self._base is None:
            raise ValueError("this recipe has no folder, so it cannot name files")
        if not isinstance(self._base, Path):
            if name not in self._base:
                raise ValueError("it was not given with the recipe")
            return self._base[name]
        return _content_within(self._base, name)


def _content_within(folder: Path, name: str) -> bytes:
    path = (folder / name).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise ValueError("it lies outside the recipe's folder")
    if not path.is_file():
        raise ValueError("there is no such file beside the recipe")
    if path.stat().st_size > LARGEST_FILE:
        raise ValueError(f"it has more than {LARGEST_FILE} bytes")
    return path.read_bytes()
