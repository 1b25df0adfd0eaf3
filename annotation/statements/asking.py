"""Who may still be asked about a sample: counted when its people disagree."""

# Those who may work, have the skills that the sample asks for, and have never had it in their hands, whatever became of it.
_MAY_BE_ASKED = """
    person.project_id = %(project)s AND person.state = 'active' AND person.is_qualified
    AND (person.cap IS NULL OR person.given_count < person.cap + (
        SELECT count(*) FROM annotation_assignment back
        WHERE back.annotator_id = person.id AND back.state IN ('expired', 'released')))
    AND person.skills @> COALESCE(
        (SELECT requirement.skills FROM annotation_requirement requirement WHERE requirement.id = %(requirement)s::bigint),
        '{}')
    AND NOT EXISTS (SELECT FROM annotation_user account WHERE account.id = person.user_id AND NOT account.is_active)
    AND NOT EXISTS (
        SELECT FROM annotation_assignment had WHERE had.sample_id = %(sample)s AND had.annotator_id = person.id)
"""

# How many, counted no further than anybody wants to know.
PEOPLE_LEFT = f"""
SELECT count(*) AS people FROM (
    SELECT FROM annotation_annotator person WHERE {_MAY_BE_ASKED} LIMIT %(at_most)s
) asked
"""

# How many of them are of at least median weight, and how many would have to stand back for them. No weight counts as the
# median; where nobody has one, nobody stands back.
FAVOURED = f"""
SELECT count(*) FILTER (WHERE person.weight IS NULL OR person.weight >= median.weight) AS favoured,
    count(*) FILTER (WHERE person.weight < median.weight) AS others
FROM (
    SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY active.weight) AS weight FROM annotation_annotator active
    WHERE active.project_id = %(project)s AND active.state = 'active'
) median
JOIN annotation_annotator person ON {_MAY_BE_ASKED}
WHERE median.weight IS NOT NULL
"""
