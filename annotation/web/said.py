"""What somebody said of a sample, in the words of the card, and the sample beside it as they saw it."""

from collections.abc import Iterable, Mapping, Sequence
from string import ascii_uppercase
from typing import Any

from annotation.models import Annotation, Assignment
from annotation.services import showing
from annotation.web import fields, questions, reading


def beside_its_sample(assignment: Assignment, groups: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The texts in the order in which they were shown, what was said beside each, and what was said of all."""
    by_letter = {group["letter"]: group["said"] for group in groups}
    shown = zip(ascii_uppercase, showing.responses_as_shown(assignment), strict=False)
    return {
        "conversation": [reading.turn(message) for message in showing.conversation(assignment.sample)],
        "tools": reading.tools(assignment.sample.content.tools),
        "responses": [
            {"letter": letter, "turns": reading.turns(response), "said": by_letter.get(letter, [])}
            for letter, response in shown
        ],
        "of_all": by_letter.get("", []),
    }


def groups(assignment: Assignment, annotation: Annotation) -> list[dict[str, Any]]:
    """Of each response under the letter that it bore, then of the whole sample: what was asked, and what this person said."""
    given = fields.of_annotation(annotation, annotation.rubric, assignment.shown_order)
    asked = questions.asked(assignment, annotation.rubric, given, {})
    letters = [(canonical, ascii_uppercase[at]) for at, canonical in enumerate(assignment.shown_order)]
    said = [
        {"letter": letter, "said": list(_said(asked.get(response, [])))} for response, letter in [*letters, (None, "")]
    ]
    return [group for group in said if group["said"]]


def _said(asked: Iterable[Mapping[str, Any]]) -> Iterable[dict[str, Any]]:
    for question in asked:
        chosen: Mapping[str, Any] = next((level for level in question["levels"] if level["is_chosen"]), {})
        reasons = [option["label"] for one in (question, *question.get("reasons", ())) for option in _ticked(one)]
        words = question.get("text", "")
        if chosen or reasons or words:
            yield {
                "title": question["title"],
                "label": chosen.get("label", ""),
                "favours": chosen.get("favours", ""),
                "reasons": reasons,
                "words": words,
            }


def _ticked(question: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [option for option in question.get("options", ()) if option["is_chosen"]]
