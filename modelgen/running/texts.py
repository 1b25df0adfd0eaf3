"""Texts as PostgreSQL keeps them."""

from typing import Any


def storable(text: str) -> str:
    """Without zero characters and halves of surrogate pairs: a model may write either, the database keeps neither."""
    return text.replace("\x00", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode()


def all_storable(value: Any) -> Any:
    """The same within everything that JSON can hold."""
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, dict):
        return {storable(str(key)): all_storable(each) for key, each in value.items()}
    return [all_storable(each) for each in value] if isinstance(value, list | tuple) else value
