"""The samples whose first rounds lie furthest apart on an attribute, found by the index of the explorer."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from annotation.explorer import covering, finding, listing
from annotation.explorer.filters import Filters, asked
from annotation.models import Project

SHOWN = 8
LIMIT_MS = 150  # each width is one search by the index; what takes longer is left to the explorer


def samples(project: Project, attribute: str, spread: Mapping[int, int], slice_key: str = "") -> dict[str, Any]:
    """The widest first, with their texts.

    `is_stopped` when a search took too long, so that some may be missing; `waits` while the search has not reached all
    samples: how many per cent it has.
    """
    found: dict[int, int] = {}
    is_stopped = False
    try:
        for pk, apart in _widest(project, attribute, spread, slice_key):
            found[pk] = apart
    except finding.TooWide:
        is_stopped = True
    texts = listing.listed(project, list(found), [])
    rows = [_row(project, of, found[of.sample.pk]) for of in texts]
    return {"rows": rows, "is_stopped": is_stopped, "waits": _waits(project)}


def _waits(project: Project) -> str:
    reached = covering.coverage(project)
    if reached.is_whole:
        return ""
    share = 100 * reached.covered // max(reached.total, 1)
    return _("The search that finds them has reached %(share)d %% of the samples; it goes on by itself.") % {
        "share": share
    }


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
