"""Options that people write in YAML or JSON, read into frozen dataclasses: every key known, every type and range checked.

An option says everything about itself in its annotation, and the tables of the documentation are made from the same place:

    @dataclass(frozen=True)
    class TopicOptions:
        count: Annotated[int, Between(1, 1000), "how many topics"] = 50

Types: str, int, float, bool, Literal, `X | None`, tuple[X, ...], Mapping[str, X], other such dataclasses, and FileOption.
"""

import hashlib
import json
import math
import types
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")
KeyPath = tuple[str | int, ...]


class OptionRefused(ValueError):
    """An option is unknown, missing, of another type or out of range. path: keys and places down to it."""

    def __init__(self, path: KeyPath, problem: str) -> None:
        super().__init__(problem)
        self.path = path
        self.problem = problem


@dataclass(frozen=True)
class Between:
    """Least and most of a number, both allowed; for a text its length in characters, for a list how many it has."""

    least: float = -math.inf
    most: float = math.inf

    def words(self) -> str:
        if self.most == math.inf:
            return f"at least {_number(self.least)}"
        if self.least == -math.inf:
            return f"at most {_number(self.most)}"
        return f"{_number(self.least)} to {_number(self.most)}"


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else f"{value:g}"


@dataclass(frozen=True)
class FileOption:
    """A file that an option names: read when the options are, so that what is used is what was checked."""

    name: str
    content: bytes = field(repr=False)

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()

    @property
    def text(self) -> str:
        """Raises UnicodeDecodeError; read_options has seen to it that it does not."""
        return self.content.decode("utf-8-sig")


ReadFile = Callable[[str], bytes]
"""Gives the content of a named file. Raises OSError or ValueError with a sentence for people."""


def _no_files(name: str) -> bytes:
    raise ValueError("files cannot be named here")


def read_options(kind: type[T], given: object, *, read_file: ReadFile = _no_files, path: KeyPath = ()) -> T:
    """Read a mapping into a dataclass. Raises OptionRefused, whose path says where."""
    if not isinstance(given, Mapping):
        raise OptionRefused(path, f"Here must stand a mapping of options, not {_shown(given)}.")
    wanted = _annotations(kind)
    for key in given:
        if key not in wanted:
            raise OptionRefused((*path, key), f"There is no option {key!r} here; there are: {_listed(wanted)}.")
    return kind(**_values(kind, wanted, given, read_file, path))


def _values(
    kind: type, wanted: Mapping[str, Any], given: Mapping[str, Any], read_file: ReadFile, path: KeyPath
) -> dict[str, Any]:
    values = {}
    for option in fields(kind):
        if option.name in given:
            values[option.name] = _read(wanted[option.name], given[option.name], read_file, (*path, option.name))
        elif option.default is MISSING and option.default_factory is MISSING:
            raise OptionRefused(path, f"The option {option.name!r} is missing: {_meaning(wanted[option.name])}.")
    return values


def _read(wanted: Any, given: Any, read_file: ReadFile, path: KeyPath) -> Any:
    """One value as its annotation wants it."""
    if get_origin(wanted) is Annotated:
        plain, *remarks = get_args(wanted)
        value = _read(plain, given, read_file, path)
        for limits in (remark for remark in remarks if isinstance(remark, Between)):
            _check_limits(value, limits, path)
        return value
    if is_dataclass(wanted) and isinstance(wanted, type) and wanted is not FileOption:
        return read_options(wanted, given, read_file=read_file, path=path)
    reader = _READERS.get(get_origin(wanted) or wanted)
    if reader is None:
        raise TypeError(f"Options cannot be of the type {wanted}.")
    return reader(wanted, given, read_file, path)


def _check_limits(value: Any, limits: Between, path: KeyPath) -> None:
    if value is None:
        return
    size = value if isinstance(value, int | float) else len(value)
    if not limits.least <= size <= limits.most:
        what = "" if isinstance(value, int | float) else (" characters" if isinstance(value, str) else " of them")
        raise OptionRefused(path, f"{path[-1]!r} must be {limits.words()}{what}, not {_number(size)}.")


def _read_text(wanted: Any, given: Any, read_file: ReadFile, path: KeyPath) -> str:
    if not isinstance(given, str):
        raise OptionRefused(path, f"{path[-1]!r} must be a text (put it in quotes), not {_shown(given)}.")
    return given


def _read_whole(wanted: Any, given: Any, read_file: ReadFile, path: KeyPath) -> int:
    if isinstance(given, bool) or not isinstance(given, int):
        raise OptionRefused(path, f"{path[-1]!r} must be a whole number, not {_shown(given)}.")
    if given.bit_length() > 63:
        raise OptionRefused(path, f"{path[-1]!r} is larger than any number that is used here.")
    return given


def _read_number(wanted: Any, given: Any, read_file: ReadFile, path: KeyPath) -> float:
    if isinstance(given, bool) or not isinstance(given, int | float) or not abs(given) < 1e300:  # also nan and inf
        raise OptionRefused(path, f"{path[-1]!r} must be a number, not {_shown(given)}.")
    return float(given)


def _read_flag(wanted: Any, given: Any, read_file: ReadFile, path: KeyPath) -> bool:
    if not isinstance(given, bool):
        raise OptionRefused(path, f"{path[-1]!r} must be true or false, not {_shown(given)}.")
    return given


