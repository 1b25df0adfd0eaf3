"""What a what-if cannot know, said with its numbers."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.translation import gettext as _

from annotation.services.what_if_answers import ENOUGH_PEOPLE, GOLD, RANDOM_SLICE

Json = Mapping[str, Any]
FEW_PROMPTS = 10


def sentences(found: Json) -> list[str]:
    return [*_of_cost(found["cost"]), *_of_quality(found["quality"])]


def _of_cost(cost: Json) -> Iterator[str]:
    if cost["samples"] < cost["of"]:
        yield _("Cost is replayed on %(samples)d of %(of)d samples, drawn at random.") % cost
    else:
        yield (
            _(
                "Cost is replayed on all %(samples)d samples whose first round is in, everybody in the order in which they came."
            )
            % cost
        )
    if unseen := max(one["unseen"] for one in cost["results"]):
        yield _(
            "Up to %(share)s %% of the samples would go to people who were never asked. What those would say nobody knows, so "
            "these figures lie between what is certain and what is possible."
        ) % {"share": f"{100 * unseen:.0f}"}
    if cost["prompts"] == 1:
        yield _("With one prompt there are no intervals: they draw whole prompts, and need two or more.")
    elif cost["prompts"] < FEW_PROMPTS:
        yield _("With %(prompts)d prompts the intervals are rough: they draw whole prompts.") % cost


def _of_quality(quality: Json) -> Iterator[str]:
    if not quality["basis"]:
        yield (
            _(
                "Quality cannot be measured: it takes %(few)d samples with %(least)d people or more, a first round and somebody to "
                "compare with, or gold. A larger random slice with more people would give them."
            )
            % quality
        )
        return
    yield _basis(quality) % quality
    if cut := max(one["cut_short"] for one in quality["results"]):
        yield _(
            "Up to %(share)s %% of these replays ended because people ran out; labels are then of those who were there, and what "
            "further people would have added cannot be seen."
        ) % {"share": f"{100 * cut:.0f}"}
    if unlabelled := max(one["unlabelled"] for one in quality["results"]):
        yield _("Up to %(share)s %% of the values got no label and are not compared.") % {
            "share": f"{100 * unlabelled:.0f}"
        }


def _basis(quality: Json) -> str:
    return {
        RANDOM_SLICE: _(
            "Quality is measured on %(samples)d samples of the random slice, %(draws)d orders each: somebody is kept back and "
            "compared with the label of the others."
        ),
        GOLD: _(
            "Quality is measured on %(samples)d samples with a known answer, %(draws)d orders each. Gold may be easier than the rest."
        ),
        ENOUGH_PEOPLE: _(
            "Quality is measured on the %(samples)d samples with %(least)d people or more, %(draws)d orders each. Most of them have "
            "so many because people disagreed: it is the quality on hard samples."
        ),
    }[quality["basis"]]
