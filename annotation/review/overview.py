"""What the project's front page shows, from the kept figures."""

from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from annotation import querysets
from annotation.models import DatasetVersion, Policy, Project, ProjectFigures, Sample
from annotation.ratings import Place
from annotation.review.estimates import shown, why_none
from annotation.services import questions
from annotation.services.figures import FIRST_ROUNDS, RANDOM_SLICE
from annotation.web.pay import statement_urls


def page(project: Project, *, for_admin: bool, at: datetime) -> dict[str, Any]:
    """The context of the overview; without figures, what is known without counting."""
    kept = ProjectFigures.objects.filter(project=project).first()
    versions = [_version(project, version) for version in project.versions.order_by("-number")[:20]]
    rules = {"policy_text": policy_text(project), "rubric_text": rubric_text(project)}
    common = {
        "project": project,
        "versions": versions,
        "attention": _attention(project, kept),
        "statements": statement_urls(project, at) if for_admin else {},
        **rules,
    }
    if kept is None:
        return {**common, "as_of": _("No figures yet. They are computed within seconds of the first annotation.")}
    figures = kept.figures
    return {
        **common,
        "as_of": kept.computed_at,
        "funnel": _funnel(figures["samples"]),
        "labels_per_sample": labels_per_sample(figures["samples"]),
        "disagreed_words": _disagreed_words(project.policy),
        "disagreed_share": share_text(figures["samples"]["disagreed"], _could_escalate(figures["samples"])),
        "escalated_share": share_text(figures["samples"]["escalated_ever"], _could_escalate(figures["samples"])),
        "counts": _counts(figures["samples"]),
        "on_slice": figures.get("measured_on") == RANDOM_SLICE,
        "reliability": [_reliability(project, row, beside) for row, beside in _side_by_side(figures, "reliability")],
        "judges": _judges(project, figures),
    }


def _could_escalate(samples: dict[str, Any]) -> int:
    return int(samples.get("could_escalate", samples["decided"]))  # figures of an older version count no slice


def _side_by_side(figures: dict[str, Any], name: str) -> list[tuple[dict[str, Any], dict[str, Any] | None]]:
    """Rows of the headline, each with what the same row is on first rounds where the headline is the random slice."""
    rows: list[dict[str, Any]] = figures[name]
    beside = figures.get("beside") or []
    others: list[dict[str, Any] | None] = beside[0][name] if beside else [None] * len(rows)
    return list(zip(rows, others, strict=True))


def labels_per_sample(samples: dict[str, Any]) -> str:
    """Annotations that count for each decided sample, as text."""
    decided = samples["decided"]
    return f"{samples['annotations_of_decided'] / decided:.2f}" if decided else _("none decided yet")


def share_text(part: int, whole: int) -> str:
    return _("%(value)s %%") % {"value": f"{100 * part / whole:.1f}"} if whole else _("none decided yet")


def estimate_text(estimate: dict[str, Any]) -> str:
    """An estimate with its interval, or why it has none."""
    if estimate["value"] is None:
        return why_none(estimate)
    about = {name: f"{estimate[name]:.2f}" for name in ("value", "low", "high") if estimate[name] is not None}
    if estimate["low"] is None:
        said = ngettext(
            "%(value)s (no interval: %(count)d prompt)",
            "%(value)s (no interval: %(count)d prompts)",
            estimate["clusters"],
        )
        return said % {**about, "count": estimate["clusters"]}
    return _("%(value)s (%(low)s to %(high)s)") % about


def reliability_of(version: DatasetVersion) -> list[dict[str, str]]:
    """The reliability that stands in a version, in words, with what it was measured on."""
    words = {RANDOM_SLICE: _("on the random slice"), FIRST_ROUNDS: _("on first rounds")}
    return [
        {
            "attribute": _title(version.project, row["attribute"]),
            "text": estimate_text(row["alpha"]),
            "measured_on": words[row.get("measured_on", FIRST_ROUNDS)],
        }
        for row in version.reliability
    ]


def policy_text(project: Project) -> str:
    """The policy in a sentence."""
    policy = project.policy
    return _(
        "Version %(version)d: %(people)d people; %(more)s; label by %(rule)s; unsettled samples are %(unsettled)s."
    ) % {
        "version": policy.version,
        "people": policy.first_round,
        "more": _asking_text(policy),
        "rule": policy.label_rule,
        "unsettled": Sample.State(policy.unsettled).label.lower(),
    }


def _asking_text(policy: Policy) -> str:
    extra = {"extra": policy.extra}
    match policy.name:
        case Policy.Name.UNANIMOUS:
            return _("%(extra)d more where they differ at all") % extra
        case Policy.Name.SEQUENTIAL:
            return _("then one at a time until nobody could change the label, %(extra)d more at most") % extra
        case Policy.Name.CONFIDENCE:
            said = ngettext(
                "then one at a time until %(names)s is at least %(target)s %% sure, %(extra)d more at most",
                "then one at a time until %(names)s are at least %(target)s %% sure, %(extra)d more at most",
                len(policy.triggers),
            )
            names = _(" and ").join(policy.triggers)
            return said % {**extra, "names": names, "target": f"{100 * policy.target:g}"}
        case _:
            above = _("%(name)s above %(limit)s")
            limits = [above % {"name": n, "limit": f"{of['escalate_above']:g}"} for n, of in policy.triggers.items()]
            said = _("%(extra)d more where they differ by more than allowed (%(limits)s)")
            return said % {**extra, "limits": ", ".join(limits)}