def _read_choice(wanted: Any, given: Any, read_file: ReadFile, path: KeyPath) -> Any:
    if not any(given == choice and type(given) is type(choice) for choice in get_args(wanted)):
        raise OptionRefused(path, f"{path[-1]!r} must be one of {_listed(get_args(wanted))}, not {_shown(given)}.")
    return given


def _read_union(wanted: Any, given: Any, read_file: ReadFile, path: KeyPath) -> Any:
    """`X | None` and no other union."""
    (other,) = (kind for kind in get_args(wanted) if kind is not type(None))
    return None if given is None else _read(other, given, read_file, path)


def _read_list(wanted: Any, given: Any, read_file: ReadFile, path: KeyPath) -> tuple[Any, ...]:
    if not isinstance(given, list | tuple):
        raise OptionRefused(path, f"{path[-1]!r} must be a list, not {_shown(given)}.")
    each = get_args(wanted)[0]
    return tuple(_read(each, value, read_file, (*path, place)) for place, value in enumerate(given))


def _read_mapping(wanted: Any, given: Any, read_file: ReadFile, path: KeyPath) -> dict[str, Any]:
    if not isinstance(given, Mapping) or not all(isinstance(key, str) for key in given):
        raise OptionRefused(path, f"{path[-1]!r} must be a mapping with texts as keys, not {_shown(given)}.")
    each = get_args(wanted)[1]
    return {key: _read(each, value, read_file, (*path, key)) for key, value in given.items()}


def _read_file_option(wanted: Any, given: Any, read_file: ReadFile, path: KeyPath) -> FileOption:
    name = _read_text(wanted, given, read_file, path)
    try:
        content = FileOption(name=name, content=read_file(name))
        content.text  # noqa: B018  (text is what stages read: say now that it is none)
    except UnicodeDecodeError as error:
        raise OptionRefused(path, f"The file {name!r} is not UTF-8 text (byte {error.start}).") from error
    except (OSError, ValueError) as error:
        raise OptionRefused(path, f"The file {name!r} cannot be read: {error}.") from error
    return content


_READERS: dict[Any, Callable[[Any, Any, ReadFile, KeyPath], Any]] = {
    str: _read_text,
    int: _read_whole,
    float: _read_number,
    bool: _read_flag,
    Literal: _read_choice,
    Union: _read_union,
    types.UnionType: _read_union,
    tuple: _read_list,
    Mapping: _read_mapping,
    FileOption: _read_file_option,
}


# --- what options say of themselves -------------------------------------------------------------------------------
@dataclass(frozen=True)
class OptionWords:
    """One option as documentation shows it. default: as YAML, or "" where the option must be given."""

    name: str
    type: str
    default: str
    meaning: str


def described(kind: type) -> list[OptionWords]:
    """Every option of a dataclass, in the order in which it stands there."""
    wanted = _annotations(kind)
    return [
        OptionWords(
            option.name, _type_words(wanted[option.name]), _default_words(option), _meaning(wanted[option.name])
        )
        for option in fields(kind)
    ]


def remarked(options: object, remark: object) -> list[Any]:
    """The values of those options whose annotation carries this remark."""
    return [
        getattr(options, name)
        for name, annotation in _annotations(type(options)).items()
        if remark in getattr(annotation, "__metadata__", ())
    ]


def plain(value: Any) -> Any:
    """Options as JSON can write them; a file as its SHA-256. What is equal is written equally."""
    if isinstance(value, FileOption):
        return {"sha256": value.sha256}
    if is_dataclass(value):
        return {option.name: plain(getattr(value, option.name)) for option in fields(value)}
    if isinstance(value, Mapping):
        return {key: plain(each) for key, each in value.items()}
    return [plain(each) for each in value] if isinstance(value, list | tuple) else value


def digest(value: Any) -> str:
    """SHA-256 (hexadecimal) of options or anything that `plain` takes; the order of keys does not matter."""
    written = json.dumps(plain(value), sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(written.encode()).hexdigest()


def _annotations(kind: type) -> dict[str, Any]:
    hints = get_type_hints(kind, include_extras=True)
    return {option.name: hints[option.name] for option in fields(kind)}


def _meaning(wanted: Any) -> str:
    remarks = getattr(wanted, "__metadata__", ())
    return next((remark for remark in remarks if isinstance(remark, str)), _type_words(wanted))


def _type_words(wanted: Any) -> str:
    origin, arguments = get_origin(wanted), get_args(wanted)
    if origin is Annotated:
        limits = next((remark.words() for remark in arguments[1:] if isinstance(remark, Between)), "")
        return f"{_type_words(arguments[0])}, {limits}" if limits else _type_words(arguments[0])
    if origin is Literal:
        return " or ".join(f"`{choice}`" for choice in arguments)
    if origin in (Union, types.UnionType):
        return _type_words(next(kind for kind in arguments if kind is not type(None)))
    if origin is tuple:
        return f"list of: {_type_words(arguments[0])}"
    names = {str: "text", int: "whole number", float: "number", bool: "true or false", FileOption: "file"}
    return names.get(wanted, "mapping")


def _default_words(option: Any) -> str:
    if option.default is MISSING and option.default_factory is MISSING:
        return ""
    default = option.default if option.default is not MISSING else option.default_factory()
    return json.dumps(plain(default), ensure_ascii=False)


def _listed(names: Any) -> str:
    return ", ".join(str(name) for name in names) or "none"


def _shown(given: object) -> str:
    text = repr(given) if not isinstance(given, int) or given.bit_length() < 200 else "a huge number"
    return text if len(text) <= 60 else f"{text[:57]}..."
