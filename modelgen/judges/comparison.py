"""`llm-comparison`: a language model says which of two responses is better, asked in both orders.

It is asked once with the first response called A and once with the second, at the same time, so that a liking for one
of the places cancels out, and shows. Each comparison attribute of the rubric is asked for by one principle, sampled from a
named list (2310.13798): the same in both orders, another for another sample. Over many samples the list acts as an ensemble.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Any

import numpy as np

from consensus.saying import said
from modelgen.asking import Asking, NothingToSay
from modelgen.engines.protocol import Call, Reply
from modelgen.judges import principles
from modelgen.judges.answers import AnswerForm, Heard, Thinking
from modelgen.judges.levels import Preference, compared, compared_value
from modelgen.judges.prompts import Shown, comparison_prompt, shown
from modelgen.judges.question import Attribute, Question, Said
from modelgen.options import plain

ORDERS = {"given": (0, 1), "swapped": (1, 0)}
"""The places of the responses that are called A and B."""


@dataclass(frozen=True)
class ComparisonOptions:
    principles: Annotated[str, said("list of principles that one is sampled from")] = "overall"
    principles_of: Annotated[Mapping[str, str], said("another list for single attributes: attribute -> list")] = field(
        default_factory=dict
    )
    own_principles: Annotated[Mapping[str, Mapping[str, str]], said("lists of your own: list -> id -> principle")] = (
        field(default_factory=dict)
    )
    offers_tie: Annotated[bool, said('"equally good" is an answer too, on scales that have a 0')] = False
    thinking: Annotated[Thinking | None, said("sample texts that think before the verdict")] = None


@dataclass(frozen=True)
class _Asked:
    """One attribute, and how it is asked about."""

    attribute: Attribute
    principle: str  # its id
    words: str
    form: AnswerForm
    seed: int


class ComparisonJudge:
    """See above. Judges the comparison attributes of samples that have exactly two responses.

    What it says of an attribute: probabilities as `levels.compared` makes them; details under `comparisons`, by attribute:
    `principle`, its id; `second_is_better`, the mean over both orders of the probability that the second response is better
    (leaving "equally good" out); `given` and `swapped`, for each order `first`, `second` (the sample's responses, whichever
    was shown first), `neither` where that was offered, and `on_labels` or `counts` as in `answers`.
    It is unsure when the orders name different winners for any attribute.
    """

    kind = "llm-comparison"
    version = 1

    def __init__(self, options: ComparisonOptions, role: str = "judge") -> None:
        """Raises PrinciplesNotValid."""
        own = principles.checked(options.own_principles)
        used = sorted({options.principles, *options.principles_of.values()})
        self._lists = {name: principles.named(name, own) for name in used}
        self._options = options
        self._role = role
        self.models = frozenset({role})
        # With the words of every list that is used, shipped or not: whoever rewords one has another judge.
        written_out = replace(options, own_principles=self._lists)
        self.configuration: Mapping[str, Any] = {"version": self.version, "options": plain(written_out)}

    def asking(self, question: Question, rng: np.random.Generator) -> Asking[Said]:
        """Two calls an attribute, all at the same time. Raises CannotParse, NothingToSay."""
        attributes = comparisons_of(question)
        texts = shown(question, rng)
        asked = [self._asked(attribute, rng) for attribute in attributes]
        replies = yield [self._call(texts, about, order) for about in asked for order in ORDERS.values()]
        pairs = zip(replies[::2], replies[1::2], strict=True)
        return _said([_compared(about, pair) for about, pair in zip(asked, pairs, strict=True)])

    def _asked(self, attribute: Attribute, rng: np.random.Generator) -> _Asked:
        options = self._options
        of_list = self._lists[options.principles_of.get(attribute.name, options.principles)]
        # By name, not as written: a list that was stored as JSON may come back in another order.
        chosen = sorted(of_list)[int(rng.integers(len(of_list)))]
        labels = ("A", "B", "C") if options.offers_tie and 0 in attribute.levels else ("A", "B")
        form = AnswerForm("Verdict", labels, options.thinking)
        return _Asked(attribute, chosen, of_list[chosen], form, seed=int(rng.integers(2**31)))

    def _call(self, texts: Shown, about: _Asked, order: tuple[int, int]) -> Call:
        prompt = comparison_prompt(texts, order, about.attribute, about.words, about.form)
        return about.form.call(self._role, prompt, about.seed)


def comparisons_of(question: Question) -> list[Attribute]:
    """The attributes that compare, of a sample that can be compared. Raises NothingToSay."""
    attributes = [attribute for attribute in question.attributes if attribute.scope == "comparison"]
    if not attributes:
        raise NothingToSay(
            "This rubric compares nothing: it has no attribute of scope comparison. Take a rating judge."
        )
    count = len(question.responses)
    if count < 2:
        raise NothingToSay(f"This sample has {count} response{'' if count == 1 else 's'}: there is nothing to compare.")
    if count > 2:
        raise NothingToSay(
            f"This sample has {count} responses; a comparison is between exactly two. Make pairs of them."
        )
    return attributes


@dataclass(frozen=True)
class _Compared:
    """One attribute, judged in both orders."""

    about: _Asked
    given: Preference
    swapped: Preference
    notes: Mapping[str, Mapping[str, Any]]

    @property
    def is_unsure(self) -> bool:
        return self.given.winner != self.swapped.winner


def _compared(about: _Asked, replies: Sequence[Reply]) -> _Compared:
    heard = {
        name: about.form.read(reply, asked=f"{about.attribute.title}, responses {name}")
        for name, reply in zip(ORDERS, replies, strict=True)
    }
    given, swapped = (_preference(heard[name], order) for name, order in ORDERS.items())
    return _Compared(about, given, swapped, {name: each.notes for name, each in heard.items()})


def _preference(heard: Heard, order: tuple[int, int]) -> Preference:
    """From letters to responses."""
    first, second = "AB"[order.index(0)], "AB"[order.index(1)]
    return Preference(heard.shares[first], heard.shares[second], heard.shares.get("C", 0.0))


def _said(judged: Sequence[_Compared]) -> Said:
    return Said(
        probabilities={
            (each.about.attribute.name, None): compared(each.given, each.swapped, each.about.attribute.levels)
            for each in judged
        },
        values={
            (each.about.attribute.name, None): compared_value(each.given, each.swapped, each.about.attribute.levels)
            for each in judged
        },
        details={"comparisons": {each.about.attribute.name: _details(each) for each in judged}},
        is_unsure=any(each.is_unsure for each in judged),
    )


def _details(each: _Compared) -> dict[str, Any]:
    return {
        "principle": each.about.principle,
        "second_is_better": round((_share(each.given) + _share(each.swapped)) / 2, 6),
        "given": {**_plain(each.given, each.about.form), **each.notes["given"]},
        "swapped": {**_plain(each.swapped, each.about.form), **each.notes["swapped"]},
    }


def _share(preference: Preference) -> float:
    decided = preference.first + preference.second
    return preference.second / decided if decided else 0.5


def _plain(preference: Preference, form: AnswerForm) -> dict[str, float]:
    sides = {"first": round(preference.first, 6), "second": round(preference.second, 6)}
    return {**sides, "neither": round(preference.neither, 6)} if "C" in form.labels else sides
