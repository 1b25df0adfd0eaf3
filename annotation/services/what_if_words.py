"""What a what-if found, in words: first what it means, then how sure that is."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from annotation.models import WhatIf

Json = Mapping[str, Any]
SAME = 1e-9  # summing leaves a hair of error
OFTEN = 0.01  # a share of samples that is worth a word


def record(what_if: WhatIf, candidate: int) -> str:
    """For the history of the project: what had been said of the candidate when it was applied."""
    found = what_if.result or {}
    said = f"{cost(found, candidate + 1)} {quality(found, candidate + 1)}"
    return f"what-if {what_if.pk}: {said}"


def cost(found: Json, at: int) -> str:
    """How much less or more one setting costs than the policy in force."""
    saved = found["cost"]["results"][at]["saved"]
    value, interval = saved["value"], _interval(saved, 100, "{:.0f}")
    if value is None:
        return _("Nothing can be said about the cost.")
    if abs(value) < SAME and _is_exact(saved):
        return _("Exactly as many annotations.")
    if saved["low"] is None:
        said = _("About %(share)s %% fewer annotations.") if value > 0 else _("About %(share)s %% more annotations.")
        return said % {"share": f"{abs(100 * value):.0f}"}
    if saved["low"] <= 0 <= saved["high"]:
        return _("No difference in cost that can be told from chance (%(interval)s %%).") % {"interval": interval}
    said = (
        _("About %(share)s %% fewer annotations (%(interval)s).")
        if value > 0
        else _("About %(share)s %% more annotations (%(interval)s).")
    )
    turned = saved if value > 0 else {"low": -saved["high"], "high": -saved["low"]}
    return said % {"share": f"{abs(100 * value):.0f}", "interval": _interval(turned, 100, "{:.0f}")}


def quality(found: Json, at: int) -> str:
    """How much better or worse its labels are, in points of a hundred; or why nobody can say."""
    measured = found["quality"]
    if not measured["basis"]:
        return _("Nothing can be said about quality.")
    own, first = measured["results"][at], measured["results"][0]
    if own["changed"] < SAME:
        if max(own["cut_short"], first["cut_short"]) > SAME:
            return _("The same labels by all who were there; what further people would have changed cannot be seen.")
        return _("The same labels.")
    return " ".join(_measured(better) for better in own["better"].values())


def drawbacks(found: Json, at: int) -> list[str]:
    """What gets worse, or is not known as well as it sounds, a sentence each."""
    now, own = (found["cost"]["results"][place] for place in (0, at))
    said = [
        words % {"own": f"{100 * own[name]['value']:.1f}", "now": f"{100 * now[name]['value']:.1f}"}
        for name, words in (
            ("contested", _("More samples are left to a reviewer: %(own)s %% instead of %(now)s %%.")),
            ("excluded", _("More samples are excluded: %(own)s %% instead of %(now)s %%.")),
        )
        if _is_clearly_more(own[name], now[name])
    ]
    ran_out = max(own["unseen"], _cut_short(found, at) - _cut_short(found, 0))
    if ran_out > OFTEN:
        words = _(
            "On %(share)s %% of the samples it wants people who never answered; what they would say is not known."
        )
        said.append(words % {"share": f"{100 * ran_out:.1f}"})
    return said


def _cut_short(found: Json, at: int) -> float:
    """The share of samples on which people ran out; 0 where no labels could be compared."""
    return float(found["quality"]["results"][at]["cut_short"]) if found["quality"]["basis"] else 0.0


def _is_clearly_more(own: Json, now: Json) -> bool:
    if own["value"] is None or now["value"] is None:
        return False
    return own["value"] > now["value"] + OFTEN and (
        own["low"] is None or now["high"] is None or own["low"] > now["high"]
    )


def _measured(better: Json) -> str:
    interval = {"interval": _interval(better, 1, "{:.1f}")}
    if better["value"] is None:
        return _("Nothing can be said about quality.")
    if better["low"] is None:
        said = (
            _("Labels are %(points)s points better, and nobody can say how sure that is.")
            if better["value"] >= 0
            else _("Labels are %(points)s points worse, and nobody can say how sure that is.")
        )
        return said % {"points": f"{abs(better['value']):.1f}"}
    if better["low"] <= 0 <= better["high"]:
        return _("No difference in quality that can be measured (%(interval)s points).") % interval
    points = f"{abs(better['value']):.1f}"
    if better["value"] > 0:
        return _("Labels are %(points)s points better (%(interval)s).") % {"points": points, **interval}
    turned = {"low": -better["high"], "high": -better["low"]}
    return _("Labels are %(points)s points worse (%(interval)s).") % {
        "points": points,
        "interval": _interval(turned, 1, "{:.1f}"),
    }


def _is_exact(estimate: Json) -> bool:
    return all(estimate[end] is None or abs(estimate[end]) < SAME for end in ("low", "high"))


def _interval(estimate: Json, factor: float, style: str) -> str:
    if estimate["low"] is None or estimate["high"] is None:
        return ""
    low, high = (_signed(factor * estimate[end], style) for end in ("low", "high"))
    return _("%(low)s to %(high)s") % {"low": low, "high": high}


def _signed(number: float, style: str) -> str:
    """With a minus that is as wide as a plus, and no minus before nothing."""
    written = style.format(abs(number))
    return f"\N{MINUS SIGN}{written}" if number < 0 and float(written) else written
