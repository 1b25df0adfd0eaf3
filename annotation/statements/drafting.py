"""What saving a draft sends: one statement, many times a minute while somebody types."""

# Only of an answer that is still to be given (or to be corrected, for a further revision), and never over a newer one. The
# assignment is locked against its submission, so that no draft outlives what it became. Index draft_once_per_revision.
KEEP = """
INSERT INTO annotation_draft AS draft (assignment_id, of_revision, fields, saves, saved_at)
SELECT mine.id, %(of_revision)s, %(fields)s::jsonb, %(saves)s, %(at)s
FROM (
    SELECT assignment.id FROM annotation_assignment assignment
    WHERE assignment.id = %(assignment)s AND (
        (%(of_revision)s = 1 AND assignment.state IN ('leased', 'expired', 'released'))
        OR (%(of_revision)s = 1 + (
                SELECT max(said.revision) FROM annotation_annotation said WHERE said.assignment_id = assignment.id)
            AND assignment.state IN ('submitted', 'late') AND assignment.finished_at >= %(correctable_since)s))
    FOR SHARE
) mine
ON CONFLICT (assignment_id, of_revision) DO UPDATE
    SET fields = excluded.fields, saves = excluded.saves, saved_at = excluded.saved_at
    WHERE draft.saves < excluded.saves
RETURNING draft.saves
"""
