"""docs/pipeline.md says what the code says: every kind of stage, every option, every default."""

import re
from pathlib import Path

import pytest

from modelgen.options import described
from modelgen.pipeline.basis import AskingOptions
from modelgen.pipeline.kinds import STAGE_KINDS
from modelgen.pipeline.recipe import Header, Previous, Result, parse_recipe
from modelgen.pipeline.words import option_table, stage_words

PAGE = (Path(__file__).parents[2] / "docs" / "pipeline.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("options", [Header, Result, Previous, AskingOptions], ids=lambda options: options.__name__)
def test_the_tables_of_common_options_are_those_of_the_code(options):
    assert option_table(described(options)) in PAGE


@pytest.mark.parametrize(
    "section", re.split(r"^(?=### )", stage_words(), flags=re.MULTILINE)[1:], ids=lambda text: text.split("`")[1]
)
def test_every_kind_of_stage_is_described_as_it_is(section):
    assert section.strip() in PAGE, "docs/pipeline.md is old: see what `python -m modelgen.pipeline.words` prints"


def test_the_page_describes_no_kind_that_is_not_there():
    assert set(re.findall(r"^### `([\w-]+)`", PAGE, flags=re.MULTILINE)) == set(STAGE_KINDS)


def test_the_recipe_on_the_page_can_be_read():
    (text,) = re.findall(r"```yaml\n(.*?)```", PAGE, flags=re.DOTALL)
    recipe = parse_recipe(text, {"my-topics.txt": b"tea\n"})
    names = ["topics", "by-hand", "subtopics", "questions", "revisions", "responses"]
    assert [stage.name for stage in recipe.stages] == names
