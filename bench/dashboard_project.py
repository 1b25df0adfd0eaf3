"""A large project as years of work would have left it, written by INSERT .. SELECT with triggers off: seconds instead of days."""

import time
from collections.abc import Callable
from typing import Any

from django.db import connection
from django.utils import timezone

from annotation.explorer import covering
from annotation.models import Annotator, Membership, Project, Rubric, User
from annotation.services import figures, judging, projects
from annotation.services.judging import JudgeIdentity
from annotation.statistics import checking, fold, reading

SLUG, PEOPLE, BATCH = "large", 100, 50_000
_LEVELS = [{"value": value, "label": str(value)} for value in range(5)]
ATTRIBUTES: list[dict[str, Any]] = [
    {
        "name": name,
        "title": name.title(),
        "scope": "sample",
        "level": "ordinal",
        "trigger": name == "helpfulness",
        "values": _LEVELS,
    }
    for name in ("helpfulness", "correctness", "coherence", "complexity", "verbosity")
]
Say = Callable[[str], None]

# Two samples a prompt, over 300 days; a quarter contested or excluded or still open.
SAMPLES = """
WITH made AS (
    INSERT INTO annotation_sample (project_id, external_id, purpose, state, target, leased_count, counted_count,
        response_count, priority, rank, is_fixed_overlap, claimable_xid, waits_for_people, created_at)
    SELECT %(project)s, 's' || n, 'work',
        CASE WHEN n %% 100 < 88 THEN 'resolved' WHEN n %% 100 < 90 THEN 'contested' WHEN n %% 100 < 92 THEN 'excluded' ELSE 'open' END,
        3, 0, CASE WHEN n %% 100 < 97 THEN 3 ELSE 0 END, 1, 0, (random() * 35e12)::bigint, n %% 50 = 0, 0, false,
        now() - interval '300 days' + n * interval '300 days' / %(samples)s
    FROM generate_series(%(first)s, %(last)s) n
    RETURNING id, external_id
)
INSERT INTO annotation_samplecontent (sample_id, messages, responses, metadata, extra, prompt_digest)
SELECT id, jsonb_build_array(jsonb_build_object('role', 'user', 'content', 'Prompt ' || left(repeat(md5(id::text) || ' ', 12), 300))),
    jsonb_build_array(jsonb_build_object('id', '0', 'text', repeat(md5(external_id) || ' ', 15), 'model', 'model-' || id %% 4)),
    jsonb_build_object('domain', (ARRAY['law', 'cooking', 'code', 'health', 'travel'])[1 + id %% 5],
        'language', (ARRAY['en', 'ko', 'de'])[1 + id %% 3], 'source', 'source-' || id %% 12, 'number', id::text),
    '{}', md5((id / 2)::text)
FROM made
"""
SAID = """
WITH sample AS (
    SELECT id, created_at, (hashint8(id) & 3) AS truth FROM annotation_sample
    WHERE project_id = %(project)s AND counted_count = 3 AND id > %(after)s AND id <= %(upto)s
), given AS (
    INSERT INTO annotation_assignment (sample_id, annotator_id, state, claimed_at, lease_expires_at, finished_at,
        shown_order, skip_reason, is_gold)
    SELECT sample.id, (%(people)s::bigint[])[1 + (hashint8(sample.id) & 8191 ) %% 90 + place * 3], 'submitted',
        sample.created_at, sample.created_at, sample.created_at + place * interval '1 hour', '{0}', '', false
    FROM sample, generate_series(0, 2) place
    RETURNING id, sample_id, finished_at
)
INSERT INTO annotation_annotation (assignment_id, revision, is_current, rubric_id, ratings, neither_valid, round,
    remarks, comment, client_key, submitted_at, active_seconds)
SELECT given.id, 1, true, %(rubric)s, ARRAY(
        SELECT least(4, greatest(0, (hashint8(given.sample_id * 7 + place) & 3) + (hashint8(given.id * 11 + place) & 7) / 5
            - (hashint8(given.id * 13 + place) & 7) / 6))::smallint
        FROM generate_series(1, 5) place),
    false, 1, '{}', '', given.id::text, given.finished_at, 10 + (hashint8(given.id) & 127)
FROM given
"""
DECIDED = """
WITH sample AS (
    SELECT id, state, created_at + interval '3 hours' AS at FROM annotation_sample
    WHERE project_id = %(project)s AND state <> 'open' AND id > %(after)s AND id <= %(upto)s
), noted AS (
    INSERT INTO annotation_sampleevent (sample_id, source, target, reason, text, policy_id, at)
    SELECT id, 'open', state, CASE state WHEN 'resolved' THEN 'agreed' WHEN 'contested' THEN 'too_few_usable' ELSE 'neither_valid' END,
        '', %(policy)s, at FROM sample
), judged AS (
    INSERT INTO annotation_judgment (sample_id, judge_id, rubric_id, ratings, details, is_unsure, is_relative, raw_text, created_at)
    SELECT id, %(judge)s, %(rubric)s,
        ARRAY(SELECT (hashint8(id * 7 + place) & 3)::smallint FROM generate_series(1, 5) place), '{}', id %% 20 = 0, false, '', at
    FROM sample WHERE id %% 2 = 0
)
INSERT INTO annotation_consensuslabel (sample_id, attribute, revision, is_current, human_value, human_expected,
    no_preference, method, annotation_count, annotations, policy_id, created_at)
SELECT sample.id, name, 1, true, said.ratings[1][place], said.ratings[1][place], false, 'closest-three/1', 3, said.ids, %(policy)s, at
FROM sample
CROSS JOIN LATERAL (
    SELECT array_agg(annotation.id) AS ids, array_agg(annotation.ratings) AS ratings
    FROM annotation_assignment assignment JOIN annotation_annotation annotation ON annotation.assignment_id = assignment.id
    WHERE assignment.sample_id = sample.id
) said
CROSS JOIN unnest(%(names)s::text[]) WITH ORDINALITY AS attribute (name, place)
WHERE sample.state = 'resolved'
"""


