"""What reviewers decide of samples, what they had seen of judges by then, and what waits for them, worth most first."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Decision(models.Model):
    """What a reviewer did with a sample, and why people had differed. Written with its effect, never changed."""

    class Action(models.TextChoices):
        ACCEPT = "accept", _("Accepted as proposed")
        SET = "set", _("Label set")
        ESCALATE = "escalate", _("Sent back to people")
        EXCLUDE = "exclude", _("Excluded")

    class Cause(models.TextChoices):
        PROMPT_UNCLEAR = "prompt_unclear", _("The prompt is unclear")
        TASTE = "taste", _("A matter of taste")
        REFUSAL = "refusal", _("About a refusal")
        ERROR = "error", _("Somebody's error")
        BAD_SAMPLE = "bad_sample", _("A bad sample")

    sample = models.ForeignKey("annotation.Sample", on_delete=models.CASCADE, related_name="decisions", db_index=False)
    action = models.CharField(max_length=16, choices=Action)
    cause = models.CharField(max_length=20, choices=Cause, blank=True, help_text="empty: not said")
    note = models.TextField(blank=True)
    saw_judges = models.BooleanField(help_text="the reviewer knew what judges say: it measures no judge")
    by = models.ForeignKey("annotation.User", on_delete=models.SET_NULL, null=True, related_name="+")
    by_name = models.CharField(max_length=150, blank=True, help_text="stays when the account goes")
    at = models.DateTimeField()
    before = models.JSONField(default=dict, help_text="state and label as they were")
    after = models.JSONField(default=dict, help_text="state and label as they are since")

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="decision_action_known", condition=Q(action__in=["accept", "set", "escalate", "exclude"])
            ),
            models.CheckConstraint(
                name="decision_cause_known",
                condition=Q(cause__in=["", "prompt_unclear", "taste", "refusal", "error", "bad_sample"]),
            ),
        ]
        indexes = [models.Index(name="decision_of_sample", fields=["sample", "id"])]

    def __str__(self) -> str:
        return f"{self.action} on sample {self.sample_id}"


class JudgesOpened(models.Model):
    """A reviewer asked to see what judges say of a sample. Written before they are told."""

    sample = models.ForeignKey("annotation.Sample", on_delete=models.CASCADE, related_name="+", db_index=False)
    by = models.ForeignKey("annotation.User", on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["sample", "by"], name="judges_opened_once")]

    def __str__(self) -> str:
        return f"judges of sample {self.sample_id} opened by {self.by_id}"


class QueueEntry(models.Model):
    """One thing that waits for a reviewer. Triggers add it and take it away with its cause; beat weighs it.

    The cause is a row of its own: the contested sample, the review item, the dispute, the question.
    """

    class Kind(models.TextChoices):
        CONTESTED = "contested", _("Contested")
        JUDGE_DISAGREES = "judge_disagrees", _("A measured judge disagrees strongly")
        LATE_ANNOTATION = "late_annotation", _("An annotation came after the sample was closed")
        GOLD_DISPUTE = "gold_dispute", _("A known answer is disputed")
        QUESTION = "question", _("A question from an annotator")

    project = models.ForeignKey("annotation.Project", on_delete=models.CASCADE, related_name="+", db_index=False)
    sample = models.ForeignKey("annotation.Sample", on_delete=models.CASCADE, related_name="queue_entries")
    kind = models.CharField(max_length=20, choices=Kind)
    source_id = models.BigIntegerField(help_text="the row that it stands for: of the sample, item, dispute or question")
    opened_at = models.DateTimeField()
    worth = models.FloatField(default=1.0, help_text="what a decision is worth, in labels (consensus.worth)")
    is_weighed = models.BooleanField(default=False, help_text="the worth was computed, not only guessed from the kind")
    attributes = ArrayField(models.CharField(max_length=100), default=list, help_text="on which people differ too much")
    likely_cause = models.CharField(
        max_length=20, choices=Decision.Cause, blank=True, help_text="what the rows point to; empty: nothing"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "source_id"], name="queue_entry_once"),
            models.CheckConstraint(
                name="queue_entry_kind_known",
                condition=Q(kind__in=["contested", "judge_disagrees", "late_annotation", "gold_dispute", "question"]),
            ),
            models.CheckConstraint(name="queue_entry_worth_not_negative", condition=Q(worth__gte=0)),
        ]
        indexes = [
            # the review queue, worth most first, by keyset
            models.Index(name="queue_entry_by_worth", fields=["project", "-worth", "id"]),
            models.Index(name="queue_entry_by_kind", fields=["project", "kind", "-worth", "id"]),
            # services.weighing: what came since it last looked
            models.Index(name="queue_entry_unweighed", fields=["id"], condition=Q(is_weighed=False)),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of sample {self.sample_id}"
