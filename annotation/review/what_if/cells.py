"""The figures of a what-if as cells of a table: a value, its interval, and whether the difference is more than noise."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from django.utils.translation import gettext as _

Json = Mapping[str, Any]
Form = Literal["number", "share", "error", "points", "signed_share"]
MINUS = "\N{MINUS SIGN}"


@dataclass(frozen=True)
class Cell:
    """text: the value. interval: empty where there is none. note: a word beneath, such as "within noise"."""

    text: str
    interval: str = ""
    note: str = ""

    @classmethod
    def of(cls, estimate: Json, form: Form, note: str = "") -> "Cell":
        if estimate["value"] is None:
            return cls(_("undefined"))
        low, high = estimate["low"], estimate["high"]
        interval = ""
        if low is not None and high is not None:
            interval = _("%(low)s to %(high)s") % {"low": written(low, form), "high": written(high, form)}
        return cls(written(estimate["value"], form), interval, note)


def written(value: float, form: Form) -> str:
    match form:
        case "number":
            return f"{value:.2f}"
        case "share":
            return _("%(value)s %%") % {"value": f"{100 * value:.1f}"}
        case "signed_share":
            return _("%(value)s %%") % {"value": signed(100 * value, 1)}
        case "points":
            return signed(value, 1)
        case "error":
            return f"{value:.3f}"


def signed(value: float, digits: int) -> str:
    text = f"{abs(value):.{digits}f}"
    if not float(text):
        return text
    return f"{MINUS}{text}" if value < 0 else f"+{text}"


def cost_rows(found: Json) -> list[dict[str, Any]]:
    """One row a figure, one cell a setting, the policy in force first."""
    results = found["cost"]["results"]
    shares = [
        ("escalated", _("More people asked")),
        ("contested", _("Left to a reviewer")),
        ("excluded", _("Excluded")),
    ]
    rows = [
        {"label": _("Annotations a sample"), "cells": [Cell.of(one["labels"], "number") for one in results]},
        {"label": _("Beside now"), "cells": [Cell(""), *(_beside(one["saved"]) for one in results[1:])]},
    ]
    for name, label in shares:
        if any(one[name]["high"] or one[name]["value"] for one in results):
            rows.append({"label": label, "cells": [Cell.of(one[name], "share") for one in results]})
    if any(one["unseen"] for one in results):
        cells = [Cell(written(one["unseen"], "share")) for one in results]
        rows.append({"label": _("Would ask people who were never asked"), "cells": cells})
    return rows


def _beside(saved: Json) -> Cell:
    """Labels more or fewer than now, as a share."""
    turned = {
        "value": None if saved["value"] is None else -saved["value"],
        "low": None if saved["high"] is None else -saved["high"],
        "high": None if saved["low"] is None else -saved["low"],
    }
    return Cell.of(turned, "signed_share", _noise(turned))


def quality_rows(found: Json) -> list[dict[str, Any]]:
    quality = found["quality"]
    results, rows = quality["results"], []
    for measure in results[0]["measured"]:
        is_agreement = measure == "agreement"
        label = _agreement_with(quality["basis"]) if is_agreement else _("Mean absolute error")
        form: Form = "share" if is_agreement else "error"
        rows.append({"label": label, "cells": [Cell.of(one["measured"][measure], form) for one in results]})
        cells = [
            Cell(""),
            *(Cell.of(one["better"][measure], "points", _noise(one["better"][measure])) for one in results[1:]),
        ]
        rows.append({"label": _("Better than now, points"), "cells": cells})
    rows.append(
        {
            "label": _("Labels that come out otherwise"),
            "cells": [Cell(""), *(Cell(written(one["changed"], "share")) for one in results[1:])],
        }
    )
    if any(one["cut_short"] for one in results):
        cells = [Cell(written(one["cut_short"], "share")) for one in results]
        rows.append({"label": _("Ended because people ran out"), "cells": cells})
    return rows


def _agreement_with(basis: str) -> str:
    return _("Agreement with the known answer") if basis == "gold" else _("Agreement with people kept back")


def _noise(estimate: Json) -> str:
    """Whether the difference could be chance; nothing where it is exactly none or has no interval."""
    low, high = estimate["low"], estimate["high"]
    if low is None or high is None or (low == high == 0):
        return ""
    return _("within noise") if low <= 0 <= high else ""


def money(found: Json, at: int) -> str:
    """What the samples that nobody has decided would cost less or more, at the price of now; empty without a price."""
    if found["price"] is None or not found["open"]:
        return ""
    now, own = (found["cost"]["results"][place]["labels"]["value"] for place in (0, at))
    each, saved = Decimal(found["price"]) * found["open"], found["cost"]["results"][at]["saved"]
    if not saved["value"] or saved["low"] is None:
        return ""
    bounds = sorted(abs(each * Decimal(str(now * saved[end]))) for end in ("low", "high"))
    if saved["low"] <= 0 <= saved["high"]:
        return ""
    values = {
        "amount": _amount(abs(each * Decimal(str(now - own)))),
        "low": _amount(bounds[0]),
        "high": _amount(bounds[1]),
        "open": found["open"],
    }
    said = (
        _("About %(amount)s less to pay for the %(open)d open samples (%(low)s to %(high)s).")
        if saved["value"] > 0
        else _("About %(amount)s more to pay for the %(open)d open samples (%(low)s to %(high)s).")
    )
    return said % values


def _amount(value: Decimal) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.2f}"
