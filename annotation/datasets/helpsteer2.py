"""Rows in the shape of nvidia/HelpSteer2: ratings, disagreements and preferences.

Names, nesting and markers follow its dataset card (rev. of October 2024; arXiv 2406.08673 and 2410.01257). What the
format has no place for is left out here: thinking, tools, attributes of scope "sample". Tool calls are written as
JSON under the text of their turn. A text that itself contains a marker cannot be told from a turn; the released files do
not escape it either.
"""

import json
import re
from collections.abc import Sequence

from .rows import JsonObject, LabelledSample, Vote

TURN = "\n<extra_id_1>{role}\n"
SYSTEM = "<extra_id_0>System\n{text}\n<extra_id_1>User\n"
ROLE_NAMES = {
    "user": "User",
    "assistant": "Assistant",
    "tool": "Tool",
    "system": "System",
    "developer": "System",
}
NEITHER_VALID = -100
SENTENCE_END = re.compile(r"(?<=[.!?])\s+")
RATING_COLUMNS = ("prompt", "response")


class AttributeNameTaken(ValueError):
    """An attribute is called like a column of the format itself."""


def prompt_text(messages: Sequence[JsonObject]) -> str:
    """The turns as one text: the first user turn bare, each later one after its marker.

    >>> turns = [("user", "Hi"), ("assistant", "Hello!"), ("user", "Why is the sky blue?")]
    >>> print(prompt_text([{"role": role, "content": text} for role, text in turns]))
    Hi
    <extra_id_1>Assistant
    Hello!
    <extra_id_1>User
    Why is the sky blue?
    """
    return _joined(messages, opening_role="user")


def response_text(response: JsonObject) -> str:
    """The text of a response; of one with several turns, the first bare and the others after their markers."""
    if "text" in response:
        return str(response["text"])
    return _joined(response["messages"], opening_role="assistant")


def rating_rows(sample: LabelledSample) -> list[JsonObject]:
    """One row per response: prompt, response, then every response-scoped attribute by name (int or None).

    A response without any label gives no row; a rubric without response-scoped attributes gives none at all.
    Raises AttributeNameTaken.
    """
    names = _rated_names(sample)
    prompt = prompt_text(sample.messages)
    rows = []
    for i, response in enumerate(sample.responses):
        values = {name: sample.labels.get((i, name)) for name in names}
        if any(value is not None for value in values.values()):
            rows.append({"prompt": prompt, "response": response_text(response), **values})
    return rows


def disagreement_rows(sample: LabelledSample, *, all_votes: bool = False) -> list[JsonObject]:
    """The rows of rating_rows with lists: the value of each vote that made the label, or of every vote.

    Somebody who gave no value is missing from that list, so lists may be shorter than three, as in the released file.
    """
    names = _rated_names(sample)
    votes = sample.votes if all_votes else sample.chosen_votes
    prompt = prompt_text(sample.messages)
    rows = []
    for i, response in enumerate(sample.responses):
        values = {name: _given(votes, (i, name)) for name in names}
        if any(values.values()):
            rows.append({"prompt": prompt, "response": response_text(response), **values})
    return rows


def preference_rows(sample: LabelledSample, *, attribute: str | None = None) -> list[JsonObject]:
    """The one row of a compared pair, or none.

    None when the sample has no comparison attribute or not two responses, and when its label is missing or 0: "no
    preference" is not part of preference files. preference_strength is the label on the project's own scale, negative
    where the first response is better. A comment is split after its first sentence into statement and elaboration; those
    of the row itself are of the chosen vote nearest to the label. A vote of "neither valid" is -100, as released.
    """
    compared = sample.names_of("comparison")
    name = attribute or (compared[0] if compared else None)
    if name not in compared or len(sample.responses) != 2:
        return []
    strength = sample.labels.get((None, name))
    if not strength:
        return []
    statement, elaboration = _statement(_reason(sample.chosen_votes, name, strength))
    return [
        {
            "split": "val" if sample.split == "validation" else "train",
            "prompt": prompt_text(sample.messages),
            "response_1": response_text(sample.responses[0]),
            "response_2": response_text(sample.responses[1]),
            "preference_strength": strength,
            "preference_statement": statement,
            "preference_elaboration": elaboration,
            "three_most_similar_preferences": [_processed(vote, name) for vote in _asked(sample.chosen_votes, name)],
            "all_preferences_unprocessed": [
                {"strength": _strength(vote, name), "justification": vote.comment} | _remarks(vote)
                for vote in _asked(sample.votes, name)
            ],
        }
    ]


def _joined(messages: Sequence[JsonObject], opening_role: str) -> str:
    parts: list[str] = []
    rest = list(messages)
    if len(rest) > 1 and rest[0]["role"] in ("system", "developer") and rest[1]["role"] == "user":
        parts.append(SYSTEM.format(text=_said(rest.pop(0))))
        parts.append(_said(rest.pop(0)))
    elif rest and rest[0]["role"] == opening_role:
        parts.append(_said(rest.pop(0)))
    for message in rest:
        parts += [TURN.format(role=ROLE_NAMES[message["role"]]), _said(message)]
    return "".join(parts).removeprefix("\n")


def _said(message: JsonObject) -> str:
    text = message.get("content") or ""
    calls = message.get("tool_calls")
    if not calls:
        return str(text)
    return f"{text}\n{json.dumps(calls, ensure_ascii=False)}".lstrip("\n")


def _rated_names(sample: LabelledSample) -> list[str]:
    names = sample.names_of("response")
    require_free_names(names)
    return names


def require_free_names(names: Sequence[str]) -> None:
    """Raises AttributeNameTaken when a response's attribute is called like a column of the format."""
    if taken := [name for name in names if name in RATING_COLUMNS]:
        raise AttributeNameTaken(
            f'The attribute "{taken[0]}" is called like a column of HelpSteer2. Rename it, or choose another format.'
        )


def _given(votes: Sequence[Vote], slot: tuple[int, str]) -> list[int]:
    return [value for vote in votes if (value := vote.values.get(slot)) is not None]


def _asked(votes: Sequence[Vote], name: str) -> list[Vote]:
    return [vote for vote in votes if (None, name) in vote.values]


def _strength(vote: Vote, name: str) -> int:
    value = vote.values[None, name]
    return NEITHER_VALID if value is None else value


def _remarks(vote: Vote) -> JsonObject:
    """A key of our own, only in the files of a rubric that asks for remarks."""
    return {"remarks": vote.remarks} if vote.remarks else {}


def _processed(vote: Vote, name: str) -> JsonObject:
    statement, elaboration = _statement(vote.comment)
    return {"statement": statement, "elaboration": elaboration, "strength": _strength(vote, name)}


def _reason(votes: Sequence[Vote], name: str, strength: int) -> str:
    """The comment of the vote nearest to the label; of equally near ones, the first that has a comment."""
    commented = [vote for vote in _asked(votes, name) if vote.comment]
    if not commented:
        return ""
    return min(commented, key=lambda vote: abs(_strength(vote, name) - strength)).comment


def _statement(comment: str) -> tuple[str, str]:
    statement, *rest = SENTENCE_END.split(comment.strip(), maxsplit=1)
    return statement, rest[0] if rest else ""
