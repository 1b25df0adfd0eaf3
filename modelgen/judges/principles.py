"""The principles by which judges compare: named lists of them, from principles.yaml or from a judge's own options."""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

import yaml

Principles = Mapping[str, str]
"""Id -> principle, in the order of the file."""

LONGEST = 2000  # characters of one principle
_FILE = Path(__file__).with_name("principles.yaml")
_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


class PrinciplesNotValid(ValueError):
    """A list of principles is empty or unknown, or an id or a text in it is not fit for use."""


@cache
def shipped() -> Mapping[str, Principles]:
    """The lists that come with Concord, by name. Raises PrinciplesNotValid."""
    return read(_FILE)


def read(path: Path) -> Mapping[str, Principles]:
    """The lists of a YAML file, by name. An id belongs to one list only. Raises PrinciplesNotValid."""
    lists = checked(yaml.safe_load(path.read_text(encoding="utf-8")))
    ids = [principle for of_list in lists.values() for principle in of_list]
    if twice := sorted({principle for principle in ids if ids.count(principle) > 1}):
        raise PrinciplesNotValid(f"{path.name} has {', '.join(twice)} twice. Give each principle an id of its own.")
    return MappingProxyType(lists)


def checked(lists: Mapping[str, Mapping[str, str]]) -> dict[str, Principles]:
    """Lists by name, each id and text looked at. Raises PrinciplesNotValid."""
    return {name: _checked_list(name, of_list) for name, of_list in lists.items()}


def named(name: str, own: Mapping[str, Principles]) -> Principles:
    """A list by its name; lists of a judge's own come before those that are shipped. Raises PrinciplesNotValid."""
    found = own.get(name) or shipped().get(name)
    if found is None:
        known = ", ".join(sorted({*own, *shipped()}))
        raise PrinciplesNotValid(
            f"There is no list of principles {name!r}; there are: {known}. "
            "A list of your own goes into the option own_principles, as name -> id -> principle."
        )
    return found


def _checked_list(name: str, of_list: object) -> Principles:
    if not _ID.fullmatch(str(name)):
        raise PrinciplesNotValid(f"{name!r} cannot name a list of principles. Use small letters, digits and hyphens.")
    if not isinstance(of_list, Mapping) or not of_list:
        raise PrinciplesNotValid(
            f"The list of principles {name!r} must be a mapping of ids to texts, with one at least."
        )
    return MappingProxyType({_checked_id(name, key): _checked_text(key, text) for key, text in of_list.items()})


def _checked_id(name: str, key: object) -> str:
    if not isinstance(key, str) or not _ID.fullmatch(key):
        raise PrinciplesNotValid(
            f"{key!r} in the list {name!r} cannot be the id of a principle. Use small letters, digits and hyphens."
        )
    return key


def _checked_text(key: str, text: object) -> str:
    if not isinstance(text, str) or not text.strip() or len(text) > LONGEST:
        raise PrinciplesNotValid(f"The principle {key!r} must be a text of 1 to {LONGEST} characters.")
    return " ".join(text.split())
