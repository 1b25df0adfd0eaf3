"""Every statement of a loop goes down the index that it was written for, with any values, also while statistics are young."""

import pytest
from django.conf import settings
from django.db import connection
from story import NOW, crowd, make_project, rate

from annotation.services import claiming
from bench import plans, stage

DECIDED = """
WITH labelled AS (
    INSERT INTO annotation_consensuslabel (sample_id, response, attribute, revision, is_current, no_preference, method,
        annotation_count, annotations, policy_id, created_at)
    SELECT id, NULL, 'preference', 1, true, false, 'mean/1', 3, '{}', %(policy)s, now() FROM annotation_sample
), known AS (
    INSERT INTO annotation_goldanswer (sample_id, project_id, revision, is_current, rubric_id, ratings, source, note, rank,
        is_served, created_at)
    SELECT id, project_id, 1, true, %(rubric)s, '{1}', 'written', '', rank, true, now() FROM annotation_sample
)
INSERT INTO annotation_sampleevent (sample_id, source, target, reason, text, policy_id, at)
SELECT id, 'open', 'resolved', 'agreed', '', %(policy)s, now() FROM annotation_sample
"""


@pytest.fixture
def busy(db):
    """A project of some thousand samples, one person ahead of the others."""
    project = make_project(attributes=[stage.ATTRIBUTE])
    ana, *others = crowd(project, 40)
    with connection.cursor() as cursor:
        cursor.execute(stage.TEXTS)
        cursor.execute(stage.FILL, {"project": project.pk, "first": 1, "last": 4000})
        about = {"project": project.pk, "annotator": ana.pk, "rubric": project.rubric.pk, "count": 500}
        cursor.execute(stage.AHEAD, about)
        for person in others:
            claiming.claim_next(annotator=person, at=NOW)
        cursor.execute(DECIDED, {"policy": project.policy.pk, "rubric": project.rubric.pk})
        # Without these the plan would follow what other tests left in the statistics.
        cursor.execute(
            "ANALYZE annotation_sample, annotation_assignment, annotation_annotation, annotation_annotator, "
            "annotation_consensuslabel, annotation_sampleevent, annotation_goldanswer, annotation_requirement"
        )


def test_every_statement_stands_on_its_indexes(busy):
    plan_of = {name: plans.generic_plan(name, statement) for name, (statement, _module) in plans.statements().items()}
    missing = [(name, index) for name, plan in plan_of.items() for index in plans.INDEXES[name] if index not in plan]
    assert missing == [], "\n\n".join(plan_of[name] for name, _index in missing)
    large = {"annotation_sample", "annotation_assignment", "annotation_annotation", "annotation_samplecontent"}
    scanned = [line for plan in plan_of.values() for line in plan.splitlines() if "Seq Scan" in line]
    assert not [line for line in scanned if large & set(line.split())]


def test_every_statement_has_its_plan_in_the_documents():
    page = (settings.BASE_DIR / "docs/query-plans.md").read_text()
    assert {name for name in plans.statements() if f"## {name}\n" not in page} == set()


def test_the_statements_of_a_loop_are_really_prepared(project, sample, ana):
    rate(sample, by=ana, overall=4)
    claiming.claim_next(annotator=ana, at=NOW)
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement FROM pg_prepared_statements")
        prepared = " ".join(statement for (statement,) in cursor.fetchall())
    for table in ("annotation_annotator annotator", "INSERT INTO annotation_annotation", "WITH picked AS"):
        assert table in prepared
