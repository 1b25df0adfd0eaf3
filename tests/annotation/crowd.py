"""What has to be true of a project's tables whatever a crowd did, told by SQL and by brute force (docs/invariants.md).

Nothing here asks the services what they think: the laws read the tables, and labels are computed anew from what counts.
"""

import os
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import combinations
from typing import Any

from django.db import connection, transaction
from hypothesis import HealthCheck, settings
from hypothesis.internal.conjecture import engine
from story import answer

from annotation.models import Annotator, Assignment, ConsensusLabel, Project, Sample
from annotation.services import claiming, leases, submission

# Each row that a law returns breaks it; the first column says where.
LAWS = {
    "counted and leased are never more than the target": """
        SELECT external_id, target, leased_count, counted_count FROM annotation_sample
        WHERE project_id = %(project)s AND leased_count + counted_count > target AND purpose = 'work'""",
    "the counters are the assignments": """
        SELECT sample.external_id, sample.leased_count, sample.counted_count,
            count(*) FILTER (WHERE assignment.state = 'leased' AND NOT assignment.is_gold) AS leased,
            count(*) FILTER (WHERE assignment.state = 'submitted' AND NOT assignment.is_gold) AS submitted
        FROM annotation_sample sample LEFT JOIN annotation_assignment assignment ON assignment.sample_id = sample.id
        WHERE sample.project_id = %(project)s GROUP BY sample.id
        HAVING sample.leased_count <> count(*) FILTER (WHERE assignment.state = 'leased' AND NOT assignment.is_gold)
            OR sample.counted_count <> count(*) FILTER (WHERE assignment.state = 'submitted' AND NOT assignment.is_gold)""",
    "a person has a sample once": """
        SELECT sample_id, annotator_id, count(*) FROM annotation_assignment
        JOIN annotation_annotator person ON person.id = annotator_id
        WHERE person.project_id = %(project)s GROUP BY 1, 2 HAVING count(*) > 1""",
    "a person holds two leases at most": """
        SELECT person.external_id, count(*) FROM annotation_annotator person
        JOIN annotation_assignment assignment ON assignment.annotator_id = person.id AND assignment.state = 'leased'
        WHERE person.project_id = %(project)s GROUP BY person.id HAVING count(*) > 2""",
    "what was given to a person is counted right": """
        SELECT person.external_id, person.given_count, count(assignment.id) AS given
        FROM annotation_annotator person LEFT JOIN annotation_assignment assignment ON assignment.annotator_id = person.id
        WHERE person.project_id = %(project)s GROUP BY person.id
        HAVING person.given_count <> count(assignment.id)""",
    "a finished assignment has one current annotation, and no other has any": """
        SELECT sample.external_id, assignment.id, assignment.state, count(said.id) FILTER (WHERE said.is_current)
        FROM annotation_assignment assignment JOIN annotation_sample sample ON sample.id = assignment.sample_id
        LEFT JOIN annotation_annotation said ON said.assignment_id = assignment.id
        WHERE sample.project_id = %(project)s GROUP BY sample.id, assignment.id
        HAVING (assignment.state IN ('submitted', 'late', 'withdrawn') AND count(said.id) FILTER (WHERE said.is_current) <> 1)
            OR (assignment.state NOT IN ('submitted', 'late', 'withdrawn') AND count(said.id) > 0)""",
    "revisions follow each other without a gap, and the last one is current": """
        SELECT assignment_id, array_agg(revision ORDER BY revision), max(revision) FILTER (WHERE is_current)
        FROM annotation_annotation JOIN annotation_assignment assignment ON assignment.id = assignment_id
        JOIN annotation_sample sample ON sample.id = assignment.sample_id
        WHERE sample.project_id = %(project)s GROUP BY 1
        HAVING count(*) <> max(revision) OR max(revision) <> max(revision) FILTER (WHERE is_current)""",
    "events lead from open to where the sample is": """
        WITH path AS (
            SELECT sample.external_id, sample.state, event.id, event.source, event.target,
                lag(event.target, 1, 'open') OVER trail AS before, lead(event.id) OVER trail IS NULL AS is_last
            FROM annotation_sample sample JOIN annotation_sampleevent event ON event.sample_id = sample.id
            WHERE sample.project_id = %(project)s WINDOW trail AS (PARTITION BY sample.id ORDER BY event.id))
        SELECT external_id, before, source, target, state FROM path
        WHERE source <> before OR (is_last AND target <> state) OR (source, target) NOT IN (
            ('open', 'escalated'), ('open', 'resolved'), ('open', 'contested'), ('open', 'excluded'),
            ('escalated', 'resolved'), ('escalated', 'contested'), ('escalated', 'excluded'), ('escalated', 'open'),
            ('contested', 'resolved'), ('contested', 'excluded'), ('contested', 'escalated'),
            ('resolved', 'open'), ('resolved', 'escalated'), ('resolved', 'contested'), ('excluded', 'open'))""",
    "a sample that moved has an event": """
        SELECT external_id, state FROM annotation_sample sample WHERE project_id = %(project)s AND state <> 'open'
            AND NOT EXISTS (SELECT FROM annotation_sampleevent event WHERE event.sample_id = sample.id)""",
    "a sample with a free slot stands in a lane": """
        SELECT external_id, state, lane_seq, claimable_xid FROM annotation_sample
        WHERE project_id = %(project)s AND state IN ('open', 'escalated') AND target > leased_count + counted_count
            AND ((state = 'escalated' AND lane_seq IS NULL) OR claimable_xid = 0)""",
    "an undecided sample waits for somebody": """
        SELECT external_id, state, target, leased_count, counted_count FROM annotation_sample
        WHERE project_id = %(project)s AND purpose = 'work' AND state IN ('open', 'escalated')
            AND leased_count = 0 AND counted_count >= target""",
    "a label stands on a resolved sample and on no other": """
        SELECT external_id, state, labels FROM annotation_sample sample
        CROSS JOIN LATERAL (SELECT count(*) AS labels FROM annotation_consensuslabel label
            WHERE label.sample_id = sample.id AND label.is_current) counted
        WHERE project_id = %(project)s AND (state = 'resolved') <> (labels > 0)""",
}
# All of them in one question: the name of the law, and the row that breaks it.
ALL_LAWS = " UNION ALL ".join(
    f"SELECT '{law}', to_jsonb(wrong)::text FROM ({query}) wrong"  # noqa: S608
    for law, query in LAWS.items()
)
# Samples with a slot that the person may have, with nothing but the tables.
CLAIMABLE = """
SELECT sample.external_id FROM annotation_sample sample
JOIN annotation_project project ON project.id = sample.project_id
JOIN annotation_annotator person ON person.project_id = project.id
LEFT JOIN annotation_requirement requirement ON requirement.id = sample.requirement_id
WHERE person.id = %(person)s AND sample.purpose = 'work' AND sample.state IN ('open', 'escalated')
    AND sample.target > sample.leased_count + sample.counted_count
    AND (requirement.id IS NULL OR requirement.skills <@ person.skills)
    AND (sample.head_start_until IS NULL OR sample.head_start_until <= %(at)s OR person.weight IS NULL
        OR person.weight >= (SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY weight) FROM annotation_annotator other
            WHERE other.project_id = project.id AND other.state = 'active'))
    AND sample.id NOT IN (SELECT had.sample_id FROM annotation_assignment had
        WHERE had.annotator_id = person.id AND had.state NOT IN ('expired', 'released'))
ORDER BY 1
"""
MAY_WORK = """
SELECT project.state = 'active' AND person.state = 'active' AND person.is_qualified
    AND (person.cap IS NULL OR person.cap > (SELECT count(*) FROM annotation_assignment given
        WHERE given.annotator_id = person.id AND given.state NOT IN ('expired', 'released')))
FROM annotation_annotator person JOIN annotation_project project ON project.id = person.project_id
WHERE person.id = %(person)s
"""


