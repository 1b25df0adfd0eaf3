"""Every statement of a loop goes down the index that it was written for, with any values, also while statistics are young."""

import pytest
from django.db import connection
from story import NOW, crowd, make_project, rate

from annotation.services import claiming
from bench import plans, stage


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
        cursor.execute("ANALYZE annotation_sample, annotation_assignment, annotation_annotation, annotation_annotator")


def test_every_statement_stands_on_its_indexes(busy):
    plan_of = {name: plans.generic_plan(name, statement) for name, (statement, _module) in plans.statements().items()}
    missing = [(name, index) for name, plan in plan_of.items() for index in plans.INDEXES[name] if index not in plan]
    assert missing == [], "\n\n".join(plan_of[name] for name, _index in missing)
    large = {"annotation_sample", "annotation_assignment", "annotation_annotation", "annotation_samplecontent"}
    scanned = [line for plan in plan_of.values() for line in plan.splitlines() if "Seq Scan" in line]
    assert not [line for line in scanned if large & set(line.split())]


def test_every_statement_has_its_plan_in_the_documents():
    page = (stage.Path(__file__).parents[2] / "docs/query-plans.md").read_text()
    assert {name for name in plans.statements() if f"## {name}\n" not in page} == set()


def test_the_statements_of_a_loop_are_really_prepared(project, sample, ana):
    rate(sample, by=ana, overall=4)
    claiming.claim_next(annotator=ana, at=NOW)
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement FROM pg_prepared_statements")
        prepared = " ".join(statement for (statement,) in cursor.fetchall())
    for table in ("annotation_annotator annotator", "INSERT INTO annotation_annotation", "WITH picked AS"):
        assert table in prepared
