"""A message to a person; whom an event of the project is about; and what the list of people is ordered by."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q

BEFORE = ["warning", "hold", "proposal", "test_result", "paused", "resumed", "set_aside", "withdrawn"]
BY_A_HUMAN = ["paused", "resumed", "set_aside", "withdrawn"]

KINDS = [
    ("warning", "Warning"),
    ("hold", "Hold"),
    ("proposal", "Proposal"),
    ("test_result", "Test Result"),
    ("paused", "Paused"),
    ("resumed", "Resumed"),
    ("set_aside", "Work set aside"),
    ("withdrawn", "Withdrawn"),
    ("message", "Message"),
]
COLUMNS = ("gold_accuracy", "agreement", "weight", "median_seconds", "skip_share")

# Everybody's figures are computed anew, within seconds, and fill the new columns.
STALE = "UPDATE annotation_annotatorfigures SET basis = ''"
# A project that goes back knows no messages: what the person was told stays, as a warning. The rows are frozen otherwise.
WITHOUT_MESSAGES = """
ALTER TABLE annotation_notice DISABLE TRIGGER annotation_notice_frozen;
UPDATE annotation_notice SET kind = 'warning' WHERE kind = 'message';
ALTER TABLE annotation_notice ENABLE TRIGGER annotation_notice_frozen;
"""


def _known(kinds: list[str]) -> models.CheckConstraint:
    return models.CheckConstraint(name="notice_kind_known", condition=Q(kind__in=kinds))


def _named(kinds: list[str]) -> models.CheckConstraint:
    return models.CheckConstraint(
        name="notice_of_a_decision_names_a_human", condition=~Q(kind__in=kinds) | ~Q(by_name="")
    )


class Migration(migrations.Migration):
    dependencies = [("annotation", "0025_second_looks")]

    operations = [
        migrations.RemoveConstraint("notice", "notice_kind_known"),
        migrations.RemoveConstraint("notice", "notice_of_a_decision_names_a_human"),
        migrations.RunSQL(migrations.RunSQL.noop, WITHOUT_MESSAGES),
        migrations.AlterField("notice", "kind", models.CharField(choices=KINDS, max_length=16)),
        migrations.AddConstraint("notice", _known([*BEFORE, "message"])),
        migrations.AddConstraint("notice", _named([*BY_A_HUMAN, "message"])),
        migrations.AddField(
            "projectevent",
            "annotator",
            models.ForeignKey(
                "annotation.annotator",
                on_delete=django.db.models.deletion.RESTRICT,
                null=True,
                related_name="events",
                db_index=False,
                help_text="whom it is about, where it is about one person",
            ),
        ),
        migrations.AddIndex(
            "projectevent",
            models.Index(
                name="project_event_of_person", fields=["annotator", "id"], condition=Q(annotator__isnull=False)
            ),
        ),
        migrations.AddField(
            "annotatorfigures",
            "urgency",
            models.PositiveIntegerField(null=True, help_text="the how many-th to look at; empty: nothing stands out"),
        ),
        migrations.AddField("annotatorfigures", "answered", models.PositiveIntegerField(default=0)),
        *[migrations.AddField("annotatorfigures", name, models.FloatField(null=True)) for name in COLUMNS],
        migrations.AddField("annotatorfigures", "last_seen", models.DateTimeField(null=True)),
        migrations.RunSQL(STALE, STALE),
    ]