# --- the laws ---------------------------------------------------------------------------------------------------
def broken_laws(project: Project) -> list[str]:
    """Every law that the tables break, in words with the rows that break it."""
    wrong = [f"NOT TRUE that {law}: {broken_by}" for law, broken_by in rows(ALL_LAWS, project=project.pk)]
    return wrong + list(_wrong_labels(project)) + list(_wrong_states(project))


def rows(query: str, **values: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        return cursor.fetchall()


def _wrong_labels(project: Project) -> Iterator[str]:
    """Labels that are not what the counted ratings give, computed here anew (one attribute, `overall`, from 1 to 6)."""
    resolved = project.samples.filter(state=Sample.State.RESOLVED)
    for label in project_labels(resolved):
        values = [value for value, _round in counted(label.sample_id)]
        expected = LABEL_BY[label.policy.label_rule](values)
        if label.human_value != expected:
            yield f"{label.sample}: labelled {label.human_value}, but {values} give {expected} ({label.policy.label_rule})"


def project_labels(samples: Any) -> Any:
    return ConsensusLabel.objects.filter(sample__in=samples, is_current=True).select_related("sample", "policy")


def counted(sample_id: int) -> list[tuple[int, int]]:
    """Value and round of every counted annotation, in order of arrival."""
    return rows(
        """SELECT said.ratings[1], said.round FROM annotation_annotation said
        JOIN annotation_assignment assignment ON assignment.id = said.assignment_id
        WHERE assignment.sample_id = %(sample)s AND assignment.state = 'submitted' AND NOT assignment.is_gold
            AND said.is_current AND said.ratings[1] IS NOT NULL
        ORDER BY assignment.finished_at, assignment.id""",
        sample=sample_id,
    )


def closest_three(values: list[int]) -> int:
    """Least sum of pairwise differences; then the mean nearest that of all; then the earliest. Half away from zero."""
    mean_of_all = sum(values) / len(values)

    def cost(three: tuple[int, ...]) -> tuple[float, float, tuple[int, ...]]:
        a, b, c = (values[place] for place in three)
        return abs(a - b) + abs(a - c) + abs(b - c), round(abs((a + b + c) / 3 - mean_of_all), 9), three

    best = min(combinations(range(len(values)), 3), key=cost)
    return int(sum(values[place] for place in best) / 3 + 0.5)


LABEL_BY = {
    "closest-three": closest_three,
    "mean": lambda values: int(sum(values) / len(values) + 0.5),
}


def _wrong_states(project: Project) -> Iterator[str]:
    """Decisions that the counted ratings do not bear, under the policy that the deciding event names."""
    for sample in project.samples.exclude(state__in=[Sample.State.OPEN, Sample.State.EXCLUDED]):
        event = sample.events.order_by("-pk").select_related("policy").first()
        given = counted(sample.pk)
        if event is None or event.policy is None:
            yield f"{sample}: {sample.state} without a deciding event that names its policy"
            continue
        limits = event.policy.triggers["overall"]
        first = [value for value, round_ in given if round_ == 1]
        spread = max(first) - min(first) if first else 0
        disputed = spread > limits["escalate_above"]
        settles = any(
            max(three) - min(three) <= limits["settle_within"] for three in combinations([v for v, _ in given], 3)
        )
        if event.reason == "agreed" and (disputed or len(first) < 3):
            yield f"{sample}: agreed, though the first round said {first}"
        if event.reason == "settled_by_three" and not settles:
            yield f"{sample}: settled, though no three of {given} agree"
        if event.reason in ("first_round_disagreed", "nobody_left", "unsettled") and not disputed:
            yield f"{sample}: {event.reason}, though the first round said {first}"


# --- nothing left -----------------------------------------------------------------------------------------------
def claimable(person: Annotator, at: datetime) -> list[str]:
    """By brute force: the names of all samples that this person could be given now."""
    [(may_work,)] = rows(MAY_WORK, person=person.pk)
    return [name for (name,) in rows(CLAIMABLE, person=person.pk, at=at)] if may_work else []


def wrong_answers_about_what_is_left(project: Project, at: datetime) -> list[str]:
    """Whom a claim tells "nothing left" though a sample is there for them, or gives one that is not for them."""
    leases.expire(at=at)
    wrong = []
    for person in Annotator.objects.filter(project=project).select_related("project").order_by("pk"):
        held = set(person.assignments.filter(state="leased").values_list("sample__external_id", flat=True))
        expected = held or set(claimable(person, at))
        # Who is told "nothing" asks again: the second answer rests on what was noted at the first.
        for given in [_would_be_given(person, at, keeps=not expected) for _ in range(1 if expected else 2)]:
            if (given is None) != (not expected) or (given is not None and given not in expected):
                wrong.append(f"{person} was given {given or 'nothing'}; by the tables: {sorted(expected) or 'nothing'}")
        wrong += _wrong_ahead(person, at)
    return wrong


def _wrong_ahead(person: Annotator, at: datetime) -> list[str]:
    """The same of the sample ahead, beside the one that a claim gives. All undone."""
    with transaction.atomic():
        try:
            claiming.claim_next(annotator=person, at=at)
            held = list(person.assignments.filter(state="leased").order_by("lease_place"))
            expected = {lease.sample.external_id for lease in held[1:]} or set(claimable(person, at))
            ahead = claiming.claim_ahead(annotator=person, at=at)
        except claiming.NotClaimable:
            return []
        finally:
            transaction.set_rollback(True)
    given = ahead.sample.external_id if ahead else None
    if (given is None) != (not expected) or (given is not None and given not in expected):
        return [f"{person} was given {given or 'nothing'} ahead; by the tables: {sorted(expected) or 'nothing'}"]
    return []


def _would_be_given(person: Annotator, at: datetime, *, keeps: bool) -> str | None:
    """What a claim gives; undone, unless it is to be kept: "nothing left" leaves its mark on the person."""
    try:
        with transaction.atomic():
            lease = claiming.claim_next(annotator=person, at=at)
            given = lease.sample.external_id if lease else None
            if not keeps:
                transaction.set_rollback(True)
    except claiming.NotClaimable:
        return None
    return given


# --- the end of every story -------------------------------------------------------------------------------------
def work_until_nothing_is_left(project: Project, at: datetime, value: int = 4) -> None:
    """Everybody who may work goes on in turn until all are told that nothing is left."""
    people = list(Annotator.objects.filter(project=project, state="active").select_related("project").order_by("pk"))
    for _ in range(200):
        if not [person for person in people if _one_more(person, at, value)]:
            return
    raise AssertionError("After 200 rounds somebody is still given work: it never ends.")


def _one_more(person: Annotator, at: datetime, value: int) -> bool:
    try:
        lease = claiming.claim_next(annotator=person, at=at)
    except claiming.NotClaimable:
        return False
    if lease is None:
        return False
    submission.submit(assignment_id=lease.pk, answer=answer(f"end-{lease.pk}", overall=value), at=at)
    return True


def what_is_stuck(project: Project, at: datetime) -> list[str]:
    """Samples that are neither decided nor contested though there is somebody for them, or that nothing waits for."""
    stuck = []
    people = list(Annotator.objects.filter(project=project))
    for sample in project.samples.filter(state__in=["open", "escalated"], purpose="work"):
        for person in people:
            if sample.external_id in claimable(person, at):
                stuck.append(f"{sample} is {sample.state} and {person} could have it, but is told that nothing is left")
    return stuck + broken_laws(project)


def tables(project: Project) -> str:
    """The project's samples and who has them, for somebody who reads a failure."""
    lines = []
    for sample in project.samples.order_by("pk"):
        hands = Assignment.objects.filter(sample=sample).select_related("annotator").order_by("pk")
        said = ", ".join(f"{hand.annotator} {hand.state}" for hand in hands)
        lines.append(
            f"  {sample}: {sample.state}, target {sample.target}, leased {sample.leased_count}, counted "
            f"{sample.counted_count}, lane {sample.lane_seq}; {said or 'nobody'}; "
            f"{[f'{e.source}>{e.target} {e.reason}' for e in sample.events.order_by('pk')]}"
        )
    return "\n".join(lines)


class Stories:
    """What went wrong in a plan is told again when the plan is played again: a race that is lost once is lost."""

    def __init__(self) -> None:
        self._wrong: dict[str, str] = {}

    def told(self, plan: object, play: Callable[[], list[str]]) -> str:
        """What is wrong with this plan, or an empty text."""
        story = self._wrong.get(repr(plan)) or "\n".join(play())
        if story:
            self._wrong[repr(plan)] = story
        return story


engine.MAX_SHRINKING_SECONDS = 60  # a story is made short in minutes, a minute makes it short enough


# --- how long to look -------------------------------------------------------------------------------------------
def examples(few: int) -> settings:
    """So many stories in the suite, the same each time; CROWDS times as many, each time others, when it is asked for."""
    times = int(os.environ.get("CROWDS", "1"))
    return settings(
        max_examples=few * times,
        deadline=None,
        derandomize=times == 1,
        database=None,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
    )
