"""The written guideline of each project becomes its first version; versions are frozen."""

from django.db import migrations, models

# Foreign keys of the rows that are written here are checked at once: a table with checks that wait cannot be altered.
FROM_INSTRUCTIONS = (
    """
SET CONSTRAINTS ALL IMMEDIATE;
INSERT INTO annotation_guideline (project_id, version, text, what_changed, created_at)
SELECT id, 1, instructions, '', created_at FROM annotation_project project
WHERE btrim(instructions, E' \\t\\r\\n') <> ''
  AND NOT EXISTS (SELECT FROM annotation_guideline WHERE project_id = project.id);
-- Whoever has been given samples has had the text beside them: what they know is not announced as new.
UPDATE annotation_annotator annotator SET
    guideline_read = COALESCE((SELECT max(version) FROM annotation_guideline WHERE project_id = annotator.project_id), 0),
    rubric_read = COALESCE((SELECT max(version) FROM annotation_rubric WHERE project_id = annotator.project_id), 0)
WHERE given_count > 0;
""",
    """
SET CONSTRAINTS ALL IMMEDIATE;
UPDATE annotation_project project SET instructions = newest.text
FROM (SELECT DISTINCT ON (project_id) project_id, text FROM annotation_guideline ORDER BY project_id, version DESC) newest
WHERE newest.project_id = project.id;
""",
)

# A version goes with its project alone, and a project is archived before it is deleted (services/closing.py).
FROZEN = (
    """
CREATE TRIGGER annotation_guideline_frozen BEFORE UPDATE ON annotation_guideline FOR EACH ROW
    WHEN (to_jsonb(OLD) - 'written_by_id' IS DISTINCT FROM to_jsonb(NEW) - 'written_by_id')
    EXECUTE FUNCTION annotation_refuse_change();
CREATE FUNCTION annotation_guideline_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM annotation_project WHERE id = OLD.project_id AND state <> 'archived') THEN
        RAISE EXCEPTION 'guideline % of project % stays; write a new version instead', OLD.version, OLD.project_id
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN OLD;
END $$;
CREATE TRIGGER annotation_guideline_kept BEFORE DELETE ON annotation_guideline
    FOR EACH ROW EXECUTE FUNCTION annotation_guideline_stays();
""",
    """
DROP TRIGGER annotation_guideline_kept ON annotation_guideline;
DROP FUNCTION annotation_guideline_stays();
DROP TRIGGER annotation_guideline_frozen ON annotation_guideline;
""",
)


class Migration(migrations.Migration):
    dependencies = [("annotation", "0016_the_annotators_page")]

    operations = [
        migrations.AddField(
            model_name="annotator",
            name="rubric_read",
            field=models.PositiveIntegerField(
                default=0, help_text="the newest version of the rubric when they opened the guideline"
            ),
        ),
        migrations.RunSQL(*FROM_INSTRUCTIONS),
        migrations.RemoveField(model_name="project", name="instructions"),
        migrations.RunSQL(*FROZEN),
    ]
