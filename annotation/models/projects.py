"""Projects, and the frozen versions of what is asked (rubric) and how it is decided (policy)."""

from typing import Literal

from django.db import models
from django.db.models import Q
from django.utils.functional import cached_property


class Project(models.Model):
    class State(models.TextChoices):
        ACTIVE = "active"
        PAUSED = "paused"
        ARCHIVED = "archived"

    slug = models.SlugField(max_length=100, unique=True)
    title = models.CharField(max_length=200)
    instructions = models.TextField(blank=True)
    state = models.CharField(max_length=16, choices=State, default=State.ACTIVE)
    lease_minutes = models.PositiveSmallIntegerField(default=60)
    price_per_annotation = models.DecimalField(max_digits=8, decimal_places=4, null=True, blank=True)
    allows_directed_claims = models.BooleanField(
        default=False, help_text="may a claim name its sample? For replays and for systems outside."
    )
    shuffles_responses = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(name="project_state_known", condition=Q(state__in=["active", "paused", "archived"])),
            models.CheckConstraint(name="project_lease_has_length", condition=Q(lease_minutes__gt=0)),
        ]

    def __str__(self) -> str:
        return self.title

    @cached_property
    def rubric(self) -> "Rubric":
        """The version that new annotations follow, as this object read it: an object lives for one request or task."""
        return self.rubrics.latest("version")

    @cached_property
    def policy(self) -> "Policy":
        """The version that undecided samples follow, as this object read it."""
        return self.policies.latest("version")


class Rubric(models.Model):
    """A frozen list of attributes: name, title, scope, level of measurement, values. A change is a new version."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="rubrics")
    version = models.PositiveIntegerField()
    attributes = models.JSONField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "version"], name="rubric_version_once"),
        ]

    def __str__(self) -> str:
        return f"rubric {self.version} of {self.project_id}"


class Policy(models.Model):
    """How many people are asked, when two more are, and how labels are made. A change is a new version."""

    class Name(models.TextChoices):
        SPREAD = "spread"  # three people, then two more where they disagree

    class LabelRule(models.TextChoices):
        CLOSEST_THREE = "closest-three"
        MEAN = "mean"
        MEDIAN = "median"
        MAJORITY = "majority"

    class Unsettled(models.TextChoices):
        CONTESTED = "contested"
        EXCLUDED = "excluded"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="policies")
    version = models.PositiveIntegerField()
    name = models.CharField(max_length=16, choices=Name, default=Name.SPREAD)
    first_round = models.PositiveSmallIntegerField(default=3)
    extra = models.PositiveSmallIntegerField(default=2)
    triggers = models.JSONField(
        help_text="attribute -> {escalate_above, settle_within}: the two limits of each trigger"
    )
    label_rule = models.CharField(max_length=16, choices=LabelRule, default=LabelRule.CLOSEST_THREE)
    unsettled = models.CharField(max_length=16, choices=Unsettled, default=Unsettled.CONTESTED)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name_plural = "policies"
        constraints = [
            models.UniqueConstraint(fields=["project", "version"], name="policy_version_once"),
            models.CheckConstraint(name="policy_name_known", condition=Q(name__in=["spread"])),
            models.CheckConstraint(
                name="policy_label_rule_known",
                condition=Q(label_rule__in=["closest-three", "mean", "median", "majority"]),
            ),
            models.CheckConstraint(name="policy_unsettled_known", condition=Q(unsettled__in=["contested", "excluded"])),
            models.CheckConstraint(name="policy_asks_three_then_more", condition=Q(first_round__gte=3, extra__gte=1)),
        ]

    def __str__(self) -> str:
        return f"policy {self.version} of {self.project_id}"

    @property
    def on_unsettled(self) -> Literal["contested", "excluded"]:
        """What becomes of a sample on which no three people agree."""
        return "excluded" if self.unsettled == self.Unsettled.EXCLUDED else "contested"


class ProjectFigures(models.Model):
    """The figures that pages and reports show, computed by a task: no page counts rows while somebody waits."""

    project = models.OneToOneField(Project, on_delete=models.CASCADE, related_name="figures", primary_key=True)
    figures = models.JSONField()
    basis = models.CharField(
        max_length=200, help_text="what the figures were computed from; unchanged means up to date"
    )
    computed_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "project figures"

    def __str__(self) -> str:
        return f"figures of {self.project_id}"
