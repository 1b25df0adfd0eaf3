"""The command line of a model's server, however vLLM was installed."""

import sys
import venv
from pathlib import Path

import pytest

from modelgen.engines.serving import NoVllm, Serving, WrongServing, how_to_start, own_name, split_arguments


def interpreter(folder: Path, *, package: str, modules: tuple[str, ...], command: bool) -> str:
    """An interpreter in whose environment something calls itself vLLM."""
    venv.create(folder, symlinks=True)
    (site,) = folder.glob("lib/python*/site-packages")
    for module in modules:
        path = site.joinpath(*module.split(".")).with_suffix(".py")
        path.parent.mkdir(parents=True)
        path.write_text("raise SystemExit('imported')")
    (site / "vllm").mkdir(exist_ok=True, parents=True)
    (site / "vllm" / "__init__.py").write_text("raise SystemExit('imported')")
    metadata = site / f"{package}-1.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1\n")
    if command:
        (folder / "bin" / "vllm").touch()
    return str(folder / "bin" / "python")


NEW, OLD = "vllm.entrypoints.launchers.api_server.entry", "vllm.entrypoints.openai.api_server"


@pytest.mark.parametrize(
    ("package", "modules", "command", "ends"),
    [
        ("vllm", (NEW,), True, ["vllm", "serve"]),
        ("vllm", (NEW,), False, ["-m", NEW, "--model"]),
        ("vllm_cpu", (NEW, OLD), True, ["-m", NEW, "--model"]),
        ("vllm_cpu", (OLD,), False, ["-m", OLD, "--model"]),
    ],
)
def test_however_vllm_was_installed_it_is_started(tmp_path, package, modules, command, ends):
    start = how_to_start(interpreter(tmp_path, package=package, modules=modules, command=command))
    assert [Path(start[0]).name, *start[1:]][-len(ends) :] == ends


@pytest.mark.parametrize(("package", "why"), [("vllm", "no server that is known here")])
def test_a_vllm_without_a_server_is_told(tmp_path, package, why):
    with pytest.raises(NoVllm, match=why):
        how_to_start(interpreter(tmp_path, package=package, modules=(), command=False))


@pytest.mark.parametrize(("python", "why"), [(sys.executable, "no package vllm"), ("/nowhere/python", "No such file")])
def test_an_interpreter_without_vllm_is_told(python, why):
    with pytest.raises(NoVllm, match=why):
        how_to_start(python)


def test_the_command_line():
    serving = Serving("/models/m", "m", 8100, host="0.0.0.0", runner="pooling", arguments=split_arguments("--a 'b c'"))  # noqa: S104
    assert serving.command(["vllm", "serve"]) == [
        *("vllm", "serve", "/models/m", "--served-model-name", "m", "--host", "0.0.0.0", "--port", "8100"),  # noqa: S104
        *("--runner", "pooling", "--a", "b c"),
    ]
    assert serving.address == "http://127.0.0.1:8100"


@pytest.mark.parametrize("name", ["", "a b", "a=b", "a?b"])
def test_a_name_that_the_setting_cannot_hold_is_refused(name):
    with pytest.raises(WrongServing, match="--served-as"):
        Serving("/models/m", name, 8100)


def test_other_mistakes_are_refused():
    with pytest.raises(WrongServing, match="no runner 'draft'"):
        Serving("/models/m", "m", 8100, runner="draft")
    with pytest.raises(WrongServing, match="Close every quotation mark"):
        split_arguments("--a 'b")


def test_a_model_is_called_by_its_folder_or_its_name_of_the_hub():
    assert [own_name(model) for model in ("/a/b/m", "./m/", "org/m")] == ["m", "m", "org/m"]
