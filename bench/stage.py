"""A project of many samples and a crowd with accounts, written straight into the database."""

from django.contrib.auth.hashers import make_password
from django.db import connection
from django.utils import timezone

from annotation.models import Annotator, Membership, Project, User
from annotation.services import projects
from bench.claims import PASSWORD, SLUG

VALUES = [-1, 1, 1, 1, 0]  # a fifth of the first rounds or so disagree
ATTRIBUTE = {
    "name": "preference",
    "title": "Which is better?",
    "scope": "comparison",
    "level": "ordinal",
    "trigger": True,
    "values": [{"value": value, "label": str(value)} for value in (-1, 0, 1)],
}
# Random texts as long as real ones: a prompt of 500 characters and two responses of 1,500.
FILL = """
WITH made AS (
    INSERT INTO annotation_sample (project_id, external_id, purpose, state, target, leased_count, counted_count,
        response_count, priority, rank, waits_for_people, created_at)
    SELECT %(project)s, 's' || n, 'work', 'open', 3, 0, 0, 2, 0, (random() * 4e18)::bigint, false, now()
    FROM generate_series(%(first)s, %(last)s) n
    RETURNING id
), texts AS (
    SELECT id, which, string_agg(md5(random()::text || id || piece), ' ') AS text
    FROM made, (VALUES ('prompt', 15), ('0', 45), ('1', 45)) AS wanted (which, pieces), generate_series(1, pieces) piece
    GROUP BY id, which
)
INSERT INTO annotation_samplecontent (sample_id, messages, responses, metadata, extra, prompt_digest)
SELECT id,
    jsonb_agg(jsonb_build_object('role', 'user', 'content', text)) FILTER (WHERE which = 'prompt'),
    jsonb_agg(jsonb_build_object('id', which, 'text', text) ORDER BY which) FILTER (WHERE which <> 'prompt'),
    '{}', '{}', md5(id::text)
FROM texts GROUP BY id
"""
NEVER = """
SELECT (SELECT count(*) FROM annotation_sample WHERE counted_count + leased_count > target),
       (SELECT count(*) FROM (SELECT sample_id FROM annotation_assignment WHERE state = 'submitted'
                              GROUP BY sample_id HAVING count(*) > 5) many),
       (SELECT count(*) FROM (SELECT FROM annotation_assignment GROUP BY sample_id, annotator_id HAVING count(*) > 1) two),
       (SELECT count(*) FROM annotation_annotation)
"""


def people(count: int) -> list[str]:
    """Accounts with one and the same password, hashed once."""
    hashed = make_password(PASSWORD)
    names = [f"person-{number}" for number in range(count)]
    User.objects.bulk_create(User(username=name, password=hashed) for name in names)
    return names


def project(samples: int, names: list[str]) -> None:
    """A fresh project under the one slug that the crowd works in."""
    Project.objects.filter(slug=SLUG).update(slug=f"{SLUG}-{timezone.now():%H%M%S}")
    made = projects.create(slug=SLUG, title="Bench", attributes=[ATTRIBUTE])
    users = list(User.objects.filter(username__in=names))
    Membership.objects.bulk_create(Membership(user=user, project=made, role="annotator") for user in users)
    Annotator.objects.bulk_create(Annotator(project=made, user=user, external_id=user.username) for user in users)
    with connection.cursor() as cursor:
        for first in range(1, samples + 1, 50_000):
            cursor.execute(FILL, {"project": made.pk, "first": first, "last": min(first + 49_999, samples)})
        cursor.execute("VACUUM ANALYZE annotation_sample, annotation_samplecontent")


def what_must_never_happen(acknowledged: int) -> str:
    """The counts that have to be nought, and how many acknowledged submissions are missing."""
    with connection.cursor() as cursor:
        cursor.execute(NEVER)
        over, many, twice, stored = cursor.fetchone()
    lost = max(acknowledged - stored, 0)
    return f"over-assigned {over}, more than five {many}, twice to one person {twice}, lost {lost} of {acknowledged}"
