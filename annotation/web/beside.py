"""A person beside the others of the same samples, in words: rows of a table, and the reasons to look."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from annotation.services.among_others import OF_THE_ADMINS, RATINGS

ENOUGH = 20  # samples; with fewer a person's own page shows no figure: it would jump with every answer
Kept = Mapping[str, Any]


def of(kept: Kept, names: Mapping[int, str] | None = None) -> dict[str, Any]:
    """What the pages show. `rows`: what, the person's figure, its interval, the others'; `why` where there is none.

    names: of other people by id, where a reason may say whom else it is about: never on a person's own page.
    """
    if "agreement" not in kept:
        return {"as_of": None, "rows": [], "attributes": [], "concerns": [], "weight": None, "agreement": None}
    return {
        "as_of": parse_datetime(kept["as_of"]),
        "samples": kept["agreement"]["equal_share"]["count"],
        "is_enough": kept["agreement"]["equal_share"]["count"] >= ENOUGH,
        "weight": kept["weight"],
        "weight_text": number_text(kept["weight"]),
        "agreement": kept["agreement"]["kappa"],
        "agreement_text": number_text(kept["agreement"]["kappa"]),
        "rows": [row for row in _rows(kept) if row["own"]],
        "attributes": [_attribute(attribute) for attribute in kept["attributes"]],
        "concerns": [_concern(concern, names or {}) for concern in kept["concerns"]],
        "own_concerns": [_concern(concern, {}) for concern in kept["concerns"] if concern["kind"] not in OF_THE_ADMINS],
    }


def _concern(kept: Kept, names: Mapping[int, str]) -> str:
    """A reason to look, in the language of whoever looks; what an older version kept is there in English alone."""
    template = kept.get("template", "")
    if not template:
        return str(kept["text"])
    values = {**kept["values"], "other": names.get(kept.get("other", 0)) or _("another person")}
    if values.get("attribute") == RATINGS:
        values["attribute"] = _(RATINGS)
    return _(template).format(**values)


def _why_none(estimate: Kept) -> str:
    why = estimate["undefined"]
    return _(why) if why else ""


def share_text(estimate: Kept) -> str:
    """A share with its interval, in per cent; empty where there is none."""
    return _with_interval(estimate, lambda value: f"{100 * value:.0f}", _("%(value)s %%"))


def number_text(estimate: Kept) -> str:
    """A figure with its interval, to two digits."""
    return _with_interval(estimate, _two)


def _rows(kept: Kept) -> Iterator[dict[str, Any]]:
    agreement, time, one_value = kept["agreement"], kept["time"], kept["one_value"]
    yield _row(_("Gives what another person of the sample gives"), share_text(agreement["equal_share"]))
    yield _row(
        _("Agreement beyond chance (kappa)"), number_text(agreement["kappa"]), _plain(agreement["others_kappa"], _two)
    )
    yield _row(_("Time for the same samples"), _with_interval(time, _two, _("%(value)s times")), "1")
    yield _row(
        _("Time for 1,000 characters"),
        _plain(kept["seconds_per_thousand"], lambda value: _("%d seconds") % round(value)),
    )
    if kept.get("unread"):
        yield _row(_("Quicker than the text can be read"), share_text(kept["unread"]))
    yield _shares(_("One value everywhere in a sample"), one_value)
    if kept.get("shown_first"):
        yield _shares(_("Rates the response shown first higher"), kept["shown_first"])
    for attribute in kept["attributes"]:
        if "shown_first" in attribute:
            what = _("Favours the response shown first (%(attribute)s)") % {"attribute": attribute["title"]}
            yield _shares(what, attribute["shown_first"])


def _shares(what: str, kept: Kept) -> dict[str, Any]:
    """A share and the others', with how far they are apart."""
    apart = _with_interval(kept["extra"], lambda value: f"{100 * value:+.0f}".replace("-", "\u2212"))
    others = _plain(kept["others"], _per_cent)
    others = _("%(others)s; difference %(apart)s") % {"others": others, "apart": apart} if apart else others
    return _row(what, _plain(kept["own"], _per_cent), others)


def _row(what: str, own: str, others: str = "") -> dict[str, Any]:
    return {"what": what, "own": own, "others": others}


def _attribute(kept: Kept) -> dict[str, Any]:
    bias = _with_interval(kept["bias"], lambda value: f"{value:+.1f}".replace("-", "\u2212"))
    return {
        "title": kept["title"],
        "equal": share_text(kept["equal_share"]),
        "kappa": number_text(kept["kappa"]),
        "bias": bias,
        "why": _why_none(kept["equal_share"]),
    }


def _with_interval(estimate: Kept, written: Callable[[float], str], unit: str = "%(value)s") -> str:
    if estimate["value"] is None:
        return ""
    value = unit % {"value": written(estimate["value"])}
    if estimate["low"] is None:
        return value
    about = {"value": value, "low": written(estimate["low"]), "high": written(estimate["high"])}
    return _("%(value)s (%(low)s to %(high)s)") % about


def _plain(value: float | None, written: Callable[[float], str]) -> str:
    return "" if value is None else written(value)


def _per_cent(value: float) -> str:
    return _("%(value)s %%") % {"value": f"{100 * value:.0f}"}


def _two(value: float) -> str:
    return f"{value:.2f}".replace("-", "\u2212")
