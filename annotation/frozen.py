"""Rubrics, policies and guidelines never change, so a process reads each once."""

from functools import lru_cache
from typing import TypeVar

from annotation.models import Guideline, Policy, Rubric

Version = TypeVar("Version", Rubric, Policy, Guideline)


def version(kind: type[Version], pk: int) -> Version:
    """The rubric, policy or guideline with this key; the same object every time, so do not change it."""
    found: Version = _read(kind, pk)
    return found


@lru_cache(maxsize=1024)
def _read(kind: type[Version], pk: int) -> Version:
    return kind._default_manager.get(pk=pk)
