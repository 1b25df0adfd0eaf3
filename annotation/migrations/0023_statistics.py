"""Statistics of a project, and the triggers that note which samples have to be counted anew."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

# One narrow row, once a sample and transaction: a setting that ends with the transaction remembers the last one noted.
NOTE = (
    """
CREATE FUNCTION annotation_note_sample(sample bigint, project bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('concord.noted', true) IS DISTINCT FROM sample::text THEN
        INSERT INTO annotation_statisticschange (sample_id, project_id) VALUES (sample, project);
        PERFORM set_config('concord.noted', sample::text, true);
    END IF;
END $$;

CREATE FUNCTION annotation_sample_counts_anew() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM annotation_note_sample(NEW.id, NEW.project_id);
    RETURN NULL;
END $$;
CREATE TRIGGER annotation_sample_noted AFTER UPDATE ON annotation_sample FOR EACH ROW
    WHEN (OLD.state IS DISTINCT FROM NEW.state OR OLD.counted_count IS DISTINCT FROM NEW.counted_count
          OR OLD.purpose IS DISTINCT FROM NEW.purpose OR OLD.is_fixed_overlap IS DISTINCT FROM NEW.is_fixed_overlap)
    EXECUTE FUNCTION annotation_sample_counts_anew();

CREATE FUNCTION annotation_samples_count() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO annotation_statisticschange (sample_id, project_id) SELECT added.id, added.project_id FROM added;
    RETURN NULL;
END $$;
CREATE TRIGGER annotation_samples_noted AFTER INSERT ON annotation_sample
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION annotation_samples_count();

CREATE FUNCTION annotation_assignment_counts_anew() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM annotation_note_sample(sample.id, sample.project_id) FROM annotation_sample sample WHERE sample.id = NEW.sample_id;
    RETURN NULL;
END $$;
CREATE TRIGGER annotation_assignment_noted AFTER UPDATE OF state ON annotation_assignment FOR EACH ROW
    WHEN (OLD.state IS DISTINCT FROM NEW.state AND NOT NEW.is_gold
          AND (NEW.state IN ('late', 'withdrawn') OR OLD.state IN ('submitted', 'late', 'withdrawn')))
    EXECUTE FUNCTION annotation_assignment_counts_anew();

CREATE FUNCTION annotation_revision_counts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM annotation_note_sample(sample.id, sample.project_id)
    FROM annotation_assignment assignment JOIN annotation_sample sample ON sample.id = assignment.sample_id
    WHERE assignment.id = NEW.assignment_id;
    RETURN NULL;
END $$;
CREATE TRIGGER annotation_revision_noted AFTER INSERT ON annotation_annotation FOR EACH ROW
    WHEN (NEW.revision > 1) EXECUTE FUNCTION annotation_revision_counts();

CREATE FUNCTION annotation_content_counts_anew() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM annotation_note_sample(sample.id, sample.project_id) FROM annotation_sample sample WHERE sample.id = NEW.sample_id;
    RETURN NULL;
END $$;
CREATE TRIGGER annotation_content_noted AFTER UPDATE ON annotation_samplecontent FOR EACH ROW
    WHEN (OLD.metadata IS DISTINCT FROM NEW.metadata OR OLD.responses IS DISTINCT FROM NEW.responses
          OR OLD.prompt_digest IS DISTINCT FROM NEW.prompt_digest)
    EXECUTE FUNCTION annotation_content_counts_anew();
""",
    """
DROP TRIGGER annotation_content_noted ON annotation_samplecontent;
DROP FUNCTION annotation_content_counts_anew();
DROP TRIGGER annotation_revision_noted ON annotation_annotation;
DROP FUNCTION annotation_revision_counts();
DROP TRIGGER annotation_assignment_noted ON annotation_assignment;
DROP FUNCTION annotation_assignment_counts_anew();
DROP TRIGGER annotation_samples_noted ON annotation_sample;
DROP FUNCTION annotation_samples_count();
DROP TRIGGER annotation_sample_noted ON annotation_sample;
DROP FUNCTION annotation_sample_counts_anew();
DROP FUNCTION annotation_note_sample(bigint, bigint);
""",
)

# What hangs on a sample and comes many rows at once: judgments, labels, and whatever else has a `sample_id` of its own. A
# statement that tells of one sample says it once a transaction.
NOTE_MANY = (
    """
CREATE FUNCTION annotation_note_samples() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    least bigint;
    greatest_one bigint;
BEGIN
    SELECT min(sample_id), max(sample_id) INTO least, greatest_one FROM added;
    IF least = greatest_one THEN
        PERFORM annotation_note_sample(sample.id, sample.project_id) FROM annotation_sample sample WHERE sample.id = least;
    ELSE
        INSERT INTO annotation_statisticschange (sample_id, project_id)
        SELECT sample.id, sample.project_id FROM annotation_sample sample
        WHERE sample.id IN (SELECT added.sample_id FROM added);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER annotation_judgment_noted AFTER INSERT ON annotation_judgment
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION annotation_note_samples();
CREATE TRIGGER annotation_label_noted AFTER INSERT ON annotation_consensuslabel
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION annotation_note_samples();
""",
    """
DROP TRIGGER annotation_label_noted ON annotation_consensuslabel;
DROP TRIGGER annotation_judgment_noted ON annotation_judgment;
DROP FUNCTION annotation_note_samples();
""",
)


class Migration(migrations.Migration):
    dependencies = [("annotation", "0022_answers_stay")]

    operations = [
        migrations.AddField(
            model_name="project",
            name="slice_fields",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=50),
                blank=True,
                default=list,
                help_text="metadata fields by whose values figures are told apart; empty: found in the samples",
                size=None,
            ),
        ),
        migrations.CreateModel(
            name="StatisticsChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("sample_id", models.BigIntegerField()),
                ("project_id", models.BigIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name="StatisticsEdition",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "role",
                    models.CharField(
                        choices=[("standing", "Standing"), ("coming", "Coming"), ("check", "Check")], max_length=10
                    ),
                ),
                ("rules", models.JSONField(help_text="the rubric and the slices that were counted under")),
                ("cursor", models.BigIntegerField(default=0, help_text="samples up to this one have been looked at")),
                ("done", models.PositiveIntegerField(default=0)),
                (
                    "of",
                    models.PositiveIntegerField(default=0, help_text="samples that there were when the counting began"),
                ),
                ("is_complete", models.BooleanField(default=False)),
                ("began_at", models.DateTimeField()),
                (
                    "as_of",
                    models.DateTimeField(
                        help_text="everything that was committed before this moment is counted", null=True
                    ),
                ),
                (
                    "project",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="statistics_editions",
                        to="annotation.project",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("project", "role"), name="statistics_edition_one_a_role"),
                    models.CheckConstraint(
                        condition=models.Q(("role__in", ["standing", "coming", "check"])),
                        name="statistics_edition_role_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("role", "standing"), _negated=True), ("is_complete", True), _connector="OR"
                        ),
                        name="statistics_edition_stands_when_complete",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Statistic",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=40)),
                (
                    "slice",
                    models.CharField(blank=True, help_text="field=value; empty: all samples", max_length=200),
                ),
                (
                    "subject",
                    models.CharField(
                        blank=True, help_text="an attribute, a person's or a judge's id, a cause", max_length=100
                    ),
                ),
                ("cells", models.BinaryField()),
                (
                    "edition",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="statistics",
                        to="annotation.statisticsedition",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("edition", "name", "slice", "subject"), name="statistic_once"),
                ],
            },
        ),
        migrations.CreateModel(
            name="CountedSample",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "edition_id", "sample_id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("sample_id", models.BigIntegerField()),
                ("facts", models.TextField(help_text="a JSON list, annotation.statistics.facts")),
                (
                    "edition",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="counted",
                        to="annotation.statisticsedition",
                    ),
                ),
            ],
        ),
        migrations.RunSQL(*NOTE),
        migrations.RunSQL(*NOTE_MANY),
    ]
