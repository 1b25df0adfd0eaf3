"""`reward-model`: the raw scores of a reward model, and what they say on the rubric's scales.

A reward model reads the conversation and one response and gives one score, or one for each of several attributes. The raw
scores are what is kept: a sigmoid or a rounding can be made again from them, and they cannot be made from it.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np

from consensus.saying import said
from modelgen.asking import Asking, CannotParse, NothingToSay
from modelgen.engines.protocol import Message, ScoreClasses
from modelgen.judges.fences import disarmed
from modelgen.judges.levels import Preference, between_neighbours, compared, compared_value, stands_for
from modelgen.judges.question import Attribute, Place, Question, Response, Said
from modelgen.judges.reading import content_text, for_template, turns_of
from modelgen.options import Between, OptionRefused, plain

HELPSTEER = ("helpfulness", "correctness", "coherence", "complexity", "verbosity")

WEIGHTS: Mapping[str, Mapping[str, float]] = {
    "nemotron-340b": dict(zip(HELPSTEER, (0.30, 0.74, 0.46, 0.47, -0.33), strict=True)),
    "llama3-70b": dict(zip(HELPSTEER, (0.65, 0.80, 0.45, 0.55, -0.40), strict=True)),
    "goodness": {"helpfulness": 0.65, "correctness": 0.80, "coherence": 0.45},
}
"""Published weighted sums of five attributes (2406.11704, 2406.08673): of the 340B and the 70B reward model, and of
the selection between rounds. What a preset does not name has the weight 0."""


@dataclass(frozen=True)
class RewardModelOptions:
    scores: Annotated[
        tuple[str, ...], said("what the model scores, in its order; empty: one score without a name")
    ] = ()
    weights: Annotated[str, said("named weights of the scores in the reward")] = ""
    own_weights: Annotated[Mapping[str, float] | None, said("weights of your own, score -> number")] = None
    lowest: Annotated[float, said("the score that stands for the lowest level of a scale")] = 0.0
    highest: Annotated[float, said("the score that stands for its highest level")] = 4.0
    slope: Annotated[float, Between(0.000001, 1e6), said("log-odds of being better for each point of reward")] = 1.0


class RewardModelJudge:
    """See above.

    - The *reward* of a response is its only score, or the weighted sum of its scores.
    - A comparison of two responses: the probability that the second is better is sigmoid(slope * (reward 2 - reward 1)), the
      Bradley-Terry model with which scalar reward models are trained (slope 1). For weighted sums it is a convention, in
      order but not in size: weighing it is calibration's part. It goes to the levels as `levels.compared` says.
    - An attribute of responses whose name is that of a score: the score is moved from `lowest`..`highest` to the ends of the
      attribute's scale (on 0-4, as the models of HelpSteer are trained, it stays itself), and its two neighbouring levels share
      the probability so that the score is their mean. The value is the nearest level.
    - Of all else nothing is said. A scalar model says nothing of a single response's attributes, but its reward is kept.

    Details: `scores`, for each response the raw scores in the model's order; `rewards`, for each response.
    """

    kind = "reward-model"
    version = 1

    def __init__(self, options: RewardModelOptions, role: str = "judge") -> None:
        """Raises OptionRefused when weights and scores do not belong together."""
        self._options = options
        self._weights = weights_of(options)
        self._role = role
        self.models = frozenset({role})
        self.configuration: Mapping[str, Any] = {"version": self.version, "options": plain(options)}

    def asking(self, question: Question, rng: np.random.Generator) -> Asking[Said]:
        """One call a response, all at the same time. Raises CannotParse, NothingToSay."""
        if not question.responses:
            raise NothingToSay("The sample has no response to score.")
        prompts = [scored_prompt(question.messages, response) for response in question.responses]
        replies = yield [ScoreClasses(model=self._role, prompt=prompt) for prompt in prompts]
        scores = [self._checked(reply.numbers) for reply in replies]
        rewards = [self.reward(each) for each in scores]
        return self._said(question, scores, rewards)

    def reward(self, scores: Sequence[float]) -> float:
        """One number for a response, from its raw scores in the model's order."""
        return math.fsum(weight * score for weight, score in zip(self._weights, scores, strict=True))

    def _checked(self, numbers: Sequence[float]) -> tuple[float, ...]:
        if len(numbers) != len(self._weights):
            raise CannotParse(
                f"The model gave {len(numbers)} scores where {len(self._weights)} are expected "
                f"({', '.join(self._options.scores) or 'one without a name'}). Set the option scores to what it gives."
            )
        if not all(map(math.isfinite, numbers)):
            raise CannotParse(f"The model gave a score that is no number: {list(numbers)}.")
        return tuple(numbers)

    def _said(self, question: Question, scores: Sequence[tuple[float, ...]], rewards: Sequence[float]) -> Said:
        said = [*self._rated(question, scores), *self._compared(question, rewards)]
        return Said(
            probabilities={place: probabilities for place, probabilities, _ in said},
            values={place: value for place, _, value in said},
            details={"scores": [list(each) for each in scores], "rewards": list(rewards)},
        )

    def _rated(self, question: Question, scores: Sequence[tuple[float, ...]]) -> list["_Word"]:
        words: list[_Word] = []
        for attribute in question.attributes:
            if attribute.scope == "response" and attribute.name in self._options.scores and not attribute.is_nominal:
                column = self._options.scores.index(attribute.name)
                rows = [
                    between_neighbours(self._on_scale(each[column], attribute), attribute.levels) for each in scores
                ]
                words += [((attribute.name, place), row, stands_for(row, attribute)) for place, row in enumerate(rows)]
        return words

    def _on_scale(self, score: float, attribute: Attribute) -> float:
        share = (score - self._options.lowest) / (self._options.highest - self._options.lowest)
        return attribute.levels[0] + share * (attribute.levels[-1] - attribute.levels[0])

    def _compared(self, question: Question, rewards: Sequence[float]) -> list["_Word"]:
        if len(rewards) != 2:
            return []
        preference = bradley_terry(*rewards, slope=self._options.slope)
        return [
            (
                (attribute.name, None),
                compared(preference, preference, attribute.levels),
                compared_value(preference, preference, attribute.levels),
            )
            for attribute in question.attributes
            if attribute.scope == "comparison"
        ]


