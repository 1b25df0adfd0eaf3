"""Recipes: what is read from them, what is refused and where, and what identifies a stage's outputs."""

import json
import re

import numpy as np
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from modelgen.chance import chance
from modelgen.pipeline.recipe import RecipeRefused, parse_recipe
from modelgen.pipeline.yaml_source import read_yaml

UNHURRIED = settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow])

OPEN = """\
name: open-questions
title: Questions about everyday life
models:
  writer: small-model
  critic: {name: large-model, temperature: 0.2}
stages:
  - kind: topics
    count: 20
  - kind: listed-topics
    name: by-hand
    topics: [the sea, tea]
  - kind: subtopics
    from: [topics, by-hand]
  - kind: questions
    model: critic
result: {to: version, project: first, prefix: open-}
"""


def changed(text, **options):
    """The recipe with options of its last stage changed."""
    document = yaml.safe_load(text)
    document["stages"][-1].update(options)
    return yaml.safe_dump(document)


def digests(text, **keywords):
    return parse_recipe(text, **keywords).digests()


def test_a_recipe_is_read():
    recipe = parse_recipe(OPEN)
    assert [(stage.name, stage.kind, stage.sources) for stage in recipe.stages] == [
        ("topics", "topics", ()),
        ("by-hand", "listed-topics", ()),
        ("subtopics", "subtopics", ("topics", "by-hand")),
        ("questions", "questions", ("subtopics",)),
    ]
    assert recipe.last == "questions"
    assert recipe.stage("topics").stage.options.count == 20
    assert recipe.stage("questions").roles["critic"].name == "large-model"
    assert (recipe.header.seed, recipe.header.chunk, recipe.header.most_failures) == (0, 32, 0.2)
    assert (recipe.header.result.to, recipe.header.result.project) == ("version", "first")


def test_what_was_read_reads_the_same_again():
    recipe = parse_recipe(OPEN, settings=["seed=4", "stages.topics.count=7"])
    again = parse_recipe(recipe.text)
    assert (again.header, again.models, again.text) == (recipe.header, recipe.models, recipe.text)
    assert again.digest() == recipe.digest()
    assert json.dumps(recipe.stages[0].configuration())


