"""Consensus labels, and what a reviewer should look at again."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class ConsensusLabel(models.Model):
    """The label of one attribute of one response (or of the whole sample). Revisions, never overwritten.

    The human value never depends on a judge; the merged value stands beside it.
    """

    sample = models.ForeignKey("annotation.Sample", on_delete=models.CASCADE, related_name="labels", db_index=False)
    response = models.PositiveSmallIntegerField(null=True, help_text="canonical place; empty for the whole sample")
    attribute = models.CharField(max_length=100)
    revision = models.PositiveIntegerField(default=1)
    is_current = models.BooleanField(default=True)
    human_value = models.SmallIntegerField(null=True)
    human_expected = models.FloatField(null=True, help_text="before rounding to a level")
    no_preference = models.BooleanField(default=False, help_text="rounded to 0 on a scale without 0")
    merged_value = models.SmallIntegerField(null=True)
    probabilities = models.JSONField(null=True, help_text="of the merged label, one per level")
    method = models.CharField(max_length=40)
    annotation_count = models.PositiveSmallIntegerField()
    annotations = ArrayField(models.BigIntegerField(), help_text="ids of the annotations that made the human value")
    policy = models.ForeignKey("annotation.Policy", on_delete=models.PROTECT, related_name="+", db_index=False)
    merge_fit = models.ForeignKey("annotation.MergeFit", on_delete=models.PROTECT, null=True, related_name="+")
    routing_fit = models.ForeignKey(
        "annotation.RoutingFit",
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        help_text="judges settled it, on this promise; no person said anything of it",
    )
    decided_by = models.ForeignKey("annotation.User", on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["sample", "response", "attribute", "revision"],
                name="consensus_label_revision_once",
                nulls_distinct=False,
            ),
            models.UniqueConstraint(
                fields=["sample", "response", "attribute"],
                name="consensus_label_one_current",
                condition=Q(is_current=True),
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                name="consensus_label_of_judges_is_not_human",
                condition=Q(routing_fit=None)
                | Q(human_value=None, human_expected=None, annotation_count=0, merged_value__isnull=False),
            ),
        ]
        indexes = [
            # services.routing: what judges settled, also what they settled once and people have now
            models.Index(name="consensus_label_routed", fields=["sample"], condition=Q(routing_fit__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.attribute} of sample {self.sample_id}: {self.human_value}"


class PosteriorFit(models.Model):
    """What is known of a project's people on one attribute: what the posterior rule and the confidence policy go by.

    Never changed, only replaced by a newer one (a trigger refuses the rest); `basis` says how far learning has looked since.
    Labels do not name a fit: which one was in force when a label was made follows from their times.
    """

    project = models.ForeignKey("annotation.Project", on_delete=models.CASCADE, related_name="posterior_fits")
    attribute = models.CharField(max_length=100)
    rubric = models.ForeignKey("annotation.Rubric", on_delete=models.RESTRICT, related_name="+")
    people = ArrayField(models.BigIntegerField(), help_text="ids of the annotators, in the order of the parameters")
    parameters = models.JSONField(help_text="as consensus.posterior writes them")
    annotation_count = models.PositiveIntegerField(help_text="how many annotations it was learned from")
    basis = models.CharField(max_length=200, help_text="what it was fitted to; unchanged means up to date")
    is_current = models.BooleanField(default=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["project", "attribute"], name="posterior_fit_one_current", condition=Q(is_current=True)
            )
        ]

    def __str__(self) -> str:
        return f"posterior of {self.attribute} from {self.annotation_count} annotations"


class ReviewItem(models.Model):
    """A label that stands, but that somebody should look at. (A contested sample is in the queue by its state.)"""

    class Kind(models.TextChoices):
        JUDGE_DISAGREES = "judge_disagrees", _("A measured judge disagrees strongly")
        LATE_ANNOTATION = "late_annotation", _("An annotation came after the sample was closed")

    sample = models.ForeignKey("annotation.Sample", on_delete=models.CASCADE, related_name="review_items")
    kind = models.CharField(max_length=20, choices=Kind)
    details = models.JSONField(default=dict)
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey("annotation.User", on_delete=models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["sample", "kind"], name="review_item_one_open", condition=Q(closed_at__isnull=True)
            ),
            models.CheckConstraint(
                name="review_item_kind_known", condition=Q(kind__in=["judge_disagrees", "late_annotation"])
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} on sample {self.sample_id}"
