"""What /styleguide/ shows: examples that go through the same functions and templates as the pages. For developers, in English."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from annotation.models import Assignment, Project, Rubric, Sample
from annotation.web import questions, reading

NEUTRALS = {
    "0": "surface: panels, fields",
    "1": "page: what panels lie on",
    "2": "sunken: code, tracks, hover",
    "3": "lines between things",
    "4": "lines around quiet controls",
    "5": "border of a control, 3:1",
    "6": "muted words, 4.5:1",
    "7": "soft words, 7:1",
    "8": "spare",
    "9": "ink, 15:1",
}
SPACES = {"1": 4, "2": 8, "3": 12, "4": 16, "5": 24, "6": 32, "7": 48, "8": 64}
LEVELS = ("No use", "A little", "Partly", "Mostly", "Completely")
LONG_LEVELS = ("Wrong throughout", "Mostly wrong, with something right", "Right but for details")
RUBRIC = Rubric(
    attributes=[
        {
            "name": "helpfulness",
            "title": "Helpfulness",
            "description": "Does it do what was asked?",
            "scope": "response",
            "level": "ordinal",
            "values": [{"value": value, "label": label} for value, label in enumerate(LEVELS)],
        },
        {
            "name": "correctness",
            "title": "Correctness",
            "scope": "response",
            "level": "ordinal",
            "values": [{"value": value, "label": label} for value, label in enumerate(LONG_LEVELS)],
        },
        {
            "name": "safe",
            "title": "Safe to show?",
            "scope": "response",
            "level": "nominal",
            "values": [{"value": 0, "label": "Not safe"}, {"value": 1, "label": "Safe"}],
        },
        {
            "name": "preference",
            "title": "Which is better?",
            "scope": "comparison",
            "level": "ordinal",
            "values": [
                {"value": -1, "label": "better"},
                {
                    "value": 0,
                    "label": "Equal",
                    "kinds": [{"name": "both_good", "label": "Both good"}, {"name": "both_bad", "label": "Both bad"}],
                },
                {"value": 1, "label": "better"},
            ],
        },
    ],
    remarks=[
        {
            "name": "what_is_wrong",
            "title": "What is wrong?",
            "kind": "reasons",
            "scope": "response",
            "attribute": "correctness",
            "optional": True,
            "options": [
                {"name": "missing", "label": "Key information missing"},
                {"name": "made_up", "label": "Made up"},
            ],
        },
        {
            "name": "decided",
            "title": "What decided?",
            "kind": "reasons",
            "scope": "sample",
            "optional": True,
            "options": [{"name": "facts", "label": "Facts"}, {"name": "style", "label": "Style"}],
        },
        {
            "name": "why",
            "title": "Why?",
            "kind": "words",
            "scope": "sample",
            "optional": False,
            "minimum": 10,
            "maximum": 50,
        },
        {"name": "sources", "title": "Sources", "kind": "sources", "scope": "sample", "optional": True, "maximum": 3},
        {
            "name": "confidence",
            "title": "How sure are you?",
            "kind": "confidence",
            "scope": "sample",
            "optional": True,
            "values": [
                {"value": 1, "label": "Guessing"},
                {"value": 2, "label": "Fairly sure"},
                {"value": 3, "label": "Certain"},
            ],
        },
    ],
)

MARKDOWN = """### Why the sky is blue

Short waves scatter **more**: as $1/\\lambda^4$. See [a source](https://example.org/), ~~a rumour~~ and ![a cloud](https://example.org/cloud.png).

1. Blue comes from every side.
2. Red comes straight on.

```python
def scattered(wavelength: float) -> float:
    return 1 / wavelength**4  # arbitrary units
```

| Colour | Wavelength |
|---|---|
| Blue | 450 nm |
| Red | 700 nm |

$$I \\propto \\frac{1}{\\lambda^4}$$
"""
HOSTILE = "<img src=x onerror=alert(1)> pay\u200bpal \u202e desrever \u202c **never closed `code"
CONVERSATION: list[dict[str, Any]] = [
    {"role": "user", "content": "하늘은 왜 파란가요? 네 문장으로 설명해 주세요."},
    {"role": "user", "content": "لماذا السماء زرقاء؟ (Rayleigh)"},
    {"role": "assistant", "thinking": "Look it up first.", "tool_calls": [{"function": {"name": "search", "arguments": '{"q": "sky"}'}}]},
    {"role": "tool", "name": "search", "content": '{"hits": 3}\n{"first": "Scattering"}'},
    {"role": "assistant", "content": MARKDOWN},
    {"role": "user", "content": HOSTILE},
    {"role": "assistant", "content": ""},
]  # fmt: skip


def styleguide(request: HttpRequest, charts: Callable[[], Iterable[object]]) -> HttpResponse:
    """Every token and component, drawn by the files that draw the pages. `charts`: those of another package, which this one
    does not know."""
    shown = {
        "charts": charts(),
        "neutrals": NEUTRALS,
        "spaces": SPACES,
        "turns": [reading.turn(message) for message in CONVERSATION],
        "scale": _scale(),
        "told": {"scales": [_told("as_known", "as known", 3, 3), _told("off", "two off", 3, 1)], "note": "It says so."},
        "spread": {"attribute": "Helpfulness", "words": "1, 3, 3", "values": [1, 3, 3], "span_low": 0, "span_high": 4},
        "people": {"value": 0.71, "low": 0.66, "high": 0.75},
        "judge": {"value": 0.48, "low": 0.31, "high": 0.62},
        "nobody": {"value": None, "low": None, "high": None},
        "notice": _notice(),
        "a_project": {"slug": "example"},
        "sensitive": {"is_sensitive": True, "sensitive_word": "violence"},
        **_questions(),
    }
    return render(request, "styleguide.html", shown)


def _questions() -> dict[str, Any]:
    """The questions of the first response and of the whole sample: some answered, one refused, the first for the script to light."""
    sample = Sample(project=Project(), response_count=2)
    assignment = Assignment(sample=sample, shown_order=[0, 1])
    given = {questions.field_name(1): "2", questions.field_name(2): "1"}
    asked = questions.asked(assignment, RUBRIC, given, {"why": "It has 3 words; write at least 10."})
    return {"of_response": asked[0], "of_sample": asked[None]}


def _scale() -> dict[str, Any]:
    """Three people and what is proposed, as a reviewer sees it."""
    people = [("Ana", "A", 1), ("Ben", "B", 3), ("Cleo", "C", 3)]
    return {
        "field": "guide-scale",
        "title": "Helpfulness",
        "levels": [{"value": value, "label": label} for value, label in enumerate(LEVELS)],
        "dots": [{"name": name, "mark": mark, "value": value, "word": LEVELS[value]} for name, mark, value in people],
        "proposed": 3,
    }


def _told(verdict: str, words: str, known: int, said: int) -> dict[str, Any]:
    """A place of a training sample, as it is told after the answer."""
    levels = [
        {"label": label, "is_known": value == known, "is_said": value == said} for value, label in enumerate(LEVELS)
    ]
    return {"title": "Helpfulness", "verdict": verdict, "verdict_text": words, "levels": levels}


def _notice() -> dict[str, Any]:
    """What somebody was told, and what they said to it."""
    return {
        "pk": 0,
        "kind": "note",
        "title": "A note",
        "text": "On three samples you chose the first response within two seconds. Was something wrong with the page?",
        "by": "rita",
        "at": datetime(2026, 3, 2, 9, 0, tzinfo=UTC),
        "is_new": True,
        "answer": "They were broken; I should have skipped them.",
        "reply": "Thank you. Do skip them.",
        "replied_by": "rita",
    }
