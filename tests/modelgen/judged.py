"""Samples to be judged, and ways to answer what a judge asks: a test is the model."""

import math

import numpy as np

from modelgen.engines.protocol import Reply
from modelgen.judges.question import Attribute, Question, Response

SEVEN = (-3, -2, -1, 0, 1, 2, 3)
SIX = (-3, -2, -1, 1, 2, 3)
THREE = (-1, 0, 1)
TWO = (-1, 1)


def attribute(name, levels, *, scope="comparison", words=(), **more):
    words = tuple(words) or ("",) * len(levels)
    return Attribute(
        name=name, title=name.capitalize(), description="", levels=levels, meanings=words, scope=scope, **more
    )


PREFERENCE = attribute("preference", SEVEN)
HELPFULNESS = attribute(
    "helpfulness",
    (0, 1, 2, 3, 4),
    scope="response",
    words=("no use at all", "of little use", "misses a part", "nearly all of it", "just what was asked"),
)


def question(*responses, attributes=(PREFERENCE,), asked="Why is the sky blue?", messages=None):
    said = tuple(
        each if isinstance(each, Response) else Response(text=each)
        for each in (responses or ("Air scatters blue light most.", "It mirrors the sea."))
    )
    turns = messages or ({"role": "user", "content": asked},)
    return Question(key="q", messages=tuple(turns), responses=said, attributes=tuple(attributes))


def calls_of(judge, about, seed=0):
    asking = judge.asking(about, np.random.default_rng(seed))
    return asking, next(asking)


def judged(judge, about, answer, seed=0):
    """What a judge says when `answer(call)` answers each of its calls."""
    asking, calls = calls_of(judge, about, seed)
    while True:
        try:
            calls = asking.send([answer(call) for call in calls])
        except StopIteration as end:
            return end.value


def prompt_of(call):
    (message,) = call.prompt
    return message["content"]


def labels(**probabilities):
    """A reply to ScoreLabels: label -> probability (a digit as `_3`)."""
    return Reply(labels={name.lstrip("_"): math.log(p) if p else -math.inf for name, p in probabilities.items()})


def texts(*said):
    return Reply(texts=said, was_cut=(False,) * len(said))


def in_order(*replies):
    """Answers the calls one after the other."""
    left = list(replies)
    return lambda call: left.pop(0)
