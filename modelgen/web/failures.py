"""Rows without a usable answer, as the pages show them."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from django.db.models import Count
from django.urls import reverse

from annotation.models import Sample
from modelgen.models import Run, RunStage, Unanswered
from modelgen.web import words

Row = dict[str, Any]
SHOWN = 5
RAW_TEXT_SHOWN = 1_500
KINDS_SHOWN = 6


def latest(run: Run, places: Iterable[RunStage]) -> list[Row]:
    """The last few, without those on which a judge has nothing to say."""
    names = {place.stage_id: place.name for place in places}
    found = Unanswered.objects.filter(stage__in=names, is_silent=False).order_by("-pk")[:SHOWN]
    return rows(run, list(found), names)


def rows(
    run: Run, unanswered: Collection[Unanswered], names: Mapping[int, str], *, is_whole: bool = False
) -> list[Row]:
    """Each with its problem, and the beginning of what the models said, or all of it. names: of stages, by their ids."""
    samples = _samples(run, unanswered)
    return [_row(run, each, names[each.stage_id], samples, is_whole) for each in unanswered]


def _samples(run: Run, unanswered: Iterable[Unanswered]) -> dict[str, str]:
    """Of a run without an end, whose keys are ids of samples: key -> the id that people know the sample by."""
    if not run.has_no_end:
        return {}
    keys = {int(each.key) for each in unanswered if each.key.isascii() and each.key.isdecimal()}
    found = Sample.objects.filter(project=run.project_id, pk__in=keys).values_list("pk", "external_id")
    return {str(pk): external for pk, external in found}


def _row(run: Run, unanswered: Unanswered, stage: str, samples: Mapping[str, str], is_whole: bool) -> Row:
    raw, is_cut = (unanswered.raw_text, False) if is_whole else words.cut(unanswered.raw_text, RAW_TEXT_SHOWN)
    slug, key = run.project.slug, unanswered.key
    return {
        "pk": unanswered.pk,
        "key": samples.get(key, key),
        "sample_url": reverse("annotation:review", args=[slug, int(key)]) if key in samples else "",
        "stage": stage,
        "problem": unanswered.problem,
        "raw": raw,
        "is_cut": is_cut,
        "length": words.count(len(unanswered.raw_text)),
        "is_silent": unanswered.is_silent,
        "url": reverse("modelgen:run-failure", args=[slug, run.pk, unanswered.pk]),
    }


def kinds(stages: Collection[int]) -> list[Row]:
    """Problems that several rows have in the same words, the commonest first."""
    same = Unanswered.objects.filter(stage__in=stages).order_by().values("problem").annotate(count=Count("pk"))
    found = same.filter(count__gt=1).order_by("-count", "problem")[:KINDS_SHOWN]
    return [{"problem": each["problem"], "count": words.count(each["count"])} for each in found]
