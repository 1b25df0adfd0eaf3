"""A crowd whose truth is known: careful people, and some who lean, guess, hurry or give one value everywhere."""

from dataclasses import dataclass, field

import numpy as np

from consensus.annotators import (
    PeopleFigures,
    agreement_parts,
    apart_from_others,
    bias,
    copying,
    mean_agreement,
    median_of,
    one_value,
    pace,
    position_preference,
    sameness,
    shifts,
    together,
)
from consensus.scales import Scale
from consensus.votes import Votes

RATED = Scale((0, 1, 2, 3, 4), "ordinal")
COMPARED = Scale((-3, -2, -1, 1, 2, 3), "ordinal")
ATTRIBUTES = ("helpfulness", "correctness", "coherence")
RESPONSES = 2


@dataclass
class Crowd:
    """Who is how. Each is person -> how much; whoever is not named is careful.

    noise: standard deviation of a rating. bias: points added to helpfulness. random: share of ratings that are thrown
    dice. first: share of comparisons in which what is shown first is taken unread. speed: log of the usual time. flat: share of samples with one value everywhere.
    easy: share of samples that deserve one value everywhere. copies: whom somebody copies wherever both answer. expert:
    share of the usual noise. tires: from the middle on, the log of the usual time and as many points of noise more.
    """

    people: int = 30
    samples: int = 300
    overlap: int = 3
    easy: float = 0.0
    noise: float = 0.8
    bias: dict[int, float] = field(default_factory=dict)
    random: dict[int, float] = field(default_factory=dict)
    first: dict[int, float] = field(default_factory=dict)
    speed: dict[int, float] = field(default_factory=dict)
    flat: dict[int, float] = field(default_factory=dict)
    copies: dict[int, int] = field(default_factory=dict)
    expert: dict[int, float] = field(default_factory=dict)
    tires: dict[int, float] = field(default_factory=dict)
    honest_spread: float = 0.15  # of everybody's bias, noise and speed


def figures(crowd: Crowd, seed: int) -> PeopleFigures:
    """Play the crowd, and measure everybody."""
    rng = np.random.default_rng(seed)
    places = np.array([rng.permutation(crowd.people)[: crowd.overlap] for _ in range(crowd.samples)])
    sample, person = np.repeat(np.arange(crowd.samples), crowd.overlap), places.ravel()
    said = _ratings(crowd, sample, person, rng)
    parts = [
        agreement_parts(
            _votes(said[:, a], sample, person, crowd), RATED, np.repeat(np.arange(crowd.samples), RESPONSES)
        )
        for a in range(len(ATTRIBUTES))
    ]
    compared, shown_first = _comparisons(crowd, sample, person, rng)
    seconds = _seconds(crowd, sample, person, rng)
    finished = sample * 100.0 + rng.permuted(np.tile(np.arange(crowd.overlap), (crowd.samples, 1)), axis=1).ravel()
    _copy(crowd, sample, person, said, compared, finished)
    votes = Votes.of(sample, person, compared, level_count=6, sample_count=crowd.samples, person_count=crowd.people)
    counts = {"sample_count": crowd.samples, "person_count": crowd.people}
    return PeopleFigures(
        agreement=mean_agreement([*parts, agreement_parts(votes, COMPARED)]),
        bias={
            name: bias(_votes(said[:, a], sample, person, crowd), RATED, np.repeat(np.arange(crowd.samples), RESPONSES))
            for a, name in enumerate(ATTRIBUTES)
        },
        steps=dict.fromkeys(ATTRIBUTES, 1.0),
        position={"preference": position_preference(votes, COMPARED, shown_first)},
        pace=pace(sample, person, seconds, **counts),
        sameness=sameness(sample, person, one_value(said.reshape(len(said), -1)), **counts),
        **_over_time(
            crowd, sample, person, np.column_stack([said.reshape(len(said), -1), compared]), finished, seconds
        ),
    )


def _copy(crowd, sample, person, said, compared, finished):
    """In place: what the source said, a little later."""
    for copier, source in crowd.copies.items():
        for row in np.flatnonzero(person == copier):
            for of in np.flatnonzero((sample == sample[row]) & (person == source)):
                said[row], compared[row], finished[row] = said[of], compared[of], finished[of] + 10


