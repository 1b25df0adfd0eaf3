"""A sample takes its place in the lanes by itself; gold, notices and the audit trail of a project are frozen."""

from django.db import migrations

# Whenever a sample becomes claimable for somebody who could not have it before, it gets the next place in the returned
# lane and the number of the transaction. So no code can free a slot and forget to tell those who wait for one.
PLACES = (
    """
CREATE FUNCTION annotation_sample_takes_a_place() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.claimable_xid := pg_current_xact_id()::text::bigint;
    IF TG_OP = 'UPDATE' OR NEW.priority <> 0 THEN
        NEW.lane_seq := nextval('annotation_lane_seq');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER annotation_sample_place_at_first BEFORE INSERT ON annotation_sample
    FOR EACH ROW EXECUTE FUNCTION annotation_sample_takes_a_place();
CREATE TRIGGER annotation_sample_place BEFORE UPDATE ON annotation_sample FOR EACH ROW WHEN (
    NEW.state IN ('open', 'escalated') AND NEW.target > NEW.leased_count + NEW.counted_count
    AND (
        OLD.state NOT IN ('open', 'escalated')
        OR NEW.target - NEW.leased_count - NEW.counted_count > OLD.target - OLD.leased_count - OLD.counted_count
        OR (NEW.state <> OLD.state AND NEW.state = 'escalated')
        OR NEW.priority <> OLD.priority
        OR NEW.requirement_id IS DISTINCT FROM OLD.requirement_id
        OR (OLD.head_start_until IS NOT NULL AND NEW.head_start_until IS NULL)
    )
) EXECUTE FUNCTION annotation_sample_takes_a_place();

-- What a person may have changes with what they are: then nothing is ruled out for them any more.
CREATE FUNCTION annotation_annotator_looks_anew() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.nothing_before := 0;
    IF NEW.skills IS DISTINCT FROM OLD.skills THEN
        NEW.fresh_cursor := -1;
        NEW.returned_cursor := 0;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER annotation_annotator_changed BEFORE UPDATE OF skills, weight, state, is_qualified, cap
    ON annotation_annotator FOR EACH ROW
    WHEN ((OLD.skills, OLD.weight, OLD.state, OLD.is_qualified, OLD.cap)
          IS DISTINCT FROM (NEW.skills, NEW.weight, NEW.state, NEW.is_qualified, NEW.cap))
    EXECUTE FUNCTION annotation_annotator_looks_anew();

UPDATE annotation_annotator SET given_count = (
    SELECT count(*) FROM annotation_assignment
    WHERE annotator_id = annotation_annotator.id AND state NOT IN ('expired', 'released')
);
-- Every claim and submission rewrites these rows: room on the page, and dead rows cleared before they pile up.
ALTER TABLE annotation_sample SET (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02);
ALTER TABLE annotation_annotator SET (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02);
""",
    """
ALTER TABLE annotation_annotator RESET (fillfactor, autovacuum_vacuum_scale_factor);
ALTER TABLE annotation_sample RESET (fillfactor, autovacuum_vacuum_scale_factor);
DROP TRIGGER annotation_annotator_changed ON annotation_annotator;
DROP FUNCTION annotation_annotator_looks_anew();
DROP TRIGGER annotation_sample_place ON annotation_sample;
DROP TRIGGER annotation_sample_place_at_first ON annotation_sample;
DROP FUNCTION annotation_sample_takes_a_place();
""",
)

FROZEN = (
    """
CREATE FUNCTION annotation_gold_fits() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    attributes jsonb;
    responses integer;
BEGIN
    SELECT rubric.attributes, sample.response_count INTO attributes, responses
    FROM annotation_sample sample
    JOIN annotation_rubric rubric ON rubric.id = NEW.rubric_id AND rubric.project_id = sample.project_id
    WHERE sample.id = NEW.sample_id AND sample.project_id = NEW.project_id;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'sample %, rubric % and project % do not belong together',
            NEW.sample_id, NEW.rubric_id, NEW.project_id USING ERRCODE = 'check_violation';
    END IF;
    PERFORM annotation_check_ratings(NEW.ratings, attributes, responses, true);
    RETURN NEW;
END $$;
CREATE TRIGGER annotation_gold_fits_rubric BEFORE INSERT ON annotation_goldanswer
    FOR EACH ROW EXECUTE FUNCTION annotation_gold_fits();
CREATE TRIGGER annotation_gold_frozen BEFORE UPDATE ON annotation_goldanswer FOR EACH ROW
    WHEN (to_jsonb(OLD) - 'is_current' - 'is_served' - 'written_by_id'
          IS DISTINCT FROM to_jsonb(NEW) - 'is_current' - 'is_served' - 'written_by_id')
    EXECUTE FUNCTION annotation_refuse_change();
CREATE TRIGGER annotation_notice_frozen BEFORE UPDATE OF annotator_id, kind, text, by_name, created_at ON annotation_notice
    FOR EACH ROW
    WHEN ((OLD.annotator_id, OLD.kind, OLD.text, OLD.by_name, OLD.created_at)
          IS DISTINCT FROM (NEW.annotator_id, NEW.kind, NEW.text, NEW.by_name, NEW.created_at))
    EXECUTE FUNCTION annotation_refuse_change();
CREATE TRIGGER annotation_project_event_frozen BEFORE UPDATE ON annotation_projectevent FOR EACH ROW
    WHEN (to_jsonb(OLD) - 'actor_id' IS DISTINCT FROM to_jsonb(NEW) - 'actor_id')
    EXECUTE FUNCTION annotation_refuse_change();
""",
    """
DROP TRIGGER annotation_project_event_frozen ON annotation_projectevent;
DROP TRIGGER annotation_notice_frozen ON annotation_notice;
DROP TRIGGER annotation_gold_frozen ON annotation_goldanswer;
DROP TRIGGER annotation_gold_fits_rubric ON annotation_goldanswer;
DROP FUNCTION annotation_gold_fits();
""",
)


class Migration(migrations.Migration):
    dependencies = [("annotation", "0003_handing_out")]
    operations = [migrations.RunSQL(*sql) for sql in (PLACES, FROZEN)]
