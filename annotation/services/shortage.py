"""How many people are missing: for a first round at all, and for single samples that everybody has had or few can judge."""

from dataclasses import dataclass

from django.db import connection

from annotation import querysets
from annotation.models import Project, Sample

# Open slots against the people who may still fill them: those who may work, have the skills that the sample asks for and
# have not had it (an assignment that was given back may be leased again).
SHORT = """
WITH wanting AS MATERIALIZED (
    SELECT id, open_slots, COALESCE(requirement_id, 0) AS requirement FROM annotation_sample
    WHERE project_id = %(project)s AND purpose = 'work' AND state IN ('open', 'escalated') AND open_slots > 0
), able AS MATERIALIZED (
    SELECT 0 AS requirement, person FROM unnest(%(people)s::bigint[]) AS person
    UNION ALL
    SELECT requirement.id, annotator.id FROM annotation_requirement requirement
    JOIN annotation_annotator annotator ON annotator.id = ANY(%(people)s) AND annotator.skills @> requirement.skills
    WHERE requirement.project_id = %(project)s
), had AS (
    SELECT wanting.id, count(*) AS people FROM wanting
    JOIN annotation_assignment assignment
        ON assignment.sample_id = wanting.id AND assignment.state NOT IN ('expired', 'released')
    JOIN able ON able.requirement = wanting.requirement AND able.person = assignment.annotator_id
    GROUP BY wanting.id
), short AS (
    SELECT wanting.open_slots - COALESCE(able_people.people, 0) + COALESCE(had.people, 0) AS missing FROM wanting
    LEFT JOIN (SELECT requirement, count(*) AS people FROM able GROUP BY requirement) able_people USING (requirement)
    LEFT JOIN had USING (id)
)
SELECT count(*), COALESCE(max(missing), 0) FROM short WHERE missing > 0
"""


@dataclass(frozen=True)
class PeopleWanted:
    """for_first_round: people missing for any first round. samples: those with slots that nobody may fill; most: the
    largest number of people that one of these is missing."""

    first_round: int
    may_work: int
    for_first_round: int
    samples: int
    most: int


def people_wanted(project: Project) -> PeopleWanted:
    """Who is missing now. A project without an open sample misses nobody."""
    people = list(querysets.people_who_may_work(project).values_list("pk", flat=True))
    first_round = project.policy.first_round
    waits = Sample.objects.filter(project=project, purpose=Sample.Purpose.WORK, state=Sample.State.OPEN).exists()
    with connection.cursor() as cursor:
        cursor.execute(SHORT, {"project": project.pk, "people": people})
        samples, most = cursor.fetchone()
    return PeopleWanted(
        first_round=first_round,
        may_work=len(people),
        for_first_round=max(first_round - len(people), 0) if waits else 0,
        samples=samples,
        most=most,
    )
