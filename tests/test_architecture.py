"""The arrows: which package may know which. `demo -> config -> modelgen -> annotation -> consensus`, never back."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FRAMEWORKS = {"django", "celery", "rest_framework", "redis", "psycopg"}
UPPER = {"annotation.web", "annotation.api", "annotation.review", "annotation.tasks", "annotation.management"}
EVERYTHING = UPPER | {"annotation.services", "annotation.transitions", "annotation.querysets"}

MAY_NOT_IMPORT = {
    "consensus": FRAMEWORKS | {"annotation", "modelgen", "demo", "config"},
    "annotation": {"modelgen", "demo", "config"},
    "modelgen": {"demo", "config"},
    "config": {"demo"},
    "modelgen/engines": FRAMEWORKS | {"annotation"},
    "modelgen/options.py": FRAMEWORKS | {"annotation"},
    "modelgen/pipeline": FRAMEWORKS | {"annotation"},
    "modelgen/judges": FRAMEWORKS | {"annotation"},
    "annotation/datasets": FRAMEWORKS | EVERYTHING | {"annotation.models", "annotation.ratings"},
    "annotation/rendering": FRAMEWORKS | EVERYTHING | {"annotation.models", "annotation.ratings"},
    "annotation/models": EVERYTHING | {"annotation.ratings", "annotation.datasets"},
    "annotation/statements": EVERYTHING | {"annotation.models", "annotation.ratings"},
    "annotation/frozen.py": EVERYTHING,
    "annotation/querysets.py": EVERYTHING - {"annotation.querysets"},
    "annotation/transitions.py": EVERYTHING - {"annotation.transitions"},
    "annotation/ratings.py": EVERYTHING,
    "annotation/remarks.py": EVERYTHING,
    "annotation/services": UPPER,
    "annotation/explorer": UPPER,
    "annotation/web": {"annotation.api", "annotation.review", "annotation.tasks"},
    "annotation/api": {"annotation.web", "annotation.review", "annotation.tasks"},
    "annotation/tasks.py": UPPER - {"annotation.tasks"},
    "modelgen/verifiers": FRAMEWORKS | {"annotation"},
    "modelgen/model_entries.py": FRAMEWORKS | {"annotation"},
}


@pytest.mark.parametrize("place", MAY_NOT_IMPORT)
def test_arrows_point_one_way(place):
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for path in files_of(ROOT / place)
        for line, name in imports_of(path)
        for forbidden in MAY_NOT_IMPORT[place]
        if name == forbidden or name.startswith(forbidden + ".")
    ]
    assert wrong == []


def test_only_transitions_write_the_state_of_a_sample():
    writers = {
        str(path.relative_to(ROOT))
        for package in ("annotation", "modelgen", "config", "demo")
        for path in files_of(ROOT / package)
        if "migrations" not in path.parts and writes_a_sample_state(path)
    }
    assert writers == {"annotation/statements/settling.py"}
    senders = [path for path in files_of(ROOT / "annotation") if "settling.MOVE" in path.read_text(encoding="utf-8")]
    assert [str(path.relative_to(ROOT)) for path in senders] == ["annotation/transitions.py"]


def test_no_signals_and_no_work_in_save():
    for package in ("annotation", "modelgen", "config"):
        for path in files_of(ROOT / package):
            text = path.read_text(encoding="utf-8")
            assert "django.db.models.signals" not in text, path
            assert "def save(" not in text, path


def files_of(place: Path) -> list[Path]:
    found = [place] if place.is_file() else sorted(place.rglob("*.py"))
    assert found, f"{place} has no Python files"
    return found


def imports_of(path: Path) -> Iterator[tuple[int, str]]:
    """Every module that a file imports, by its full name, also inside functions."""
    package = list(path.relative_to(ROOT).with_suffix("").parts[:-1])
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*above, *([node.module] if node.module else [])])
            yield from ((node.lineno, f"{module}.{alias.name}") for alias in node.names)


def writes_a_sample_state(path: Path) -> bool:
    """Whether it has `Sample.objects...update(state=...)`, or SQL that does the same."""
    text = " ".join(path.read_text(encoding="utf-8").split())
    if re.search(r"UPDATE annotation_sample( sample)? SET ((?!WHERE|FROM).)*\bstate = ", text):
        return True
    return any(
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "update"
        and any(keyword.arg == "state" for keyword in node.keywords)
        and "Sample.objects" in ast.unparse(node.func)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    )
