"""The setting that says which model answers where."""

import numpy as np
import pytest

from modelgen.engines.addresses import Addresses, NotServed, ServedModel, WrongAddresses, read_model, with_address
from modelgen.engines.embedded import EmbeddedEngine
from modelgen.engines.http import HttpEngine
from modelgen.engines.protocol import EngineDown
from modelgen.engines.recorded import RecordedEngine
from modelgen.engines.vllm import VllmEngine


def read(text: str, **environment: str) -> Addresses:
    return Addresses(text, environment=environment, rng=np.random.default_rng(0))


def test_models_addresses_and_what_else_there_is_to_say():
    word = (
        "gpt-x=https://api.example.org/v1/,https://b.example.org/v1?kind=openai&key=A_KEY&served_as=org%2Fx&at_once=8"
    )
    assert read_model(word) == ServedModel(
        "gpt-x", ("https://api.example.org/v1", "https://b.example.org/v1"), "openai", "A_KEY", "org/x", 8
    )
    assert read_model("m=http://a:1/v1").addresses == ("http://a:1",)


def test_every_kind_makes_its_engine(tmp_path):
    file = tmp_path / "replies of m.jsonl"
    file.touch()
    addresses = read(f"v=http://a o=http://b?kind=openai&key=K r={file.as_uri()}?kind=recorded", K="k")
    assert addresses.served_models() == {"v", "o", "r", "embedded"}
    kinds = {name: type(addresses.engine_for(name)) for name in addresses.served_models()}
    assert kinds == {"v": VllmEngine, "o": HttpEngine, "r": RecordedEngine, "embedded": EmbeddedEngine}


def test_nothing_set_leaves_the_embedded_engine():
    assert read("").served_models() == {"embedded"}


def test_an_unknown_model_may_be_known_later():
    with pytest.raises(NotServed, match=r"No address is known for gpt \(known: embedded, m\)") as told:
        read("m=http://a").engine_for("gpt")
    assert isinstance(told.value, EngineDown)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("m", "is not a model with its addresses"),
        ("m=", "is not a model with its addresses"),
        ("=http://a", "is not a model with its addresses"),
        ("m=?kind=vllm", "is not a model with its addresses"),
        ("m=localhost:8000", "'localhost:8000' is not an address"),
        ("m=http://", "is not an address"),
        ("m=http://a:x", "is not an address"),
        ("m=http://a,", "'' is not an address"),
        ("m=ftp://a", "is not an address"),
        ("m=http://a?kind=gpt", "no kind 'gpt'; write one of vllm, openai, recorded"),
        ("m=http://a?kint=vllm", "kint cannot be set"),
        ("m=http://a?kind=vllm&kind=openai", "said twice"),
        ("m=http://a?at_once=0", "at_once is '0'"),
        ("m=http://a?at_once=many", "at_once is 'many'"),
        ("m=http://a?kind=recorded", "not a file of recorded replies"),
        ("m=http://a m=http://b", "m is named twice"),
        ("embedded=http://a", "embedded needs no address"),
    ],
)
def test_a_wrong_setting_is_refused_by_name(text, sentence):
    with pytest.raises(WrongAddresses, match=sentence.replace("(", r"\(")):
        read(text)


@pytest.mark.parametrize("text", ["m=http://a?key=sk-abc123", "m=http://me:sk-abc123@a"])
def test_a_key_in_the_setting_is_refused_and_not_repeated(text):
    with pytest.raises(WrongAddresses) as told:
        read(text)
    assert "sk-abc123" not in str(told.value)


def test_a_key_that_is_not_set_is_asked_for():
    with pytest.raises(WrongAddresses, match="should be in the variable K, which is not set"):
        read("m=http://a?key=K").engine_for("m")


def test_an_address_is_added():
    assert with_address("", "m", "http://a") == "m=http://a"
    assert with_address("n=http://b", "m", "http://a") == "n=http://b m=http://a"
    assert with_address("m=http://b?at_once=2", "m", "http://a") == "m=http://a,http://b?at_once=2"
