"""The pages about models in Korean: nothing of ours is left in English, whatever a run is doing."""

import pytest
from leftover_english import left_in_english

from annotation.models import User
from modelgen.judges.kinds import JUDGE_KINDS
from modelgen.models import Unanswered
from modelgen.options import described
from tests.annotation.story import join
from tests.modelgen.test_run_pages import (
    JUDGES,
    MODELS,
    OWN,
    READY,
    RECIPE,
    answering,
    do,
    files_of_the_test,
    judge_at_work,
    page_of,
    project,
    start,
    talking,
)

__all__ = ["files_of_the_test", "project"]  # these fixtures hold here too
pytestmark = pytest.mark.django_db
THEIRS = {
    "Open",  # the project
    "questions",
    "responses",
    "small-model",
    "judge-model",
    "preference",
    "Preference",
    "judge",
    "text",
    "yes",
}


# Options go by the names that recipes and programs call them.
OPTIONS = {
    option.name.replace("_", " ").capitalize() for kind in JUDGE_KINDS.values() for option in described(kind.options)
}


@pytest.fixture
def admin(client, project):
    ada = join(project, "ada", role="admin")
    User.objects.filter(pk=ada.pk).update(language="ko")
    client.force_login(ada)
    return client


def korean(response):
    page = response.content.decode()
    assert left_in_english(page, said_by_people=THEIRS | OPTIONS) == set()
    return page


def test_before_and_while_a_recipe_runs(admin, project):
    korean(admin.get(MODELS))
    run = start(project)
    do(answering, chunks=1)
    for page in (MODELS, page_of(run), page_of(run, "stages", "questions"), page_of(run, "failures")):
        assert "한국어" not in korean(admin.get(page))
    do(answering)
    korean(admin.get(page_of(run)))
    korean(admin.get(MODELS))


def test_rows_without_an_answer(admin, project):
    run = start(project)
    do(talking)
    for page in (page_of(run), page_of(run, "failures"), page_of(run, "failures", Unanswered.objects.first().pk)):
        found = left_in_english(admin.get(page).content.decode(), said_by_people=THEIRS)
        assert {text for text in found if not is_of_the_pipeline(text, run)} == set()


def is_of_the_pipeline(text, run):
    """Why a run stopped and what is wrong with a row is kept as it was found, in English."""
    run.refresh_from_db()
    return text in run.problem or Unanswered.objects.filter(problem=text).exists()


def test_judges_and_the_form_of_each_kind(admin, project):
    korean(admin.get(JUDGES))
    for kind in ("llm-comparison", "llm-rating", "reward-model", "verifier"):
        korean(admin.get(JUDGES, {"kind": kind}))
    korean(admin.post(JUDGES, {"kind": "verifier", "seed": "many"}))
    run = judge_at_work(project)
    for page in (MODELS, page_of(run)):
        korean(admin.get(page))


def test_recipes_and_what_they_would_ask(admin):
    for page in (f"{MODELS}recipes/", READY, OWN):
        korean(admin.get(page))
    korean(admin.post(OWN, {"recipe": RECIPE}))
    korean(admin.post(OWN, {"recipe": "name: x"}))
