"""Rows that stages made, and judgments, as the pages show them: every text as written, cut where it is long."""

import json
from collections.abc import Mapping, Sequence
from string import ascii_uppercase
from typing import Any

from django.urls import reverse

from annotation import ratings
from annotation.models import Judgment, Project
from modelgen.models import Output, Run
from modelgen.web import words

Row = dict[str, Any]
TEXT_SHOWN = 3_000
FACT_SHOWN = 300
_TEXTS = ("id", "messages", "responses", "chosen", "rejected")


def output_row(run: Run, stage: str, output: Output, *, is_whole: bool = False) -> Row:
    """One row of a stage: its conversation, its responses, and what else stands in it."""
    texts = _Texts(is_whole)
    content: Mapping[str, Any] = output.content if isinstance(output.content, dict) else {"row": output.content}
    return {
        "key": output.key,
        "turns": texts.turns(content.get("messages")),
        "responses": texts.responses(content),
        "facts": [(key, texts.fact(value)) for key, value in content.items() if key not in _TEXTS],
        "is_cut": texts.is_any_cut,
        "url": f"{reverse('modelgen:run-outputs', args=[run.project.slug, run.pk, stage])}?only={output.place}",
    }


class _Texts:
    """Reads a row of any shape and remembers whether a text was cut. Models wrote it: nothing in it is relied on."""

    def __init__(self, is_whole: bool) -> None:
        self._is_whole = is_whole
        self.is_any_cut = False

    def text(self, value: Any, most: int = TEXT_SHOWN) -> str:
        written = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=1)
        if self._is_whole:
            return written
        shown, is_cut = words.cut(written, most)
        self.is_any_cut |= is_cut
        return f"{shown}…" if is_cut else shown

    def fact(self, value: Any) -> str:
        return self.text(value, FACT_SHOWN)

    def turns(self, messages: Any) -> list[Row]:
        return [self._turn(message) for message in messages] if isinstance(messages, list) else []

    def _turn(self, message: Any) -> Row:
        if not isinstance(message, dict):
            return {"role": "", "content": self.text(message)}
        calls = message.get("tool_calls")
        return {
            "role": str(message.get("role", "")),
            "name": str(message.get("name") or ""),
            "content": self.text(message.get("content") or ""),
            "thinking": self.text(message.get("thinking") or ""),
            "tool_calls_text": self.text(calls) if calls else "",
        }

    def responses(self, content: Mapping[str, Any]) -> list[Row]:
        """Its responses under letters, or the two of a preference pair under their names."""
        given = content.get("responses")
        many = given if isinstance(given, list) else []
        named = [(letter, each) for letter, each in zip(_letters(len(many)), many, strict=True)]
        named += [(name, content[name]) for name in ("chosen", "rejected") if content.get(name) is not None]
        return [{"title": title, **self._response(each)} for title, each in named]

    def _response(self, response: Any) -> Row:
        if not isinstance(response, dict):
            return {"model": "", "turns": [{"role": "assistant", "content": self.text(response)}], "facts": []}
        turns = self.turns(response.get("messages")) or [
            {"role": "assistant", "content": self.text(response.get("text") or "")}
        ]
        left = {key: value for key, value in response.items() if key not in ("id", "text", "messages", "model")}
        facts = [(key, self.fact(value)) for key, value in left.items()]
        return {"model": str(response.get("model") or ""), "turns": turns, "facts": facts}


def _letters(count: int) -> Sequence[str]:
    return [ascii_uppercase[at] if at < 26 else str(at + 1) for at in range(count)]


def judgment_row(project: Project, judgment: Judgment, *, is_whole: bool = False) -> Row:
    """What a judge said of one sample, in the rubric's words, and its raw text."""
    sample = judgment.sample
    places = ratings.layout(judgment.rubric.attributes, sample.response_count)
    raw, is_cut = (judgment.raw_text, False) if is_whole else words.cut(judgment.raw_text, TEXT_SHOWN)
    here = reverse("annotation:review", args=[project.slug, sample.pk])
    return {
        "key": sample.external_id,
        "sample_url": here,
        "values": [_value(place, value) for place, value in zip(places, judgment.ratings, strict=False) if value is not None],
        "is_unsure": judgment.is_unsure,
        "is_relative": judgment.is_relative,
        "raw": raw,
        "is_cut": is_cut,
        "place": sample.pk,
    }  # fmt: skip


def _value(place: ratings.Place, value: int) -> Row:
    response = "" if place.response is None else _letters(place.response + 1)[-1]
    return {"attribute": place.title, "response": response, "label": place.word_for(value)}
