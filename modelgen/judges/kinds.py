"""Every kind of judge that is made of options, by its name; and the options, read and checked."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from modelgen.judges.comparison import ComparisonJudge, ComparisonOptions
from modelgen.judges.principles import PrinciplesNotValid
from modelgen.judges.question import Judge
from modelgen.judges.rating import RatingJudge, RatingOptions
from modelgen.judges.reward_model import RewardModelJudge, RewardModelOptions
from modelgen.judges.verifier import VerifierJudge, VerifierOptions
from modelgen.options import OptionRefused, read_options


class JudgeOptionsRefused(ValueError):
    """There is no such kind of judge, or one of its options cannot be used."""


@dataclass(frozen=True)
class JudgeKind:
    """How to make a judge. options: a dataclass as `modelgen.options` reads it. make: from such options and a model's role."""

    options: type
    make: Callable[[Any, str], Judge]


JUDGE_KINDS: dict[str, JudgeKind] = {
    "llm-comparison": JudgeKind(ComparisonOptions, ComparisonJudge),
    "llm-rating": JudgeKind(RatingOptions, RatingJudge),
    "reward-model": JudgeKind(RewardModelOptions, RewardModelJudge),
    "verifier": JudgeKind(VerifierOptions, VerifierJudge),
}


def judge_from(kind: str, options: Mapping[str, Any], *, role: str = "judge") -> Judge:
    """A judge of this kind. role: the model that it asks, by its name in calls; not a part of the judge's identity.

    The judge's `configuration` (JSON: version and options, all of them written out) is what tells it from others; given back
    here, its options make the same judge. Raises JudgeOptionsRefused.
    """
    if kind not in JUDGE_KINDS:
        raise JudgeOptionsRefused(f"There is no kind of judge {kind!r}; there are: {', '.join(JUDGE_KINDS)}.")
    made = JUDGE_KINDS[kind]
    try:
        return made.make(read_options(made.options, options), role)
    except OptionRefused as error:
        where = ".".join(map(str, error.path))
        raise JudgeOptionsRefused(
            f"Options of a judge {kind}{f', {where}' if where else ''}: {error.problem}"
        ) from error
    except PrinciplesNotValid as error:
        raise JudgeOptionsRefused(f"Options of a judge {kind}: {error}") from error
