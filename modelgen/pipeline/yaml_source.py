"""YAML read with care: plain values only, no aliases, no key twice, bounded size and depth; every value knows its line."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from modelgen.options import KeyPath

LONGEST_SOURCE = 200_000
DEEPEST = 12
LONGEST_PLAIN, LONGEST_QUOTED = (
    10_000,
    50_000,
)  # characters of one value, without quotes and within them (or in a block)
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_PLAIN = (str, int, float, bool, type(None))


class RecipeRefused(ValueError):
    """A recipe that cannot be run; the message says where (a line, or what was set) and what is allowed instead."""

    def __init__(self, problem: str, *, place: str = "", line: int | None = None) -> None:
        super().__init__(f"{place}: {problem}" if place else problem)
        self.problem = problem
        self.line = line


@dataclass(frozen=True)
class YamlSource:
    """A document's value, and for every path into it the line (from 1) where it stands, or what `--set` set it."""

    value: Any
    lines: Mapping[KeyPath, int]
    settings: Mapping[KeyPath, str]

    def refusal(self, path: KeyPath, problem: str) -> RecipeRefused:
        """The error for a value, at the nearest place that is known."""
        for end in range(len(path), -1, -1):
            if path[:end] in self.settings:
                return RecipeRefused(problem, place=self.settings[path[:end]])
            if path[:end] in self.lines:
                line = self.lines[path[:end]]
                return RecipeRefused(problem, place=f"Line {line}", line=line)
        return RecipeRefused(problem)


def read_yaml(text: str) -> YamlSource:
    """Raises RecipeRefused."""
    if len(text) > LONGEST_SOURCE:
        raise RecipeRefused(f"A recipe has at most {LONGEST_SOURCE} characters; this one has {len(text)}.")
    try:
        _check_events(text)
        loader = yaml.SafeLoader(text)
        try:
            node = loader.get_single_node()
            lines: dict[KeyPath, int] = {}
            value = _value(loader, node, (), lines) if node else None
        finally:
            loader.dispose()
    except yaml.YAMLError as error:
        raise _not_yaml(error) from error
    except RecipeRefused:
        raise
    except (ValueError, ArithmeticError) as error:  # a version or an escaped character of unreasonable size
        raise RecipeRefused(f"This is not YAML: {error}.") from error
    return YamlSource(value=value, lines=lines, settings={})


def _check_events(text: str) -> None:
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        line = event.start_mark.line + 1 if event.start_mark else 1
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise RecipeRefused("Anchors (&) and aliases (*) are not allowed.", place=f"Line {line}", line=line)
        _check_scalar(event, line)
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            raise RecipeRefused(
                f"Nothing in a recipe is nested deeper than {DEEPEST}.", place=f"Line {line}", line=line
            )


def _check_scalar(event: yaml.Event, line: int) -> None:
    tag = getattr(event, "tag", None)
    if tag not in (None, "!"):
        raise RecipeRefused(f"Tags ({tag:.100}) are not allowed.", place=f"Line {line}", line=line)
    if not isinstance(event, yaml.ScalarEvent):
        return
    most = LONGEST_QUOTED if event.style else LONGEST_PLAIN
    if len(event.value) > most:
        raise RecipeRefused(
            f"One value has {len(event.value)} characters; {LONGEST_PLAIN} are allowed, in quotes or a block {LONGEST_QUOTED}. "
            "Put longer texts into a file.",
            place=f"Line {line}",
            line=line,
        )


def _value(loader: yaml.SafeLoader, node: yaml.Node, path: KeyPath, lines: dict[KeyPath, int]) -> Any:
    lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        return _mapping(loader, node, path, lines)
    if isinstance(node, yaml.SequenceNode):
        return [_value(loader, each, (*path, place), lines) for place, each in enumerate(node.value)]
    return _scalar(loader, node)


