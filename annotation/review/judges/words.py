"""What is known of a judge in sentences: whether it may stand in for a person, what a panel is worth, what judging took."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from annotation.review.estimates import FEW, why_none
from consensus.alternative_test import PEOPLE_NEEDED, SAMPLES_NEEDED

Row = dict[str, Any]


def outcome_text(outcome: str) -> str:
    return {"passes": _("yes"), "fails": _("no")}.get(outcome, _("not tested"))


def stands_in(test: Mapping[str, Any]) -> Row:
    """The alternative annotator test: in a word, and in a sentence that says what the word rests on."""
    return {
        "outcome": test["outcome"],
        "word": outcome_text(test["outcome"]),
        "sentence": _why_stands_in(test),
        "samples": test.get("sample_count") or 0,
    }


def _why_stands_in(test: Mapping[str, Any]) -> str:
    people, rate = test.get("people_count") or 0, test.get("winning_rate")
    if test["outcome"] == "undefined" or rate is None:
        said = ngettext(
            "%(people)d person has rated %(samples)d samples or more that it and somebody else rated too; %(needed)d are needed.",
            "%(people)d people have rated %(samples)d samples or more that it and somebody else rated too; %(needed)d are needed.",
            people,
        )
        return said % {"people": people, "samples": SAMPLES_NEEDED, "needed": PEOPLE_NEEDED}
    told = {
        "held": round(rate * people),
        "people": people,
        "allowance": f"{100 * test['epsilon']:g}",
        "smallest": "" if test["smallest_epsilon"] is None else f"{100 * test['smallest_epsilon']:.1f}",
    }
    if test["outcome"] == "passes":
        return _(
            "it can take the place of %(held)d of %(people)d people, where half are needed. It is allowed to be farther from the "
            "others than the person on %(allowance)s %% of samples."
        ) % told  # fmt: skip
    if test["smallest_epsilon"] is None:
        return (
            _("it can take the place of %(held)d of %(people)d people, where half are needed, whatever is allowed.")
            % told
        )
    return _(
        "it can take the place of %(held)d of %(people)d people, where half are needed. That would take allowing it to be farther "
        "from the others than the person on %(smallest)s %% of samples; %(allowance)s %% are allowed."
    ) % told  # fmt: skip


def panel_text(row: Mapping[str, Any], measured: int) -> str:
    """How many independent judges they are worth, in words. measured: how many were compared often enough."""
    worth = row["corrected"]
    if row["judge_count"] < 2:
        return _("A panel has two judges or more.")
    if measured < 2:
        return _("A panel has two judges or more that were compared on %d units at least.") % FEW
    if worth["value"] is None:
        return why_none(worth)
    judges = ngettext("%d judge is", "%d judges are", measured) % measured
    said = {"judges": judges, "worth": f"{worth['value']:.1f}"}
    if worth["low"] is None:
        return _("%(judges)s worth %(worth)s independent ones.") % said
    interval = {"low": f"{worth['low']:.1f}", "high": f"{worth['high']:.1f}"}
    return _("%(judges)s worth %(worth)s independent ones (%(low)s to %(high)s).") % {**said, **interval}


def cost_text(cost: Mapping[str, Any] | None) -> str:
    """Tokens and money, and of how many judgments; that nobody has told, where nobody has."""
    if cost is None:
        return _("not told")
    tokens = cost["prompt_tokens"] + cost["completion_tokens"]
    if cost["from_runs"] and not tokens:
        return _("nothing: it asks no model")
    told = {"tokens": _grouped(tokens), "count": _grouped(cost["judgments"]), "money": _money(cost)}
    if cost["money"] is None:
        return _("%(tokens)s tokens for %(count)s judgments; at what price is not told") % told
    return _("%(money)s and %(tokens)s tokens for %(count)s judgments") % told


def _money(cost: Mapping[str, Any]) -> str:
    """With enough digits that a little is not nothing."""
    if cost["money"] is None:
        return ""
    money = Decimal(cost["money"])
    return number_format(money, 2 if money >= 1 or not money else 4, force_grouping=True)


def _grouped(count: int) -> str:
    return number_format(count, 0, force_grouping=True)
