"""From facts to sums: what some thousand samples add to every statistic. Pure: the same facts under the same rules add the same.

Ratings are put into long form once (`batch`), and each statistic is a few lines on whole columns. Samples whose ratings are
alike are counted as one kind, so that the cost of pairs does not grow with the samples.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from annotation.statistics import facts, names
from annotation.statistics.batch import Batch, Long, Sliced
from annotation.statistics.cells import Sums, pack
from annotation.statistics.kinds import Kinds
from annotation.statistics.names import Count, OfDay, OfJudge, OfPerson, OfWeek
from annotation.statistics.rules import Rules

FIRST_ROUNDS, RANDOM_SLICE, AFTER_SELECTION = "first_rounds", "random_slice", "after_selection"


def count(texts: Sequence[str], rules: Rules, sums: Sums, sign: int = 1) -> None:
    """Add what samples with these facts contribute, or take it out (sign -1)."""
    if not texts:
        return
    batch = Batch.of(texts, rules)
    _samples(batch, sums, sign)
    _days(batch, sums, sign)
    _causes(batch, sums, sign)
    _work(batch, sums, sign)
    _judges_work(batch, sums, sign)
    for attribute in range(len(rules.layouts.names)):
        _attribute(batch, attribute, sums, sign)


def _samples(batch: Batch, sums: Sums, sign: int) -> None:
    state, flags = batch.state, batch.flags
    by_judges = flags & facts.BY_JUDGES > 0
    decided = (state != facts.STATES.index("open")) & ~by_judges
    could = decided & (flags & facts.FIXED == 0)
    said = np.bincount(batch.annotation.sample[batch.annotation.counted], minlength=batch.size)
    late = np.bincount(batch.annotation.sample[~batch.annotation.counted], minlength=batch.size)
    every = batch.everywhere
    every.add(sums, names.SAMPLES, state, np.ones_like(state), sign)
    for cell, values in (
        (Count.TOTAL, np.ones_like(state)),
        (Count.DECIDED, decided),
        (Count.SETTLED_BY_JUDGES, by_judges),
        (Count.COULD_ESCALATE, could),
        (Count.ESCALATED_EVER, could & (flags & facts.ESCALATED > 0)),
        (Count.DISAGREED, could & (flags & facts.DISAGREED > 0)),
        (Count.ANNOTATIONS, said),
        (Count.ANNOTATIONS_OF_DECIDED, np.where(decided, said, 0)),
        (Count.LATE, late),
        (Count.FIXED_OVERLAP, flags & facts.FIXED > 0),
    ):
        every.add(sums, names.SAMPLES, np.full(batch.size, cell), values, sign)


def _days(batch: Batch, sums: Sums, sign: int) -> None:
    said, moves = batch.annotation, batch.moves
    counted, late = said.counted, ~said.counted
    one = np.ones(batch.size, dtype=np.int64)
    batch.everywhere.add(sums, names.DAYS, pack(batch.day, OfDay.ARRIVED), one, sign)
    batch.of_samples(moves.sample).add(sums, names.DAYS, pack(moves.day, moves.target), np.ones_like(moves.day), sign)
    of_counted, of_late = batch.of_samples(said.sample[counted]), batch.of_samples(said.sample[late])
    seconds = np.maximum(said.seconds, 0)
    for cell, values in ((OfDay.ANNOTATIONS, np.ones_like(seconds)), (OfDay.ACTIVE_SECONDS, seconds)):
        of_counted.add(sums, names.DAYS, pack(said.day[counted], cell), values[counted], sign)
    of_late.add(sums, names.DAYS, pack(said.day[late], OfDay.LATE), np.ones(int(late.sum()), dtype=np.int64), sign)


def _causes(batch: Batch, sums: Sums, sign: int) -> None:
    for cause, samples in batch.causes.items():
        batch.of_samples(np.array(samples)).add(
            sums, names.CAUSES, np.zeros(len(samples)), np.ones(len(samples)), sign, cause
        )


def _work(batch: Batch, sums: Sums, sign: int) -> None:
    """What each person did, whatever others said."""
    said = batch.annotation
    rows = batch.rows_of_people(sums, said.annotator)

    def add(cells: np.ndarray, values: np.ndarray, of: np.ndarray) -> None:
        sums.add(names.PEOPLE_WORK, rows[of], cells[of], values[of], sign)

    kind = np.zeros_like(said.day)
    one = np.ones_like(said.day)
    add(pack(kind + OfPerson.ANNOTATIONS, 0, 0), one, said.counted)
    add(pack(kind + OfPerson.ANNOTATIONS, 0, 1), one, ~said.counted)
    add(pack(kind + OfPerson.ANNOTATIONS, 0, 2), one, said.counted & said.neither)
    timed = said.counted & (said.seconds >= 0)
    bins = np.floor(names.BINS_AN_OCTAVE * np.log2(np.maximum(said.seconds, 1))).astype(np.int64)
    add(pack(kind + OfPerson.SECONDS, 0, bins), one, timed)
    add(pack(kind + OfPerson.ACTIVE_SECONDS, 0, 0), said.seconds, timed)
    add(pack(kind + OfPerson.STRAIGHT, 0, 0), one, said.counted & said.has_three)
    add(pack(kind + OfPerson.STRAIGHT, 0, 1), one, said.counted & said.is_straight)


def _judges_work(batch: Batch, sums: Sums, sign: int) -> None:
    judged = batch.judgment
    cells = [
        (OfJudge.JUDGMENTS, np.ones_like(judged.judge)),
        (OfJudge.UNSURE, judged.flags & facts.UNSURE > 0),
        (OfJudge.RELATIVE, judged.flags & facts.RELATIVE > 0),
    ]
    for judge, of in batch.by_judge():
        for cell, values in cells:
            picked = np.asarray(values)[of]
            of_judge = batch.of_samples(judged.sample[of])
            of_judge.add(sums, names.JUDGES_WORK, np.full(len(of), cell), picked, sign, str(judge))


def _attribute(batch: Batch, attribute: int, sums: Sums, sign: int) -> None:
    """Everything that is told of one attribute."""
    given = batch.given[attribute]
    said, name = batch.annotation, batch.layouts.names[attribute]
    counted = said.counted[given.row]
    first = given.where(counted & (said.round[given.row] == 1))
    _levels_of_people(batch, attribute, given.where(counted), sums, sign)
    kinds = Kinds.of(first, batch.layouts.scales[attribute])
    _levels(batch, name, first, sums, sign)
    _spread(batch, attribute, kinds, sums, sign)
    _pairs(batch, f"{names.PAIRS}{FIRST_ROUNDS}", name, kinds, sums, sign)
    _people(batch, attribute, kinds, sums, sign)
    _judges(batch, attribute, kinds, sums, sign)
    _pairs_by_week(batch, name, kinds, sums, sign)
    _pairs_by_guideline(batch, attribute, first, sums, sign)
    fixed = batch.flags[given.sample] & facts.FIXED > 0
    labelled = said.in_label[given.row]
    for measured_on, of in ((RANDOM_SLICE, counted & fixed), (AFTER_SELECTION, counted & labelled)):
        chosen = Kinds.of(given.where(of), batch.layouts.scales[attribute])
        _pairs(batch, f"{names.PAIRS}{measured_on}", name, chosen, sums, sign)


def _levels_of_people(batch: Batch, attribute: int, given: Long, sums: Sums, sign: int) -> None:
    said = batch.annotation
    rows = batch.rows_of_people(sums, said.annotator[given.row])
    kind = np.zeros_like(given.code)
    sums.add(names.PEOPLE_WORK, rows, pack(kind + OfPerson.LEVELS, attribute, given.code), 1, sign)
    if batch.layouts.scopes[attribute] != "comparison":
        return
    values = np.array(batch.layouts.scales[attribute].levels)[given.code]
    two = batch.responses[given.sample] == 2
    preferred = (values > 0).astype(np.int64)
    picked = np.where(values == 0, 0, np.where(said.shown_first[given.row] == preferred, 1, 2))
    cells = pack(kind + OfPerson.PICKS, attribute, picked)
    sums.add(names.PEOPLE_WORK, rows[two], cells[two], 1, sign)


def _levels(batch: Batch, name: str, first: Long, sums: Sums, sign: int) -> None:
    of = batch.of_samples(first.sample)
    one = np.ones_like(first.code)
    of.add(sums, names.LEVELS, first.code, one, sign, name)
    weeks = (batch.annotation.day[first.row] + names.MONDAY) // 7
    of.add(sums, names.LEVELS_BY_WEEK, pack(weeks, first.code), one, sign, name)


def _spread(batch: Batch, attribute: int, kinds: Kinds, sums: Sums, sign: int) -> None:
    """The range of each sample with two ratings of something or more: the largest of its responses."""
    ranges = np.full(batch.size, -1)
    np.maximum.at(ranges, kinds.sample, kinds.ranges[kinds.kind])
    [samples] = np.nonzero(ranges >= 0)
    name = batch.layouts.names[attribute]
    batch.of_samples(samples).add(sums, names.SPREAD, ranges[samples], np.ones_like(samples), sign, name)


def _pairs(batch: Batch, kind_of_sum: str, name: str, kinds: Kinds, sums: Sums, sign: int) -> None:
    of = batch.of_samples(kinds.sample)
    blocks = of.pick(batch.prompt[kinds.sample]) % of.blocks()
    sums.add(kind_of_sum, *kinds.pairs(of.rows(sums, name), blocks, of.pick(kinds.kind)), sign)


def _pairs_by_week(batch: Batch, name: str, kinds: Kinds, sums: Sums, sign: int) -> None:
    """In the week in which the last of the first round came."""
    said = batch.annotation
    ended = np.zeros(batch.size, dtype=np.int64)
    first = said.counted & (said.round == 1)
    np.maximum.at(ended, said.sample[first], said.day[first])
    weeks = (ended[kinds.sample] + names.MONDAY) // 7
    _pairs_by(batch, names.PAIRS_BY_WEEK, name, kinds, weeks, sums, sign)


def _pairs_by_guideline(batch: Batch, attribute: int, first: Long, sums: Sums, sign: int) -> None:
    """Of each sample the ratings that were given under one version, apart for each version."""
    versions = batch.annotation.guideline[first.row]
    name, scale = batch.layouts.names[attribute], batch.layouts.scales[attribute]
    for version in np.unique(versions):
        kinds = Kinds.of(first.where(versions == version), scale)
        _pairs_by(batch, names.PAIRS_BY_GUIDELINE, name, kinds, np.full(len(kinds.sample), version), sums, sign)


def _pairs_by(batch: Batch, kind_of_sum: str, name: str, kinds: Kinds, when: np.ndarray, sums: Sums, sign: int) -> None:
    of = batch.of_samples(kinds.sample)
    blocks = pack(of.pick(when), of.pick(batch.prompt[kinds.sample]) % names.BLOCKS_OF_WEEK)
    sums.add(kind_of_sum, *kinds.pairs(of.rows(sums, name), blocks, of.pick(kinds.kind)), sign)


def _people(batch: Batch, attribute: int, kinds: Kinds, sums: Sums, sign: int) -> None:
    """Everybody beside the others of the same samples: never beside themselves."""
    said = batch.annotation
    rated = kinds.long
    rows = batch.rows_of_people(sums, said.annotator[rated.row])
    weeks = (said.day[rated.row] + names.MONDAY) // 7
    sums.add(names.PEOPLE_WEEKS, rows, pack(weeks, attribute, OfWeek.RATINGS), 1, sign)
    of, others, many = kinds.others()
    own = rated.code[of]
    sums.add(names.PEOPLE, rows[of], pack(np.full_like(own, attribute), own, others), many, sign)
    above = own - others
    for cell, values in (
        (OfWeek.PAIRS, many),
        (OfWeek.EQUAL, many * (above == 0)),
        (OfWeek.ABOVE, many * np.maximum(above, 0)),
        (OfWeek.BELOW, many * np.maximum(-above, 0)),
        (OfWeek.SQUARED, many * above**2),
    ):
        sums.add(names.PEOPLE_WEEKS, rows[of], pack(weeks[of], attribute, cell), values, sign)


def _judges(batch: Batch, attribute: int, kinds: Kinds, sums: Sums, sign: int) -> None:
    """Every judge's value beside every person's rating of the same thing."""
    judged = batch.judged[attribute]
    of, levels, many = kinds.said_of(judged)
    judge = batch.judgment.judge[judged.row[of]]
    own, sample = judged.code[of], judged.sample[of]
    for number in np.unique(judge):
        mine = judge == number
        sliced: Sliced = batch.of_samples(sample[mine])
        blocks = sliced.pick(batch.prompt[sample[mine]]) % sliced.blocks()
        attributes = np.full_like(blocks, attribute)
        cells = pack(attributes, blocks, sliced.pick(own[mine]), sliced.pick(levels[mine]))
        sums.add(names.JUDGES, sliced.rows(sums, str(number)), cells, sliced.pick(many[mine]), sign)
