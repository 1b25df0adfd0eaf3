"""Verifiable instructions: what a program can check of a response, after Zhou et al., "Instruction-Following Evaluation for
Large Language Models" (2311.07911). Kinds, wording and checks are our own.

    rng = np.random.default_rng(7)
    constraints = draw_constraints(rng, 2, Material(prompt="Tell me about tides.", keywords=("moon", "sea")))
    prompt = with_constraints("Tell me about tides.", constraints)
    verdict = check(response, constraints[0])
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from modelgen.options import OptionRefused, plain, read_options
from modelgen.verifiers.instructions import ends, languages, layout, lengths, wording
from modelgen.verifiers.instructions.constraint import CannotDraw, Constraint, Material
from modelgen.verifiers.verdict import Verdict

__all__ = [
    "KINDS",
    "CannotDraw",
    "Constraint",
    "ConstraintNotValid",
    "Material",
    "as_json",
    "check",
    "conflicts_of",
    "constraint_from",
    "draw_constraints",
    "with_constraints",
]

KINDS: dict[str, type[Constraint]] = {
    kind.kind: kind
    for kind in (
        lengths.WordCount,
        lengths.SentenceCount,
        lengths.ParagraphCount,
        lengths.ParagraphFirstWord,
        lengths.TwoResponses,
        layout.BulletCount,
        layout.HighlightCount,
        layout.SectionCount,
        layout.PlaceholderCount,
        layout.Title,
        layout.JsonOnly,
        wording.KeywordsIncluded,
        wording.KeywordsForbidden,
        wording.KeywordFrequency,
        wording.LetterFrequency,
        wording.NoCommas,
        wording.LowerCase,
        wording.UpperCase,
        wording.CapitalWords,
        ends.StartPhrase,
        ends.EndPhrase,
        ends.Postscript,
        ends.Quotation,
        ends.RepeatPrompt,
        ends.Options,
        languages.ResponseLanguage,
    )
}


class ConstraintNotValid(ValueError):
    """There is no such kind of constraint, or its parameters cannot be used."""


def constraint_from(kind: str, parameters: Mapping[str, Any]) -> Constraint:
    """Raises ConstraintNotValid."""
    if kind not in KINDS:
        raise ConstraintNotValid(f"There is no kind of constraint {kind!r}; there are: {', '.join(KINDS)}.")
    try:
        return read_options(KINDS[kind], parameters)
    except OptionRefused as refusal:
        raise ConstraintNotValid(f"Parameters of a constraint {kind}: {refusal.problem}") from refusal


def as_json(constraint: Constraint) -> dict[str, Any]:
    """As it travels in a sample's metadata."""
    return {"kind": constraint.kind, "parameters": plain(constraint)}


def conflicts_of(kind: str) -> frozenset[str]:
    """The kinds that cannot be asked for together with this one; itself is among them."""
    return frozenset(other for other, of in KINDS.items() if other == kind or of.fixes & KINDS[kind].fixes)


def draw_constraints(
    rng: np.random.Generator, count: int, material: Material, kinds: Iterable[str] = KINDS
) -> list[Constraint]:
    """`count` constraints that can be met together, or fewer when no further kind fits."""
    drawn: list[Constraint] = []
    order = list(kinds)
    for kind in (order[place] for place in rng.permutation(len(order))):
        if len(drawn) == count:
            break
        if any(kind in conflicts_of(earlier.kind) for earlier in drawn):
            continue
        try:
            drawn.append(KINDS[kind].drawn(rng, material))
        except CannotDraw:
            continue
    return drawn


def with_constraints(prompt: str, constraints: Sequence[Constraint]) -> str:
    """The prompt, then what is asked for; a prompt that is to be repeated stands last."""
    ordered = sorted(constraints, key=lambda constraint: isinstance(constraint, ends.RepeatPrompt))
    said = "\n".join(constraint.text() for constraint in ordered)
    has_prompt = any(isinstance(constraint, ends.RepeatPrompt) for constraint in constraints)
    return said if has_prompt else f"{prompt.rstrip()}\n\n{said}"


def check(response: str, constraint: Constraint, *, is_loose: bool = False) -> Verdict:
    """Whether a response meets a constraint; an empty one meets none.

    Loosely: it is enough that the response meets it without its first line, its last line or both, with or without stars
    (models add a greeting, or emphasis). Source: section 2.2 of 2311.07911.
    """
    problems = []
    for text in _forms(response) if is_loose else [response]:
        problem = constraint.problem(text) if text.strip() else "It is empty."
        if not problem:
            return Verdict(True)
        problems.append(problem)
    return Verdict(False, problems[0])


def _forms(response: str) -> list[str]:
    lines = response.split("\n")
    whole = [response, "\n".join(lines[1:]), "\n".join(lines[:-1]), "\n".join(lines[1:-1])]
    forms = [form.strip() for form in whole]
    return list(dict.fromkeys([response, *forms, *(form.replace("*", "") for form in forms)]))
