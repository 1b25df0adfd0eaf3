"""What an annotation is worth is kept with the time from which it holds, by a trigger, whoever changes it."""

import django.core.validators
import django.db.models.deletion
from django.db import migrations, models

KEPT = (
    """
CREATE FUNCTION annotation_keep_price() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO annotation_pricechange (project_id, price, since)
    SELECT NEW.id, NEW.price_per_annotation, CASE WHEN EXISTS (
        SELECT FROM annotation_pricechange WHERE project_id = NEW.id
    ) THEN clock_timestamp() END;
    RETURN NULL;
END $$;
CREATE TRIGGER annotation_price_at_first AFTER INSERT ON annotation_project FOR EACH ROW
    WHEN (NEW.price_per_annotation IS NOT NULL) EXECUTE FUNCTION annotation_keep_price();
CREATE TRIGGER annotation_price_kept AFTER UPDATE OF price_per_annotation ON annotation_project FOR EACH ROW
    WHEN (OLD.price_per_annotation IS DISTINCT FROM NEW.price_per_annotation) EXECUTE FUNCTION annotation_keep_price();
CREATE TRIGGER annotation_price_frozen BEFORE UPDATE ON annotation_pricechange
    FOR EACH ROW EXECUTE FUNCTION annotation_refuse_change();

INSERT INTO annotation_pricechange (project_id, price)
SELECT id, price_per_annotation FROM annotation_project WHERE price_per_annotation IS NOT NULL;
""",
    """
DROP TRIGGER annotation_price_frozen ON annotation_pricechange;
DROP TRIGGER annotation_price_kept ON annotation_project;
DROP TRIGGER annotation_price_at_first ON annotation_project;
DROP FUNCTION annotation_keep_price();
""",
)


class Migration(migrations.Migration):
    dependencies = [("annotation", "0004_places")]

    operations = [
        migrations.CreateModel(
            name="PriceChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "price",
                    models.DecimalField(
                        decimal_places=4, help_text="for an annotation; empty: none", max_digits=8, null=True
                    ),
                ),
                ("since", models.DateTimeField(null=True)),
                (
                    "project",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="price_changes",
                        to="annotation.project",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("project", "since"), name="price_change_once_at_a_time", nulls_distinct=False
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("price", None), ("price__gte", 0), _connector="OR"),
                        name="price_not_negative",
                    ),
                ],
            },
        ),
        migrations.AlterField(
            model_name="project",
            name="price_per_annotation",
            field=models.DecimalField(
                blank=True,
                decimal_places=4,
                max_digits=8,
                null=True,
                validators=[django.core.validators.MinValueValidator(0)],
            ),
        ),
        migrations.RunSQL(*KEPT),
    ]
