"""`verifier`: ground truth as judge. It asks no model; it checks final answers and verifiable instructions by program.

What is right comes with the sample, in its metadata:

    answer: "42", or a list of texts of which one is enough; answer_kind: exact (the default), numeric or algebraic
    answer_tolerance, answer_relative_tolerance: how far a number may be off
    constraints: [{"kind": "word-count", "parameters": {"relation": "at most", "count": 50}}, ...]
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np

from consensus.saying import said
from modelgen.asking import Asking, CannotParse, NothingToSay
from modelgen.judges.question import Attribute, Place, Question, Said
from modelgen.options import plain
from modelgen.verifiers.answers import RightAnswer, UnknownAnswerKind, check_answer
from modelgen.verifiers.instructions import Constraint, ConstraintNotValid, as_json, check, constraint_from
from modelgen.verifiers.verdict import Verdict, all_of


@dataclass(frozen=True)
class VerifierOptions:
    attribute: Annotated[str, said("the attribute of single responses that says whether they are right")] = (
        "correctness"
    )
    is_loose: Annotated[bool, said("check constraints loosely: without first or last line, without stars")] = False


@dataclass(frozen=True)
class Checked:
    """One response: its verdict on the answer (None: there is none to check) and on each constraint."""

    answer: Verdict | None
    constraints: tuple[Verdict, ...]

    @property
    def passes(self) -> bool | None:
        """The answer is right and every constraint is met; None when that could not be verified."""
        return all_of([*([self.answer] if self.answer else []), *self.constraints]).is_met

    @property
    def share_met(self) -> float | None:
        """The share of constraints that are met; None without constraints."""
        met = [verdict.is_met is True for verdict in self.constraints]
        return sum(met) / len(met) if met else None


class VerifierJudge:
    """See above.

    - A response passes when its answer is right and it meets every constraint.
    - An attribute of responses named by the option: its highest level for one that passes, its lowest for one that does not.
    - A comparison of two responses, of which one passes and the other does not: the strongest level for the one that passes.
      Both pass or both fail: 0 where the scale has it, otherwise nothing.
    - What could not be verified (it took too long, cannot be read, is in another unit) counts neither way: nothing is said of
      that response, nor of a comparison with it.

    Details: `responses`, for each `passes`, `answer` (`is_right`, `reason`), `constraints` (`kind`, `parameters`, `is_met`,
    `reason`) and `share_met`.
    """

    kind = "verifier"
    version = 1

    def __init__(self, options: VerifierOptions, role: str = "judge") -> None:
        self._options = options
        self.models: frozenset[str] = frozenset()
        self.configuration: Mapping[str, Any] = {"version": self.version, "options": plain(options)}

    def asking(self, question: Question, rng: np.random.Generator) -> Asking[Said]:
        """Asks nothing. Raises NothingToSay, and CannotParse when the sample's metadata cannot be used."""
        yield from ()
        right, constraints = right_answer(question.metadata), constraints_of(question.metadata)
        if right is None and not constraints:
            raise NothingToSay("The sample has neither an answer nor constraints to verify.")
        checked = [self._checked(response.text, right, constraints) for response in question.responses]
        return Said(
            probabilities=self._probabilities(question.attributes, [each.passes for each in checked]),
            details={"responses": [_details(each, constraints) for each in checked]},
        )

    def _checked(self, text: str, right: RightAnswer | None, constraints: Sequence[Constraint]) -> Checked:
        return Checked(
            answer=check_answer(text, right) if right else None,
            constraints=tuple(check(text, constraint, is_loose=self._options.is_loose) for constraint in constraints),
        )

    def _probabilities(
        self, attributes: Sequence[Attribute], passes: Sequence[bool | None]
    ) -> dict[Place, tuple[float, ...]]:
        levels: dict[Place, tuple[float, ...]] = {}
        for attribute in attributes:
            for place, level in self._levels(attribute, passes):
                if level is not None:
                    levels[attribute.name, place] = tuple(float(each == level) for each in attribute.levels)
        return levels

    def _levels(self, attribute: Attribute, passes: Sequence[bool | None]) -> list[tuple[int | None, int | None]]:
        """Places, and the level of each; None: nothing is said."""
        if attribute.is_nominal:
            return []
        if attribute.scope == "comparison" and len(passes) == 2:
            return [(None, compared_level(passes[0], passes[1], attribute.levels))]
        if attribute.scope == "response" and attribute.name == self._options.attribute:
            ends = {True: attribute.levels[-1], False: attribute.levels[0], None: None}
            return [(place, ends[each]) for place, each in enumerate(passes)]
        return []


def compared_level(first: bool | None, second: bool | None, levels: Sequence[int]) -> int | None:
    """The level of a comparison when it is known which response passes; None: nothing can be said on this scale."""
    if first is None or second is None:
        return None
    level = 0 if first == second else (levels[0] if first else levels[-1])
    side = int(second) - int(first)
    return level if level in levels and np.sign(level) == side else None


def right_answer(metadata: Mapping[str, Any]) -> RightAnswer | None:
    """What the metadata says is right; None when they say nothing. Raises CannotParse."""
    given = metadata.get("answer")
    if given is None:
        return None
    texts = given if isinstance(given, list | tuple) else [given]
    if not texts or not all(isinstance(text, str | int | float) for text in texts):
        raise CannotParse(f"The sample's answer must be a text, a number or a list of them, not {str(given)[:60]!r}.")
    try:
        return RightAnswer(
            texts=tuple(map(str, texts)),
            kind=metadata.get("answer_kind", "exact"),
            tolerance=_tolerance(metadata, "answer_tolerance"),
            relative_tolerance=_tolerance(metadata, "answer_relative_tolerance"),
        )
    except UnknownAnswerKind as error:
        raise CannotParse(f"The sample's answer_kind cannot be used. {error}") from error


def _tolerance(metadata: Mapping[str, Any], key: str) -> float:
    given = metadata.get(key, 0.0)
    if isinstance(given, bool) or not isinstance(given, int | float) or not 0 <= given < 1e300:
        raise CannotParse(f"The sample's {key} must be a number that is not negative, not {str(given)[:60]!r}.")
    return float(given)


def constraints_of(metadata: Mapping[str, Any]) -> list[Constraint]:
    """The constraints that the metadata name. Raises CannotParse."""
    given = metadata.get("constraints") or []
    if not isinstance(given, list | tuple) or not all(isinstance(each, Mapping) for each in given):
        raise CannotParse("The sample's constraints must be a list of kinds with their parameters.")
    try:
        return [constraint_from(str(each.get("kind", "")), each.get("parameters") or {}) for each in given]
    except ConstraintNotValid as error:
        raise CannotParse(f"A constraint of the sample cannot be used. {error}") from error


def _details(checked: Checked, constraints: Sequence[Constraint]) -> dict[str, Any]:
    answer = checked.answer
    return {
        "passes": checked.passes,
        "answer": {"is_right": answer.is_met, "reason": answer.reason} if answer else None,
        "constraints": [
            {**as_json(constraint), "is_met": verdict.is_met, "reason": verdict.reason}
            for constraint, verdict in zip(constraints, checked.constraints, strict=True)
        ],
        "share_met": checked.share_met,
    }
