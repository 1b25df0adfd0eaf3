"""The guideline as people read it: the text with what is new to them, and what else is asked than before."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from html import unescape
from typing import Any

from django.urls import reverse
from django.utils.html import strip_tags
from django.utils.text import Truncator
from django.utils.translation import get_language

from annotation import differences, frozen
from annotation.models import Annotator, Guideline
from annotation.services import guidelines
from annotation.web import reading

Block = dict[str, Any]
BEGINNING = 32  # words


def panel(annotator: Annotator) -> dict[str, Any]:
    """What components/_guideline.html shows beside the card to this person."""
    project = annotator.project
    newest, is_new = project.guideline, guidelines.is_new_for(annotator)
    read = annotator.guideline_read
    versions = guidelines.since(project, read) if is_new and read and newest and newest.version > read else []
    known = project.guidelines.filter(version=read).first() if versions else None
    return {
        **_of(newest),
        "is_new": is_new,
        "since": versions,
        "blocks": blocks_between(known, newest) if newest else [],
        "rubric": project.rubric.version,
        "rubric_changes": guidelines.rubric_changes(project, max(annotator.rubric_read, 1)) if is_new else [],
        "url": reverse("annotation:guideline", args=[project.slug]),
        "read_url": reverse("annotation:guideline-read", args=[project.slug]),
    }


def blocks_between(old: Guideline | None, new: Guideline) -> tuple[Block, ...]:
    """The newer version with its differences from the older one marked; whole where there is none."""
    language = get_language()
    return _marked(old.pk, new.pk, language) if old and old.pk != new.pk else _whole(new.pk, language)


def blocks_of_draft(old: Guideline | None, text: str) -> list[Block]:
    """A text that is not written yet, with its differences from the version that it is to follow."""
    return _blocks(old.text, text) if old else [_same(text)]


def beginnings(projects: Iterable[int]) -> dict[int, str]:
    """The first words of the newest version of each project, without their marks."""
    return {of: _beginning(newest.pk) for of, newest in guidelines.newest_of(projects).items()}


@lru_cache(maxsize=256)
def _beginning(pk: int) -> str:
    html = reading.html(frozen.version(Guideline, pk).text)
    return Truncator(unescape(strip_tags(html.replace("<", " <"))).strip()).words(BEGINNING)


def _of(newest: Guideline | None) -> dict[str, Any]:
    if newest is None:
        return {"version": 0, "at": None, "what_changed": ""}
    return {"version": newest.version, "at": newest.created_at, "what_changed": newest.what_changed}


# A version never changes: what it looks like is worked out once a process and language, not once a card.
@lru_cache(maxsize=256)
def _whole(pk: int, language: str | None) -> tuple[Block, ...]:
    return (_same(frozen.version(Guideline, pk).text),)


@lru_cache(maxsize=256)
def _marked(old: int, new: int, language: str | None) -> tuple[Block, ...]:
    return tuple(_blocks(frozen.version(Guideline, old).text, frozen.version(Guideline, new).text))


def _blocks(old: str, new: str) -> list[Block]:
    """Paragraphs that stayed stand together, so that lists and numbers run on; each other one stands alone."""
    found: list[Block] = []
    unchanged: list[str] = []
    for part in differences.difference(old, new):
        if part.kind == "same":
            unchanged.append(part.new)
            continue
        found += _together(unchanged)
        unchanged = []
        found.append(_block(part))
    return found + _together(unchanged)


def _together(paragraphs: Sequence[str]) -> list[Block]:
    return [_same("\n\n".join(paragraphs))] if paragraphs else []


def _same(text: str) -> Block:
    return {"kind": "same", "html": reading.html(text), "words": []}


def _block(part: differences.Part) -> Block:
    is_changed = part.kind == "changed"
    return {
        "kind": part.kind,
        "html": reading.html(part.new or part.old),
        "words": differences.words(part.old, part.new) if is_changed else [],
    }
