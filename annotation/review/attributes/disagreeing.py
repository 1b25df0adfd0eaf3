"""The samples whose first rounds lie furthest apart on an attribute, found by the index of the explorer."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.urls import reverse

from annotation.explorer import finding, listing
from annotation.explorer.filters import Filters, asked
from annotation.models import Project

SHOWN = 8
LIMIT_MS = 150  # each width is one search by the index; what takes longer is left to the explorer


def samples(project: Project, attribute: str, spread: Mapping[int, int], slice_key: str = "") -> dict[str, Any]:
    """The widest first, with their texts; `is_stopped` when a search took too long, so that some may be missing."""
    found: dict[int, int] = {}
    is_stopped = False
    try:
        for pk, apart in _widest(project, attribute, spread, slice_key):
            found[pk] = apart
    except finding.TooWide:
        is_stopped = True
    texts = listing.listed(project, list(found), [])
    return {"rows": [_row(project, of, found[of.sample.pk]) for of in texts], "is_stopped": is_stopped}


def _widest(project: Project, attribute: str, spread: Mapping[int, int], slice_key: str) -> Iterator[tuple[int, int]]:
    """Samples with how far they lie apart, from the widest that there is down to 1."""
    left = SHOWN
    for apart in sorted((apart for apart, many in spread.items() if many and apart), reverse=True):
        filters = Filters(spread=(f"{attribute}={apart}",), field=(slice_key,) if slice_key else ())
        of = finding.page(project, asked(project, filters), order="disagreement", size=left, limit_ms=LIMIT_MS)
        yield from ((pk, apart) for pk in of.ids)
        left -= len(of.ids)
        if left <= 0:
            return


def _row(project: Project, listed: listing.Listed, apart: int) -> dict[str, Any]:
    return {
        "url": reverse("annotation:review", args=[project.slug, listed.sample.pk]),
        "id": listed.sample.external_id,
        "state": listed.sample.state,
        "apart": apart,
        "excerpt": listed.excerpt,
        "sensitive": listed.sensitive,
    }
