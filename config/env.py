"""Settings come from the environment, and a wrong one is refused by name instead of guessed at."""

import os
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured


def text(name: str, default: str = "") -> str:
    return os.environ.get(name, default)


def flag(name: str, *, default: bool) -> bool:
    """True or False, spelled exactly so; anything else raises ImproperlyConfigured naming the variable."""
    raw = os.environ.get(name)
    if raw is None:
        return default
    if raw not in ("True", "False"):
        raise ImproperlyConfigured(f"{name} is {raw!r}; write True or False.")
    return raw == "True"


def whole_number(name: str, *, default: int, low: int, high: int) -> int:
    """A whole number between low and high; anything else raises ImproperlyConfigured naming the variable."""
    raw = os.environ.get(name)
    if raw is None:
        return default
    if not raw.isdecimal() or not low <= int(raw) <= high:
        raise ImproperlyConfigured(f"{name} is {raw!r}; write a whole number from {low} to {high}.")
    return int(raw)


def words(name: str, *, default: list[str]) -> list[str]:
    """A comma-separated list."""
    raw = os.environ.get(name)
    return default if raw is None else [word.strip() for word in raw.split(",") if word.strip()]


def folder(name: str, *, default: Path) -> Path:
    return Path(os.environ.get(name) or default).resolve()
