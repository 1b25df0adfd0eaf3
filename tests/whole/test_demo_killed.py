"""The demonstration while its programs are killed. Takes a minute: `make test-chaos`."""

import os
import signal

import pytest
from raw_files import LIMIT, check_against_the_raw_files, counted

pytestmark = pytest.mark.slow

UNJUDGED = """
SELECT plan.project_id, sample.external_id FROM modelgen_rewardheadplan plan
JOIN annotation_sample sample ON sample.project_id = plan.project_id
WHERE NOT EXISTS (SELECT FROM annotation_judgment judgment WHERE judgment.sample_id = sample.id AND judgment.judge_id = plan.judge_id)
"""


def test_killing_the_web_server_and_the_worker_loses_and_doubles_nothing(demo):
    expected = counted()
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
