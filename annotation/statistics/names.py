"""What is counted: the names of the sums and the cells of each. `counting` writes them, `reading` reads them.

Cells are tuples of whole numbers, `cells.pack`. A level is its place among the attribute's levels, ascending; an attribute is
its place in the rubric; a day counts from 1 January 1970 (UTC), a week from the Monday before.
"""

import math
from datetime import UTC, date, datetime, timedelta
from enum import IntEnum

SAMPLES = "samples"  # cell: Count
DAYS = "days"  # cell: (day, OfDay)
LEVELS = "levels"  # by attribute; cell: level; ratings of first rounds
LEVELS_BY_WEEK = "levels_by_week"  # by attribute; cell: (week, level)
SPREAD = "spread"  # by attribute; cell: range of a sample's first round, in scale points; the largest of its responses
PAIRS = "pairs."  # and what it is measured on; by attribute; cell: (block, size, level, level)
PAIRS_BY_WEEK = (
    "pairs_by_week"  # by attribute; cell: (week, block, size, level, level); the week in which the round ended
)
PAIRS_BY_GUIDELINE = "pairs_by_guideline"  # by attribute; cell: (version, block, size, level, level)
PEOPLE = "people"  # by person; cell: (attribute, own level, another's level), first rounds
PEOPLE_WORK = "people_work"  # by person; cell: (OfPerson, what it says)
PEOPLE_WEEKS = "people_weeks"  # by person; cell: (week, attribute, OfWeek), first rounds
JUDGES = "judges"  # by judge; cell: (attribute, block, judge's level, a person's level), first rounds
JUDGES_WORK = "judges_work"  # by judge; cell: OfJudge
CAUSES = "causes"  # by cause; cell: 0

# Prompts are put into so many blocks by their digest; intervals draw whole blocks. More for all samples than for slices and weeks.
BLOCKS, BLOCKS_OF_SLICE, BLOCKS_OF_WEEK = 200, 40, 20
MONDAY = 3  # 1 January 1970 was a Thursday


class Count(IntEnum):
    """Of samples, or of annotations where it says so. The first five are states, in the order of `facts.STATES`."""

    OPEN = 0
    ESCALATED = 1
    CONTESTED = 2
    RESOLVED = 3
    EXCLUDED = 4
    TOTAL = 5
    DECIDED = 6
    SETTLED_BY_JUDGES = 7
    COULD_ESCALATE = 8
    ESCALATED_EVER = 9
    DISAGREED = 10
    ANNOTATIONS = 11
    ANNOTATIONS_OF_DECIDED = 12
    LATE = 13  # annotations
    FIXED_OVERLAP = 14


class OfDay(IntEnum):
    """What happened on a day. The first five are moves into a state, in the order of `facts.STATES`."""

    OPENED = 0
    ESCALATED = 1
    CONTESTED = 2
    RESOLVED = 3
    EXCLUDED = 4
    ARRIVED = 5
    ANNOTATIONS = 6
    ACTIVE_SECONDS = 7
    LATE = 8


class OfPerson(IntEnum):
    """What a person's work is told by."""

    ANNOTATIONS = 0  # 0: counted, 1: late, 2: neither valid
    LEVELS = 1  # attribute, level: counted annotations
    PICKS = 2  # attribute, 0: no preference, 1: the response shown first, 2: the one shown second
    STRAIGHT = 3  # 0: annotations with three values or more on one scale, 1: of these, all the same
    SECONDS = 4  # bin of active seconds, `bin_of`
    ACTIVE_SECONDS = 5  # 0: the sum


class OfWeek(IntEnum):
    """A person beside others, in a week: over pairs of (own rating, another's)."""

    PAIRS = 0
    EQUAL = 1
    ABOVE = 2  # sum of own less other's place among the levels, where own is above
    BELOW = 3  # the same where it is below, without the sign
    SQUARED = 4  # sum of the squares
    RATINGS = 5


class OfJudge(IntEnum):
    JUDGMENTS = 0
    UNSURE = 1
    RELATIVE = 2


BINS_AN_OCTAVE = 4


def bin_of(seconds: float) -> int:
    """The bin of a time: four to each doubling, from one second on."""
    return int(BINS_AN_OCTAVE * math.log2(max(seconds, 1)))


def seconds_of(bin_number: int) -> tuple[float, float]:
    """From and to, in seconds."""
    return 2 ** (bin_number / BINS_AN_OCTAVE), 2 ** ((bin_number + 1) / BINS_AN_OCTAVE)


def date_of(day: int) -> date:
    return datetime.fromtimestamp(0, UTC).date() + timedelta(days=day)


def monday_of(week: int) -> date:
    """The first day of a week."""
    return date_of(7 * week - MONDAY)
