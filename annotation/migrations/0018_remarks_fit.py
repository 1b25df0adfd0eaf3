"""Remarks fit their rubric: a trigger beside the one for ratings, that nothing wakes where nothing was remarked."""

from django.db import migrations

REMARKS_FIT = (
    """
-- What one remark of a kind may be: a text, links, known options, a known value. annotation/remarks.py counts the words.
CREATE FUNCTION annotation_remark_is_fine(said jsonb, remark jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE remark->>'kind'
        WHEN 'words' THEN jsonb_typeof(said) = 'string'
        WHEN 'sources' THEN jsonb_typeof(said) = 'array'
            AND NOT jsonb_path_exists(said, '$[*] ? (@.type() != "string" || !(@ like_regex "^https?://[^[:space:]]+$" flag "i"))')
        WHEN 'reasons' THEN jsonb_typeof(said) = 'array' AND said <@ jsonb_path_query_array(remark, '$.options[*].name')
        WHEN 'confidence' THEN jsonb_typeof(said) = 'number' AND said <@ jsonb_path_query_array(remark, '$.values[*].value')
        ELSE false
    END
$$;

CREATE FUNCTION annotation_check_remark(said jsonb, remark jsonb, responses integer) RETURNS void
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    one jsonb;
BEGIN
    IF remark->>'scope' <> 'response' THEN
        said := jsonb_build_array(said);
    ELSIF jsonb_typeof(said) <> 'array' OR jsonb_array_length(said) <> responses THEN
        RAISE EXCEPTION 'remark % is %, not one for each of % responses', remark->>'name', said, responses
            USING ERRCODE = 'check_violation';
    END IF;
    FOR one IN SELECT * FROM jsonb_array_elements(said) LOOP
        CONTINUE WHEN remark->>'scope' = 'response' AND one = 'null';
        IF NOT annotation_remark_is_fine(one, remark) THEN
            RAISE EXCEPTION 'remark % is %, which its rubric does not have', remark->>'name', one
                USING ERRCODE = 'check_violation';
        END IF;
    END LOOP;
END $$;

-- The place of a comparison in the packed ratings: after those of all responses (annotation/ratings.py).
CREATE FUNCTION annotation_check_tie(
    comparison text, kind jsonb, ratings smallint[], attributes jsonb, responses integer
) RETURNS void LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    rated smallint;
    known jsonb;
BEGIN
    SELECT ratings[responses * (SELECT count(*) FROM jsonb_array_elements(attributes) a WHERE a->>'scope' = 'response') + at],
        jsonb_path_query_array(attribute, '$.values[*] ? (@.value == 0).kinds[*].name')
    INTO rated, known
    FROM (
        SELECT attribute, row_number() OVER (ORDER BY n) AS at
        FROM jsonb_array_elements(attributes) WITH ORDINALITY AS t(attribute, n) WHERE attribute->>'scope' <> 'response'
    ) of_sample
    WHERE attribute->>'name' = comparison AND attribute->>'scope' = 'comparison';
    IF NOT FOUND OR known = '[]' THEN
        RAISE EXCEPTION 'there is no remark %', comparison USING ERRCODE = 'check_violation';
    ELSIF jsonb_typeof(kind) <> 'string' OR NOT kind <@ known THEN
        RAISE EXCEPTION '% is no kind of tie of %', kind, comparison USING ERRCODE = 'check_violation';
    ELSIF rated IS DISTINCT FROM 0 THEN
        RAISE EXCEPTION '% has a kind of tie, and its value is %', comparison, rated USING ERRCODE = 'check_violation';
    END IF;
END $$;

CREATE FUNCTION annotation_remarks_fit() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    attributes jsonb;
    remarks jsonb;
    responses integer;
    called text;
    said jsonb;
    remark jsonb;
BEGIN
    IF jsonb_typeof(NEW.remarks) <> 'object' THEN
        RAISE EXCEPTION 'remarks are %, not an object', NEW.remarks USING ERRCODE = 'check_violation';
    END IF;
    SELECT rubric.attributes, rubric.remarks, sample.response_count INTO attributes, remarks, responses
    FROM annotation_assignment assignment
    JOIN annotation_sample sample ON sample.id = assignment.sample_id
    JOIN annotation_rubric rubric ON rubric.id = NEW.rubric_id
    WHERE assignment.id = NEW.assignment_id;
    FOR called, said IN SELECT * FROM jsonb_each(NEW.remarks) LOOP
        SELECT one INTO remark FROM jsonb_array_elements(remarks) AS one WHERE one->>'name' = called;
        IF FOUND THEN
            PERFORM annotation_check_remark(said, remark, responses);
        ELSE
            PERFORM annotation_check_tie(called, said, NEW.ratings, attributes, responses);
        END IF;
    END LOOP;
    RETURN NEW;
END $$;
-- Fires after annotation_annotation_fits_rubric, which has looked at the length of the ratings: triggers go by name.
CREATE TRIGGER annotation_annotation_remarks_fit BEFORE INSERT ON annotation_annotation
    FOR EACH ROW WHEN (NEW.remarks <> '{}'::jsonb) EXECUTE FUNCTION annotation_remarks_fit();
""",
    """
DROP TRIGGER annotation_annotation_remarks_fit ON annotation_annotation;
DROP FUNCTION annotation_remarks_fit();
DROP FUNCTION annotation_check_tie(text, jsonb, smallint[], jsonb, integer);
DROP FUNCTION annotation_check_remark(jsonb, jsonb, integer);
DROP FUNCTION annotation_remark_is_fine(jsonb, jsonb);
""",
)


class Migration(migrations.Migration):
    dependencies = [("annotation", "0017_guidelines")]
    operations = [migrations.RunSQL(*REMARKS_FIT)]
