"""What the project's front page shows, from the kept figures."""

from typing import Any

from django.urls import reverse

from annotation import querysets
from annotation.models import DatasetVersion, Project, ProjectFigures, Sample
from annotation.ratings import Place


def page(project: Project) -> dict[str, Any]:
    """The context of the overview; without figures, what is known without counting."""
    kept = ProjectFigures.objects.filter(project=project).first()
    versions = [_version(project, version) for version in project.versions.order_by("-number")[:20]]
    rules = {"policy_text": policy_text(project), "rubric_text": rubric_text(project)}
    common = {"project": project, "versions": versions, "attention": _attention(project), **rules}
    if kept is None:
        return {**common, "as_of": "No figures yet. They are computed within seconds of the first annotation."}
    figures = kept.figures
    return {
        **common,
        "as_of": kept.computed_at,
        "funnel": _funnel(figures["samples"]),
        "labels_per_sample": labels_per_sample(figures["samples"]),
        "disagreed_share": share_text(figures["samples"]["disagreed"], figures["samples"]["decided"]),
        "escalated_share": share_text(figures["samples"]["escalated_ever"], figures["samples"]["decided"]),
        "counts": _counts(figures["samples"]),
        "reliability": [_reliability(project, row) for row in figures["reliability"]],
        "judges": _judges(project, figures),
    }


def labels_per_sample(samples: dict[str, Any]) -> str:
    """Annotations that count for each decided sample, as text."""
    decided = samples["decided"]
    return f"{samples['annotations_of_decided'] / decided:.2f}" if decided else "none decided yet"


def share_text(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "none decided yet"


def estimate_text(estimate: dict[str, Any]) -> str:
    """An estimate with its interval, or why it has none."""
    if estimate["value"] is None:
        return str(estimate["undefined"])
    if estimate["low"] is None:
        return f"{estimate['value']:.2f} (no interval: {estimate['clusters']} prompt)"
    return f"{estimate['value']:.2f} ({estimate['low']:.2f} to {estimate['high']:.2f})"


def policy_text(project: Project) -> str:
    """The policy in a sentence."""
    policy = project.policy
    limits = ", ".join(f"{name} above {limit['escalate_above']:g}" for name, limit in policy.triggers.items())
    return (
        f"Version {policy.version}: {policy.first_round} people; {policy.extra} more where they differ by more than "
        f"allowed ({limits}); label by {policy.label_rule}; unsettled samples are {policy.unsettled}."
    )


def rubric_text(project: Project) -> str:
    """The rubric in a line."""
    rubric = project.rubric
    names = ", ".join(Place(attribute, None).title for attribute in rubric.attributes)
    return f"Version {rubric.version}: {names}"


def _attention(project: Project) -> list[dict[str, str]]:
    waiting = querysets.samples_under_review(project).count()
    if not waiting:
        return []
    things = "sample waits" if waiting == 1 else "samples wait"
    return [{"text": f"{waiting} {things} for a reviewer", "url": reverse("annotation:queue", args=[project.slug])}]


def _funnel(samples: dict[str, Any]) -> list[dict[str, Any]]:
    total = samples["total"] or 1
    return [
        {"state": state.value, "label": state.label, "count": count, "share": round(count / total, 4)}
        for state in Sample.State
        for count in [samples["states"].get(state.value, 0)]
    ]


def _counts(samples: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {"label": "Samples", "value": samples["total"], "hint": ""},
        {"label": "Annotations", "value": samples["annotations"], "hint": "that count"},
    ]


def _reliability(project: Project, row: dict[str, Any]) -> dict[str, Any]:
    alpha = row["alpha"]
    return {
        "attribute": row["attribute"],
        "title": _title(project, row["attribute"]),
        "value_text": estimate_text(alpha),
        "value": alpha["value"],
        "low": alpha["low"],
        "high": alpha["high"],
        "count": alpha["count"],
        "prompts": alpha["clusters"],
        "undefined": alpha["undefined"] if alpha["value"] is None else "",
    }


def _judges(project: Project, figures: dict[str, Any]) -> list[dict[str, Any]]:
    """By attribute: how far people agree with each other, and under it how far each judge agrees with people."""
    weights = {of["attribute"]: of for of in figures["weights"]}
    return [
        {
            "attribute": _title(project, people["attribute"]),
            "people": people["equal_share"],
            "people_text": estimate_text(people["equal_share"]),
            "people_kappa_text": estimate_text(people["weighted_kappa"]),
            "sample_count": people["equal_share"]["count"],
            "weight_text": weight_text(weights.get(people["attribute"])),
            "rows": [_judge(row) for row in figures["judges"] if row["attribute"] == people["attribute"]],
        }
        for people in figures["people"]
        if figures["judges"]
    ]


def _judge(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": row["judge"],
        "kind": row["kind"],
        "agreement": row["equal_share"],
        "agreement_text": estimate_text(row["equal_share"]),
        "kappa_text": estimate_text(row["weighted_kappa"]),
        "sample_count": row["equal_share"]["count"],
    }


def weight_text(weight: dict[str, Any] | None) -> str:
    """The panel's weight in the merge, and why it is what it is."""
    if weight is None:
        return "not fitted yet"
    words = {
        "fitted": "",
        "panel_does_not_help": " (no measurable help in predicting people)",
        "too_few_samples": " (fewer than fifty samples to measure on)",
        "no_judge": " (no judge has spoken)",
    }
    return f"{weight['weight']:.2f}{words.get(weight['reason'], '')}, shared by the panel"


def _title(project: Project, name: str) -> str:
    return next((Place(a, None).title for a in project.rubric.attributes if a["name"] == name), name)


def _version(project: Project, version: DatasetVersion) -> dict[str, Any]:
    ready = version.state == DatasetVersion.State.READY
    return {
        "name": f"v{version.number}",
        "state": version.state,
        "created_at": version.requested_at,
        "url": reverse("annotation:version", args=[project.slug, version.number]) if ready else "",
        "row_count": sum(file["rows"] for file in version.files) if ready else None,
    }
