"""What samples are found and sorted by, read from their rows: written down again whenever something was added to them."""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from annotation import ratings
from annotation.explorer import tokens
from annotation.models import Annotation, Assignment, ConsensusLabel, Judgment, Project, Sample
from annotation.services.evidence import Translation
from annotation.services.labels import ADJUDICATION
from annotation.statements import exploring as statements
from annotation.statements.running import changed, rows

Key = tuple[str, int | None]  # attribute, response


def put(project: Project, samples: Sequence[int]) -> int:
    """Write down the facets of samples of this project, by id; returns how many are new or others than before."""
    of = _Rows(project, samples)
    written = json.dumps([of.facets(row) for row in _samples(samples)], default=datetime.isoformat)
    return changed(statements.PUT_FACETS, project=project.pk, facets=written)


def _samples(samples: Sequence[int]) -> Iterable[dict[str, Any]]:
    own = ("pk", "purpose", "state", "response_count", "priority", "created_at", "is_fixed_overlap")
    return Sample.objects.filter(pk__in=samples).values(*own, "content__metadata", "content__sensitive")


@dataclass
class _Sample:
    """What was said of one sample. first_round: everybody's ratings in the places of the project's rubric."""

    first_round: list[Sequence[int | None]] = field(default_factory=list)
    labels: dict[Key, int] = field(default_factory=dict)
    judgments: list[tuple[int, Sequence[int | None]]] = field(default_factory=list)
    flags: set[str] = field(default_factory=set)
    decided_at: datetime | None = None


class _Rows:
    """Everything that is known of some samples of one project, a query a table."""

    def __init__(self, project: Project, samples: Sequence[int]) -> None:
        self._project, self._translation = project, Translation(project)
        self._triggers = project.policy.triggers
        self._layouts: dict[int, list[ratings.Place]] = {}
        self._of: defaultdict[int, _Sample] = defaultdict(_Sample)
        self._read_annotations(samples)
        self._read_labels(samples)
        self._read_judgments(samples)
        for decided in rows(statements.DECIDED, samples=list(samples)):
            self._of[decided.sample_id].decided_at = decided.at

    def facets(self, sample: dict[str, Any]) -> dict[str, Any]:
        """One row of annotation_samplefacets."""
        known = self._of[sample["pk"]]
        spreads = self._spreads(sample, known)
        return {
            "sample_id": sample["pk"],
            "tokens": self._tokens(sample, known, spreads),
            "disagreement": max((w for name, (_, w) in spreads.items() if name in self._triggers), default=None),
            "priority": sample["priority"],
            "imported_at": sample["created_at"],
            "decided_at": known.decided_at if sample["state"] not in ("open", "escalated") else None,
        }

    def _tokens(self, sample: dict[str, Any], known: _Sample, spreads: dict[str, tuple[int, float]]) -> list[str]:
        project = self._project.pk
        flags = known.flags | {
            flag
            for flag, is_so in (
                (tokens.SENSITIVE, sample["content__sensitive"]),
                (tokens.SLICE, sample["is_fixed_overlap"]),
            )
            if is_so
        }
        return [
            tokens.state(project, sample["state"]),
            tokens.purpose(project, sample["purpose"]),
            *sorted({tokens.label(project, name, level) for (name, _), level in known.labels.items()}),
            *(tokens.spread(project, name, steps) for name, (steps, _) in spreads.items()),
            *(tokens.differs(project, judge) for judge in self._who_differ(sample, known)),
            *(tokens.has(project, flag) for flag in sorted(flags)),
            *tokens.fields(project, sample["content__metadata"] or {}),
        ]

    def _spreads(self, sample: dict[str, Any], known: _Sample) -> dict[str, tuple[int, float]]:
        """Of every attribute that two people rated: its widest range in points, and as a share of its scale."""
        found: dict[str, tuple[int, float]] = {}
        for at, place in enumerate(self._places(sample)):
            given = [packed[at] for packed in known.first_round if packed[at] is not None]
            if len(given) > 1:
                found[place.name] = max(found.get(place.name, (0, 0.0)), _range(place, given))
        return found

    def _who_differ(self, sample: dict[str, Any], known: _Sample) -> list[int]:
        """The judges whose word on a trigger is further from the label than people may be who agree."""
        limits = [self._triggers.get(place.name, {}).get("settle_within") for place in self._places(sample)]
        labels = [known.labels.get((place.name, place.response)) for place in self._places(sample)]
        nominal = [place.scale.is_nominal for place in self._places(sample)]

        def differs(packed: Sequence[int | None]) -> bool:
            return any(
                said is not None
                and label is not None
                and within is not None
                and (said != label if of_names else abs(said - label) > within)
                for said, label, within, of_names in zip(packed, labels, limits, nominal, strict=True)
            )

        return sorted({judge for judge, packed in known.judgments if differs(packed)})

    def _places(self, sample: dict[str, Any]) -> list[ratings.Place]:
        size = sample["response_count"]
        if size not in self._layouts:
            self._layouts[size] = ratings.layout(self._project.rubric.attributes, size)
        return self._layouts[size]

    def _read_annotations(self, samples: Sequence[int]) -> None:
        said = Annotation.objects.filter(is_current=True, assignment__sample__in=samples, assignment__is_gold=False)
        columns = ("assignment__sample_id", "assignment__state", "assignment__sample__response_count")
        for sample, state, size, rubric, packed, round_, comment in said.values_list(
            *columns, "rubric_id", "ratings", "round", "comment"
        ):
            known = self._of[sample]
            known.flags |= {tokens.COMMENT} if comment.strip() else set()
            known.flags |= {tokens.LATE} if state == Assignment.State.LATE else set()
            if state == Assignment.State.SUBMITTED and round_ == 1:
                known.first_round.append(self._translation.of(packed, rubric, size))

    def _read_labels(self, samples: Sequence[int]) -> None:
        current = ConsensusLabel.objects.filter(sample__in=samples, is_current=True)
        columns = ("sample_id", "attribute", "response", "human_value", "merged_value", "routing_fit_id", "method")
        for sample, attribute, response, human, merged, fit, method in current.values_list(*columns):
            known, level = self._of[sample], merged if fit else human
            known.flags |= {tokens.JUDGES} if fit else set()
            known.flags |= {tokens.REVIEWER} if method == ADJUDICATION else set()
            if level is not None:
                known.labels[attribute, response] = level

    def _read_judgments(self, samples: Sequence[int]) -> None:
        said = Judgment.objects.filter(sample__in=samples)
        for sample, judge, rubric, packed, size in said.values_list(
            "sample_id", "judge_id", "rubric_id", "ratings", "sample__response_count"
        ):
            self._of[sample].judgments.append((judge, self._translation.of(packed, rubric, size)))


def _range(place: ratings.Place, given: Sequence[Any]) -> tuple[int, float]:
    """In points of the scale, and as a share of it; of names that differ: 1."""
    if place.scale.is_nominal:
        steps = int(len(set(given)) > 1)
        return steps, float(steps)
    steps = max(given) - min(given)
    return steps, steps / (place.levels[-1] - place.levels[0])