def _disagreed_words(policy: Policy) -> str:
    """What it means under this policy that a first round was not enough."""
    match policy.name:
        case Policy.Name.SEQUENTIAL:
            return _("First round left the outcome open")
        case Policy.Name.CONFIDENCE:
            return _("First round was not sure enough")
        case _:
            return _("First round disagreed")


def rubric_text(project: Project) -> str:
    """The rubric in a line."""
    rubric = project.rubric
    names = ", ".join(Place(attribute, None).title for attribute in rubric.attributes)
    return _("Version %(version)d: %(names)s") % {"version": rubric.version, "names": names}


def _attention(project: Project, kept: ProjectFigures | None) -> list[dict[str, str]]:
    things = _people_wanted(kept.figures.get("people_wanted") if kept else None)
    if waiting := querysets.samples_under_review(project).count():
        said = ngettext("%d sample waits for a reviewer", "%d samples wait for a reviewer", waiting) % waiting
        things.append({"text": said, "url": reverse("annotation:queue", args=[project.slug])})
    if asked := questions.open_questions(project).count():
        said = ngettext("%d question of an annotator waits", "%d questions of annotators wait", asked) % asked
        things.append({"text": said, "url": f"{reverse('annotation:queue', args=[project.slug])}#questions"})
    return things


def _people_wanted(wanted: dict[str, int] | None) -> list[dict[str, str]]:
    """That too few people may work, or too few are left for some samples; as of the figures."""
    if not wanted:
        return []
    if missing := wanted["for_first_round"]:
        said = ngettext("needs %d more person", "needs %d more people", missing) % missing
        why = _("a first round asks %(asked)d, and %(there)d may work here") % {
            "asked": wanted["first_round"],
            "there": wanted["may_work"],
        }
        return [{"text": f"{said}: {why}", "url": ""}]
    if samples := wanted["samples"]:
        said = ngettext("%d sample needs", "%d samples need", samples) % samples
        most = ngettext("%d more person", "up to %d more people", wanted["most"]) % wanted["most"]
        why = _("everybody else has had them or lacks their skills")
        return [{"text": f"{said} {most}: {why}", "url": ""}]
    return []


def _funnel(samples: dict[str, Any]) -> list[dict[str, Any]]:
    total = samples["total"] or 1
    return [
        {"state": state.value, "label": state.label, "count": count, "share": round(count / total, 4)}
        for state in Sample.State
        for count in [samples["states"].get(state.value, 0)]
    ]


def _counts(samples: dict[str, Any]) -> list[dict[str, Any]]:
    settled = samples.get("settled_by_judges", 0)
    return [
        {"label": _("Samples"), "value": samples["total"], "hint": ""},
        {"label": _("Annotations"), "value": samples["annotations"], "hint": _("that count")},
        *(
            [{"label": _("Settled by judges"), "value": settled, "hint": _("no person said anything of them")}]
            if settled
            else []
        ),
    ]


def _reliability(project: Project, row: dict[str, Any], beside: dict[str, Any] | None) -> dict[str, Any]:
    alpha = row["alpha"]
    return {
        "beside_text": estimate_text(beside["alpha"]) if beside else "",
        "beside_count": beside["alpha"]["count"] if beside else 0,
        "attribute": row["attribute"],
        "title": _title(project, row["attribute"]),
        "value_text": estimate_text(alpha),
        "value": alpha["value"],
        "low": alpha["low"],
        "high": alpha["high"],
        "count": alpha["count"],
        "prompts": alpha["clusters"],
        "undefined": why_none(alpha) if alpha["value"] is None else "",
    }


def _judges(project: Project, figures: dict[str, Any]) -> list[dict[str, Any]]:
    """By attribute: how far people agree with each other, and under it how far each judge agrees with people."""
    weights = {of["attribute"]: of for of in figures["weights"]}
    return [
        {
            "attribute": _title(project, people["attribute"]),
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


def weight_text(weight: dict[str, Any] | None) -> str:
    """The panel's weight in the merge, and why it is what it is."""
    if weight is None:
        return _("not fitted yet")
    words = {
        "panel_does_not_help": _("%(weight)s (no measurable help in predicting people), shared by the panel"),
        "too_few_samples": _("%(weight)s (fewer than fifty samples to measure on), shared by the panel"),
        "no_judge": _("%(weight)s (no judge has spoken), shared by the panel"),
    }
    is_estimated = weight["reason"] == "fitted" and weight.get("low") is not None
    interval = f" [{weight['low']:.2f}, {weight['high']:.2f}]" if is_estimated else ""
    said = words.get(weight["reason"], _("%(weight)s, shared by the panel"))
    return said % {"weight": f"{weight['weight']:.2f}{interval}"}


def _title(project: Project, name: str) -> str:
    return next((Place(a, None).title for a in project.rubric.attributes if a["name"] == name), name)


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
