"""What posting judgments sends: all of them in one statement, the judge's second word on a sample passed over."""

# One JSON text for however many judgments: a row of placeholders each would cost more than the insertion itself.
# Index judgment_once_per_sample.
POST = """
INSERT INTO annotation_judgment (sample_id, judge_id, rubric_id, ratings, probabilities, raw_text, details, is_unsure,
    is_relative, created_at)
SELECT said.sample_id, %(judge)s, %(rubric)s, said.ratings, said.probabilities, said.raw_text, said.details, said.is_unsure,
    said.is_relative, now()
FROM jsonb_to_recordset(%(judgments)s::jsonb) AS said (sample_id bigint, ratings smallint[], probabilities jsonb, raw_text text,
    details jsonb, is_unsure boolean, is_relative boolean)
ON CONFLICT (sample_id, judge_id) DO NOTHING
"""