REFUSED = [
    ("name: x\nstages: []", 2, "at least one stage"),
    ("name: x", 1, "needs `stages:`"),
    ("- name: x", 1, "mapping that begins with `name:`"),
    ("", 1, "mapping that begins with `name:`"),
    ("stages:\n- kind: listed-topics", 1, "'name' is missing"),
    ("name: x\nstages:\n- kind: poems", 3, "no stage kind 'poems'; there are: .*topics"),
    ("name: x\nstages:\n- topics", 3, "with a `kind:`"),
    ("name: x\nchunks: 3\nstages:\n- kind: listed-topics", 2, "no option 'chunks'.* chunk"),
    ("name: x\nseed: a\nstages:\n- kind: listed-topics", 2, "whole number"),
    ("name: x\nmost_failures: 2\nstages:\n- kind: listed-topics", 2, "0 to 1, not 2"),
    ("name: x\nmost_failures: .nan\nstages:\n- kind: listed-topics", 2, "must be a number"),
    ("name: x\nchunk: true\nstages:\n- kind: listed-topics", 2, "whole number"),
    ("name: 2024-01-01\nstages:\n- kind: listed-topics", 1, "put it in quotes"),
    ("name: 2024-99-99\nstages:\n- kind: listed-topics", 1, "cannot be read"),
    ("name: x\nseed: 0x" + "f" * 5000 + "\nstages:\n- kind: listed-topics", 2, "larger than any"),
    ("name: x\nmost_failures: 0x" + "f" * 5000 + "\nstages:\n- kind: listed-topics", 2, "a huge number"),
    ('name: "\\ud800"\nstages:\n- kind: listed-topics', 1, "cannot be stored"),
    ("name: 5\nstages:\n- kind: listed-topics", 1, "must be a text"),
    ("name: x\nstages:\n- kind: topics", 3, "asks the role 'writer'.* none"),
    (
        "name: x\nmodels: {writer: m}\nstages:\n- kind: topics\n  model: author",
        5,
        "asks the role 'author'.*has: writer",
    ),
    ("name: x\nmodels: {writer: {nam: m}}\nstages:\n- kind: topics", 2, "no option 'nam'"),
    ("name: x\nmodels: {writer: 5}\nstages:\n- kind: topics", 2, "mapping of options"),
    ("name: x\nmodels: [m]\nstages:\n- kind: topics", 2, "roles with a model each"),
    ("name: x\nmodels: {writer: m}\nstages:\n- kind: topics\n  count: 0", 5, "1 to 10000, not 0"),
    ("name: x\nmodels: {writer: m}\nstages:\n- kind: topics\n  cuont: 1", 5, "no option 'cuont'.* count"),
    ("name: x\nmodels: {writer: m}\nstages:\n- kind: topics\n  temperature: hot", 5, "must be a number"),
    ("name: x\nmodels: {writer: m}\nstages:\n- kind: subtopics", 4, "builds on other stages"),
    (
        "name: x\nmodels: {writer: m}\nstages:\n- kind: topics\n- kind: questions\n  from: questions",
        6,
        "No stage 'questions' stands above",
    ),
    (
        "name: x\nmodels: {writer: m}\nstages:\n- kind: topics\n- kind: questions\n  from: [later]\n- kind: topics\n  name: later",
        6,
        "stands above this one",
    ),
    ("name: x\nmodels: {writer: m}\nstages:\n- kind: topics\n  from: [topics]", 5, "builds on no other"),
    ("name: x\nstages:\n- kind: listed-topics\n- kind: listed-topics", 4, "Two stages are called 'listed-topics'"),
    ("name: x\nstages:\n- kind: listed-topics\n  name: a.b", 4, "letters, digits"),
    ("name: x\nstages:\n- kind: listed-topics\n  topics: [1]", 4, "must be a text"),
    ("name: x\nstages:\n- kind: listed-topics\n  file: topics.txt", 4, "no folder"),
    ("name: x\nstages:\n- kind: listed-topics\nresult: {to: nowhere}", 4, "`?samples`?, `?version`?"),
    ("name: x\nstages:\n- kind: listed-topics\nresult:\n  to: samples\n  from: later", 6, "no stage 'later'"),
    ("name: x\nname: y\nstages:\n- kind: listed-topics", 2, "stands here twice"),
    ("name: x\n1: y\nstages:\n- kind: listed-topics", 2, "key must be a text"),
    ("name: &a x\ntitle: *a\nstages:\n- kind: listed-topics", 1, "not allowed"),
    ("name: x\ntitle: !!python/object/apply:os.system [ls]", 2, ""),
    ("name: x\n  title: y", 2, "not YAML"),
    ("name: " + "[" * 50_000, 1, "nested deeper"),
    ('name: x\nseed: !!int ""', 2, "Tags .* not allowed"),
    ('name: x\nmost_failures: !!float ""', 2, "Tags .* not allowed"),
    ("name: x\ntitle: !!timestamp foo", 2, "Tags .* not allowed"),
    ("name: x\nmodels: !!set {writer}", 2, "Tags .* not allowed"),
    ("name: x\nseed: 0x_", 2, "cannot be read|put it in quotes|whole number"),
    ("name: x\ntitle: " + "y" * 10_001, 2, "has 10001 characters.* a file"),
    ("name: x\ntitle: '" + "y" * 50_001 + "'", 2, "has 50001 characters.* a file"),
    ("name: x\nstages:\n" + "- kind: listed-topics\n" * 201, 2, "at most 200 stages; this one has 201"),
    ('name: "x\\u202ey"\nstages:\n- kind: listed-topics', 1, r"U\+202E"),
    ('name: x\ntitle: "a\\tb"\nstages:\n- kind: listed-topics', 2, r"U\+0009"),
    (
        'name: x\nstages:\n- kind: listed-topics\nresult:\n  to: version\n  prefix: "\\u2066"',
        6,
        r"'prefix' holds a control character \(U\+2066",
    ),
    (
        "name: x\nstages:\n- kind: listed-topics\nresult: {to: samples}",
        4,
        "'listed-topics' have no responses.*`responses` stage.*`to: version`",
    ),
]

