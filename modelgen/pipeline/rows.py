"""The shapes of rows that stages hand to one another.

A prompt:           {"id", "messages": [{"role", "content"}, ...], "kind": "open-question", ..., "metadata": {...}}
A set of responses: {"id", "messages", "responses": [{"id", "text", "model", "family"?, "scores"?}], "metadata"}

`kind` says what sort of prompt it is, `topic`, `persona` and the like what it was made from. `metadata` is what travels
with a sample into a project: what a verifier needs stands there (`answer`, `constraints`).

The id of a row is that of its parent, a stroke, and a short digest of what it adds: the same work gives the same ids, and
a row that was made twice is the same row.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from modelgen.options import digest
from modelgen.pipeline.stage import Row

LONGEST_TEXT = 40_000
"""Characters of one message; what is longer is not a prompt that anybody reads."""


class WrongRows(ValueError):
    """The rows that a stage was given lack what it builds on."""


def first_row(start: str, **values: Any) -> Row:
    """A row without a parent. start: what its id begins with, the stage's kind."""
    return {"id": f"{start}/{short_digest(values)}", **values}


def child(parent: Row, **added: Any) -> Row:
    """What comes of a row: everything it has, and what is added or changed."""
    return {**parent, **added, "id": f"{parent['id']}/{short_digest(added)}"}


def short_digest(value: Any) -> str:
    return digest(value)[:10]


def prompt_child(parent: Row, messages: Sequence[dict[str, str]], kind: str, **added: Any) -> Row:
    """A prompt that comes of a row. The row's own metadata stay, and `metadata` adds to them."""
    metadata = {**parent.get("metadata", {}), **added.pop("metadata", {})}
    return child(parent, messages=list(messages), kind=kind, metadata=metadata, **added)


def user(content: str) -> dict[str, str]:
    return {"role": "user", "content": content}


def assistant(content: str) -> dict[str, str]:
    return {"role": "assistant", "content": content}


def last_user_text(row: Row) -> str:
    """What the user asks last: the text of a prompt, shown to a model that works on it."""
    return next((m["content"] for m in reversed(row["messages"]) if m["role"] == "user"), "")


def joined(inputs: Iterable[Sequence[Row]], *keys: str) -> list[Row]:
    """All rows of all inputs in their order, each id once. Raises WrongRows when one lacks one of the keys."""
    rows = list({row["id"]: row for rows in inputs for row in rows}.values())
    for row in rows:
        if missing := [key for key in keys if not row.get(key)]:
            raise WrongRows(
                f"The row {row['id']} has no {' and no '.join(missing)}, which this stage builds on. "
                "Name in `from:` a stage that makes such rows."
            )
    return rows


def distinct(rows: Iterable[Row], key: str) -> list[Row]:
    """The first row of each value of a key; capitals, spaces and a full stop at the end do not tell two values apart."""
    first: dict[str, Row] = {}
    for row in rows:
        first.setdefault(same_form(str(row[key])), row)
    return list(first.values())


def same_form(text: str) -> str:
    return " ".join(text.casefold().split()).rstrip(".?! ")
