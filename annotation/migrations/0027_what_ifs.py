import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("annotation", "0026_messages")]

    operations = [
        migrations.CreateModel(
            name="WhatIf",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "candidates",
                    models.JSONField(help_text="the whole content of each policy that stands beside the one in force"),
                ),
                (
                    "fingerprint",
                    models.CharField(help_text="the same for the same question about the same policy", max_length=32),
                ),
                (
                    "basis",
                    models.CharField(
                        blank=True,
                        help_text="what was there when it was answered; unchanged means that it still holds",
                        max_length=300,
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting"),
                            ("running", "Running"),
                            ("ready", "Ready"),
                            ("failed", "Failed"),
                            ("cancelled", "Cancelled"),
                        ],
                        default="waiting",
                        max_length=16,
                    ),
                ),
                (
                    "attempt",
                    models.PositiveSmallIntegerField(default=0, help_text="only the last one to take it may write"),
                ),
                ("done", models.PositiveIntegerField(default=0)),
                ("of", models.PositiveIntegerField(default=0)),
                ("result", models.JSONField(null=True)),
                ("problem", models.TextField(blank=True)),
                ("requested_at", models.DateTimeField()),
                ("leased_until", models.DateTimeField(null=True)),
                ("finished_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.AddField(
            model_name="policy",
            name="judges_weight_at_most",
            field=models.FloatField(
                db_default=1,
                default=1,
                help_text="judges weigh in the merge what they have earned, and no more than this",
            ),
        ),
        migrations.AddConstraint(
            model_name="policy",
            constraint=models.CheckConstraint(
                condition=models.Q(("judges_weight_at_most__gte", 0), ("judges_weight_at_most__lte", 1)),
                name="policy_judges_weight_in_range",
            ),
        ),
        migrations.AddField(
            model_name="whatif",
            name="applied_as",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to="annotation.policy"
            ),
        ),
        migrations.AddField(
            model_name="whatif",
            name="policy",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="+", to="annotation.policy"
            ),
        ),
        migrations.AddField(
            model_name="whatif",
            name="project",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="what_ifs", to="annotation.project"
            ),
        ),
        migrations.AddField(
            model_name="whatif",
            name="requested_by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddIndex(
            model_name="whatif",
            index=models.Index(
                condition=models.Q(("state__in", ["waiting", "running"])), fields=["id"], name="what_if_to_do"
            ),
        ),
        migrations.AddIndex(
            model_name="whatif",
            index=models.Index(fields=["project", "-id"], name="what_if_of_project"),
        ),
        migrations.AddConstraint(
            model_name="whatif",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["waiting", "running", "ready", "failed", "cancelled"])),
                name="what_if_state_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="whatif",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        models.Q(("result__isnull", False), ("state", "ready")),
                        models.Q(("state", "ready"), _negated=True),
                        _connector="OR",
                    ),
                    models.Q(
                        models.Q(("state", "failed"), models.Q(("problem", ""), _negated=True)),
                        models.Q(("state", "failed"), _negated=True),
                        _connector="OR",
                    ),
                    models.Q(
                        models.Q(("finished_at", None), ("state__in", ["waiting", "running"])),
                        models.Q(("state__in", ["waiting", "running"]), _negated=True),
                        _connector="OR",
                    ),
                ),
                name="what_if_finished_says_how",
            ),
        ),
        migrations.AddConstraint(
            model_name="whatif",
            constraint=models.CheckConstraint(
                condition=models.Q(("done__lte", models.F("of"))), name="what_if_done_is_a_part"
            ),
        ),
        migrations.AddConstraint(
            model_name="whatif",
            constraint=models.CheckConstraint(
                condition=models.Q(("applied_as", None), ("state", "ready"), _connector="OR"),
                name="what_if_applied_when_ready",
            ),
        ),
        migrations.AddConstraint(
            model_name="whatif",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state__in", ["waiting", "running"])),
                fields=("project", "fingerprint"),
                name="what_if_asked_once",
            ),
        ),
    ]
