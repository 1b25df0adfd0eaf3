"""What a page shows of the samples that were found: a query a table, for the rows of the page alone."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from annotation.models import ConsensusLabel, Project, Sample, SampleFacets
from annotation.statements import exploring as statements
from annotation.statements.running import rows

LETTERS = 180


@dataclass(frozen=True)
class Listed:
    """One sample of a list. labels: attribute -> its values by response; fields: those that the project is sliced by."""

    sample: Sample
    excerpt: str
    labels: Mapping[str, Sequence[int | None]]
    disagreement: float | None
    decided_at: datetime | None
    fields: Mapping[str, str | None]
    sensitive: str


def listed(project: Project, ids: Sequence[int], fields: Sequence[str]) -> list[Listed]:
    """The samples in the order of their ids here; one that went meanwhile is left out."""
    samples = Sample.objects.filter(project=project).in_bulk(list(ids))
    texts = {text.sample_id: text for text in _texts(ids, fields)}
    facets, labels = SampleFacets.objects.in_bulk(list(ids)), _labels(ids)
    return [
        Listed(
            sample=samples[pk],
            excerpt=" ".join((texts[pk].said or "").split()),
            labels=labels[pk],
            disagreement=facets[pk].disagreement if pk in facets else None,
            decided_at=facets[pk].decided_at if pk in facets else None,
            fields=json.loads(texts[pk].fields or "{}"),  # in a statement of our own jsonb comes as text
            sensitive=texts[pk].sensitive,
        )
        for pk in ids
        if pk in samples and pk in texts
    ]


def _texts(ids: Sequence[int], fields: Sequence[str]) -> list[Any]:
    return rows(statements.EXCERPTS, samples=list(ids), fields=list(fields), letters=LETTERS)


def _labels(ids: Sequence[int]) -> dict[int, dict[str, list[int | None]]]:
    found: defaultdict[int, dict[str, list[int | None]]] = defaultdict(dict)
    current = ConsensusLabel.objects.filter(sample__in=ids, is_current=True).order_by("sample_id", "response", "id")
    columns = ("sample_id", "attribute", "human_value", "merged_value", "routing_fit_id")
    for sample, attribute, human, merged, fit in current.values_list(*columns):
        found[sample].setdefault(attribute, []).append(merged if fit else human)
    return found
