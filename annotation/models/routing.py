"""Which samples judges settle alone: what an admin asked for, and each look at whether it can be promised."""

from django.db import models
from django.db.models import Q


class RoutingPlan(models.Model):
    """The agreement that an admin wants of judges who settle samples, and the risk they take. Another wish is another row."""

    project = models.ForeignKey("annotation.Project", on_delete=models.CASCADE, related_name="routing_plans")
    target = models.FloatField(help_text="share of samples on which judges and people must agree, 0 to 1")
    risk = models.FloatField(help_text="chance that the promise is broken all the same, 0 to 1")
    is_enabled = models.BooleanField(default=False, help_text="do judges settle samples?")
    is_current = models.BooleanField(default=True)
    recalled_at = models.DateTimeField(
        null=True,
        help_text="what judges settled up to then goes back to people; what is left to do is found in the labels",
    )
    basis = models.CharField(max_length=200, blank=True, help_text="how far routing has looked; empty: not yet")
    requested_by = models.ForeignKey("annotation.User", on_delete=models.SET_NULL, null=True, related_name="+")
    requested_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project"], name="routing_plan_one_current", condition=Q(is_current=True)),
            models.CheckConstraint(
                name="routing_plan_can_be_promised",
                condition=Q(target__gte=0.5, target__lt=1, risk__gt=0, risk__lte=0.5),
            ),
            models.CheckConstraint(
                name="routing_plan_only_the_current_routes", condition=Q(is_enabled=False) | Q(is_current=True)
            ),
        ]

    def __str__(self) -> str:
        return f"{100 * self.target:g} % at a risk of {100 * self.risk:g} %"


class RoutingFit(models.Model):
    """One look at the random slice: how sure judges must be, what that covers, and how right it is. Never changed.

    `look` counts those that took a share of the risk; a look at too few samples takes none.
    """

    class Reason(models.TextChoices):
        PROMISED = "promised"
        TOO_FEW_TESTED = "too_few_tested"
        NOTHING_JUDGED = "nothing_judged"
        STRICTEST_FAILED = "strictest_failed"

    project = models.ForeignKey("annotation.Project", on_delete=models.CASCADE, related_name="routing_fits")
    plan = models.ForeignKey(RoutingPlan, on_delete=models.CASCADE, related_name="fits")
    look = models.PositiveSmallIntegerField(
        null=True, help_text="the how-manieth look of the project; empty: took no risk"
    )
    risk = models.FloatField(help_text="of this look")
    reason = models.CharField(max_length=20, choices=Reason)
    threshold = models.FloatField(null=True, help_text="how sure judges must be; empty: nothing can be promised")
    coverage = models.FloatField(null=True, help_text="share of judged samples that they would settle")
    tested_count = models.PositiveIntegerField(help_text="samples of the random slice, one a prompt")
    sentence = models.TextField(help_text="the same for people, with the values")
    details = models.JSONField(help_text="the walk, the error with its interval, what it was learned from")
    parameters = models.JSONField(help_text="judges, attributes with their limits, and what each word is worth")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "look"], name="routing_fit_look_once"),
            models.CheckConstraint(
                name="routing_fit_reason_known",
                condition=Q(reason__in=["promised", "too_few_tested", "nothing_judged", "strictest_failed"]),
            ),
            models.CheckConstraint(
                name="routing_fit_promises_or_says_why",
                condition=Q(reason="promised", threshold__isnull=False, coverage__isnull=False, look__isnull=False)
                | (~Q(reason="promised") & Q(threshold=None, coverage=None)),
            ),
            models.CheckConstraint(
                name="routing_fit_in_range",
                condition=Q(risk__gt=0, risk__lte=0.5)
                & (Q(threshold=None) | Q(threshold__gte=0, threshold__lte=1, coverage__gte=0, coverage__lte=1)),
            ),
        ]

    def __str__(self) -> str:
        return f"look {self.look} of project {self.project_id}: {self.reason}"
