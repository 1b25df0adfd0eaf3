"""How vLLM's server is started on a machine that has it, whichever way it was installed there."""

import shlex
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

RUNNERS = ("generate", "pooling")
PROBE_SECONDS = 60.0
# Found without importing vLLM, which takes many seconds: the command `vllm` works only where the package itself is called so
# (builds for the processor are not), and the module that serves has moved once.
_HOW_TO_START = """
import importlib.metadata, importlib.util, pathlib, sys
found = importlib.util.find_spec("vllm")
if found is None:
    sys.exit("it has no package vllm")
command = pathlib.Path(sys.executable).with_name("vllm")
try:
    if importlib.metadata.version("vllm") and command.exists():
        sys.exit(print(command, "serve", sep="\\n"))
except importlib.metadata.PackageNotFoundError:
    pass
for module in ("vllm.entrypoints.launchers.api_server.entry", "vllm.entrypoints.openai.api_server"):
    if pathlib.Path(found.submodule_search_locations[0]).parent.joinpath(*module.split(".")).with_suffix(".py").exists():
        sys.exit(print(sys.executable, "-m", module, "--model", sep="\\n"))
sys.exit("its vllm has no server that is known here")
"""


class NoVllm(RuntimeError):
    """This interpreter cannot serve a model."""


class WrongServing(ValueError):
    """What was asked of the server makes no sense."""


@dataclass(frozen=True)
class Serving:
    """One server. model: a folder or a name of the hub. served_as: the name that calls use. arguments: vLLM's own."""

    model: str
    served_as: str
    port: int
    host: str = "127.0.0.1"
    runner: str = "generate"
    arguments: Sequence[str] = ()

    def __post_init__(self) -> None:
        """Raises: WrongServing."""
        if self.runner not in RUNNERS:
            raise WrongServing(f"There is no runner {self.runner!r}; write one of {', '.join(RUNNERS)}.")
        if not self.served_as or any(letter.isspace() or letter in "=?" for letter in self.served_as):
            raise WrongServing(
                f"{self.served_as!r} cannot name a model in MODEL_SERVERS. Give it another: --served-as NAME."
            )

    @property
    def address(self) -> str:
        """Where the server is asked from this machine."""
        host = "127.0.0.1" if self.host in ("0.0.0.0", "::") else self.host  # noqa: S104  every address: also this one
        return f"http://{host}:{self.port}"

    def command(self, start: Sequence[str]) -> list[str]:
        """The command line; `start` is what `how_to_start` found."""
        return [
            *(*start, self.model),
            *("--served-model-name", self.served_as, "--host", self.host, "--port", str(self.port)),
            *("--runner", self.runner, *self.arguments),
        ]


def how_to_start(python: str) -> list[str]:
    """The beginning of the command line with which this interpreter's vLLM serves a model. Raises: NoVllm."""
    try:
        asked = [python, "-c", _HOW_TO_START]
        found = subprocess.run(asked, capture_output=True, text=True, timeout=PROBE_SECONDS, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _no_vllm(python, str(error)) from error
    if found.returncode != 0:
        raise _no_vllm(python, (found.stderr.strip().splitlines() or ["no reason given"])[-1])
    return found.stdout.split("\n")[:-1]


def _no_vllm(python: str, why: str) -> NoVllm:
    return NoVllm(
        f"{python} cannot serve a model: {why}. Install requirements-gpu.txt there, or name an interpreter that has vLLM: "
        "--python /path/to/python."
    )


def own_name(model: str) -> str:
    """What a model is called when nobody says: its folder's name, or its name as it is.

    >>> own_name("/models/gemma3-270m/"), own_name("org/m")
    ('gemma3-270m', 'org/m')
    """
    return Path(model).name if model.startswith((".", "/", "~")) else model


def split_arguments(text: str) -> list[str]:
    """vLLM's own arguments, as a shell would split them. Raises: WrongServing."""
    try:
        return shlex.split(text)
    except ValueError as error:
        raise WrongServing(
            f"--serve-arguments cannot be split into words ({error}). Close every quotation mark."
        ) from error