ANSWERED = """\
name: x
models: {writer: m}
stages:
- {kind: listed-topics, topics: [tea]}
- {kind: questions}
- {kind: responses, models: [writer]}
- {kind: near-duplicates}
- {kind: mix, from: [questions, near-duplicates]}
result: {to: samples}
"""


def test_responses_reach_the_result_through_stages_that_hand_rows_on():
    assert parse_recipe(ANSWERED).last == "mix"
    with pytest.raises(RecipeRefused, match="'questions' have no responses"):
        parse_recipe(ANSWERED, settings=["result.from=questions"])


@pytest.mark.parametrize("text", ['name: "\\U99999999"', "%YAML 1." + "9" * 5000 + "\n---\nname: x"])
def test_numbers_that_no_yaml_has_are_refused(text):
    with pytest.raises(RecipeRefused, match="not YAML"):
        parse_recipe(text)


def test_a_long_text_may_stand_in_quotes():
    assert read_yaml("x: '" + "y" * 20_000 + "'").value == {"x": "y" * 20_000}


@pytest.mark.parametrize(("text", "line", "says"), REFUSED)
def test_a_wrong_recipe_is_refused_with_its_line(text, line, says):
    with pytest.raises(RecipeRefused) as refused:
        parse_recipe(text)
    assert refused.value.line == line, str(refused.value)
    assert str(refused.value).startswith(f"Line {line}: ")
    assert re.search(says, str(refused.value))


def test_a_recipe_of_unreasonable_length_is_refused():
    with pytest.raises(RecipeRefused, match="at most"):
        parse_recipe("# " + "x" * 300_000)


@UNHURRIED
@given(st.text(max_size=200) | st.text(alphabet="ab:-[]{}&*!|> \n\t'\"#?,%@`0", max_size=60))
def test_any_text_is_a_recipe_or_refused(text):
    with pytest.raises(RecipeRefused):
        parse_recipe(text)


# --- what the command line sets ---------------------------------------------------------------------------------
def test_settings_count_before_what_is_written():
    recipe = parse_recipe(
        OPEN,
        settings=["models.critic=other", "models.writer=third", "stages.by-hand.topics=[rain]", "result.prefix=new-"],
    )
    assert (recipe.models["critic"].name, recipe.models["critic"].temperature) == ("other", 0.2)
    assert recipe.models["writer"].name == "third"
    assert recipe.stage("by-hand").stage.options.topics == ("rain",)
    assert recipe.header.result.prefix == "new-"


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ("stages.topics.count=many", "--set stages.topics.count=many: 'count' must be a whole number"),
        ("stages.poems.count=3", "There is no stage 'poems'; there are: topics, by-hand, subtopics, questions."),
        ("stages.topics.cuont=3", "no option 'cuont'"),
        ("seed", "Write it as key=value"),
        ("seed=[", "not YAML"),
        ("=3", "Write it as key=value"),
        ("stages=3", "a list with at least one stage"),
    ],
)
def test_a_wrong_setting_is_refused(setting, says):
    with pytest.raises(RecipeRefused) as refused:
        parse_recipe(OPEN, settings=[setting])
    assert str(refused.value).startswith(f"--set {setting}: ")
    assert says in str(refused.value)


# --- what identifies a stage ------------------------------------------------------------------------------------
def test_the_order_of_keys_and_the_words_for_people_do_not_matter():
    document = yaml.safe_load(OPEN)
    turned = {key: document[key] for key in reversed(document)}
    turned["stages"] = [dict(reversed(stage.items())) for stage in document["stages"]]
    turned.update(title="Other words", chunk=5, most_failures=0.9)
    assert digests(yaml.safe_dump(turned, sort_keys=False)) == digests(OPEN)
    assert parse_recipe(yaml.safe_dump(turned)).digest() == parse_recipe(OPEN).digest()


