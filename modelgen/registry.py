"""The models that are known here: those of models.yaml, and before them those of the project's own MODELS_FILE."""

from functools import lru_cache
from pathlib import Path

from django.conf import settings

from modelgen.model_entries import UNKNOWN, Model, ModelsFileWrong, Registry, read_models

SHIPPED = Path(__file__).with_name("models.yaml")


def model(name: str) -> Model:
    """What is known of a model; one that is not known says so. Raises ModelsFileWrong."""
    return known_models().model(name)


def are_related(one: str, other: str) -> bool:
    """Whether two models are the same, of one family, or made from one another's. Raises ModelsFileWrong."""
    return known_models().are_related(one, other)


def family_of(name: str) -> str:
    """The family of a model, "" where it is not known: two models that nobody knows are no relatives. Raises ModelsFileWrong."""
    family = model(name).family
    return "" if family == UNKNOWN else family


def known_models() -> Registry:
    """Raises ModelsFileWrong."""
    return _registry(settings.MODELS_FILE)


@lru_cache(maxsize=4)
def _registry(own: str) -> Registry:
    """Read once in the life of a process: a changed file needs a restart, as every setting does."""
    files = [read_models(SHIPPED.read_text(encoding="utf-8"), file_name=SHIPPED.name)]
    if own:
        files.insert(0, read_models(_text(own), file_name=own))
    return Registry(tuple(files))


def _text(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ModelsFileWrong(f"MODELS_FILE is {path}, which cannot be read: {error}.") from error
