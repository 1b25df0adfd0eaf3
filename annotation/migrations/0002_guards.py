"""What no CHECK can say, the database says by triggers: legal moves, ratings that fit their rubric, frozen rows."""

from django.db import migrations

LANE_SEQUENCE = ("CREATE SEQUENCE annotation_lane_seq", "DROP SEQUENCE annotation_lane_seq")

SAMPLE_MOVES = (
    """
CREATE FUNCTION annotation_sample_move_is_legal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.state, NEW.state) NOT IN (
        ('open', 'escalated'), ('open', 'resolved'), ('open', 'contested'), ('open', 'excluded'),
        ('escalated', 'resolved'), ('escalated', 'contested'), ('escalated', 'excluded'), ('escalated', 'open'),
        ('contested', 'resolved'), ('contested', 'excluded'), ('contested', 'escalated'),
        ('resolved', 'open'), ('resolved', 'escalated'), ('resolved', 'contested'),
        ('excluded', 'open')
    ) THEN
        RAISE EXCEPTION 'sample % cannot go from % to %', OLD.id, OLD.state, NEW.state USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER annotation_sample_moves BEFORE UPDATE OF state ON annotation_sample
    FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION annotation_sample_move_is_legal();
""",
    """
DROP TRIGGER annotation_sample_moves ON annotation_sample;
DROP FUNCTION annotation_sample_move_is_legal();
""",
)

# The layout of annotation/ratings.py: response-scoped attributes for each response, then those of the whole sample.
RATINGS_FIT = (
    """
CREATE FUNCTION annotation_check_ratings(
    ratings smallint[], attributes jsonb, responses integer, may_be_missing boolean
) RETURNS void LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    place integer := 0;
    attribute jsonb;
    of_responses jsonb := jsonb_path_query_array(attributes, '$[*] ? (@.scope == "response")');
    of_sample jsonb := jsonb_path_query_array(attributes, '$[*] ? (@.scope != "response")');
    wanted integer := responses * jsonb_array_length(of_responses) + jsonb_array_length(of_sample);
BEGIN
    IF COALESCE(array_length(ratings, 1), 0) <> wanted THEN
        RAISE EXCEPTION 'ratings have % places, the rubric has %', COALESCE(array_length(ratings, 1), 0), wanted
            USING ERRCODE = 'check_violation';
    END IF;
    FOR attribute IN
        SELECT a FROM generate_series(1, responses) r, jsonb_array_elements(of_responses) WITH ORDINALITY AS t(a, n)
        UNION ALL SELECT a FROM jsonb_array_elements(of_sample) AS u(a)
    LOOP
        place := place + 1;
        IF ratings[place] IS NULL THEN
            IF NOT may_be_missing AND NOT COALESCE((attribute->>'optional')::boolean, false) THEN
                RAISE EXCEPTION '% is missing', attribute->>'name' USING ERRCODE = 'check_violation';
            END IF;
        ELSIF NOT attribute->'values' @> jsonb_build_array(jsonb_build_object('value', ratings[place])) THEN
            RAISE EXCEPTION '% is %, which is off its scale', attribute->>'name', ratings[place]
                USING ERRCODE = 'check_violation';
        END IF;
    END LOOP;
END $$;

CREATE FUNCTION annotation_annotation_fits() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    attributes jsonb;
    responses integer;
BEGIN
    SELECT rubric.attributes, sample.response_count INTO attributes, responses
    FROM annotation_assignment assignment
    JOIN annotation_sample sample ON sample.id = assignment.sample_id
    JOIN annotation_rubric rubric ON rubric.id = NEW.rubric_id AND rubric.project_id = sample.project_id
    WHERE assignment.id = NEW.assignment_id;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'rubric % is not of the project of assignment %', NEW.rubric_id, NEW.assignment_id
            USING ERRCODE = 'check_violation';
    END IF;
    PERFORM annotation_check_ratings(NEW.ratings, attributes, responses, NEW.neither_valid);
    RETURN NEW;
END $$;
CREATE TRIGGER annotation_annotation_fits_rubric BEFORE INSERT ON annotation_annotation
    FOR EACH ROW EXECUTE FUNCTION annotation_annotation_fits();

CREATE FUNCTION annotation_judgment_fits() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    attributes jsonb;
    responses integer;
BEGIN
    SELECT rubric.attributes, sample.response_count INTO attributes, responses
    FROM annotation_sample sample
    JOIN annotation_rubric rubric ON rubric.id = NEW.rubric_id AND rubric.project_id = sample.project_id
    WHERE sample.id = NEW.sample_id;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'rubric % is not of the project of sample %', NEW.rubric_id, NEW.sample_id
            USING ERRCODE = 'check_violation';
    END IF;
    PERFORM annotation_check_ratings(NEW.ratings, attributes, responses, true);
    RETURN NEW;
END $$;
CREATE TRIGGER annotation_judgment_fits_rubric BEFORE INSERT ON annotation_judgment
    FOR EACH ROW EXECUTE FUNCTION annotation_judgment_fits();
""",
    """
DROP TRIGGER annotation_judgment_fits_rubric ON annotation_judgment;
DROP FUNCTION annotation_judgment_fits();
DROP TRIGGER annotation_annotation_fits_rubric ON annotation_annotation;
DROP FUNCTION annotation_annotation_fits();
DROP FUNCTION annotation_check_ratings(smallint[], jsonb, integer, boolean);
""",
)

