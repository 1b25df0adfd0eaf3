import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("annotation", "0029_invitations")]

    operations = [
        migrations.AddField(
            model_name="project",
            name="hourly_floor",
            field=models.DecimalField(
                blank=True,
                decimal_places=2,
                help_text="what an hour of active work should bring at least; empty: no floor",
                max_digits=8,
                null=True,
                validators=[django.core.validators.MinValueValidator(0)],
            ),
        ),
        migrations.AddConstraint(
            model_name="project",
            constraint=models.CheckConstraint(
                condition=models.Q(("hourly_floor", None), ("hourly_floor__gte", 0), _connector="OR"),
                name="project_floor_not_negative",
            ),
        ),
    ]
