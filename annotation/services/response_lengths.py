"""How long responses are, counted where they lie: no text leaves the database for it."""

from django.db import connection

from annotation.models import Project

# Of a response that is a list of messages, what the model said in it counts; what tools answered does not.
_LENGTHS = """
SELECT content.sample_id, ARRAY(
    SELECT coalesce(
        char_length(response->>'text'),
        (SELECT coalesce(sum(char_length(message->>'content')), 0)
           FROM jsonb_array_elements(response->'messages') AS message WHERE message->>'role' = 'assistant')
    )
    FROM jsonb_array_elements(content.responses) WITH ORDINALITY AS given (response, place)
    ORDER BY place
)
FROM annotation_samplecontent content JOIN annotation_sample sample ON sample.id = content.sample_id
WHERE sample.project_id = %s
  AND EXISTS (SELECT FROM annotation_judgment judgment WHERE judgment.sample_id = sample.id)
"""


def of_judged_samples(project: Project) -> dict[int, list[int]]:
    """Characters of each response, in canonical order, of every sample that a judge has judged."""
    with connection.cursor() as cursor:
        cursor.execute(_LENGTHS, [project.pk])
        return {sample_id: [int(length) for length in lengths] for sample_id, lengths in cursor.fetchall()}
