"""Invitations by link; and what a change of a project was and became, beside its sentence."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import F, Q


class Migration(migrations.Migration):
    dependencies = [("annotation", "0028_exploring")]

    operations = [
        migrations.AddField(
            model_name="projectevent",
            name="before",
            field=models.JSONField(null=True, help_text="what it was, by name; empty where nothing had a value before"),
        ),
        migrations.AddField(
            model_name="projectevent",
            name="after",
            field=models.JSONField(null=True, help_text="what it became, by the same names"),
        ),
        migrations.CreateModel(
            name="Invitation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "role",
                    models.CharField(
                        max_length=16,
                        choices=[("annotator", "Annotator"), ("reviewer", "Reviewer"), ("admin", "Admin")],
                    ),
                ),
                ("digest", models.CharField(max_length=64, unique=True)),
                (
                    "note",
                    models.CharField(
                        max_length=200, blank=True, help_text="for whom, for those who look after the project"
                    ),
                ),
                ("places", models.PositiveIntegerField(help_text="how many people may join by it")),
                ("taken", models.PositiveIntegerField(default=0)),
                ("made_at", models.DateTimeField()),
                ("ends_at", models.DateTimeField()),
                ("withdrawn_at", models.DateTimeField(null=True)),
                (
                    "made_by",
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
                        related_name="invitations",
                        to="annotation.project",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(name="invitation_of_project", fields=["project", "id"])],
                "constraints": [
                    models.CheckConstraint(
                        name="invitation_role_known", condition=Q(role__in=["annotator", "reviewer", "admin"])
                    ),
                    models.CheckConstraint(
                        name="invitation_never_overfilled",
                        condition=Q(places__gte=1, places__lte=1000, taken__lte=F("places")),
                    ),
                    models.CheckConstraint(
                        name="invitation_ends_after_it_began", condition=Q(ends_at__gt=F("made_at"))
                    ),
                ],
            },
        ),
    ]