def fill(samples: int, say: Say) -> Project:
    """The project, or the one that a kept folder has already."""
    if found := Project.objects.filter(slug=SLUG).first():
        return found
    project = projects.create(slug=SLUG, title="A large project", attributes=ATTRIBUTES)
    _people(project)
    identity = JudgeIdentity("external", "a judge")
    values: dict[str, Any] = {
        "project": project.pk,
        "samples": samples,
        "rubric": Rubric.objects.get(project=project).pk,
        "policy": project.policy.pk,
        "people": list(project.annotators.order_by("pk").values_list("pk", flat=True)),
        "judge": judging.enable(project=project, identity=identity).pk,
        "names": [attribute["name"] for attribute in ATTRIBUTES],
    }
    begun = time.perf_counter()
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")  # no triggers: ratings were drawn from their scales
        for first in range(1, samples + 1, BATCH):
            cursor.execute("SELECT COALESCE(max(id), 0) FROM annotation_sample")
            values |= {"first": first, "last": min(first + BATCH - 1, samples), "after": cursor.fetchone()[0]}
            cursor.execute(SAMPLES, values)
            cursor.execute("SELECT max(id) FROM annotation_sample")
            values["upto"] = cursor.fetchone()[0]
            cursor.execute(SAID, values)
            # Of tables that are being filled the planner knows nothing, and would read them whole for every sample.
            cursor.execute("ANALYZE annotation_sample, annotation_assignment, annotation_annotation")
            cursor.execute(DECIDED, values)
            say(f"{values['last']:,} samples written, {time.perf_counter() - begun:.0f} s")
        cursor.execute("SET session_replication_role = DEFAULT")
        cursor.execute("VACUUM ANALYZE")
    return project


def _people(project: Project) -> None:
    admin = User.objects.create(username="admin-of-large", is_staff=True, is_superuser=True)
    Membership.objects.create(user=admin, project=project, role=Membership.Role.ADMIN)
    names = [f"person-{number}" for number in range(PEOPLE)]
    Annotator.objects.bulk_create(Annotator(project=project, external_id=name) for name in names)


def count(project: Project, say: Say) -> dict[str, Any]:
    """Count the statistics as beat does, once more from nothing, and build the search; how long each took."""
    told: dict[str, Any] = {}
    if not reading.of(project).is_there:
        told["first_count_s"] = _timed(lambda: fold.fold(project=project, at=timezone.now()))
        say(f"counted for the first time in {told['first_count_s']:.0f} s")
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO annotation_statisticschange (sample_id, project_id) SELECT id, project_id FROM annotation_sample"
            " WHERE project_id = %s ORDER BY rank LIMIT 20000",
            [project.pk],
        )
    told["fold_unchanged_per_s"] = 20_000 / _timed(lambda: fold.fold(project=project, at=timezone.now()))
    begun = time.perf_counter()
    differences = checking.check(project=project, at=timezone.now(), on_progress=lambda done, of: None)
    told |= {"check_s": time.perf_counter() - begun, "differences": len(differences)}
    say(f"checked in {told['check_s']:.0f} s: {len(differences)} differences")
    told["figures_s"] = _timed(lambda: figures.refresh(project=project, at=timezone.now(), at_once=True))
    say(f"what is no sum was measured in {told['figures_s']:.0f} s")
    told["search_s"] = _timed(lambda: _build_search(project, say))
    say(f"the search was built in {told['search_s']:.0f} s")
    return told


def _build_search(project: Project, say: Say) -> None:
    """In parts of a minute, as beat does."""
    through = project.samples.latest("pk").pk
    while True:
        covering.cover(project=project, through=through, at=timezone.now(), is_time_up=_after(seconds=60))
        far = covering.coverage(project)
        say(f"{far.covered:,} of {far.total:,} samples can be found")
        if far.is_whole:
            return


def _after(*, seconds: float) -> Callable[[], bool]:
    ends_at = time.monotonic() + seconds
    return lambda: time.monotonic() > ends_at


def _timed(call: Callable[[], Any]) -> float:
    begun = time.perf_counter()
    call()
    return time.perf_counter() - begun
