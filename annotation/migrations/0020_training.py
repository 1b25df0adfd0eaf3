"""Samples that teach, and samples that not everybody wants to read."""

from django.db import migrations, models
from django.db.models import Q

# Whoever is in a project already began without training, and is not sent back.
NOT_SENT_BACK = "UPDATE annotation_annotator SET trained_at = joined_at WHERE trained_at IS NULL"
# Without the word that it teaches, an answer that taught would measure people.
NOT_MEASURING = "UPDATE annotation_goldanswer SET is_served = false WHERE teaches AND is_current"

# A known answer teaches exactly when its sample is one for training, whichever of the two is written first.
TEACHES = (
    """
CREATE FUNCTION annotation_gold_teaches_as_its_sample() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.is_current AND NEW.teaches IS DISTINCT FROM
        (SELECT sample.purpose = 'training' FROM annotation_sample sample WHERE sample.id = NEW.sample_id) THEN
        RAISE EXCEPTION 'the known answer of sample % and the sample itself say differently whether it teaches', NEW.sample_id
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER annotation_gold_teaches BEFORE INSERT OR UPDATE OF teaches, is_current, sample_id ON annotation_goldanswer
    FOR EACH ROW EXECUTE FUNCTION annotation_gold_teaches_as_its_sample();

CREATE FUNCTION annotation_sample_teaches_as_its_answer() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM annotation_goldanswer gold
               WHERE gold.sample_id = NEW.id AND gold.is_current AND gold.teaches <> (NEW.purpose = 'training')) THEN
        RAISE EXCEPTION 'sample % and its known answer say differently whether it teaches', NEW.id
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER annotation_sample_teaches BEFORE UPDATE OF purpose ON annotation_sample FOR EACH ROW
    WHEN (OLD.purpose IS DISTINCT FROM NEW.purpose) EXECUTE FUNCTION annotation_sample_teaches_as_its_answer();
""",
    """
DROP TRIGGER annotation_sample_teaches ON annotation_sample;
DROP FUNCTION annotation_sample_teaches_as_its_answer();
DROP TRIGGER annotation_gold_teaches ON annotation_goldanswer;
DROP FUNCTION annotation_gold_teaches_as_its_sample();
""",
)

# What is no work is only ever given beside the work. One more word in a look that every new assignment takes anyway.
_BESIDE_WORK = """
CREATE OR REPLACE FUNCTION annotation_assignment_is_of_one_project() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    sample record;
BEGIN
    SELECT project_id, purpose INTO sample FROM annotation_sample WHERE id = NEW.sample_id;
    IF sample.project_id IS DISTINCT FROM (SELECT project_id FROM annotation_annotator WHERE id = NEW.annotator_id) THEN
        RAISE EXCEPTION 'sample % and annotator % are of different projects', NEW.sample_id, NEW.annotator_id
            USING ERRCODE = 'check_violation';
    END IF;
    IF sample.purpose <> 'work' AND NOT NEW.is_gold THEN
        RAISE EXCEPTION 'sample % is for %, and no work', NEW.sample_id, sample.purpose USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$
"""
_OF_ONE_PROJECT = """
CREATE OR REPLACE FUNCTION annotation_assignment_is_of_one_project() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT project_id FROM annotation_sample WHERE id = NEW.sample_id)
       IS DISTINCT FROM (SELECT project_id FROM annotation_annotator WHERE id = NEW.annotator_id) THEN
        RAISE EXCEPTION 'sample % and annotator % are of different projects', NEW.sample_id, NEW.annotator_id
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$
"""


class Migration(migrations.Migration):
    dependencies = [("annotation", "0019_drafts_are_small")]

    operations: list[migrations.operations.base.Operation] = [
        migrations.AddField(
            model_name="goldanswer",
            name="teaches",
            field=models.BooleanField(
                default=False, db_default=False, help_text="as its sample's purpose says: a trigger keeps the two alike"
            ),
        ),
        migrations.AlterField(
            model_name="goldanswer",
            name="rank",
            field=models.BigIntegerField(
                help_text="the order of handing out: the sample's own; of training a place from 0"
            ),
        ),
        migrations.RemoveIndex(model_name="goldanswer", name="gold_served"),
        migrations.AddIndex(
            model_name="goldanswer",
            index=models.Index(
                name="gold_served",
                fields=["project", "rank"],
                condition=Q(is_current=True, is_served=True, teaches=False),
            ),
        ),
        migrations.AddIndex(
            model_name="goldanswer",
            index=models.Index(
                name="training_served",
                fields=["project", "rank"],
                condition=Q(is_current=True, is_served=True, teaches=True),
            ),
        ),
        migrations.AddField(
            model_name="samplecontent",
            name="sensitive",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="what makes it sensitive, in a word; empty: nothing does",
                max_length=50,
            ),
        ),
        migrations.RunSQL(NOT_SENT_BACK, NOT_MEASURING),
        migrations.RunSQL(*TEACHES),
        migrations.RunSQL(_BESIDE_WORK, _OF_ONE_PROJECT),
    ]
