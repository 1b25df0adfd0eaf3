"""The closest three and the settle test once more, from their definitions, in exact fractions and plain loops."""

from fractions import Fraction
from itertools import combinations
from math import isnan


def closest_three(ratings, slots):
    triggers = [k for k, slot in enumerate(slots) if slot.is_trigger]
    people = [i for i, row in enumerate(ratings) if not any(isnan(row[k]) for k in triggers)]
    best = None
    for triple in combinations(people, 3):
        spread = sum(
            _apart(ratings[i][k], ratings[j][k], slots[k]) for i, j in combinations(triple, 2) for k in triggers
        )
        remote = sum(_from_mean_of_all(triple, people, [row[k] for row in ratings], slots[k].scale) for k in triggers)
        if best is None or (spread, remote) < best[:2]:
            best = (spread, remote, triple)
    return best and best[2]


def can_settle(ratings, slots):
    triggers = [k for k, slot in enumerate(slots) if slot.is_trigger]
    people = [i for i, row in enumerate(ratings) if not any(isnan(row[k]) for k in triggers)]
    return any(
        all(
            _points_apart(ratings[i][k], ratings[j][k], slots[k].scale) <= slots[k].settle_within
            for i, j in combinations(triple, 2)
            for k in triggers
        )
        for triple in combinations(people, 3)
    )


def _points_apart(one, two, scale):
    return int(one != two) if scale.is_nominal else abs(int(one) - int(two))


def _apart(one, two, slot):
    width = 1 if slot.scale.is_nominal else slot.scale.levels[-1] - slot.scale.levels[0]
    return Fraction(_points_apart(one, two, slot.scale), width)


def _from_mean_of_all(triple, people, column, scale):
    three, everybody = [column[i] for i in triple], [column[i] for i in people]
    if scale.is_nominal:
        return sum(abs(_share(three, level) - _share(everybody, level)) for level in scale.levels) / 2
    return abs(_mean(three) - _mean(everybody)) / (scale.levels[-1] - scale.levels[0])


def _share(values, level):
    return Fraction(values.count(level), len(values))


def _mean(values):
    return Fraction(sum(map(int, values)), len(values))
