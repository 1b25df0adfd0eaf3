"""What the page about routing shows, as plain dictionaries: the plan, the last look, the dry run, what judges settled."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import Count, Q
from django.urls import reverse
from django.utils.translation import gettext as _

from annotation.models import Project, RoutingFit, RoutingPlan, Sample
from annotation.services import judging, routing, routing_words
from annotation.services.routing import Outlook
from annotation.services.routing_words import per_cent

LISTED = 24
DEFAULTS = {"target": "95", "risk": "5"}


def page(project: Project, *, is_admin: bool, asked: Mapping[str, str], outlook: Outlook | None) -> dict[str, Any]:
    """The context. `asked`: the target and the risk of the form, in per cent; `outlook`: of a dry run with these."""
    plan = routing.plan_of(project)
    fit = routing.last_look(plan) if plan else None
    settled = routing.settled(project)
    form = {**DEFAULTS, **({"target": _number(plan.target), "risk": _number(plan.risk)} if plan else {}), **asked}
    return {
        "project": project,
        "is_admin": is_admin,
        "plan": plan and _plan(plan),
        "look": fit and _look(fit),
        "outlook": outlook and _outlook(outlook, form),
        "form": form,
        "slice": _slice(project),
        "settled_count": settled.count(),
        "settled": [_settled(project, sample) for sample in settled[:LISTED]],
        "is_recalling": bool(plan and plan.recalled_at and _is_waiting(settled, plan)),
        "is_held": bool(fit and fit.threshold is not None and plan and plan.is_enabled),
    }


def _is_waiting(settled: Any, plan: RoutingPlan) -> bool:
    return bool(settled.filter(labels__is_current=True, labels__created_at__lte=plan.recalled_at).exists())


def _number(share: float) -> str:
    return f"{100 * share:g}"


def _plan(plan: RoutingPlan) -> dict[str, Any]:
    return {
        "target": per_cent(plan.target),
        "risk": per_cent(plan.risk),
        "is_enabled": plan.is_enabled,
        "by": str(plan.requested_by or ""),
        "at": plan.requested_at,
    }


def _slice(project: Project) -> dict[str, Any]:
    """What a promise needs before anything else."""
    drawn = Sample.objects.filter(project=project, purpose=Sample.Purpose.WORK, is_fixed_overlap=True)
    is_open = Q(state=Sample.State.OPEN)
    counts = drawn.aggregate(drawn=Count("pk"), decided=Count("pk", filter=~is_open))  # by index sample_random_slice
    return {
        "is_wanted": project.policy.slice_share > 0,
        "share": per_cent(project.policy.slice_share),
        "overlap": project.policy.slice_overlap,
        **counts,
        "judges": [judge.name for judge in judging.enabled_judges(project)],
        "triggers": _limits(project),
    }


def _limits(project: Project) -> str:
    titles = {a["name"]: str(a.get("title") or a["name"]) for a in project.rubric.attributes}
    limits = [(titles.get(name, name), limit["settle_within"]) for name, limit in project.policy.triggers.items()]
    return "; ".join(
        _("%(title)s the same") % {"title": title}
        if not within
        else _("%(title)s within %(within)s") % {"title": title, "within": f"{within:g}"}
        for title, within in limits
    )


def _look(fit: RoutingFit) -> dict[str, Any]:
    return {
        "number": fit.look,
        "at": fit.created_at,
        "sentence": fit.sentence,
        "is_promised": fit.threshold is not None,
        **_found(fit.details, fit.threshold),
        "remedies": routing_words.remedies_of(fit.reason, needed=fit.details["needed"], tested=fit.tested_count),
    }


def _outlook(outlook: Outlook, form: Mapping[str, str]) -> dict[str, Any]:
    found = outlook.look.routing
    details = routing.details_of(outlook.look)
    return {
        "is_promised": found.chosen is not None,
        "sentence": outlook.sentence,
        "number": outlook.number,
        "would_settle": outlook.would_settle,
        "open": outlook.open,
        "to_people": outlook.open - outlook.would_settle,
        **_found(details, found.chosen.threshold if found.chosen else None),
        "remedies": routing_words.remedies_of(found.reason, needed=found.needed, tested=found.tested),
        **form,
    }


def _found(details: Mapping[str, Any], threshold: float | None) -> dict[str, Any]:
    """What was found, in words, and the curve."""
    error, beside = details["error"], details["beside"]
    chosen = next((step for step in details["steps"] if step["threshold"] == threshold), None)
    return {
        "coverage": per_cent(chosen["coverage"]) if chosen else "",
        "sureness": per_cent(threshold) if chosen and threshold is not None else "",
        "tested": _of(chosen) if chosen else "",
        "error": f"{100 * error['value']:.1f} %" if error else "",
        "error_interval": _("%(low)s to %(high)s")
        % {"low": f"{100 * error['low']:.1f}", "high": f"{100 * error['high']:.1f}"}
        if error
        else "",
        "with_a_person": "" if beside["judges_with_a_person"] is None else per_cent(beside["judges_with_a_person"]),
        "among_people": "" if beside["person_with_person"] is None else per_cent(beside["person_with_person"]),
        "learned_from": details["learned_from"],
        "curve": curve(details["steps"], target=details["target"], threshold=threshold),
        "steps": [_step(step) for step in details["steps"]],
    }


def _step(step: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "sureness": per_cent(step["threshold"]),
        "coverage": per_cent(step["coverage"]),
        "agreed": _of(step),
        "agreement": per_cent(step["agreed"] / step["count"]) if step["count"] else "-",
        "p": "" if step["p_value"] is None else f"{step['p_value']:.2g}",
        "outcome": _outcome(step),
    }


def _of(step: Mapping[str, Any]) -> str:
    return _("%(part)d of %(whole)d") % {"part": step["agreed"], "whole": step["count"]}


def _outcome(step: Mapping[str, Any]) -> str:
    if step["p_value"] is None:
        return _("not reached")
    return _("passed") if step["is_passed"] else _("stopped here")


def curve(steps: Sequence[Mapping[str, Any]], *, target: float, threshold: float | None) -> dict[str, Any] | None:
    """Coverage to the right, agreement upwards, as shares of a square of 1 by 1 whose lowest line is `floor`.

    None where there is nothing to draw.
    """
    drawn = [step for step in steps if step["count"]]
    if not drawn:
        return None
    shown = [step["agreed"] / step["count"] for step in drawn]
    floor = max(0.0, int(10 * (min([*shown, target]) - 0.05)) / 10)

    def height(share: float) -> float:
        return round(1 - (share - floor) / (1 - floor), 4)

    points = [
        {
            "x": round(step["coverage"], 4),
            "y": height(step["agreed"] / step["count"]),
            "is_tested": step["p_value"] is not None,
            "is_passed": step["is_passed"],
            "is_chosen": step["threshold"] == threshold,
        }
        for step in drawn
    ]
    tested = [point for point in points if point["is_tested"]]
    return {
        "points": points,
        "path": _path(points),
        "tested_path": _path(tested),
        "target_y": height(target),
        "target": per_cent(target),
        "floor": per_cent(floor),
        "middle": per_cent((1 + floor) / 2),
        "has_stopped": any(point["is_tested"] and not point["is_passed"] for point in points),
        "chosen": next((point for point in points if point["is_chosen"]), None),
    }


def _path(points: Sequence[Mapping[str, Any]]) -> str:
    return "M" + "L".join(f"{point['x']} {point['y']}" for point in points) if len(points) > 1 else ""


def _settled(project: Project, sample: Sample) -> dict[str, str]:
    return {"id": sample.external_id, "url": reverse("annotation:review", args=[project.slug, sample.pk])}
