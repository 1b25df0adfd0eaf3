"""The recipes that ship, and recipes in files."""

from collections.abc import Sequence
from pathlib import Path

from modelgen import pipeline
from modelgen.pipeline.recipe import Recipe, parse_recipe

FOLDER = Path(pipeline.__file__).parent / "recipes"


def names() -> list[str]:
    """Of the ready recipes."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


def read(name: str, settings: Sequence[str] = ()) -> Recipe:
    """A ready recipe. Raises RecipeRefused when what is set does not fit."""
    return read_file(FOLDER / f"{name}.yaml", settings)


def read_file(path: Path, settings: Sequence[str] = ()) -> Recipe:
    """A recipe with the files beside it. Raises RecipeRefused, OSError."""
    return parse_recipe(path.read_text(encoding="utf-8"), path.parent, settings)
