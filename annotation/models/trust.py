"""Trust in people: rules that may warn, hold back and propose, and what a person is told, with their answer."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class QualityRule(models.Model):
    """When a person is warned, gets nothing new for a while, or is put before an admin. A rule can do no more."""

    class Measure(models.TextChoices):
        GOLD_ACCURACY = "gold_accuracy", _("Gold accuracy below")
        MEDIAN_SECONDS = "median_seconds", _("Median active seconds below")
        SKIP_SHARE = "skip_share", _("Share of skipped samples above")

    class Action(models.TextChoices):
        WARN = "warn", _("Warn")
        HOLD = "hold", _("Hold")
        PROPOSE = "propose", _("Propose")

    project = models.ForeignKey("annotation.Project", on_delete=models.CASCADE, related_name="quality_rules")
    measure = models.CharField(max_length=20, choices=Measure)
    limit = models.FloatField(help_text="a share from 0 to 1, or seconds")
    minimum = models.PositiveIntegerField(default=10, help_text="answers to measure on; with fewer the rule is silent")
    action = models.CharField(max_length=10, choices=Action)
    hold_minutes = models.PositiveIntegerField(null=True, blank=True, help_text="how long nothing new is handed out")
    is_enabled = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="quality_rule_measure_known",
                condition=Q(measure__in=["gold_accuracy", "median_seconds", "skip_share"]),
            ),
            models.CheckConstraint(
                name="quality_rule_action_known", condition=Q(action__in=["warn", "hold", "propose"])
            ),
            models.CheckConstraint(
                name="quality_rule_holds_for_a_day_at_most",
                condition=Q(action="hold", hold_minutes__isnull=False, hold_minutes__gte=1, hold_minutes__lte=1440)
                | (~Q(action="hold") & Q(hold_minutes=None)),
            ),
            models.CheckConstraint(name="quality_rule_has_a_minimum", condition=Q(minimum__gte=1, limit__gte=0)),
        ]

    def __str__(self) -> str:
        return f"{self.action}: {self.get_measure_display().lower()} {self.limit:g}"


class Notice(models.Model):
    """What a person is told about their work, by a rule or by a named human with a reason. They can answer it.

    A proposal is addressed to the admins, who accept it (then the person gets a notice of what was decided) or decline it.
    """

    class Kind(models.TextChoices):
        WARNING = "warning", _("Warning")
        HOLD = "hold", _("Hold")
        PROPOSAL = "proposal", _("Proposal")
        TEST_RESULT = "test_result", _("Test Result")
        PAUSED = "paused", _("Paused")
        RESUMED = "resumed", _("Resumed")
        SET_ASIDE = "set_aside", _("Work set aside")
        WITHDRAWN = "withdrawn", _("Withdrawn")
        MESSAGE = "message", _("Message")

    BY_A_HUMAN = ("paused", "resumed", "set_aside", "withdrawn", "message")

    annotator = models.ForeignKey("annotation.Annotator", on_delete=models.CASCADE, related_name="notices")
    kind = models.CharField(max_length=16, choices=Kind)
    text = models.TextField(help_text="the reason, as the person reads it")
    rule = models.ForeignKey(QualityRule, on_delete=models.SET_NULL, null=True, related_name="notices")
    by = models.ForeignKey("annotation.User", on_delete=models.SET_NULL, null=True, related_name="+")
    by_name = models.CharField(max_length=150, blank=True, help_text="who, also when the account is gone")
    created_at = models.DateTimeField()
    until = models.DateTimeField(null=True, help_text="when a hold ends")
    read_at = models.DateTimeField(null=True)
    answer = models.TextField(blank=True, help_text="what the person says to it")
    answered_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True, help_text="when an admin dealt with the proposal or the answer")
    closed_by = models.ForeignKey("annotation.User", on_delete=models.SET_NULL, null=True, related_name="+")
    reply = models.TextField(blank=True, help_text="what the admin said to the answer or the proposal")

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="notice_kind_known",
                condition=Q(
                    kind__in=[
                        "warning",
                        "hold",
                        "proposal",
                        "test_result",
                        "paused",
                        "resumed",
                        "set_aside",
                        "withdrawn",
                        "message",
                    ]
                ),
            ),
            models.CheckConstraint(name="notice_says_why", condition=~Q(text="")),
            models.CheckConstraint(
                name="notice_of_a_decision_names_a_human",
                condition=~Q(kind__in=["paused", "resumed", "set_aside", "withdrawn", "message"]) | ~Q(by_name=""),
            ),
            models.CheckConstraint(
                name="notice_hold_has_an_end", condition=Q(kind="hold", until__isnull=False) | ~Q(kind="hold")
            ),
        ]
        indexes = [
            models.Index(name="notice_of_person", fields=["annotator", "id"]),
            # what waits for an admin: proposals and answers
            models.Index(name="notice_open", fields=["kind", "id"], condition=Q(closed_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return f"{self.kind} for annotator {self.annotator_id}"


class AnnotatorFigures(models.Model):
    """A person's figures (gold accuracy, pace, skips), computed by a task. What a list is ordered by has a column of its own:
    ten thousand people's figures are too much to be unpacked for it."""

    annotator = models.OneToOneField(
        "annotation.Annotator", on_delete=models.CASCADE, related_name="figures", primary_key=True
    )
    figures = models.JSONField()
    basis = models.CharField(
        max_length=200, help_text="what the figures were computed from; unchanged means up to date"
    )
    computed_at = models.DateTimeField()
    urgency = models.PositiveIntegerField(null=True, help_text="the how many-th to look at; empty: nothing stands out")
    answered = models.PositiveIntegerField(default=0)
    gold_accuracy = models.FloatField(null=True)
    agreement = models.FloatField(null=True)
    weight = models.FloatField(null=True)
    median_seconds = models.FloatField(null=True)
    skip_share = models.FloatField(null=True)
    last_seen = models.DateTimeField(null=True)

    class Meta:
        verbose_name_plural = "annotator figures"

    def __str__(self) -> str:
        return f"figures of annotator {self.annotator_id}"
