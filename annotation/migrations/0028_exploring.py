"""What the explorer finds samples by, filters with names, orders for many samples, and samples offered to people first.

The words of a text are lexemes of the `simple` configuration. Scripts that put no spaces between words (Chinese, Japanese,
Thai) and Korean, whose particles stick to the word, are cut into overlapping pairs of letters, each run of them ending with
its last letter: whoever looks for a piece of such a text looks for its pairs side by side. No extension is needed.
"""

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

WORDS = (
    r"""
CREATE FUNCTION annotation_words(said text) RETURNS tsvector LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    unspaced CONSTANT text := '\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u3005-\u3007\u3040-\u318f'
        '\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff\U00020000-\U0003ffff';
    written text;
    letters text[];
BEGIN
    IF octet_length(said) = length(said) THEN
        RETURN to_tsvector('pg_catalog.simple', said);
    END IF;
    written := normalize(said, NFKC);
    letters := string_to_array(regexp_replace(written, '[^' || unspaced || ']+', ' ', 'g') || ' ', NULL);
    RETURN to_tsvector('pg_catalog.simple', regexp_replace(written, '[' || unspaced || ']+', ' ', 'g')) || coalesce((
        SELECT to_tsvector('pg_catalog.simple', string_agg(letter || following, ' '))
        FROM unnest(letters, letters[2:]) AS pair (letter, following) WHERE letter <> ' '), ''::tsvector);
END $$;
-- Long vectors lie apart, so that what is found by other means does not read them.
ALTER TABLE annotation_sampledocument SET (toast_tuple_target = 128);
""",
    """
DROP FUNCTION annotation_words(text);
""",
)


class Migration(migrations.Migration):
    dependencies = [("annotation", "0027_what_ifs")]

    operations = [
        migrations.CreateModel(
            name="SearchMark",
            fields=[
                ("table", models.CharField(max_length=63, primary_key=True, serialize=False)),
                (
                    "followed",
                    models.BigIntegerField(
                        help_text="what came up to here is in the search; empty: not begun", null=True
                    ),
                ),
                ("settled", models.BigIntegerField(null=True)),
                ("latest", models.BigIntegerField()),
                ("horizon", models.BigIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name="SearchProgress",
            fields=[
                (
                    "project",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="search_progress",
                        serialize=False,
                        to="annotation.project",
                    ),
                ),
                ("through", models.BigIntegerField(default=0)),
                ("covered", models.PositiveIntegerField(default=0)),
                (
                    "total",
                    models.PositiveIntegerField(
                        default=0, help_text="samples that there were to cover when it was last looked"
                    ),
                ),
                (
                    "basis",
                    models.CharField(
                        blank=True, help_text="rubric and policy; under others facets are made anew", max_length=40
                    ),
                ),
                ("as_of", models.DateTimeField(null=True)),
            ],
            options={
                "verbose_name_plural": "search progress",
            },
        ),
        migrations.CreateModel(
            name="SampleDocument",
            fields=[
                (
                    "sample",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="document",
                        serialize=False,
                        to="annotation.sample",
                    ),
                ),
                ("words", django.contrib.postgres.search.SearchVectorField()),
            ],
            options={
                "indexes": [django.contrib.postgres.indexes.GinIndex(fields=["words"], name="sample_document_words")],
            },
        ),
        migrations.CreateModel(
            name="SampleFacets",
            fields=[
                (
                    "sample",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="facets",
                        serialize=False,
                        to="annotation.sample",
                    ),
                ),
                (
                    "tokens",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.TextField(),
                        help_text="what is true of it, each a short text that begins with the project",
                        size=None,
                    ),
                ),
                (
                    "disagreement",
                    models.FloatField(
                        help_text="of its first round: the widest range of a trigger value, as a share of its scale",
                        null=True,
                    ),
                ),
                ("priority", models.SmallIntegerField(default=0)),
                ("imported_at", models.DateTimeField()),
                (
                    "decided_at",
                    models.DateTimeField(
                        help_text="when it was resolved, contested or excluded the last time", null=True
                    ),
                ),
                (
                    "project",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="annotation.project",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "sample facets",
                "indexes": [
                    django.contrib.postgres.indexes.GinIndex(fields=["tokens"], name="sample_facets_tokens"),
                    models.Index(fields=["project", "sample"], name="sample_facets_in_order"),
                    models.Index(
                        condition=models.Q(("disagreement__isnull", False)),
                        fields=["project", "disagreement", "sample"],
                        name="sample_facets_disagreement",
                    ),
                    models.Index(fields=["project", "priority", "sample"], name="sample_facets_priority"),
                    models.Index(fields=["project", "imported_at"], name="sample_facets_imported"),
                    models.Index(
                        condition=models.Q(("decided_at__isnull", False)),
                        fields=["project", "decided_at"],
                        name="sample_facets_decided",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="SampleOffer",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("offered_at", models.DateTimeField()),
                (
                    "annotator",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="offers",
                        to="annotation.annotator",
                    ),
                ),
                (
                    "sample",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="offers",
                        to="annotation.sample",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["annotator", "id"], name="sample_offer_next")],
                "constraints": [models.UniqueConstraint(fields=("sample", "annotator"), name="sample_offer_once")],
            },
        ),
        migrations.CreateModel(
            name="SampleOrder",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("prioritise", "Give a priority"),
                            ("send", "Offer to people"),
                            ("exclude", "Exclude"),
                            ("take_back", "Take back in"),
                        ],
                        max_length=16,
                    ),
                ),
                (
                    "samples",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(), help_text="ids, ascending", size=None
                    ),
                ),
                ("total", models.PositiveIntegerField()),
                (
                    "query",
                    models.CharField(
                        blank=True, help_text="the filter that found them; empty: chosen one by one", max_length=2000
                    ),
                ),
                ("details", models.JSONField(default=dict, help_text="the priority, the annotators' ids")),
                ("reason", models.TextField(blank=True)),
                ("asked_at", models.DateTimeField()),
                ("done", models.PositiveIntegerField(default=0, help_text="samples looked at")),
                ("changed", models.PositiveIntegerField(default=0)),
                ("refusals", models.JSONField(default=dict, help_text="why samples were left as they are -> how many")),
                ("finished_at", models.DateTimeField(null=True)),
                (
                    "by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "project",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="sample_orders",
                        to="annotation.project",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("finished_at__isnull", True)), fields=["id"], name="sample_order_open"
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["prioritise", "send", "exclude", "take_back"])),
                        name="sample_order_kind_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("changed__lte", models.F("done")), ("done__lte", models.F("total"))),
                        name="sample_order_counts",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("kind__in", ["exclude", "take_back"]), _negated=True),
                            models.Q(("reason", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="sample_order_says_why",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="SavedFilter",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=80)),
                ("query", models.CharField(help_text="as it stands in the address of the page", max_length=2000)),
                ("created_at", models.DateTimeField()),
                (
                    "by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "project",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="saved_filters",
                        to="annotation.project",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("project", "name"), name="saved_filter_once_per_project"),
                    models.CheckConstraint(
                        condition=models.Q(("name", ""), _negated=True), name="saved_filter_has_a_name"
                    ),
                ],
            },
        ),
        migrations.RunSQL(*WORDS),
    ]
