"""The ratings are walked in the order of their places, whatever way PostgreSQL takes through the join."""

from django.db import migrations, models
from django.db.models import Q

CHECK = """
CREATE OR REPLACE FUNCTION annotation_check_ratings(
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
    FOR attribute IN {places}
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
END $$
"""
IN_ORDER = """
        SELECT a FROM (
            SELECT a, r, n FROM generate_series(1, responses) r, jsonb_array_elements(of_responses) WITH ORDINALITY AS t(a, n)
            UNION ALL
            SELECT a, responses + 1, n FROM jsonb_array_elements(of_sample) WITH ORDINALITY AS u(a, n)
        ) places ORDER BY r, n"""
BEFORE = """
        SELECT a FROM generate_series(1, responses) r, jsonb_array_elements(of_responses) WITH ORDINALITY AS t(a, n)
        UNION ALL SELECT a FROM jsonb_array_elements(of_sample) AS u(a)"""
GIVEN = """
UPDATE annotation_annotator SET given_count = (
    SELECT count(*) FROM annotation_assignment WHERE annotator_id = annotation_annotator.id
)
"""


class Migration(migrations.Migration):
    dependencies = [("annotation", "0008_fewer_indexes")]
    operations = [
        migrations.RunSQL(CHECK.replace("{places}", IN_ORDER), CHECK.replace("{places}", BEFORE)),
        migrations.RunSQL(GIVEN, migrations.RunSQL.noop),
        migrations.AddIndex(
            "assignment",
            models.Index(
                name="assignment_given_back", fields=["annotator"], condition=Q(state__in=["expired", "released"])
            ),
        ),
        migrations.AlterField(
            "annotator",
            "given_count",
            models.PositiveIntegerField(default=0, help_text="samples ever given, also those that were given back"),
        ),
    ]