def _mapping(loader: yaml.SafeLoader, node: yaml.MappingNode, path: KeyPath, lines: dict[KeyPath, int]) -> dict:
    values: dict[Any, Any] = {}
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        key = _scalar(loader, key_node) if isinstance(key_node, yaml.ScalarNode) else None
        if not isinstance(key, str):
            raise RecipeRefused("A key must be a text; put it in quotes.", place=f"Line {line}", line=line)
        if key in values:
            raise RecipeRefused(f"{key!r} stands here twice.", place=f"Line {line}", line=line)
        lines[(*path, key)] = line
        values[key] = _value(loader, value_node, (*path, key), lines)
    return values


def _scalar(loader: yaml.SafeLoader, node: yaml.Node) -> Any:
    line = node.start_mark.line + 1
    try:
        value = loader.construct_object(node)
    except (ValueError, TypeError, ArithmeticError, LookupError, AttributeError) as error:
        raise RecipeRefused(f"{node.value!r:.100} cannot be read: {error}.", place=f"Line {line}", line=line) from error
    if isinstance(value, str) and _UNSTORABLE.search(value):
        raise RecipeRefused("A text holds a character that cannot be stored.", place=f"Line {line}", line=line)
    if not isinstance(value, _PLAIN):
        problem = f"{node.value!r:.100} is neither a text, a number, true nor false; put it in quotes."
        raise RecipeRefused(problem, place=f"Line {line}", line=line)
    return value


def _not_yaml(error: yaml.YAMLError) -> RecipeRefused:
    mark = getattr(error, "problem_mark", None)
    if mark is None:
        return RecipeRefused(f"This is not YAML: {error}.")
    problem = getattr(error, "problem", None) or "not understood"
    return RecipeRefused(f"This is not YAML: {problem}.", place=f"Line {mark.line + 1}", line=mark.line + 1)


# --- what the command line sets ------------------------------------------------------------------------------------
def with_settings(source: YamlSource, settings: Iterable[str]) -> YamlSource:
    """The document with values of it replaced: `stages.topics.count=5`, `models.writer=NAME`, `seed=7`.

    A stage is named by its name, or by its kind where it has none. Raises RecipeRefused.
    """
    for setting in settings:
        source = _with_setting(source, setting)
    return source


def _with_setting(source: YamlSource, setting: str) -> YamlSource:
    place = f"--set {setting}"
    dotted, equals, written = setting.partition("=")
    if not equals or not all(dotted.split(".")):
        raise RecipeRefused("Write it as key=value, for example stages.topics.count=5.", place=place)
    try:
        path = _path_of(source.value, dotted.split("."))
        value = read_yaml(written).value
    except RecipeRefused as error:
        raise RecipeRefused(error.problem, place=place) from error
    return YamlSource(_replaced(source.value, path, value), source.lines, {**source.settings, path: place})


def _path_of(document: Any, keys: list[str]) -> KeyPath:
    if (
        keys[0] == "stages"
        and len(keys) > 2
        and isinstance(document, dict)
        and isinstance(document.get("stages"), list)
    ):
        names = [
            stage.get("name", stage.get("kind")) if isinstance(stage, dict) else None for stage in document["stages"]
        ]
        if keys[1] not in names:
            raise RecipeRefused(f"There is no stage {keys[1]!r}; there are: {', '.join(filter(None, names))}.")
        return ("stages", names.index(keys[1]), *keys[2:])
    if keys[0] == "models" and len(keys) == 2 and isinstance(_at(document, keys), dict):
        return (*keys, "name")  # a role with sampling of its own: only the model changes
    return tuple(keys)


def _at(document: Any, keys: list[str]) -> Any:
    for key in keys:
        document = document.get(key) if isinstance(document, dict) else None
    return document


def _replaced(document: Any, path: KeyPath, value: Any) -> Any:
    if not path:
        return value
    key, *rest = path
    if isinstance(document, list) and isinstance(key, int):
        return [_replaced(each, tuple(rest), value) if place == key else each for place, each in enumerate(document)]
    inside = document if isinstance(document, dict) else {}
    return {**inside, key: _replaced(inside.get(key), tuple(rest), value)}
