"""What a decision sends: read what counts, replace the labels, move the sample. All under the lock of the sample."""

# The annotations that count, in order of arrival. Index assignment_once_per_sample, annotation_one_current.
COUNTED = """
SELECT annotation.id, annotation.assignment_id, annotation.rubric_id, annotation.ratings, annotation.neither_valid,
    annotation.round, assignment.annotator_id
FROM annotation_assignment assignment
JOIN annotation_annotation annotation ON annotation.assignment_id = assignment.id AND annotation.is_current
WHERE assignment.sample_id = %(sample)s AND assignment.state = 'submitted' AND NOT assignment.is_gold
ORDER BY assignment.finished_at, assignment.id
"""

# Why the sample went into this state the last time; an event may also stand beside a move. Index sample_event_trail.
LAST_REASON = """
SELECT event.reason FROM annotation_sampleevent event
WHERE event.sample_id = %(sample)s AND event.target = %(target_state)s AND event.source <> %(target_state)s
ORDER BY event.id DESC LIMIT 1
"""

# The last revision of every label of a sample. Index consensus_label_revision_once.
LAST_LABELS = """
SELECT DISTINCT ON (label.response, label.attribute) label.*
FROM annotation_consensuslabel label WHERE label.sample_id = %(sample)s
ORDER BY label.response, label.attribute, label.revision DESC
"""

RETIRE_LABELS = """
UPDATE annotation_consensuslabel SET is_current = false WHERE sample_id = %(sample)s AND is_current
    AND (%(labels)s::bigint[] IS NULL OR id = ANY(%(labels)s::bigint[]))
"""

# Further revisions, given as a JSON list of objects.
ADD_LABELS = """
INSERT INTO annotation_consensuslabel (sample_id, response, attribute, revision, is_current, human_value, human_expected,
    no_preference, method, annotation_count, annotations, policy_id, decided_by_id, created_at)
SELECT %(sample)s, label.response, label.attribute, label.revision, true, label.human_value, label.human_expected,
    label.no_preference, label.method, label.annotation_count, label.annotations, %(policy)s, %(decided_by)s, %(at)s
FROM jsonb_to_recordset(%(labels)s::jsonb) AS label (response smallint, attribute text, revision int, human_value smallint,
    human_expected float8, no_preference boolean, method text, annotation_count smallint, annotations bigint[])
"""

# One move and its event; nothing when somebody else moved the sample first. What belongs to the state that is left
# (waiting for people, a head start) ends with it.
MOVE = """
WITH moved AS (
    UPDATE annotation_sample SET state = %(target_state)s, target = COALESCE(%(target)s::int, target),
        waits_for_people = %(waits_for_people)s, head_start_until = %(head_start_until)s
    WHERE id = %(sample)s AND state = %(source_state)s
    RETURNING id
)
INSERT INTO annotation_sampleevent (sample_id, source, target, reason, text, actor_id, policy_id, at)
SELECT moved.id, %(source_state)s, %(target_state)s, %(reason)s, %(text)s, %(actor)s, %(policy)s, %(at)s FROM moved
RETURNING id
"""