@pytest.mark.parametrize(
    "options",
    [
        {"count": 6},
        {"model": "writer"},
        {"temperature": 0.5},
        {"top_p": 0.9},
        {"most_tokens": 9},
        {"seed": 1},
        {"from": ["topics"]},
    ],
)
def test_any_option_makes_another_stage_and_leaves_those_before_it(options):
    before, after = digests(OPEN), digests(changed(OPEN, **options))
    assert {name for name in before if before[name] != after[name]} == {"questions"}


@pytest.mark.parametrize(
    ("setting", "others"),
    [
        ("stages.topics.count=21", {"topics", "subtopics", "questions"}),
        ("stages.by-hand.topics=[rain]", {"by-hand", "subtopics", "questions"}),
        ("models.writer=other", {"topics", "subtopics", "questions"}),
        ("models.critic=other", {"questions"}),
        ("models.critic.temperature=0.3", {"questions"}),
        ("seed=1", {"topics", "by-hand", "subtopics", "questions"}),
    ],
)
def test_a_change_reaches_all_that_builds_on_it_and_nothing_else(setting, others):
    before, after = digests(OPEN), digests(OPEN, settings=[setting])
    assert {name for name in before if before[name] != after[name]} == others


def test_another_revision_of_a_model_makes_another_stage():
    other = OPEN.replace("name: large-model,", "name: large-model, revision: b2,")
    before, after = digests(OPEN), digests(other)
    assert {name for name in before if before[name] != after[name]} == {"questions"}


def test_recipes_that_begin_alike_share_their_beginning():
    longer = OPEN.replace("result:", "  - {kind: revisions}\nresult:").replace("name: open-questions", "name: longer")
    assert digests(longer).items() > digests(OPEN).items()


def test_a_renamed_stage_is_the_same_stage():
    renamed = OPEN.replace("name: by-hand", "name: mine").replace("[topics, by-hand]", "[topics, mine]")
    assert digests(renamed)["questions"] == digests(OPEN)["questions"]


def test_chance_is_the_same_for_the_same_row_of_the_same_stage_only():
    draws = {chance(*of).integers(2**60) for of in [("a", "1"), ("a", "2"), ("b", "1"), ("a", "")]}
    assert len(draws) == 4
    assert np.array_equal(chance("a", "1").random(5), chance("a", "1").random(5))


# --- files ------------------------------------------------------------------------------------------------------
FROM_FILE = "name: x\nstages:\n- kind: listed-topics\n  file: topics.txt\n"


def test_a_file_is_read_with_the_recipe_and_its_content_identifies_the_stage(tmp_path):
    (tmp_path / "topics.txt").write_text("# mine\nthe sea\n\ntea\n")
    recipe = parse_recipe(FROM_FILE, tmp_path)
    assert recipe.files == {"topics.txt": b"# mine\nthe sea\n\ntea\n"}
    assert recipe.digests() == digests(FROM_FILE, base_folder=recipe.files)
    (tmp_path / "topics.txt").write_text("the sea\n")
    assert recipe.digests() != digests(FROM_FILE, base_folder=tmp_path)


def test_the_name_of_a_file_does_not_matter(tmp_path):
    files = {"topics.txt": b"tea", "other.txt": b"tea"}
    assert digests(FROM_FILE, base_folder=files) == digests(
        FROM_FILE.replace("topics.txt", "other.txt"), base_folder=files
    )


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("../secret.txt", "outside"),
        ("/etc/hostname", "outside"),
        ("link.txt", "outside"),
        ("gone.txt", "no such file"),
        (".", "no such file"),
        ('"a\\0b"', "cannot be stored"),
        ("bytes.txt", "not UTF-8"),
    ],
)
def test_no_file_but_readable_ones_beside_the_recipe(tmp_path, name, says):
    folder = tmp_path / "recipes"
    folder.mkdir()
    (tmp_path / "secret.txt").write_text("secret")
    (folder / "link.txt").symlink_to(tmp_path / "secret.txt")
    (folder / "bytes.txt").write_bytes(b"\xff\xfe")
    with pytest.raises(RecipeRefused, match=says) as refused:
        parse_recipe(FROM_FILE.replace("topics.txt", name), folder)
    assert refused.value.line == 4
