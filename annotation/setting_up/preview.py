"""What an annotator will see: the questions of a rubric beside a sample, as the annotator's page draws them."""

from collections.abc import Mapping
from string import ascii_uppercase
from typing import Any

from annotation.datasets.presets import all_presets
from annotation.models import Assignment, Project, Rubric, Sample
from annotation.services import projects
from annotation.web import questions, reading


def of_rubric(rubric: Mapping[str, Any], project: Project | None = None) -> dict[str, Any]:
    """The context of setting_up/_preview.html. `rubric`: parsed attributes and remarks; nothing is written."""
    sample = _sample(project, compares=any(a["scope"] == "comparison" for a in rubric["attributes"]))
    count = len(sample["responses"])
    held = Assignment(sample=Sample(project=Project(), response_count=count), shown_order=list(range(count)))
    asked = questions.asked(
        held, Rubric(attributes=projects.asked_of(rubric["attributes"]), remarks=rubric["remarks"]), {}, {}
    )
    return {
        "conversation": [reading.turn(message) for message in sample["messages"]],
        "responses": [
            {"letter": ascii_uppercase[at], "turns": reading.turns(response), "questions": asked[at]}
            for at, response in enumerate(sample["responses"])
        ],
        "of_sample": asked[None],
        "is_own": sample.get("is_own", False),
    }


def _sample(project: Project | None, *, compares: bool) -> Mapping[str, Any]:
    """A sample of the project that the questions fit; a ready one where it has none yet."""
    own = project and project.samples.filter(response_count__gte=2 if compares else 1).select_related("content").first()
    if own:
        return {"messages": own.content.messages, "responses": own.content.responses, "is_own": True}
    ready = [preset["sample"] for preset in all_presets().values()]
    return next(sample for sample in ready if len(sample["responses"]) >= (2 if compares else 1))
