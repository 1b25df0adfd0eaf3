"""The data set versions of a project, and what stands in one."""

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from annotation.models import DatasetVersion, Project
from annotation.review.estimates import estimate_text
from annotation.review.rules import attribute_title
from annotation.services.figures import FIRST_ROUNDS, RANDOM_SLICE

SHOWN_AT_MOST = 20


def newest(project: Project) -> list[dict[str, Any]]:
    """The versions as the overview lists them, the newest first."""
    return [_version(project, version) for version in project.versions.order_by("-number")[:SHOWN_AT_MOST]]


def reliability_of(version: DatasetVersion) -> list[dict[str, str]]:
    """The reliability that stands in a version, in words, with what it was measured on."""
    words = {RANDOM_SLICE: _("on the random slice"), FIRST_ROUNDS: _("on first rounds")}
    return [
        {
            "attribute": attribute_title(version.project, row["attribute"]),
            "text": estimate_text(row["alpha"]),
            "measured_on": words[row.get("measured_on", FIRST_ROUNDS)],
        }
        for row in version.reliability
    ]


def _version(project: Project, version: DatasetVersion) -> dict[str, Any]:
    ready = version.state == DatasetVersion.State.READY
    return {
        "name": f"v{version.number}",
        "state": version.state,
        "is_machine_made": version.origin == DatasetVersion.Origin.MODELS,
        "created_at": version.requested_at,
        "url": reverse("annotation:version", args=[project.slug, version.number]) if ready else "",
        "row_count": sum(file["rows"] for file in version.files) if ready else None,
    }
