"""How an answer of one label is asked for, and read: by the probabilities of the labels, or from texts that end in a verdict."""

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from consensus.saying import said
from modelgen.asking import CannotParse
from modelgen.engines.protocol import Call, Generate, Prompt, Reply, Sampling, ScoreLabels
from modelgen.options import Between

UNREADABLE = "unreadable"


@dataclass(frozen=True)
class Thinking:
    """Several texts are sampled that think first; the share of their verdicts is the probability.

    The probability of a last word after a reasoning is all but 0 or 1 and says nothing (2503.03064), hence the share.
    """

    count: Annotated[int, Between(1, 64), said("texts sampled, in each order")] = 5
    temperature: Annotated[float, Between(0.05, 2), said("above 0, or all texts would be the same")] = 0.7
    most_tokens: Annotated[int, Between(16, 32768), said("of each text; what is cut has no verdict")] = 1024


@dataclass(frozen=True)
class Heard:
    """shares: a probability for each label, summing to 1. notes: what is kept of how it was said, JSON."""

    shares: Mapping[str, float]
    notes: Mapping[str, Any]


@dataclass(frozen=True)
class AnswerForm:
    """An answer that is one of these labels. word: what its last line begins with, when it is asked to think."""

    word: str
    labels: tuple[str, ...]
    thinking: Thinking | None = None

    def request(self) -> str:
        """The end of a prompt: in which form to answer."""
        names = ", ".join(self.labels[:-1]) + " or " + self.labels[-1]
        if self.thinking is None:
            return f"Answer with {names} alone: no other word before or after it."
        return (
            "First weigh what speaks for and against, in a few sentences. Then write one last line in exactly this form,\n"
            f"with {names} in place of the dots and nothing after it:\n{self.word}: ..."
        )

    def call(self, model: str, prompt: Prompt, seed: int) -> Call:
        """The probabilities of the labels, or `thinking.count` texts drawn with this seed."""
        if self.thinking is None:
            return ScoreLabels(model=model, prompt=prompt, labels=self.labels)
        drawn = Sampling(
            temperature=self.thinking.temperature,
            most_tokens=self.thinking.most_tokens,
            count=self.thinking.count,
            seed=seed,
        )
        return Generate(model=model, prompt=prompt, sampling=drawn)

    def read(self, reply: Reply, *, asked: str) -> Heard:
        """What a reply says. asked: what it was about, for the message. Raises CannotParse."""
        if self.thinking is None:
            return label_shares(reply.labels, self.labels, asked=asked)
        return verdict_shares(reply, self, asked=asked)


def label_shares(logs: Mapping[str, float], labels: Sequence[str], *, asked: str) -> Heard:
    """Probabilities of the labels among themselves, from natural logs of their probability among all tokens.

    notes: `on_labels`, how much of all probability the labels had together; little means that the model wanted to write
    something else. Raises CannotParse when it has none of them.
    """
    heard = {label: logs.get(label, -math.inf) for label in labels}
    top = max(heard.values())
    if not math.isfinite(top) or any(math.isnan(log) for log in heard.values()):
        raise CannotParse(
            f"{asked}: the model begins its answer with none of {', '.join(labels)}. "
            "Take a model that follows instructions, or let this judge think first."
        )
    weights = {label: math.exp(log - top) for label, log in heard.items()}
    total = sum(weights.values())
    on_labels = sum(math.exp(log) for log in heard.values())
    return Heard({label: weight / total for label, weight in weights.items()}, {"on_labels": round(on_labels, 6)})


def verdict_shares(reply: Reply, form: AnswerForm, *, asked: str) -> Heard:
    """The share of each label among the readable texts; notes: `counts`, with those that had no verdict. Raises CannotParse."""
    was_cut = reply.was_cut or (False,) * len(reply.texts)
    read = [last_word(text, form) if not cut else None for text, cut in zip(reply.texts, was_cut, strict=True)]
    counts = Counter(label or UNREADABLE for label in read)
    readable = len(read) - counts[UNREADABLE]
    if not readable:
        raise CannotParse(
            f"{asked}: none of {len(read)} texts ends in a line such as {form.word}: {form.labels[0]}"
            f" ({sum(was_cut)} of them were cut for length)."
        )
    shares = {label: counts[label] / readable for label in form.labels}
    return Heard(shares, {"counts": {label: counts[label] for label in (*form.labels, UNREADABLE)}})


def last_word(text: str, form: AnswerForm) -> str | None:
    """The label in the last line that is not empty, if that line has the form; signs of emphasis around it do not matter."""
    last = next((line for line in reversed(text.splitlines()) if line.strip()), "")
    around = r"[\s*_`\"'#>()\[\].]*"
    found = re.fullmatch(rf"{around}{form.word}{around}:{around}([a-z0-9]+){around}", last, re.IGNORECASE)
    label = found.group(1).upper() if found else ""
    return label if label in form.labels else None