# An annotation's only change is to stop being the current revision; a rubric, a policy and a judge never change;
# a version that is ready or failed stays as it is.
FROZEN = (
    """
CREATE FUNCTION annotation_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% % is frozen; write a new version instead', TG_TABLE_NAME, OLD.id USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER annotation_annotation_frozen BEFORE UPDATE ON annotation_annotation FOR EACH ROW
    WHEN (to_jsonb(OLD) - 'is_current' IS DISTINCT FROM to_jsonb(NEW) - 'is_current')
    EXECUTE FUNCTION annotation_refuse_change();
CREATE TRIGGER annotation_label_frozen BEFORE UPDATE ON annotation_consensuslabel FOR EACH ROW
    WHEN (to_jsonb(OLD) - 'is_current' - 'decided_by_id' IS DISTINCT FROM to_jsonb(NEW) - 'is_current' - 'decided_by_id')
    EXECUTE FUNCTION annotation_refuse_change();
CREATE TRIGGER annotation_event_frozen BEFORE UPDATE ON annotation_sampleevent FOR EACH ROW
    WHEN (to_jsonb(OLD) - 'actor_id' IS DISTINCT FROM to_jsonb(NEW) - 'actor_id')
    EXECUTE FUNCTION annotation_refuse_change();
CREATE TRIGGER annotation_judgment_frozen BEFORE UPDATE ON annotation_judgment FOR EACH ROW
    EXECUTE FUNCTION annotation_refuse_change();
CREATE TRIGGER annotation_rubric_frozen BEFORE UPDATE ON annotation_rubric FOR EACH ROW
    EXECUTE FUNCTION annotation_refuse_change();
CREATE TRIGGER annotation_policy_frozen BEFORE UPDATE ON annotation_policy FOR EACH ROW
    EXECUTE FUNCTION annotation_refuse_change();
CREATE TRIGGER annotation_judge_frozen BEFORE UPDATE ON annotation_judge FOR EACH ROW
    EXECUTE FUNCTION annotation_refuse_change();
CREATE TRIGGER annotation_version_frozen BEFORE UPDATE ON annotation_datasetversion FOR EACH ROW
    WHEN (OLD.state <> 'building'
          AND to_jsonb(OLD) - 'requested_by_id' IS DISTINCT FROM to_jsonb(NEW) - 'requested_by_id')
    EXECUTE FUNCTION annotation_refuse_change();
CREATE TRIGGER annotation_rank_frozen BEFORE UPDATE OF rank ON annotation_sample FOR EACH ROW
    WHEN (OLD.rank IS DISTINCT FROM NEW.rank) EXECUTE FUNCTION annotation_refuse_change();
""",
    """
DROP TRIGGER annotation_rank_frozen ON annotation_sample;
DROP TRIGGER annotation_version_frozen ON annotation_datasetversion;
DROP TRIGGER annotation_judge_frozen ON annotation_judge;
DROP TRIGGER annotation_policy_frozen ON annotation_policy;
DROP TRIGGER annotation_rubric_frozen ON annotation_rubric;
DROP TRIGGER annotation_judgment_frozen ON annotation_judgment;
DROP TRIGGER annotation_event_frozen ON annotation_sampleevent;
DROP TRIGGER annotation_label_frozen ON annotation_consensuslabel;
DROP TRIGGER annotation_annotation_frozen ON annotation_annotation;
DROP FUNCTION annotation_refuse_change();
""",
)

ONE_PROJECT = (
    """
CREATE FUNCTION annotation_assignment_is_of_one_project() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT project_id FROM annotation_sample WHERE id = NEW.sample_id)
       IS DISTINCT FROM (SELECT project_id FROM annotation_annotator WHERE id = NEW.annotator_id) THEN
        RAISE EXCEPTION 'sample % and annotator % are of different projects', NEW.sample_id, NEW.annotator_id
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER annotation_assignment_one_project BEFORE INSERT OR UPDATE OF sample_id, annotator_id
    ON annotation_assignment FOR EACH ROW EXECUTE FUNCTION annotation_assignment_is_of_one_project();
""",
    """
DROP TRIGGER annotation_assignment_one_project ON annotation_assignment;
DROP FUNCTION annotation_assignment_is_of_one_project();
""",
)


class Migration(migrations.Migration):
    dependencies = [("annotation", "0001_initial")]
    operations = [migrations.RunSQL(*sql) for sql in (LANE_SEQUENCE, SAMPLE_MOVES, RATINGS_FIT, FROZEN, ONE_PROJECT)]
