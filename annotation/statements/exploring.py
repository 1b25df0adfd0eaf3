"""What the search of samples sends: fill and follow what it finds them by."""

MOST_LETTERS = 50_000  # of one sample's texts: PostgreSQL takes a megabyte of words

# The words of texts that have none yet, with the project among them. Texts never change.
ADD_DOCUMENTS = f"""
INSERT INTO annotation_sampledocument (sample_id, words)
SELECT content.sample_id, annotation_words(left(texts.said, {MOST_LETTERS})) || array_to_tsvector(ARRAY['§' || %(project)s::text])
FROM annotation_samplecontent content
CROSS JOIN LATERAL (
    SELECT coalesce(string_agg(piece #>> '{{}}', E'\\n'), '') AS said FROM (
        SELECT jsonb_path_query(content.messages, '$[*].content') AS piece
        UNION ALL SELECT jsonb_path_query(content.responses, '$[*].text')
        UNION ALL SELECT jsonb_path_query(content.responses, '$[*].messages[*].content')) pieces
) texts
WHERE content.sample_id = ANY(%(samples)s::bigint[])
    AND NOT EXISTS (SELECT FROM annotation_sampledocument document WHERE document.sample_id = content.sample_id)
ON CONFLICT (sample_id) DO NOTHING
"""

# Facets as a JSON list of objects; a row that says the same already is not written again.
PUT_FACETS = """
INSERT INTO annotation_samplefacets AS known (sample_id, project_id, tokens, disagreement, priority, imported_at, decided_at)
SELECT facet.sample_id, %(project)s, facet.tokens, facet.disagreement, facet.priority, facet.imported_at, facet.decided_at
FROM jsonb_to_recordset(%(facets)s::jsonb) AS facet (sample_id bigint, tokens text[], disagreement float8, priority smallint,
    imported_at timestamptz, decided_at timestamptz)
ON CONFLICT (sample_id) DO UPDATE SET tokens = excluded.tokens, disagreement = excluded.disagreement,
    priority = excluded.priority, decided_at = excluded.decided_at
WHERE (known.tokens, known.disagreement, known.priority, known.decided_at)
    IS DISTINCT FROM (excluded.tokens, excluded.disagreement, excluded.priority, excluded.decided_at)
"""

# When each sample was decided last.
DECIDED = """
SELECT DISTINCT ON (event.sample_id) event.sample_id, event.at FROM annotation_sampleevent event
WHERE event.sample_id = ANY(%(samples)s::bigint[]) AND event.source <> event.target
    AND event.target IN ('resolved', 'contested', 'excluded')
ORDER BY event.sample_id, event.id DESC
"""

# The oldest transaction that is not over, and the next that will begin.
TRANSACTIONS = """
SELECT pg_snapshot_xmin(now)::text::bigint AS unfinished, pg_snapshot_xmax(now)::text::bigint AS horizon
FROM pg_current_snapshot() now
"""

# What was written lately stands in a list beside the index, which every search reads through; here it goes into the index.
TIDY = """
SELECT gin_clean_pending_list('sample_document_words') AS words, gin_clean_pending_list('sample_facets_tokens') AS tokens
"""
ANALYSE = "ANALYZE annotation_sampledocument, annotation_samplefacets"

# What a list of samples shows of their texts: how the last message begins, and the fields that the project is sliced by.
EXCERPTS = """
SELECT content.sample_id, left(content.messages -> -1 ->> 'content', %(letters)s::int) AS said, content.sensitive,
    (SELECT jsonb_object_agg(name, content.metadata #>> string_to_array(name, '.')) FROM unnest(%(fields)s::text[]) name)
        AS fields
FROM annotation_samplecontent content WHERE content.sample_id = ANY(%(samples)s::bigint[])
"""
