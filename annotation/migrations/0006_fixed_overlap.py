"""Find the random slice's samples that lack their last people; a sample that nobody was given yet stays where it is."""

from django.db import migrations, models

PLACES = """
DROP TRIGGER annotation_sample_place ON annotation_sample;
CREATE TRIGGER annotation_sample_place BEFORE UPDATE ON annotation_sample FOR EACH ROW WHEN (
    NEW.state IN ('open', 'escalated') AND NEW.target > NEW.leased_count + NEW.counted_count
    AND (
        OLD.state NOT IN ('open', 'escalated')
        OR (NEW.target - NEW.leased_count - NEW.counted_count > OLD.target - OLD.leased_count - OLD.counted_count{unless})
        OR (NEW.state <> OLD.state AND NEW.state = 'escalated')
        OR NEW.priority <> OLD.priority
        OR NEW.requirement_id IS DISTINCT FROM OLD.requirement_id
        OR (OLD.head_start_until IS NOT NULL AND NEW.head_start_until IS NULL)
    )
) EXECUTE FUNCTION annotation_sample_takes_a_place();
"""
# A changed policy gives it further slots, and whoever may have it could have it before: it keeps its random rank.
UNLESS_UNTOUCHED = """
            AND NOT (OLD.lane_seq IS NULL AND OLD.state = 'open' AND OLD.leased_count + OLD.counted_count = 0)"""


class Migration(migrations.Migration):
    dependencies = [("annotation", "0005_prices")]
    operations = [
        migrations.RunSQL(PLACES.format(unless=UNLESS_UNTOUCHED), PLACES.format(unless="")),
        migrations.AddIndex(
            model_name="sample",
            index=models.Index(
                name="sample_short_overlap",
                fields=["project"],
                condition=models.Q(is_fixed_overlap=True, state="open", counted_count__gte=3),
            ),
        ),
    ]
