"""What a submission sends: lock the sample, look at the assignment, write everything that the submission is.

The sample is locked before the assignment, as everywhere. Each is a statement of its own, because a statement sees the
database as it was when it began, before it waited for its lock.
"""

# Who an assignment belongs to: asked before anything is locked.
OWNER = """
SELECT annotator.id, annotator.project_id, annotator.user_id, annotator.external_id
FROM annotation_assignment assignment
JOIN annotation_annotator annotator ON annotator.id = assignment.annotator_id
WHERE assignment.id = %(assignment)s
"""

LOCK_SAMPLE = """
SELECT sample.id, sample.project_id, sample.external_id, sample.purpose, sample.state, sample.target, sample.leased_count,
    sample.counted_count, sample.open_slots, sample.response_count, sample.requirement_id, sample.is_fixed_overlap,
    sample.head_start_until, sample.waits_for_people
FROM annotation_sample sample
WHERE sample.id = (SELECT assignment.sample_id FROM annotation_assignment assignment WHERE assignment.id = %(assignment)s)
FOR NO KEY UPDATE
"""

LOCK_ASSIGNMENT = """
SELECT assignment.id, assignment.state, assignment.annotator_id, assignment.finished_at, assignment.is_gold,
    annotator.external_id, annotator.is_qualified, annotator.state AS annotator_state, project.head_start_hours,
    (SELECT rubric.id FROM annotation_rubric rubric WHERE rubric.project_id = annotator.project_id
        ORDER BY rubric.version DESC LIMIT 1) AS rubric,
    (SELECT policy.id FROM annotation_policy policy WHERE policy.project_id = annotator.project_id
        ORDER BY policy.version DESC LIMIT 1) AS policy
FROM annotation_assignment assignment
JOIN annotation_annotator annotator ON annotator.id = assignment.annotator_id
JOIN annotation_project project ON project.id = annotator.project_id
WHERE assignment.id = %(assignment)s
FOR NO KEY UPDATE OF assignment
"""

# The annotation, the end of the assignment and the sample's counters. A submission never arrives before one that is there
# already, also when the clock was put back: the order of arrival is the order of the locks. It says whether a draft is left to
# be forgotten: what comes from a program has none, and pays for one look into an index.
RECORD = """
WITH arrival AS (
    SELECT GREATEST(%(at)s, max(earlier.finished_at) + interval '1 microsecond') AS finished_at FROM annotation_assignment earlier
    WHERE earlier.sample_id = %(sample)s AND earlier.state = 'submitted' AND NOT earlier.is_gold
), noted AS (
    INSERT INTO annotation_annotation (assignment_id, revision, is_current, rubric_id, ratings, neither_valid, round,
        remarks, comment, active_seconds, client_key, was_counted, submitted_at)
    VALUES (%(assignment)s, 1, true, %(rubric)s, %(ratings)s::smallint[], %(neither_valid)s, %(round)s, %(remarks)s::jsonb,
        %(comment)s, %(active_seconds)s, %(client_key)s, %(was_counted)s, %(at)s)
    RETURNING id
), ended AS (
    UPDATE annotation_assignment assignment SET state = %(state)s, lease_place = NULL, finished_at = arrival.finished_at
    FROM arrival WHERE assignment.id = %(assignment)s
), counted AS (
    UPDATE annotation_sample SET leased_count = leased_count - %(released)s, counted_count = counted_count + %(counted)s
    WHERE id = %(sample)s AND %(released)s + %(counted)s > 0
)
SELECT noted.id, EXISTS (SELECT FROM annotation_draft draft WHERE draft.assignment_id = %(assignment)s) AS has_draft
FROM noted
"""
