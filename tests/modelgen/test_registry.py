"""What is known of models, and what is not, is said."""

from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command

from modelgen import registry
from modelgen.model_entries import ModelsFileWrong, Registry, read_models

OWN = """
licences:
  house: {outputs_may_train_others: "yes", source: "https://example.org/licence", looked_at: "2026-01-02"}
models:
  - {names: [house/one, "house/o*"], family: house, licence: house, price: {prompt: 0.5, completion: 2}, max_context: 4096}
  - {names: [house/two], family: second, parent: house/one, licence: apache-2.0}
  - {names: [house/three], family: third, parent: house/two}
  - {names: [gpt-4o], family: gpt, licence: a contract of ours, outputs_may_train_others: "no"}
"""


@pytest.fixture
def known():
    shipped = read_models(registry.SHIPPED.read_text(), file_name="models.yaml")
    return Registry((read_models(OWN, file_name="own.yaml"), shipped))


def test_an_unknown_model_says_that_it_is_unknown(known):
    model = known.model("somebody/something-7B")
    assert (model.family, model.licence, model.outputs_may_train_others) == ("unknown", "unknown", "unknown")
    assert model.cost(10, 10) is None
    assert model.max_context is None


@pytest.mark.parametrize(
    ("name", "family", "licence", "may_train"),
    [
        ("Qwen/Qwen2.5-7B-Instruct", "qwen", "apache-2.0", "yes"),
        ("Qwen/Qwen2.5-3B-Instruct", "qwen", "qwen-research", "under conditions"),
        ("Qwen/Qwen2.5-72B-Instruct", "qwen", "qwen", "under conditions"),
        ("qwen/qwen3-8b", "qwen", "apache-2.0", "yes"),
        ("Qwen/Qwen2.5-VL-3B-Instruct", "qwen", "unknown", "unknown"),
        ("meta-llama/Llama-3.1-8B-Instruct", "llama", "llama-3.1", "under conditions"),
        ("meta-llama/Meta-Llama-3.1-8B", "llama", "llama-3.1", "under conditions"),
        ("meta-llama/Meta-Llama-3-8B-Instruct", "llama", "llama-3", "under conditions"),
        ("nvidia/Nemotron-4-340B-Instruct", "nemotron", "nvidia-open-model", "yes"),
        ("deepseek-ai/DeepSeek-R1", "deepseek", "mit", "yes"),
        ("deepseek-ai/DeepSeek-R1-Distill-Llama-8B", "deepseek", "llama-3.1", "under conditions"),
        ("mistralai/Mistral-7B-Instruct-v0.3", "mistral", "apache-2.0", "yes"),
        ("mistralai/Mistral-Large-Instruct-2411", "mistral", "unknown", "unknown"),
        ("google/gemma-2-9b-it", "gemma", "gemma", "under conditions"),
        ("openai/gpt-oss-20b", "gpt", "apache-2.0", "yes"),
        ("gpt-3.5-turbo", "gpt", "openai-terms", "under conditions"),
        ("pandalm-7b", "pandalm", "unknown", "unknown"),
    ],
)
def test_the_shipped_entries_know_the_usual_models(known, name, family, licence, may_train):
    model = known.model(name)
    assert (model.family, model.licence, model.outputs_may_train_others) == (family, licence, may_train)
    assert bool(model.conditions) == (may_train == "under conditions")


def test_every_shipped_parent_is_known_itself():
    shipped = read_models(registry.SHIPPED.read_text(), file_name="models.yaml")
    known = Registry((shipped,))
    for entry in shipped.models:
        assert not entry.parent or known.model(entry.parent).family != "unknown", entry
        assert entry.licence == "unknown" or entry.licence in shipped.licences, entry
        assert entry.licence != "unknown" or entry.note, f"{entry.names}: say what is not known"


def test_an_entry_of_the_project_goes_before_what_is_shipped(known):
    assert known.model("gpt-4o").licence == "a contract of ours"
    assert known.model("gpt-4o").outputs_may_train_others == "no"
    assert known.model("gpt-4o-mini").licence == "openai-terms"