_Word = tuple[Place, tuple[float, ...], int | None]


def bradley_terry(first: float, second: float, *, slope: float = 1.0) -> Preference:
    """Which of two responses is better, from their rewards: the log-odds are their difference.

    >>> bradley_terry(1.0, 1.0)
    Preference(first=0.5, second=0.5, neither=0.0)
    """
    gap = slope * (second - first)
    lesser = math.exp(-abs(gap)) / (1.0 + math.exp(-abs(gap)))
    greater = 1.0 / (1.0 + math.exp(-abs(gap)))
    return Preference(lesser, greater) if gap > 0 else Preference(greater, lesser)


def weights_of(options: RewardModelOptions) -> tuple[float, ...]:
    """The weight of each score in the reward, in the model's order; (1,) for a scalar model. Raises OptionRefused."""
    _check_scale(options)
    if not options.scores:
        if options.weights or options.own_weights:
            raise OptionRefused(
                ("weights",), "A model with one score has no weights. Name its scores, or leave them out."
            )
        return (1.0,)
    if len(set(options.scores)) < len(options.scores):
        raise OptionRefused(("scores",), "A score is named twice.")
    weights = _named_weights(options)
    if unknown := sorted(set(weights) - set(options.scores)):
        raise OptionRefused(
            ("weights",), f"There are weights for {', '.join(unknown)}, which the option scores does not name."
        )
    return tuple(float(weights.get(score, 0.0)) for score in options.scores)


def _named_weights(options: RewardModelOptions) -> Mapping[str, float]:
    if bool(options.weights) == (options.own_weights is not None):
        raise OptionRefused(
            ("weights",),
            f"Give either weights, one of {', '.join(WEIGHTS)}, or own_weights: they make one reward of the scores.",
        )
    if options.own_weights is not None:
        return options.own_weights
    if options.weights not in WEIGHTS:
        raise OptionRefused(("weights",), f"There are no weights {options.weights!r}; there are: {', '.join(WEIGHTS)}.")
    return WEIGHTS[options.weights]


def _check_scale(options: RewardModelOptions) -> None:
    if not options.lowest < options.highest:
        raise OptionRefused(("lowest",), f"lowest ({options.lowest:g}) must be below highest ({options.highest:g}).")


def scored_prompt(messages: Sequence[Message], response: Response) -> tuple[Message, ...]:
    """The conversation that ends with the response, as the model's chat template takes it.

    What a tokenizer could take for the end of a turn is broken in texts: a response must not write its own applause.
    """
    return tuple(_disarmed(message) for message in for_template((*messages, *turns_of(response))))


def _disarmed(message: Message) -> Message:
    return {**message, "content": disarmed(content_text(message.get("content")))}
