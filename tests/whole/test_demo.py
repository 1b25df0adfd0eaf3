"""The demonstration on real data, held against a count of the raw files that knows nothing of Concord."""

import json
import os
import signal

import pytest

from demo import recount
from demo.sets import HERE, SETS

LIMIT = 45
pytestmark = pytest.mark.slow

DECIDED = """
SELECT project.slug, sample.external_id, sample.state,
       array_agg(annotator.external_id ORDER BY assignment.finished_at, assignment.id)
FROM annotation_sample sample
JOIN annotation_project project ON project.id = sample.project_id
JOIN annotation_assignment assignment ON assignment.sample_id = sample.id AND assignment.state = 'submitted'
JOIN annotation_annotator annotator ON annotator.id = assignment.annotator_id
GROUP BY 1, 2, 3
"""
IMPOSSIBLE = """
SELECT sample.external_id FROM annotation_sample sample
LEFT JOIN annotation_assignment assignment ON assignment.sample_id = sample.id
GROUP BY sample.id
HAVING sample.counted_count <> count(*) FILTER (WHERE assignment.state = 'submitted')
    OR sample.leased_count <> count(*) FILTER (WHERE assignment.state = 'leased')
    OR sample.counted_count + sample.leased_count > sample.target
"""
UNJUDGED = """
SELECT plan.project_id, sample.external_id FROM modelgen_rewardheadplan plan
JOIN annotation_sample sample ON sample.project_id = plan.project_id
WHERE NOT EXISTS (SELECT FROM annotation_judgment judgment WHERE judgment.sample_id = sample.id AND judgment.judge_id = plan.judge_id)
"""
ESCALATED = """
SELECT project.slug, sample.external_id FROM annotation_sampleevent event
JOIN annotation_sample sample ON sample.id = event.sample_id
JOIN annotation_project project ON project.id = sample.project_id
WHERE event.reason IN ('first_round_disagreed', 'nobody_left')
"""


@pytest.fixture(scope="module")
def expected() -> dict:
    return {which.slug: recount.recount(HERE / which.slug, which.reserved, LIMIT) for which in SETS}


def check_against_the_raw_files(demo, expected):
    """Every sample in the state, with the people and in the order that the raw files and the rule ask for."""
    said = demo.rows(DECIDED)
    assert {(slug, sample): state for slug, sample, state, _ in said} == {
        (slug, sample): replay["state"]
        for slug, count in expected.items()
        for sample, replay in count["by_sample"].items()
    }
    assert {(slug, sample): people for slug, sample, _, people in said} == {
        (slug, sample): replay["people"]
        for slug, count in expected.items()
        for sample, replay in count["by_sample"].items()
    }
    assert set(demo.rows(ESCALATED)) == {
        (slug, sample)
        for slug, count in expected.items()
        for sample, replay in count["by_sample"].items()
        if replay["escalated"]
    }
    assert demo.rows(IMPOSSIBLE) == []


def test_the_report_is_what_the_raw_files_say_and_a_second_run_adds_nothing(demo, expected):
    demo.start("--exit", "--limit", str(LIMIT), "--report", str(demo.report))
    first = demo.finish()
    check_against_the_raw_files(demo, expected)

    report = json.loads(demo.report.read_text())["projects"]
    for slug, count in expected.items():
        samples = report[slug]["samples"]
        assert samples["annotations"] == count["annotations_replayed"]
        assert samples["states"]["resolved"] == count["resolved"]
        assert samples["states"]["contested"] == count["contested"]
        alphas = {row["attribute"]: row["alpha"]["value"] for row in report[slug]["reliability"]}
        assert alphas == pytest.approx(count["alpha"])
    equal = {row["judge"]: row["equal_share"]["value"] for row in report["pandalm"]["judges"]}
    assert {name: equal[name] for name in expected["pandalm"]["judges"]} == pytest.approx(
        {name: judge["agreement"] for name, judge in expected["pandalm"]["judges"].items()}
    )

    demo.start("--exit", "--limit", str(LIMIT))
    second = demo.finish()
    assert "0 annotations submitted" in second
    check_against_the_raw_files(demo, expected)
    assert {row[0] for row in demo.rows("SELECT number FROM annotation_datasetversion")} == {1}
    assert first != second  # new log-ins


def test_killing_the_web_server_and_the_worker_loses_and_doubles_nothing(demo, expected):
    demo.start("--exit", "--limit", str(LIMIT), "--report", str(demo.report))
    for annotations, victim in ((60, "granian"), (130, "worker"), (200, "granian")):
        demo.wait_until(lambda enough=annotations: demo.annotation_count() > enough)
        victims = demo.children(victim)
        assert victims
        for pid in victims:
            os.kill(pid, signal.SIGKILL)

    demo.finish()

    check_against_the_raw_files(demo, expected)
    total = sum(count["annotations_replayed"] for count in expected.values())
    assert demo.rows("SELECT count(*), count(DISTINCT assignment_id) FROM annotation_annotation") == [(total, total)]
    assert demo.rows(UNJUDGED) == []
