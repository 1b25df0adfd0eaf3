"""By attribute: how far people agree with each other, and how far each judge agrees with people. From the kept figures."""

from typing import Any

from annotation.models import Project
from annotation.review.estimates import estimate_text, shown, weight_text
from annotation.review.rules import attribute_title

Rows = list[tuple[dict[str, Any], dict[str, Any] | None]]


def people_and_judges(project: Project, figures: dict[str, Any]) -> list[dict[str, Any]]:
    """A group for each attribute; empty where no judge is at work."""
    weights = {of["attribute"]: of for of in figures["weights"]}
    return [
        {
            "attribute": attribute_title(project, people["attribute"]),
            "weight_text": weight_text(weights.get(people["attribute"])),
            "people": _agreement(shown(people), shown(beside)),
            **_judges_of(figures, people["attribute"]),
        }
        for people, beside in _side_by_side(figures, "people")
        if figures["judges"]
    ]


def _judges_of(figures: dict[str, Any], attribute: str) -> dict[str, Any]:
    """The judges with something to compare, and the names of the others: why they have nothing is the same for each."""
    found = [(row, other) for row, other in _side_by_side(figures, "judges") if row["attribute"] == attribute]
    return {
        "rows": [
            {"name": row["judge"], "kind": row["kind"], **_agreement(shown(row), shown(other))}
            for row, other in found
            if _is_compared(row) or _is_compared(other)
        ],
        "uncompared": [row["judge"] for row, other in found if not (_is_compared(row) or _is_compared(other))],
    }


def _is_compared(row: dict[str, Any] | None) -> bool:
    return row is not None and row["equal_share"]["value"] is not None


def _agreement(row: dict[str, Any], beside: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "agreement": row["equal_share"],
        "agreement_text": estimate_text(row["equal_share"]),
        "kappa_text": estimate_text(row["weighted_kappa"]),
        "sample_count": row["equal_share"]["count"],
        "beside": _agreement(beside) if beside else None,
    }


def _side_by_side(figures: dict[str, Any], name: str) -> Rows:
    """Rows of the headline, each with what the same row is on first rounds where the headline is the random slice."""
    rows: list[dict[str, Any]] = figures[name]
    beside = figures.get("beside") or []
    others: list[dict[str, Any] | None] = beside[0][name] if beside else [None] * len(rows)
    return list(zip(rows, others, strict=True))
