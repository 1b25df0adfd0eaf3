"""A project whose rubric asks all that can be asked: demo/rubrics/everything.json."""

import json
from pathlib import Path
from typing import Any

from story import make_pair

from annotation.datasets.bad_row import Place
from annotation.datasets.rubrics import parse_rubric
from annotation.models import Project, Sample
from annotation.services import projects

FILE = Path(__file__).parents[2] / "demo/rubrics/everything.json"
RATED = {"helpfulness": (3, 1), "correctness": (4, 2), "safe": (1, 1), "preference": -2, "topic": 1}
WHY = "The first answers the question."


def everything(**settings: Any) -> Project:
    rubric = parse_rubric(json.loads(FILE.read_text()), Place(FILE.name))
    asked = {"attributes": rubric["attributes"], "remarks": rubric["remarks"]}
    return projects.create(slug="recipes", title="Recipes", allows_directed_claims=True, **asked, **settings)


def with_a_pair(**settings: Any) -> Sample:
    return make_pair(everything(shuffles_responses=False, **settings))
