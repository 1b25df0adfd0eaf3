"""The short texts by which samples are found: one for each thing that is true of a sample, beginning with its project.

One index over all of them answers every question of the kind "of this project, and this, and that".
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

LONGEST = 100  # characters of a value; a longer one is known by its digest
MOST_FIELDS = 50  # of one sample's metadata
DEEPEST = 3

COMMENT, LATE, SENSITIVE, SLICE, JUDGES, REVIEWER = "comment", "late", "sensitive", "slice", "judges", "reviewer"


def state(project: int, value: str) -> str:
    return f"{project}/state={value}"


def purpose(project: int, value: str) -> str:
    return f"{project}/purpose={value}"


def label(project: int, attribute: str, level: int) -> str:
    """Its label on this attribute has this level, of any of its responses."""
    return f"{project}/label:{attribute}={level}"


def spread(project: int, attribute: str, steps: int) -> str:
    """So many points of the scale lie between the ratings of its first round, of the response where they differ most."""
    return f"{project}/spread:{attribute}={steps}"


def differs(project: int, judge: int) -> str:
    """What this judge says is further from the label than people may be who agree."""
    return f"{project}/differs={judge}"


def has(project: int, what: str) -> str:
    return f"{project}/has={what}"


def field(project: int, name: str, value: str) -> str:
    """A field of its metadata has this value."""
    return f"{project}/field:{_short(name)}={_short(value)}"


def fields(project: int, metadata: Mapping[str, Any]) -> list[str]:
    """A token for every value in the metadata; a field of a field is named `field.field`."""
    found = dict.fromkeys(field(project, name, value) for name, value in _values(metadata))
    return list(found)[:MOST_FIELDS]


def said(value: Any) -> str:
    """A value as somebody types it: a text as it is, anything else as JSON writes it."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _values(data: Mapping[str, Any], above: str = "", depth: int = 1) -> Iterator[tuple[str, str]]:
    for name, value in data.items():
        whole = f"{above}{name}"
        if isinstance(value, dict):
            yield from _values(value, f"{whole}.", depth + 1) if depth < DEEPEST else ()
        elif isinstance(value, list):
            yield from ((whole, said(one)) for one in value if not isinstance(one, dict | list))
        else:
            yield whole, said(value)


def _short(text: str) -> str:
    digest = hashlib.blake2b(text.encode(), digest_size=16).hexdigest
    return text if len(text) <= LONGEST else f"{text[:20]}…{digest()}"