def _over_time(crowd, sample, person, given, finished, seconds):
    """Who copies whom, and who changed. Ten weeks of as many samples each."""
    of, week = together(sample, given, finished), sample * 10 // crowd.samples
    counts = {"sample_count": crowd.samples, "person_count": crowd.people}
    late = apart_from_others(sample, person, np.log(np.maximum(seconds, 1)), **counts, middle=median_of)
    level = apart_from_others(sample, person, given[:, :-1].mean(axis=1), **counts, middle=median_of)
    changed = {"pace": late, "agreement": of.beyond, "bias": level}
    return {
        "copying": copying(of, sample, person, finished, person_count=crowd.people),
        "shifts": {name: shifts(person, week, value, person_count=crowd.people) for name, value in changed.items()},
    }


def _column(crowd, who, person, usual=0.0):
    values = np.full(crowd.people, usual, dtype=float)
    for one, amount in who.items():
        values[one] = amount
    return values[person]


def _ratings(crowd, sample, person, rng):
    """(A, attributes, responses) levels."""
    shape = (crowd.samples, len(ATTRIBUTES), RESPONSES)
    truth = np.clip(rng.normal(2.6, 1.0, (crowd.samples, 1, RESPONSES)) + rng.normal(0, 0.6, shape), 0, 4)
    easy = rng.random(crowd.samples) < crowd.easy
    truth[easy] = truth[easy, :1, :1].round()
    own_noise = crowd.noise * np.exp(rng.normal(0, crowd.honest_spread, crowd.people))
    own_noise *= _column(crowd, crowd.expert, np.arange(crowd.people), 1.0)
    own_bias = rng.normal(0, crowd.honest_spread, (crowd.people, len(ATTRIBUTES)))
    noise = own_noise[person] * np.where(easy[sample], 0.2, 1.0) + np.abs(_tired(crowd, sample, person))
    given = truth[sample] + rng.normal(0, 1, (len(sample), *shape[1:])) * noise[:, None, None]
    given += own_bias[person][:, :, None] * np.where(easy[sample], 0.2, 1.0)[:, None, None]
    given[:, 0] += _column(crowd, crowd.bias, person)[:, None]
    dice = rng.random(given.shape) < _column(crowd, crowd.random, person)[:, None, None]
    given = np.where(dice, rng.integers(0, 5, given.shape), np.clip(given.round(), 0, 4)).astype(int)
    flat = rng.random(len(sample)) < _column(crowd, crowd.flat, person)
    given[flat] = given[flat, :1, :1]
    return given


def _votes(said, sample, person, crowd):
    """(A, responses) levels of one attribute, as votes on responses."""
    units = sample[:, None] * RESPONSES + np.arange(RESPONSES)
    people = np.repeat(person, RESPONSES)
    about = {"sample_count": crowd.samples * RESPONSES, "person_count": crowd.people}
    return Votes.of(units.ravel(), people, said.ravel(), level_count=5, **about)


def _comparisons(crowd, sample, person, rng):
    truth = rng.normal(0, 2, crowd.samples)
    shown_first = rng.integers(0, 2, len(sample))
    given = truth[sample] + rng.normal(0, 1.2, len(sample))
    unread = rng.random(len(sample)) < _column(crowd, crowd.first, person)
    given = np.where(unread, np.where(shown_first == 0, -1, 1) * rng.uniform(0.5, 3, len(sample)), given)
    given = np.where(
        rng.random(len(sample)) < _column(crowd, crowd.random, person), rng.uniform(-3, 3, len(sample)), given
    )
    return np.abs(COMPARED.values[None, :] - given[:, None]).argmin(axis=1), shown_first


def _seconds(crowd, sample, person, rng):
    length = rng.lognormal(7.5, 0.7, crowd.samples)
    own = rng.normal(0, 2 * crowd.honest_spread, crowd.people) + _column(crowd, crowd.speed, np.arange(crowd.people))
    own = own[person] + _tired(crowd, sample, person)
    seconds = 0.05 * length[sample] * np.exp(own + rng.normal(0, 0.5, len(sample)))
    return np.where(rng.random(len(sample)) < 0.03, seconds * 20, seconds)  # somebody left the page open


def _tired(crowd, sample, person):
    return np.where(sample * 2 >= crowd.samples, _column(crowd, crowd.tires, person), 0.0)
