"""Projects of many samples and a crowd with accounts, written straight into the database."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg
from django.contrib.auth.hashers import make_password
from django.db import connection
from django.utils import timezone

from annotation.models import Annotator, Membership, Project, User
from annotation.services import claiming, projects
from bench.claims import PASSWORD
from config.accounts import SessionStore

ATTRIBUTE = {
    "name": "preference",
    "title": "Which is better?",
    "scope": "comparison",
    "level": "ordinal",
    "trigger": True,
    "values": [{"value": value, "label": str(value)} for value in (-1, 0, 1)],
}
# In batches of a thousand by rank, as an import writes them. Random texts as long as real ones: a prompt of 500 characters and two responses of 1,500, drawn from two thousand of each.
TEXTS = """
CREATE UNLOGGED TABLE bench_text AS
SELECT n, left(text, 500) AS prompt, left(text, 1500) AS first, right(text, 1500) AS second
FROM (SELECT n, string_agg(md5(random()::text || piece), ' ') AS text
      FROM generate_series(0, 1999) n, generate_series(1, 60) piece GROUP BY n) made;
CREATE UNIQUE INDEX ON bench_text (n)
"""
FILL = """
WITH made AS (
    INSERT INTO annotation_sample (project_id, external_id, purpose, state, target, leased_count, counted_count,
        response_count, priority, rank, is_fixed_overlap, claimable_xid, waits_for_people, created_at)
    SELECT %(project)s, 's' || n, 'work', 'open', 3, 0, 0, 2, 0, rank, false, 0, false, now()
    FROM (SELECT n, (random() * 35e12)::bigint AS rank FROM generate_series(%(first)s, %(last)s) n) numbered
    ORDER BY n / 1000, rank
    RETURNING id
)
INSERT INTO annotation_samplecontent (sample_id, messages, responses, metadata, extra, prompt_digest)
SELECT made.id, jsonb_build_array(jsonb_build_object('role', 'user', 'content', a.prompt)),
    jsonb_build_array(jsonb_build_object('id', '0', 'text', a.first), jsonb_build_object('id', '1', 'text', b.second)),
    '{}', '{}', md5(made.id::text)
FROM made JOIN bench_text a ON a.n = made.id %% 2000 JOIN bench_text b ON b.n = (made.id * 7919) %% 2000
"""
# A person who has judged so many samples that nobody else has come to.
AHEAD = """
WITH done AS (
    SELECT id, rank FROM annotation_sample WHERE project_id = %(project)s AND state = 'open' AND lane_seq IS NULL
        AND leased_count + counted_count = 0
    ORDER BY rank LIMIT %(count)s
), given AS (
    INSERT INTO annotation_assignment (sample_id, annotator_id, state, claimed_at, lease_expires_at, finished_at,
        shown_order, skip_reason, is_gold)
    SELECT id, %(annotator)s, 'submitted', now(), now(), now(), '{0,1}', '', false FROM done RETURNING id
), said AS (
    INSERT INTO annotation_annotation (assignment_id, revision, is_current, rubric_id, ratings, neither_valid, round,
        remarks, comment, client_key, submitted_at)
    SELECT id, 1, true, %(rubric)s, '{1}', false, 1, '{}', '', id::text, now() FROM given
), counted AS (
    UPDATE annotation_sample sample SET counted_count = 1 FROM done WHERE sample.id = done.id
)
UPDATE annotation_annotator SET fresh_cursor = (SELECT max(rank) FROM done), given_count = %(count)s
WHERE id = %(annotator)s
"""
NEVER = """
SELECT (SELECT count(*) FROM annotation_sample WHERE counted_count + leased_count > target) AS over_assigned,
    (SELECT count(*) FROM (SELECT FROM annotation_assignment GROUP BY sample_id, annotator_id HAVING count(*) > 1) two)
        AS twice_to_one_person,
    (SELECT count(*) FROM unnest(%(acknowledged)s::bigint[]) receipt
        WHERE NOT EXISTS (SELECT FROM annotation_annotation WHERE id = receipt)) AS lost,
    (SELECT count(*) FROM annotation_sample sample WHERE counted_count <> (SELECT count(*) FROM annotation_assignment
        WHERE sample_id = sample.id AND state = 'submitted') AND counted_count + leased_count > 0) AS miscounted,
    (SELECT count(*) FROM annotation_annotation) AS stored
"""


@dataclass(frozen=True)
class Never:
    """What must never happen, counted in the database afterwards."""

    over_assigned: int
    twice_to_one_person: int
    lost: int
    miscounted: int
    stored: int

    @property
    def happened(self) -> bool:
        return any((self.over_assigned, self.twice_to_one_person, self.lost, self.miscounted))


def people(count: int) -> list[str]:
    """Accounts with one and the same password, hashed once."""
    hashed = make_password(PASSWORD)
    names = [f"person-{number}" for number in range(count)]
    User.objects.bulk_create(User(username=name, password=hashed) for name in names)
    return names


def project(slug: str, samples: int, names: Sequence[str]) -> Project:
    """A fresh project of so many samples in which all of them annotate."""
    made = projects.create(slug=slug, title=slug, attributes=[ATTRIBUTE])
    users = list(User.objects.filter(username__in=names))
    Membership.objects.bulk_create(Membership(user=user, project=made, role="annotator") for user in users)
    Annotator.objects.bulk_create(Annotator(project=made, user=user, external_id=user.username) for user in users)
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('bench_text') IS NULL")
        if cursor.fetchone()[0]:
            cursor.execute(TEXTS)
        for first in range(1, samples + 1, 50_000):
            cursor.execute(FILL, {"project": made.pk, "first": first, "last": min(first + 49_999, samples)})
        settle_down()
    return made


def settle_down() -> None:
    """What autovacuum and a checkpoint do minutes after an import, done now."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE annotation_sample, annotation_samplecontent, annotation_assignment")
        cursor.execute("CHECKPOINT")


def send_ahead(of: Project, name: str, count: int) -> None:
    """Let one person have judged so many samples before anybody else comes."""
    annotator = of.annotators.get(external_id=name)
    with connection.cursor() as cursor:
        about = {"project": of.pk, "annotator": annotator.pk, "rubric": of.rubric.pk, "count": count}
        cursor.execute(AHEAD, about)
    settle_down()


def what_must_never_happen(acknowledged: Iterable[str]) -> Never:
    with connection.cursor() as cursor:
        cursor.execute(NEVER, {"acknowledged": [int(receipt) for receipt in acknowledged]})
        return Never(*cursor.fetchone())


def server_process() -> int:
    """The first process of the database server, from which all others come."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        backend = int(cursor.fetchone()[0])
    return int(Path(f"/proc/{backend}/stat").read_text().rsplit(")", 1)[1].split()[1])


def session_of(annotator: Annotator) -> str:
    """A key of a session of this person, as a log-in makes one."""
    store = SessionStore()
    store.create()
    return str(store.session_key)


def address() -> str:
    """Where a bare driver finds the database."""
    parameters = connection.get_connection_params()
    known = {name: parameters[name] for name in ("dbname", "host", "user", "password", "port") if name in parameters}
    return psycopg.conninfo.make_conninfo(**known)


def hand_out(of: Project) -> None:
    """Everybody has a sample in hand."""
    for annotator in of.annotators.select_related("project"):
        claiming.claim_next(annotator=annotator, at=timezone.now())
    settle_down()
