"""Which model answers where, as text that a setting can hold.

    gemma3-270m=http://10.0.0.5:8000,http://10.0.0.6:8000
    gpt-x=https://api.example.org/v1?kind=openai&key=EXAMPLE_KEY
    nice-rm=http://10.0.0.7:8000?served_as=org/Nice-RM-8B

One model a word: its name here, its addresses, and after a question mark what else there is to say of them. A key is named
by the environment variable that holds it, so that the setting itself can be shown to anybody.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit
from urllib.request import url2pathname

import numpy as np

from modelgen.engines import embedded
from modelgen.engines.connection import Connection
from modelgen.engines.http import HttpEngine
from modelgen.engines.protocol import Engine, EngineDown
from modelgen.engines.recorded import RecordedEngine
from modelgen.engines.servers import Patience, Servers
from modelgen.engines.vllm import PROBE_PATH, VllmEngine

KINDS = ("vllm", "openai", "recorded")
OPTIONS = ("kind", "key", "served_as", "at_once")
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
EXAMPLE = "Write MODEL=http://HOST:PORT, several addresses with a comma between, several models with a space."


class WrongAddresses(ValueError):
    """The setting cannot be understood."""


class NotServed(EngineDown):
    """No address is known for this model."""


@dataclass(frozen=True)
class ServedModel:
    """One word of the setting. `key`: the name of an environment variable, or ""."""

    name: str
    addresses: tuple[str, ...]
    kind: str = "vllm"
    key: str = ""
    served_as: str = ""
    at_once: int = Patience.most_at_once


class Addresses:
    """The setting, understood.

    Parameters:
        text: the setting. environment: where keys are. rng: draws the rests of addresses that failed.
    Raises: WrongAddresses.
    """

    def __init__(self, text: str, *, environment: Mapping[str, str], rng: np.random.Generator) -> None:
        self._environment = environment
        self._rng = rng
        self._models: dict[str, ServedModel] = {}
        for model in map(read_model, text.split()):
            if model.name in self._models or model.name == embedded.NAME:
                raise WrongAddresses(
                    f"{model.name} is named twice. Write all its addresses in one word, with a comma between."
                    if model.name != embedded.NAME
                    else f"{embedded.NAME} needs no address: it is always there. Leave it out."
                )
            self._models[model.name] = model

    def served_models(self) -> frozenset[str]:
        """Every model that can be asked; whether it answers is another question."""
        return frozenset(self._models) | {embedded.NAME}

    def engine_for(self, model: str) -> Engine:
        """A new engine, for one event loop; close it when done. Raises: NotServed, WrongAddresses."""
        if model == embedded.NAME:
            return embedded.EmbeddedEngine()
        if model not in self._models:
            known = ", ".join(sorted(self.served_models()))
            raise NotServed(f"No address is known for {model} (known: {known}). Add it to MODEL_SERVERS.")
        return self._engine(self._models[model])

    def _engine(self, model: ServedModel) -> Engine:
        if model.kind == "recorded":
            return RecordedEngine(Path(url2pathname(urlsplit(model.addresses[0]).path)))
        probe_path = PROBE_PATH if model.kind == "vllm" else ""
        key = self._key_of(model)
        connections = [Connection(address, key=key, probe_path=probe_path) for address in model.addresses]
        servers = Servers(model.name, connections, rng=self._rng, patience=Patience(most_at_once=model.at_once))
        return (VllmEngine if model.kind == "vllm" else HttpEngine)(servers, model.served_as or model.name)

    def _key_of(self, model: ServedModel) -> str:
        if not model.key:
            return ""
        if not (key := self._environment.get(model.key, "").strip()):
            raise WrongAddresses(f"The key of {model.name} should be in the variable {model.key}, which is not set.")
        return key


def read_model(word: str) -> ServedModel:
    """One word of the setting.

    >>> read_model("m=http://a:1/,http://b:2?served_as=org/m&at_once=8").addresses
    ('http://a:1', 'http://b:2')

    Raises: WrongAddresses.
    """
    name, equals, rest = word.partition("=")
    places, _, said = rest.partition("?")
    if not (name and equals and places):
        raise WrongAddresses(f"{word!r} is not a model with its addresses. {EXAMPLE}")
    options = _options(name, said)
    kind = options.get("kind", "vllm")
    if kind not in KINDS:
        raise WrongAddresses(f"{name}: there is no kind {kind!r}; write one of {', '.join(KINDS)}.")
    return ServedModel(
        name=name,
        addresses=tuple(_address(name, kind, place) for place in places.split(",")),
        kind=kind,
        key=_key(name, options.get("key", "")),
        served_as=options.get("served_as", ""),
        at_once=_at_once(name, options.get("at_once", str(Patience.most_at_once))),
    )


def _options(name: str, said: str) -> dict[str, str]:
    pairs = parse_qsl(said, keep_blank_values=True)
    options = dict(pairs)
    if unknown := sorted(options.keys() - set(OPTIONS)):
        raise WrongAddresses(f"{name}: {', '.join(unknown)} cannot be set; only {', '.join(OPTIONS)} can.")
    if len(options) < len(pairs):
        raise WrongAddresses(f"{name}: something is said twice after the question mark. Say it once.")
    return options


def _address(name: str, kind: str, place: str) -> str:
    parts = urlsplit(place)
    if parts.username or parts.password:
        raise WrongAddresses(
            f"{name}: an address holds no password. Put the key into a variable and write key=VARIABLE."
        )
    if kind == "recorded":
        if parts.scheme != "file" or not parts.path:
            raise WrongAddresses(
                f"{name}: {place!r} is not a file of recorded replies; write file:///folder/name.jsonl."
            )
        return place
    if parts.scheme not in ("http", "https") or not _has_host(place):
        raise WrongAddresses(f"{name}: {place!r} is not an address. {EXAMPLE}")
    # The paths of vLLM's own interface begin at the root; out of habit people write /v1 after it.
    return place.rstrip("/").removesuffix("/v1") if kind == "vllm" else place.rstrip("/")


def _has_host(place: str) -> bool:
    parts = urlsplit(place)
    try:
        return bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:  # a port that is no number
        return False


def _key(name: str, variable: str) -> str:
    if variable and not VARIABLE.fullmatch(variable):  # it may be the key itself: not repeated here
        raise WrongAddresses(f"{name}: key names the environment variable that holds the key, not the key itself.")
    return variable


def _at_once(name: str, text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 4096:
        raise WrongAddresses(f"{name}: at_once is {text!r}; write a whole number from 1 to 4096.")
    return int(text)


def with_address(text: str, name: str, address: str) -> str:
    """The setting with one more address of a model, in the model's own word if it has one.

    >>> with_address("a=http://x:1?at_once=8 b=http://y:1", "a", "http://z:1")
    'a=http://z:1,http://x:1?at_once=8 b=http://y:1'
    """
    words = text.split()
    added = [word.replace("=", f"={address},", 1) if word.startswith(f"{name}=") else word for word in words]
    return " ".join(added if added != words else [*words, f"{name}={address}"])
