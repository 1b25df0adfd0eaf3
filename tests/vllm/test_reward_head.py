"""A reward head on the hidden states of a real model: read by a real pooling server, kept, fitted out of fold."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from django.conf import settings

from annotation import ratings
from annotation.models import Judgment, Project
from annotation.services import evidence, judging
from modelgen.judges.head.levels import pooled_frequencies
from modelgen.models import HiddenState, Run
from modelgen.running import carrying_out, hidden_states, reward_heads
from modelgen.running.at_hand import EnginesAtHand, from_settings
from tests.modelgen.test_reward_heads import OVERALL, add_samples, everybody_rates, make_project
from tests.vllm.conftest import VllmServer

pytestmark = pytest.mark.django_db(transaction=True)
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SAMPLES, LABELLED = 150, 120

GOOD = (
    "is kind to its readers",
    "explains every step",
    "answers what was asked",
    "is clear and right",
    "helps at once",
)
BAD = (
    "insults its readers",
    "leaves out every step",
    "talks of something else",
    "is muddled and wrong",
    "helps nobody",
)


def said(number: int) -> list[str]:
    """As many kind words as the number says, and unkind ones for the rest: every text is about as long as any other."""
    rng = np.random.default_rng(number)
    parts = [GOOD[place] if place < number % 6 else BAD[place] for place in range(5)]
    return [" ".join(f"The text {parts[place]}." for place in rng.permutation(5))]


def rated(number: int, person: int) -> int:
    """One to six, by how many words are kind; every fifth rating is a level off."""
    return min(max(number % 6 + 1 + ((number + person) % 5 == 0), 1), 6)


@pytest.fixture
def project() -> Project:
    made = make_project([OVERALL])
    add_samples(made, range(SAMPLES), said)
    everybody_rates(made, range(LABELLED), rated)
    return made


@pytest.fixture
def hand(pooling_server: VllmServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[EnginesAtHand]:
    """What a worker has at hand: the address stands in the setting."""
    monkeypatch.setattr(settings, "MODEL_SERVERS", f"{pooling_server.model}={pooling_server.address}")
    at_hand = from_settings()
    yield at_hand
    at_hand.close()


def read_all(hand: EnginesAtHand) -> int:
    carrying_out.look(at=NOW)
    done = 0
    while carrying_out.do_next(hand, now=lambda: NOW):
        done += 1
    return done


def test_a_head_on_hidden_states_agrees_with_people_it_has_not_heard(
    project: Project, pooling_server: VllmServer, hand: EnginesAtHand, transformers_says: Callable[..., Any]
) -> None:
    plan = reward_heads.plan_for(project, model=pooling_server.model)
    assert read_all(hand) == 3
    assert Run.objects.get().problem == ""
    assert HiddenState.objects.count() == SAMPLES
    assert reward_heads.judge_all_projects() == SAMPLES
    assert read_all(hand) == 0

    judge = judging.enabled_judges(project).get()
    assert judge.configuration["fitted_to"] == LABELLED
    [people] = evidence.first_rounds(project)
    levels = ratings.Place(OVERALL, None).levels
    odds = dict(Judgment.objects.filter(judge=judge).values_list("sample_id", "probabilities"))
    said_of = np.array([odds[sample_id][0] for sample_id, _ in people.keys])
    print(judge.configuration["notes"], f"gain {gain(said_of, people.ratings, levels):.3f} nats a rating")
    assert gain(said_of, people.ratings, levels) > 0.2
    means = np.nanmean(people.ratings, axis=1)
    assert np.corrcoef(said_of @ levels, means)[0, 1] > 0.5

    # What was kept is what the other implementation computes.
    sample = project.samples.select_related("content").get(external_id="s3")
    prompt = [*sample.content.messages, {"role": "assistant", "content": sample.content.responses[0]["text"]}]
    [expected] = transformers_says(pooling_server.model, [{"state": True, "prompt": prompt}])
    [(_, states)] = hidden_states.stored(hidden_states.of_model(plan.model, ""), [sample.pk])
    assert cosine(states[0], np.array(expected)) > 0.999


def gain(probabilities: np.ndarray, given: np.ndarray, levels: list[int]) -> float:
    """Mean log-likelihood of a rating above the pooled frequencies of all ratings, which have even seen it."""
    counts = np.stack([(given == level).sum(axis=1) for level in levels], axis=1)
    pooled = pooled_frequencies(counts.astype(float), mirrored=False)
    return float((counts * (np.log(probabilities) - np.log(pooled))).sum() / counts.sum())


def cosine(one: np.ndarray, other: np.ndarray) -> float:
    return float(one @ other / np.linalg.norm(one) / np.linalg.norm(other))
