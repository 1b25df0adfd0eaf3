"""A rubric as fields of a form, and back: what an admin types instead of rubric.json.

The levels of a scale are lines of a text, "0 = No use". What the form has no field for (kinds of a tie, `follows`) is kept
from the rubric that is edited, as long as its attribute keeps its name.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Fields = dict[str, Any]
Rubric = Mapping[str, Any]

KINDS_OF_ROWS = {"attributes": "a", "remarks": "r"}
MOST_ROWS = 40
NEW_ATTRIBUTE: Fields = {
    "name": "",
    "title": "",
    "scope": "response",
    "level": "ordinal",
    "values": [{"value": value, "label": str(value)} for value in range(1, 6)],
    "trigger": False,
}
NEW_REMARK: Fields = {"name": "", "title": "", "kind": "words", "scope": "sample", "optional": True}
SHOWN_AS_LINES = ("values", "options")


@dataclass(frozen=True)
class Posted:
    """What stands in the form: the rubric as it would be written, not checked yet."""

    attributes: list[Fields]
    remarks: list[Fields]

    def rows(self, kind: str) -> list[Fields]:
        return self.attributes if kind == "attributes" else self.remarks


def as_rows(rubric: Rubric, kind: str) -> list[Fields]:
    """The attributes or remarks of a rubric as rows of fields, numbered, with lists as lines."""
    return [
        {**row, **{name: _as_lines(row[name]) for name in SHOWN_AS_LINES if name in row}, "at": at}
        for at, row in enumerate(rubric[kind])
    ]


def _as_lines(levels: Sequence[Mapping[str, Any]]) -> str:
    return "\n".join(
        f"{level.get('value', level.get('name'))} = {level.get('label', '')}".rstrip(" =") for level in levels
    )


def read(posted: Mapping[str, str], base: Rubric) -> Posted:
    """The form, as far as it can be read; what is no number stays a text, for the check to refuse by name."""
    return Posted(
        attributes=[_attribute(row, base) for row in _rows(posted, "attributes")],
        remarks=[_remark(row, base) for row in _rows(posted, "remarks")],
    )


def _rows(posted: Mapping[str, str], kind: str) -> list[dict[str, str]]:
    """The posted fields `a0-title`, `a1-title`, ... as one mapping a row, in their order."""
    rows: dict[int, dict[str, str]] = {}
    for key, value in posted.items():
        found = re.fullmatch(KINDS_OF_ROWS[kind] + r"(\d{1,3})-(\w+)", key)
        if found:
            rows.setdefault(int(found[1]), {})[found[2]] = value.strip()
    return [rows[at] for at in sorted(rows)[:MOST_ROWS]]


def _attribute(row: Mapping[str, str], base: Rubric) -> Fields:
    name = row.get("name") or _name_from(row.get("title", ""))
    before: Fields = next((attribute for attribute in base["attributes"] if attribute["name"] == name), {})
    fields: Fields = {
        **{key: value for key, value in before.items() if key not in ("escalate_above", "settle_within")},
        "name": name,
        "title": row.get("title") or name,
        "description": row.get("description", ""),
        "scope": row.get("scope", ""),
        "level": row.get("level", ""),
        "values": _values(row.get("values", ""), before.get("values", [])),
        "optional": "optional" in row,
        "trigger": "trigger" in row,
    }
    limits = {key: _number(row[key]) for key in ("escalate_above", "settle_within") if row.get(key)}
    return {**fields, **limits}


def _values(lines: str, before: Sequence[Mapping[str, Any]]) -> list[Fields]:
    known = {level["value"]: level for level in before}
    return [{**known.get(value, {}), "value": value, "label": label or str(value)} for value, label in _pairs(lines)]


def _remark(row: Mapping[str, str], base: Rubric) -> Fields:
    kind, name = row.get("kind", ""), row.get("name") or _name_from(row.get("title", ""))
    fields: Fields = {
        "name": name,
        "title": row.get("title") or name,
        "description": row.get("description", ""),
        "kind": kind,
        "optional": "optional" in row,
    }
    if kind == "reasons":
        fields["options"] = [
            {"name": str(key) if label else _name_from(str(key)), "label": label or str(key)}
            for key, label in _pairs(row.get("options", ""))
        ]
    if kind == "confidence":
        fields["values"] = [
            {"value": value, "label": label or str(value)} for value, label in _pairs(row.get("values", ""))
        ]
    if kind in ("words", "sources"):
        fields |= {key: _number(row[key]) for key in ("minimum", "maximum") if row.get(key)}
    if row.get("attribute"):
        return {**fields, "attribute": row["attribute"]}
    return {**fields, "scope": row.get("scope") or "sample"}


def _pairs(lines: str) -> list[tuple[Any, str]]:
    """Lines of "value = label", or of one word."""
    parts = [line.partition("=") for line in lines.splitlines() if line.strip()]
    return [(_number(left.strip()), right.strip()) for left, _, right in parts]


def _number(written: str) -> Any:
    if re.fullmatch(r"-?\d{1,6}", written):
        return int(written)
    return float(written) if re.fullmatch(r"-?\d{1,6}\.\d{1,6}", written) else written


def _name_from(title: str) -> str:
    """A short name for programs, made of the words that people read."""
    return re.sub(r"[^0-9a-z]+", "_", title.lower()).strip("_")[:40]


def changed(posted: Posted, action: str) -> Posted:
    """The form after a press of one of its buttons: `add-attributes`, `remove-remarks-2`, `up-attributes-1`, ..."""
    found = re.fullmatch(r"(add|remove|up|down)-(attributes|remarks)(?:-(\d{1,3}))?", action)
    if not found:
        return posted
    rows = list(posted.rows(found[2]))
    at = int(found[3] or 0)
    if found[1] == "add":
        rows.append(dict(NEW_ATTRIBUTE if found[2] == "attributes" else NEW_REMARK))
    elif at < len(rows):
        row = rows.pop(at)
        if found[1] != "remove":
            rows.insert(max(0, at - 1) if found[1] == "up" else at + 1, row)
    return Posted(**{kind: rows if kind == found[2] else posted.rows(kind) for kind in KINDS_OF_ROWS})
