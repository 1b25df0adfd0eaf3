"""What a draft may hold: the fields of one form as texts, and no more than somebody types."""

from django.db import migrations

SMALL_AND_FLAT = (
    """
ALTER TABLE annotation_draft
    ADD CONSTRAINT draft_is_small CHECK (octet_length(fields::text) <= 65536),
    ADD CONSTRAINT draft_has_texts_by_name CHECK (
        jsonb_typeof(fields) = 'object' AND NOT jsonb_path_exists(fields, '$.* ? (@.type() != "string")'));
-- Saved anew every few seconds: room on the page, so that a save touches no index.
ALTER TABLE annotation_draft SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02);
""",
    """
ALTER TABLE annotation_draft RESET (fillfactor, autovacuum_vacuum_scale_factor);
ALTER TABLE annotation_draft DROP CONSTRAINT draft_has_texts_by_name, DROP CONSTRAINT draft_is_small;
""",
)


class Migration(migrations.Migration):
    dependencies = [("annotation", "0018_remarks_fit")]

    operations = [migrations.RunSQL(*SMALL_AND_FLAT)]
