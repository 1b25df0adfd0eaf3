"""What the demonstration must come to, by a count of the raw files that knows nothing of Concord."""

from typing import Any

from demo import recount
from demo.sets import HERE, SETS

LIMIT = 45  # samples of each set

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
ESCALATED = """
SELECT project.slug, sample.external_id FROM annotation_sampleevent event
JOIN annotation_sample sample ON sample.id = event.sample_id
JOIN annotation_project project ON project.id = sample.project_id
WHERE event.reason IN ('first_round_disagreed', 'nobody_left')
"""


def counted() -> dict[str, Any]:
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