def test_an_entry_may_name_a_licence_that_is_shipped(known):
    assert known.model("house/two").outputs_may_train_others == "yes"


def test_prices_are_for_a_million_tokens(known):
    assert known.model("house/one").cost(1_000_000, 500_000) == Decimal("1.5")
    assert known.model("house/other").max_context == 4096


@pytest.mark.parametrize(
    ("one", "other", "are_related"),
    [
        ("house/one", "house/other", True),  # one family
        ("house/two", "house/one", True),  # child and parent
        ("house/three", "house/one", True),  # grandchild
        ("nvidia/Llama-3.1-Nemotron-70B-Reward", "meta-llama/Llama-3.3-70B-Instruct", True),
        ("nvidia/Llama-3.1-Nemotron-70B-Reward", "allenai/Llama-3.1-Tulu-3-8B", True),  # both from a third
        ("Qwen/Qwen3-8B", "meta-llama/Llama-3.1-8B", False),
        ("mine/a", "mine/a", True),  # unknown, but the same
        ("mine/a", "mine/b", False),  # unknown is no family
        ("google/gemma-2-9b-it", "gemini-2.5-pro", False),
    ],
)
def test_relatives_are_the_same_the_family_and_the_parents(known, one, other, are_related):
    assert known.are_related(one, other) is are_related
    assert known.are_related(other, one) is are_related


def test_a_circle_of_parents_does_not_go_on_for_ever():
    text = "models: [{names: [a], parent: b, family: x}, {names: [b], parent: a, family: y}]"
    assert Registry((read_models(text, file_name="f"),)).are_related("a", "b")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("models:\n  - {names: [a], licence: 3}", "own.yaml: Line 2: 'licence' must be a text"),
        (
            "models:\n  - {names: [a]}\n  - {names: [A]}",
            "own.yaml: Line 3: The name 'A' stands here for the second time",
        ),
        ("models:\n  - {family: x}", "own.yaml: Line 2: This model has no names"),
        ("models:\n  - {names: [a], colour: red}", "own.yaml: Line 2: There is no option 'colour'"),
        ("models:\n  - {names: [a], outputs_may_train_others: perhaps}", "own.yaml: Line 2"),
        (
            "models:\n  - {names: [a], outputs_may_train_others: under conditions}",
            "own.yaml: Line 2: Say the conditions",
        ),
        (
            "models:\n  - {names: [a], price: {prompt: -1, completion: 1}}",
            "own.yaml: Line 2: 'prompt' must be at least 0",
        ),
        ("licences: [a", "own.yaml: Line 1: This is not YAML"),
        ("- a", "own.yaml: Line 1: Here must stand a mapping"),
    ],
)
def test_mistakes_are_told_with_their_line(text, words):
    with pytest.raises(ModelsFileWrong, match=words.replace("(", "\\(")):
        read_models(text, file_name="own.yaml")


def test_the_setting_names_the_projects_own_file(settings, tmp_path, capsys):
    own = tmp_path / "own.yaml"
    own.write_text(OWN)
    settings.MODELS_FILE = str(own)
    assert registry.model("house/one").family == "house"
    assert registry.are_related("house/one", "house/two")
    settings.MODELS_FILE = str(tmp_path / "none.yaml")
    with pytest.raises(ModelsFileWrong, match=r"none\.yaml, which cannot be read"):
        registry.model("house/one")
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("models")


def test_the_command_says_what_is_known_in_words(capsys):
    call_command("models", "Qwen/Qwen2.5-72B-Instruct")
    said = capsys.readouterr().out
    assert "Family: qwen." in said
    assert (
        'only under conditions: The documentation of a model trained on outputs and handed on must show "Built with Qwen"'
        in said
    )
    call_command("models", "nobody/knows")
    assert "Licence: unknown." in capsys.readouterr().out
    call_command("models")
    table = capsys.readouterr().out
    assert "Qwen/Qwen3-*" in table
    assert "apache-2.0" in table
