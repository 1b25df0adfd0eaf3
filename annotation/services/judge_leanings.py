"""What judges lean to, beside what people lean to on the same samples: from rows to the numbers package.

Only a comparison of two responses, or ratings of exactly two, can say which of them is preferred.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from django.db.models import Count, Q

from annotation.models import Judge, Project
from annotation.services import evidence, judging, response_lengths
from annotation.services.evidence import Evidence
from annotation.services.judgment_details import COMPARISONS, RELATIVES, verdicts_by_position
from consensus import judge_bias
from consensus.saying import said

SEED = 20260101  # intervals are the same every time they are computed from the same rows
NO_RELATIVES = said("No sample has exactly one response that is known to be by a model of its own family.")


def of_project(project: Project, first_rounds: Sequence[Evidence]) -> list[dict[str, Any]]:
    """A row for each enabled judge and attribute: what it leans to beside people.

    On first rounds, of which the random slice is a part: nothing has selected them, and the more samples the better.
    """
    judges = list(judging.enabled_judges(project))
    lengths = response_lengths.of_judged_samples(project) if judges else {}
    scopes = {attribute["name"]: attribute["scope"] for attribute in project.rubric.attributes}
    measured = [_Measured.of(said, scopes[said.attribute], lengths) for said in first_rounds]
    return [row for judge in judges for row in _rows(project, judge, measured)]


def totals(project: Project) -> list[dict[str, Any]]:
    """A row for each enabled judge: its judgments, and how many of them are unsure or of relatives."""
    return [_total(project, judge) for judge in judging.enabled_judges(project)]


def _rows(project: Project, judge: Judge, measured: Sequence["_Measured"]) -> list[dict[str, Any]]:
    words = evidence.everything_judged(project, judge, [of.said for of in measured])
    relatives, position = _relatives(project, judge), _positions(project, judge)
    about = {"judge": judge.name, "digest": judge.digest}
    return [
        {
            **about,
            "attribute": of.said.attribute,
            **of.leanings(word, relatives),
            "position": position(of.said.attribute),
        }
        for of, word in zip(measured, words, strict=True)
    ]


@dataclass(frozen=True, eq=False)
class _Pairs:
    """Samples of two responses of which one attribute says which is better.

    samples: their ids. rows: (N, 2) the units that hold the values: of the first and of the second response; of a
    comparison, the same one twice. is_comparison: then the value itself is the preference, else the difference.
    """

    samples: list[int]
    rows: np.ndarray
    is_comparison: bool

    @classmethod
    def of(cls, said: Evidence, scope: str, lengths: Mapping[int, Sequence[int]]) -> "_Pairs":
        """The pairs of an attribute among the samples that were judged (`lengths` has them all)."""
        places = {key: row for row, key in enumerate(said.keys)}
        wanted = (None, None) if scope == "comparison" else (0, 1)
        samples = [] if scope == "sample" or (said.scale.is_nominal and scope == "response") else list(lengths)
        found = {
            sample: [places[sample, place] for place in wanted]
            for sample in samples
            if len(lengths[sample]) == 2 and all((sample, place) in places for place in wanted)
        }
        return cls(list(found), np.array(list(found.values()), dtype=int).reshape(-1, 2), scope == "comparison")

    def preferences(self, values: np.ndarray) -> np.ndarray:
        """Values of units, (U, ...) -> of pairs, (N, ...): below 0 the first response is better, above 0 the second."""
        first, second = values[self.rows[:, 0]], values[self.rows[:, 1]]
        return second if self.is_comparison else second - first


@dataclass(frozen=True, eq=False)
class _Measured:
    """One attribute as judges are measured on it. pair_lengths: (N, 2) characters. unit_lengths: (U,), 0 where no judge spoke;
    None for what is not rated response by response."""

    said: Evidence
    pairs: _Pairs
    pair_lengths: np.ndarray
    unit_lengths: np.ndarray | None

    @classmethod
    def of(cls, said: Evidence, scope: str, lengths: Mapping[int, Sequence[int]]) -> "_Measured":
        pairs = _Pairs.of(said, scope, lengths)
        of_pairs = np.array([lengths[sample] for sample in pairs.samples], dtype=float).reshape(-1, 2)
        of_units = [lengths[sample][at] if at is not None and sample in lengths else 0 for sample, at in said.keys]
        return cls(said, pairs, of_pairs, np.array(of_units, dtype=float) if scope == "response" else None)

    def leanings(self, word: np.ndarray, relatives: Mapping[int, Sequence[int]]) -> dict[str, Any]:
        """Of the judge that said `word`, (U,). relatives: sample -> places of the responses by models of its family."""
        prompts = self.said.prompts[self.pairs.rows[:, 1]]
        said = self.pairs.preferences(word), self.pairs.preferences(self.said.ratings)
        marks = np.array([_mark(relatives.get(sample, ())) for sample in self.pairs.samples], dtype=float)
        to_relatives = judge_bias.leaning(*said, marks, prompts, _rng(), undefined=NO_RELATIVES)
        return {
            "longer": asdict(judge_bias.length_bias(*said, self.pair_lengths, prompts, _rng())),
            "relatives": asdict(to_relatives),
            "length_slope": self._slope(word),
        }

    def _slope(self, word: np.ndarray) -> dict[str, Any] | None:
        if self.unit_lengths is None:
            return None
        of = self.said
        slope = judge_bias.length_slope(word, of.ratings, self.unit_lengths, of.scale, of.prompts, _rng())
        return asdict(slope)


def _total(project: Project, judge: Judge) -> dict[str, Any]:
    said = evidence.judgments(project, judge)
    counts = said.aggregate(
        judgments=Count("pk"), unsure=Count("pk", Q(is_unsure=True)), of_relatives=Count("pk", Q(is_relative=True))
    )
    without_vote = 0 if project.lets_relatives_vote else counts["of_relatives"]
    about = {"judge": judge.name, "digest": judge.digest, "kind": judge.kind, "family": judge.family}
    return {**about, **counts, "without_vote": without_vote}


def _positions(project: Project, judge: Judge) -> Callable[[str], dict[str, Any]]:
    """By attribute, what the order did to the judge: on all that it judged, whether or not people have come yet."""
    asked = evidence.judgments(project, judge).filter(details__has_key=COMPARISONS).order_by("pk")
    rows = list(asked.values_list(f"details__{COMPARISONS}", "sample__content__prompt_digest"))

    def position(attribute: str) -> dict[str, Any]:
        said = [(verdicts_by_position(of[attribute]), prompt) for of, prompt in rows if attribute in of]
        verdicts = np.array([verdict for verdict, _ in said], dtype=float).reshape(-1, 2)
        return asdict(judge_bias.position_bias(verdicts, np.array([prompt for _, prompt in said], dtype=str), _rng()))

    return position


def _relatives(project: Project, judge: Judge) -> dict[int, list[int]]:
    known = evidence.judgments(project, judge).filter(details__has_key=RELATIVES)
    return dict(known.values_list("sample_id", f"details__{RELATIVES}"))


def _mark(relatives: Sequence[int]) -> int:
    """Of two responses: which one is by a relative; 0 when both are or neither is."""
    return {0: -1, 1: 1}[relatives[0]] if len(relatives) == 1 else 0


def _rng() -> np.random.Generator:
    return np.random.default_rng(SEED)
